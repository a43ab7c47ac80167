/* SPDX-License-Identifier: Apache-2.0
 *
 * balance static-rr: in turn, by the configured weights, in the very order HAProxy's static-rr has.
 * At run time a server's weight can only be taken away and given back. Atomics.
 */
#include <stdlib.h>
#include "proxy/balance.h"
#include "proxy/schedule.h"

static void static_rr_server_changed(struct proxy *px)
{
	size_t n;
	struct seat *seats = seats_now(px, true, &n);

	turns_publish(turns_of(px), schedule_map(seats, n));
	free(seats);
}

static bool static_rr_weights_fixed(const struct proxy *px)
{
	(void)px;
	return true;
}

BALANCE(static_rr) = {
	.keyword = "static-rr",
	.usage = "balance static-rr",
	.pick = turns_leaf_pick,
	.server_changed = static_rr_server_changed,
	.weights_fixed = static_rr_weights_fixed,
	.free = turns_leaf_free,
};
