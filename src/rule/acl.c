/* SPDX-License-Identifier: Apache-2.0
 *
 * ACLs: a criterion (an expression, or a word that stands for one and a match method), flags and
 * patterns; named ones live in their proxy's table and may have several tests. How patterns are
 * compared is the matchers' business. Compiled at start-up, then frozen.
 */
#include "rule/acl.h"

#include "base/assert.h"
#include "base/names.h"
#include "base/units.h"
#include "conf/haproxy_names.h"
#include "rule/boot.h"

REGISTRY_DEFINE(matcher)

struct acl_table {
	struct acl **acls;
	size_t n;
	struct names by_name;
};

/* What the flags of the line at hand have said so far. */
struct acl_flags {
	bool nocase;
	bool two_columns; /* -M: files are maps */
	int64_t id;       /* -u; -1: none was given */
	const char *op;   /* the comparison that stands before the patterns, or NULL */
};

/* The method used without -m; NULL: one has to be named. */
static const struct matcher *acl_default_matcher(enum value_type type)
{
	static const char *const names[] = {
		[VALUE_BOOL] = "bool", [VALUE_INT] = "int", [VALUE_ADDR] = "ip", [VALUE_STR] = "str",
		[VALUE_METHOD] = NULL,
	};

	return names[type] ? registry_find(&matcher_registry, slice_of(names[type])) : NULL;
}

/* "path_beg(x),lower" as the expression it stands for; *match gets the method when no converter follows. */
static const char *acl_expand_word(const char *word, const char **match)
{
	size_t n = strcspn(word, "(,");
	const struct acl_word *w = acl_word_find(slice_make(word, n));
	struct strbuf b = STRBUF_EMPTY;
	struct slice made;

	*match = NULL;
	if (!w)
		return word;
	strbuf_add_str(&b, w->fetch);
	strbuf_add_str(&b, word + n);
	made = boot_copy(strbuf_slice(&b));
	strbuf_free(&b);
	/* A method implied by the word is for the word alone: behind converters their output decides. */
	if (word[n] == 0 || (word[n] == '(' && word[strlen(word) - 1] == ')' && !strstr(word + n, "),")))
		*match = w->match;
	return made.ptr;
}

/* A slip in "path_beg" is nearer to it than to any fetch. */
static bool acl_word_is_known(struct conf_line *l, const char *word)
{
	struct slice name = slice_make(word, strcspn(word, "(,"));
	const char *near = acl_word_nearest(name);

	if (!near || acl_word_find(name) || registry_find(&fetch_registry, name) || registry_nearest(&fetch_registry, name)
		|| haproxy_has_name(HAPROXY_FETCH, name))
		return true;
	return conf_fail(l, "unknown criterion '%.*s'; did you mean '%s'?", SLICE_FMT(name), near);
}

static bool acl_add_view(struct conf_line *l, struct acl_test *t, const struct acl_flags *f, struct patref *r,
	const char *list_fault)
{
	struct strbuf err = STRBUF_EMPTY;
	const struct pattern_view *view = NULL;

	if (r)
		view = patref_look(r, t->matcher, f->nocase, VALUE_ANY, false, &err);
	if (view) {
		t->views = boot_grow(t->views, t->n_views, sizeof(*t->views));
		t->views[t->n_views++] = view;
	}
	if (!r || err.len)
		conf_fail(l, "%s", r ? err.ptr : list_fault);
	strbuf_free(&err);
	return !l->failed;
}

static bool acl_load_file(struct conf_line *l, struct acl_test *t, const struct acl_flags *f, const char *path)
{
	struct strbuf err = STRBUF_EMPTY;
	struct patref *r = patref_of_file(slice_of(path), f->two_columns, true, l, &err);
	bool ok = acl_add_view(l, t, f, r, err.ptr);

	strbuf_free(&err);
	return ok;
}

