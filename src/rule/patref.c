/* SPDX-License-Identifier: Apache-2.0
 *
 * The lists of patterns: how they come to be, who uses them, how they are called. Start-up, then frozen.
 */
#include "rule/patref.h"

#include <malloc.h>
#include <stdlib.h>
#include "core/epoch.h"
#include "rule/boot.h"
#include "rule/pattern_file.h"

static struct {
	struct patref **all;   /* those that are loaded, in that order; by rising id once patrefs_finish() ran */
	size_t n;
	struct patref **files; /* those with a name, loaded or not */
	size_t n_files;
} lists;

static void patrefs_forget(void *unused)
{
	(void)unused;
	for (size_t i = 0; i < lists.n; i++) {
		struct patref *r = lists.all[i];
		struct pattern_version *v;

		while ((v = r->prepared)) {
			r->prepared = v->next;
			pattern_version_free(v);
		}
		pattern_version_free(r->current);
		pthread_mutex_destroy(&r->lock);
		strbuf_free(&r->text);
	}
	memset(&lists, 0, sizeof(lists));
	epoch_collect(true);
}

static struct patref *patref_new(struct slice name)
{
	struct patref *r = boot_alloc(sizeof(*r));

	r->name = boot_copy(name).ptr;
	r->id = -1;
	return r;
}

static bool patref_enter(struct patref *r, struct strbuf *err)
{
	r->current = pattern_version_new(0, NULL);
	if (!r->current) {
		strbuf_add_str(err, "out of memory");
		return false;
	}
	if (lists.n == 0)
		boot_defer(patrefs_forget, NULL);
	pthread_mutex_init(&r->lock, NULL);
	r->loaded = true;
	lists.all = boot_grow(lists.all, lists.n, sizeof(r));
	lists.all[lists.n++] = r;
	return true;
}

/* The last that was entered, as if it never had been. */
static void patref_leave(struct patref *r)
{
	lists.n--;
	pattern_version_free(r->current);
	r->current = NULL;
	r->loaded = false;
	pthread_mutex_destroy(&r->lock);
}

static void add_place(struct patref *r, const char *before, const struct conf_line *l)
{
	if (l)
		strbuf_addf(&r->text, " %sfile '%s' line %d", before, l->file, l->line);
}

static struct patref *file_named(struct slice name)
{
	for (size_t i = 0; i < lists.n_files; i++)
		if (slice_is(name, lists.files[i]->name))
			return lists.files[i];
	lists.files = boot_grow(lists.files, lists.n_files, sizeof(*lists.files));
	return lists.files[lists.n_files++] = patref_new(name);
}

struct patref *patref_of_file(struct slice name, bool two_columns, bool acl, const struct conf_line *l, struct strbuf *err)
{
	struct patref *r;
	bool first;

	if (slice_starts(name, SLICE("virt@")) || slice_starts(name, SLICE("opt@"))) {
		strbuf_addf(err, "'%.*s': lists without a file are newer HAProxy's; name a file, empty if need be", SLICE_FMT(name));
		return NULL;
	}
	r = file_named(name);
	first = !r->loaded;
	if (first) {
		if (!patref_enter(r, err))
			return NULL;
		if (!pattern_file_read(r->name, two_columns, r->current, err)) {
			patref_leave(r);
			return NULL;
		}
		r->two_columns = two_columns;
		strbuf_addf(&r->text, "pattern loaded from file '%s' used", r->name);
	} else if (r->two_columns != two_columns) {
		strbuf_addf(err, "file '%s' is used %s a value elsewhere, and can only be read in one way", r->name,
			two_columns ? "as patterns without" : "as a map, whose patterns have");
		return NULL;
	}
	strbuf_addf(&r->text, "%s by %s", first ? "" : ",", two_columns ? "map" : "acl");
	add_place(r, "at ", l);
	r->acl |= acl;
	return r;
}

struct patref *patref_of_line(const char *keyword, const struct conf_line *l, int64_t id, struct strbuf *err)
{
	struct patref *r = patref_new(SLICE(""));

	for (size_t i = 0; id >= 0 && i < lists.n; i++) {
		if (lists.all[i]->id == id) {
			strbuf_addf(err, "another ACL has the number %lld", (long long)id);
			return NULL;
		}
	}
	if (!patref_enter(r, err))
		return NULL;
	r->id = id;
	r->acl = true;
	strbuf_addf(&r->text, "acl '%s'", keyword);
	add_place(r, "", l);
	return r;
}

struct patref *patref_of_rule(struct slice name, const struct conf_line *l)
{
	struct patref *r = file_named(name);

	if (!r->file) {
		r->file = l->file;
		r->line = l->line;
	}
	return r;
}

static bool value_is(struct slice text, enum value_type out)
{
	struct addr a;
	int64_t n;

	return out == VALUE_INT ? slice_to_i64(text, &n) : out == VALUE_ADDR ? addr_parse_ip(text, &a) : true;
}

bool patref_takes_value(const struct patref *r, struct slice value)
{
	for (const struct patref_use *u = r->uses; u; u = u->next)
		if (!value_is(value, u->out))
			return false;
	return true;
}

