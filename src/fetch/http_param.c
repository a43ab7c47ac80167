/* SPDX-License-Identifier: Apache-2.0
 *
 * Parameters: urlp (url_param) and urlp_val of the target, req.body_param of a url-encoded body.
 * Conditions look at each of the name, or at all without one; others at the first. Nothing is decoded. One
 * thread.
 */
#include "proxy/http_view.h"
#include "rule/fetch.h"
#include "wire/uri.h"

/* Arguments: (<name>,<delimiter>,i) of targets, (<name>,i) of bodies. What was read is kept in num: the delimiter in the
 * second argument's, whether any case will do in the first's. */
#define DELIM(a) ((char)(a)->v[1].num)
#define NOCASE(a) ((a)->v[0].num != 0)

static bool take_flag(struct args *a, struct slice flag, struct strbuf *err)
{
	a->v[0].num = flag.len > 0;
	if (flag.len == 0 || slice_is(flag, "i"))
		return true;
	strbuf_addf(err, "'%.*s' is not 'i'", SLICE_FMT(flag));
	return false;
}

static bool url_check(struct args *a, struct strbuf *err)
{
	if (a->v[1].str.len > 1) {
		strbuf_add_str(err, "the delimiter is one character");
		return false;
	}
	a->v[1].num = a->v[1].str.len ? a->v[1].str.ptr[0] : '?';
	return take_flag(a, a->v[2].str, err);
}

static bool body_check(struct args *a, struct strbuf *err)
{
	struct slice flag = a->v[1].str;

	a->v[1].num = '&';
	return take_flag(a, flag, err);
}

static enum eval_result begin(const struct args *a, struct eval *ev, bool body, struct slice *rest)
{
	const struct http_head *h;
	uint64_t size;
	enum eval_result r;

	if (body)
		return http_see_body(ev, false, rest, &size);
	r = http_see_head(ev, false, &h);
	if (r != EVAL_OK)
		return r;
	return uri_params(h->target, DELIM(a), rest) ? EVAL_OK : EVAL_NONE;
}

/* The next of the rest; a walk's rest was begun. */
static enum eval_result next(const struct args *a, struct slice *rest, struct value *out)
{
	struct slice want = a->v[0].str, name, value;

	while (uri_param_next(rest, DELIM(a), &name, &value)) {
		if (want.len && !(NOCASE(a) ? slice_eq_nocase(name, want) : slice_eq(name, want)))
			continue;
		*out = value_str(value);
		return EVAL_OK;
	}
	return EVAL_NONE;
}

static enum eval_result walk(const struct args *a, struct eval *ev, bool body, struct fetch_walk *w, struct value *out)
{
	enum eval_result r = w->begun ? EVAL_OK : begin(a, ev, body, &w->rest);

	if (r != EVAL_OK)
		return r;
	w->begun = true;
	return next(a, &w->rest, out);
}

static enum eval_result urlp_next(const struct args *a, struct eval *ev, struct fetch_walk *w, struct value *out)
{
	return walk(a, ev, false, w, out);
}

static enum eval_result urlp_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct fetch_walk w = { 0 };

	return walk(a, ev, false, &w, out);
}

static enum eval_result urlp_val_next(const struct args *a, struct eval *ev, struct fetch_walk *w, struct value *out)
{
	enum eval_result r = walk(a, ev, false, w, out);

	return r == EVAL_OK && !value_cast(out, VALUE_INT, ev->arena) ? EVAL_NONE : r;
}

static enum eval_result urlp_val_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct fetch_walk w = { 0 };

	return urlp_val_next(a, ev, &w, out);
}

static enum eval_result body_next(const struct args *a, struct eval *ev, struct fetch_walk *w, struct value *out)
{
	return walk(a, ev, true, w, out);
}

static enum eval_result body_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct fetch_walk w = { 0 };

	return walk(a, ev, true, &w, out);
}

#define PARAM(ident, word, kind, fn) \
	FETCH(ident) = { .keyword = word, .usage = word "[(<name>[,<delimiter>[,i]])]", .args = ";sss", .type = kind, \
		.phases = PHASE_REQUEST, .check = url_check, .get = fn##_get, .next = fn##_next }

PARAM(urlp, "urlp", VALUE_STR, urlp);
PARAM(url_param, "url_param", VALUE_STR, urlp);
PARAM(urlp_val, "urlp_val", VALUE_INT, urlp_val);
FETCH(req_body_param) = { .keyword = "req.body_param", .usage = "req.body_param[(<name>[,i])]", .args = ";ss", .type = VALUE_STR,
	.phases = PHASE_REQUEST, .check = body_check, .get = body_get, .next = body_next };
