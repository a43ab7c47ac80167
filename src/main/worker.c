/* SPDX-License-Identifier: Apache-2.0
 *
 * The process that carries traffic. Signals arrive by signalfd on thread 0's loop: SIGTERM and SIGINT
 * leave now, SIGUSR1 drains: no new connections, and away when the last one has ended.
 */
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "conn/buf.h"
#include "core/clock.h"
#include "core/cpu.h"
#include "core/epoch.h"
#include "core/thread.h"
#include "proxy/admission.h"
#include "proxy/check.h"
#include "proxy/global.h"
#include "proxy/listener.h"
#include "proxy/session.h"
#include "proxy/stream.h"

static struct watch signals = { .fd = -1 };
static struct timer hard_stop, grace;
static bool draining; /* thread 0 */

bool worker_open(void)
{
	buf_small_size = (uint32_t)global.bufsize;
	threads_init(global.nbthread ? (int)global.nbthread : cpu_count_usable());
	checks_spread();
	return listeners_open();
}

/* What a thread holds goes before the thread does. */
static void give_up_here(void *arg)
{
	struct session *next;

	(void)arg;
	listeners_stop_thread();
	for (struct session *s = LIST_FIRST(&sessions_here); s; s = next) {
		next = LIST_NEXT(s, link);
		if (s->stream)
			stream_kill(s->stream, CLOSE_KILLED);
		else
			session_end(s, CLOSE_KILLED, false);
	}
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

static void stop_here(void *arg)
{
	(void)arg;
	listeners_stop_thread();
	checks_stop_thread();
}

/* Runs on thread 0 when a session ended while draining. */
static void look_for_last(void *arg)
{
	(void)arg;
	if (draining && gauge_now(&process_conns) == 0)
		worker_stop();
}

static void session_gone(void)
{
	thread_run_on(0, look_for_last, NULL);
}

static void drain(void *arg)
{
	(void)arg;
	if (draining)
		return;
	draining = true;
	admission_last_left = session_gone;
	__atomic_store_n(&process_stopping, true, __ATOMIC_SEQ_CST);
	thread_run_on_all(stop_here, NULL);
	if (global.hard_stop_after_ms) {
		hard_stop.fire = leave;
		timer_set_at(&hard_stop, clock_now_ms + global.hard_stop_after_ms);
	}
	/* Behind the mail above: connections that were being accepted are counted by then. */
	thread_run_on(0, look_for_last, NULL);
}

static void grace_over(struct timer *t)
{
	(void)t;
	drain(NULL);
}

/* `grace`: all goes on as before until the time is over. */
static void drain_or_wait(void)
{
	if (!global.grace_ms || draining) {
		drain(NULL);
		return;
	}
	grace.fire = grace_over;
	timer_set_at(&grace, clock_now_ms + global.grace_ms);
}

void worker_drain(void)
{
	thread_run_on(0, drain, NULL);
}

static void on_signal(struct watch *w, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(w->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			worker_stop();
			break;
		case SIGUSR1:
			drain_or_wait();
			break;
		}
	}
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
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	signals.on_event = on_signal;
	ASSERT(signals.fd >= 0);
	bool ok = loop_add(&signals, EPOLLIN | EPOLLET);
	ASSERT(ok);
}

static void start_thread(int id)
{
	if (!cpu_bind_self(global.cpu_map, id))
		diag_say(DIAG_WARNING, "cannot bind thread %d to its processors: %s", id + 1, strerror(errno));
	listeners_start_thread();
	checks_start_thread();
}

int worker_run(void)
{
	loop_self = &thread_loops[0];
	watch_signals();
	threads_start(start_thread);
	loop_run(&thread_loops[0]);
	threads_join();
	listeners_close();
	epoch_collect(true);
	loop_close(&signals);
	return 0;
}