/* "gt 5" as the range it means, which is what operators see. What is no number is left for the method to refuse. */
static bool acl_compare(const struct matcher *m, const char *op, struct slice word, struct strbuf *text, struct strbuf *err)
{
	int64_t n;

	if (!match_number(m, word, &n)) {
		strbuf_add_slice(text, word);
		if (slice_find_byte(word, ':') >= 0)
			strbuf_add_str(err, "a comparison takes single numbers, no range");
	} else if ((strcmp(op, "gt") == 0 && n == (m->dotted ? UINT32_MAX : INT64_MAX)) ||
		   (strcmp(op, "lt") == 0 && n == (m->dotted ? 0 : INT64_MIN))) {
		strbuf_add_str(err, "no number compares so");
	} else if (op[0] == 'g') {
		match_number_write(m, n + (op[1] == 't'), text);
		strbuf_add_str(text, ":");
	} else if (op[0] == 'l') {
		strbuf_add_str(text, ":");
		match_number_write(m, n - (op[1] == 't'), text);
	} else {
		match_number_write(m, n, text);
	}
	return err->len == 0;
}

static bool acl_add_word(struct conf_line *l, struct acl_test *t, const struct acl_flags *f, struct patref *r, const char *word)
{
	struct strbuf err = STRBUF_EMPTY, text = STRBUF_EMPTY;
	bool ok;

	if (f->op)
		ok = acl_compare(t->matcher, f->op, slice_of(word), &text, &err) && patref_add_word(r, strbuf_slice(&text), &err);
	else
		ok = patref_add_word(r, slice_of(word), &err);
	if (ok)
		expr_note_pattern(t->expr, slice_of(word));
	else
		conf_fail(l, "pattern '%s' of match method '%s': %s", word, t->matcher->keyword, err.ptr);
	strbuf_free(&err);
	strbuf_free(&text);
	return ok;
}

static bool acl_set_matcher(struct conf_line *l, struct acl_test *t, const char *name)
{
	const char *near;

	if (t->n_views)
		return conf_fail(l, "-m must stand before the first file");
	t->matcher = registry_find(&matcher_registry, slice_of(name));
	if (t->matcher)
		return true;
	near = registry_nearest(&matcher_registry, slice_of(name));
	return conf_fail(l, "unknown match method '%s'%s%s%s", name, near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "");
}

static bool acl_check_matcher(struct conf_line *l, struct acl_test *t)
{
	enum value_type type = expr_type(t->expr);

	if (!t->matcher)
		return conf_fail(l, "a match method is needed (-m str, -m int ...) for a criterion of type %s", value_type_name(type));
	if (!value_can_cast(type, t->matcher->in))
		return conf_fail(l, "match method '%s' does not apply to a criterion of type %s", t->matcher->keyword,
			value_type_name(type));
	return true;
}

/* One flag and its argument. */
static bool acl_parse_flag(struct conf_line *l, struct acl_test *t, struct acl_flags *f)
{
	const char *flag = conf_take(l), *arg;

	if (strlen(flag) != 2 || !strchr("imfnuM", flag[1]))
		return conf_fail(l, "'%s' is no flag of an ACL; put '--' before patterns that begin with '-'", flag);
	switch (flag[1]) {
	case 'i':
		f->nocase = true;
		return true;
	case 'n':
		return true; /* names are never resolved */
	case 'u':
		return conf_need_int(l, "the ACL's number", 0, INT32_MAX, &f->id);
	case 'm':
		arg = conf_need(l, "a match method");
		return arg && acl_set_matcher(l, t, arg);
	case 'f':
		arg = conf_need(l, "a file of patterns");
		return arg && acl_check_matcher(l, t) && acl_load_file(l, t, f, arg);
	default:
		f->two_columns = true;
		return true;
	}
}

static bool acl_is_operator(const char *word)
{
	return word[0] && word[1] && !word[2] && strstr("eq ge gt le lt", word) && word[0] != ' ' && word[1] != ' ';
}

static bool acl_at_end(const struct conf_line *l, bool braces)
{
	const char *w = conf_peek(l);

	return !w || (braces && strcmp(w, "}") == 0);
}

