/* SPDX-License-Identifier: Apache-2.0
 *
 * A frontend's formats are compiled once everything is read: what they name may stand further
 * down. One thread: start-up only.
 */
#include "conf/diag.h"
#include "proxy/log_line.h"

static bool compile(struct proxy *px, const struct format_text *from, const char *what, unsigned phase, struct format **out)
{
	struct conf_line place = { .file = from->file, .line = from->line };
	struct strbuf err = STRBUF_EMPTY;

	if (from->text == NULL)
		return true;
	expr_line = &place;
	*out = format_compile(from->text, phase, px, &err);
	expr_line = NULL;
	if (*out == NULL)
		diag_at(DIAG_ALERT, from->file, from->line, "%s of %s '%s': %s", what, proxy_kind(px), px->name,
		        err.ptr ? err.ptr : "out of memory");
	strbuf_free(&err);
	return *out != NULL;
}

/* HAProxy's way: lines of requests are not for a frontend that knows none. */
static struct format_text fitting(const struct proxy *px)
{
	struct format_text f = px->set.log_format;

	if (f.of_http == NULL || px->set.mode == MODE_HTTP)
		return f;
	if (!px->set.disabled)
		diag_at(DIAG_WARNING, f.file, f.line, "'%s' not usable with %s '%s' (needs 'mode http'). Falling back to 'option tcplog'.",
		        f.of_http, px->caps & PROXY_BE ? "proxy" : "frontend", px->name);
	return (struct format_text){ LOG_TCP_FORMAT, f.file, f.line, NULL };
}

bool log_formats_compile(struct proxy *px)
{
	const struct proxy_settings *set = &px->set;
	bool ok = true;

	if (!(px->caps & PROXY_FE))
		return true;
	struct format_text usual = fitting(px);
	ok &= compile(px, &usual, "log-format", PHASE_LOG, &px->log_format);
	ok &= compile(px, &set->log_format_sd, "log-format-sd", PHASE_LOG, &px->log_format_sd);
	ok &= compile(px, &set->error_log_format, "error-log-format", PHASE_LOG, &px->error_log_format);
	ok &= compile(px, &set->unique_id_format, "unique-id-format", PHASE_FE_REQ_TCP | FORMAT_MERGE_BLANKS, &px->unique_id_format);
	px->log_wants_source = px->log_format && (format_uses(px->log_format, "%bi") || format_uses(px->log_format, "%bp"));
	if (px->log_format && !px->internal && !set->disabled && !set->log_targets && !(set->log_global && log_global))
		diag_say(DIAG_WARNING, "config : log format ignored for frontend '%s' since it has no log address.", px->name);
	return ok;
}
