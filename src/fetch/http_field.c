/* SPDX-License-Identifier: Apache-2.0
 *
 * Header fields: hdr() by comma-separated values and fhdr() by whole fields, with their counts, addresses
 * (_ip) and numbers (_val), of requests (req.), answers (res.) and either. Conditions look at every
 * value, all others at the last, or at the occurrence they name. One thread.
 */
#include "proxy/http_view.h"
#include "rule/fetch.h"

#define PHASE_ANSWER (PHASE_RESPONSE | PHASE_CHECK)
#define PHASE_EITHER (PHASE_REQUEST | PHASE_ANSWER)

/* The values of one name (none: of all fields), one by one. */
struct values {
	const struct http_head *h;
	struct slice name;
	enum http_field_id id;
	bool whole;
};

static bool next_value(const struct values *v, struct fetch_walk *w, struct slice *out)
{
	for (;;) {
		if (!w->begun) {
			int at = v->name.len ? http_head_find_known(v->h, v->id, v->name, w->field) : w->field;

			if (at < 0 || at >= v->h->n)
				return false;
			w->field = at + 1;
			w->rest = v->h->fields[at].value;
			w->begun = true;
		}
		if (v->whole) {
			w->begun = false;
			*out = w->rest;
			return true;
		}
		if (http_value_next(&w->rest, out))
			return true;
		w->begun = false;
	}
}

static enum eval_result open_values(const struct args *a, struct eval *ev, bool response, bool whole, struct values *v)
{
	v->name = a->v[0].str;
	v->id = (enum http_field_id)(uintptr_t)a->priv;
	v->whole = whole;
	return http_see_head(ev, response, &v->h);
}

/* The occurrence: 1 is the first, -1 and 0 the last. */
static bool value_at(const struct values *v, int64_t occurrence, struct slice *out)
{
	struct fetch_walk w = { 0 };
	bool found = false;

	if (occurrence < -1) { /* counted from the end: how many are there? */
		while (next_value(v, &w, out))
			occurrence++;
		w = (struct fetch_walk){ 0 };
		if (++occurrence < 1)
			return false;
	}
	while (next_value(v, &w, out)) {
		found = true;
		if (occurrence > 0 && --occurrence == 0)
			return true;
	}
	return found && occurrence <= 0;
}

/* ---- what is made of a value ---- */

static bool give_text(struct slice s, struct value *out)
{
	*out = value_str(s);
	return true;
}

/* As far as it is one: "12abc" is 12, "abc" is 0. */
static bool give_number(struct slice s, struct value *out)
{
	*out = value_str(s);
	return value_cast(out, VALUE_INT, NULL);
}

/* An address, maybe with a port, which is dropped: "1.2.3.4:80", "::1", "[::1]:80" (RFC 7239 section 6). */
static bool give_address(struct slice s, struct value *out)
{
	ptrdiff_t colon = slice_find_byte(s, ':');
	uint64_t port = 0;
	struct addr ip;

	if (s.len && s.ptr[0] == '[') {
		ptrdiff_t close = slice_find_byte(s, ']');
		struct slice behind = close < 0 ? s : slice_from(s, (size_t)close + 1);
		if (close < 0 || (behind.len && (behind.ptr[0] != ':' || !slice_to_u64(slice_from(behind, 1), &port))))
			return false;
		s = slice_make(s.ptr + 1, (size_t)close - 1);
		if (slice_find_byte(s, ':') < 0)
			return false;
	} else if (colon >= 0 && slice_find_byte(slice_from(s, (size_t)colon + 1), ':') < 0) {
		if (!slice_to_u64(slice_from(s, (size_t)colon + 1), &port))
			return false;
		s.len = (size_t)colon;
	}
	if (port > UINT16_MAX || !addr_parse_ip(s, &ip))
		return false;
	*out = value_addr(ip);
	return true;
}

/* ---- the fetches ---- */

static enum eval_result get_one(const struct args *a, struct eval *ev, bool response, bool whole, bool (*give)(struct slice, struct value *), struct value *out)
{
	struct values v;
	struct slice s;
	enum eval_result r = open_values(a, ev, response, whole, &v);

	if (r != EVAL_OK)
		return r;
	return v.name.len && value_at(&v, a->v[1].num, &s) && give(s, out) ? EVAL_OK : EVAL_NONE;
}

/* Those that give() cannot take are passed over. */
static enum eval_result get_next(const struct args *a, struct eval *ev, bool response, bool whole, bool (*give)(struct slice, struct value *),
	struct fetch_walk *w, struct value *out)
{
	struct values v;
	struct slice s;
	enum eval_result r;

