/* SPDX-License-Identifier: Apache-2.0
 *
 * The share of handshakes in a turn. One thread.
 */
#include "proxy/tls_share.h"

#include "core/clock.h"
#include "core/loop.h"

/* A turn makes no more handshakes once they took this long: one more is what others wait for at most. */
#define TURN_SHARE_US 1000u

static _Thread_local uint64_t turn, used_us;

static bool is_used_up(void)
{
	if (turn != loop_self->turns) {
		turn = loop_self->turns;
		used_us = 0;
	}
	return used_us >= TURN_SHARE_US;
}

enum io tls_share_handshake(struct conn *c, bool *later)
{
	*later = is_used_up();
	if (*later)
		return IO_AGAIN;
	uint64_t before_us = clock_read_us();
	enum io r = tls_handshake(c);
	used_us += clock_read_us() - before_us;
	return r;
}
