/* SPDX-License-Identifier: Apache-2.0
 *
 * normalize-uri: the request's target in one of the normal forms of RFC 3986. A strict form answers 400 to a target
 * that has none. One thread.
 */
#include "base/units.h"
#include "proxy/http_edit.h"
#include "proxy/http_reply.h"
#include "wire/uri.h"

static bool take_normaliser(struct conf_line *l, int64_t *how)
{
	const char *names[URI_NORMALISER_COUNT], *word = conf_need(l, "a normalizer"), *near;

	if (word == NULL)
		return false;
	for (int i = 0; i < URI_NORMALISER_COUNT; i++) {
		names[i] = uri_normaliser_name((enum uri_normaliser)i);
		if (strcmp(word, names[i]) == 0) {
			*how = i;
			return true;
		}
	}
	near = nearest_word(slice_of(word), names, URI_NORMALISER_COUNT);
	return conf_fail(l, "unknown normalizer '%s'%s%s%s", word, near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "");
}

/* num: which one; ptr: not NULL with its option. */
static bool normalize_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	if (!take_normaliser(l, &r->num))
		return false;
	const char *option = uri_normaliser_option((enum uri_normaliser)r->num);
	if (option && conf_take_if(l, option))
		r->ptr = r;
	return true;
}

static enum action_result normalize_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct stream *s = ev->stream;
	struct slice was = http_edit_head(ev)->target;
	enum uri_normaliser how = (enum uri_normaliser)r->num;
	char *out = arena_alloc(ev->arena, was.len * (how == URI_FRAGMENT_ENCODE ? 3 : 1) + 1);

	if (out == NULL)
		return http_edit_failed(ev, cur);
	ssize_t n = uri_normalise(how, r->ptr != NULL, was, out);
	if (n < 0) {
		s->reason = CLOSE_REFUSED;
		http_reply_error(s, 400);
		return ACTION_STOP;
	}
	struct slice is = slice_make(out, (size_t)n);
	return slice_eq(is, was) || http_edit_target(ev, is) ? ACTION_DONE : http_edit_failed(ev, cur);
}

ACTION(normalize_uri) = {
	.keyword = "normalize-uri", .usage = "normalize-uri <normalizer> [full | strict]", .where = RULES_HTTP_REQ,
	.parse = normalize_parse, .run = normalize_run,
};
