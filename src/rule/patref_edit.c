/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes of pattern lists; see rule/patref_edit.h. Whatever this file does with a list it does under the
 * list's lock. Any thread.
 */
#include "rule/patref_edit.h"

#include "core/epoch.h"

/* Look-ups see the current version's indexes, which come into being with its first pattern. */
static void publish(struct patref *r)
{
	for (size_t i = 0; i < r->views.n; i++) {
		struct pattern_index *x = i < r->current->index_count ? r->current->indexes[i] : NULL;

		if (r->views.at[i]->index != x)
			__atomic_store_n(&r->views.at[i]->index, x, __ATOMIC_RELEASE);
	}
}

/* The list of versions goes through all: the current one, then those that are prepared. */
static struct pattern_version *next_version(const struct patref *r, const struct pattern_version *v)
{
	return v == r->current ? r->prepared : v->next;
}

static struct pattern_version *version_of(const struct patref *r, struct patref_which w)
{
	struct pattern_version *v = r->current;

	while (v && w.given && v->number != w.number)
		v = next_version(r, v);
	return v;
}

/* The version to add to; one that is prepared is made with its first pattern. */
static struct pattern_version *version_to_fill(struct patref *r, struct patref_which w, struct strbuf *err)
{
	struct pattern_version *v = version_of(r, w);
	uint32_t ahead = w.number - r->current->number;

	if (v)
		return v;
	if ((int32_t)ahead < 0) {
		strbuf_addf(err, "Version number in the past, the current one is %u.", r->current->number);
		return NULL;
	}
	if (ahead > r->last_number - r->current->number) {
		strbuf_addf(err, "Version number in the future, please use 'prepare %s' before.",
			r->two_columns ? "map" : "acl");
		return NULL;
	}
	v = pattern_version_new(w.number, r->current);
	if (!v) {
		strbuf_add_str(err, "Out of memory.");
		return NULL;
	}
	v->next = r->prepared;
	r->prepared = v;
	return v;
}

static bool add_to(struct patref *r, struct pattern_version *v, struct slice key, const struct slice *value,
	struct strbuf *err)
{
	struct strbuf why = STRBUF_EMPTY;
	struct pattern *p;
	bool ok;

	if (value && !patref_takes_value(r, *value)) {
		strbuf_addf(err, "unable to parse '%.*s'.", SLICE_FMT(*value));
		return false;
	}
	p = pattern_new(key, value, 0);
	ok = p && pattern_version_add(v, &r->views, p, &why);
	if (ok)
		publish(r);
	else if (p)
		pattern_free(p);
	if (!ok)
		strbuf_addf(err, "'%.*s': %s.", SLICE_FMT(key), p ? why.ptr : "out of memory");
	strbuf_free(&why);
	return ok;
}

bool patref_add(struct patref *r, struct patref_which w, struct slice key, const struct slice *value, struct strbuf *err)
{
	struct pattern_version *v;
	bool ok;

	pthread_mutex_lock(&r->lock);
	v = version_to_fill(r, w, err);
	ok = v && add_to(r, v, key, value, err);
	pthread_mutex_unlock(&r->lock);
	return ok;
}

/* All patterns of a text in one version get the value; *ok turns false when memory is out. */
static size_t set_in(struct pattern_version *v, struct slice key, struct slice value, bool *ok)
{
	struct pattern_probe probe;
	struct pattern *p;
	size_t n = 0;

	*ok = *ok && pattern_version_probe(v, key, &probe);
	while (*ok && (p = pattern_version_next(&probe, key))) {
		*ok = pattern_set_value(p, value);
		n++;
	}
	return n;
}

static bool has_text(struct pattern_version *v, struct slice key)
{
	struct pattern_probe probe;

	/* With memory out it counts as there: nothing is added then. */
	return !pattern_version_probe(v, key, &probe) || pattern_version_next(&probe, key) != NULL;
}

bool patref_put(struct patref *r, struct slice key, const struct slice *value)
{
	struct strbuf unused = STRBUF_EMPTY;
	bool ok = !value || patref_takes_value(r, *value);

	pthread_mutex_lock(&r->lock);
	if (ok && !has_text(r->current, key))
		ok = add_to(r, r->current, key, value, &unused);
	else if (ok && value)
		for (struct pattern_version *v = r->current; v; v = next_version(r, v))
			set_in(v, key, *value, &ok);
	pthread_mutex_unlock(&r->lock);
	strbuf_free(&unused);
	return ok;
}

static size_t refuse_value(const struct patref *r, struct slice value, struct strbuf *err)
{
	if (!patref_takes_value(r, value))
		strbuf_addf(err, "unable to parse '%.*s'.", SLICE_FMT(value));
	return 0;
}

size_t patref_set(struct patref *r, struct slice key, struct slice value, struct strbuf *err)
{
	size_t n = 0;
	bool ok = true;

	if (!patref_takes_value(r, value))
		return refuse_value(r, value, err);
	pthread_mutex_lock(&r->lock);
	for (struct pattern_version *v = r->current; v; v = next_version(r, v))
		n += set_in(v, key, value, &ok);
	pthread_mutex_unlock(&r->lock);
	if (n == 0 || !ok)
		strbuf_add_str(err, ok ? "entry not found." : "Out of memory.");
	return ok ? n : 0;
}

