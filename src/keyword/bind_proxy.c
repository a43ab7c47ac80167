/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of a bind line about the PROXY header its connections begin with. One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/listener.h"

KEYWORD(accept_proxy) = { .keyword = "accept-proxy", .usage = "accept-proxy", .where = IN_BIND,
	.type = SETTING_FLAG, .offset = offsetof(struct bind_settings, accept_proxy) };

/* The name is looked up when all files are read: the section may stand behind. */
KEYWORD(proxy_policy) = { .keyword = "proxy-policy", .usage = "proxy-policy <name>", .where = IN_BIND,
	.type = SETTING_STR, .offset = offsetof(struct bind_settings, policy_name) };
