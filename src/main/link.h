/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker's end of its link to the master: sockets in and out, what it has to say, its
 * predecessor's state, sessions of the runtime socket. Thread 0.
 */
#ifndef USHER_MAIN_LINK_H
#define USHER_MAIN_LINK_H

#include <stdbool.h>

/* Whether a master started us: its socket is taken note of. Before anything else is read. */
bool link_find(void);
/* True in the first worker of a master: -sf, -st and -x are meant for this one. */
bool link_is_first(void);
/* Fills the inventory with the master's sockets. False: the master is gone. */
bool link_take_sockets(void);
/* Tells the master which sockets we use; those it does not have yet go to it. While paths and privileges are the
 * master's. False: the master is gone. */
bool link_report_sockets(void);
/* What start-up had to say goes to the master too, good or bad. */
void link_send_log(void);
/* Events of worker_run(): says ready, and accepts when the master says so; says that all threads accept. */
void link_say_ready(void);
void link_say_accepting(void);

#endif