size_t patref_set_id(struct patref *r, uint64_t id, struct slice value, struct strbuf *err)
{
	struct pattern *p = NULL;
	bool ok = true;

	if (!patref_takes_value(r, value))
		return refuse_value(r, value, err);
	pthread_mutex_lock(&r->lock);
	for (struct pattern_version *v = r->current; v && !p; v = next_version(r, v))
		p = pattern_version_by_id(v, id);
	if (p)
		ok = pattern_set_value(p, value);
	pthread_mutex_unlock(&r->lock);
	if (!p || !ok)
		strbuf_add_str(err, ok ? "entry not found." : "Out of memory.");
	return p && ok;
}

size_t patref_del(struct patref *r, struct slice key)
{
	struct pattern_probe probe;
	struct pattern *p;
	size_t n = 0;

	pthread_mutex_lock(&r->lock);
	for (struct pattern_version *v = r->current; v; v = next_version(r, v)) {
		bool ok = pattern_version_probe(v, key, &probe);

		while (ok && (p = pattern_version_next(&probe, key))) {
			pattern_version_del(v, p);
			n++;
		}
	}
	pthread_mutex_unlock(&r->lock);
	return n;
}

size_t patref_del_id(struct patref *r, uint64_t id)
{
	struct pattern *p = NULL;

	pthread_mutex_lock(&r->lock);
	for (struct pattern_version *v = r->current; v && !p; v = next_version(r, v)) {
		p = pattern_version_by_id(v, id);
		if (p)
			pattern_version_del(v, p);
	}
	pthread_mutex_unlock(&r->lock);
	return p != NULL;
}

/* ---- versions ---- */

static void make_current(struct patref *r, struct pattern_version *v)
{
	struct pattern_version *old = r->current;

	v->next = NULL;
	r->current = v;
	publish(r);
	epoch_retire(old, pattern_version_free);
}

/* Takes those out whose numbers are not ahead of `number`, and gives the one that has it, or NULL. */
static struct pattern_version *take_prepared(struct patref *r, uint32_t number)
{
	struct pattern_version *taken = NULL;

	for (struct pattern_version **at = &r->prepared; *at;) {
		struct pattern_version *v = *at;

		if ((int32_t)(v->number - number) > 0) {
			at = &v->next;
			continue;
		}
		*at = v->next;
		if (v->number == number)
			taken = v;
		else
			epoch_retire(v, pattern_version_free);
	}
	return taken;
}

bool patref_clear(struct patref *r, struct patref_which w)
{
	struct pattern_version *fresh, *v;
	bool ok = true;

	pthread_mutex_lock(&r->lock);
	v = version_of(r, w);
	if (v && v == r->current) {
		fresh = pattern_version_new(v->number, v);
		ok = fresh != NULL;
		if (fresh)
			make_current(r, fresh);
	}
	for (struct pattern_version **at = &r->prepared; v && *at; at = &(*at)->next) {
		if (*at != v)
			continue;
		*at = v->next;
		epoch_retire(v, pattern_version_free);
		break;
	}
	pthread_mutex_unlock(&r->lock);
	return ok;
}

uint32_t patref_prepare(struct patref *r)
{
	uint32_t number;

	pthread_mutex_lock(&r->lock);
	number = ++r->last_number;
	pthread_mutex_unlock(&r->lock);
	return number;
}

bool patref_commit(struct patref *r, uint32_t number, struct strbuf *err)
{
	struct pattern_version *v = NULL;

	pthread_mutex_lock(&r->lock);
	if (number - r->current->number - 1 >= r->last_number - r->current->number) {
		strbuf_add_str(err, "Version number out of range.");
	} else {
		v = take_prepared(r, number);
		if (!v)
			v = pattern_version_new(number, r->current);
		if (v)
			make_current(r, v);
		else
			strbuf_add_str(err, "Out of memory.");
	}
	pthread_mutex_unlock(&r->lock);
	return v != NULL;
}

struct patref_state patref_state(struct patref *r)
{
	struct patref_state s;

	pthread_mutex_lock(&r->lock);
	s = (struct patref_state){ .current = r->current->number, .last_number = r->last_number };
	for (const struct pattern_version *v = r->current; v; v = next_version(r, v))
		s.count += v->live;
	pthread_mutex_unlock(&r->lock);
	return s;
}

bool patref_write(struct patref *r, struct patref_which w, uint64_t *from, unsigned max, struct strbuf *out)
{
	const struct pattern *p = NULL;
	struct pattern_version *v;

	pthread_mutex_lock(&r->lock);
	v = version_of(r, w);
	for (; v && max && (p = pattern_version_from(v, *from)); max--) {
		const struct pattern_value *value = pattern_value(p);

		strbuf_addf(out, "0x%llx ", (unsigned long long)p->id);
		pattern_write(out, pattern_key(p));
		if (value) {
			strbuf_add_byte(out, ' ');
			pattern_write(out, slice_make(value->text, value->len));
		}
		strbuf_add_byte(out, '\n');
		*from = p->id + 1;
	}
	pthread_mutex_unlock(&r->lock);
	return v && p;
}
