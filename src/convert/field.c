/* SPDX-License-Identifier: Apache-2.0
 *
 * field and word: the n-th part of a text between delimiters, counted from the front or, with a
 * negative index, from the end; several parts with a count, all the rest with 0. Fields may be
 * empty; words are what stands between runs of delimiters. Any thread.
 */
#include "rule/fetch.h"

static bool field_check(struct args *a, struct strbuf *err)
{
	if (a->v[0].num == 0)
		strbuf_add_str(err, "the index counts from 1, or from -1 backwards");
	else if (a->v[1].str.len == 0)
		strbuf_add_str(err, "the delimiters are empty");
	else if (a->v[2].type == ARG_NONE)
		a->v[2].num = 1;
	return a->v[0].num != 0 && a->v[1].str.len != 0;
}

static bool is_delimiter(const struct args *a, char c) { return slice_find_byte(a->v[1].str, c) >= 0; }

/* The byte i places from the near end: the front, or the back when counting backwards. */
static char from_end(struct slice s, size_t i, bool back) { return back ? s.ptr[s.len - 1 - i] : s.ptr[i]; }

/* Keeps [from, to), counted from the near end. */
static void keep(struct slice *s, size_t from, size_t to, bool back)
{
	*s = slice_make(back ? s->ptr + s->len - to : s->ptr + from, to - from);
}

static bool field_convert(const struct args *a, struct eval *ev, struct value *v)
{
	bool back = a->v[0].num < 0;
	uint64_t skip = (back ? 0 - (uint64_t)a->v[0].num : (uint64_t)a->v[0].num) - 1;
	int64_t count = a->v[2].num;
	size_t from = 0, to;

	(void)ev;
	while (skip) {
		if (from == v->bytes.len)
			return false;
		skip -= is_delimiter(a, from_end(v->bytes, from++, back));
	}
	for (to = from; to < v->bytes.len; to++)
		if (is_delimiter(a, from_end(v->bytes, to, back)) && count > 0 && --count == 0)
			break;
	keep(&v->bytes, from, to, back);
	return true;
}

static size_t word_skip(const struct args *a, struct slice s, size_t at, bool back, bool delimiters)
{
	while (at < s.len && is_delimiter(a, from_end(s, at, back)) == delimiters)
		at++;
	return at;
}

static bool word_convert(const struct args *a, struct eval *ev, struct value *v)
{
	bool back = a->v[0].num < 0;
	uint64_t skip = (back ? 0 - (uint64_t)a->v[0].num : (uint64_t)a->v[0].num) - 1;
	int64_t count = a->v[2].num;
	size_t from = word_skip(a, v->bytes, 0, back, true), to;

	(void)ev;
	for (; skip && from < v->bytes.len; skip--) {
		from = word_skip(a, v->bytes, from, back, false);
		from = word_skip(a, v->bytes, from, back, true);
	}
	if (count <= 0) {
		to = v->bytes.len;
	} else {
		to = word_skip(a, v->bytes, from, back, false);
		while (--count && to < v->bytes.len) {
			to = word_skip(a, v->bytes, to, back, true);
			to = word_skip(a, v->bytes, to, back, false);
		}
	}
	keep(&v->bytes, from, to, back);
	return true;
}

CONVERTER(field) = { .keyword = "field", .usage = "field(<index>,<delimiters>[,<count>])", .args = "is;i",
	.in = VALUE_STR, .out = VALUE_STR, .check = field_check, .convert = field_convert };
CONVERTER(word) = { .keyword = "word", .usage = "word(<index>,<delimiters>[,<count>])", .args = "is;i",
	.in = VALUE_STR, .out = VALUE_STR, .check = field_check, .convert = word_convert };
