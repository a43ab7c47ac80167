/* SPDX-License-Identifier: Apache-2.0
 *
 * The master's own runtime socket (-S): show proc, reload, and the way to its workers' sockets.
 * One thread.
 */
#ifndef USHER_MAIN_MASTER_CLI_H
#define USHER_MAIN_MASTER_CLI_H

#include "master.h"

/* Opens the addresses of -S and says them in HAPROXY_MASTER_CLI. False after the fault was shown. */
bool master_cli_open(const struct options *o);

#endif
