/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of server states: what `show servers state` said (version 1), of usher or HAProxy, taken
 * up at a start that no process hands anything to. What the configuration changed since wins. Start-up only.
 */
#ifndef USHER_PROXY_SERVER_STATES_H
#define USHER_PROXY_SERVER_STATES_H

#include "proxy/proxy.h"

/* Reads the files that the backends ask for. A file that cannot be read, and each line that is wrong, is a warning. After
 * the number of threads is known. */
void server_states_load(void);

#endif
