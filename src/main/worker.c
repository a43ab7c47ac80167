/* SPDX-License-Identifier: Apache-2.0
 *
 * The process that carries traffic. Signals arrive by signalfd on thread 0's loop: SIGTERM and SIGINT
 * leave now, SIGUSR1 drains: health answers turn first (drain-announce), then no new connections, and away when the
 * last one has ended.
 */
#include "worker.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "base/assert.h"
#include "conn/buf.h"
#include "core/child.h"
#include "core/clock.h"
#include "core/cpu.h"
#include "core/epoch.h"
#include "core/helper.h"
#include "core/log.h"
#include "core/thread.h"
#include "core/watchdog.h"
#include "proxy/admission.h"
#include "proxy/check.h"
#include "proxy/frontend_order.h"
#include "proxy/global.h"
#include "proxy/http.h"
#include "proxy/link.h"
#include "proxy/listener.h"
#include "proxy/pump.h"
#include "proxy/notice.h"
#include "proxy/session.h"
#include "proxy/shutdown.h"
#include "proxy/stream.h"
#include "stuck.h"
#include "takeover.h"

/* How long handshakes that began before an address was given up may take to come in. */
#define LINGER_MS 1000
#define PLANS_MAX 8

static const struct worker_events *events;
static struct watch signals = { .fd = -1 };
static struct timer hard_stop, grace, linger;
static bool draining, accepting, paused, finished; /* thread 0 */
static int ended_by;   /* thread 0: the signal that told us to leave */
static int busy;       /* atomic: threads that have not done what all of them were told */
static void (*all_done)(void); /* thread 0: what follows then; NULL: nothing is under way */
static void (*plans[PLANS_MAX])(void); /* thread 0: what has to wait for that */
static int plan_count;

static TAILQ_HEAD(, frontend_order) orders = TAILQ_HEAD_INITIALIZER(orders); /* thread 0: about frontends, not begun yet */
static struct frontend_order *order; /* thread 0: the one that is being carried out */

bool worker_open(unsigned patience_ms)
{
	struct strbuf err = STRBUF_EMPTY;

	if (!log_open(&err)) {
		diag_say(DIAG_ALERT, "%s", err.ptr);
		strbuf_free(&err);
		return false;
	}
	buf_small_size = (uint32_t)global.bufsize;
	http_head_max = buf_small_size - (uint32_t)(global.maxrewrite < global.bufsize / 2 ? global.maxrewrite : global.bufsize / 2);
	threads_init(global.nbthread ? (int)global.nbthread : cpu_count_usable());
	loop_on_end(pump_pipes_free);
	checks_spread();
	return listeners_open(patience_ms);
}

/* What every thread is told to do is followed by something on thread 0. */
static void expect_all(void (*then)(void))
{
	ASSERT(all_done == NULL);
	all_done = then;
	__atomic_store_n(&busy, thread_count, __ATOMIC_SEQ_CST);
}

/* One such thing at a time. A signal too many is no harm: each plan looks at what is the case when it runs. */
static void when_idle(void (*plan)(void))
{
	if (all_done == NULL)
		plan();
	else if (plan_count < PLANS_MAX)
		plans[plan_count++] = plan;
}

static void next_order(void);

static void follow(void *arg)
{
	void (*then)(void) = all_done;

	(void)arg;
	all_done = NULL;
	then();
	while (all_done == NULL && plan_count) {
		void (*plan)(void) = plans[0];
		memmove(plans, plans + 1, (size_t)--plan_count * sizeof(plans[0]));
		plan();
	}
	next_order();
}

static void done_here(void)
{
	if (__atomic_sub_fetch(&busy, 1, __ATOMIC_SEQ_CST) == 0)
		thread_run_on(0, follow, NULL);
}

/* What a thread holds goes before the thread does. */
static void give_up_here(void *arg)
{
	struct session *next;

	(void)arg;
	listeners_stop_thread();
	for (struct session *s = LIST_FIRST(&sessions_here); s; s = next) {
		next = LIST_NEXT(s, link);
		shutdown_session(s);
	}
	links_purge(NULL);
}

void worker_stop(void)
{
	thread_run_on_all(give_up_here, NULL);
	threads_stop();
}

