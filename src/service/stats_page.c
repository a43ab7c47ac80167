/* SPDX-License-Identifier: Apache-2.0
 *
 * The statistics page and what stands behind it: the page itself (stats_page.html, one file that
 * fetches the rest), ";csv", ";typed", ";json" and ";json-schema" as HAProxy has them, ";data" for the page, and the orders of
 * its forms. Big answers are made piece by piece. One thread per request.
 */
#include <stdlib.h>
#include "proxy/global.h"
#include "proxy/http_buffer.h"
#include "proxy/http_credentials.h"
#include "proxy/http_edit.h"
#include "proxy/http_reply.h"
#include "proxy/http_view.h"
#include "proxy/info.h"
#include "proxy/pp_errors.h"
#include "proxy/service.h"
#include "proxy/stats.h"
#include "proxy/stats_page.h"
#include "wire/uri.h"

/* The page, as it is in the sources. */
__asm__(".section .rodata\n"
	".global usher_stats_page, usher_stats_page_end\n"
	"usher_stats_page:\n.incbin \"src/service/stats_page.html\"\nusher_stats_page_end:\n"
	".byte 0\n.previous\n");
extern const char usher_stats_page[], usher_stats_page_end[];

enum part { PART_CSV, PART_TYPED, PART_JSON, PART_SCHEMA, PART_DATA };

struct view {
	enum part part;
	bool may_act, ended, any, offenders;
	const struct stats_page *page;
	const struct proxy *own;
	struct stats_walk walk;
	struct stats_row row;
	uint64_t next_offender;
	unsigned offenders_shown;
	struct strbuf out;   /* owns: made and not yet written */
	size_t out_at;
};

/* ---- what is asked ---- */

static const struct proxy *page_owner(const struct stream *s)
{
	const struct proxy *fe = s->session->fe;

	return fe->set.stats && stats_page_wants(fe->set.stats, s->http->req.target) ? fe : s->be;
}

/* Whether ";word" stands behind the page's URI. */
static bool has_option(struct slice target, const struct stats_page *page, const char *word)
{
	struct slice rest = stats_page_options(page, target);

	while (rest.len) {
		size_t n = 0;
		while (n < rest.len && rest.ptr[n] != ';' && rest.ptr[n] != '&' && rest.ptr[n] != '?')
			n++;
		if (slice_is(slice_make(rest.ptr, n), word))
			return true;
		rest = n < rest.len ? slice_from(rest, n + 1) : SLICE("");
	}
	return false;
}

/* ---- orders ---- */

/* The next "name=value" of a form, decoded into the arena. */
static bool next_pair(struct slice *rest, struct arena *a, struct slice *name, struct slice *value)
{
	if (!uri_pair_next(rest, name, value))
		return false;
	*value = arena_copy(a, *value);
	ssize_t len = value->ptr ? uri_decode(*value, true, (char *)value->ptr) : -1;
	value->len = len < 0 ? 0 : (size_t)len;
	return value->ptr != NULL;
}

static struct proxy *proxy_of(struct slice value)
{
	int64_t id;
	struct proxy *px;

	if (!slice_starts(value, SLICE("#")) || !slice_to_i64(slice_from(value, 1), &id))
		return proxy_find(value, PROXY_BE);
	TAILQ_FOREACH(px, &proxies, link)
		if (px->id == id && px->caps & PROXY_BE)
			return px;
	return NULL;
}

/* HAProxy's words for how it went: DONE, PART, ERRP, NONE, DENY. */
static const char *obey(struct stream *s, const struct stats_page *page, const struct proxy *own, struct slice form)
{
	struct slice rest = form, name, value, action = SLICE("");
	struct proxy *be = NULL;
	unsigned done = 0, failed = 0;

	while (next_pair(&rest, &s->arena, &name, &value)) {
		if (slice_is(name, "b"))
			be = proxy_of(value);
		else if (slice_is(name, "action"))
			action = value;
	}
	if (be == NULL || action.len == 0 || !stats_page_shows(page, own, be))
		return "ERRP";
	for (rest = form; next_pair(&rest, &s->arena, &name, &value);) {
		struct server *srv = slice_is(name, "s") ? server_find(be, value) : NULL;
		if (srv && stats_page_order(action, srv))
			done++;
		else
			failed += slice_is(name, "s");
	}
	return done && failed ? "PART" : done ? "DONE" : failed ? "ERRP" : "NONE";
}

