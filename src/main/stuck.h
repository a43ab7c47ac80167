/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said of a thread whose loop is stuck: to the log and on stderr. Called on the watchdog's thread.
 */
#ifndef USHER_MAIN_STUCK_H
#define USHER_MAIN_STUCK_H

#include "core/watchdog.h"

void stuck_report(const struct watchdog_report *r);

#endif
