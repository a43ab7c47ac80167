/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line, in HAProxy's letters. One thread: start-up only.
 */
#ifndef USHER_MAIN_OPTIONS_H
#define USHER_MAIN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Every pointer borrows from argv. Lists are owned and live as long as the process. */
struct options {
	const char **files;          /* -f and what stands behind "--", in order; NULL-terminated */
	int file_count;
	bool check;                  /* -c */
	bool verbose;                /* -V: takes -q and `quiet` back */
	bool quiet;                  /* -q */
	bool debug;                  /* -d: foreground, and what happens is shown */
	bool foreground;             /* -db: no daemon, no master */
	bool daemon;                 /* -D */
	bool master;                 /* -W or -Ws */
	bool notify;                 /* -Ws: READY=1 goes to NOTIFY_SOCKET */
	bool zero_warning;           /* -dW */
	bool diag;                   /* -dD */
	bool fork_wanted;            /* -dI: as insecure-fork-wanted */
	bool no_splice;              /* -dS */
	bool no_verify;              /* -dV */
	bool no_reuseport;           /* -dR */
	bool poison;                 /* -dM[byte] */
	uint8_t poison_byte;
	const char *dump_classes;    /* -dK[classes] with -f: to be dumped once the files are read; "" is all */
	const char *pidfile;         /* -p */
	const char *directory;       /* -C: to be entered before anything is read */
	const char *localpeer;       /* -L */
	int64_t maxconn;             /* -n; 0: not given. Goes before the configuration's */
	int64_t proxy_maxconn;       /* -N; 0: not given */
	int64_t memory_mb;           /* -m; 0: not given */
	const char *old_socket;      /* -x: where the old process hands its listening sockets out */
	const char **master_sockets; /* -S, each an address with bind words behind commas; NULL-terminated, or NULL */
	int master_socket_count;
	pid_t *finish;               /* -sf */
	int finish_count;
	pid_t *terminate;            /* -st */
	int terminate_count;
};

/* What options_parse() says when the program is to run on. */
#define OPTIONS_RUN (-1)

/* Reads the command line. What is complete in itself (-v, -vv, -cc, -h, -dK without files) is carried out, with its
 * output on stdout. Returns OPTIONS_RUN or the status to exit with: 0; 1 for a mistake (said on stderr with the usage) and
 * for help; for -cc 0 true, 1 false, 2 error. registries_open() and facts_open() ran before. */
int options_parse(int argc, char **argv, struct options *out);
/* Puts HAPROXY_LOCALPEER and HAPROXY_CFGFILES into the environment, for the configuration to use. */
void options_export(const struct options *a);

/* Sets conf_facts: what this program is able to do, as conditions and -vv see it. */
void facts_open(void);
/* Tells enabled(SPLICE) that splice() is switched off. */
void facts_disable(const char *name);
/* -v and -vv. */
void facts_print_version(void);
void facts_print_build(void);

/* -dK: every leaf of the given registries ("fetch,convert"; "" or "all": all; "help": their names) with its file and
 * line on stdout. False, with a word on stderr, when a class is unknown. */
bool leaves_dump(const char *classes);

#endif
