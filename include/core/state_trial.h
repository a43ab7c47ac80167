/* SPDX-License-Identifier: Apache-2.0
 *
 * What unit tests of states that pass over reloads share; nothing of the program includes this. A test's fixture is what
 * begins and ends a process: its proxies and servers.
 */
#ifndef USHER_CORE_STATE_TRIAL_H
#define USHER_CORE_STATE_TRIAL_H

#include "core/registry.h"
#include "core/state.h"

struct state_trial {
	int (*begin)(void **);
	int (*end)(void **);
};

/* What is saved; the process begins anew then. */
static inline struct strbuf state_trial_hand_over(const struct state_trial *t)
{
	struct strbuf out = STRBUF_EMPTY;

	state_save_all(&out);
	t->end(NULL);
	t->begin(NULL);
	return out;
}

/* Loads it, and nothing of it is refused; frees it. */
static inline void state_trial_load(struct strbuf *s)
{
	struct state_report r;

	assert_true(state_load_all(strbuf_slice(s), &r));
	assert_int_equal(r.refused, 0);
	assert_true(r.loaded > 0);
	strbuf_free(s);
}

/* What a group of tests begins with. */
static inline int state_trial_open(void **unused)
{
	(void)unused;
	registries_open();
	return 0;
}

#endif
