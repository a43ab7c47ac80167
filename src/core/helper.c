/* SPDX-License-Identifier: Apache-2.0
 *
 * The helpers' line and their life. A job runs outside the lock, one at a time on each helper.
 */
#include "core/helper.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/assert.h"

#define HELPER_NICE 10 /* a flood of jobs must not take the processor from the loops */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t news = PTHREAD_COND_INITIALIZER;
static TAILQ_HEAD(, helper_job) line = TAILQ_HEAD_INITIALIZER(line); /* under the lock, as what follows */
static unsigned in_line;
static bool stopping;
static int running;
static pthread_t threads[HELPERS_MAX];
static bool wanted;

void helpers_want(void)
{
	wanted = true;
}

static void take_out(struct helper_job *j)
{
	TAILQ_REMOVE(&line, j, link);
	j->waiting = false;
	in_line--;
}

static struct helper_job *next_job(void)
{
	struct helper_job *j;

	pthread_mutex_lock(&lock);
	while (!stopping && TAILQ_EMPTY(&line))
		pthread_cond_wait(&news, &lock);
	j = stopping ? NULL : TAILQ_FIRST(&line);
	if (j)
		take_out(j);
	pthread_mutex_unlock(&lock);
	return j;
}

static void *helper_main(void *unused)
{
	struct helper_job *j;

	(void)unused;
	setpriority(PRIO_PROCESS, (id_t)gettid(), HELPER_NICE);
	while ((j = next_job()) != NULL)
		j->run(j);
	return NULL;
}

void helpers_start(int count)
{
	sigset_t all, before;

	if (!wanted)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pthread_mutex_lock(&lock);
	stopping = false;
	for (; running < count && running < HELPERS_MAX; running++) {
		int err = pthread_create(&threads[running], NULL, helper_main, NULL);
		if (err) {
			fprintf(stderr, "usher: cannot start helper thread %d: %s\n", running + 1, strerror(err));
			exit(1);
		}
	}
	pthread_mutex_unlock(&lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void helpers_stop(void)
{
	pthread_mutex_lock(&lock);
	int n = running;
	stopping = true;
	running = 0;
	pthread_cond_broadcast(&news);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	while (!TAILQ_EMPTY(&line))
		take_out(TAILQ_FIRST(&line));
}

bool helper_post(struct helper_job *j)
{
	pthread_mutex_lock(&lock);
	bool room = running > 0 && in_line < HELPER_LINE_MAX;
	if (room) {
		ASSERT(!j->waiting);
		j->waiting = true;
		in_line++;
		TAILQ_INSERT_TAIL(&line, j, link);
		pthread_cond_signal(&news);
	}
	pthread_mutex_unlock(&lock);
	return room;
}

bool helper_cancel(struct helper_job *j)
{
	pthread_mutex_lock(&lock);
	bool waited = j->waiting;
	if (waited)
		take_out(j);
	pthread_mutex_unlock(&lock);
	return waited;
}
