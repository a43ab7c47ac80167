/* SPDX-License-Identifier: Apache-2.0
 *
 * What start-up has to say: one line per message, to stderr in one write and into the text kept
 * for `show startup-logs`. It counts; who reads the counts decides. One thread: start-up only.
 */
#include <stdio.h>
#include <unistd.h>
#include "conf/diag.h"

struct diag diag_state;
static _Thread_local struct strbuf *captured; /* borrows */

static const char *const diag_labels[] = {
	[DIAG_DIAG] = "[DIAG]    ",
	[DIAG_NOTICE] = "[NOTICE]  ",
	[DIAG_WARNING] = "[WARNING] ",
	[DIAG_ALERT] = "[ALERT]   ",
};

void diag_capture(struct strbuf *out)
{
	captured = out;
}

static void diag_vat(enum diag_level level, const char *file, int line, const char *fmt, va_list ap)
{
	if (captured) {
		strbuf_add_str(captured, captured->len ? "\n" : "");
		strbuf_vaddf(captured, fmt, ap);
		return;
	}
	if (diag_state.muted || (level == DIAG_DIAG && !diag_state.diag))
		return;
	if (level == DIAG_ALERT)
		diag_state.alerts++;
	else if (level != DIAG_NOTICE) /* diagnostics weigh as warnings, as -dW and zero-warning expect */
		diag_state.warnings++;

	struct strbuf b = STRBUF_EMPTY;
	strbuf_addf(&b, "%s (%ld) : ", diag_labels[level], (long)getpid());
	if (file)
		strbuf_addf(&b, "config : parsing [%s:%d] : ", file, line);
	strbuf_vaddf(&b, fmt, ap);
	strbuf_add_byte(&b, '\n');
	if (!diag_state.quiet)
		fwrite(b.ptr, 1, b.len, stderr);
	strbuf_add_slice(&diag_state.text, strbuf_slice(&b));
	strbuf_free(&b);
}

void diag_at(enum diag_level level, const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	diag_vat(level, file, line, fmt, ap);
	va_end(ap);
}

void diag_say(enum diag_level level, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	diag_vat(level, NULL, 0, fmt, ap);
	va_end(ap);
}
