/* SPDX-License-Identifier: Apache-2.0
 *
 * Orders about one frontend: pause, resume, stop. Thread 0 carries them out one at a time, and
 * never while something else is being done to the listeners, so the roof is asked to. An order
 * comes home to the thread that gave it. One thread, but for its travels by mail.
 */
#ifndef USHER_PROXY_FRONTEND_ORDER_H
#define USHER_PROXY_FRONTEND_ORDER_H

#include "core/loop.h"
#include "proxy/proxy.h"

struct frontend_order {
	struct mail mail;
	TAILQ_ENTRY(frontend_order) link; /* thread 0's */
	struct proxy *fe;                 /* borrows */
	enum frontend_state to;
	int thread;                       /* whose order it is */
	bool done;                        /* it came home */
	void (*wake)(void *owner);
	void *owner;                      /* borrows; NULL: nobody waits for it any more */
};

/* Called on thread 0 with an order to carry out: what it says is looked at again then. Set by the roof. */
extern void (*frontend_order_arrived)(struct frontend_order *o);
/* Gives one; wake(owner) runs here when it is done. NULL: memory is out. */
struct frontend_order *frontend_order_give(struct proxy *fe, enum frontend_state to, void (*wake)(void *owner), void *owner);
/* Thread 0: it was carried out, or could not be: fe->state tells. */
void frontend_order_finish(struct frontend_order *o);
/* Nobody waits any more; frees it now or when it comes home. Nulls the pointer. */
void frontend_order_drop(struct frontend_order **o);

/* Whether a frontend in a state may come into another. */
static inline bool frontend_may_become(enum frontend_state from, enum frontend_state to)
{
	return from != to && from != FRONTEND_STOPPED;
}

#endif