static bool acl_parse_flags(struct conf_line *l, struct acl_test *t, struct acl_flags *f, bool braces)
{
	while (!acl_at_end(l, braces) && conf_peek(l)[0] == '-' && !conf_take_if(l, "--"))
		if (!acl_parse_flag(l, t, f))
			return false;
	return acl_check_matcher(l, t);
}

/* The words are patterns from here on, in a list of their own; it is there even when there is none, so that operators can
 * add some. */
static bool acl_parse_words(struct conf_line *l, struct acl_test *t, struct acl_flags *f, const char *keyword, bool braces)
{
	struct strbuf err = STRBUF_EMPTY;
	struct patref *r = patref_of_line(keyword, l, f->id, &err);
	bool ok = acl_add_view(l, t, f, r, err.ptr);

	strbuf_free(&err);
	while (ok && !acl_at_end(l, braces)) {
		const char *w = conf_take(l);

		if (!t->matcher->engine)
			continue;
		if (t->matcher->operators && acl_is_operator(w))
			f->op = w;
		else
			ok = acl_add_word(l, t, f, r, w);
	}
	return ok;
}

struct acl_test *acl_test_parse(struct conf_line *l, bool braces, struct proxy *px)
{
	struct acl_test *t = boot_alloc(sizeof(*t));
	const char *word = acl_at_end(l, braces) ? NULL : conf_take(l), *match, *keyword;
	struct acl_flags f = { .id = -1 };
	bool bare;

	if (!word) {
		conf_fail(l, "a criterion is expected");
		return NULL;
	}
	if (!acl_word_is_known(l, word))
		return NULL;
	keyword = boot_copy(slice_make(word, strcspn(word, "(,"))).ptr;
	word = acl_expand_word(word, &match);
	t->expr = expr_parse(l, word, PHASE_ANY, px);
	if (!t->expr)
		return NULL;
	t->matcher =
		match ? registry_find(&matcher_registry, slice_of(match)) : acl_default_matcher(expr_type(t->expr));
	bare = acl_at_end(l, braces);
	if (!acl_parse_flags(l, t, &f, braces) || !acl_parse_words(l, t, &f, match ? keyword : expr_fetch_name(t->expr), braces))
		return NULL;
	if (bare && t->matcher->engine)
		conf_warn(l, "criterion '%s' has no pattern and will never match; write '--' behind it where this is meant, or "
			"'-m found' to ask whether there is a value", word);
	return t;
}

static bool acl_test_match(const struct acl_test *t, const struct value *v, struct eval *ev)
{
	if (!t->matcher->engine)
		return t->matcher->match(v);
	for (size_t i = 0; i < t->n_views; i++)
		if (pattern_view_find(t->views[i], v, ev->arena, NULL))
			return true;
	return false;
}

/* One value that matches is enough. */
static enum eval_result acl_test_eval(const struct acl_test *t, struct eval *ev)
{
	struct fetch_walk walk = { 0 };
	bool may_change = false;
	enum eval_result r;
	struct value v;

	while ((r = expr_eval_next(t->expr, t->matcher->in, ev, &walk, &v)) == EVAL_OK) {
		if (acl_test_match(t, &v, ev))
			return EVAL_OK;
		may_change |= ev->may_change;
	}
	return may_change && !ev->final ? EVAL_WAIT : r;
}

enum eval_result acl_eval(const struct acl *a, struct eval *ev)
{
	enum eval_result result = EVAL_NONE;

	for (size_t i = 0; i < a->n; i++) {
		enum eval_result r = acl_test_eval(a->tests[i], ev);

		if (r == EVAL_OK)
			return EVAL_OK;
		if (r == EVAL_WAIT)
			result = EVAL_WAIT;
	}
	return result;
}

static struct acl *acl_in_table(const struct acl_table *table, struct slice name)
{
	return table ? names_find(&table->by_name, name, 0) : NULL;
}

static void acl_table_release(void *table)
{
	names_free(&((struct acl_table *)table)->by_name);
}

