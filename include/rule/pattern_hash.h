/* SPDX-License-Identifier: Apache-2.0
 *
 * A hash table of pointers for pattern engines: one writer at a time under its owner's lock, readers of
 * any thread without one. Adding and removing cost the same however many there are. A slot goes from
 * empty to taken to removed and never back, so a reader that meets a pointer sees its hash too; the
 * writer makes a new table when few slots are empty and retires the old one (core/epoch).
 */
#ifndef USHER_RULE_PATTERN_HASH_H
#define USHER_RULE_PATTERN_HASH_H

#include "base/slice.h"

struct pattern_slot {
	void *item;    /* atomic; NULL: empty. Borrows */
	uint32_t hash; /* written before item */
};

struct pattern_table {
	uint32_t mask;       /* number of slots - 1 */
	uint32_t used, live; /* the writer's: slots that are not empty, that hold something */
	struct pattern_slot slots[];
};

struct pattern_hash {
	struct pattern_table *table; /* atomic; owns; NULL: nothing was ever added */
};

#define PATTERN_REMOVED ((void *)1)

/* The hash of a text, as it is or without ASCII case. Seeded: its results cannot be foretold. Any thread. */
uint32_t pattern_hash_of(struct slice s, bool nocase);
/* The hash of eight bytes or fewer, given as a number. */
uint32_t pattern_hash_word(uint64_t word, unsigned kind);

/* Writer. Equal hashes are met in the order of addition. False: memory is out. */
bool pattern_hash_add(struct pattern_hash *h, uint32_t hash, void *item);
/* Writer. The item was added with this hash. The item itself is the caller's to retire. */
void pattern_hash_del(struct pattern_hash *h, uint32_t hash, const void *item);
/* At once: nobody may be looking. */
void pattern_hash_free(struct pattern_hash *h);

/* A walk over the items of one hash; p is made by pattern_probe(). NULL behind the last. Any thread. */
struct pattern_probe {
	const struct pattern_table *table;
	uint32_t at, hash;
};

static inline struct pattern_probe pattern_probe(const struct pattern_hash *h, uint32_t hash)
{
	return (struct pattern_probe){ __atomic_load_n(&h->table, __ATOMIC_ACQUIRE), hash, hash };
}

static inline void *pattern_probe_next(struct pattern_probe *p)
{
	if (!p->table)
		return NULL;
	for (;;) {
		const struct pattern_slot *s = &p->table->slots[p->at++ & p->table->mask];
		void *item = __atomic_load_n(&s->item, __ATOMIC_ACQUIRE);

		if (item == NULL)
			return NULL;
		if (s->hash == p->hash && item != PATTERN_REMOVED)
			return item;
	}
}

/* The item in slot i of the table, if there is one; for walks over all of them. */
static inline void *pattern_slot_item(const struct pattern_table *t, uint32_t i)
{
	void *item = __atomic_load_n(&t->slots[i].item, __ATOMIC_ACQUIRE);

	return item == PATTERN_REMOVED ? NULL : item;
}

#endif
