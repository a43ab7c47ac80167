/* SPDX-License-Identifier: Apache-2.0
 *
 * Cookies of requests (req.cook), of answers (res.cook), and of either (cookie), with their counts, numbers
 * and names. Conditions look at each; others at the last of the name, or the first of all. One thread.
 */
#include "proxy/http_view.h"
#include "rule/fetch.h"
#include "wire/cookie.h"

#define PHASE_ANSWER (PHASE_RESPONSE | PHASE_CHECK)
#define PHASE_EITHER (PHASE_REQUEST | PHASE_ANSWER)

/* The next cookie of a head; with a name, of those that have it. */
static bool next_cookie(const struct http_head *h, bool response, struct slice name, struct fetch_walk *w, struct cookie *c)
{
	for (;;) {
		if (!w->begun) {
			int at = http_head_find(h, response ? HTTP_FIELD_SET_COOKIE : HTTP_FIELD_COOKIE, w->field);

			if (at < 0)
				return false;
			w->field = at + 1;
			w->rest = h->fields[at].value;
			w->begun = true;
		}
		while (response ? set_cookie_next(&w->rest, c) : cookie_next(&w->rest, c))
			if (name.len == 0 || slice_eq(c->name, name))
				return true;
		w->begun = false;
	}
}

static enum eval_result get_one(const struct args *a, struct eval *ev, bool response, struct value *out)
{
	struct slice name = a->v[0].str;
	struct fetch_walk w = { 0 };
	const struct http_head *h;
	struct cookie c;
	enum eval_result r = http_see_head(ev, response, &h);
	bool found = false;

	if (r != EVAL_OK)
		return r;
	while (!(found && name.len == 0) && next_cookie(h, response, name, &w, &c)) {
		*out = value_str(c.value);
		found = true;
	}
	return found ? EVAL_OK : EVAL_NONE;
}

static enum eval_result get_next(const struct args *a, struct eval *ev, bool response, struct fetch_walk *w, struct value *out)
{
	const struct http_head *h;
	struct cookie c;
	enum eval_result r = http_see_head(ev, response, &h);

	if (r != EVAL_OK)
		return r;
	if (!next_cookie(h, response, a->v[0].str, w, &c))
		return EVAL_NONE;
	*out = value_str(c.value);
	return EVAL_OK;
}

static enum eval_result get_count(const struct args *a, struct eval *ev, bool response, struct value *out)
{
	struct fetch_walk w = { 0 };
	const struct http_head *h;
	struct cookie c;
	int64_t count = 0;
	enum eval_result r = http_see_head(ev, response, &h);

	if (r != EVAL_OK)
		return r;
	while (next_cookie(h, response, a->v[0].str, &w, &c))
		count++;
	*out = value_int(count);
	return EVAL_OK;
}

/* Names of all, in their order, by commas or the delimiter. */
static enum eval_result get_names(const struct args *a, struct eval *ev, bool response, struct value *out)
{
	char delim = a->v[0].str.len ? a->v[0].str.ptr[0] : ',';
	struct fetch_walk w = { 0 };
	const struct http_head *h;
	struct cookie c;
	size_t len = 0;
	enum eval_result r = http_see_head(ev, response, &h);

	if (r != EVAL_OK)
		return r;
	while (next_cookie(h, response, SLICE(""), &w, &c))
		len += c.name.len + 1;
	char *text = arena_alloc(ev->arena, len + 1), *at = text;
	if (text == NULL)
		return EVAL_NONE;
	w = (struct fetch_walk){ 0 };
	while (next_cookie(h, response, SLICE(""), &w, &c)) {
		if (at > text)
			*at++ = delim;
		if (c.name.len)
			memcpy(at, c.name.ptr, c.name.len);
		at += c.name.len;
	}
	*out = value_str(slice_make(text, (size_t)(at - text)));
	return len ? EVAL_OK : EVAL_NONE;
}

static enum eval_result to_number(enum eval_result r, struct eval *ev, struct value *v)
{
	return r == EVAL_OK && !value_cast(v, VALUE_INT, ev->arena) ? EVAL_NONE : r;
}

#define SIDE(side, response) \
	static enum eval_result side##_text(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		return get_one(a, ev, response, out); \
	} \
	static enum eval_result side##_text_next(const struct args *a, struct eval *ev, struct fetch_walk *w, struct value *out) \
	{ \
		return get_next(a, ev, response, w, out); \
	}
#define SIDE_MORE(side, response) \
	static enum eval_result side##_number(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		return to_number(get_one(a, ev, response, out), ev, out); \
	} \
	static enum eval_result side##_number_next(const struct args *a, struct eval *ev, struct fetch_walk *w, struct value *out) \
	{ \
		return to_number(get_next(a, ev, response, w, out), ev, out); \
	} \
	static enum eval_result side##_count(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		return get_count(a, ev, response, out); \
	} \
	static enum eval_result side##_names(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		return get_names(a, ev, response, out); \
	}

SIDE(either, ev->response)
SIDE(request, false)
SIDE_MORE(request, false)
SIDE(answer, true)
SIDE_MORE(answer, true)

#define COOKIE(ident, word, kind, where, fn) \
	FETCH(ident) = { .keyword = word, .usage = word "[(<name>)]", .args = ";s", .type = kind, .phases = where, .get = fn, \
		.next = fn##_next }
#define COOKIES(ident, word, argument, kind, where, fn) \
	FETCH(ident) = { .keyword = word, .usage = word "[(<" argument ">)]", .args = ";s", .type = kind, .phases = where, .get = fn }

COOKIE(cookie, "cookie", VALUE_STR, PHASE_EITHER, either_text);
COOKIE(cook, "cook", VALUE_STR, PHASE_REQUEST, request_text);
COOKIE(cook_val, "cook_val", VALUE_INT, PHASE_REQUEST, request_number);
COOKIES(cook_cnt, "cook_cnt", "name", VALUE_INT, PHASE_REQUEST, request_count);
COOKIE(req_cook, "req.cook", VALUE_STR, PHASE_REQUEST, request_text);
COOKIE(req_cook_val, "req.cook_val", VALUE_INT, PHASE_REQUEST, request_number);
COOKIES(req_cook_cnt, "req.cook_cnt", "name", VALUE_INT, PHASE_REQUEST, request_count);
COOKIES(req_cook_names, "req.cook_names", "delimiter", VALUE_STR, PHASE_REQUEST, request_names);
COOKIE(res_cook, "res.cook", VALUE_STR, PHASE_ANSWER, answer_text);
COOKIE(res_cook_val, "res.cook_val", VALUE_INT, PHASE_ANSWER, answer_number);
COOKIES(res_cook_cnt, "res.cook_cnt", "name", VALUE_INT, PHASE_ANSWER, answer_count);
COOKIES(res_cook_names, "res.cook_names", "delimiter", VALUE_STR, PHASE_ANSWER, answer_names);
COOKIE(scook, "scook", VALUE_STR, PHASE_ANSWER, answer_text);
COOKIE(scook_val, "scook_val", VALUE_INT, PHASE_ANSWER, answer_number);
COOKIES(scook_cnt, "scook_cnt", "name", VALUE_INT, PHASE_ANSWER, answer_count);
