/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors of a server's traffic, counted in a row. Atomics; the verdict is the check's (check.c).
 */
#include "proxy/observe.h"

#include "core/thread.h"
#include "proxy/check.h"

/* Whether this kind of thing is looked at, and whether it is an error. */
static bool concerns(const struct server *srv, enum observed what)
{
	return srv->set.observe == OBSERVE_LAYER7 ? what != OBSERVED_CONNECTED : what <= OBSERVED_CONNECT_FAILED;
}

static bool is_good(enum observed what)
{
	return what == OBSERVED_CONNECTED || what == OBSERVED_GOOD_ANSWER;
}

enum observed observed_status(unsigned status)
{
	return status >= 500 && status != 501 && status != 505 ? OBSERVED_BAD_STATUS : OBSERVED_GOOD_ANSWER;
}

const char *observed_text(enum observed what)
{
	static const char *const words[] = {
		[OBSERVED_CONNECTED] = "L4 successful connection", [OBSERVED_CONNECT_FAILED] = "L4 unsuccessful connection",
		[OBSERVED_GOOD_ANSWER] = "Valid http response", [OBSERVED_BAD_STATUS] = "Wrong http response",
		[OBSERVED_BAD_ANSWER] = "Invalid http response (headers)", [OBSERVED_CLOSED] = "Close from server (http)",
		[OBSERVED_SILENCE] = "Read timeout (http)",
	};
	return words[what];
}

void observe_count(struct server *srv, enum observed what)
{
	struct check *c = srv->check;

	if (c == NULL || !concerns(srv, what))
		return;
	if (is_good(what)) {
		if (__atomic_load_n(&srv->observed_errors, __ATOMIC_RELAXED))
			__atomic_store_n(&srv->observed_errors, 0, __ATOMIC_RELAXED);
		return;
	}
	if (__atomic_add_fetch(&srv->observed_errors, 1, __ATOMIC_RELAXED) < (uint64_t)srv->set.error_limit)
		return;
	/* One letter at a time: the check counts from zero again when it has read it. */
	if (__atomic_exchange_n(&c->observed_posted, true, __ATOMIC_ACQ_REL))
		return;
	c->observed_last = (uint8_t)what;
	mail_post(&thread_loops[c->thread], &c->observed);
}
