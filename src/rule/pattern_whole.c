/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine of -m str and -m bin: one probe of a hash. See rule/pattern.h for who may call what.
 */
#include "rule/match.h"

#include "base/hex.h"
#include "rule/pattern_hash.h"
#include "rule/pattern_whole.h"

struct whole {
	struct pattern_index index;
	struct pattern_hash hash; /* of patterns */
};

static bool whole_check(const struct matcher *m, bool nocase, struct slice text, struct strbuf *err)
{
	bool ok = !m->hex || text.len % 2 == 0;

	(void)nocase;
	for (size_t i = 0; ok && m->hex && i < text.len; i++)
		ok = hex_digit(text.ptr[i]) >= 0;
	if (!ok)
		strbuf_add_str(err, "pairs of hexadecimal digits are expected");
	return ok;
}

static uint32_t whole_hash(const struct whole *w, const struct pattern *p)
{
	struct slice text = pattern_key(p);
	struct strbuf bytes = STRBUF_EMPTY;
	uint32_t hash;

	if (!w->index.matcher->hex)
		return pattern_hash_of(text, w->index.nocase);
	for (size_t i = 0; i < text.len; i += 2)
		strbuf_add_byte(&bytes, (char)(hex_digit(text.ptr[i]) << 4 | hex_digit(text.ptr[i + 1])));
	hash = pattern_hash_of(strbuf_slice(&bytes), false);
	strbuf_free(&bytes);
	return hash;
}

static bool whole_add(struct pattern_index *x, const struct pattern *p, struct strbuf *err)
{
	struct whole *w = (struct whole *)x;

	if (!whole_check(x->matcher, x->nocase, pattern_key(p), err))
		return false;
	if (pattern_hash_add(&w->hash, whole_hash(w, p), (void *)p))
		return true;
	strbuf_add_str(err, "out of memory");
	return false;
}

static void whole_del(struct pattern_index *x, const struct pattern *p)
{
	struct whole *w = (struct whole *)x;

	pattern_hash_del(&w->hash, whole_hash(w, p), p);
}

static bool hex_says(struct slice digits, struct slice bytes)
{
	if (digits.len != 2 * bytes.len)
		return false;
	for (size_t i = 0; i < bytes.len; i++)
		if ((hex_digit(digits.ptr[2 * i]) << 4 | hex_digit(digits.ptr[2 * i + 1])) != (unsigned char)bytes.ptr[i])
			return false;
	return true;
}

static bool whole_is(const struct whole *w, const struct pattern *p, struct slice s)
{
	if (w->index.matcher->hex)
		return hex_says(pattern_key(p), s);
	return w->index.nocase ? slice_eq_nocase(pattern_key(p), s) : slice_eq(pattern_key(p), s);
}

static const struct pattern *whole_find(const struct pattern_index *x, const struct value *v, struct arena *arena,
	struct regex_match *groups)
{
	const struct whole *w = (const struct whole *)x;
	struct pattern_probe probe = pattern_probe(&w->hash, pattern_hash_of(v->bytes, x->nocase && !x->matcher->hex));
	const struct pattern *p;

	(void)arena, (void)groups;
	while ((p = pattern_probe_next(&probe)) && !whole_is(w, p, v->bytes))
		;
	return p;
}

static bool whole_close(struct pattern_index *x, size_t *budget)
{
	(void)budget;
	pattern_hash_free(&((struct whole *)x)->hash);
	return true;
}

struct pattern_hash *pattern_whole_texts(struct pattern_index *x)
{
	if (!x || x->matcher->engine != &pattern_whole || x->nocase || x->matcher->hex)
		return NULL;
	return &((struct whole *)x)->hash;
}

const struct pattern_engine pattern_whole = {
	.size = sizeof(struct whole), .check = whole_check, .add = whole_add, .del = whole_del, .find = whole_find,
	.close = whole_close,
};
