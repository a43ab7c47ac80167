/* SPDX-License-Identifier: Apache-2.0
 *
 * Agents: what a server says of itself when it is asked at its agent-port (manual 5.2, agent-check):
 * weight, limits, admin state, up and down. The talk and what follows from it; the rounds are
 * check.c's. One thread per agent.
 */
#ifndef USHER_PROXY_AGENT_H
#define USHER_PROXY_AGENT_H

#include "proxy/check.h"

/* What is said to a server's agent and heard from it. The first call is of start-up. */
const struct checkseq *agent_talk(void);
/* A round with the agent ended. */
void agent_report(struct check *c, const struct check_report *r);
uint32_t agent_interval_ms(const struct check *c);

#endif
