/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs beside the process; see child.h. posix_spawn() suspends its caller until the program was found and loaded,
 * which may be long on a file system that does not answer: hence the thread. Until that has said by mail what became
 * of it, the child is the thread's; from then on its loop's.
 *
 * Between its birth and its program a child has a copy of all descriptors of whoever begins it. What a loop closes
 * meanwhile would stay open for the peer, and in the loop's epoll set, which then tells of a watch that is gone. So
 * all are begun by threads of the nursery, a thread that let go of the process's descriptors before any loop ran, and
 * whose threads share the few it kept. A loop's bell is not among those: what they have to say, the messenger mails.
 */
#include "core/child.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/assert.h"
#include "core/clock.h"
#include "core/thread.h"

#define TERM_TO_KILL_MS 500
#define BIRTH_WAIT_S 1
#define STARTER_STACK (256u * 1024)

#define CHILD_MAGIC 0x6368696cu
struct child {
	uint32_t magic;
	struct watch watch;   /* the pidfd */
	struct mail begun;
	struct grave grave;
	struct timer kill;
	struct loop *loop;    /* borrows: whose it is */
	void (*ended)(void *owner, const struct child_end *end); /* NULL: nobody waits for it any more */
	void *owner;          /* borrows */
	LIST_ENTRY(child) link;
	STAILQ_ENTRY(child) next; /* in a line */
	pid_t pid;            /* 0: it has not begun, or could not */
	int error;            /* why it could not */
	bool terminated;      /* asked to end */
	bool born;            /* pid or error is known; under children_lock until its loop knows */
	char *path;           /* owns; "": none */
	char *argv[CHILD_WORDS_MAX + 1], *envp[CHILD_WORDS_MAX + 1]; /* own */
};

/* All there are, under the lock: who is abandoned belongs to nobody else until it is reaped. */
static LIST_HEAD(, child) children = LIST_HEAD_INITIALIZER(children);
static pthread_cond_t births = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t children_lock = PTHREAD_MUTEX_INITIALIZER;

/* Children on their way from one thread to another, under line_lock. */
struct line {
	STAILQ_HEAD(, child) waiting;
	pthread_cond_t news;
};
static struct line to_nursery = { STAILQ_HEAD_INITIALIZER(to_nursery.waiting), PTHREAD_COND_INITIALIZER };
static struct line to_messenger = { STAILQ_HEAD_INITIALIZER(to_messenger.waiting), PTHREAD_COND_INITIALIZER };
static pthread_mutex_t line_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static bool nursery_open;    /* it takes them */
static int nursery_error;    /* errno: it cannot; both under line_lock */
static int null_fd = -1;     /* /dev/null, opened while it could be seen; frozen after boot */
static cpu_set_t processors; /* those of the process, before its loops were bound; frozen after boot */

static bool some_unborn(void)
{
	struct child *c;

	LIST_FOREACH(c, &children, link)
		if (c->loop == loop_self && !c->born)
			return true;
	return false;
}

/* This thread's loop has ended: what it ran ends too, even what is only about to begin. A file system that does not
 * answer keeps nobody from ending. */
static void end_all(void)
{
	struct timespec until;
	struct child *c;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += BIRTH_WAIT_S;
	pthread_mutex_lock(&children_lock);
	while (some_unborn() && pthread_cond_timedwait(&births, &children_lock, &until) == 0)
		;
	LIST_FOREACH(c, &children, link)
		if (c->loop == loop_self && c->born && c->pid)
			kill(-c->pid, SIGKILL);
	pthread_mutex_unlock(&children_lock);
}

bool children_open(void)
{
	if (null_fd >= 0)
		return true;
	/* Ignored, it would have the kernel reap children before we have seen how they ended. */
	signal(SIGCHLD, SIG_DFL);
	sched_getaffinity(0, sizeof(processors), &processors);
	loop_on_end(end_all);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return null_fd >= 0;
}

static void list(struct child *c, bool in)
{
	pthread_mutex_lock(&children_lock);
	if (in)
		LIST_INSERT_HEAD(&children, c, link);
	else
		LIST_REMOVE(c, link);
	pthread_mutex_unlock(&children_lock);
}

