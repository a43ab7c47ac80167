/* SPDX-License-Identifier: Apache-2.0
 *
 * Health checks and agents: the schedule and one round's life
 *     due - dial - PROXY header - the talk (checkseq.h) - report - due again
 * or, where a program is asked (check_program.h),
 *     due - begin it - its end - report - due again
 * A check lives on one thread, which is not tied to those of the traffic; its verdict goes where
 * `report` says.
 */
#ifndef USHER_PROXY_CHECK_H
#define USHER_PROXY_CHECK_H

#include "conn/conn.h"
#include "core/child.h"
#include "proxy/checkseq.h"
#include "proxy/health.h"

enum check_step { CHECK_IDLE, CHECK_CONNECTING, CHECK_TALKING };

#define CHECK_MAGIC 0x6368636bu
struct check {
	uint32_t magic;
	enum check_step step;         /* atomic for others */
	bool spoke;                   /* something was sent on this connection */
	bool linger;                  /* it ends with FIN whatever happened */
	bool awaits_program;          /* program's end is this round's verdict */
	int thread;                   /* frozen: where it runs */
	struct server *srv;           /* borrows */
	const struct checkseq *talk;  /* borrows, frozen: what is said */
	struct checkseq_run *run;     /* owns; NULL between rounds */
	struct mail observed;         /* too many errors of its server's traffic (observe.h) */
	bool observed_posted;         /* atomic */
	uint8_t observed_last;        /* enum observed: the error that was one too many */
	struct conn conn;
	struct child *program;        /* owns: that of this round, or of one before which has not ended yet; NULL: none */
	struct timer timer;           /* idle: the next round; else the round's deadline */
	bool is_due;                  /* the round waits for its turn */
	TAILQ_ENTRY(check) due_link;
	uint64_t started_us;          /* of this round */
	uint64_t due_ms;              /* when this round should have begun */
	uint32_t late_ms;             /* how much later it did */
	uint64_t first_ms;            /* how long after the start of all checks its first round is due */
	/* Frozen. Takes the verdict of a round. */
	void (*report)(struct check *c, const struct check_report *r);
	/* Frozen. When a round that ends now is followed by the next, without the random part. */
	uint32_t (*interval_ms)(const struct check *c);
};

/* Start-up, after the files are read: makes the checks of a backend's servers. Reports faults; false when any. */
bool checks_resolve(struct proxy *be);
/* The same for one server; for one that comes while the process runs, too. */
bool checks_make(struct server *srv);
/* Begins the checks of a server that was added, each on a thread of its own. Thread 0. */
void checks_start_server(struct server *srv);
/* Gives up those of them that run on this thread; the server is gone. */
void checks_stop_server(struct server *srv);
/* Start-up, once the number of threads is known: spreads the checks over threads and time. */
void checks_spread(void);
/* Begins this thread's checks; gives them up. */
void checks_start_thread(void);
void checks_stop_thread(void);

/* `inter` and its like (manual 5.2): a health check's interval by the state of its server. */
uint32_t check_interval_ms(const struct check *c);

#endif
