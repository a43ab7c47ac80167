/* SPDX-License-Identifier: Apache-2.0
 *
 * How the program finds its leaves. A leaf ends with its descriptor, for example
 *
 *     BALANCE(leastconn) = { .keyword = "leastconn", .usage = "balance leastconn", .pick = ... };
 *
 * The macro makes a static const struct and an entry in a linker section of its kind. The first
 * member of every descriptor is `const char *keyword`. Entries carry file and line (`usher -dK`).
 * Nothing depends on link order: registry_of() sorts by keyword at first use and refuses doubles.
 * Frozen after start: registries_open() runs once, before any thread.
 */
#ifndef USHER_CORE_REGISTRY_H
#define USHER_CORE_REGISTRY_H

#include <stddef.h>
#include "base/slice.h"

struct registry_entry {
	const void *item; /* a descriptor; its first member is its keyword */
	const char *file;
	int line;
};

/* One kind: its entries, sorted by keyword once registries_open() ran. */
struct registry {
	const char *kind;                   /* "keyword", "fetch" ... */
	const struct registry_entry *start; /* the linker's section */
	const struct registry_entry *stop;
	const struct registry_entry **sorted; /* owns; n entries */
	size_t n;
	struct registry *next;
};

/* Declares a descriptor of `struct kind` (see FETCH(), KEYWORD() ...). The alignment is said because gcc would
 * otherwise raise it to 16 and leave holes in what the registry walks as an array. */
#define REGISTRY_ADD(kind, ident) \
	static const struct kind kind##_##ident; \
	static const struct registry_entry reg_##kind##_##ident \
		__attribute__((used, retain, section("reg_" #kind), aligned(__alignof__(struct registry_entry)))) = { &kind##_##ident, __FILE__, __LINE__ }; \
	static const struct kind kind##_##ident

/* Defines the registry of a kind in the one .c file that owns it: REGISTRY_DEFINE(fetch); gives fetch_registry. */
#define REGISTRY_DEFINE(kind) \
	extern const struct registry_entry __start_reg_##kind[] __attribute__((weak, visibility("hidden"))); \
	extern const struct registry_entry __stop_reg_##kind[] __attribute__((weak, visibility("hidden"))); \
	struct registry kind##_registry = { .kind = #kind, .start = __start_reg_##kind, .stop = __stop_reg_##kind }; \
	static void __attribute__((constructor)) kind##_registry_enrol(void) { registry_enrol(&kind##_registry); }

/* Puts a registry on the list of all (called by REGISTRY_DEFINE's constructor). */
void registry_enrol(struct registry *r);
/* Sorts every registry; exits with a message when two leaves of a kind share a keyword. */
void registries_open(void);
/* The list of all registries, for -dK. */
struct registry *registries_all(void);
/* The descriptor with exactly this keyword, or NULL. */
const void *registry_find(const struct registry *r, struct slice keyword);
/* The descriptor whose keyword is the longest prefix of text that ends at a word border, or NULL;
 * used where keywords have several words ("timeout client"). */
const void *registry_find_words(const struct registry *r, const char *const *words, int count, int *words_used);
/* The keyword nearest to a mistyped one, or NULL. */
const char *registry_nearest(const struct registry *r, struct slice keyword);

#endif
