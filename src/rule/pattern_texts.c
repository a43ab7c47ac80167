/* SPDX-License-Identifier: Apache-2.0
 *
 * The engines of -m beg, -m end, -m dir and -m dom. All keep patterns in a hash by their text and the
 * lengths that occur, and look up those pieces of a text that have such a length: its beginnings, its
 * ends, or the runs between two borders. Of several beginnings the longest is found, else the pattern
 * that was added first.
 */
#include "rule/match.h"

#include "rule/pattern_hash.h"
#include "rule/pattern_list.h"

struct texts {
	struct pattern_index index;
	struct pattern_hash hash; /* of patterns, by texts_of() */
	struct pattern_lengths lengths;
};

static bool is_border(const struct matcher *m, char c) { return c && strchr(m->borders, c) != NULL; }

/* What is looked up: the pattern without borders at its ends, which stand for those it has to meet anyway. */
static struct slice texts_of(const struct matcher *m, struct slice s)
{
	while (m->borders && s.len && is_border(m, s.ptr[0]))
		s = slice_from(s, 1);
	while (m->borders && s.len && is_border(m, s.ptr[s.len - 1]))
		s.len--;
	return s;
}

static bool texts_check(const struct matcher *m, bool nocase, struct slice text, struct strbuf *err)
{
	(void)nocase;
	if (texts_of(m, text).len)
		return true;
	strbuf_add_str(err, text.len ? "the pattern has nothing but delimiters" : "an empty pattern would match everything");
	return false;
}

static bool texts_add(struct pattern_index *x, const struct pattern *p, struct strbuf *err)
{
	struct texts *t = (struct texts *)x;
	struct slice text = texts_of(x->matcher, pattern_key(p));

	if (!texts_check(x->matcher, x->nocase, pattern_key(p), err))
		return false;
	if (pattern_lengths_add(&t->lengths, (uint32_t)text.len)) {
		if (pattern_hash_add(&t->hash, pattern_hash_of(text, x->nocase), (void *)p))
			return true;
		pattern_lengths_del(&t->lengths, (uint32_t)text.len);
	}
	strbuf_add_str(err, "out of memory");
	return false;
}

static void texts_del(struct pattern_index *x, const struct pattern *p)
{
	struct texts *t = (struct texts *)x;
	struct slice text = texts_of(x->matcher, pattern_key(p));

	pattern_hash_del(&t->hash, pattern_hash_of(text, x->nocase), p);
	pattern_lengths_del(&t->lengths, (uint32_t)text.len);
}

static bool texts_close(struct pattern_index *x, size_t *budget)
{
	struct texts *t = (struct texts *)x;

	(void)budget;
	pattern_hash_free(&t->hash);
	pattern_lengths_free(&t->lengths);
	return true;
}

static const struct pattern *texts_probe(const struct texts *t, struct slice s)
{
	bool nocase = t->index.nocase;
	struct pattern_probe probe = pattern_probe(&t->hash, pattern_hash_of(s, nocase));
	const struct pattern *p;

	while ((p = pattern_probe_next(&probe))) {
		struct slice text = texts_of(t->index.matcher, pattern_key(p));

		if (nocase ? slice_eq_nocase(text, s) : slice_eq(text, s))
			break;
	}
	return p;
}

static const struct pattern *first_of(const struct pattern *a, const struct pattern *b)
{
	return !a || (b && b->id < a->id) ? b : a;
}

static const struct pattern *ends_find(const struct pattern_index *x, const struct value *v, struct arena *arena,
	struct regex_match *groups)
{
	const struct texts *t = (const struct texts *)x;
	const struct pattern_lengths_row *r = pattern_lengths_row(&t->lengths);
	const struct pattern *found = NULL;
	struct slice s = v->bytes;

	(void)arena, (void)groups;
	for (size_t i = 0; r && i < r->n && !(found && !x->matcher->at_end); i++) {
		size_t len = r->at[i].len;

		if (len <= s.len)
			found = first_of(found, texts_probe(t,
				slice_make(x->matcher->at_end ? s.ptr + s.len - len : s.ptr, len)));
	}
	return found;
}

/* The runs between borders that begin at `from`. */
static const struct pattern *parts_find_from(const struct texts *t, const struct pattern_lengths_row *r, struct slice s,
	size_t from)
{
	const struct pattern *found = NULL;

	for (size_t to = from + 1; to <= s.len && to - from <= r->at[0].len; to++)
		if ((to == s.len || is_border(t->index.matcher, s.ptr[to])) && pattern_lengths_have(r, (uint32_t)(to - from)))
			found = first_of(found, texts_probe(t, slice_make(s.ptr + from, to - from)));
	return found;
}

static const struct pattern *parts_find(const struct pattern_index *x, const struct value *v, struct arena *arena,
	struct regex_match *groups)
{
	const struct texts *t = (const struct texts *)x;
	const struct pattern_lengths_row *r = pattern_lengths_row(&t->lengths);
	const struct pattern *found = NULL;
	struct slice s = v->bytes;

	(void)arena, (void)groups;
	for (size_t from = 0; r && r->n && from < s.len; from++)
		if ((from == 0 || is_border(x->matcher, s.ptr[from - 1])) && !is_border(x->matcher, s.ptr[from]))
			found = first_of(found, parts_find_from(t, r, s, from));
	return found;
}

const struct pattern_engine pattern_ends = {
	.size = sizeof(struct texts), .check = texts_check, .add = texts_add, .del = texts_del, .find = ends_find,
	.close = texts_close,
};

const struct pattern_engine pattern_parts = {
	.size = sizeof(struct texts), .check = texts_check, .add = texts_add, .del = texts_del, .find = parts_find,
	.close = texts_close,
};
