/* SPDX-License-Identifier: Apache-2.0
 *
 * How the program finds its leaves. A leaf ends with its descriptor, for example
 *
 *     BALANCE(leastconn) = { .keyword = "leastconn", .usage = "balance leastconn", .pick = ... };
 *
 * The macro makes a static const struct and an entry in a linker section of its kind. The first
 * member of every descriptor is `const char *keyword`. Entries carry file and line (`usher -dK`).
 * Nothing depends on link order: registries_open() sorts by keyword and refuses doubles. A kind whose
 * keyword alone does not tell two leaves apart (a setting of two sections) brings its own `clash`.
 * Frozen after start: registries_open() runs once, registry_add() while the configuration is read, both before any thread.
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
	/* May be NULL (any two clash): whether two descriptors of one keyword cannot both stand. */
	bool (*clash)(const void *a, const void *b);
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
#define REGISTRY_DEFINE(id) REGISTRY_DEFINE_CLASH(id, NULL)
#define REGISTRY_DEFINE_CLASH(id, clash_fn) \
	extern const struct registry_entry __start_reg_##id[] __attribute__((weak, visibility("hidden"))); \
	extern const struct registry_entry __stop_reg_##id[] __attribute__((weak, visibility("hidden"))); \
	struct registry id##_registry = { .kind = #id, .start = __start_reg_##id, .stop = __stop_reg_##id, \
		.clash = (clash_fn) }; \
	static void __attribute__((constructor)) id##_registry_enrol(void) { registry_enrol(&id##_registry); }

/* Puts a registry on the list of all (called by REGISTRY_DEFINE's constructor). */
void registry_enrol(struct registry *r);
/* Sorts every registry; exits with a message when two leaves of a kind share a keyword. */
void registries_open(void);
/* Adds a descriptor that is made while the configuration is read (a script's); it lives for ever. False: there is one with
 * this keyword that it cannot stand beside. Start-up only. */
bool registry_add(struct registry *r, const void *item, const char *file, int line);
/* The list of all registries in the order of their kinds' names, for -dK. */
struct registry *registries_all(void);
/* The descriptor with exactly this keyword, or NULL. */
const void *registry_find(const struct registry *r, struct slice keyword);
/* All entries with exactly this keyword (kinds with a clash function): *n of them from the returned place on, in no
 * promised order; *n is 0 when there is none. */
const struct registry_entry *const *registry_find_all(const struct registry *r, struct slice keyword, size_t *n);
/* The keyword of an entry's descriptor. */
const char *registry_keyword(const struct registry_entry *e);
/* The descriptor whose keyword is the longest run of the first words joined by blanks, and how many words that
 * were, or NULL; used where keywords have several words ("timeout client"). */
const void *registry_find_words(const struct registry *r, const char *const *words, int count, int *words_used);
/* The keyword nearest to a mistyped one, or NULL. */
const char *registry_nearest(const struct registry *r, struct slice keyword);

#endif