static void free_child(struct child *c)
{
	list(c, false);
	for (int i = 0; c->argv[i]; i++)
		free(c->argv[i]);
	for (int i = 0; c->envp[i]; i++)
		free(c->envp[i]);
	free(c->path);
	c->magic = 0;
	free(c);
}

static void free_grave(struct grave *g)
{
	free_child(CONTAINER_OF(g, struct child, grave));
}

static void hand_on(struct child *c, struct line *to)
{
	pthread_mutex_lock(&line_lock);
	STAILQ_INSERT_TAIL(&to->waiting, c, next);
	pthread_cond_signal(&to->news);
	pthread_mutex_unlock(&line_lock);
}

static struct child *take_from(struct line *l)
{
	pthread_mutex_lock(&line_lock);
	while (STAILQ_EMPTY(&l->waiting))
		pthread_cond_wait(&l->news, &line_lock);
	struct child *c = STAILQ_FIRST(&l->waiting);
	STAILQ_REMOVE_HEAD(&l->waiting, next);
	pthread_mutex_unlock(&line_lock);
	return c;
}

/* ---- on the thread that begins it, one of the nursery's ---- */

static int spawn(struct child *c, const char *file)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t all, none;

	sigfillset(&all);
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	sigemptyset(&none);
	if (posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	int err = 0;
	for (int fd = 0; fd < 3 && err == 0; fd++)
		err = posix_spawn_file_actions_adddup2(&files, null_fd, fd);
	if (err == 0)
		err = posix_spawn_file_actions_addclosefrom_np(&files, 3);
	if (err == 0)
		err = posix_spawn(&c->pid, file, &files, &attr, c->argv, c->envp);
	if (err)
		c->pid = 0;
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

/* The first that is there and may be run. */
static int spawn_from_path(struct child *c)
{
	int err = ENOENT;

	for (const char *at = c->path; *at && c->pid == 0; at += *at == ':') {
		size_t len = strcspn(at, ":");
		struct strbuf file = STRBUF_EMPTY;
		strbuf_addf(&file, "%.*s/%s", (int)len, at, c->argv[0]);
		int why = len ? spawn(c, file.ptr) : ENOENT;
		if (why != ENOENT && why != ENOTDIR)
			err = why;
		strbuf_free(&file);
		at += len;
	}
	return c->pid ? 0 : err;
}

static void tell_birth(struct child *c, int error)
{
	pthread_mutex_lock(&children_lock);
	c->error = error;
	c->born = true;
	pthread_cond_broadcast(&births);
	pthread_mutex_unlock(&children_lock);
	hand_on(c, &to_messenger);
}

static void *begin_main(void *arg)
{
	struct child *c = arg;

	tell_birth(c, strchr(c->argv[0], '/') ? spawn(c, c->argv[0]) : spawn_from_path(c));
	return NULL;
}

/* All signals are for the loops. */
static int start_thread(void *(*main)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STARTER_STACK);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	int err = pthread_create(&thread, &attr, main, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return err;
}

/* ---- the nursery ---- */

static bool let_go_of_descriptors(void)
{
	/* The kernel copies none of the upper range. */
	return close_range((unsigned)null_fd + 1, ~0u, CLOSE_RANGE_UNSHARE) == 0 &&
		(null_fd <= 3 || close_range(3, (unsigned)null_fd - 1, 0) == 0);
}

static void *nursery_main(void *unused)
{
	(void)unused;
	sched_setaffinity(0, sizeof(processors), &processors);
	pthread_mutex_lock(&line_lock);
	bool open = nursery_open = let_go_of_descriptors();
	nursery_error = open ? 0 : errno;
	pthread_cond_broadcast(&opened);
	pthread_mutex_unlock(&line_lock);
	while (open) {
		struct child *c = take_from(&to_nursery);
		int err = start_thread(begin_main, c);
		if (err)
			tell_birth(c, err);
	}
	return NULL;
}

/* It has the process's descriptors, and so all loops' bells. */
static void *messenger_main(void *unused)
{
	(void)unused;
	for (;;) {
		struct child *c = take_from(&to_messenger);
		mail_post(c->loop, &c->begun);
	}
	return NULL;
}

bool children_start(void)
{
	if (null_fd < 0)
		return true;
	pthread_mutex_lock(&line_lock);
	if (!nursery_open) {
		nursery_error = start_thread(messenger_main, NULL);
		if (nursery_error == 0)
			nursery_error = start_thread(nursery_main, NULL);
		while (!nursery_open && nursery_error == 0)
			pthread_cond_wait(&opened, &line_lock);
	}
	errno = nursery_error;
	pthread_mutex_unlock(&line_lock);
	return errno == 0;
}

/* ---- on its loop ---- */

static void gone(struct child *c, const struct child_end *end)
{
	timer_stop(&c->kill);
	if (c->watch.fd >= 0)
		loop_close(&c->watch);
	c->pid = 0;
	if (c->ended)
		c->ended(c->owner, end);
	c->grave.free = free_grave;
	loop_bury(&c->grave);
}

static void on_end(struct watch *w, uint32_t events)
{
	struct child *c = CONTAINER_OF(w, struct child, watch);
	struct child_end end = { 0 };
	siginfo_t info = { 0 };

	(void)events;
	CHECK_OBJ(c, CHILD_MAGIC);
	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0)
		return;
	if (info.si_code == CLD_EXITED) {
		end.code = info.si_status;
	} else {
		end.code = -1;
		end.signal = info.si_status;
	}
	gone(c, &end);
}

