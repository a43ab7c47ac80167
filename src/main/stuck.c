/* SPDX-License-Identifier: Apache-2.0
 *
 * One line for the log with the innermost frames, all of them on stderr; there only when it can be taken at once,
 * since a stderr that nobody reads is one of the things that threads are stuck in.
 */
#include "stuck.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "base/strbuf.h"
#include "conf/diag.h"
#include "core/log.h"
#include "proxy/global.h"

#define LOG_FRAMES 12

static void describe(const struct watchdog_report *r, struct strbuf *out)
{
	if (r->over)
		strbuf_addf(out, "Thread %d turns again after %u ms without a turn of its loop.", r->thread + 1, r->stuck_ms);
	else
		strbuf_addf(out, "Thread %d is stuck: no turn of its loop for %u ms, %u ms of processor time; it %s", r->thread + 1,
			r->stuck_ms, r->cpu_ms, r->frame_count ? "is at" : "does not answer, the kernel holds it");
}

/* "/usr/sbin/usher(notice_say+0x42) [0x5604...]" without the folder and the address, which is another one at every start. */
static void add_frame(struct strbuf *out, const char *frame)
{
	size_t len = strcspn(frame, "[");
	const char *folder = memrchr(frame, '/', strcspn(frame, "("));

	while (len && frame[len - 1] == ' ')
		len--;
	if (folder && folder < frame + len) {
		len -= (size_t)(folder + 1 - frame);
		frame = folder + 1;
	}
	strbuf_add(out, frame, len);
}

static void to_log(const struct watchdog_report *r)
{
	struct strbuf text = STRBUF_EMPTY;

	describe(r, &text);
	for (int i = 0; i < r->frame_count && i < LOG_FRAMES; i++) {
		strbuf_add_str(&text, i ? " < " : " ");
		add_frame(&text, r->frames[i]);
	}
	struct log_message m = { .level = r->over ? LOG_LEVEL_NOTICE : LOG_LEVEL_ALERT, .text = strbuf_slice(&text) };
	log_send(NULL, true, &m);
	strbuf_free(&text);
}

static void to_stderr(const struct watchdog_report *r)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	struct strbuf text = STRBUF_EMPTY;

	if (diag_state.quiet || global.daemon || poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
		return;
	strbuf_addf(&text, "%s (%ld) : ", r->over ? "[NOTICE]  " : "[ALERT]   ", (long)getpid());
	describe(r, &text);
	strbuf_add_byte(&text, '\n');
	for (int i = 0; i < r->frame_count; i++) {
		strbuf_add_str(&text, "    ");
		add_frame(&text, r->frames[i]);
		strbuf_add_byte(&text, '\n');
	}
	/* A pipe that poll() calls writable takes a page at least without waiting. */
	ssize_t n = write(STDERR_FILENO, text.ptr, text.len < 4096 ? text.len : 4096);
	(void)n; /* who closed stderr does not want it */
	strbuf_free(&text);
}

void stuck_report(const struct watchdog_report *r)
{
	to_log(r);
	to_stderr(r);
}
