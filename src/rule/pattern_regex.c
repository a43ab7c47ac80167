/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine of -m reg: one regular expression after the other, in the order of their addition.
 */
#include "rule/match.h"

#include <stdlib.h>
#include "core/epoch.h"
#include "rule/pattern_list.h"
#include "rule/regex.h"

struct regex_node {
	const struct pattern *pattern; /* borrows */
	struct regex *re;              /* owns */
};

struct regexes {
	struct pattern_index index;
	struct pattern_list list; /* of nodes */
	size_t closing;           /* the place that regexes_close() came to */
};

static void node_free(void *mem)
{
	struct regex_node *n = mem;

	regex_free(n->re);
	free(n);
}

static bool regexes_check(const struct matcher *m, bool nocase, struct slice text, struct strbuf *err)
{
	struct regex *re = regex_new(text, nocase, err);

	(void)m;
	if (re)
		regex_free(re);
	return re != NULL;
}

static bool regexes_add(struct pattern_index *x, const struct pattern *p, struct strbuf *err)
{
	struct regex_node *n = malloc(sizeof(*n));

	if (n) {
		*n = (struct regex_node){ p, regex_new(pattern_key(p), x->nocase, err) };
		if (n->re && pattern_list_add(&((struct regexes *)x)->list, n))
			return true;
		if (n->re)
			regex_free(n->re);
		free(n);
	}
	if (err->len == 0)
		strbuf_add_str(err, "out of memory");
	return false;
}

static void regexes_del(struct pattern_index *x, const struct pattern *p)
{
	struct pattern_list *l = &((struct regexes *)x)->list;

	for (size_t i = l->row->n; i-- > 0;) {
		struct regex_node *n = l->row->items[i];

		if (!n || n->pattern != p)
			continue;
		pattern_list_del(l, n);
		epoch_retire(n, node_free);
		return;
	}
}

static const struct pattern *regexes_find(const struct pattern_index *x, const struct value *v, struct arena *arena,
	struct regex_match *groups)
{
	const struct pattern_row *r = pattern_list_row(&((const struct regexes *)x)->list);

	(void)arena;
	for (size_t i = 0, n = pattern_row_count(r); i < n; i++) {
		const struct regex_node *node = pattern_row_item(r, i);

		if (node && regex_find(node->re, v->bytes, 0, groups))
			return node->pattern;
	}
	return NULL;
}

static bool regexes_close(struct pattern_index *x, size_t *budget)
{
	struct regexes *e = (struct regexes *)x;
	struct pattern_row *r = e->list.row;

	for (; r && e->closing < r->n; e->closing++) {
		if (*budget == 0)
			return false;
		--*budget;
		if (r->items[e->closing])
			node_free(r->items[e->closing]);
	}
	pattern_list_free(&e->list);
	return true;
}

const struct pattern_engine pattern_regex = {
	.size = sizeof(struct regexes), .check = regexes_check, .add = regexes_add, .del = regexes_del, .find = regexes_find,
	.close = regexes_close,
};
