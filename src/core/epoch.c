/* SPDX-License-Identifier: Apache-2.0
 *
 * Epochs: a global number that grows with every retirement; each thread publishes the number it
 * saw at the top of its turn. What was retired at number n is free when every running thread
 * has published a number >= n. Sleeping threads count as far ahead.
 */
#include "core/epoch.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/assert.h"

struct retired {
	struct retired *next;
	void *p;
	void (*free_fn)(void *);
	uint64_t at;
};

static struct seat { uint64_t seen; } __attribute__((aligned(64))) seats[EPOCH_THREADS_MAX];
static uint64_t now = 1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct retired *list; /* lock */

void epoch_pass(int thread)
{
	__atomic_store_n(&seats[thread].seen, __atomic_load_n(&now, __ATOMIC_SEQ_CST), __ATOMIC_SEQ_CST);
	/* The seat must be seen taken before anything published is read. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (thread == 0 && __atomic_load_n(&list, __ATOMIC_RELAXED))
		epoch_collect(0);
}

void epoch_sleep(int thread)
{
	__atomic_store_n(&seats[thread].seen, UINT64_MAX, __ATOMIC_SEQ_CST);
}

void epoch_retire(void *p, void (*free_fn)(void *))
{
	struct retired *r = malloc(sizeof(*r));

	ASSERT(r != NULL);
	pthread_mutex_lock(&lock);
	*r = (struct retired){ list, p, free_fn, __atomic_add_fetch(&now, 1, __ATOMIC_SEQ_CST) };
	__atomic_store_n(&list, r, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock);
}

static void collect(_Bool all)
{
	/* What is retired from here on may be in the hands of a thread that wakes after its seat was looked at. */
	uint64_t oldest = all ? UINT64_MAX : __atomic_load_n(&now, __ATOMIC_SEQ_CST);
	struct retired *dead = NULL;

	/* A seat never taken is 0: no such thread. */
	for (int i = 0; i < EPOCH_THREADS_MAX && !all; i++) {
		uint64_t seen = __atomic_load_n(&seats[i].seen, __ATOMIC_SEQ_CST);
		if (seen && seen < oldest)
			oldest = seen;
	}
	pthread_mutex_lock(&lock);
	for (struct retired **at = &list; *at;) {
		struct retired *r = *at;
		if (r->at <= oldest) {
			__atomic_store_n(at, r->next, __ATOMIC_RELAXED);
			r->next = dead;
			dead = r;
		} else {
			at = &r->next;
		}
	}
	pthread_mutex_unlock(&lock);
	while (dead) {
		struct retired *r = dead;
		dead = r->next;
		r->free_fn(r->p);
		free(r);
	}
}

void epoch_collect(_Bool all)
{
	/* What is freed in pieces comes back with each of them. */
	do
		collect(all);
	while (all && __atomic_load_n(&list, __ATOMIC_RELAXED));
}
