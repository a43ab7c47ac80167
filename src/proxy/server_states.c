/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading files of server states. A line of another process may say anything: each field that is
 * used is proved, and what is wrong is passed over with a warning. Start-up only.
 */
#include "proxy/server_states.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "core/clock.h"
#include "proxy/check.h"
#include "proxy/global.h"
#include "proxy/health.h"

#define FIELDS_MAX 64
#define FIELDS_NEEDED 15
#define FILE_MAX (256u << 20)

/* Where in a line. */
enum { BACKEND_NAME = 1, SERVER_NAME = 3, OPERATION = 5, ADMIN, WEIGHT, SET_WEIGHT, SINCE, CHECK_STATUS, CHECK_RESULT, SCORE,
	CHECK_STATE, AGENT_STATE };

static const struct {
	const char *name;
	int64_t most;
} numbers[] = {
	[OPERATION] = { "srv_op_state", 3 }, [ADMIN] = { "srv_admin_state", 0x7f }, [WEIGHT] = { "srv_uweight", 256 },
	[SET_WEIGHT] = { "srv_iweight", 256 }, [SINCE] = { "srv_time_since_last_change", INT64_MAX / 1000 },
	[CHECK_STATUS] = { "srv_check_status", 255 }, [CHECK_RESULT] = { "srv_check_result", 255 },
	[SCORE] = { "srv_check_health", INT32_MAX }, [CHECK_STATE] = { "srv_check_state", 0xff }, [AGENT_STATE] = { "srv_agent_state", 0xff },
};

static size_t split(struct slice line, struct slice *fields)
{
	size_t n = 0;

	while (line.len && n < FIELDS_MAX) {
		ptrdiff_t blank = slice_find_byte(line, ' ');
		struct slice word = slice_make(line.ptr, blank < 0 ? line.len : (size_t)blank);
		if (word.len)
			fields[n++] = word;
		line = slice_from(line, word.len + 1);
	}
	return n;
}

static void restore(struct server *srv, const int64_t *n)
{
	bool in_maintenance = n[ADMIN] & (SERVER_STATE_FORCED_MAINT | SERVER_STATE_INHERITED_MAINT | SERVER_STATE_CONFIGURED_MAINT);
	bool checked = n[CHECK_STATE] & SERVER_STATE_CHECK_CONFIGURED;
	uint64_t since_ms = (uint64_t)n[SINCE] * 1000;
	struct health_record r = {
		.admin_known = !(n[ADMIN] & SERVER_STATE_CONFIGURED_MAINT) == !srv->set.disabled,
		.admin = (n[ADMIN] & SERVER_STATE_FORCED_MAINT ? SERVER_MAINT : 0) | (n[ADMIN] & SERVER_STATE_FORCED_DRAIN ? SERVER_DRAIN : 0),
		.weight_known = n[SET_WEIGHT] == srv->set.weight, .weight = (int)n[WEIGHT],
		.up = n[OPERATION] != 0, .stopping = n[OPERATION] == 3, .score = (int)n[SCORE], .full = health_full(srv),
		.changed_ms = clock_now_ms > since_ms ? clock_now_ms - since_ms : 1,
		.last = { .status = check_status_by_number((int)n[CHECK_STATUS]) },
	};

	/* In maintenance nobody knows how it is. A server that nobody has looked at or ordered down is up for want of news. */
	r.health_known = !in_maintenance && checked == (srv->check != NULL) && (r.last.status != CHECK_STATUS_INI || !r.up);
	health_restore(srv, &r);
	if (checked && srv->check)
		srv->checks_off = !(n[CHECK_STATE] & SERVER_STATE_CHECK_ENABLED);
	if (n[AGENT_STATE] & SERVER_STATE_CHECK_CONFIGURED && srv->agent)
		srv->agent_off = !(n[AGENT_STATE] & SERVER_STATE_CHECK_ENABLED);
}