static void redirect(struct stream *s, const struct stats_page *page, const char *result)
{
	struct strbuf to = STRBUF_EMPTY;

	strbuf_addf(&to, "%s;st=%s", page->uri, result);
	http_answer_begin(s, 303);
	http_answer_add(s, SLICE("cache-control"), SLICE("no-cache"));
	http_answer_add(s, SLICE("location"), arena_copy(&s->arena, strbuf_slice(&to)));
	http_answer_end(s, SLICE(""));
	strbuf_free(&to);
}

static void take_form(struct stream *s, const struct stats_page *page, const struct proxy *own, struct eval *ev)
{
	struct slice body;
	uint64_t size;

	if (!stats_page_may_act(page, ev) || !stats_page_same_site(http_edit_head(ev)))
		redirect(s, page, "DENY");
	else if (!http_gathered_whole(s, false) || http_see_body(ev, false, &body, &size) != EVAL_OK)
		redirect(s, page, "EXCD");
	else
		redirect(s, page, obey(s, page, own, body));
}

/* ---- answers ---- */

static void ask_who(struct stream *s, const struct stats_page *page)
{
	struct strbuf text = STRBUF_EMPTY;

	const struct http_field field = { .name = SLICE("www-authenticate"),
		.value = arena_copy(&s->arena, http_challenge(slice_of(page->realm), &text)) };
	strbuf_free(&text);
	http_reply_error_with(s, 401, &field);
}

static void begin_answer(struct stream *s, const char *type)
{
	http_answer_begin(s, 200);
	http_answer_add(s, SLICE("cache-control"), SLICE("no-cache"));
	http_answer_add(s, SLICE("content-type"), slice_of(type));
	http_answer_add(s, SLICE("x-content-type-options"), SLICE("nosniff"));
}

static void give_page(struct stream *s)
{
	begin_answer(s, "text/html; charset=utf-8");
	http_answer_add(s, SLICE("content-security-policy"), SLICE("default-src 'none'; style-src 'unsafe-inline'; "
		"script-src 'unsafe-inline'; connect-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"));
	http_answer_add(s, SLICE("referrer-policy"), SLICE("same-origin"));
	http_answer_end(s, slice_make(usher_stats_page, (size_t)(usher_stats_page_end - usher_stats_page)));
}

static bool stream_view(struct stream *s, enum part part, const struct stats_page *page, const struct proxy *own, bool may_act)
{
	struct slice target = s->http->req.target;
	struct view *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return false;
	v->part = part;
	v->page = page;
	v->own = own;
	v->may_act = may_act;
	v->next_offender = 1;
	v->walk.private = page->show_legends || may_act;
	v->walk.up = has_option(target, page, "up");
	v->walk.no_maint = has_option(target, page, "no-maint");
	s->service_state = v;
	begin_answer(s, part <= PART_TYPED ? "text/plain" : "application/json");
	http_answer_stream(s, HTTP_LENGTH_UNKNOWN);
	return true;
}

static bool start(struct stream *s)
{
	const struct proxy *own = page_owner(s);
	const struct stats_page *page = own->set.stats;
	struct eval ev = stream_eval(s, own == s->session->fe ? PHASE_FE_REQ_HTTP : PHASE_BE_REQ_HTTP);
	struct slice target = s->http->req.target;

	ev.final = true;
	if (!stats_page_knows_user(page, &ev))
		ask_who(s, page);
	else if (s->http->method == HTTP_POST)
		take_form(s, page, own, &ev);
	else if (s->http->method != HTTP_GET && s->http->method != HTTP_HEAD)
		http_reply_error(s, 405);
	else if (has_option(target, page, "csv"))
		return stream_view(s, PART_CSV, page, own, stats_page_may_act(page, &ev));
	else if (has_option(target, page, "typed"))
		return stream_view(s, PART_TYPED, page, own, stats_page_may_act(page, &ev));
	else if (has_option(target, page, "json"))
		return stream_view(s, PART_JSON, page, own, stats_page_may_act(page, &ev));
	else if (has_option(target, page, "json-schema"))
		return stream_view(s, PART_SCHEMA, page, own, false);
	else if (has_option(target, page, "data"))
		return stream_view(s, PART_DATA, page, own, stats_page_may_act(page, &ev));
	else
		give_page(s);
	return true;
}

/* ---- pieces ---- */