static bool check_values(const struct patref *r, enum value_type out, struct strbuf *err)
{
	for (size_t i = 0; i < r->current->n; i++) {
		const struct pattern *p = r->current->places[i].pattern;

		if (p->value && !value_is(slice_make(p->value->text, p->value->len), out)) {
			strbuf_addf(err, "file '%s' line %u: '%s' is no %s", r->name, p->line, p->value->text,
				out == VALUE_INT ? "integer" : "address");
			return false;
		}
	}
	return true;
}

static struct pattern_view *view_of(struct patref *r, const struct matcher *m, bool nocase, struct strbuf *err)
{
	struct strbuf why = STRBUF_EMPTY;
	struct pattern_view *view;
	bool ok;

	for (size_t i = 0; i < r->views.n; i++)
		if (r->views.at[i]->matcher == m && r->views.at[i]->nocase == nocase)
			return r->views.at[i];
	view = boot_alloc(sizeof(*view));
	*view = (struct pattern_view){ m, nocase, NULL };
	r->views.at = boot_grow(r->views.at, r->views.n, sizeof(view));
	r->views.at[r->views.n++] = view;
	ok = pattern_version_open(r->current, &r->views, r->views.n - 1, &why);
	if (!ok)
		strbuf_addf(err, "file '%s' %.*s", r->name, SLICE_FMT(strbuf_slice(&why)));
	strbuf_free(&why);
	if (!ok) {
		r->views.n--; /* a script may go on without it */
		return NULL;
	}
	if (r->current->index_count >= r->views.n)
		view->index = r->current->indexes[r->views.n - 1];
	return view;
}

const struct pattern_view *patref_look(struct patref *r, const struct matcher *m, bool nocase, enum value_type out,
	bool groups, struct strbuf *err)
{
	struct pattern_view *view = view_of(r, m, nocase, err);
	struct patref_use **at = &r->uses;

	for (; view && *at; at = &(*at)->next)
		if ((*at)->view == view && (*at)->out == out && (*at)->groups == groups)
			return view;
	if (!view || !check_values(r, out, err))
		return NULL;
	*at = boot_alloc(sizeof(**at));
	**at = (struct patref_use){ view, out, groups, NULL };
	return view;
}

bool patref_add_word(struct patref *r, struct slice word, struct strbuf *err)
{
	struct pattern *p = pattern_new(word, NULL, 0);

	if (!p) {
		strbuf_add_str(err, "out of memory");
		return false;
	}
	if (!pattern_version_add(r->current, &r->views, p, err)) {
		pattern_free(p);
		return false;
	}
	for (size_t i = 0; i < r->views.n; i++)
		r->views.at[i]->index = r->current->indexes[i];
	return true;
}

/* ---- numbers ---- */

static int by_id(const void *a, const void *b)
{
	int64_t x = (*(struct patref *const *)a)->id, y = (*(struct patref *const *)b)->id;

	return (x > y) - (x < y);
}

/* The taken numbers lie sorted in ids. */
static void number_others(const int64_t *ids, size_t n_ids)
{
	int64_t next = 0;
	size_t taken = 0;

	for (size_t i = 0; i < lists.n; i++) {
		if (lists.all[i]->id >= 0)
			continue;
		for (; taken < n_ids && ids[taken] <= next; taken++)
			next += ids[taken] == next;
		lists.all[i]->id = next++;
	}
}

bool patrefs_finish(void)
{
	struct patref **sorted = boot_alloc((lists.n + 1) * sizeof(*sorted));
	int64_t *ids = boot_alloc((lists.n + 1) * sizeof(*ids));
	size_t n_ids = 0;
	bool ok = true;

	/* Lists go in pieces; the C library would keep the pieces of small memory apart and join them all at once, later, which
	 * takes it 50 ms for 300,000 networks. */
	mallopt(M_MXFAST, 0);
	for (size_t i = 0; i < lists.n; i++)
		sorted[i] = lists.all[i];
	qsort(sorted, lists.n, sizeof(*sorted), by_id);
	for (size_t i = 0; i < lists.n; i++)
		if (sorted[i]->id >= 0)
			ids[n_ids++] = sorted[i]->id;
	number_others(ids, n_ids);
	if (lists.n)
		qsort(lists.all, lists.n, sizeof(*lists.all), by_id);
	for (size_t i = 0; i < lists.n_files; i++) {
		const struct patref *r = lists.files[i];
		struct pattern_probe unused;

		/* What rules need is made now, not in the first of them. */
		if (r->loaded && r->file)
			pattern_version_probe(r->current, SLICE(""), &unused);
		if (r->loaded || !r->file)
			continue;
		ok = false;
		diag_at(DIAG_ALERT, r->file, r->line,
			"no ACL and no map is loaded from file '%s', so there is nothing to change", r->name);
	}
	return ok;
}

struct patref *patref_at(size_t n) { return n < lists.n ? lists.all[n] : NULL; }

struct patref *patref_find(struct slice name)
{
	bool by_number = slice_starts(name, SLICE("#"));
	uint64_t id = 0;

	if (name.len == 0 || (by_number && !slice_to_u64(slice_from(name, 1), &id)))
		return NULL;
	for (size_t i = 0; i < lists.n; i++) {
		struct patref *r = lists.all[i];

		if (by_number ? r->id == (int64_t)id : slice_is(name, r->name))
			return r;
	}
	return NULL;
}
