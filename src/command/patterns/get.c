/* SPDX-License-Identifier: Apache-2.0
 *
 * get map, get acl: what a sample finds in a list, a line for each way in which the configuration looks at
 * it. Any thread.
 */
#include "patterns.h"

static const char *value_type(const struct patref_use *u, struct slice text)
{
	struct addr a;

	if (u->out == VALUE_INT)
		return "sint";
	if (u->out == VALUE_ADDR)
		return addr_parse_ip(text, &a) && a.family == AF_INET6 ? "ipv6" : "ipv4";
	return "str";
}

static void add_value(struct strbuf *out, const struct patref_use *u, const struct pattern *p)
{
	const struct pattern_value *value = pattern_value(p);

	/* An ACL has no use for the value. */
	if (u->out == VALUE_ANY || !value) {
		strbuf_add_str(out, ", value=none");
		return;
	}
	strbuf_add_str(out, ", value=\"");
	pattern_write(out, slice_make(value->text, value->len));
	strbuf_addf(out, "\", type=\"%s\"", value_type(u, slice_make(value->text, value->len)));
}

static void add_use(struct strbuf *out, const struct patref_use *u, struct slice sample, bool map, struct arena *arena)
{
	const struct matcher *m = u->view->matcher;
	const struct pattern *p = NULL;
	struct value v = value_str(sample);

	if (m->engine && value_cast(&v, m->in, arena))
		p = pattern_view_find(u->view, &v, arena, NULL);
	strbuf_addf(out, "type=%s%s, case=%s, %s=%s", m->keyword, u->groups ? "m" : "",
		u->view->nocase ? "insensitive" : "sensitive", map ? "found" : "match", p ? "yes" : "no");
	if (p) {
		strbuf_addf(out, ", idx=%s, %s=\"", m->tree && !u->view->nocase ? "tree" : "list", map ? "key" : "pattern");
		pattern_write(out, pattern_key(p));
		strbuf_add_byte(out, '"');
		if (map)
			add_value(out, u, p);
	}
	strbuf_add_byte(out, '\n');
}

static bool get_start(struct cli *c, bool map)
{
	struct arena arena = ARENA_EMPTY;
	struct patref *r;

	if (c->arg_count < 2)
		return cli_refuse(c, "Missing %s identifier and/or key.", map ? "map" : "ACL");
	r = patterns_take_any(c, 0, map);
	if (!r)
		return false;
	for (const struct patref_use *u = r->uses; u; u = u->next)
		add_use(&c->out, u, slice_of(c->args[1]), map, &arena);
	arena_free(&arena);
	return true;
}

static bool get_map_start(struct cli *c) { return get_start(c, true); }
static bool get_acl_start(struct cli *c) { return get_start(c, false); }

COMMAND(get_map) = {
	.keyword = "get map", .usage = "get map <map> <value>", .text = "show which entries of a map a value finds",
	.start = get_map_start,
};
COMMAND(get_acl) = {
	.keyword = "get acl", .usage = "get acl <acl> <value>", .text = "show which patterns of an ACL a value matches",
	.start = get_acl_start,
};
