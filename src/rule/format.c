/* SPDX-License-Identifier: Apache-2.0
 *
 * log-format strings: compiled at start-up into a list of literals, aliases (%ci) and expressions
 * (%[src]), each with its flags; written by any thread. The aliases themselves are leaves.
 */
#include "rule/format.h"

#include <inttypes.h>
#include "rule/boot.h"
#include "conf/haproxy_names.h"
#include "rule/regex.h"

#define FLAG_QUOTE  1u /* Q */
#define FLAG_HEX    2u /* X */
#define FLAG_ESCAPE 4u /* E */

struct format_node {
	unsigned flags;
	struct slice literal;      /* when neither of the others is set */
	const struct fetch *alias;
	struct expr *expr;
	int8_t group;              /* from 1: \0; 0: none */
};

struct format {
	struct format_node *nodes;
	size_t n;
	bool log;                  /* written in PHASE_LOG */
};

/* A compilation under way. */
struct format_reader {
	const char *at;
	struct strbuf *err;
	struct format *f;
	unsigned phase;
	struct proxy *px;
	unsigned flags;            /* what %{..}o has set for all that follows */
	bool groups;               /* \1 is a group of a match */
	bool merge, blank;         /* blanks are merged; the last byte was one (or nothing came yet) */
	struct strbuf literal;     /* bytes not yet in a node */
};

static struct format_node *format_add_node(struct format_reader *r)
{
	struct format *f = r->f;

	if (r->literal.len) {
		f->nodes = boot_grow(f->nodes, f->n, sizeof(*f->nodes));
		f->nodes[f->n++] = (struct format_node){ .literal = boot_copy(strbuf_slice(&r->literal)) };
		strbuf_clear(&r->literal);
	}
	f->nodes = boot_grow(f->nodes, f->n, sizeof(*f->nodes));
	f->nodes[f->n] = (struct format_node){ .flags = r->flags };
	return &f->nodes[f->n++];
}

/* "{+Q,-X}" at the reader: changes *flags. */
static bool format_read_flags(struct format_reader *r, unsigned *flags)
{
	static const char letters[] = "QXE";

	for (r->at++; *r->at != '}'; r->at++) {
		char sign = *r->at, letter = sign ? r->at[1] : 0;
		const char *known = letter ? strchr(letters, letter) : NULL;

		if ((sign != '+' && sign != '-') || !known) {
			strbuf_add_str(
				r->err, "flags are +Q, -Q, +X, -X, +E and -E between braces, separated by commas");
			return false;
		}
		if (sign == '+')
			*flags |= 1u << (known - letters);
		else
			*flags &= ~(1u << (known - letters));
		r->at += 2;
		if (*r->at == '}')
			break;
		if (*r->at != ',') {
			strbuf_add_str(r->err,
				*r->at ? "',' or '}' is expected behind a flag" : "'}' is missing behind the flags");
			return false;
		}
	}
	r->at++;
	return true;
}

static bool format_read_expr(struct format_reader *r, unsigned flags)
{
	struct format_node *node;
	struct expr *e;

	r->at++;
	e = expr_compile_at(&r->at, r->phase, r->px, r->err);
	if (!e)
		return false;
	if (*r->at != ']') {
		strbuf_addf(r->err, "']' is expected behind the expression, not '%s'", *r->at ? r->at : "the end");
		return false;
	}
	r->at++;
	node = format_add_node(r);
	node->flags = flags;
	node->expr = e;
	return true;
}

static bool format_alias_unknown(struct format_reader *r, struct slice name)
{
	struct slice bare = slice_from(name, 1);
	const char *near = registry_nearest(&fetch_registry, name);

	if (bare.len == 0)
		strbuf_add_str(r->err, "a name is expected behind '%'; a '%' itself is written '%%'");
	else if (haproxy_has_name(HAPROXY_ALIAS, name))
		strbuf_addf(r->err, "'%.*s' is one of HAProxy's that usher does not have yet%s", SLICE_FMT(name),
			haproxy_instead(HAPROXY_ALIAS, name));
	else
		strbuf_addf(r->err, "unknown '%.*s'%s%s%s; a '%%' itself is written '%%%%'", SLICE_FMT(name),
			near && *near == '%' ? ", did you mean '" : "", near && *near == '%' ? near : "",
			near && *near == '%' ? "'?" : "");
	return false;
}

