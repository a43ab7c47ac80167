/* SPDX-License-Identifier: Apache-2.0
 *
 * Versions of pattern lists; see rule/pattern_version.h. One writer.
 */
#include "rule/pattern_version.h"

#include <stdlib.h>
#include "core/epoch.h"
#include "rule/match.h"
#include "rule/pattern_whole.h"

#define FREE_PIECE 4096 /* patterns and slots freed in one go */
#define FAULTS_SHOWN 8

struct pattern_version *pattern_version_new(uint32_t number, const struct pattern_version *like)
{
	struct pattern_version *v = calloc(1, sizeof(*v));

	if (v) {
		v->number = number;
		v->has_texts = like && like->has_texts;
	}
	return v;
}

static bool free_indexes(struct pattern_version *v, size_t *budget)
{
	for (; v->index_count; v->index_count--)
		if (!pattern_index_free(&v->indexes[v->index_count - 1], budget))
			return false;
	return true;
}

static bool free_patterns(struct pattern_version *v, size_t *budget)
{
	for (; v->n; v->n--) {
		if (*budget == 0)
			return false;
		--*budget;
		if (v->places[v->n - 1].pattern)
			pattern_free(v->places[v->n - 1].pattern);
	}
	return true;
}

void pattern_version_free(void *version)
{
	struct pattern_version *v = version;
	size_t budget = FREE_PIECE;

	if (!free_indexes(v, &budget) || !free_patterns(v, &budget)) {
		epoch_retire(v, pattern_version_free);
		return;
	}
	pattern_hash_free(&v->texts);
	free(v->indexes);
	free(v->places);
	free(v);
}

/* ---- places ---- */

