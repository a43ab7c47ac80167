/* SPDX-License-Identifier: Apache-2.0
 *
 * Starting and stopping threads, and the calls between them, all by mail.
 */
#include "core/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/assert.h"
#include "core/clock.h"
#include "core/epoch.h"
#include "core/log_sink.h"

int thread_count = 1;
_Thread_local int thread_id;
struct loop *thread_loops;
static pthread_t handles[THREADS_MAX];
static void (*start_fn)(int id);
static int started = 1;

/* ---- parking ---- */

/* Thread 0 alone parks the others, so nobody is ever asked by two. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t came, go;
	unsigned parked;        /* lock: threads that stand still */
	unsigned ended;         /* lock: threads whose loop has ended: they read no mail any more */
	unsigned released;      /* lock: parkings that are over */
	bool has_ended[THREADS_MAX]; /* lock */
	struct mail call[THREADS_MAX];
} parking = { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER, .go = PTHREAD_COND_INITIALIZER };

static void park(struct mail *m)
{
	(void)m;
	pthread_mutex_lock(&parking.lock);
	unsigned before = parking.released;
	parking.parked++;
	pthread_cond_signal(&parking.came);
	while (parking.released == before)
		pthread_cond_wait(&parking.go, &parking.lock);
	pthread_mutex_unlock(&parking.lock);
	clock_update();
}

static void park_never_more(void)
{
	pthread_mutex_lock(&parking.lock);
	parking.has_ended[thread_id] = true;
	parking.ended++;
	pthread_cond_signal(&parking.came);
	pthread_mutex_unlock(&parking.lock);
}

void threads_parked(void (*fn)(void *), void *arg)
{
	ASSERT(thread_id == 0);
	pthread_mutex_lock(&parking.lock);
	for (int i = 1; i < started; i++) {
		if (parking.has_ended[i])
			continue;
		parking.call[i].deliver = park;
		mail_post(&thread_loops[i], &parking.call[i]);
	}
	while (parking.parked + parking.ended + 1 < (unsigned)started)
		pthread_cond_wait(&parking.came, &parking.lock);
	fn(arg);
	parking.parked = 0;
	parking.released++;
	pthread_cond_broadcast(&parking.go);
	pthread_mutex_unlock(&parking.lock);
}

void threads_init(int count)
{
	ASSERT(count >= 1 && count <= THREADS_MAX);
	thread_count = count;
	thread_loops = aligned_alloc(64, sizeof(struct loop) * (size_t)count);
	ASSERT(thread_loops != NULL);
	for (int i = count - 1; i >= 0; i--)
		loop_init(&thread_loops[i], i);
	thread_id = 0;
}

static void *thread_main(void *arg)
{
	struct loop *l = arg;

	thread_id = l->thread;
	loop_enter(l);
	clock_update();
	/* Before anything published is looked at. */
	epoch_pass(thread_id);
	start_fn(thread_id);
	loop_run(l);
	park_never_more();
	log_sinks_thread_end();
	epoch_sleep(thread_id);
	return NULL;
}

void threads_start(void (*start)(int id))
{
	sigset_t all, before;

	start_fn = start;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	for (started = 1; started < thread_count; started++) {
		int err = pthread_create(&handles[started], NULL, thread_main, &thread_loops[started]);
		if (err) {
			fprintf(stderr, "usher: cannot start thread %d: %s\n", started, strerror(err));
			exit(1);
		}
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	start(0);
}

struct call {
	struct mail mail;
	void (*fn)(void *);
	void *arg;
};

static void deliver_call(struct mail *m)
{
	struct call *c = CONTAINER_OF(m, struct call, mail);
	void (*fn)(void *) = c->fn;
	void *arg = c->arg;

	free(c);
	fn(arg);
}

void thread_run_on(int id, void (*fn)(void *), void *arg)
{
	struct call *c = malloc(sizeof(*c));

	ASSERT(c != NULL);
	*c = (struct call){ .mail.deliver = deliver_call, .fn = fn, .arg = arg };
	mail_post(&thread_loops[id], &c->mail);
}

void thread_run_on_all(void (*fn)(void *), void *arg)
{
	for (int i = 0; i < thread_count; i++)
		thread_run_on(i, fn, arg);
}

static void stop_self(void *arg)
{
	(void)arg;
	loop_self->stop = true;
}

void threads_stop(void)
{
	thread_run_on_all(stop_self, NULL);
}

void threads_join(void)
{
	for (int i = 1; i < started; i++)
		pthread_join(handles[i], NULL);
}
