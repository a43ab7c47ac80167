/* SPDX-License-Identifier: Apache-2.0
 *
 * The hash table of the pattern engines: open addressing, two thirds full at most. The seed is the
 * process's own, because keys may come from clients (http-request set-map).
 */
#include "rule/pattern_hash.h"

#include <stdlib.h>
#include <xxhash.h>
#include "core/epoch.h"
#include "core/random.h"

#define SLOTS_MIN 8u

static uint64_t hash_seed;

static void __attribute__((constructor)) hash_seed_make(void) { hash_seed = random_next(); }

uint32_t pattern_hash_of(struct slice s, bool nocase)
{
	uint64_t h = hash_seed;
	char folded[256];

	if (!nocase)
		return (uint32_t)XXH3_64bits_withSeed(s.ptr, s.len, h);
	while (s.len) {
		size_t n = s.len < sizeof(folded) ? s.len : sizeof(folded);

		for (size_t i = 0; i < n; i++)
			folded[i] = (char)(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? s.ptr[i] + 32 : s.ptr[i]);
		h = XXH3_64bits_withSeed(folded, n, h);
		s = slice_from(s, n);
	}
	return (uint32_t)h;
}

uint32_t pattern_hash_word(uint64_t word, unsigned kind)
{
	word = (word ^ hash_seed ^ kind) * 0x9e3779b97f4a7c15u;
	return (uint32_t)((word ^ word >> 29) >> 32) ^ (uint32_t)word;
}

/* The first empty slot of a hash. Only the writer asks. */
static struct pattern_slot *slot_for(struct pattern_table *t, uint32_t hash)
{
	uint32_t at = hash & t->mask;

	while (t->slots[at].item)
		at = (at + 1) & t->mask;
	return &t->slots[at];
}

static struct pattern_table *table_new(uint32_t live)
{
	uint32_t slots = SLOTS_MIN;

	while (slots < 2 * (uint64_t)live && slots < 1u << 31)
		slots *= 2;
	struct pattern_table *t = calloc(1, sizeof(*t) + (size_t)slots * sizeof(t->slots[0]));
	if (t)
		t->mask = slots - 1;
	return t;
}

/* The walk begins behind an empty slot, so that runs of slots are met from their start and equal hashes keep their order. */
static void table_copy(struct pattern_table *to, const struct pattern_table *from)
{
	uint32_t start = 0;

	while (from->slots[start].item)
		start++;
	for (uint32_t i = 1; i <= from->mask; i++) {
		const struct pattern_slot *s = &from->slots[(start + i) & from->mask];

		if (s->item && s->item != PATTERN_REMOVED)
			*slot_for(to, s->hash) = *s;
	}
	to->used = to->live = from->live;
}

bool pattern_hash_add(struct pattern_hash *h, uint32_t hash, void *item)
{
	struct pattern_table *t = h->table;

	if (!t || (t->used + 1) * (uint64_t)3 > (t->mask + (uint64_t)1) * 2) {
		struct pattern_table *fresh = table_new(t ? t->live + 1 : 1);

		if (!fresh)
			return false;
		if (t)
			table_copy(fresh, t);
		__atomic_store_n(&h->table, fresh, __ATOMIC_RELEASE);
		if (t)
			epoch_retire(t, free);
		t = fresh;
	}
	struct pattern_slot *s = slot_for(t, hash);
	s->hash = hash;
	__atomic_store_n(&s->item, item, __ATOMIC_RELEASE);
	t->used++;
	t->live++;
	return true;
}

void pattern_hash_del(struct pattern_hash *h, uint32_t hash, const void *item)
{
	struct pattern_table *t = h->table;

	for (uint32_t at = hash & t->mask; t->slots[at].item; at = (at + 1) & t->mask) {
		if (t->slots[at].item != item)
			continue;
		__atomic_store_n(&t->slots[at].item, PATTERN_REMOVED, __ATOMIC_RELEASE);
		t->live--;
		return;
	}
}

void pattern_hash_free(struct pattern_hash *h)
{
	free(h->table);
	h->table = NULL;
}
