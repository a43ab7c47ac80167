/* SPDX-License-Identifier: Apache-2.0
 *
 * regsub(<regex>,<subst>[,<flags>]): sed's s/regex/subst/ with the flags g and i. The substitution
 * is cut into literals and group numbers when the configuration is read. Any thread.
 */
#include "rule/fetch.h"

#include "base/hex.h"
#include "rule/boot.h"
#include "rule/regex.h"

struct piece {
	struct slice literal;
	int group; /* -1: the literal */
};

struct regsub {
	struct regex *re;
	struct piece *pieces;
	size_t n;
	bool all;
};

static void regsub_add_piece(struct regsub *r, struct strbuf *literal, int group)
{
	if (literal->len) {
		r->pieces = boot_grow(r->pieces, r->n, sizeof(*r->pieces));
		r->pieces[r->n++] = (struct piece){ boot_copy(strbuf_slice(literal)), -1 };
		strbuf_clear(literal);
	}
	if (group >= 0) {
		r->pieces = boot_grow(r->pieces, r->n, sizeof(*r->pieces));
		r->pieces[r->n++] = (struct piece){ .group = group };
	}
}

/* \0 to \9 are groups, \xNN a byte, any other escaped character itself. */
static bool regsub_read_subst(struct regsub *r, struct slice s, struct strbuf *err)
{
	struct strbuf literal = STRBUF_EMPTY;
	bool ok = true;

	for (size_t i = 0; ok && i < s.len; i++) {
		if (s.ptr[i] != '\\') {
			strbuf_add_byte(&literal, s.ptr[i]);
		} else if (++i == s.len) {
			strbuf_add_str(err, "the substitution ends in a lone backslash");
			ok = false;
		} else if (s.ptr[i] >= '0' && s.ptr[i] <= '9') {
			regsub_add_piece(r, &literal, s.ptr[i] - '0');
		} else if (s.ptr[i] == 'x') {
			int high = i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : -1,
			    low = i + 2 < s.len ? hex_digit(s.ptr[i + 2]) : -1;

			ok = high >= 0 && low >= 0;
			if (ok)
				strbuf_add_byte(&literal, (char)((unsigned)high << 4 | (unsigned)low));
			else
				strbuf_add_str(err, "two hexadecimal digits are expected behind \\x");
			i += 2;
		} else {
			strbuf_add_byte(&literal, s.ptr[i]);
		}
	}
	regsub_add_piece(r, &literal, -1);
	strbuf_free(&literal);
	return ok;
}

static bool regsub_check(struct args *a, struct strbuf *err)
{
	struct regsub *r = boot_alloc(sizeof(*r));
	struct slice flags = a->v[2].type == ARG_STR ? a->v[2].str : SLICE("");
	bool nocase = false;

	for (size_t i = 0; i < flags.len; i++) {
		if (flags.ptr[i] == 'g') {
			r->all = true;
		} else if (flags.ptr[i] == 'i') {
			nocase = true;
		} else {
			strbuf_addf(err, "flag '%c' is neither g nor i", flags.ptr[i]);
			return false;
		}
	}
	if (a->v[0].str.len == 0) {
		strbuf_add_str(err, "the regular expression is empty");
		return false;
	}
	r->re = regex_compile(a->v[0].str, nocase, err);
	a->priv = r;
	return r->re && regsub_read_subst(r, a->v[1].str, err);
}

static void regsub_add_match(const struct regsub *r, struct slice s, const struct regex_match *m, struct strbuf *out)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct piece *p = &r->pieces[i];

		if (p->group < 0)
			strbuf_add_slice(out, p->literal);
		else if (m->from[p->group] <= m->to[p->group])
			strbuf_add(out, s.ptr + m->from[p->group], m->to[p->group] - m->from[p->group]);
	}
}

static bool regsub_convert(const struct args *a, struct eval *ev, struct value *v)
{
	const struct regsub *r = a->priv;
	struct strbuf out = STRBUF_EMPTY;
	struct slice s = v->bytes;
	struct regex_match m;
	size_t at = 0, from = 0;

	while (from <= s.len && regex_find(r->re, s, from, &m)) {
		strbuf_add(&out, s.ptr + at, m.from[0] - at);
		regsub_add_match(r, s, &m, &out);
		at = m.to[0];
		/* An empty match moves on by one byte, which is copied before the next match. */
		from = m.to[0] > m.from[0] ? m.to[0] : m.to[0] + 1;
		if (!r->all)
			break;
	}
	if (at < s.len)
		strbuf_add(&out, s.ptr + at, s.len - at);
	v->bytes = arena_copy(ev->arena, strbuf_slice(&out));
	strbuf_free(&out);
	return v->bytes.ptr != NULL && !out.truncated;
}

CONVERTER(regsub) = { .keyword = "regsub", .usage = "regsub(<regex>,<subst>[,<flags>])", .args = "ss;s",
	.in = VALUE_STR, .out = VALUE_STR, .check = regsub_check, .convert = regsub_convert };
