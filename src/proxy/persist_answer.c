/* SPDX-License-Identifier: Apache-2.0
 *
 * Cookies of answers: what the server sets under the persistence cookie's name is changed or taken out, and a
 * cookie is added for clients that have none for this server. One thread.
 */
#include "core/clock.h"
#include "proxy/persist.h"
#include "wire/cookie.h"
#include "wire/cookie_mark.h"

static bool is_set_cookie(const struct http_field *f)
{
	return f->id == HTTP_FIELD_SET_COOKIE || (f->name.len == 11 && slice_eq_nocase(f->name, SLICE("set-cookie2")));
}

/* The cookie that a field sets: the first thing in it, when it has the name. */
static bool sets(struct slice field, struct slice name, struct cookie *c)
{
	struct slice rest = field;

	return set_cookie_next(&rest, c) && c->whole.ptr == slice_trim(field).ptr && slice_eq(c->name, name);
}

/* "name=mark<between>value" in the place of a cookie, and what stands behind it as before. */
static struct slice marked(struct stream *s, struct slice field, const struct cookie *c, struct slice mark, bool keep_value)
{
	struct slice behind = slice_from(field, (size_t)(c->value.ptr + c->value.len - field.ptr));
	char *out = arena_alloc(&s->arena, field.len + mark.len + 2), *p = out;

	if (out == NULL)
		return field;
	p = mempcpy(p, c->name.ptr, c->name.len);
	*p++ = '=';
	p = mempcpy(p, mark.ptr, mark.len);
	if (keep_value) {
		*p++ = '~';
		p = mempcpy(p, c->value.ptr, c->value.len);
	}
	p = mempcpy(p, behind.ptr, behind.len);
	return slice_make(out, (size_t)(p - out));
}

/* What the server sets itself; true when there was any. */
static bool take_servers_own(struct stream *s, struct persist_txn *p, struct slice mark)
{
	const struct cookie_settings *set = s->be->set.cookie;
	struct http_head *h = &s->http->res;
	bool kept = p->server == s->server, removes = (set->insert || (set->indirect && kept)) && !set->preserve;
	bool found = false;
	struct cookie c;

	for (int i = 0; i < h->n; i++) {
		struct http_field *f = &h->fields[i];
		if (!is_set_cookie(f) || !sets(f->value, set->name, &c))
			continue;
		found = true;
		if (removes) {
			http_head_remove(h, i--);
			p->answer = 'D';
		} else if ((set->rewrite || (set->prefix && !set->preserve)) && mark.ptr) {
			f->value = marked(s, f->value, &c, mark, set->prefix);
			p->answer = 'R';
		} else if (p->answer == 'N') {
			p->answer = 'P';
		}
	}
	return found;
}

/* ---- adding ours ---- */

/* Whether the cookie that led here is to be sent again for its dates: some are missing, old, or no longer wanted. */
static bool is_outdated(const struct cookie_settings *set, const struct persist_txn *p, uint32_t now)
{
	return (set->maxidle_s && p->last == 0) || (p->last && p->last < now) || (set->maxlife_s != 0) != (p->first != 0);
}

static bool add_cookie(struct stream *s, const struct persist_txn *p, struct slice mark, uint32_t now)
{
	const struct cookie_settings *set = s->be->set.cookie;
	struct slice gone = SLICE("; Expires=Thu, 01-Jan-1970 00:00:01 GMT"), end = mark.ptr ? SLICE("") : gone;
	char *out = arena_alloc(&s->arena, set->name.len + 1 + mark.len + 2 * (1 + COOKIE_DATE_LEN) + end.len + set->tail.len), *c = out;

	if (out == NULL)
		return false;
	c = mempcpy(c, set->name.ptr, set->name.len);
	*c++ = '=';
	if (mark.ptr)
		c = mempcpy(c, mark.ptr, mark.len);
	if (mark.ptr && (set->maxidle_s || set->maxlife_s)) {
		*c++ = '|';
		cookie_date_write(now, c);
		c += COOKIE_DATE_LEN;
	}
	if (mark.ptr && set->maxlife_s) {
		*c++ = '|';
		cookie_date_write(p->server == s->server && p->first ? p->first : now, c);
		c += COOKIE_DATE_LEN;
	}
	c = mempcpy(c, end.ptr, end.len);
	c = mempcpy(c, set->tail.ptr, set->tail.len);
	return http_head_add(&s->http->res, SLICE("set-cookie"), slice_make(out, (size_t)(c - out)));
}

/* Whether a cache between us and the client might give this answer to others. It says so itself, by an age, a date, or
 * something to ask again with. */
static bool is_cacheable(const struct stream *s)
{
	const struct http_head *h = &s->http->res;
	bool may = false;

	if (s->http->method != HTTP_GET && s->http->method != HTTP_HEAD)
		return false;
	for (int i = 0; i < h->n; i++) {
		struct slice name = h->fields[i].name, rest = h->fields[i].value, word;
		bool pragma = slice_eq_nocase(name, SLICE("pragma"));
		may |= h->fields[i].id == HTTP_FIELD_ETAG || slice_eq_nocase(name, SLICE("expires")) ||
		       slice_eq_nocase(name, SLICE("last-modified"));
		if (h->fields[i].id != HTTP_FIELD_CACHE_CONTROL && !pragma)
			continue;
		while (http_list_next(&rest, &word)) {
			if (slice_eq_nocase(word, SLICE("no-cache")))
				return false;
			if (pragma)
				continue;
			if (slice_eq_nocase(word, SLICE("no-store")) || slice_eq_nocase(word, SLICE("private")))
				return false;
			ptrdiff_t equal = slice_find_byte(word, '=');
			word.len = equal < 0 ? word.len : (size_t)equal;
			may |= slice_eq_nocase(word, SLICE("max-age")) || slice_eq_nocase(word, SLICE("s-maxage")) ||
			       slice_eq_nocase(word, SLICE("public"));
		}
	}
	return may;
}

void persist_answer(struct stream *s)
{
	const struct cookie_settings *set = s->be->set.cookie;
	struct persist_txn *p = s->http->persist;
	struct slice mark = slice_of(__atomic_load_n(&s->server->cookie, __ATOMIC_ACQUIRE));
	uint32_t now;

	if (p->ignored)
		return;
	bool found = take_servers_own(s, p, mark);
	if (!set->insert || (found && set->preserve) || (set->postonly && s->http->method != HTTP_POST))
		return;
	now = cookie_date((uint64_t)clock_wall().tv_sec);
	if (p->server == s->server && !is_outdated(set, p, now))
		return;
	if (!add_cookie(s, p, mark, now)) {
		COUNT(&s->be->be, failed_rewrites);
		return;
	}
	p->answer = p->server == s->server ? 'U' : 'I';
	if (set->nocache && is_cacheable(s) && !http_head_add(&s->http->res, SLICE("cache-control"), SLICE("private")))
		COUNT(&s->be->be, failed_rewrites);
}
