/* SPDX-License-Identifier: Apache-2.0
 *
 * The master's loop: signals, links and the deaths of children. One start at a time: whoever asks
 * for a reload while one is under way gets another one behind it. See talk.h for the order of a start.
 */
#include "master.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "background.h"
#include "base/assert.h"
#include "conf/diag.h"
#include "conn/handover.h"
#include "core/clock.h"
#include "core/thread.h"
#include "master_sockets.h"
#include "notify.h"
#include "proxy/global.h"
#include "takeover.h"
#include "talk.h"

#define STATE_WAIT_MS 2000   /* how long the old worker may take to save its state */
#define RESTART_PAUSE_MS 1000

struct master master = { .children = TAILQ_HEAD_INITIALIZER(master.children) };

static char **worker_argv;
static int worker_directory;
static bool notifies;
static sigset_t first_mask;
static struct rlimit first_limit;
static struct watch signals = { .fd = -1 };
static struct timer state_wait, restart, alive;
static unsigned alive_ms; /* how often systemd hears that the loop turns */
static struct handover message;
static bool reload_waits; /* asked for while a start was under way */
static bool ever_ready;   /* a worker accepted once */
static int leaving;       /* the signal that told us to leave, or 0 */
static int status;        /* to exit with, once nobody is left */

/* ---- starting a worker ---- */

static _Noreturn void become_worker(int link)
{
	char text[64];

	sigprocmask(SIG_SETMASK, &first_mask, NULL);
	signal(SIGPIPE, SIG_DFL);
	setrlimit(RLIMIT_NOFILE, &first_limit);
	int fd = dup(link); /* without close-on-exec */
	snprintf(text, sizeof(text), "%d %u", fd, master.reloads);
	setenv(TALK_ENV, text, 1);
	if (fd >= 0 && fchdir(worker_directory) == 0)
		execvp(worker_argv[0], worker_argv);
	fprintf(stderr, "usher: cannot start %s: %s\n", worker_argv[0], strerror(errno));
	_exit(127);
}

static void on_link(struct watch *w, uint32_t events);

/* Between fork and exec the child holds copies of all we have open, and what we close meanwhile would not be closed:
 * epoll would go on telling of it. So this comes back only when the copies are gone. */
static pid_t start_process(int link)
{
	int until_exec[2];
	char unused;

	if (pipe2(until_exec, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0)
		become_worker(link);
	close(until_exec[1]);
	while (pid > 0 && read(until_exec[0], &unused, 1) < 0 && errno == EINTR)
		;
	close(until_exec[0]);
	return pid;
}

static void start_worker(void)
{
	int ends[2] = { -1, -1 };
	struct child *c = calloc(1, sizeof(*c));

	ASSERT(c);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 || (c->pid = start_process(ends[1])) < 0) {
		diag_say(DIAG_ALERT, "cannot start a worker: %s", strerror(errno));
		close(ends[0]);
		close(ends[1]);
		free(c);
		status = master.current ? status : 1;
		return;
	}
	close(ends[1]);
	c->link = (struct watch){ .fd = ends[0], .on_event = on_link };
	c->born = master.reloads;
	c->start_ms = clock_now_ms;
	TAILQ_INSERT_TAIL(&master.children, c, siblings);
	master.coming = c;
	diag_say(DIAG_NOTICE, "New worker (%d) forked", (int)c->pid);
	if (!loop_add(&c->link, EPOLLIN | EPOLLET) || !master_sockets_send(ends[0]))
		kill(c->pid, SIGKILL);
}

unsigned master_reload(void)
{
	if (leaving)
		return master.reloads;
	if (master.coming) {
		reload_waits = true;
		return master.reloads + 1;
	}
	timer_stop(&restart);
	strbuf_clear(&diag_state.text); /* what we said of earlier ones */
	master.reloads++;
	if (notifies)
		notify_reloading();
	diag_say(DIAG_NOTICE, "Reloading");
	start_worker();
	return master.reloads;
}

/* A start has ended, one way or the other. */
static void start_over(struct child *c, bool ok)
{
	unsigned reload = c->born;

	timer_stop(&state_wait);
	master.coming = NULL;
	strbuf_free(&master.last_log);
	master.last_log = c->log;
	c->log = STRBUF_EMPTY;
	if (notifies && master.current)
		notify_send(ok ? "READY=1\nSTATUS=Ready.\n" : "READY=1\nSTATUS=Reload failed!\n");
	if (master.start_ended)
		master.start_ended(ok, reload);
	if (reload_waits && master.current) {
		reload_waits = false;
		master_reload();
	}
}

/* ---- what workers say ---- */

