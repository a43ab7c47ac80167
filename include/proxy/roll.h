/* SPDX-License-Identifier: Apache-2.0
 *
 * A roll call: every session of every thread is asked to write about itself. It travels from
 * thread to thread by mail, a bounded piece at a time, and brings each piece home; it never makes
 * a thread wait. Belongs to the thread that began it.
 */
#ifndef USHER_PROXY_ROLL_H
#define USHER_PROXY_ROLL_H

#include "base/strbuf.h"
#include "core/loop.h"
#include "proxy/session.h"

struct roll;

/* Begins one. tell(s, arg, out) runs on the session's own thread; arg must stay valid and frozen until the roll is freed:
 * it is freed with it (free(), may be NULL). wake(owner) runs here each time a piece has come home. NULL: memory is out, and
 * arg was freed. */
struct roll *roll_begin(void (*tell)(struct session *s, const void *arg, struct strbuf *out), void *arg, void (*wake)(void *owner), void *owner);

/* The same, and what else a thread has: behind its sessions rest(n, arg, out) runs there for n = 0, 1, 2 ... until it says
 * false; between any two calls everything may change. */
struct roll *roll_begin_all(void (*tell)(struct session *s, const void *arg, struct strbuf *out),
	bool (*rest)(unsigned n, const void *arg, struct strbuf *out), void *arg, void (*wake)(void *owner), void *owner);

enum roll_state {
	ROLL_AWAY, /* it is under way: wait to be woken */
	ROLL_DONE, /* all were asked */
};
/* Takes the piece that came home and sends the roll on for the next. */
enum roll_state roll_take(struct roll *r, struct strbuf *out);
/* Calls it off, wherever it is; wake() is not called any more. Nulls the pointer; harmless on NULL. */
void roll_end(struct roll **r);

#endif
