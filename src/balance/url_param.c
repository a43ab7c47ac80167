/* SPDX-License-Identifier: Apache-2.0
 *
 * balance url_param <name> [check_post]: by a parameter of the request's query, or else of a POST's body, as it stands
 * there. Parameters end at '&' alone. Who has none, or an empty one, takes turns. Any thread.
 */
#include "proxy/hashing.h"
#include "proxy/http_view.h"
#include "rule/boot.h"

static bool url_param_parse(struct conf_line *l, struct proxy *px, struct slice in_parens)
{
	const char *name = in_parens.ptr ? NULL : conf_need(l, "the name of a parameter");

	if (in_parens.ptr)
		return conf_fail(l, "'balance url_param' takes the parameter's name as a word of its own");
	if (name == NULL)
		return false;
	px->set.balancing.check_post = conf_take_if(l, "check_post");
	if (px->set.balancing.check_post && conf_peek(l)) {
		int64_t bytes; /* how long to wait for: HAProxy reads it and passes it over */
		if (!conf_need_int(l, "a number of bytes, which has no effect", 0, INT32_MAX, &bytes))
			return false;
	}
	px->set.balancing.name = boot_copy(slice_of(name)).ptr;
	return true;
}

static struct slice parameter(struct slice rest, struct slice name)
{
	while (rest.len) {
		ptrdiff_t end = slice_find_byte(rest, '&');
		struct slice one = end < 0 ? rest : slice_make(rest.ptr, (size_t)end);
		if (one.len > name.len + 1 && one.ptr[name.len] == '=' && slice_starts(one, name))
			return slice_from(one, name.len + 1);
		rest = slice_from(rest, one.len + 1);
	}
	return (struct slice){ NULL, 0 };
}

static struct slice query(struct slice target)
{
	ptrdiff_t mark = slice_find_byte(target, '?');

	return mark < 0 ? SLICE("") : slice_from(target, (size_t)mark + 1);
}

/* Of a body as far as it is here: it was waited for. Another choice, behind the request's head, finds none. */
static struct slice posted(struct stream *s, struct slice name)
{
	struct eval ev = stream_eval(s, PHASE_BE_REQ_HTTP);
	struct slice body;
	uint64_t size;

	if (s->http->method != HTTP_POST || http_see_body(&ev, false, &body, &size) != EVAL_OK)
		return (struct slice){ NULL, 0 };
	return parameter(body, name);
}

static struct server *url_param_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	struct slice key = { NULL, 0 }, name = slice_of(px->set.balancing.name);

	if (s->http)
		key = parameter(query(s->http->req_valid ? s->http->req.target : s->http->uri), name);
	if (s->http && key.len == 0 && px->set.balancing.check_post)
		key = posted(s, name);
	return hashing_pick(px, s, avoid, key);
}

BALANCE(url_param) = {
	.keyword = "url_param",
	.usage = "balance url_param <name> [check_post]",
	.http = true,
	.parse = url_param_parse,
	.pick = url_param_pick,
	HASHING_LEAF,
};
