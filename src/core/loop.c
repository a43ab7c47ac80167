/* SPDX-License-Identifier: Apache-2.0
 *
 * The turn of the loop. See loop.h for its order and the reasons.
 */
#include "core/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "base/assert.h"
#include "core/clock.h"
#include "core/epoch.h"

#define TURN_END_MAX 8
#define IDLE_PERIOD_US 500000

_Thread_local struct loop *loop_self;
static void (*turn_end[TURN_END_MAX])(void);
static int turn_end_count;
static void (*run_begin[TURN_END_MAX])(void);
static int run_begin_count;
static void (*run_end[TURN_END_MAX])(void);
static int run_end_count;

static void die(const char *what)
{
	fprintf(stderr, "usher: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void on_wake(struct watch *w, uint32_t events)
{
	uint64_t n;

	(void)events;
	if (read(w->fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		die("eventfd");
}

void loop_enter(struct loop *l)
{
	loop_self = l;
	timer_wheel_self = &l->wheel;
}

void loop_init(struct loop *l, int thread)
{
	memset(l, 0, sizeof(*l));
	l->thread = thread;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		die("epoll_create1");
	loop_enter(l);
	clock_update();
	if (clock_start_ms == 0)
		clock_start_ms = clock_now_ms;
	timer_wheel_init(&l->wheel, clock_now_ms);
	TAILQ_INIT(&l->tasks);
	l->wake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	l->wake.on_event = on_wake;
	if (l->wake.fd < 0 || !loop_add(&l->wake, EPOLLIN | EPOLLET))
		die("eventfd");
	l->period_start_us = clock_now_us;
	l->idle_percent = 100;
}

static void run_burials(struct loop *l)
{
	struct grave *g;

	while ((g = l->graves) != NULL) {
		l->graves = g->next;
		g->free(g);
	}
}

void loop_free(struct loop *l)
{
	run_burials(l);
	close(l->wake.fd);
	close(l->epoll_fd);
	l->wake.fd = l->epoll_fd = -1;
	if (loop_self == l) {
		loop_self = NULL;
		timer_wheel_self = NULL;
	}
}

bool loop_add(struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	w->batch = loop_self->batch;
	return epoll_ctl(loop_self->epoll_fd, EPOLL_CTL_ADD, w->fd, &ev) == 0;
}

void loop_remove(struct watch *w)
{
	epoll_ctl(loop_self->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
}

void loop_close(struct watch *w)
{
	if (w->fd >= 0) {
		close(w->fd);
		w->fd = -1;
	}
}

static void note(uint64_t *counter, uint64_t more)
{
	__atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

static void note_queued(struct loop *l, unsigned change)
{
	__atomic_store_n(&l->tasks_queued, l->tasks_queued + change, __ATOMIC_RELAXED);
}

void task_wake(struct task *t)
{
	if (!t->queued) {
		t->queued = true;
		note_queued(loop_self, 1);
		note(&loop_self->tasks_woken, 1);
		TAILQ_INSERT_TAIL(&loop_self->tasks, t, link);
	}
}

void task_cancel(struct task *t)
{
	if (t->queued) {
		t->queued = false;
		note_queued(loop_self, -1u);
		TAILQ_REMOVE(&loop_self->tasks, t, link);
	}
}

void loop_bury(struct grave *g)
{
	g->next = loop_self->graves;
	loop_self->graves = g;
}

void mail_post(struct loop *to, struct mail *m)
{
	struct mail *head = __atomic_load_n(&to->mailbox, __ATOMIC_RELAXED);

	do {
		m->next = head;
	} while (!__atomic_compare_exchange_n(&to->mailbox, &head, m, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (__atomic_exchange_n(&to->asleep, 0, __ATOMIC_SEQ_CST)) {
		uint64_t one = 1;
		ssize_t n = write(to->wake.fd, &one, sizeof(one));
		(void)n; /* a full counter rings just as well */
	}
}

static void deliver_mail(struct loop *l)
{
	struct mail *m = __atomic_exchange_n(&l->mailbox, NULL, __ATOMIC_ACQUIRE), *fifo = NULL;

	while (m) {
		struct mail *next = m->next;
		m->next = fifo;
		fifo = m;
		m = next;
	}
	while (fifo) {
		struct mail *next = fifo->next;
		fifo->deliver(fifo);
		fifo = next;
	}
}

/* Tasks woken while this runs wait for the next turn, so that none can starve the descriptors: a marker
 * task is put behind those of this turn, and whoever comes later stands behind it. */
static void run_tasks(struct loop *l)
{
	struct task marker = { .queued = true };
	struct task *t;

	if (TAILQ_EMPTY(&l->tasks))
		return;
	TAILQ_INSERT_TAIL(&l->tasks, &marker, link);
	while ((t = TAILQ_FIRST(&l->tasks)) != &marker) {
		TAILQ_REMOVE(&l->tasks, t, link);
		t->queued = false;
		note_queued(l, -1u);
		t->run(t);
	}
	TAILQ_REMOVE(&l->tasks, &marker, link);
}

static void account(struct loop *l, uint64_t wait_us)
{
	l->period_idle_us += wait_us;
	uint64_t length = clock_now_us - l->period_start_us;
	if (length >= IDLE_PERIOD_US) {
		unsigned percent = (unsigned)(l->period_idle_us * 100 / length);
		__atomic_store_n(&l->idle_percent, percent > 100 ? 100 : percent, __ATOMIC_RELAXED);
		uint64_t busy_us = length > l->period_idle_us ? length - l->period_idle_us : 0;
		__atomic_store_n(&l->turn_us, (unsigned)(busy_us / (l->turns - l->period_start_turns + 1)), __ATOMIC_RELAXED);
		l->period_idle_us = 0;
		l->period_start_us = clock_now_us;
		l->period_start_turns = l->turns + 1;
	}
}

static int wait_time(struct loop *l, int max_wait_ms, uint64_t now_ms)
{
	if (!TAILQ_EMPTY(&l->tasks) || l->stop)
		return 0;
	int wait = timer_wheel_wait_ms(&l->wheel, now_ms);
	if (max_wait_ms >= 0 && (wait < 0 || wait > max_wait_ms))
		return max_wait_ms;
	return wait;
}

static void end_turn(struct loop *l)
{
	for (int i = 0; i < turn_end_count; i++)
		turn_end[i]();
	run_burials(l);
}

static void note_poll(struct loop *l, int n, bool waited)
{
	if (n > 0) {
		note(&l->polls_with_events, 1);
		note(&l->events, (uint64_t)n);
	} else if (waited) {
		note(&l->polls_in_vain, 1);
	}
	if (!waited)
		note(&l->turns_awake, 1);
}

void loop_turn(struct loop *l, int max_wait_ms)
{
	struct epoll_event events[LOOP_EVENTS_MAX];

	if (__atomic_load_n(&l->mailbox, __ATOMIC_RELAXED))
		deliver_mail(l);
	timer_wheel_run(&l->wheel, clock_now_ms);
	run_tasks(l);
	end_turn(l);

	uint64_t before_us = clock_read_us();
	int wait = wait_time(l, max_wait_ms, before_us / 1000);
	if (wait != 0) {
		/* Announce the sleep first, then look for mail: a post after the look rings the bell. */
		__atomic_store_n(&l->asleep, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&l->mailbox, __ATOMIC_SEQ_CST))
			wait = 0;
		else
			epoch_sleep(l->thread);
	}
	int n = epoll_wait(l->epoll_fd, events, LOOP_EVENTS_MAX, wait);
	int err = errno;
	__atomic_store_n(&l->asleep, 0, __ATOMIC_SEQ_CST);
	epoch_pass(l->thread);
	clock_update();
	account(l, wait != 0 ? clock_now_us - before_us : 0);
	if (n < 0 && err != EINTR) {
		errno = err;
		die("epoll_wait");
	}
	note_poll(l, n, wait != 0);
	/* A watch closed since has no descriptor; one that got a new descriptor since was registered in this very batch. */
	l->batch++;
	for (int i = 0; i < n; i++) {
		struct watch *w = events[i].data.ptr;
		if (w->fd >= 0 && w->batch != l->batch)
			w->on_event(w, events[i].events);
	}
	note(&l->turns, 1);
}

static void name_thread(struct loop *l)
{
	clockid_t clock;

	if (pthread_getcpuclockid(pthread_self(), &clock) == 0)
		__atomic_store_n(&l->cpu_clock, clock, __ATOMIC_RELAXED);
	__atomic_store_n(&l->tid, gettid(), __ATOMIC_RELAXED);
}

void loop_run(struct loop *l)
{
	loop_enter(l);
	name_thread(l);
	clock_update();
	epoch_pass(l->thread);
	for (int i = 0; i < run_begin_count; i++)
		run_begin[i]();
	while (!l->stop)
		loop_turn(l, -1);
	/* What the last events left behind. */
	end_turn(l);
	for (int i = 0; i < run_end_count; i++)
		run_end[i]();
}

void loop_on_turn_end(void (*fn)(void))
{
	ASSERT(turn_end_count < TURN_END_MAX);
	turn_end[turn_end_count++] = fn;
}

void loop_on_begin(void (*fn)(void))
{
	ASSERT(run_begin_count < TURN_END_MAX);
	run_begin[run_begin_count++] = fn;
}

void loop_on_end(void (*fn)(void))
{
	ASSERT(run_end_count < TURN_END_MAX);
	run_end[run_end_count++] = fn;
}
