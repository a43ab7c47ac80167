/* SPDX-License-Identifier: Apache-2.0
 *
 * Process-wide settings: the `global` section. Row types as conf/keyword.h wants them. Frozen after boot.
 */
#ifndef USHER_PROXY_GLOBAL_H
#define USHER_PROXY_GLOBAL_H

#include <stdbool.h>
#include <stdint.h>
#include "conn/tls_server.h"

struct cpu_map;
struct log_target;
struct proxy;

#define CLOSE_SPREAD_INFINITE UINT32_MAX /* close-spread-time infinite: nothing is closed before its timeout */

/* What happens in the whole process and may be limited by the second: connections, sessions, handshakes with clients. */
enum process_rate { PROCESS_RATE_CONN, PROCESS_RATE_SESS, PROCESS_RATE_TLS, PROCESS_RATES };

struct global {
	int64_t nbthread;         /* 0: as many as the process may run on */
	int64_t maxconn;          /* 0: what ulimit-n allows; atomic: an operator may lower it */
	int64_t hard_maxconn;     /* what it was when the process started */
	int64_t ulimit_n;
	uint64_t bufsize;         /* tune.bufsize, bytes */
	uint64_t maxrewrite;      /* tune.maxrewrite, bytes; at most half of bufsize counts */
	int64_t maxhdr;           /* tune.http.maxhdr; the start line is one of them */
	int64_t logurilen, cookielen; /* tune.http.logurilen, tune.http.cookielen; bytes */
	int64_t maxaccept;        /* tune.maxaccept; per turn and socket */
	uint32_t hard_stop_after_ms, close_spread_time_ms, stats_timeout_ms, grace_ms, drain_announce_ms;
	uint32_t watchdog_after_ms; /* a loop without a turn for so long is reported; 0: never */
	const char *chroot, *pidfile; /* borrow, for ever */
	char *user, *group, *description, *node, *localpeer, *log_tag, *log_hostname;
	int64_t uid, gid;         /* -1: unchanged */
	bool caps_given;          /* keep-capabilities */
	uint64_t caps;            /* see core/identity.h */
	bool daemon, master_worker, quiet, zero_warning;
	bool stay_on_failure;     /* master-worker no-exit-on-failure */
	int64_t max_reloads;      /* mworker-max-reloads: an older worker is told to leave; -1: never */
	int64_t fd_hard_limit;    /* 0: the system's */
	bool lenient_limits;      /* no strict-limits: too few descriptors are a warning */
	bool dumpable;            /* set-dumpable */
	bool setuid_wanted;       /* insecure-setuid-wanted */
	bool external_check;      /* external-check */
	bool fork_wanted;         /* insecure-fork-wanted */
	bool no_splice, no_reuseport;
	bool localpeer_fixed;     /* -L was given: the configuration's is passed over */
	int64_t spread_checks;    /* percent of the interval that a check may come early or late */
	uint32_t max_spread_checks_ms; /* first rounds of all checks within this time; 0: the smallest interval */
	struct cpu_map *cpu_map;  /* owned for ever; NULL: no thread is bound */
	struct log_target **log_targets; /* NULL-terminated, or NULL */
	char *server_state_base, *server_state_file;
	struct tls_settings tls_binds, tls_servers; /* ssl-default-bind-*, ssl-default-server-*, ssl-server-verify */
	struct tls_tuning tls;    /* tune.ssl.*, ssl-dh-param-file */
	int64_t max_tls_conns;    /* maxsslconn; 0: none */
	int64_t max_rate[PROCESS_RATES];  /* atomics: maxconnrate, maxsessrate, maxsslrate, in a second; 0: none */
	int64_t hard_rate[PROCESS_RATES]; /* as the process started with */
	char *ca_base, *crt_base; /* where relative paths of certificates begin; NULL: the working directory */
	struct proxy *runtime;    /* the runtime socket's own proxy (stats socket), or NULL */
};
extern struct global global;

#define GLOBAL_NODE_MAX 256
/* The node's name: as configured, or the machine's, written into the caller's room of GLOBAL_NODE_MAX bytes. */
const char *global_node(char *room);

#endif
