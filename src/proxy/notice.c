/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines about proxies and servers. stderr gets each in one write, and none once the process is in
 * the background or told to be quiet. Any thread.
 */
#include "proxy/notice.h"

#include <inttypes.h>
#include <unistd.h>
#include "conf/diag.h"
#include "proxy/global.h"

void (*notice_hook)(const struct proxy *px, enum log_level level, struct slice text);

static void to_stderr(const char *label, struct slice text)
{
	char line[1024];
	struct strbuf b;

	if (diag_state.quiet || global.quiet || global.daemon)
		return;
	strbuf_init_fixed(&b, line, sizeof(line));
	strbuf_addf(&b, "%s (%ld) : ", label, (long)getpid());
	strbuf_add_slice(&b, text);
	if (b.truncated)
		b.len = sizeof(line) - 1;
	b.ptr[b.len - b.truncated] = '\n';
	ssize_t n = write(STDERR_FILENO, b.ptr, b.len + !b.truncated);
	(void)n; /* who closed stderr does not want it */
}

static void to_log(const struct proxy *px, enum log_level level, struct slice text)
{
	struct log_message m = { .level = level, .tag = slice_of(px->set.log_tag), .text = text };

	log_send(px->set.log_targets, px->set.log_global, &m);
}

void notice_say(const struct proxy *px, enum log_level level, struct slice text)
{
	if (notice_hook) {
		notice_hook(px, level, text);
		return;
	}
	to_stderr("[WARNING] ", text);
	to_log(px, level, text);
}

void notice_alert(const struct proxy *px, enum log_level level, struct slice text, struct slice on_stderr)
{
	if (notice_hook) {
		notice_hook(px, level, text);
		return;
	}
	to_stderr("[ALERT]   ", on_stderr);
	to_log(px, level, text);
}

static void say_stopped(const struct proxy *px)
{
	struct counters fe, be;
	struct strbuf text;
	char line[512];

	counters_sum(&px->fe, &fe);
	counters_sum(&px->be, &be);
	strbuf_init_fixed(&text, line, sizeof(line));
	strbuf_addf(&text, "Proxy %s stopped (cumulated conns: FE: %" PRIu64 ", BE: %" PRIu64 ").", px->name, fe.conn, be.sess);
	notice_say(px, LOG_LEVEL_WARNING, strbuf_slice(&text));
}

void notice_stopped(void)
{
	struct proxy *px;

	TAILQ_FOREACH(px, &proxies, link)
		if (!px->internal && px->state != FRONTEND_STOPPED)
			say_stopped(px);
}

void notice_frontend(const struct proxy *fe, enum frontend_state state)
{
	struct strbuf text;
	char line[512];

	if (state == FRONTEND_STOPPED) {
		say_stopped(fe);
		return;
	}
	strbuf_init_fixed(&text, line, sizeof(line));
	strbuf_addf(&text, "%s frontend %s.", state == FRONTEND_PAUSED ? "Paused" : "Resumed", fe->name);
	notice_say(fe, LOG_LEVEL_WARNING, strbuf_slice(&text));
}