static bool format_read_alias(struct format_reader *r, unsigned flags)
{
	struct strbuf name = STRBUF_EMPTY;
	struct slice whole;
	const struct fetch *alias;
	struct format_node *node;
	size_t n = strspn(r->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	strbuf_add_byte(&name, '%');
	strbuf_add(&name, r->at, n);
	whole = boot_copy(strbuf_slice(&name));
	strbuf_free(&name);
	if (slice_is(whole, "%o")) {
		r->at += n;
		r->flags = flags;
		return true;
	}
	alias = registry_find(&fetch_registry, whole);
	if (!alias || !alias->alias)
		return format_alias_unknown(r, whole);
	if (!(alias->phases & r->phase)) {
		strbuf_addf(r->err, "'%s' has no value at this place", alias->keyword);
		return false;
	}
	if (alias->check && !alias->check(&(struct args){ 0 }, r->err))
		return false;
	r->at += n;
	node = format_add_node(r);
	node->flags = flags;
	node->alias = alias;
	return true;
}

/* What begins with '%'. */
static bool format_read_item(struct format_reader *r)
{
	unsigned flags = r->flags;
	bool silent;

	r->at++;
	if (*r->at == '%') {
		strbuf_add_byte(&r->literal, *r->at++);
		r->blank = false;
		return true;
	}
	if (*r->at == '{' && !format_read_flags(r, &flags))
		return false;
	silent = r->at[0] == 'o' && !((r->at[1] | 0x20) >= 'a' && (r->at[1] | 0x20) <= 'z');
	if (!(*r->at == '[' ? format_read_expr(r, flags) : format_read_alias(r, flags)))
		return false;
	if (!silent)
		r->blank = false;
	return true;
}

/* A backslash and what is behind it; at the end of the text it is one itself. */
static void format_read_escape(struct format_reader *r)
{
	char c = *++r->at;

	r->blank = false;
	if (c >= '0' && c <= '9')
		format_add_node(r)->group = (int8_t)(c - '0' + 1);
	else
		strbuf_add_byte(&r->literal, c ? c : '\\');
	if (c)
		r->at++;
}

static bool format_read(struct format_reader *r)
{
	while (*r->at) {
		if (*r->at == '\\' && r->groups) {
			format_read_escape(r);
			continue;
		}
		if (*r->at == '%') {
			if (!format_read_item(r))
				return false;
			continue;
		}
		/* Only blanks are merged; a tab is written by somebody who wants one. */
		if (!(r->merge && r->blank && *r->at == ' '))
			strbuf_add_byte(&r->literal, *r->at);
		r->blank = *r->at++ == ' ';
	}
	if (r->literal.len) {
		format_add_node(r);
		r->f->n--; /* the literal's node is in, the empty one behind it is not needed */
	}
	return true;
}

struct format *format_compile(const char *text, unsigned phase, struct proxy *px, struct strbuf *err)
{
	struct strbuf why = STRBUF_EMPTY;
	struct format_reader r = { .at = text, .err = &why, .px = px, .phase = phase & PHASE_ANY };
	bool ok;

	r.f = boot_alloc(sizeof(*r.f));
	r.f->log = (phase & PHASE_LOG) != 0;
	r.groups = (phase & FORMAT_GROUPS) != 0;
	r.merge = r.blank = r.f->log || (phase & FORMAT_MERGE_BLANKS);
	ok = format_read(&r);
	if (!ok)
		strbuf_addf(err, "at offset %zu: %.*s", (size_t)(r.at - text), SLICE_FMT(strbuf_slice(&why)));
	strbuf_free(&why);
	strbuf_free(&r.literal);
	return ok ? r.f : NULL;
}

struct format *format_parse(struct conf_line *l, const char *text, unsigned phase, struct proxy *px)
{
	struct strbuf err = STRBUF_EMPTY;
	struct format *f;

	expr_line = l;
	f = format_compile(text, phase, px, &err);
	expr_line = NULL;
	if (!f && conf_names(l, text))
		conf_fail(l, "%.*s", SLICE_FMT(strbuf_slice(&err)));
	else if (!f)
		conf_fail(l, "format '%s' %.*s", text, SLICE_FMT(strbuf_slice(&err)));
	strbuf_free(&err);
	return f;
}

struct format *format_literal(const char *text)
{
	struct format *f = boot_alloc(sizeof(*f));

	f->nodes = boot_alloc(sizeof(*f->nodes));
	f->nodes[f->n++] = (struct format_node){ .literal = boot_copy(slice_of(text)) };
	return f;
}

/* Text with the node's escapes and quotes; an empty one is what is missing. */
static void format_write_text(
	const struct format *f, const struct format_node *node, struct slice s, struct strbuf *out)
{
	bool escape = node->flags & FLAG_ESCAPE, control = f->log && node->expr;
	size_t plain = 0;

	if (s.len == 0) {
		strbuf_add_str(out, node->flags & FLAG_QUOTE ? "\"\"" : f->log ? "-" : "");
		return;
	}
	if (node->flags & FLAG_QUOTE)
		strbuf_add_byte(out, '"');
	for (size_t i = 0; (escape || control) && i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		bool is_control = control && (c < 0x20 || c == 0x7f);

		if (!is_control && !(escape && (c == '"' || c == '\\' || c == ']')))
			continue;
		strbuf_add(out, s.ptr + plain, i - plain);
		plain = i;
		if (is_control) {
			strbuf_addf(out, "#%02X", c);
			plain++;
		} else {
			strbuf_add_byte(out, '\\');
		}
	}
	strbuf_add(out, s.ptr + plain, s.len - plain);
	if (node->flags & FLAG_QUOTE)
		strbuf_add_byte(out, '"');
}

static void format_write_hex_ip(const struct addr *a, struct strbuf *out)
{
	for (int i = 0; i < (a->family == AF_INET ? 4 : 16); i++)
		strbuf_addf(out, "%02X", a->ip[i]);
}

/* An alias with a typed value: X shows addresses and numbers in hexadecimal, numbers are never quoted. */
static void format_write_value(const struct format *f, const struct format_node *node, const struct value *v,
	struct eval *ev, struct strbuf *out)
{
	struct slice text = { "", 0 };

	if (v->type == VALUE_INT && node->flags & FLAG_HEX)
		strbuf_addf(out, "%04" PRIX64, (uint64_t)v->num);
	else if (v->type == VALUE_INT)
		strbuf_add_i64(out, v->num);
	else if (v->type == VALUE_ADDR && node->flags & FLAG_HEX && addr_is_inet(&v->addr))
		format_write_hex_ip(&v->addr, out);
	else if (value_text(v, ev->arena, &text))
		format_write_text(f, node, text, out);
}

/* Each item as if it stood alone. */
static void format_write_list(
	const struct format *f, const struct format_node *node, struct eval *ev, struct strbuf *out)
{
	char memory[1024];
	struct strbuf item;

	strbuf_init_fixed(&item, memory, sizeof(memory));
	for (unsigned n = 0; node->alias->get_item(ev, n, &item); n++) {
		if (n)
			strbuf_add_byte(out, ' ');
		format_write_text(f, node, strbuf_slice(&item), out);
		strbuf_clear(&item);
	}
}

static void format_write_alias(
	const struct format *f, const struct format_node *node, struct eval *ev, struct strbuf *out)
{
	static const struct args none;
	size_t start = out->len;
	struct slice text;
	struct value v;
	bool got;

	if (!(node->alias->phases & ev->phase)) {
		format_write_text(f, node, SLICE(""), out);
		return;
	}
	if (node->alias->plain) {
		if (!node->alias->get_text(ev, out))
			strbuf_add_byte(out, '-');
		return;
	}
	if (node->alias->get) {
		if (node->alias->get(&none, ev, &v) == EVAL_OK)
			format_write_value(f, node, &v, ev, out);
		else
			format_write_text(f, node, SLICE(""), out);
		return;
	}
	if (node->alias->get_item) {
		format_write_list(f, node, ev, out);
		return;
	}
	got = node->alias->get_text(ev, out);
	if (got ? !(node->flags & (FLAG_QUOTE | FLAG_ESCAPE)) : node->alias->may_vanish)
		return;
	/* Taken back and written again with its quotes. */
	text = got && !out->truncated ? arena_copy(ev->arena, slice_make(out->ptr + start, out->len - start))
				      : SLICE("");
	if (out->truncated)
		return;
	out->len = start;
	format_write_text(f, node, text, out);
}

static void format_write_expr(
	const struct format *f, const struct format_node *node, struct eval *ev, struct strbuf *out)
{
	struct slice text = { "", 0 };
	struct value v;

	if (expr_eval(node->expr, ev, &v) != EVAL_OK || !value_text(&v, ev->arena, &text))
		text = SLICE("");
	format_write_text(f, node, text, out);
}

/* A blank behind what wrote nothing, where one stands already. */
static bool format_blank_doubled(const struct format_node *before, const struct format_node *node, const struct strbuf *out)
{
	return before->alias && (before->alias->get_item || before->alias->may_vanish) && node->literal.len &&
	       node->literal.ptr[0] == ' ' && (out->len == 0 || out->ptr[out->len - 1] == ' ');
}

static void format_write_group(const struct regex_match *m, struct slice subject, int group, struct strbuf *out)
{
	if (m && group < m->n && m->from[group] <= m->to[group])
		strbuf_add(out, subject.ptr + m->from[group], m->to[group] - m->from[group]);
}

void format_write_match(const struct format *f, struct eval *ev, const struct regex_match *m, struct slice subject,
	struct strbuf *out)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct format_node *node = &f->nodes[i];

		if (node->alias)
			format_write_alias(f, node, ev, out);
		else if (node->expr)
			format_write_expr(f, node, ev, out);
		else if (node->group)
			format_write_group(m, subject, node->group - 1, out);
		else
			strbuf_add_slice(out, slice_from(node->literal, i && format_blank_doubled(node - 1, node, out)));
	}
}

void format_write(const struct format *f, struct eval *ev, struct strbuf *out)
{
	format_write_match(f, ev, NULL, SLICE(""), out);
}

bool format_is_constant(const struct format *f, struct slice *text)
{
	*text = f->n ? f->nodes[0].literal : SLICE("");
	return f->n == 0 || (f->n == 1 && !f->nodes[0].alias && !f->nodes[0].expr && !f->nodes[0].group);
}

bool format_uses(const struct format *f, const char *alias)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->nodes[i].alias && strcmp(f->nodes[i].alias->keyword, alias) == 0)
			return true;
	return false;
}
