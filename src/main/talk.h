/* SPDX-License-Identifier: Apache-2.0
 *
 * What master and worker say to each other over their link (conn/handover messages). A start:
 *
 *     master                          worker
 *     SOCKETS* SOCKETS_END        ->  takes what it wants, binds the rest
 *                                 <-  KEEP* SOCKETS* INHERITED*
 *                                     root directory, user, threads
 *                                 <-  LOG* READY
 *     (SAVE_STATE to the old one; its STATE* STATE_END)
 *     STATE* GO                   ->  accepts
 *                                 <-  ACCEPTING
 *     (SIGUSR1 to the old one)
 *
 * Both ends are of one machine but perhaps of two versions: a number, once used, keeps its meaning.
 */
#ifndef USHER_MAIN_TALK_H
#define USHER_MAIN_TALK_H

#include "conn/handover.h"

enum talk {
	TALK_SOCKETS = HANDOVER_SOCKETS, /* keys and descriptors */
	TALK_SOCKETS_END = HANDOVER_SOCKETS_END,
	TALK_KEEP = 3,        /* int32_t numbers of sockets that the worker took, in the order they were sent */
	TALK_INHERITED = 4,   /* int32_t numbers of descriptors that the configuration uses as fd@ */
	TALK_LOG = 5,         /* text: what start-up had to say */
	TALK_READY = 6,
	TALK_SAVE_STATE = 7,
	TALK_STATE = 8,       /* bytes of state_save_all(), in pieces */
	TALK_STATE_END = 9,
	TALK_GO = 10,
	TALK_ACCEPTING = 11,
	TALK_SESSION = 12,    /* a descriptor: a session of the runtime socket; one byte: its level (enum cli_level) */
	TALK_DRAIN = 13,      /* another one accepts in its place: it drains, and shows those who ask after its health nothing of it */
	TALK_LEAVE = 14,      /* the current worker was asked to drain and leave for good: so shall everybody */
};

/* The worker finds its link in the environment: "<descriptor> <reloads so far>". */
#define TALK_ENV "USHER_MASTER_LINK"
/* A peer that takes nothing for so long is given up. */
#define TALK_WAIT_MS 10000

#endif
