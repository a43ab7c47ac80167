/* SPDX-License-Identifier: Apache-2.0
 *
 * Diagnostics: what start-up has to say, in HAProxy's shape
 *     [ALERT]    (pid) : config : parsing [file:line] : text
 * Errors are counted, not fatal, so that every fault of a file shows in one run.
 * One thread: start-up only.
 */
#ifndef USHER_CONF_DIAG_H
#define USHER_CONF_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include "base/strbuf.h"

enum diag_level { DIAG_DIAG, DIAG_NOTICE, DIAG_WARNING, DIAG_ALERT };

/* What was said so far, process-wide. */
struct diag {
	unsigned alerts, warnings;
	bool quiet;          /* -q: nothing on stderr */
	bool muted;          /* nothing is shown, kept or counted (the first pass for the master) */
	bool diag;           /* -dD: DIAG_DIAG messages are shown too */
	struct strbuf text;  /* owns: everything said, for `show startup-logs` */
};
extern struct diag diag_state;

/* What this thread says from now on is added to `out` alone, without level and place, one line each; it is neither shown
 * nor kept nor counted. NULL: no more. For words that come while the process runs. */
void diag_capture(struct strbuf *out);
/* Says something without a place in a file. */
void diag_say(enum diag_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Says something about a place; file is borrowed. */
void diag_at(enum diag_level level, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