static void add_json_text(struct strbuf *out, const char *text)
{
	stats_add_json_string(out, text, true);
}

static void add_json_value(struct strbuf *out, const struct stats_value *value)
{
	if (value->type == STATS_STR)
		add_json_text(out, value->s ? value->s : "");
	else if (value->type == STATS_NONE)
		strbuf_add_str(out, "null");
	else
		stats_add_value(out, value);
}

/* What the page must know before its rows: {"usher":{...},"info":{...},"columns":[...],"rows":[ */
static void add_preface(struct view *v)
{
	struct info info;
	char room[GLOBAL_NODE_MAX];
	bool any = false;

	info_fill(&info);
	strbuf_addf(&v->out, "{\"page\":{\"uri\":");
	add_json_text(&v->out, v->page->uri);
	strbuf_addf(&v->out, ",\"admin\":%s,\"refresh_ms\":%u,\"version\":%s", v->may_act ? "true" : "false", v->page->refresh_ms,
		v->page->hide_version ? "false" : "true");
	if (v->page->show_node) {
		strbuf_add_str(&v->out, ",\"node\":");
		add_json_text(&v->out, v->page->node ? v->page->node : global_node(room));
	}
	if (v->page->show_desc) {
		strbuf_add_str(&v->out, ",\"desc\":");
		add_json_text(&v->out, v->page->desc ? v->page->desc : global.description ? global.description : "");
	}
	strbuf_add_str(&v->out, "},\"info\":{");
	for (int i = 0; i < INFO_FIELD_COUNT; i++) {
		if (info.values[i].type == STATS_NONE || (v->page->hide_version && (i == INFO_VERSION || i == INFO_BUILD)))
			continue;
		strbuf_addf(&v->out, "%s\"%s\":", any ? "," : "", info_fields[i].name);
		add_json_value(&v->out, &info.values[i]);
		any = true;
	}
	strbuf_add_str(&v->out, "},\"columns\":[");
	for (int i = 0; i < STATS_STATIC_COUNT; i++)
		strbuf_addf(&v->out, "%s\"%s\"", i ? "," : "", stats_columns[i].name);
	strbuf_add_str(&v->out, ",\"latency\"],\"latency_from_us\":[");
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
		strbuf_addf(&v->out, "%s%llu", i ? "," : "", (unsigned long long)counters_latency_from_us(i));
	strbuf_add_str(&v->out, "],\"rows\":[");
}

/* How many answers came how fast, from the first bucket with any to the last: [first, n, n ...], or null. */
static void add_latency(struct view *v)
{
	uint64_t n[LATENCY_BUCKETS];
	int first = 0, last = LATENCY_BUCKETS - 1;

	counters_latency_sum(v->row.counters, n);
	while (first <= last && n[first] == 0)
		first++;
	while (last > first && n[last] == 0)
		last--;
	if ((v->row.kind != STATS_SERVER && v->row.kind != STATS_BACKEND) || first > last) {
		strbuf_add_str(&v->out, ",null");
		return;
	}
	strbuf_addf(&v->out, ",[%d", first);
	for (int i = first; i <= last; i++)
		strbuf_addf(&v->out, ",%llu", (unsigned long long)n[i]);
	strbuf_add_byte(&v->out, ']');
}

static void add_data_row(struct view *v)
{
	for (int i = 0; i < STATS_STATIC_COUNT; i++) {
		strbuf_add_str(&v->out, i ? "," : v->any ? ",\n[" : "\n[");
		struct stats_value value = stats_value_of(&v->row, (enum stats_column)i);
		add_json_value(&v->out, &value);
	}
	add_latency(v);
	strbuf_add_byte(&v->out, ']');
}

