/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine of -m sub. Patterns are sorted into lists by how they begin: by their first 8, 4, 2 or 1 bytes,
 * whichever they have. A text is looked at place by place: the lists of its next 8, 4, 2 and 1 bytes hold
 * all that could stand there, and most places are passed over because no pattern begins with their byte.
 * The pattern that was added first is found.
 */
#include "rule/match.h"

#include <stdlib.h>
#include "core/epoch.h"
#include "rule/pattern_hash.h"
#include "rule/pattern_list.h"

#define KINDS 4 /* beginnings of 1, 2, 4 and 8 bytes */

/* The patterns with one beginning. */
struct inside_head {
	uint64_t word;             /* the bytes, lower case when case does not count */
	unsigned kind;
	struct pattern_list list;  /* of patterns */
};

struct inside {
	struct pattern_index index;
	struct pattern_hash heads;
	uint32_t live[KINDS];      /* atomic: how many patterns of each kind there are */
	uint64_t firsts[4];        /* atomic: a bit for each byte that patterns begin with, or once did */
	uint32_t closing;          /* the slot that inside_close() came to */
};

static unsigned kind_of(size_t len) { return len >= 8 ? 3 : len >= 4 ? 2 : len >= 2 ? 1 : 0; }

static uint64_t word_at(const char *s, unsigned kind, bool nocase)
{
	uint64_t word = 0;

	memcpy(&word, s, (size_t)1 << kind);
	if (nocase) {
		/* Bit 5 of every byte that is A to Z; the sums stay within their bytes as bit 7 is kept out. */
		uint64_t low = word & 0x7f7f7f7f7f7f7f7fu;
		uint64_t from_a = low + 0x3f3f3f3f3f3f3f3fu, behind_z = low + 0x2525252525252525u;

		word |= (from_a & ~behind_z & ~word & 0x8080808080808080u) >> 2;
	}
	return word;
}

static struct inside_head *inside_head(const struct inside *n, uint64_t word, unsigned kind)
{
	struct pattern_probe probe = pattern_probe(&n->heads, pattern_hash_word(word, kind));
	struct inside_head *h;

	while ((h = pattern_probe_next(&probe)) && (h->word != word || h->kind != kind))
		;
	return h;
}

static void head_free(void *head)
{
	pattern_list_free(&((struct inside_head *)head)->list);
	free(head);
}

static bool inside_check(const struct matcher *m, bool nocase, struct slice text, struct strbuf *err)
{
	(void)m, (void)nocase;
	if (text.len == 0)
		strbuf_add_str(err, "an empty pattern would match everything");
	return text.len != 0;
}

static struct inside_head *inside_make_head(struct inside *n, uint64_t word, unsigned kind)
{
	struct inside_head *h = inside_head(n, word, kind);

	if (h || !(h = calloc(1, sizeof(*h))))
		return h;
	*h = (struct inside_head){ .word = word, .kind = kind };
	if (pattern_hash_add(&n->heads, pattern_hash_word(word, kind), h))
		return h;
	free(h);
	return NULL;
}

static void inside_add_first(struct inside *n, unsigned char c)
{
	__atomic_fetch_or(&n->firsts[c / 64], (uint64_t)1 << c % 64, __ATOMIC_RELEASE);
}

static bool inside_add(struct pattern_index *x, const struct pattern *p, struct strbuf *err)
{
	struct inside *n = (struct inside *)x;
	unsigned kind = kind_of(p->key_len);
	struct inside_head *h;

	if (!inside_check(x->matcher, x->nocase, pattern_key(p), err))
		return false;
	h = inside_make_head(n, word_at(p->key, kind, x->nocase), kind);
	if (!h || !pattern_list_add(&h->list, (void *)p)) {
		strbuf_add_str(err, "out of memory");
		return false;
	}
	__atomic_fetch_add(&n->live[kind], 1, __ATOMIC_RELEASE);
	inside_add_first(n, (unsigned char)p->key[0]);
	if (x->nocase && ((p->key[0] | 0x20) >= 'a' && (p->key[0] | 0x20) <= 'z'))
		inside_add_first(n, (unsigned char)(p->key[0] ^ 0x20));
	return true;
}

static void inside_del(struct pattern_index *x, const struct pattern *p)
{
	struct inside *n = (struct inside *)x;
	unsigned kind = kind_of(p->key_len);
	struct inside_head *h = inside_head(n, word_at(p->key, kind, x->nocase), kind);

	pattern_list_del(&h->list, p);
	__atomic_fetch_sub(&n->live[kind], 1, __ATOMIC_RELEASE);
	if (h->list.live)
		return;
	pattern_hash_del(&n->heads, pattern_hash_word(h->word, kind), h);
	epoch_retire(h, head_free);
}

/* The first pattern of one beginning that stands at the text's beginning, when it was added before `found`. */
static const struct pattern *head_find(const struct inside_head *h, struct slice s, bool nocase, const struct pattern *found)
{
	const struct pattern_row *r = pattern_list_row(&h->list);

	for (size_t i = 0, n = pattern_row_count(r); i < n; i++) {
		const struct pattern *p = pattern_row_item(r, i);

		if (!p || p->key_len > s.len)
			continue;
		if (found && p->id > found->id)
			break;
		if (nocase ? slice_eq_nocase(pattern_key(p), slice_make(s.ptr, p->key_len)) :
			     memcmp(p->key, s.ptr, p->key_len) == 0)
			return p;
	}
	return found;
}

/* The first pattern that stands at the text's beginning. */
static const struct pattern *inside_find_here(const struct inside *n, const bool *kinds, struct slice s,
	const struct pattern *found)
{
	for (unsigned kind = 0; kind < KINDS && (size_t)1 << kind <= s.len; kind++) {
		const struct inside_head *h = kinds[kind] ? inside_head(n, word_at(s.ptr, kind, n->index.nocase), kind) : NULL;

		if (h)
			found = head_find(h, s, n->index.nocase, found);
	}
	return found;
}

static const struct pattern *inside_find(const struct pattern_index *x, const struct value *v, struct arena *arena,
	struct regex_match *groups)
{
	const struct inside *n = (const struct inside *)x;
	const struct pattern *found = NULL;
	struct slice s = v->bytes;
	uint64_t firsts[4];
	bool kinds[KINDS];

	(void)arena, (void)groups;
	for (unsigned i = 0; i < 4; i++)
		firsts[i] = __atomic_load_n(&n->firsts[i], __ATOMIC_ACQUIRE);
	for (unsigned i = 0; i < KINDS; i++)
		kinds[i] = __atomic_load_n(&n->live[i], __ATOMIC_ACQUIRE) != 0;
	for (size_t at = 0; at < s.len; at++) {
		unsigned char c = (unsigned char)s.ptr[at];

		if (firsts[c / 64] >> c % 64 & 1)
			found = inside_find_here(n, kinds, slice_from(s, at), found);
	}
	return found;
}

static bool inside_close(struct pattern_index *x, size_t *budget)
{
	struct inside *n = (struct inside *)x;
	struct pattern_table *t = n->heads.table;

	for (; t && n->closing <= t->mask; n->closing++) {
		struct inside_head *h = pattern_slot_item(t, n->closing);

		if (*budget == 0)
			return false;
		--*budget;
		if (h)
			head_free(h);
	}
	pattern_hash_free(&n->heads);
	return true;
}

const struct pattern_engine pattern_inside = {
	.size = sizeof(struct inside), .check = inside_check, .add = inside_add, .del = inside_del, .find = inside_find,
	.close = inside_close,
};