/* The place of the first number that is not less than id. */
static size_t place_from(const struct pattern_version *v, uint64_t id)
{
	size_t from = 0, to = v->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (v->places[mid].id < id)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* Room for one more: holes are closed when they are many, else there are twice as many places. */
static bool places_reserve(struct pattern_version *v)
{
	size_t n = 0;

	if (v->n < v->cap)
		return true;
	if (v->live < v->n / 2) {
		for (size_t i = 0; i < v->n; i++)
			if (v->places[i].pattern)
				v->places[n++] = v->places[i];
		v->n = n;
		return true;
	}
	size_t cap = v->cap < 2 ? 2 : 2 * v->cap;
	struct pattern_place *more = reallocarray(v->places, cap, sizeof(*more));
	if (!more)
		return false;
	v->places = more;
	v->cap = cap;
	return true;
}

struct pattern *pattern_version_by_id(const struct pattern_version *v, uint64_t id)
{
	size_t i = place_from(v, id);

	return i < v->n && v->places[i].id == id ? v->places[i].pattern : NULL;
}

struct pattern *pattern_version_from(const struct pattern_version *v, uint64_t id)
{
	for (size_t i = place_from(v, id); i < v->n; i++)
		if (v->places[i].pattern)
			return v->places[i].pattern;
	return NULL;
}

/* ---- indexes ---- */

static bool out_of_memory(struct strbuf *err)
{
	strbuf_add_str(err, "out of memory");
	return false;
}

/* An index for each view that has an engine. */
static bool indexes_reserve(struct pattern_version *v, const struct pattern_views *views)
{
	if (v->index_count < views->n) {
		struct pattern_index **more = reallocarray(v->indexes, views->n, sizeof(*more));

		if (!more)
			return false;
		v->indexes = more;
		while (v->index_count < views->n)
			v->indexes[v->index_count++] = NULL;
	}
	for (size_t i = 0; i < views->n; i++) {
		const struct pattern_view *view = views->at[i];

		if (!v->indexes[i] && view->matcher->engine)
			v->indexes[i] = pattern_index_new(view->matcher, view->nocase);
		if (!v->indexes[i] && view->matcher->engine)
			return false;
	}
	return true;
}

/* All or none: what one method would refuse none gets. */
static bool indexes_add(struct pattern_version *v, const struct pattern *p, struct strbuf *err)
{
	size_t i;

	for (i = 0; i < v->index_count && v->index_count > 1; i++) {
		const struct pattern_index *x = v->indexes[i];

		if (x && !x->matcher->engine->check(x->matcher, x->nocase, pattern_key(p), err))
			return false;
	}
	for (i = 0; i < v->index_count; i++)
		if (v->indexes[i] && !v->indexes[i]->matcher->engine->add(v->indexes[i], p, err))
			break;
	if (i == v->index_count)
		return true;
	while (i-- > 0)
		if (v->indexes[i])
			v->indexes[i]->matcher->engine->del(v->indexes[i], p);
	return false;
}

/* The index of another method serves where it holds the texts anyway. */
static struct pattern_hash *texts_of(struct pattern_version *v)
{
	for (size_t i = 0; i < v->index_count; i++) {
		struct pattern_hash *h = pattern_whole_texts(v->indexes[i]);

		if (h)
			return h;
	}
	return v->has_texts ? &v->texts : NULL;
}

bool pattern_version_add(struct pattern_version *v, const struct pattern_views *views, struct pattern *p,
	struct strbuf *err)
{
	uint32_t hash = v->has_texts ? pattern_hash_of(pattern_key(p), false) : 0;

	if (!places_reserve(v) || !indexes_reserve(v, views))
		return out_of_memory(err);
	if (v->has_texts && !pattern_hash_add(&v->texts, hash, p))
		return out_of_memory(err);
	if (!indexes_add(v, p, err)) {
		if (v->has_texts)
			pattern_hash_del(&v->texts, hash, p);
		return false;
	}
	v->places[v->n++] = (struct pattern_place){ p->id, p };
	v->live++;
	return true;
}

void pattern_version_del(struct pattern_version *v, struct pattern *p)
{
	size_t i = place_from(v, p->id);

	for (size_t k = 0; k < v->index_count; k++)
		if (v->indexes[k])
			v->indexes[k]->matcher->engine->del(v->indexes[k], p);
	if (v->has_texts)
		pattern_hash_del(&v->texts, pattern_hash_of(pattern_key(p), false), p);
	v->places[i].pattern = NULL;
	v->live--;
	epoch_retire(p, pattern_free);
}

bool pattern_version_probe(struct pattern_version *v, struct slice text, struct pattern_probe *probe)
{
	for (size_t i = 0; !texts_of(v) && i < v->n; i++) {
		struct pattern *p = v->places[i].pattern;

		if (p && !pattern_hash_add(&v->texts, pattern_hash_of(pattern_key(p), false), p)) {
			pattern_hash_free(&v->texts);
			return false;
		}
	}
	v->has_texts |= texts_of(v) == NULL;
	*probe = pattern_probe(texts_of(v), pattern_hash_of(text, false));
	return true;
}

struct pattern *pattern_version_next(struct pattern_probe *probe, struct slice text)
{
	struct pattern *p;

	while ((p = pattern_probe_next(probe)) && !slice_eq(pattern_key(p), text))
		;
	return p;
}

bool pattern_version_open(struct pattern_version *v, const struct pattern_views *views, size_t view, struct strbuf *err)
{
	struct strbuf why = STRBUF_EMPTY;
	unsigned faults = 0;

	if (v->live == 0 || !views->at[view]->matcher->engine)
		return true;
	if (!indexes_reserve(v, views))
		return out_of_memory(err);
	for (size_t i = 0; i < v->n; i++) {
		const struct pattern *p = v->places[i].pattern;
		struct pattern_index *x = v->indexes[view];

		strbuf_clear(&why);
		if (!p || x->matcher->engine->add(x, p, &why))
			continue;
		if (faults == 0)
			strbuf_addf(err, "line %u: '%s': %.*s", p->line, p->key, SLICE_FMT(strbuf_slice(&why)));
		else if (faults < FAULTS_SHOWN)
			strbuf_addf(err, "%s%u", faults == 1 ? " (so are lines " : ", ", p->line);
		faults++;
	}
	if (faults > FAULTS_SHOWN)
		strbuf_addf(err, " and %u more", faults - FAULTS_SHOWN);
	if (faults > 1)
		strbuf_add_byte(err, ')');
	strbuf_free(&why);
	for (size_t budget = FREE_PIECE; faults && !pattern_index_free(&v->indexes[view], &budget); budget = FREE_PIECE)
		;
	return faults == 0;
}
