/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking at the loops' turn counters, and the question where a stuck one is: a signal to its thread, whose handler
 * walks the stack. What costs anything is done by the watchdog's own thread.
 */
#include "core/watchdog.h"

#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include "base/assert.h"
#include "core/log_sink.h"
#include "core/thread.h"

#define TICKS 4 /* in a row without a turn: a single one may be the whole process that was stopped */
#define FRAMES_MAX 40
#define ANSWER_WAIT_MS 1000

/* What is known of a thread. Under the lock. */
struct watched {
	bool here;
	pthread_t handle;
	uint64_t turns;       /* as last seen */
	unsigned ticks;       /* since it was seen to turn */
	unsigned report_at;   /* ticks */
	uint64_t cpu_ms;      /* when it was seen to turn */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t news;
static bool running, stopping;
static pthread_t self;
static unsigned tick_ms;
static void (*tell)(const struct watchdog_report *);
static struct watched watched[THREADS_MAX];
static unsigned stuck_ms[THREADS_MAX]; /* atomic: 0 while it turns */

static struct {
	struct loop *of;      /* atomic: the loop whose thread shall answer; taken out by who does it */
	sem_t done;
	int count;
	void *frames[FRAMES_MAX];
} question;

static void on_question(int signal_number)
{
	int saved = errno;
	struct loop *mine = loop_self;

	(void)signal_number;
	if (mine && __atomic_compare_exchange_n(&question.of, &mine, NULL, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
		question.count = backtrace(question.frames, FRAMES_MAX);
		sem_post(&question.done);
	}
	errno = saved;
}

static struct timespec after(clockid_t clock, unsigned ms)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

static void wait_for_answer(void)
{
	struct timespec until = after(CLOCK_REALTIME, ANSWER_WAIT_MS);
	int r;

	while ((r = sem_timedwait(&question.done, &until)) < 0 && errno == EINTR)
		;
	/* Too late to call the question back: the answer is being written. */
	if (r < 0 && __atomic_exchange_n(&question.of, NULL, __ATOMIC_SEQ_CST) == NULL)
		while (sem_wait(&question.done) < 0 && errno == EINTR)
			;
}

static void ask(int id)
{
	question.count = 0;
	__atomic_store_n(&question.of, &thread_loops[id], __ATOMIC_SEQ_CST);
	pthread_kill(watched[id].handle, SIGRTMIN);
	wait_for_answer();
}

static uint64_t cpu_ms_of(const struct watched *w)
{
	clockid_t clock;
	struct timespec t;

	if (pthread_getcpuclockid(w->handle, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void report(int id, bool over)
{
	struct watched *w = &watched[id];
	struct watchdog_report r = { .thread = id, .over = over, .stuck_ms = w->ticks * tick_ms,
		.cpu_ms = (unsigned)(cpu_ms_of(w) - w->cpu_ms) };
	char **names = NULL;

	if (!over) {
		ask(id);
		names = backtrace_symbols(question.frames, question.count);
	}
	r.frames = names;
	r.frame_count = names ? question.count : 0;
	tell(&r);
	free(names);
}

static void note_stuck(int id, unsigned ms)
{
	if (stuck_ms[id] != ms)
		__atomic_store_n(&stuck_ms[id], ms, __ATOMIC_RELAXED);
}

static void look_at(int id)
{
	struct watched *w = &watched[id];
	struct loop *l = &thread_loops[id];
	uint64_t turns = __atomic_load_n(&l->turns, __ATOMIC_RELAXED);

	if (turns != w->turns || __atomic_load_n(&l->asleep, __ATOMIC_RELAXED)) {
		if (w->report_at > TICKS)
			report(id, true);
		w->turns = turns;
		w->ticks = 0;
		w->report_at = TICKS;
		w->cpu_ms = cpu_ms_of(w);
		note_stuck(id, 0);
		return;
	}
	if (++w->ticks >= TICKS)
		note_stuck(id, w->ticks * tick_ms);
	if (w->ticks == w->report_at) {
		report(id, false);
		w->report_at *= 2;
	}
}

unsigned watchdog_stuck_ms(int thread)
{
	return __atomic_load_n(&stuck_ms[thread], __ATOMIC_RELAXED);
}

static void *watchdog_main(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	while (!stopping) {
		struct timespec until = after(CLOCK_MONOTONIC, tick_ms);
		if (pthread_cond_timedwait(&news, &lock, &until) != ETIMEDOUT)
			continue;
		for (int i = 0; i < thread_count; i++)
			if (watched[i].here)
				look_at(i);
	}
	pthread_mutex_unlock(&lock);
	log_sinks_thread_end();
	return NULL;
}

/* On its thread, at the end of its loop: it must not be asked any more. */
static void leave(void)
{
	pthread_mutex_lock(&lock);
	watched[thread_id].here = false;
	pthread_mutex_unlock(&lock);
}

bool watchdog_start(unsigned after_ms, void (*report_to)(const struct watchdog_report *))
{
	struct sigaction act = { .sa_handler = on_question, .sa_flags = SA_RESTART };
	pthread_condattr_t attr;
	sigset_t all, before;
	void *first[1];

	backtrace(first, 1); /* loads what it needs, which no handler may */
	sem_init(&question.done, 0, 0);
	sigaction(SIGRTMIN, &act, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&news, &attr);
	pthread_condattr_destroy(&attr);
	tick_ms = after_ms / TICKS ? after_ms / TICKS : 1;
	tell = report_to;
	stopping = false;
	loop_on_end(leave);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	running = pthread_create(&self, NULL, watchdog_main, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return running;
}

void watchdog_enter(void)
{
	sigset_t set;

	if (!running)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	pthread_mutex_lock(&lock);
	watched[thread_id] = (struct watched){ .here = true, .handle = pthread_self(), .turns = thread_loops[thread_id].turns,
		.report_at = TICKS };
	watched[thread_id].cpu_ms = cpu_ms_of(&watched[thread_id]);
	pthread_mutex_unlock(&lock);
}

void watchdog_stop(void)
{
	if (!running)
		return;
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&news);
	pthread_mutex_unlock(&lock);
	pthread_join(self, NULL);
	running = false;
}
