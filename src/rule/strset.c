/* SPDX-License-Identifier: Apache-2.0
 *
 * Open-addressed hash tables of byte strings. The lengths that occur are kept beside, so that a
 * prefix or suffix look-up is one probe per distinct length. Patterns come from the configuration,
 * so the hash needs no secret. Frozen after boot.
 */
#include "rule/strset.h"

#include <stdlib.h>
#include "rule/boot.h"

/* One kind of comparison: members, their distinct lengths in rising order, and the table of 1-based indexes. */
struct strtab {
	struct slice *members;
	size_t n;
	size_t *lengths;
	size_t nlengths;
	uint32_t *slots;
	size_t mask; /* slots - 1; 0: not built, or empty */
};

struct strset {
	struct strtab exact, folded; /* folded: members in lower case */
};

static unsigned char fold(char c) { return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }

static struct slice fold_into(char *mem, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		mem[i] = (char)fold(s.ptr[i]);
	return slice_make(mem, s.len);
}

struct strset *strset_add(struct strset *set, struct slice s, bool nocase)
{
	struct strtab *t;
	struct slice copy = boot_copy(s);

	if (!set)
		set = boot_alloc(sizeof(*set));
	t = nocase ? &set->folded : &set->exact;
	if (nocase)
		fold_into((char *)copy.ptr, s);
	t->members = boot_grow(t->members, t->n, sizeof(*t->members));
	t->members[t->n++] = copy;
	return set;
}

static uint64_t hash_of(struct slice s, bool folded)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (folded ? fold(s.ptr[i]) : (unsigned char)s.ptr[i])) * 0x100000001b3u;
	return h ^ h >> 29;
}

static bool strtab_has(const struct strtab *t, struct slice s, bool folded)
{
	if (!t->mask)
		return false;
	for (size_t i = hash_of(s, folded) & t->mask; t->slots[i]; i = (i + 1) & t->mask) {
		struct slice m = t->members[t->slots[i] - 1];

		if (folded ? slice_eq_nocase(m, s) : slice_eq(m, s))
			return true;
	}
	return false;
}

static int length_order(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

static void strtab_freeze_lengths(struct strtab *t)
{
	size_t distinct = 0;

	t->lengths = boot_alloc(t->n * sizeof(*t->lengths));
	for (size_t i = 0; i < t->n; i++)
		t->lengths[i] = t->members[i].len;
	qsort(t->lengths, t->n, sizeof(*t->lengths), length_order);
	for (size_t i = 0; i < t->n; i++)
		if (i == 0 || t->lengths[i] != t->lengths[i - 1])
			t->lengths[distinct++] = t->lengths[i];
	t->nlengths = distinct;
}

static void strtab_freeze(struct strtab *t, bool folded)
{
	size_t size = 4;

	if (t->n == 0)
		return;
	while (size < 2 * t->n)
		size *= 2;
	t->slots = boot_alloc(size * sizeof(*t->slots));
	t->mask = size - 1;
	for (size_t i = 0; i < t->n; i++) {
		size_t at = hash_of(t->members[i], folded) & t->mask;

		if (strtab_has(t, t->members[i], folded))
			continue;
		while (t->slots[at])
			at = (at + 1) & t->mask;
		t->slots[at] = (uint32_t)i + 1;
	}
	strtab_freeze_lengths(t);
}

void strset_freeze(struct strset *set)
{
	strtab_freeze(&set->exact, false);
	strtab_freeze(&set->folded, true);
}

bool strset_has(const struct strset *set, struct slice s)
{
	return strtab_has(&set->exact, s, false) || strtab_has(&set->folded, s, true);
}

static bool strtab_has_end(const struct strtab *t, struct slice s, bool folded, bool suffix)
{
	for (size_t i = 0; i < t->nlengths && t->lengths[i] <= s.len; i++)
		if (strtab_has(t, slice_make(suffix ? s.ptr + s.len - t->lengths[i] : s.ptr, t->lengths[i]), folded))
			return true;
	return false;
}

bool strset_has_prefix(const struct strset *set, struct slice s)
{
	return strtab_has_end(&set->exact, s, false, false) || strtab_has_end(&set->folded, s, true, false);
}

bool strset_has_suffix(const struct strset *set, struct slice s)
{
	return strtab_has_end(&set->exact, s, false, true) || strtab_has_end(&set->folded, s, true, true);
}

static bool strtab_any(const struct strtab *t, struct slice s, bool (*hit)(struct slice, struct slice))
{
	for (size_t i = 0; i < t->n; i++)
		if (hit(s, t->members[i]))
			return true;
	return false;
}

bool strset_any(const struct strset *set, struct slice s, struct arena *arena, bool (*hit)(struct slice, struct slice))
{
	char *mem;

	if (strtab_any(&set->exact, s, hit))
		return true;
	if (set->folded.n == 0)
		return false;
	mem = arena_alloc(arena, s.len + 1);
	return mem && strtab_any(&set->folded, fold_into(mem, s), hit);
}