/* "],"proxy":[{...}, ...],"offenders":[": what each listener has seen of the PROXY protocol. */
static void add_proxy_panel(struct view *v)
{
	const struct proxy *px;
	struct listener *l;
	bool any = false;

	strbuf_add_str(&v->out, "],\"proxy\":[");
	TAILQ_FOREACH(px, &proxies, link) {
		if (px->internal || !stats_page_shows(v->page, v->own, px))
			continue;
		TAILQ_FOREACH(l, &px->listeners, link) {
			struct counters c;
			counters_sum(&l->counters, &c);
			strbuf_addf(&v->out, "%s\n{\"frontend\":", any ? "," : "");
			add_json_text(&v->out, px->name);
			strbuf_addf(&v->out, ",\"listener\":%lld,\"conn\":%llu", (long long)l->set.id, (unsigned long long)c.conn);
#define FIELD(name) strbuf_addf(&v->out, ",\"" #name "\":%llu", (unsigned long long)c.pp_##name)
			FIELD(v1), FIELD(v2), FIELD(local), FIELD(missing_allowed), FIELD(missing_refused), FIELD(ignored), FIELD(rejected);
			FIELD(version_refused), FIELD(timeout), FIELD(truncated), FIELD(probe), FIELD(health_up), FIELD(health_down), FIELD(shadow);
#undef FIELD
			strbuf_add_str(&v->out, ",\"errors\":{");
			for (int r = 1, n = 0; r < PP_REASON_COUNT; r++)
				if (c.pp_errors[r])
					strbuf_addf(&v->out, "%s\"%s\":%llu", n++ ? "," : "", pp_reason_name((enum pp_reason)r),
						(unsigned long long)c.pp_errors[r]);
			strbuf_add_str(&v->out, "}}");
			any = true;
		}
	}
	strbuf_add_str(&v->out, "],\"offenders\":[");
}

/* The next of the last offenders; false behind them. */
static bool add_offender(struct view *v)
{
	struct pp_error e;
	struct strbuf line = STRBUF_EMPTY;

	while (pp_errors_get(v->next_offender, &e)) {
		v->next_offender = e.number + 1;
		if (!stats_page_shows(v->page, v->own, e.listener->px))
			continue;
		if (v->offenders_shown++)
			strbuf_add_byte(&v->out, ',');
		pp_error_line(&e, &line);
		strbuf_add_byte(&line, '\0');
		add_json_text(&v->out, line.ptr);
		strbuf_free(&line);
		return true;
	}
	return false;
}

/* The next row of a proxy that is shown; false behind the last. */
static bool next_row(struct view *v)
{
	while (stats_next(&v->walk, &v->row)) {
		if (stats_page_shows(v->page, v->own, v->walk.px))
			return true;
	}
	return false;
}

static void make_more(struct view *v)
{
	if (v->part == PART_SCHEMA) {
		strbuf_add_str(&v->out, stats_schema);
		v->ended = true;
		return;
	}
	if (!v->any && v->part == PART_CSV)
		stats_csv_header(&v->out);
	if (!v->any && v->part == PART_JSON)
		strbuf_add_byte(&v->out, '[');
	if (!v->any && v->part == PART_DATA && !v->offenders)
		add_preface(v);
	if (!v->offenders && next_row(v)) {
		if (v->part == PART_CSV) {
			stats_csv_row(&v->out, &v->row);
		} else if (v->part == PART_TYPED) {
			stats_typed_row(&v->out, &v->row, false);
		} else if (v->part == PART_DATA) {
			add_data_row(v);
		} else {
			if (v->any)
				strbuf_add_byte(&v->out, ',');
			stats_json_row(&v->out, &v->row);
		}
		v->any = true;
		return;
	}
	if (v->part == PART_DATA) {
		if (!v->offenders)
			add_proxy_panel(v);
		v->offenders = true;
		if (add_offender(v))
			return;
		strbuf_add_str(&v->out, "]}\n");
	} else if (v->part == PART_JSON) {
		strbuf_add_str(&v->out, "]\n");
	}
	v->ended = true;
}

static enum service_result run(struct stream *s)
{
	struct view *v = s->service_state;

	if (v->out_at == v->out.len) {
		v->out_at = 0;
		strbuf_clear(&v->out);
		while (!v->ended && v->out.len < SERVICE_PIECE)
			make_more(v);
	}
	size_t n = v->out.len - v->out_at, room = service_room(s, n);
	if (n > room)
		n = room;
	if (n && service_write(s, slice_make(v->out.ptr + v->out_at, n)))
		v->out_at += n;
	return v->ended && v->out_at == v->out.len ? SERVICE_END : SERVICE_MORE;
}

static void end(struct stream *s)
{
	struct view *v = s->service_state;

	if (v)
		strbuf_free(&v->out);
	free(v);
	s->service_state = NULL;
}

SERVICE(stats_page) = { .keyword = "stats-page", .usage = "stats enable", .log_name = "<STATS>", .http = true, .takes_forms = true,
	.start = start, .run = run, .end = end };
