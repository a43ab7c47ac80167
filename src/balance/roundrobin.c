/* SPDX-License-Identifier: Apache-2.0
 *
 * balance roundrobin: in turn, by weight. A precomputed schedule and one atomic index into it, so
 * that shares are exact across threads; weights may change at any time. Atomics.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "proxy/balance.h"
#include "proxy/schedule.h"

static void roundrobin_server_changed(struct proxy *px)
{
	struct turns *t = px->balance_state;
	size_t n;

	if (t == NULL) {
		t = calloc(1, sizeof(*t));
		ASSERT(t != NULL);
		__atomic_store_n(&px->balance_state, t, __ATOMIC_RELEASE);
	}
	struct seat *seats = seats_now(px, false, &n);
	turns_publish(t, schedule_even(seats, n));
	free(seats);
}

static struct server *roundrobin_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	(void)s;
	return turns_pick(px->balance_state, avoid);
}

static void roundrobin_free(struct proxy *px)
{
	if (px->balance_state) {
		turns_free(px->balance_state);
		free(px->balance_state);
		px->balance_state = NULL;
	}
}

BALANCE(roundrobin) = {
	.keyword = "roundrobin",
	.usage = "balance roundrobin",
	.pick = roundrobin_pick,
	.server_changed = roundrobin_server_changed,
	.free = roundrobin_free,
};