static void leave(struct timer *t)
{
	(void)t;
	worker_stop();
}

/* Runs on thread 0 when a session ended while draining. */
static void look_for_last(void *arg)
{
	(void)arg;
	if (finished && admission_empty())
		worker_stop();
}

static void session_gone(void)
{
	thread_run_on(0, look_for_last, NULL);
}

/* Operators who sit at a prompt are woken to hear that it is over. */
static void wake_runtime_socket(void)
{
	struct session *s;

	LIST_FOREACH(s, &sessions_here, link)
		if (s->fe->internal && s->stream)
			stream_wake(s->stream);
}

static void finish_here(void *arg)
{
	wake_runtime_socket();
	if (global.close_spread_time_ms)
		sessions_spread_idle(global.close_spread_time_ms);
	listeners_finish_thread(arg != NULL);
	checks_stop_thread();
	done_here();
}

static void all_finished(void)
{
	listeners_close(true);
	finished = true;
	look_for_last(NULL);
}

static void finish_all(void)
{
	expect_all(all_finished);
	thread_run_on_all(finish_here, &linger);
}

static void linger_over(struct timer *t)
{
	(void)t;
	when_idle(finish_all);
}

/* The addresses are free for others at once, not when the last connection ends. */
static void most_finished(void)
{
	listeners_close(false);
	linger.fire = linger_over;
	timer_set_at(&linger, clock_now_ms + LINGER_MS);
}

static void drain_now(void)
{
	if (!accepting) { /* nobody has told us to, and nobody will */
		worker_stop();
		return;
	}
	__atomic_store_n(&admission_last_left, session_gone, __ATOMIC_RELEASE);
	__atomic_store_n(&process_stopping, true, __ATOMIC_SEQ_CST);
	if (global.hard_stop_after_ms) {
		hard_stop.fire = leave;
		timer_set_at(&hard_stop, clock_now_ms + global.hard_stop_after_ms);
	}
	notice_stopped();
	bool lingers = listeners_look_who_lingers();
	expect_all(lingers ? most_finished : all_finished);
	thread_run_on_all(finish_here, lingers ? NULL : &linger);
}

static void begin_drain(struct timer *t)
{
	(void)t;
	when_idle(drain_now);
}

/* Whoever asked for our addresses, and went on to tell us to leave soon after, serves in our place. */
#define SUCCESSION_MS 60000

static bool has_successor(void)
{
	uint64_t asked_ms = __atomic_load_n(&process_succeeded_ms, __ATOMIC_RELAXED);

	return paused || (asked_ms && clock_now_ms < asked_ms + SUCCESSION_MS);
}

/* A process that leaves for good tells those who watch it first, and goes on accepting until they have heard. One that
 * has a successor shows nobody anything. */
static void drain(bool succeeded)
{
	uint64_t wait_ms = succeeded ? 0 : global.grace_ms + (uint64_t)global.drain_announce_ms;

	if (draining)
		return;
	draining = true;
	if (!succeeded)
		__atomic_store_n(&process_leaving, true, __ATOMIC_SEQ_CST);
	grace.fire = begin_drain;
	if (wait_ms)
		timer_set_at(&grace, clock_now_ms + wait_ms);
	else
		begin_drain(&grace);
}

static void drain_for_successor(void *arg)
{
	(void)arg;
	drain(true);
}

void worker_drain(void)
{
	thread_run_on(0, drain_for_successor, NULL);
}

/* ---- pausing: another process asks for our addresses, and may give them back ---- */

static void pause_here(void *arg)
{
	(void)arg;
	listeners_finish_thread(true);
	done_here();
}

static void resume_here(void *arg)
{
	(void)arg;
	listeners_start_thread();
	done_here();
}

static void all_resumed(void)
{
}

static void pause_now(void)
{
	if (!accepting || draining || paused)
		return;
	paused = true;
	expect_all(listeners_pause);
	thread_run_on_all(pause_here, NULL);
}

static void resume_now(void)
{
	if (!paused || draining)
		return;
	paused = false;
	listeners_resume();
	expect_all(all_resumed);
	thread_run_on_all(resume_here, NULL);
}

