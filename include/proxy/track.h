/* SPDX-License-Identifier: Apache-2.0
 *
 * Servers that take over the state of others (manual 5.2, track). Start-up only.
 */
#ifndef USHER_PROXY_TRACK_H
#define USHER_PROXY_TRACK_H

#include "proxy/proxy.h"

/* After all files are read: who tracks whom. Reports faults: unknown servers, circles, ends without a check. */
bool tracks_resolve(void);

#endif
