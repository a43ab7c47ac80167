/* SPDX-License-Identifier: Apache-2.0
 *
 * Cookies of requests: which server a client's cookie means, and what of it the server gets to see; and the orders of
 * force-persist and ignore-persist. Answers are persist_answer.c. One thread.
 */
#include "proxy/persist.h"

#include "core/clock.h"
#include "wire/cookie.h"
#include "wire/cookie_mark.h"

/* Cookies from the future, of a server whose clock was wrong, are believed for so long. */
#define FUTURE_MAX_S 86400

enum persist_order persist_order_of(struct stream *s)
{
	const struct proxy *be = s->be;

	if (be->persist_rule_count == 0)
		return PERSIST_USUAL;
	struct eval ev = stream_eval(s, PHASE_USE_SERVER);
	ev.final = true;
	for (unsigned i = 0; i < be->persist_rule_count; i++)
		if (cond_eval(be->persist_rules[i].cond, &ev) == EVAL_OK)
			return be->persist_rules[i].force ? PERSIST_FORCE : PERSIST_IGNORE;
	return PERSIST_USUAL;
}

/* ---- what it means ---- */

static bool is_stale(uint32_t date, uint32_t limit_s, uint64_t now_s)
{
	uint64_t then_s = cookie_date_seconds(date);

	return limit_s && date && (then_s + limit_s < now_s || then_s > now_s + FUTURE_MAX_S);
}

/* Looks for the server of one cookie; the flag says how that went. */
static struct server *look_up(const struct proxy *be, struct slice value, bool to_any, struct persist_txn *p)
{
	const struct cookie_settings *set = be->set.cookie;
	struct cookie_mark m = { .server = value };
	struct server *any;

	if (set->prefix) {
		ptrdiff_t tilde = slice_find_byte(value, '~');
		if (tilde >= 0)
			m.server.len = (size_t)tilde;
	} else {
		m = cookie_mark_parse(value);
	}
	uint64_t now_s = (uint64_t)clock_wall().tv_sec;
	if (is_stale(m.first, set->maxlife_s, now_s) || is_stale(m.last, set->maxidle_s, now_s)) {
		p->request = is_stale(m.first, set->maxlife_s, now_s) ? 'O' : 'E';
		return NULL;
	}
	struct server *srv = persist_find(be, m.server, &any);
	if (srv)
		p->request = 'V';
	else if (any)
		p->request = 'D';
	else if (p->request == 'N')
		p->request = 'I';
	if (srv == NULL && to_any)
		srv = any;
	if (srv) {
		p->last = m.last;
		p->first = m.first;
	}
	return srv;
}

/* The first cookie that leads to a server counts. `used`: something else has chosen, or shall. */
static void read_request(struct stream *s, struct persist_txn *p, bool used, bool to_any)
{
	const struct http_head *h = &s->http->req;
	struct cookie c;

	for (int i = 0; (i = http_head_find(h, HTTP_FIELD_COOKIE, i)) >= 0; i++) {
		struct slice rest = h->fields[i].value;
		while (p->server == NULL && cookie_next(&rest, &c)) {
			if (!slice_eq(c.name, s->be->set.cookie->name))
				continue;
			if (used)
				p->request = 'U';
			else
				p->server = look_up(s->be, c.value, to_any, p);
		}
	}
}

/* ---- what the server does not see ---- */

/* The value without the marks of our prefixes, written to out, which has room for all of it. */
static size_t cut_prefixes(struct slice value, struct slice name, char *out)
{
	struct slice rest = value;
	struct cookie c;
	size_t n = 0, done = 0;

	while (cookie_next(&rest, &c)) {
		ptrdiff_t tilde = slice_eq(c.name, name) ? slice_find_byte(c.value, '~') : -1;
		if (tilde < 0)
			continue;
		size_t upto = (size_t)(c.value.ptr - value.ptr);
		memcpy(out + n, value.ptr + done, upto - done);
		n += upto - done;
		done = upto + (size_t)tilde + 1;
	}
	memcpy(out + n, value.ptr + done, value.len - done);
	return n + value.len - done;
}

static void hide_cookies(struct stream *s)
{
	const struct cookie_settings *set = s->be->set.cookie;
	struct http_head *h = &s->http->req;
	struct cookie c;

	if (!set->prefix && !(set->insert && set->indirect))
		return;
	for (int i = 0; (i = http_head_find(h, HTTP_FIELD_COOKIE, i)) >= 0; i++) {
		struct slice *value = &h->fields[i].value;
		if (!cookie_find(*value, set->name, &c))
			continue;
		char *out = arena_alloc(&s->arena, value->len);
		if (out == NULL)
			continue;
		*value = slice_make(out, set->prefix ? cut_prefixes(*value, set->name, out) : cookie_cut(*value, set->name, out));
		if (!set->prefix && value->len == 0)
			http_head_remove(h, i--);
	}
}

/* ---- choosing ---- */

/* Chosen before: its server did not take the stream, or a line it stood in was dissolved. */
static struct server *choose_again(struct stream *s, struct persist_txn *p, bool to_any)
{
	struct server *any, *srv = p->server;

	if (srv && s->avoid == NULL && !server_keeps_clients(srv) && !to_any && srv->cookie)
		srv = persist_find(s->be, slice_of(srv->cookie), &any);
	else if (srv && s->avoid)
		srv = NULL;
	if (p->server && srv == NULL && p->request == 'V')
		p->request = 'D';
	p->server = srv;
	return srv;
}

struct server *persist_choose(struct stream *s, struct server *by_rule, enum persist_order order)
{
	bool to_any = order == PERSIST_FORCE || s->be->set.persist;
	struct persist_txn *p = s->http->persist;

	if (p == NULL) {
		p = s->http->persist = arena_zalloc(&s->arena, sizeof(*p));
		if (p == NULL)
			return by_rule;
		p->request = p->answer = 'N';
		p->ignored = order == PERSIST_IGNORE;
		read_request(s, p, by_rule || p->ignored, to_any);
		hide_cookies(s);
	} else if (by_rule == NULL) {
		choose_again(s, p, to_any);
	}
	if (by_rule)
		p->server = by_rule;
	return p->server;
}

void persist_state(const struct stream *s, char out[static 2])
{
	const struct cookie_settings *set = s->be->set.cookie;
	const struct http_txn *t = s->http;

	out[0] = out[1] = '-';
	if (t == NULL || !t->req_parsed || set == NULL || !(set->insert || set->rewrite || set->prefix || set->indirect))
		return;
	out[0] = t->persist ? t->persist->request : 'N';
	out[1] = t->persist ? t->persist->answer : 'N';
}
