/* SPDX-License-Identifier: Apache-2.0
 *
 * What a reload hands over of backends and servers, found again by their names: health, admin
 * state, weight, and what checks have counted. What the new configuration changed wins over what
 * an operator had set before it. One line each; both processes read the same monotonic clock.
 *
 *     server <backend> <name> <admin> <disabled> <weight> <set weight> <checked> <up> <score> <full score>
 *            <status> <code> <duration> <last change> <checks> <failed> <downs> <downtime>
 *            <stopping> <agent down> <checks off> <agent off> "<info>
 *     backend <name> <last change> <downs> <downtime>
 *
 * <up> is the word of the checks alone. Version 1 did not know the four before the info.
 */
#include <stdio.h>
#include "base/assert.h"
#include "core/state.h"
#include "proxy/health.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/* ---- saving ---- */

static void save_server(struct server *srv, struct strbuf *out)
{
	struct counters sum;
	struct check_report last;

	counters_sum(&srv->counters, &sum);
	pthread_mutex_lock(&srv->px->health_lock);
	last = srv->last_check;
	strbuf_addf(out, "server %s ", srv->px->name);
	strbuf_add_escaped(out, slice_of(srv->name), '%', "% ");
	strbuf_addf(out, " %u %d %d %d %d %d %d %d %d %d %u %llu", srv->admin, srv->set.disabled, srv->weight, (int)srv->set.weight,
		srv->check != NULL, srv->score >= (int)srv->set.rise, srv->score, health_full(srv), check_status_number(last.status), last.code, last.duration_ms,
		(unsigned long long)LOAD(srv->last_change_ms));
	bool stopping = srv->stopping, agent_down = srv->agent_down;
	pthread_mutex_unlock(&srv->px->health_lock);
	strbuf_addf(out, " %llu %llu %llu %llu", (unsigned long long)sum.checks, (unsigned long long)sum.checks_failed,
		(unsigned long long)sum.downs, (unsigned long long)sum.downtime_ms);
	strbuf_addf(out, " %d %d %d %d \"", stopping, agent_down, LOAD(srv->checks_off), LOAD(srv->agent_off));
	strbuf_add_escaped(out, slice_of(last.info), '%', "%");
	strbuf_add_byte(out, '\n');
}

static void servers_save(struct strbuf *out)
{
	struct proxy *px;
	struct server *srv;
	struct counters sum;

	TAILQ_FOREACH(px, &proxies, link) {
		if (!(px->caps & PROXY_BE) || px->internal)
			continue;
		counters_sum(&px->be, &sum);
		strbuf_addf(out, "backend %s %llu %llu %llu\n", px->name, (unsigned long long)LOAD(px->last_change_ms),
			(unsigned long long)sum.downs, (unsigned long long)sum.downtime_ms);
		TAILQ_FOREACH(srv, &px->servers, link)
			save_server(srv, out);
	}
}

/* ---- loading ---- */

/* The text of a line with its %XX read back, within `cap`. */
static void unescape(struct slice s, char *out, size_t cap)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < s.len && n + 1 < cap; i++) {
		const char *high, *low;
		if (s.ptr[i] == '%' && i + 2 < s.len && (high = strchr(digits, s.ptr[i + 1])) && (low = strchr(digits, s.ptr[i + 2]))) {
			out[n++] = (char)((high - digits) << 4 | (low - digits));
			i += 2;
		} else {
			out[n++] = s.ptr[i];
		}
	}
	out[n] = 0;
}

static bool take_word(struct slice *rest, struct slice *word)
{
	ptrdiff_t blank = slice_find_byte(*rest, ' ');

	*word = slice_make(rest->ptr, blank < 0 ? rest->len : (size_t)blank);
	*rest = slice_from(*rest, word->len + 1);
	return word->len > 0;
}

static bool take_numbers(struct slice *rest, uint64_t *numbers, size_t n)
{
	struct slice word;

	for (size_t i = 0; i < n; i++)
		if (!take_word(rest, &word) || !slice_to_u64(word, &numbers[i]))
			return false;
	return true;
}

/* Where the numbers of a server's line stand. */
enum { ADMIN, DISABLED, WEIGHT, SET_WEIGHT, CHECKED, UP, SCORE, FULL, STATUS, CODE, DURATION, CHANGED, CHECKS, FAILED, DOWNS,
	DOWNTIME, NUMBERS_1, STOPPING = NUMBERS_1, AGENT_DOWN_THERE, CHECKS_OFF, AGENT_OFF, NUMBERS };

