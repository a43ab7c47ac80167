/* SPDX-License-Identifier: Apache-2.0
 *
 * Health checks: the schedule and one round's life
 *     due - dial - PROXY header - the kind's own talk - report - due again
 * and CHECK, the kinds: what is said once the connection stands. A check lives on one thread,
 * which is not tied to those of the traffic; its verdict goes through health.h.
 */
#ifndef USHER_PROXY_CHECK_H
#define USHER_PROXY_CHECK_H

#include "conn/conn.h"
#include "core/registry.h"
#include "proxy/health.h"

struct check;

/* Every call is made on the check's thread. Each round ends with one check_done(), by the kind or by the schedule. */
struct checker {
	const char *keyword; /* "layer4" */
	const char *usage;
	/* The connection stands and the PROXY header has left. */
	void (*connected)(struct check *c);
	/* May be NULL: an event on the connection after connected() (c->conn.can_read, can_write, error). */
	void (*event)(struct check *c);
	/* May be NULL: the round ends (also by a timeout or at the end of the process): frees what connected() made. */
	void (*end)(struct check *c);
	enum check_status timeout; /* what a silence after connected() is called */
};
#define CHECK(ident) REGISTRY_ADD(checker, ident)
extern struct registry checker_registry;

enum check_step { CHECK_IDLE, CHECK_CONNECTING, CHECK_SENDING_HEADER, CHECK_TALKING };

#define CHECK_MAGIC 0x6368636bu
struct check {
	uint32_t magic;
	enum check_step step;         /* atomic for others */
	bool spoke;                   /* something was sent in this round: it ends with FIN instead of RST */
	int thread;                   /* frozen: where it runs */
	struct server *srv;           /* borrows */
	const struct checker *kind;   /* borrows */
	struct conn conn;
	struct timer timer;           /* idle: the next round; else the round's deadline */
	uint64_t started_us;          /* of this round */
	uint64_t first_ms;            /* how long after the start of all checks its first round is due */
	void *state;                  /* the kind's own, for one round */
};

/* Start-up, after the files are read: makes the checks of a backend's servers. Reports faults; false when any. */
bool checks_resolve(struct proxy *be);
/* Start-up, once the number of threads is known: spreads the checks over threads and time. */
void checks_spread(void);
/* Begins this thread's checks; gives them up. */
void checks_start_thread(void);
void checks_stop_thread(void);

/* Ends the round with this status; the connection is closed, the verdict given, the next round planned. `code` and `info`
 * may be 0 and NULL. */
void check_done(struct check *c, enum check_status status, int code, const char *info);
/* When a round that ends now is followed by the next (manual 5.2, inter): by health, without the random part. */
uint32_t check_interval_ms(const struct check *c);

#endif
