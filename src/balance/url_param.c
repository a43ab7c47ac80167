/* SPDX-License-Identifier: Apache-2.0
 *
 * balance url_param <name>: by a parameter of the request's query, as it stands there. Parameters end at '&' alone. Who
 * has none, or an empty one, takes turns. Any thread.
 */
#include "proxy/hashing.h"
#include "proxy/http.h"
#include "rule/boot.h"

static bool url_param_parse(struct conf_line *l, struct proxy *px, struct slice in_parens)
{
	const char *name = in_parens.ptr ? NULL : conf_need(l, "the name of a parameter");

	if (in_parens.ptr)
		return conf_fail(l, "'balance url_param' takes the parameter's name as a word of its own");
	if (name == NULL)
		return false;
	if (conf_take_if(l, "check_post"))
		return conf_fail(l, "usher does not look for parameters in bodies");
	px->set.balancing.name = boot_copy(slice_of(name)).ptr;
	return true;
}

static struct slice parameter(struct slice target, struct slice name)
{
	ptrdiff_t mark = slice_find_byte(target, '?');
	struct slice rest = mark < 0 ? SLICE("") : slice_from(target, (size_t)mark + 1);

	while (rest.len) {
		ptrdiff_t end = slice_find_byte(rest, '&');
		struct slice one = end < 0 ? rest : slice_make(rest.ptr, (size_t)end);
		if (one.len > name.len + 1 && one.ptr[name.len] == '=' && slice_starts(one, name))
			return slice_from(one, name.len + 1);
		rest = slice_from(rest, one.len + 1);
	}
	return (struct slice){ NULL, 0 };
}

static struct server *url_param_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	struct slice key = { NULL, 0 };

	if (s->http)
		key = parameter(s->http->req_valid ? s->http->req.target : s->http->uri, slice_of(px->set.balancing.name));
	return hashing_pick(px, s, avoid, key);
}

BALANCE(url_param) = {
	.keyword = "url_param",
	.usage = "balance url_param <name>",
	.http = true,
	.parse = url_param_parse,
	.pick = url_param_pick,
	HASHING_LEAF,
};
