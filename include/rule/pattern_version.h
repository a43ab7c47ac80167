/* SPDX-License-Identifier: Apache-2.0
 *
 * One version of a list of patterns: the patterns in their order and an index for each way the list is
 * looked at. A list has a current version, which look-ups see, and perhaps some under preparation.
 * Everything here is for the list's writer, under its lock; look-ups know the indexes alone.
 */
#ifndef USHER_RULE_PATTERN_VERSION_H
#define USHER_RULE_PATTERN_VERSION_H

#include "rule/pattern.h"
#include "rule/pattern_hash.h"

/* A way to look at a list. What ACLs and maps hold; lives as long as the configuration. */
struct pattern_view {
	const struct matcher *matcher;
	bool nocase;
	struct pattern_index *index; /* atomic; borrows: the current version's; NULL: nothing was ever added to it */
};

/* The views of a list, in the order of their appearance. Frozen after boot. */
struct pattern_views {
	struct pattern_view **at;
	size_t n;
};

struct pattern_place {
	uint64_t id;
	struct pattern *pattern; /* owns; NULL: it was removed */
};

struct pattern_version {
	uint32_t number;
	struct pattern_version *next;   /* for its list */
	struct pattern_place *places;   /* owns; by rising id */
	size_t n, cap, live;
	struct pattern_index **indexes; /* owns; one for each view, NULL where it is not needed yet */
	size_t index_count;
	struct pattern_hash texts;      /* of patterns, by text; made when first asked for, and for its successors then */
	bool has_texts;
};

/* An empty one; `like` says by what it will be asked for, NULL: nothing is known. NULL: memory is out. */
struct pattern_version *pattern_version_new(uint32_t number, const struct pattern_version *like);
/* Nobody looks any more. In pieces: what is left after one goes to core/epoch again. Void for core/epoch. */
void pattern_version_free(void *version);
/* Adds a pattern, which is the version's then. False with the reason in err, and nothing is changed. */
bool pattern_version_add(struct pattern_version *v, const struct pattern_views *views, struct pattern *p,
	struct strbuf *err);
/* Removes and retires it. */
void pattern_version_del(struct pattern_version *v, struct pattern *p);
/* The pattern of that number; NULL: it has none. */
struct pattern *pattern_version_by_id(const struct pattern_version *v, uint64_t id);
/* The first pattern whose number is not less than id; NULL: none. */
struct pattern *pattern_version_from(const struct pattern_version *v, uint64_t id);
/* A walk over the patterns of one text. False: memory is out. */
bool pattern_version_probe(struct pattern_version *v, struct slice text, struct pattern_probe *probe);
struct pattern *pattern_version_next(struct pattern_probe *probe, struct slice text);
/* Puts what is there into the index of a view that is new. Start-up only. False with the reason, and where it was met, in
 * err, and nothing is changed. */
bool pattern_version_open(struct pattern_version *v, const struct pattern_views *views, size_t view, struct strbuf *err);

#endif
