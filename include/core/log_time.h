/* SPDX-License-Identifier: Apache-2.0
 *
 * Dates as log lines write them. The broken-down second is kept per thread, so that a line costs
 * a copy. One thread each.
 */
#ifndef USHER_CORE_LOG_TIME_H
#define USHER_CORE_LOG_TIME_H

#include <sys/time.h>
#include "base/strbuf.h"

/* "Nov 21 14:59:16", local time (RFC 3164: the day is padded with a blank). */
void log_time_add_syslog(struct strbuf *out, const struct timeval *tv);
/* "2026-11-21T14:59:16.395844+00:00", local time with its zone. */
void log_time_add_iso(struct strbuf *out, const struct timeval *tv);
/* "21/Nov/2026:14:59:16.395": the accept date of a log line, local time. */
void log_time_add_ms(struct strbuf *out, const struct timeval *tv);
/* "21/Nov/2026:14:59:16 +0000", local time and GMT. */
void log_time_add_local(struct strbuf *out, const struct timeval *tv);
void log_time_add_gmt(struct strbuf *out, const struct timeval *tv);

#endif