static void restore(struct server *srv, const uint64_t *n, struct slice info)
{
	/* Words the configuration took back or added are its own orders; the rest is the operator's. */
	struct health_record r = {
		.admin_known = n[DISABLED] == srv->set.disabled && n[ADMIN] <= (SERVER_IN_MAINT | SERVER_IN_DRAIN), .admin = (unsigned)n[ADMIN] & (SERVER_MAINT | SERVER_DRAIN),
		.weight_known = n[SET_WEIGHT] == (uint64_t)srv->set.weight && n[WEIGHT] <= 256, .weight = (int)n[WEIGHT],
		/* A server that nobody has looked at or ordered down is up for want of news. */
		.health_known = n[CHECKED] == (srv->check != NULL) && (n[STATUS] != (uint64_t)check_status_number(CHECK_STATUS_INI) || !n[UP]),
		.up = n[UP] != 0, .score = n[SCORE] > INT16_MAX ? INT16_MAX : (int)n[SCORE], .full = n[FULL] > INT16_MAX ? INT16_MAX : (int)n[FULL],
		.stopping = n[STOPPING] != 0, .agent_known = srv->agent != NULL, .agent_down = n[AGENT_DOWN_THERE] != 0,
		.changed_ms = n[CHANGED],
		.last = { .status = check_status_by_number(n[STATUS] > INT32_MAX ? -1 : (int)n[STATUS]), .code = (int)n[CODE], .duration_ms = (uint32_t)n[DURATION] },
	};

	unescape(info, r.last.info, sizeof(r.last.info));
	health_restore(srv, &r);
	if (n[CHECKS_OFF] && srv->check)
		__atomic_store_n(&srv->checks_off, true, __ATOMIC_RELAXED);
	if (n[AGENT_OFF] && srv->agent)
		__atomic_store_n(&srv->agent_off, true, __ATOMIC_RELAXED);
	COUNT_ADD(&srv->counters, checks, n[CHECKS]);
	COUNT_ADD(&srv->counters, checks_failed, n[FAILED]);
	COUNT_ADD(&srv->counters, downs, n[DOWNS]);
	COUNT_ADD(&srv->counters, downtime_ms, n[DOWNTIME]);
}

static bool load_server(struct slice rest, unsigned version)
{
	struct slice backend, escaped;
	uint64_t n[NUMBERS] = { 0 };
	char name[256];

	if (!take_word(&rest, &backend) || !take_word(&rest, &escaped) || !take_numbers(&rest, n, version == 1 ? NUMBERS_1 : NUMBERS) || !slice_starts(rest, SLICE("\"")))
		return false;
	unescape(escaped, name, sizeof(name));
	struct proxy *px = proxy_find(backend, PROXY_BE);
	struct server *srv = px ? server_find(px, slice_of(name)) : NULL;
	if (srv)
		restore(srv, n, slice_from(rest, 1));
	return true;
}

static bool load_backend(struct slice rest)
{
	struct slice name;
	uint64_t n[3];

	if (!take_word(&rest, &name) || !take_numbers(&rest, n, COUNT_OF(n)))
		return false;
	struct proxy *px = proxy_find(name, PROXY_BE);
	if (px) {
		__atomic_store_n(&px->last_change_ms, n[0], __ATOMIC_RELAXED);
		COUNT_ADD(&px->be, downs, n[1]);
		COUNT_ADD(&px->be, downtime_ms, n[2]);
	}
	return true;
}

static bool load_line(struct slice line, unsigned version)
{
	struct slice what;

	if (!take_word(&line, &what))
		return false;
	if (slice_is(what, "server"))
		return load_server(line, version);
	if (slice_is(what, "backend"))
		return load_backend(line);
	return true; /* of a later version that added lines */
}

static bool servers_load(unsigned version, struct slice body)
{
	if (version < 1 || version > 2)
		return false;
	while (body.len) {
		ptrdiff_t end = slice_find_byte(body, '\n');
		if (end < 0 || !load_line(slice_make(body.ptr, (size_t)end), version))
			return false;
		body = slice_from(body, (size_t)end + 1);
	}
	return true;
}

STATE(servers) = { .keyword = "servers", .usage = "health, admin state, weight and check counters of servers", .version = 2,
	.save = servers_save, .load = servers_load };
