/* SPDX-License-Identifier: Apache-2.0
 *
 * The listening sockets that the master keeps open for its workers. Changes of a start are tried
 * on: what the new worker keeps and adds counts only once it accepts. One thread.
 */
#ifndef USHER_MAIN_MASTER_SOCKETS_H
#define USHER_MAIN_MASTER_SOCKETS_H

#include "conn/handover.h"

/* Sends all of them to a fresh worker. False: it takes nothing. */
bool master_sockets_send(int link);
/* Notes of the worker that starts: what it keeps (TALK_KEEP), adds (TALK_SOCKETS), uses as fd@ (TALK_INHERITED). */
void master_sockets_keep(const struct handover *m);
void master_sockets_add(const struct handover *m);
void master_sockets_inherited(const struct handover *m);
/* It accepts: its sockets are the sockets. Those nobody wants any more are retired and closed. */
void master_sockets_commit(void);
/* It died: as if it had never been. */
void master_sockets_rollback(void);
/* Closes everything, descriptors of fd@ too: nobody is to accept any more. */
void master_sockets_close(void);

#endif
