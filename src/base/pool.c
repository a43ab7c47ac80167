/* SPDX-License-Identifier: Apache-2.0
 *
 * Object caches; see pool.h.
 */
#include "base/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define POOL_BYPASS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_BYPASS 1
#endif
#endif
#ifndef POOL_BYPASS
#define POOL_BYPASS 0
#endif

struct pool_kind {
	const char *name;
	size_t size;
	LIST_HEAD(, pool) pools;
	/* of threads that have ended */
	int64_t made;
	uint64_t failures;
	struct pool_kind *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows, and the lists of kinds */
static struct pool_kind *kinds; /* sorted by name; live for ever */
static pthread_key_t thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct pool *pools_here;

static int64_t get(const int64_t *n)
{
	return __atomic_load_n(n, __ATOMIC_RELAXED);
}

/* Its own thread is the only one that writes. */
static void add(int64_t *n, int64_t more)
{
	__atomic_store_n(n, *n + more, __ATOMIC_RELAXED);
}

static void set_cached(struct pool *p, uint32_t n)
{
	__atomic_store_n(&p->cached, n, __ATOMIC_RELAXED);
}

/* A thread that ends: its pools' memory goes with it. */
static void leave(void *unused)
{
	struct pool *p;

	(void)unused;
	while ((p = pools_here) != NULL) {
		pools_here = p->next_here;
		for (struct pool_item *i; (i = p->free) != NULL;) {
			p->free = i->next;
			free(i);
			add(&p->made, -1);
		}
		pthread_mutex_lock(&lock);
		LIST_REMOVE(p, others);
		p->kind->made += p->made;
		p->kind->failures += p->failures;
		pthread_mutex_unlock(&lock);
		p->cached = 0;
		p->made = 0;
		p->failures = 0;
		p->kind = NULL;
	}
}

static void make_key(void)
{
	if (pthread_key_create(&thread_end, leave) != 0)
		abort();
}

/* Under the lock. NULL: memory is out. */
static struct pool_kind *kind_of(const char *name, size_t size)
{
	struct pool_kind **at = &kinds, *k;

	while (*at && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	if (*at && strcmp((*at)->name, name) == 0)
		return *at;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return NULL;
	k->name = name;
	k->size = size;
	LIST_INIT(&k->pools);
	k->next = *at;
	return *at = k;
}

/* From now on it is in the figures. */
static void join(struct pool *p, size_t size)
{
	if (p->kind || p->name == NULL)
		return;
	pthread_once(&once, make_key);
	pthread_mutex_lock(&lock);
	p->kind = kind_of(p->name, size);
	if (p->kind)
		LIST_INSERT_HEAD(&p->kind->pools, p, others);
	pthread_mutex_unlock(&lock);
	if (p->kind) {
		p->next_here = pools_here;
		pools_here = p;
		pthread_setspecific(thread_end, p);
	}
}

static void *make(struct pool *p, size_t size)
{
	void *item = malloc(size);

	join(p, size);
	if (item)
		add(&p->made, 1);
	else
		__atomic_store_n(&p->failures, p->failures + 1, __ATOMIC_RELAXED);
	return item;
}

void *pool_get(struct pool *p, size_t size)
{
	struct pool_item *i = p->free;

	if (i == NULL)
		return make(p, size);
	p->free = i->next;
	set_cached(p, p->cached - 1);
	return i;
}

void pool_put(struct pool *p, size_t size, void **item)
{
	struct pool_item *i = *item;

	*item = NULL;
	if (i == NULL)
		return;
	if (POOL_BYPASS || (size_t)p->cached * size >= POOL_KEEP_BYTES) {
		join(p, size);
		add(&p->made, -1);
		free(i);
		return;
	}
	i->next = p->free;
	p->free = i;
	set_cached(p, p->cached + 1);
}

bool pool_report(unsigned nth, struct pool_report *out)
{
	const struct pool_kind *k;
	const struct pool *p;

	pthread_mutex_lock(&lock);
	for (k = kinds; k && nth; nth--)
		k = k->next;
	if (k) {
		int64_t made = k->made;
		*out = (struct pool_report){ .name = k->name, .size = k->size, .failures = k->failures };
		LIST_FOREACH(p, &k->pools, others) {
			made += get(&p->made);
			out->cached += __atomic_load_n(&p->cached, __ATOMIC_RELAXED);
			out->failures += __atomic_load_n(&p->failures, __ATOMIC_RELAXED);
			out->threads++;
		}
		out->made = made > 0 ? (uint64_t)made : 0;
		if (out->cached > out->made)
			out->cached = out->made; /* items that moved between threads while they were counted */
	}
	pthread_mutex_unlock(&lock);
	return k != NULL;
}