/* ---- one frontend: an operator pauses, resumes or stops it ---- */

static void order_done(void)
{
	struct frontend_order *o = order;

	order = NULL;
	frontend_order_finish(o);
}

static void all_left(void)
{
	listeners_set_frontend(order->fe, order->to);
	notice_frontend(order->fe, order->to);
	order_done();
}

static void leave_frontend_here(void *fe)
{
	listeners_leave_frontend(fe);
	done_here();
}

static void join_frontend_here(void *fe)
{
	listeners_join_frontend(fe);
	done_here();
}

static void carry_out(void)
{
	if (order->to == FRONTEND_OPEN) {
		listeners_set_frontend(order->fe, order->to);
		notice_frontend(order->fe, order->to);
		expect_all(order_done);
		thread_run_on_all(join_frontend_here, order->fe);
	} else {
		expect_all(all_left);
		thread_run_on_all(leave_frontend_here, order->fe);
	}
}

/* While nothing else happens to the listeners. A process that is leaving has none any more. */
static void next_order(void)
{
	while (all_done == NULL && (order = TAILQ_FIRST(&orders)) != NULL) {
		TAILQ_REMOVE(&orders, order, link);
		if (accepting && !paused && !process_stopping && frontend_may_become(order->fe->state, order->to))
			carry_out();
		else
			order_done();
	}
}

static void order_arrived(struct frontend_order *o)
{
	TAILQ_INSERT_TAIL(&orders, o, link);
	next_order();
}

static void on_signal(struct watch *w, uint32_t bits)
{
	struct signalfd_siginfo info;
	bool resume = false;

	(void)bits;
	while (read(w->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			ended_by = (int)info.ssi_signo;
			worker_stop();
			break;
		case SIGUSR1:
			drain(has_successor() || takeover_is_successor(&info));
			break;
		case SIGTTOU:
			when_idle(pause_now);
			break;
		case SIGTTIN:
			resume = true;
			break;
		}
	}
	/* Signals that wait together come by number, not by age: who asked for our ports and gave up asked first. */
	if (resume)
		when_idle(resume_now);
}

static void watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTTOU);
	sigaddset(&set, SIGTTIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	signals.on_event = on_signal;
	ASSERT(signals.fd >= 0);
	bool ok = loop_add(&signals, EPOLLIN | EPOLLET);
	ASSERT(ok);
}

static void accept_here(void *arg)
{
	(void)arg;
	listeners_start_thread();
	checks_start_thread();
	done_here();
}

static void all_accept(void)
{
	accepting = true;
	if (events->accepting)
		events->accepting();
}

void worker_accept(void)
{
	listeners_begin();
	expect_all(all_accept);
	thread_run_on_all(accept_here, NULL);
}

static void all_up(void)
{
	(events->up ? events->up : worker_accept)();
}

static void start_thread(int id)
{
	if (!cpu_bind_self(global.cpu_map, id))
		fprintf(stderr, "usher: cannot bind thread %d to its processors: %s\n", id + 1, strerror(errno));
	watchdog_enter();
	done_here();
}

/* Leak checkers look when a process exits, not when it dies. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void die_by(int signal_number)
{
	sigset_t set;

	if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check())
		exit(23);
	fflush(NULL);
	sigemptyset(&set);
	sigaddset(&set, signal_number);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int worker_run(const struct worker_events *e)
{
	events = e;
	frontend_order_arrived = order_arrived;
	loop_enter(&thread_loops[0]);
	watch_signals();
	expect_all(all_up);
	if (!children_start()) {
		fprintf(stderr, "usher: cannot run the programs of health checks: %s\n", strerror(errno));
		return 1;
	}
	helpers_start(thread_count);
	if (global.watchdog_after_ms && !watchdog_start(global.watchdog_after_ms, stuck_report))
		fputs("usher: cannot start the watchdog's thread, and goes on without\n", stderr);
	threads_start(start_thread);
	loop_run(&thread_loops[0]);
	threads_join();
	watchdog_stop();
	helpers_stop();
	listeners_close(true);
	epoch_collect(true);
	loop_close(&signals);
	log_flush_all();
	if (ended_by)
		die_by(ended_by);
	return 0;
}
