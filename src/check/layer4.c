/* SPDX-License-Identifier: Apache-2.0
 *
 * The check of a server with `check` and nothing more: it passes when a connection stands (and
 * takes the PROXY header, where one is sent). One thread.
 */
#include "proxy/check.h"

static void layer4_connected(struct check *c)
{
	check_done(c, CHECK_STATUS_L4OK, 0, NULL);
}

CHECK(layer4) = { .keyword = "layer4", .usage = "server ... check", .connected = layer4_connected, .timeout = CHECK_STATUS_L4TOUT };