static void say_word(struct child *c, enum talk type)
{
	if (!handover_send(c->link.fd, type, SLICE(""), NULL, 0, TALK_WAIT_MS))
		kill(c->pid, SIGKILL);
}

static void say_go(void)
{
	timer_stop(&state_wait);
	say_word(master.coming, TALK_GO);
}

static void state_is_late(struct timer *t)
{
	(void)t;
	diag_say(DIAG_WARNING, "Worker (%d) did not hand its state over in time", master.current ? (int)master.current->pid : 0);
	say_go();
}

static void on_ready(void)
{
	if (!master.current) {
		say_go();
		return;
	}
	state_wait.fire = state_is_late;
	timer_set_at(&state_wait, clock_now_ms + STATE_WAIT_MS);
	say_word(master.current, TALK_SAVE_STATE);
}

/* Workers that outlived too many reloads have to go. */
static void end_ancestors(void)
{
	struct child *c;

	TAILQ_FOREACH(c, &master.children, siblings)
		if (c->state == CHILD_FORMER && global.max_reloads >= 0 && master.reloads - c->born > (unsigned)global.max_reloads)
			kill(c->pid, SIGTERM);
}

static void on_accepting(struct child *c)
{
	struct child *old = master.current;

	ever_ready = true;
	c->state = CHILD_CURRENT;
	master.current = c;
	master_sockets_commit();
	if (old) {
		old->state = CHILD_FORMER;
		say_word(old, TALK_DRAIN); /* a signal would not say that it has a successor */
	} else if (!background_write_pid(global.pidfile)) {
		kill(getpid(), SIGTERM);
	}
	diag_say(DIAG_NOTICE, "Loading success.");
	end_ancestors();
	start_over(c, true);
	background_ready();
}

static void on_coming_message(struct child *c)
{
	switch (message.type) {
	case TALK_KEEP:
		master_sockets_keep(&message);
		break;
	case TALK_SOCKETS:
		master_sockets_add(&message);
		break;
	case TALK_INHERITED:
		master_sockets_inherited(&message);
		break;
	case TALK_LOG:
		strbuf_add(&c->log, message.body, message.len);
		break;
	case TALK_READY:
		on_ready();
		break;
	case TALK_ACCEPTING:
		on_accepting(c);
		break;
	default:
		break;
	}
}

static void on_current_message(void)
{
	if (message.type == TALK_LEAVE) {
		kill(getpid(), SIGUSR1);
		return;
	}
	/* Only while somebody waits for it. */
	if (!master.coming || !timer_armed(&state_wait))
		return;
	if (message.type == TALK_STATE)
		handover_send(master.coming->link.fd, TALK_STATE, slice_make(message.body, message.len), NULL, 0, TALK_WAIT_MS);
	else if (message.type == TALK_STATE_END)
		say_go();
}

static void read_link(struct child *c)
{
	while (c->link.fd >= 0) {
		switch (handover_receive(c->link.fd, &message, 0)) {
		case HANDOVER_GOT:
			if (c == master.coming)
				on_coming_message(c);
			else if (c == master.current)
				on_current_message();
			continue;
		case HANDOVER_NONE:
			return;
		case HANDOVER_END: /* its death is told by signal */
			loop_close(&c->link);
			return;
		}
	}
}

static void on_link(struct watch *w, uint32_t events)
{
	(void)events;
	read_link(CONTAINER_OF(w, struct child, link));
}

/* ---- children that end ---- */

static bool succeeded; /* told to leave by a process that serves in our place */

static void tell_all(int signal_number)
{
	struct child *c;

	TAILQ_FOREACH(c, &master.children, siblings)
		if (succeeded)
			takeover_signal(c->pid, signal_number);
		else
			kill(c->pid, signal_number);
}

static void stop_loop(void)
{
	loop_self->stop = true;
}

static void leave(int signal_number)
{
	/* A drain may be cut short, not the other way round. */
	if (!leaving && notifies)
		notify_send("STOPPING=1\n");
	leaving = signal_number;
	status = signal_number == SIGUSR1 ? status : 128 + signal_number;
	timer_stop(&restart);
	tell_all(signal_number);
	if (signal_number == SIGUSR1 && master.coming)
		kill(master.coming->pid, SIGTERM);
	master_sockets_close();
	if (TAILQ_EMPTY(&master.children))
		stop_loop();
}

static void on_restart(struct timer *t)
{
	(void)t;
	master_reload();
}

static void on_current_death(int code)
{
	if (leaving || master.coming) /* a successor may be about to take over */
		return;
	if (global.stay_on_failure && ever_ready) {
		restart.fire = on_restart;
		timer_set_at(&restart, clock_now_ms + RESTART_PAUSE_MS);
		return;
	}
	if (code)
		diag_say(DIAG_ALERT, "exit-on-failure: killing every processes with SIGTERM");
	leave(SIGTERM);
	status = code;
}

