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
#include "rule/ruleset.h"

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

/* Where a keyword or an action may stand: "  [global bind stats-socket]", a place being one word. */
static void leaf_print_places(const char *kind, const struct registry_entry *e)
{
	struct strbuf places = STRBUF_EMPTY;

	if (strcmp(kind, "keyword") == 0)
		keyword_describe_places(((const struct keyword *)e->item)->where, &places);
	else if (strcmp(kind, "action") == 0)
		ruleset_describe(((const struct action *)e->item)->where, ",", &places);
	if (places.len == 0)
		return;
	printf("  [");
	for (size_t i = 0; i < places.len; i++) {
		char c = places.ptr[i];
		putchar(c == ' ' ? '-' : c == ',' ? ' ' : c);
	}
	printf("]");
	strbuf_free(&places);
}

static void registry_dump(const struct registry *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct registry_entry *e = r->sorted[i];
		const char *usage = leaf_usage(r, e);
		printf("%s %s %s:%d", r->kind, registry_keyword(e), e->file, e->line);
		if (usage)
			printf("  %s", usage);
		leaf_print_places(r->kind, e);
		if (strcmp(r->kind, "keyword") == 0 && ((const struct keyword *)e->item)->no_effect)
			printf("  no effect: %s", ((const struct keyword *)e->item)->no_effect);
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
