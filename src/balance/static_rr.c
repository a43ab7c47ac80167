/* SPDX-License-Identifier: Apache-2.0
 *
 * balance static-rr: in turn, by the configured weights, in the very order HAProxy's static-rr has.
 * At run time a server's weight can only be taken away and given back. Atomics.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "proxy/balance.h"
#include "proxy/schedule.h"

static void static_rr_server_changed(struct proxy *px)
{
	struct turns *t = px->balance_state;
	size_t n;

	if (t == NULL) {
		t = calloc(1, sizeof(*t));
		ASSERT(t != NULL);
		__atomic_store_n(&px->balance_state, t, __ATOMIC_RELEASE);
	}
	struct seat *seats = seats_now(px, true, &n);
	turns_publish(t, schedule_map(seats, n));
	free(seats);
}

static struct server *static_rr_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	(void)s;
	return turns_pick(px->balance_state, avoid);
}

static bool static_rr_weights_fixed(const struct proxy *px)
{
	(void)px;
	return true;
}

static void static_rr_free(struct proxy *px)
{
	if (px->balance_state) {
		turns_free(px->balance_state);
		free(px->balance_state);
		px->balance_state = NULL;
	}
}

BALANCE(static_rr) = {
	.keyword = "static-rr",
	.usage = "balance static-rr",
	.pick = static_rr_pick,
	.server_changed = static_rr_server_changed,
	.weights_fixed = static_rr_weights_fixed,
	.free = static_rr_free,
};
