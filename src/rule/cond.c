/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditions: `if a !b || { src 10.0.0.0/8 }` as groups of terms; any group, all terms of it.
 * Evaluation has three answers: a term that waits for bytes leaves the condition undecided only
 * when the other terms do not decide it. Compiled at start-up, then frozen.
 */
#include "rule/acl.h"

#include "rule/boot.h"

struct cond_term {
	const struct acl *acl;
	bool negated;
};

struct cond_group {
	struct cond_term *terms;
	size_t n;
};

struct cond {
	struct cond_group *groups;
	size_t n;
	bool unless;
};

struct acl_table **(*acl_table_of)(struct proxy *px);

static void cond_add_group(struct cond *c)
{
	c->groups = boot_grow(c->groups, c->n, sizeof(*c->groups));
	c->groups[c->n++] = (struct cond_group){ 0 };
}

static void cond_add_term(struct cond *c, const struct acl *a, bool negated)
{
	struct cond_group *g = &c->groups[c->n - 1];

	g->terms = boot_grow(g->terms, g->n, sizeof(*g->terms));
	g->terms[g->n++] = (struct cond_term){ a, negated };
}

/* The cursor stands behind "{". */
static struct acl *cond_parse_anonymous(struct conf_line *l, struct proxy *px)
{
	struct acl *a = boot_alloc(sizeof(*a));
	struct acl_test *t = acl_test_parse(l, true, px);

	if (!t)
		return NULL;
	if (!conf_take_if(l, "}")) {
		conf_fail(l, "'}' is missing behind the anonymous ACL");
		return NULL;
	}
	a->tests = boot_grow(NULL, 0, sizeof(t));
	a->tests[a->n++] = t;
	return a;
}

static struct acl *cond_parse_name(struct conf_line *l, const char *name, struct acl_table **table, struct proxy *px)
{
	struct strbuf err = STRBUF_EMPTY;
	struct acl *a = acl_lookup(table, slice_of(name), l, px, &err);

	if (!a)
		conf_fail(l, "%s", err.ptr ? err.ptr : name);
	strbuf_free(&err);
	return a;
}

static void cond_warn_never(struct conf_line *l, const struct acl *a, unsigned phase)
{
	for (size_t i = 0; i < a->n; i++) {
		if (expr_phases(a->tests[i]->expr) & phase)
			continue;
		conf_warn(l, "%s%s%s will never match: '%s' has no value at this place",
			a->name ? "ACL '" : "the anonymous ACL", a->name ? a->name : "", a->name ? "'" : "",
			expr_fetch_name(a->tests[i]->expr));
	}
}

/* One term with its negations. */
static bool cond_parse_term(
	struct conf_line *l, struct cond *c, struct acl_table **table, unsigned phase, struct proxy *px)
{
	const char *word = conf_take(l);
	bool negated = false;
	struct acl *a;

	while (word && *word == '!') {
		negated = !negated;
		if (!*++word)
			word = conf_take(l);
	}
	if (!word)
		return conf_fail(l, "an ACL is expected behind '!'");
	a = strcmp(word, "{") == 0 ? cond_parse_anonymous(l, px) : cond_parse_name(l, word, table, px);
	if (!a)
		return false;
	cond_warn_never(l, a, phase);
	cond_add_term(c, a, negated);
	return true;
}

static bool cond_parse_groups(
	struct conf_line *l, struct cond *c, struct acl_table **table, unsigned phase, struct proxy *px)
{
	cond_add_group(c);
	while (conf_peek(l)) {
		if (conf_take_if(l, "or") || conf_take_if(l, "||")) {
			if (c->groups[c->n - 1].n == 0)
				break;
			cond_add_group(c);
		} else if (!cond_parse_term(l, c, table, phase, px)) {
			return false;
		}
	}
	if (c->groups[c->n - 1].n == 0)
		return conf_fail(l, "the condition is not complete: an ACL is expected");
	return true;
}

struct cond *cond_parse(struct conf_line *l, struct acl_table **table, unsigned phase, struct proxy *px)
{
	struct cond *c = boot_alloc(sizeof(*c));

	if (conf_take_if(l, "unless")) {
		c->unless = true;
	} else if (!conf_take_if(l, "if")) {
		const char *word = conf_take(l);
		conf_fail(l, "'if' or 'unless' is expected, not '%s'", word ? word : "the end of the line");
		return NULL;
	}
	return cond_parse_groups(l, c, table, phase, px) ? c : NULL;
}

static enum eval_result cond_group_eval(const struct cond_group *g, struct eval *ev)
{
	enum eval_result result = EVAL_OK;

	for (size_t i = 0; i < g->n; i++) {
		enum eval_result r = acl_eval(g->terms[i].acl, ev);

		if (r == EVAL_WAIT)
			result = EVAL_WAIT;
		else if ((r == EVAL_OK) == g->terms[i].negated)
			return EVAL_NONE;
	}
	return result;
}

enum eval_result cond_eval(const struct cond *c, struct eval *ev)
{
	enum eval_result result = EVAL_NONE;

	for (size_t i = 0; i < c->n && result != EVAL_OK; i++) {
		enum eval_result r = cond_group_eval(&c->groups[i], ev);

		if (r != EVAL_NONE)
			result = r;
	}
	if (c->unless && result != EVAL_WAIT)
		return result == EVAL_OK ? EVAL_NONE : EVAL_OK;
	return result;
}

const struct cond *acl_find(struct acl_table **table, struct slice name, struct proxy *px, struct strbuf *err)
{
	struct acl *a = acl_lookup(table, name, expr_line, px, err);
	struct cond *c;

	if (!a)
		return NULL;
	c = boot_alloc(sizeof(*c));
	cond_add_group(c);
	cond_add_term(c, a, false);
	return c;
}
