/* SPDX-License-Identifier: Apache-2.0
 *
 * The registries: linker sections of descriptors, turned into sorted arrays at start and searched
 * by bisection after. Nothing here knows a kind. Frozen after registries_open().
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/assert.h"
#include "base/units.h"
#include "core/registry.h"

#define KEYWORD_WORDS_MAX 6   /* words of the longest keyword, with room */
#define KEYWORD_BYTES_MAX 128

static struct registry *registry_list;

const char *registry_keyword(const struct registry_entry *e)
{
	return *(const char *const *)e->item;
}

void registry_enrol(struct registry *r)
{
	struct registry **at = &registry_list;
	while (*at && strcmp((*at)->kind, r->kind) < 0)
		at = &(*at)->next;
	r->next = *at;
	*at = r;
}

struct registry *registries_all(void)
{
	return registry_list;
}

static int entry_order(const void *a, const void *b)
{
	const struct registry_entry *const *x = a, *const *y = b;
	return strcmp(registry_keyword(*x), registry_keyword(*y));
}

/* Compares every pair among equal keywords; says each pair that cannot stand. */
static unsigned registry_count_doubles(const struct registry *r)
{
	unsigned doubles = 0;
	for (size_t i = 0; i < r->n; i++) {
		for (size_t j = i + 1; j < r->n && entry_order(&r->sorted[i], &r->sorted[j]) == 0; j++) {
			const struct registry_entry *a = r->sorted[i], *b = r->sorted[j];
			if (r->clash && !r->clash(a->item, b->item))
				continue;
			fprintf(stderr, "%s '%s' is defined twice: %s:%d and %s:%d\n", r->kind, registry_keyword(a),
			        a->file, a->line, b->file, b->line);
			doubles++;
		}
	}
	return doubles;
}

/* Opened anew, a registry has what the linker gave it. */
static void forget_added(struct registry *r)
{
	for (size_t i = 0; r->sorted && i < r->n; i++)
		if (r->sorted[i] < r->start || r->sorted[i] >= r->stop)
			free((void *)r->sorted[i]);
}

static unsigned registry_open(struct registry *r)
{
	forget_added(r);
	/* An empty kind has weak symbols at 0, and 0 - 0 is 0. */
	r->n = ((uintptr_t)r->stop - (uintptr_t)r->start) / sizeof(*r->start);
	free(r->sorted);
	r->sorted = calloc(r->n + 1, sizeof(*r->sorted));
	if (!r->sorted) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	for (size_t i = 0; i < r->n; i++)
		r->sorted[i] = &r->start[i];
	qsort(r->sorted, r->n, sizeof(*r->sorted), entry_order);
	return registry_count_doubles(r);
}

void registries_open(void)
{
	unsigned doubles = 0;
	for (struct registry *r = registry_list; r; r = r->next)
		doubles += registry_open(r);
	if (doubles)
		exit(1);
}

bool registry_add(struct registry *r, const void *item, const char *file, int line)
{
	const struct registry_entry **grown = realloc(r->sorted, (r->n + 2) * sizeof(*grown));
	struct registry_entry *e = malloc(sizeof(*e));
	size_t at = 0;

	ASSERT(grown && e);
	r->sorted = grown;
	*e = (struct registry_entry){ item, file, line };
	while (at < r->n && entry_order(&r->sorted[at], (const struct registry_entry *const[]){ e }) < 0)
		at++;
	for (size_t i = at; i < r->n && entry_order(&r->sorted[i], (const struct registry_entry *const[]){ e }) == 0; i++) {
		if (!r->clash || r->clash(r->sorted[i]->item, item)) {
			free(e);
			return false;
		}
	}
	memmove(r->sorted + at + 1, r->sorted + at, (r->n - at) * sizeof(*r->sorted));
	r->sorted[at] = e;
	r->n++;
	return true;
}

static int slice_order(struct slice a, const char *z)
{
	struct slice b = slice_of(z);
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.ptr, b.ptr, common) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

const struct registry_entry *const *registry_find_all(const struct registry *r, struct slice keyword, size_t *n)
{
	size_t low = 0, high = r->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (slice_order(keyword, registry_keyword(r->sorted[mid])) > 0)
			low = mid + 1;
		else
			high = mid;
	}
	*n = 0;
	while (low + *n < r->n && slice_order(keyword, registry_keyword(r->sorted[low + *n])) == 0)
		++*n;
	return (const struct registry_entry *const *)r->sorted + low;
}

const void *registry_find(const struct registry *r, struct slice keyword)
{
	size_t n;
	const struct registry_entry *const *found = registry_find_all(r, keyword, &n);
	return n ? found[0]->item : NULL;
}

const void *registry_find_words(const struct registry *r, const char *const *words, int count, int *words_used)
{
	char text[KEYWORD_BYTES_MAX];
	size_t len = 0;
	const void *found = NULL;
	for (int i = 0; i < count && i < KEYWORD_WORDS_MAX; i++) {
		size_t n = strlen(words[i]);
		if (len + n + 1 > sizeof(text))
			break;
		if (i)
			text[len++] = ' ';
		memcpy(text + len, words[i], n);
		len += n;
		const void *item = registry_find(r, slice_make(text, len));
		if (item) {
			found = item;
			*words_used = i + 1;
		}
	}
	return found;
}

const char *registry_nearest(const struct registry *r, struct slice keyword)
{
	const char **names = calloc(r->n + 1, sizeof(*names));
	if (!names)
		return NULL;
	for (size_t i = 0; i < r->n; i++)
		names[i] = registry_keyword(r->sorted[i]);
	const char *best = nearest_word(keyword, names, r->n);
	free(names);
	return best;
}