static void read_line(struct slice line, const struct proxy *only, const char *path, int number)
{
	struct slice fields[FIELDS_MAX];
	int64_t n[COUNT_OF(numbers)];
	size_t count = split(line, fields);

	if (count < FIELDS_NEEDED) {
		diag_at(DIAG_WARNING, path, number, "a line of %zu fields, expected %d or more; it is passed over", count, FIELDS_NEEDED);
		return;
	}
	const struct proxy *px = proxy_find(fields[BACKEND_NAME], PROXY_BE);
	if (px == NULL || (only ? px != only : px->set.states_from != STATES_FROM_GLOBAL))
		return;
	struct server *srv = server_find(px, fields[SERVER_NAME]);
	for (size_t i = OPERATION; i < COUNT_OF(numbers); i++) {
		if (!slice_to_i64(fields[i], &n[i]) || n[i] < 0 || n[i] > numbers[i].most) {
			diag_at(DIAG_WARNING, path, number, "server '%s/%.*s': invalid %s value '%.*s'; the line is passed over", px->name,
				SLICE_FMT(fields[SERVER_NAME]), numbers[i].name, SLICE_FMT(fields[i]));
			return;
		}
	}
	if (srv)
		restore(srv, n);
}

/* A file's text: about one backend, or (NULL) all that load the global file. */
static void read_text(struct slice text, const struct proxy *only, const char *path)
{
	if (text.len == 0)
		diag_at(DIAG_WARNING, path, 1, "the file is empty: was the disk full when it was written?");
	for (int number = 1; text.len; number++) {
		ptrdiff_t end = slice_find_byte(text, '\n');
		struct slice line = slice_make(text.ptr, end < 0 ? text.len : (size_t)end);
		text = slice_from(text, line.len + 1);
		if (slice_ends(line, SLICE("\r")))
			line.len--;
		if (number == 1 && !slice_is(line, "1")) {
			diag_at(DIAG_WARNING, path, number, "this is no file of server states: its first line must be '1', the version");
			return;
		}
		if (end < 0)
			diag_at(DIAG_WARNING, path, number, "the file ends within this line, which is passed over: was the disk full when it was "
				"written?");
		else if (number > 1 && line.len && line.ptr[0] != '#')
			read_line(line, only, path, number);
	}
}

/* True with the whole text; else errno says why. */
static bool read_file(const char *path, struct strbuf *text)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	bool ok = f && fstat(fileno(f), &st) == 0;

	if (ok && !S_ISREG(st.st_mode)) {
		ok = false;
		errno = EINVAL;
	} else if (ok && st.st_size > FILE_MAX) {
		ok = false;
		errno = EFBIG;
	}
	while (ok && strbuf_reserve(text, 65536)) {
		size_t n = fread(text->ptr + text->len, 1, 65535, f);
		if (n == 0)
			break;
		text->len += n;
	}
	ok = ok && !ferror(f) && !text->truncated;
	if (f) {
		int failure = errno;
		fclose(f);
		errno = failure;
	}
	return ok;
}

static void load(const char *name, const struct proxy *only)
{
	struct strbuf path = STRBUF_EMPTY, text = STRBUF_EMPTY;

	if (name[0] != '/' && global.server_state_base)
		strbuf_addf(&path, "%s/", global.server_state_base);
	strbuf_add_str(&path, name);
	if (read_file(path.ptr, &text))
		read_text(strbuf_slice(&text), only, path.ptr);
	else if (only)
		diag_say(DIAG_WARNING, "Proxy '%s': Can't open server state file '%s': %s.", only->name, path.ptr, strerror(errno));
	else
		diag_say(DIAG_WARNING, "Can't open global server state file '%s': %s.", path.ptr, strerror(errno));
	strbuf_free(&path);
	strbuf_free(&text);
}

void server_states_load(void)
{
	const struct proxy *px;
	bool any_global = false;

	TAILQ_FOREACH(px, &proxies, link) {
		if (!(px->caps & PROXY_BE) || px->set.disabled)
			continue;
		any_global |= px->set.states_from == STATES_FROM_GLOBAL;
		if (px->set.states_from == STATES_FROM_LOCAL)
			load(px->set.states_file ? px->set.states_file : px->name, px);
	}
	if (any_global && global.server_state_file)
		load(global.server_state_file, NULL);
}
