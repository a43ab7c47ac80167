/* SPDX-License-Identifier: Apache-2.0
 *
 * -dK: the program lists its own leaves, each with its usage and the place it is implemented at.
 * One line a leaf, "<kind> <keyword> <file>:<line>  <usage>", so that grep and CI can read it. One thread: start-up only.
 */
#include <stdio.h>
#include <string.h>
#include "options.h"
#include "base/assert.h"
#include "base/slice.h"
#include "conf/keyword.h"

/* HAProxy's names for classes, beside the registries' own. */
static const struct {
	const char *haproxy, *kind;
} classes_of_haproxy[] = {
	{ "cfg", "keyword" }, { "cfg", "section" }, { "smp", "fetch" }, { "cnv", "converter" },
	{ "acl", "matcher" }, { "cli", "command" }, { "flt", "filter" }, { "svc", "service" },
};

/* A descriptor's second member is its usage line in every kind but these. */
static const char *leaf_usage(const struct registry *r, const struct registry_entry *e)
{
	if (strcmp(r->kind, "transport") == 0)
		return NULL;
	return ((const char *const *)e->item)[1];
}

static const char *const where_short[] = {
	"global", "defaults", "frontend", "listen", "backend", "bind", "server", "proxy-policy", "stats-socket",
};

static void leaf_print_where(const struct keyword *k)
{
	const char *before = "  [";
	for (size_t i = 0; i < COUNT_OF(where_short); i++) {
		if (k->where & (1u << i)) {
			printf("%s%s", before, where_short[i]);
			before = " ";
		}
	}
	printf("]");
	if (k->no_effect)
		printf("  no effect: %s", k->no_effect);
}

static void registry_dump(const struct registry *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct registry_entry *e = r->sorted[i];
		const char *usage = leaf_usage(r, e);
		printf("%s %s %s:%d", r->kind, registry_keyword(e), e->file, e->line);
		if (usage)
			printf("  %s", usage);
		if (strcmp(r->kind, "keyword") == 0)
			leaf_print_where(e->item);
		printf("\n");
	}
}

static bool class_matches(struct slice class, const char *kind)
{
	if (slice_is(class, "all") || class.len == 0 || slice_is(class, kind))
		return true;
	for (size_t i = 0; i < COUNT_OF(classes_of_haproxy); i++) {
		if (slice_is(class, classes_of_haproxy[i].haproxy) && strcmp(classes_of_haproxy[i].kind, kind) == 0)
			return true;
	}
	return false;
}

static void classes_print(void)
{
	printf("Classes for -dK<class>[,<class>...]:\n  all");
	for (struct registry *r = registries_all(); r; r = r->next)
		printf("\n  %s (%zu)", r->kind, r->n);
	printf("\nHAProxy's names cfg, smp, cnv, acl, cli, flt and svc are understood too.\n");
}

bool leaves_dump(const char *classes)
{
	if (strcmp(classes, "help") == 0) {
		classes_print();
		return true;
	}
	for (struct slice rest = slice_of(classes);;) {
		ptrdiff_t comma = slice_find_byte(rest, ',');
		struct slice class = slice_make(rest.ptr, comma < 0 ? rest.len : (size_t)comma);
		bool found = false;
		for (struct registry *r = registries_all(); r; r = r->next) {
			if (class_matches(class, r->kind)) {
				found = true;
				registry_dump(r);
			}
		}
		if (!found) {
			fprintf(stderr, "-dK: unknown class '%.*s', see -dKhelp\n", SLICE_FMT(class));
			return false;
		}
		if (comma < 0)
			return true;
		rest = slice_from(rest, (size_t)comma + 1);
	}
}
