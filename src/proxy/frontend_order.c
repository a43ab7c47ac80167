/* SPDX-License-Identifier: Apache-2.0
 *
 * The travels of an order about a frontend; see frontend_order.h.
 */
#include "proxy/frontend_order.h"

#include <stdlib.h>
#include "base/assert.h"
#include "core/thread.h"

void (*frontend_order_arrived)(struct frontend_order *o);

static void arrive(struct mail *m)
{
	frontend_order_arrived(CONTAINER_OF(m, struct frontend_order, mail));
}

static void come_home(struct mail *m)
{
	struct frontend_order *o = CONTAINER_OF(m, struct frontend_order, mail);

	o->done = true;
	if (o->owner)
		o->wake(o->owner);
	else
		free(o);
}

struct frontend_order *frontend_order_give(struct proxy *fe, enum frontend_state to, void (*wake)(void *owner), void *owner)
{
	struct frontend_order *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	*o = (struct frontend_order){ .mail.deliver = arrive, .fe = fe, .to = to, .thread = thread_id, .wake = wake, .owner = owner };
	mail_post(&thread_loops[0], &o->mail);
	return o;
}

void frontend_order_finish(struct frontend_order *o)
{
	o->mail.deliver = come_home;
	mail_post(&thread_loops[o->thread], &o->mail);
}

void frontend_order_drop(struct frontend_order **po)
{
	struct frontend_order *o = *po;

	*po = NULL;
	if (o == NULL)
		return;
	o->owner = NULL;
	if (o->done)
		free(o);
}
