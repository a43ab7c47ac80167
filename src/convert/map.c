/* SPDX-License-Identifier: Apache-2.0
 *
 * map(<file>[,<default>]) and its kin map_<match>[_<type>]: the value that a file gives to what was
 * fetched. The files are rule/patref's, so that operators can change them. Any thread.
 */
#include "rule/boot.h"
#include "rule/patref.h"
#include "rule/regex.h"

struct map {
	const struct pattern_view *view;
	enum value_type out;
	bool groups;          /* \1 in the value is a group of the match */
	bool has_default;
	struct value otherwise;
};

/* The arguments are the file and the default, which the declaration or this function reads as the output type. */
static bool check_map(struct args *a, const char *method, enum value_type out, bool groups, struct strbuf *err)
{
	const struct matcher *matcher = registry_find(&matcher_registry, slice_of(method));
	struct map *m = boot_alloc(sizeof(*m));
	struct patref *r;

	*m = (struct map){ .out = out, .groups = groups, .has_default = a->v[1].type != ARG_NONE };
	m->otherwise = out == VALUE_INT ? value_int(a->v[1].num) : value_str(a->v[1].str);
	if (out == VALUE_ADDR && m->has_default) {
		m->otherwise.type = VALUE_ADDR;
		if (!addr_parse_ip(a->v[1].str, &m->otherwise.addr)) {
			strbuf_addf(err, "the default '%.*s' is no address", SLICE_FMT(a->v[1].str));
			return false;
		}
	}
	if (!matcher || a->v[0].str.len == 0) {
		strbuf_addf(err, matcher ? "the name of a file is missing" : "match method '%s' is missing", method);
		return false;
	}
	r = patref_of_file(a->v[0].str, true, false, expr_line, err);
	m->view = r ? patref_look(r, matcher, false, out, groups, err) : NULL;
	a->priv = m;
	return m->view != NULL;
}

/* What the text of the map says, as the type that was promised. The text is valid as long as v's bytes have to be: until the
 * turn ends. */
static bool map_take(const struct map *m, const struct pattern_value *text, struct value *v)
{
	struct slice s = slice_make(text->text, text->len);

	if (m->out == VALUE_INT) {
		*v = value_int(0);
		return slice_to_i64(s, &v->num);
	}
	if (m->out == VALUE_ADDR) {
		*v = value_addr((struct addr){ 0 });
		return addr_parse_ip(s, &v->addr);
	}
	*v = value_str(s);
	return true;
}

static bool map_expand(const struct pattern_value *text, const struct regex_match *groups, struct eval *ev, struct value *v)
{
	struct strbuf out = STRBUF_EMPTY;

	regex_expand(slice_make(text->text, text->len), v->bytes, groups, &out);
	*v = value_str(arena_copy(ev->arena, strbuf_slice(&out)));
	strbuf_free(&out);
	return v->bytes.ptr != NULL && !out.truncated;
}

static bool map_convert(const struct args *a, struct eval *ev, struct value *v)
{
	const struct map *m = a->priv;
	struct regex_match groups;
	const struct pattern *p = pattern_view_find(m->view, v, ev->arena, m->groups ? &groups : NULL);
	const struct pattern_value *text = p ? pattern_value(p) : NULL;

	if (text)
		return m->groups ? map_expand(text, &groups, ev, v) : map_take(m, text, v);
	*v = m->otherwise;
	return m->has_default;
}

/* One converter; `name` may differ from method and type. */
#define MAP(name, method, input, type, declared, with_groups) \
	static bool name##_check(struct args *a, struct strbuf *err) { return check_map(a, method, type, with_groups, err); } \
	CONVERTER(name) = { .keyword = #name, .usage = #name "(<file>[,<default>])", .args = declared, .in = input, .out = type, \
		.boot_only = true, .check = name##_check, .convert = map_convert }
/* The three output types of a match method. */
#define MAPS(name, method, input) \
	MAP(name, method, input, VALUE_STR, "s;s", false); \
	MAP(name##_int, method, input, VALUE_INT, "s;i", false); \
	MAP(name##_ip, method, input, VALUE_ADDR, "s;s", false)

MAP(map, "str", VALUE_STR, VALUE_STR, "s;s", false);
MAPS(map_str, "str", VALUE_STR);
MAPS(map_beg, "beg", VALUE_STR);
MAPS(map_sub, "sub", VALUE_STR);
MAPS(map_dir, "dir", VALUE_STR);
MAPS(map_dom, "dom", VALUE_STR);
MAPS(map_end, "end", VALUE_STR);
MAPS(map_reg, "reg", VALUE_STR);
MAP(map_regm, "reg", VALUE_STR, VALUE_STR, "s;s", true);
MAPS(map_int, "int", VALUE_INT);
MAPS(map_ip, "ip", VALUE_ADDR);
