/* SPDX-License-Identifier: Apache-2.0
 *
 * balance roundrobin: in turn, by weight. A precomputed schedule and one atomic index into it, so
 * that shares are exact across threads; weights may change at any time. Atomics.
 */
#include <stdlib.h>
#include "proxy/balance.h"
#include "proxy/schedule.h"

static void roundrobin_server_changed(struct proxy *px)
{
	size_t n;
	struct seat *seats = seats_now(px, false, &n);

	seats_warm(seats, n);
	turns_publish(turns_of(px), schedule_even(seats, n));
	free(seats);
}

BALANCE(roundrobin) = {
	.keyword = "roundrobin",
	.usage = "balance roundrobin",
	.pick = turns_leaf_pick,
	.server_changed = roundrobin_server_changed,
	.free = turns_leaf_free,
};
