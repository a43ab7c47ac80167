/* SPDX-License-Identifier: Apache-2.0
 *
 * What pattern engines keep beside hashes: pointers in the order of addition, and the lengths that
 * occur among their patterns. Both have one writer under its owner's lock and readers of any thread
 * without one, as pattern_hash.h has.
 */
#ifndef USHER_RULE_PATTERN_LIST_H
#define USHER_RULE_PATTERN_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pattern_row {
	size_t n;      /* atomic: places in use, holes among them */
	size_t cap;
	void *items[]; /* atomic; NULL: it was removed. Borrows */
};

struct pattern_list {
	struct pattern_row *row; /* atomic; owns; NULL: nothing was ever added */
	size_t live;             /* the writer's */
};

/* Writer. False: memory is out. */
bool pattern_list_add(struct pattern_list *l, void *item);
/* Writer; looks for it from the end. */
void pattern_list_del(struct pattern_list *l, const void *item);
void pattern_list_free(struct pattern_list *l);

/* for (const struct pattern_row *r = pattern_list_row(l); i < pattern_row_count(r); i++) pattern_row_item(r, i), which may be
 * NULL. Any thread. */
static inline const struct pattern_row *pattern_list_row(const struct pattern_list *l)
{
	return __atomic_load_n(&l->row, __ATOMIC_ACQUIRE);
}
static inline size_t pattern_row_count(const struct pattern_row *r)
{
	return r ? __atomic_load_n(&r->n, __ATOMIC_ACQUIRE) : 0;
}
static inline void *pattern_row_item(const struct pattern_row *r, size_t i)
{
	return __atomic_load_n(&r->items[i], __ATOMIC_ACQUIRE);
}

struct pattern_length {
	uint32_t len;
	uint32_t count; /* the writer's */
};

struct pattern_lengths_row {
	size_t n;
	struct pattern_length at[]; /* the longest first */
};

struct pattern_lengths {
	struct pattern_lengths_row *row; /* atomic; owns; NULL: none yet */
};

/* Writer. One more, or one less, of that length. False: memory is out. */
bool pattern_lengths_add(struct pattern_lengths *l, uint32_t len);
void pattern_lengths_del(struct pattern_lengths *l, uint32_t len);
void pattern_lengths_free(struct pattern_lengths *l);
/* Any thread. */
static inline const struct pattern_lengths_row *pattern_lengths_row(const struct pattern_lengths *l)
{
	return __atomic_load_n(&l->row, __ATOMIC_ACQUIRE);
}
bool pattern_lengths_have(const struct pattern_lengths_row *r, uint32_t len);

#endif