static void on_kill(struct timer *t)
{
	struct child *c = CONTAINER_OF(t, struct child, kill);

	CHECK_OBJ(c, CHILD_MAGIC);
	kill(-c->pid, SIGKILL);
}

/* Or ends it: nobody could see its end. */
static void watch_end(struct child *c)
{
	c->watch.fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->watch.fd >= 0 && loop_add(&c->watch, EPOLLIN))
		return;
	c->error = errno;
	kill(-c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	c->pid = 0;
}

static void on_begun(struct mail *m)
{
	struct child *c = CONTAINER_OF(m, struct child, begun);

	CHECK_OBJ(c, CHILD_MAGIC);
	c->watch.on_event = on_end;
	if (c->pid)
		watch_end(c);
	if (c->pid == 0)
		gone(c, &(struct child_end){ .error = c->error });
	else if (c->ended == NULL)
		kill(-c->pid, SIGKILL);
	else if (c->terminated)
		child_terminate(c);
}

void child_terminate(struct child *c)
{
	CHECK_OBJ(c, CHILD_MAGIC);
	c->terminated = true;
	if (c->watch.on_event == NULL || timer_armed(&c->kill))
		return;
	kill(-c->pid, SIGTERM);
	timer_set_at(&c->kill, clock_now_ms + TERM_TO_KILL_MS);
}

void child_abandon(struct child **child)
{
	struct child *c = *child;

	if (c == NULL)
		return;
	CHECK_OBJ(c, CHILD_MAGIC);
	*child = NULL;
	c->ended = NULL;
	timer_stop(&c->kill);
	if (c->watch.on_event)
		kill(-c->pid, SIGKILL);
}

static bool copy_words(char *to[], const char *const from[])
{
	int i = 0;

	for (; from[i]; i++) {
		ASSERT(i < CHILD_WORDS_MAX);
		to[i] = strdup(from[i]);
		if (to[i] == NULL)
			return false;
	}
	return true;
}

struct child *child_begin(const char *const argv[], const char *const envp[], const char *path,
	void (*ended)(void *owner, const struct child_end *end), void *owner)
{
	struct child *c = calloc(1, sizeof(*c));

	ASSERT(nursery_open);
	if (c == NULL)
		return NULL;
	c->magic = CHILD_MAGIC;
	c->watch.fd = -1;
	c->begun.deliver = on_begun;
	c->kill.fire = on_kill;
	c->loop = loop_self;
	c->ended = ended;
	c->owner = owner;
	c->path = strdup(path ? path : "");
	list(c, true);
	if (c->path == NULL || !copy_words(c->argv, argv) || !copy_words(c->envp, envp)) {
		free_child(c);
		errno = ENOMEM;
		return NULL;
	}
	hand_on(c, &to_nursery);
	return c;
}
