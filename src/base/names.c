/* SPDX-License-Identifier: Apache-2.0
 *
 * Open addressing, at most two thirds full; see names.h.
 */
#include "base/names.h"

#include <stdlib.h>
#include "base/assert.h"

#define SIZE_FIRST 64

struct name_slot {
	struct slice name; /* borrows */
	void *thing;       /* borrows; NULL: the slot is free */
};

static uint64_t hash_of(struct slice name)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.ptr[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

static void put(struct names *x, struct slice name, void *thing)
{
	uint64_t i = hash_of(name);

	while (x->slots[i & (x->size - 1)].thing)
		i++;
	x->slots[i & (x->size - 1)] = (struct name_slot){ name, thing };
}

static void grow(struct names *x)
{
	struct name_slot *old = x->slots;
	uint32_t size = x->size;

	x->size = size ? 2 * size : SIZE_FIRST;
	x->slots = calloc(x->size, sizeof(*x->slots));
	ASSERT(x->slots != NULL);
	for (uint32_t i = 0; i < size; i++)
		if (old[i].thing)
			put(x, old[i].name, old[i].thing);
	free(old);
}

void names_add(struct names *x, struct slice name, void *thing)
{
	ASSERT(thing != NULL);
	if (x->n >= x->size / 3 * 2)
		grow(x);
	put(x, name, thing);
	x->n++;
}

void *names_find(const struct names *x, struct slice name, unsigned nth)
{
	const struct name_slot *at;

	if (x->n == 0)
		return NULL;
	for (uint64_t i = hash_of(name); (at = &x->slots[i & (x->size - 1)])->thing; i++)
		if (slice_eq(at->name, name) && nth-- == 0)
			return at->thing;
	return NULL;
}

void names_remove(struct names *x, struct slice name, const void *thing)
{
	uint32_t last = x->size - 1;
	uint64_t i = hash_of(name);

	while (x->slots[i & last].thing != thing || !slice_eq(x->slots[i & last].name, name)) {
		ASSERT(x->slots[i & last].thing != NULL);
		i++;
	}
	/* Those behind it, up to the next free slot, find their places anew. */
	x->slots[i & last].thing = NULL;
	x->n--;
	while (x->slots[++i & last].thing) {
		struct name_slot moved = x->slots[i & last];
		x->slots[i & last].thing = NULL;
		put(x, moved.name, moved.thing);
	}
}

void names_free(struct names *x)
{
	free(x->slots);
	*x = (struct names){ 0 };
}
