/* SPDX-License-Identifier: Apache-2.0
 *
 * balance uri: by the request's target up to the query, or with `whole` all of it; `len` and `depth` take its
 * beginning, `path-only` begins behind scheme and authority. Any thread.
 */
#include "proxy/hashing.h"
#include "proxy/http.h"
#include "wire/uri.h"

static bool uri_parse(struct conf_line *l, struct proxy *px, struct slice in_parens)
{
	struct balance_settings *set = &px->set.balancing;

	if (in_parens.ptr)
		return conf_fail(l, "'balance uri' takes its options as words: len <n>, depth <n>, whole, path-only");
	set->len = set->depth = 0;
	set->whole = set->path_only = false;
	while (conf_peek(l)) {
		if (conf_take_if(l, "len")) {
			if (!conf_need_int(l, "a length", 1, INT32_MAX, &set->len))
				return false;
		} else if (conf_take_if(l, "depth")) {
			if (!conf_need_int(l, "a number of slashes", 1, INT32_MAX, &set->depth))
				return false;
		} else if (conf_take_if(l, "whole")) {
			set->whole = true;
		} else if (conf_take_if(l, "path-only")) {
			set->path_only = true;
		} else {
			conf_take(l);
			return conf_fail(l, "expected 'len', 'depth', 'whole' or 'path-only'");
		}
	}
	return true;
}

/* The key within a target. A slash beyond `depth` ends it, wherever it stands. */
static struct slice uri_key(const struct balance_settings *set, struct slice target)
{
	size_t len = 0;
	int64_t slashes = 0;

	if (set->path_only) {
		struct uri parts;
		uri_split(target, &parts);
		target = parts.pathq.len ? parts.pathq : SLICE("");
	}
	for (; len < target.len && (set->len == 0 || len < (size_t)set->len); len++) {
		if (target.ptr[len] == '?' && !set->whole)
			break;
		if (target.ptr[len] == '/' && set->depth && ++slashes > set->depth)
			break;
	}
	return slice_make(target.ptr, len);
}

static struct server *uri_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	struct slice key = { NULL, 0 };

	/* Once the head has left, for a retry, what came first is still known. */
	if (s->http)
		key = uri_key(&px->set.balancing, s->http->req_valid ? s->http->req.target : s->http->uri);
	return hashing_pick(px, s, avoid, key);
}

BALANCE(uri) = {
	.keyword = "uri",
	.usage = "balance uri [len <length>] [depth <slashes>] [whole] [path-only]",
	.http = true,
	.parse = uri_parse,
	.pick = uri_pick,
	HASHING_LEAF,
};
