/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings on their way into the process, in the order that privileges allow. See boot.h.
 */
#include "boot.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "conf/reader.h"
#include "core/cpu.h"
#include "core/identity.h"
#include "core/limits.h"
#include "proxy/advice.h"
#include "proxy/global.h"
#include "proxy/listener.h"
#include "proxy/proxy.h"

#define FDS_SPARE 64       /* standard streams, signals, logs, files read at run time */
#define FDS_PER_THREAD 72  /* epoll, wake-up, and the pipes of long transfers */

void boot_before_reading(const struct options *o)
{
	diag_state.quiet = o->quiet;
	diag_state.diag = o->diag;
	if (o->poison)
		mallopt(M_PERTURB, (uint8_t)~o->poison_byte); /* the value fills what is freed, fresh memory gets its complement */
	global.localpeer_fixed = o->localpeer != NULL;
	options_export(o);
}

/* What the command line says goes before what `global` says. */
static void merge(const struct options *o)
{
	struct proxy *px;

	if (o->maxconn)
		global.maxconn = o->maxconn;
	if (o->pidfile)
		global.pidfile = o->pidfile;
	if (o->localpeer) {
		free(global.localpeer);
		global.localpeer = strdup(o->localpeer);
		ASSERT(global.localpeer);
	}
	global.no_splice |= o->no_splice;
	if (o->no_verify)
		global.tls_servers.verify = TLS_VERIFY_NONE;
	global.no_reuseport |= o->no_reuseport;
	global.zero_warning |= o->zero_warning;
	global.fork_wanted |= o->fork_wanted;
	global.daemon = (global.daemon || o->daemon) && !o->foreground && !o->debug;
	global.master_worker = (global.master_worker || o->master) && !o->foreground;
	diag_state.quiet = (o->quiet || global.quiet) && !o->verbose;
	TAILQ_FOREACH(px, &proxies, link) {
		if (o->proxy_maxconn && !px->set.maxconn && (px->caps & PROXY_FE))
			px->set.maxconn = o->proxy_maxconn;
	}
}

void boot_read_process_settings(const struct options *o)
{
	for (int i = 0; i < o->file_count; i++) {
		if (strcmp(o->files[i], "-") != 0) /* can be read once only */
			conf_read_process_settings(o->files[i]);
	}
	merge(o);
}

/* HAPROXY_CLI: where the runtime socket listens. */
static void export_runtime(void)
{
	struct strbuf list = STRBUF_EMPTY;
	const struct listener *l;

	if (!global.runtime)
		return;
	TAILQ_FOREACH(l, &global.runtime->listeners, link) {
		strbuf_add_str(&list, list.len ? ";" : "");
		endpoint_format(&l->endpoint, &list);
	}
	setenv("HAPROXY_CLI", list.ptr ? list.ptr : "", 1);
	strbuf_free(&list);
}

bool boot_read(const struct options *o)
{
	for (int i = 0; i < o->file_count; i++)
		conf_read_path(o->files[i]);
	conf_read_finish();
	/* Names are looked up even after faults, so that all of them show in one run. */
	if (proxies_resolve() && !diag_state.alerts)
		proxies_advise();
	merge(o);
	export_runtime();
	if (diag_state.alerts)
		diag_say(DIAG_ALERT, "config : Fatal errors found in configuration.");
	else if (global.zero_warning && diag_state.warnings)
		diag_say(DIAG_ALERT, "config : Some warnings were found and 'zero-warning' is set. Aborting.");
	return diag_state.alerts == 0;
}

int boot_check(void)
{
	bool listens = proxies_have_listener();

	if (diag_state.quiet)
		return listens ? 0 : 2;
	if (listens && diag_state.warnings)
		puts("Warnings were found.");
	puts(listens ? "Configuration file is valid"
		: "Configuration file has no error but nothing listens: it will not start");
	return listens ? 0 : 2;
}

/* Descriptors that are not connections of clients and their servers. */
static int64_t fds_apart(void)
{
	int64_t threads = global.nbthread ? global.nbthread : cpu_count_usable();
	int64_t n = FDS_SPARE + threads * FDS_PER_THREAD;
	const struct proxy *px;
	const struct server *srv;
	const struct listener *l;

	TAILQ_FOREACH(px, &proxies, link) {
		TAILQ_FOREACH(srv, &px->servers, link)
			n += srv->set.check;
		TAILQ_FOREACH(l, &px->listeners, link)
			n += threads;
	}
	return n;
}

bool boot_limits(const struct options *o)
{
	struct limits l = { .maxconn = global.maxconn, .fds = global.ulimit_n, .fd_hard_limit = global.fd_hard_limit,
		.other_fds = fds_apart() };
	int64_t needed;

	if (o->memory_mb && !limits_set_memory(o->memory_mb)) {
		diag_say(DIAG_ALERT, "cannot limit the memory to %lld megabytes: %s", (long long)o->memory_mb, strerror(errno));
		return false;
	}
	bool enough = limits_set_fds(&l, &needed);
	global.maxconn = global.hard_maxconn = l.maxconn;
	memcpy(global.hard_rate, global.max_rate, sizeof(global.hard_rate));
	proxies_limit();
	if (enough)
		return true;
	diag_say(global.lenient_limits ? DIAG_WARNING : DIAG_ALERT,
		"maxconn %lld needs %lld descriptors, the limit is %lld: lower 'maxconn' or raise the limit ('ulimit -n', "
		"'ulimit-n', 'fd-hard-limit')", (long long)l.maxconn, (long long)needed, (long long)l.fds);
	return global.lenient_limits;
}

bool boot_identity(void)
{
	struct identity id = { .chroot = global.chroot, .uid = global.uid, .gid = global.gid, .setuid_wanted = global.setuid_wanted,
		.caps_given = global.caps_given, .caps = global.caps };
	struct strbuf err = STRBUF_EMPTY;
	bool ok = identity_take(&id, &err);

	if (!ok)
		diag_say(DIAG_ALERT, "%s", err.ptr);
	strbuf_free(&err);
	if (ok && global.dumpable)
		limits_allow_core();
	return ok;
}
