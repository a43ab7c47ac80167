/* SPDX-License-Identifier: Apache-2.0
 *
 * The state of servers and every change of it: verdicts of checks, what an operator orders, what
 * a predecessor hands over. After each change the balancer hears of it, those who wait move, it
 * is counted and logged, all under the backend's health_lock. Any thread.
 */
#ifndef USHER_PROXY_HEALTH_H
#define USHER_PROXY_HEALTH_H

#include "base/strbuf.h"
#include "proxy/proxy.h"

/* Start-up: what the configuration says of a server. It is up until a check says otherwise. */
void health_init(struct server *srv);

/* A check ended: counts towards rise and fall, and changes the state when they are reached. */
void health_report(struct server *srv, const struct check_report *r);

/* What an agent said (manual, agent-check). r is its report; NONE with a neutral one: nothing about the state. */
enum health_agent { AGENT_NONE, AGENT_UP, AGENT_DOWN };
void health_agent(struct server *srv, enum health_agent said, const struct check_report *r);
/* Its traffic says that it is down (on-error mark-down), or nearly so: one more failure takes it down (sudden-death). */
void health_mark_down(struct server *srv, const struct check_report *r);
void health_on_the_brink(struct server *srv, const struct check_report *r);

/* It begins to track another: takes over what that one is now, without a word. */
void health_begin_tracking(struct server *srv);

/* Operators' orders. */
void health_set_admin(struct server *srv, unsigned admin);  /* SERVER_MAINT, SERVER_DRAIN or 0 (ready) */
void health_set_weight(struct server *srv, int weight);     /* 0-256 */
/* It stands at another address from now on: idle links to the old one go, checks go to the new. `to` is copied. */
void health_move(struct server *srv, const struct endpoint *to);
/* `set server ... health`: as if enough checks had said so; with `stopping`: persistence only, as after disable-on-404; `set server
 * ... agent`: as if its agent had said so. by: who said it in truth, for the log: "CLI". */
void health_force(struct server *srv, bool up, const char *by);
void health_force_stopping(struct server *srv, const char *by);
void health_force_agent(struct server *srv, bool up, const char *by);

/* What a predecessor hands over; applied without a word in the log. Its health counts only while no check has ended here. */
struct health_record {
	bool admin_known, weight_known, health_known;
	unsigned admin;
	int weight;
	bool up;                   /* by its score alone: its agent speaks for itself */
	bool stopping;
	int score, full;           /* srv->score and health_full() there */
	bool agent_known, agent_down;
	uint64_t changed_ms;       /* monotonic: last_change_ms, 0: unknown */
	struct check_report last;
};
void health_restore(struct server *srv, const struct health_record *r);

/* The status words of show stat: "UP", "UP 2/3", "DOWN", "DOWN 1/2", "MAINT", "DRAIN", "NOLB", "no check". */
void health_status_text(const struct server *srv, struct strbuf *out);
/* The highest score: fully up. */
static inline int health_full(const struct server *srv) { return (int)(srv->set.rise + srv->set.fall) - 1; }
/* True when the next failure or success may change the state, or nothing is known yet: checks go at fastinter. */
bool health_in_transition(struct server *srv);
/* How long it has been out of service altogether, the running time included; `sum`: what its counters say. */
uint64_t health_downtime_ms(const struct server *srv, const struct counters *sum);
uint64_t health_backend_downtime_ms(const struct proxy *be, const struct counters *sum);

#endif
