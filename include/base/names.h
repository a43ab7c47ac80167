/* SPDX-License-Identifier: Apache-2.0
 *
 * An index of things by name: a hash table that grows as it is filled, so that ten thousand proxies find each other in
 * as many steps. Names come from the configuration, so the hash needs no secret. One thread while it changes, then any
 * thread may look.
 */
#ifndef USHER_BASE_NAMES_H
#define USHER_BASE_NAMES_H

#include "base/slice.h"

struct name_slot;
struct names {
	struct name_slot *slots; /* owns */
	uint32_t size, n;    /* slots, a power of two, and how many are taken */
};

/* Adds a thing under a name, whose bytes must stay. Several things may have one name. Ends the process when memory is out. */
void names_add(struct names *x, struct slice name, void *thing);
/* The nth thing of that name, from 0 and in no order; NULL: there are not so many. */
void *names_find(const struct names *x, struct slice name, unsigned nth);
/* Takes one out again; it must be there. */
void names_remove(struct names *x, struct slice name, const void *thing);
void names_free(struct names *x);

#endif
