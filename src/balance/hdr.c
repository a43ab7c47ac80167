/* SPDX-License-Identifier: Apache-2.0
 *
 * balance hdr(<name>): by a header field, the first of its name and of a list the first element. With use_domain_only,
 * of "www.example.com:80" only "example" counts. Who has none, or an empty one, takes turns. Any thread.
 */
#include "proxy/hashing.h"
#include "proxy/http.h"
#include "rule/boot.h"

static bool hdr_parse(struct conf_line *l, struct proxy *px, struct slice in_parens)
{
	if (!http_is_token(in_parens))
		return conf_fail(l, "expected the name of a header field: hdr(<name>)");
	px->set.balancing.domain_only = conf_take_if(l, "use_domain_only");
	px->set.balancing.name = boot_copy(in_parens).ptr;
	return true;
}

/* What stands before the last dot, from the dot before that on; all of it where there is no such thing. */
static struct slice domain(struct slice host)
{
	size_t end = host.len, start;

	while (end > 0 && host.ptr[end - 1] != '.')
		end--;
	if (end < 2)
		return host;
	for (start = end - 1; start > 0 && host.ptr[start - 1] != '.';)
		start--;
	return slice_make(host.ptr + start, end - 1 - start);
}

static struct server *hdr_pick(struct proxy *px, struct stream *s, const struct server *avoid)
{
	const struct balance_settings *set = &px->set.balancing;
	const struct http_head *head = s->http && s->http->req_valid ? &s->http->req : NULL;
	int at = head ? http_head_find_name(head, slice_of(set->name), 0) : -1;
	struct slice key = { NULL, 0 };

	if (at >= 0) {
		struct slice list = head->fields[at].value;
		if (!http_list_next(&list, &key) || key.len == 0)
			key.ptr = NULL;
		else if (set->domain_only)
			key = domain(key);
	}
	return hashing_pick(px, s, avoid, key);
}

BALANCE(hdr) = {
	.keyword = "hdr",
	.usage = "balance hdr(<name>) [use_domain_only]",
	.http = true,
	.parse = hdr_parse,
	.pick = hdr_pick,
	HASHING_LEAF,
};