	if (a->v[1].num) {
		if (w->begun)
			return EVAL_NONE;
		w->begun = true;
		return get_one(a, ev, response, whole, give, out);
	}
	r = open_values(a, ev, response, whole, &v);
	if (r != EVAL_OK)
		return r;
	while (next_value(&v, w, &s))
		if (give(s, out))
			return EVAL_OK;
	return EVAL_NONE;
}

static enum eval_result get_count(const struct args *a, struct eval *ev, bool response, bool whole, struct value *out)
{
	struct fetch_walk w = { 0 };
	struct values v;
	struct slice s;
	int64_t count = 0;
	enum eval_result r = open_values(a, ev, response, whole, &v);

	if (r != EVAL_OK)
		return r;
	while (next_value(&v, &w, &s))
		count++;
	*out = value_int(count);
	return EVAL_OK;
}

/* Functions for one side and way of counting. */
#define SIDE(side, response, whole) \
	SIDE_VALUE(side, response, whole, text) \
	SIDE_VALUE(side, response, whole, number) \
	SIDE_VALUE(side, response, whole, address) \
	static enum eval_result side##_count(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		return get_count(a, ev, response, whole, out); \
	}
#define SIDE_VALUE(side, response, whole, what) \
	__attribute__((unused)) static enum eval_result side##_##what(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		return get_one(a, ev, response, whole, give_##what, out); \
	} \
	__attribute__((unused)) static enum eval_result side##_##what##_next(const struct args *a, struct eval *ev, \
		struct fetch_walk *w, struct value *out) \
	{ \
		return get_next(a, ev, response, whole, give_##what, w, out); \
	}

SIDE(request, false, false)
SIDE(answer, true, false)
SIDE(whole_request, false, true)
SIDE(whole_answer, true, true)
SIDE_VALUE(either, ev->response, false, text)

/* Known names are looked for by number. */
static bool note_number(struct args *a, struct strbuf *err)
{
	(void)err;
	a->priv = (void *)(uintptr_t)http_field_id_of(a->v[0].str);
	return true;
}

#define FIELD(ident, word, kind, where, fn) \
	FETCH(ident) = { .keyword = word, .usage = word "(<name>[,<occurrence>])", .args = ";si", .type = kind, .phases = where, \
		.check = note_number, .get = fn, .next = fn##_next }
#define COUNT_OF_FIELDS(ident, word, where, fn) \
	FETCH(ident) = { .keyword = word, .usage = word "[(<name>)]", .args = ";s", .type = VALUE_INT, .phases = where, \
		.check = note_number, .get = fn }

FIELD(hdr, "hdr", VALUE_STR, PHASE_EITHER, either_text);
FIELD(hdr_ip, "hdr_ip", VALUE_ADDR, PHASE_REQUEST, request_address);
FIELD(hdr_val, "hdr_val", VALUE_INT, PHASE_REQUEST, request_number);
COUNT_OF_FIELDS(hdr_cnt, "hdr_cnt", PHASE_REQUEST, request_count);
FIELD(req_hdr, "req.hdr", VALUE_STR, PHASE_REQUEST, request_text);
FIELD(req_hdr_ip, "req.hdr_ip", VALUE_ADDR, PHASE_REQUEST, request_address);
FIELD(req_hdr_val, "req.hdr_val", VALUE_INT, PHASE_REQUEST, request_number);
COUNT_OF_FIELDS(req_hdr_cnt, "req.hdr_cnt", PHASE_REQUEST, request_count);
FIELD(req_fhdr, "req.fhdr", VALUE_STR, PHASE_REQUEST, whole_request_text);
COUNT_OF_FIELDS(req_fhdr_cnt, "req.fhdr_cnt", PHASE_REQUEST, whole_request_count);
FIELD(res_hdr, "res.hdr", VALUE_STR, PHASE_ANSWER, answer_text);
FIELD(res_hdr_ip, "res.hdr_ip", VALUE_ADDR, PHASE_ANSWER, answer_address);
FIELD(res_hdr_val, "res.hdr_val", VALUE_INT, PHASE_ANSWER, answer_number);
COUNT_OF_FIELDS(res_hdr_cnt, "res.hdr_cnt", PHASE_ANSWER, answer_count);
FIELD(res_fhdr, "res.fhdr", VALUE_STR, PHASE_ANSWER, whole_answer_text);
COUNT_OF_FIELDS(res_fhdr_cnt, "res.fhdr_cnt", PHASE_ANSWER, whole_answer_count);
FIELD(shdr, "shdr", VALUE_STR, PHASE_ANSWER, answer_text);
FIELD(shdr_ip, "shdr_ip", VALUE_ADDR, PHASE_ANSWER, answer_address);
FIELD(shdr_val, "shdr_val", VALUE_INT, PHASE_ANSWER, answer_number);
COUNT_OF_FIELDS(shdr_cnt, "shdr_cnt", PHASE_ANSWER, answer_count);
