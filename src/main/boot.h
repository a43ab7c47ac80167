/* SPDX-License-Identifier: Apache-2.0
 *
 * What the command line and the global section do to the process before it carries traffic:
 * verbosity, limits, memory, identity. One thread: start-up only.
 */
#ifndef USHER_MAIN_BOOT_H
#define USHER_MAIN_BOOT_H

#include "options.h"

/* Before anything is read: what the command line says about reading. */
void boot_before_reading(const struct options *o);
/* First pass: the `global` rows that decide which processes there are, into `global`. Says nothing. */
void boot_read_process_settings(const struct options *o);
/* Reads everything and looks names up; every fault is shown. True when the program may go on. */
bool boot_read(const struct options *o);
/* -c: says what there is to say; the exit status. */
int boot_check(void);
/* Limits on descriptors, connections and memory. False after the fault was shown. */
bool boot_limits(const struct options *o);
/* Root directory, group and user, for ever. False after the fault was shown: the process has to leave. */
bool boot_identity(void);
#endif