static struct acl *acl_make(struct acl_table **table, struct slice name)
{
	struct acl *a = acl_in_table(*table, name);

	if (a)
		return a;
	if (!*table) {
		*table = boot_alloc(sizeof(**table));
		boot_defer(acl_table_release, *table);
	}
	a = boot_alloc(sizeof(*a));
	a->name = boot_copy(name).ptr;
	(*table)->acls = boot_grow((*table)->acls, (*table)->n, sizeof(a));
	(*table)->acls[(*table)->n++] = a;
	names_add(&(*table)->by_name, slice_of(a->name), a);
	return a;
}

static void acl_add_test(struct acl *a, struct acl_test *t)
{
	a->tests = boot_grow(a->tests, a->n, sizeof(t));
	a->tests[a->n++] = t;
}

static bool acl_name_valid(struct conf_line *l, const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:";

	if (!*name || name[strspn(name, allowed)])
		return conf_fail(l, "ACL name '%s': letters, digits, '-', '_', '.' and ':' are expected", name);
	if (strcmp(name, "or") == 0)
		return conf_fail(l, "an ACL cannot be called 'or': conditions use that word");
	return true;
}

bool acl_parse(struct conf_line *l, struct acl_table **table, struct proxy *px)
{
	const char *name = conf_need(l, "an ACL's name");

	if (!name || !acl_name_valid(l, name))
		return false;
	/* Known by its name even when it is wrong, or every use of it would be a fault of its own. */
	struct acl *a = acl_make(table, slice_of(name));
	struct acl_test *t = acl_test_parse(l, false, px);
	if (t)
		acl_add_test(a, t);
	return t != NULL;
}

/* Compiles a predefined ACL's text as if it stood in the file. */
static struct acl *acl_add_predefined(struct acl_table **table, const struct acl_predefined *p,
	const struct conf_line *asker, struct proxy *px, struct strbuf *err)
{
	char *words[8], *text = (char *)boot_copy(slice_of(p->text)).ptr, *save = NULL;
	struct conf_line l = { .file = asker ? asker->file : "predefined ACL", .line = asker ? asker->line : 0, .words = words };
	struct expr *probe;
	struct acl_test *t;
	const char *match;

	for (char *w = strtok_r(text, " ", &save); w && l.count < 7; w = strtok_r(NULL, " ", &save))
		words[l.count++] = w;
	words[l.count] = NULL;
	/* A missing fetch is the asker's fault to report, with its own place. */
	probe = expr_compile(acl_expand_word(words[0], &match), PHASE_ANY, px, err);
	t = probe ? acl_test_parse(&l, false, px) : NULL;
	if (!t)
		return NULL;
	acl_add_test(acl_make(table, slice_of(p->name)), t);
	return acl_in_table(*table, slice_of(p->name));
}

static const char *acl_nearest(const struct acl_table *table, struct slice name)
{
	const char **all = NULL;
	const char *near;
	size_t n = 0;

	for (size_t i = 0; table && i < table->n; i++) {
		all = boot_grow(all, n, sizeof(*all));
		all[n++] = table->acls[i]->name;
	}
	for (size_t i = 0; acl_predefined_at(i); i++) {
		all = boot_grow(all, n, sizeof(*all));
		all[n++] = acl_predefined_at(i)->name;
	}
	near = nearest_word(name, all, n);
	return near;
}

struct acl *acl_lookup(struct acl_table **table, struct slice name, const struct conf_line *l, struct proxy *px,
	struct strbuf *err)
{
	struct acl *a = acl_in_table(*table, name);
	const struct acl_predefined *p = a ? NULL : acl_predefined_find(name);
	const char *near;

	if (a)
		return a;
	if (p)
		return acl_add_predefined(table, p, l, px, err);
	near = acl_nearest(*table, name);
	strbuf_addf(err, "no ACL is called '%.*s'%s%s%s", SLICE_FMT(name), near ? "; did you mean '" : "",
		near ? near : "", near ? "'?" : "");
	return NULL;
}