static void on_coming_death(struct child *c, int code)
{
	master_sockets_rollback();
	start_over(c, false);
	if (leaving || master.coming)
		return;
	if (master.current) {
		diag_say(DIAG_ALERT, "The new worker (%d) did not get ready: the old one goes on", (int)c->pid);
		return;
	}
	on_current_death(code ? code : 1);
}

static void free_child(struct grave *g)
{
	free(CONTAINER_OF(g, struct child, grave));
}

static void bury(struct child *c, int wait_status)
{
	static const char *const names[] = { [CHILD_LOADING] = "Loading", [CHILD_CURRENT] = "Current", [CHILD_FORMER] = "Former" };
	int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
	bool was_coming, was_current;

	read_link(c); /* its last words may still be on their way */
	was_coming = c == master.coming;
	was_current = c == master.current;
	TAILQ_REMOVE(&master.children, c, siblings);
	diag_say(code && !leaving && c->state == CHILD_CURRENT ? DIAG_ALERT : DIAG_NOTICE, "%s worker (%d) exited with code %d (%s)",
		names[c->state], (int)c->pid, code, WIFEXITED(wait_status) ? "Exit" : strsignal(WTERMSIG(wait_status)));
	loop_close(&c->link);
	if (was_current) {
		master.current = NULL;
		on_current_death(code);
	}
	if (was_coming)
		on_coming_death(c, code);
	strbuf_free(&c->log);
	c->grave.free = free_child;
	loop_bury(&c->grave);
	if (TAILQ_EMPTY(&master.children) && !timer_armed(&restart)) {
		diag_say(DIAG_NOTICE, "All workers exited. Exiting... (%d)", status);
		stop_loop();
	}
}

static void reap(void)
{
	struct child *c, *next;
	int wait_status;

	for (c = TAILQ_FIRST(&master.children); c; c = next) {
		next = TAILQ_NEXT(c, siblings);
		if (waitpid(c->pid, &wait_status, WNOHANG) == c->pid)
			bury(c, wait_status);
	}
}

/* ---- signals ---- */

static void on_signal(struct watch *w, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(w->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
		case SIGUSR2:
			master_reload();
			break;
		case SIGCHLD:
			reap();
			break;
		case SIGUSR1:
			if (leaving)
				break;
			succeeded = takeover_is_successor(&info);
			/* fall through */
		default:
			leave((int)info.ssi_signo);
			break;
		}
	}
}

static bool watch_signals(void)
{
	static const int watched[] = { SIGHUP, SIGUSR1, SIGUSR2, SIGINT, SIGTERM, SIGCHLD };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < COUNT_OF(watched); i++)
		sigaddset(&set, watched[i]);
	sigprocmask(SIG_BLOCK, &set, &first_mask);
	signal(SIGPIPE, SIG_IGN);
	signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	signals.on_event = on_signal;
	return signals.fd >= 0 && loop_add(&signals, EPOLLIN | EPOLLET);
}

/* ---- the way in ---- */

/* Half of the time that may pass, as systemd advises. */
static void say_alive(struct timer *t)
{
	notify_send("WATCHDOG=1\n");
	timer_set_at(t, clock_now_ms + alive_ms);
}

bool master_open(const struct options *o, char **argv, int start_directory)
{
	worker_argv = argv;
	worker_directory = start_directory;
	notifies = o->notify;
	/* Each worker's sockets are held here too. */
	if (getrlimit(RLIMIT_NOFILE, &first_limit) == 0) {
		struct rlimit most = { first_limit.rlim_max, first_limit.rlim_max };
		setrlimit(RLIMIT_NOFILE, &most);
	}
	threads_init(1);
	loop_enter(&thread_loops[0]);
	master.start_ms = clock_now_ms;
	if (notifies && (alive_ms = notify_watchdog_ms() / 2) != 0) {
		alive.fire = say_alive;
		timer_set_at(&alive, clock_now_ms);
	}
	if (watch_signals())
		return true;
	diag_say(DIAG_ALERT, "cannot watch signals: %s", strerror(errno));
	return false;
}

int master_run(void)
{
	start_worker();
	if (master.coming)
		loop_run(&thread_loops[0]);
	master_sockets_close();
	return status;
}

int master_open_session(struct child *c, unsigned level)
{
	char byte = (char)level;
	int ends[2];

	if (c->link.fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -1;
	bool ok = handover_send(c->link.fd, TALK_SESSION, slice_make(&byte, 1), &ends[1], 1, 0);
	close(ends[1]);
	if (ok)
		return ends[0];
	close(ends[0]);
	return -1;
}
