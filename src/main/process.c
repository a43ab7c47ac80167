/* SPDX-License-Identifier: Apache-2.0
 *
 * From a read configuration to a process that is what it says: limits before sockets are bound,
 * the background before threads run, the identity last. One thread: start-up only.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "core/cpu.h"
#include "core/identity.h"
#include "core/limits.h"
#include "process.h"
#include "proxy/global.h"
#include "proxy/listener.h"
#include "proxy/proxy.h"

#define FDS_SPARE 64       /* standard streams, signals, logs, files read at run time */
#define FDS_PER_THREAD 72  /* epoll, wake-up, and the pipes of long transfers */

static void text_replace(char **at, const char *text)
{
	free(*at);
	*at = strdup(text);
	ASSERT(*at);
}

void process_merge(const struct options *o)
{
	struct proxy *p;
	if (o->maxconn)
		global.maxconn = o->maxconn;
	if (o->pidfile)
		text_replace(&global.pidfile, o->pidfile);
	if (o->localpeer)
		text_replace(&global.localpeer, o->localpeer);
	global.no_splice |= o->no_splice;
	global.no_reuseport |= o->no_reuseport;
	global.zero_warning |= o->zero_warning;
	global.daemon = (global.daemon || o->daemon) && !o->foreground && !o->debug;
	global.master_worker = (global.master_worker || o->master) && !o->foreground;
	if (global.quiet && !o->verbose)
		diag_state.quiet = true;
	TAILQ_FOREACH(p, &proxies, link) {
		if (o->proxy_maxconn && !p->set.maxconn && (p->caps & PROXY_FE))
			p->set.maxconn = o->proxy_maxconn;
	}
}

/* Descriptors that are not connections of clients and their servers. */
static int64_t fds_apart(void)
{
	int64_t threads = global.nbthread ? global.nbthread : cpu_count_usable();
	int64_t n = FDS_SPARE + threads * FDS_PER_THREAD;
	const struct proxy *p;
	const struct listener *l;
	TAILQ_FOREACH(p, &proxies, link) {
		n += p->server_count; /* a check each */
		TAILQ_FOREACH(l, &p->listeners, link)
			n += threads;
	}
	return n;
}

static bool set_fds(void)
{
	struct limits l = { .maxconn = global.maxconn, .fds = global.ulimit_n, .fd_hard_limit = global.fd_hard_limit,
		.other_fds = fds_apart() };
	int64_t needed;
	bool enough = limits_set_fds(&l, &needed);
	global.maxconn = l.maxconn;
	if (enough)
		return true;
	diag_say(global.lenient_limits ? DIAG_WARNING : DIAG_ALERT,
	         "maxconn %lld needs %lld descriptors, the limit is %lld: lower 'maxconn' or raise the limit ('ulimit -n', "
	         "'ulimit-n', 'fd-hard-limit')", (long long)l.maxconn, (long long)needed, (long long)l.fds);
	return global.lenient_limits;
}

bool process_set_limits(const struct options *o)
{
	/* The value fills what is freed; fresh memory gets its complement. */
	if (o->poison)
		mallopt(M_PERTURB, (uint8_t)~o->poison_byte);
	if (o->memory_mb && !limits_set_memory(o->memory_mb)) {
		diag_say(DIAG_ALERT, "cannot limit the memory to %lld megabytes: %s", (long long)o->memory_mb, strerror(errno));
		return false;
	}
	return set_fds();
}

static void streams_to_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; fd >= 0 && i <= 2; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

bool process_detach(void)
{
	int pidfile = -1;
	if (!global.daemon)
		return true;
	if (global.pidfile) {
		pidfile = open(global.pidfile, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
		if (pidfile < 0) {
			diag_say(DIAG_ALERT, "cannot write the pid file '%s': %s", global.pidfile, strerror(errno));
			return false;
		}
	}
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0) {
		diag_say(DIAG_ALERT, "cannot fork: %s", strerror(errno));
		return false;
	}
	if (pid > 0) {
		if (pidfile >= 0)
			dprintf(pidfile, "%ld\n", (long)pid);
		_exit(0);
	}
	if (pidfile >= 0)
		close(pidfile);
	setsid();
	streams_to_null();
	return true;
}

void process_relieve(const struct options *o)
{
	for (int i = 0; i < o->finish_count; i++)
		kill(o->finish[i], SIGUSR1);
	for (int i = 0; i < o->terminate_count; i++)
		kill(o->terminate[i], SIGTERM);
}

bool process_become(void)
{
	struct identity id = { .chroot = global.chroot, .uid = global.uid, .gid = global.gid,
		.setuid_wanted = global.setuid_wanted };
	struct strbuf err = STRBUF_EMPTY;
	bool ok = identity_take(&id, &err);
	if (!ok)
		diag_say(DIAG_ALERT, "%s", err.ptr);
	strbuf_free(&err);
	if (ok && global.dumpable)
		limits_allow_core();
	return ok;
}
