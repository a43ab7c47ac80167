/* SPDX-License-Identifier: Apache-2.0
 *
 * Rule sets: parsing `<action> [if <condition>]` and running a set by its cursor. A set is frozen
 * after boot; the cursor belongs to the session or stream that runs it, so a rule may wait.
 */
#include "rule/ruleset.h"

#include "conf/haproxy_names.h"
#include "rule/boot.h"

REGISTRY_DEFINE(action)

/* "set-var(txn.x)": the action is "set-var(" and *paren gets "txn.x". */
static const struct action *rule_find_action(const char *word, char **paren)
{
	const char *open = strchr(word, '('), *close = open ? strrchr(word, ')') : NULL;

	*paren = NULL;
	if (!open)
		return registry_find(&action_registry, slice_of(word));
	if (!close || close[1] || close < open)
		return NULL;
	*paren = (char *)boot_copy(slice_make(open + 1, (size_t)(close - open - 1))).ptr;
	return registry_find(&action_registry, slice_make(word, (size_t)(open - word) + 1));
}

/* The nearest action that may stand here. */
static const char *rule_nearest(const char *word, unsigned where)
{
	const char *near = registry_nearest(&action_registry, slice_of(word));
	const struct action *a = near ? registry_find(&action_registry, slice_of(near)) : NULL;

	return a && a->where & where ? near : NULL;
}

/* "set-src(x)" without its parenthesis. */
static const char *rule_bare_name(const char *word)
{
	return boot_copy(slice_make(word, strcspn(word, "("))).ptr;
}

static const struct action *rule_take_action(struct conf_line *l, unsigned where, char **paren)
{
	const char *word = conf_need(l, "an action"), *near;
	const struct action *a = word ? rule_find_action(word, paren) : NULL;

	if (!word)
		return NULL;
	if (!a && haproxy_has_name(HAPROXY_ACTION, rule_bare_name(word))) {
		conf_fail(l, "action '%s' is one of HAProxy's that usher does not have yet", word);
		return NULL;
	}
	if (!a) {
		near = rule_nearest(word, where);
		conf_fail(l, "unknown action '%s'%s%s%s", word, near ? "; did you mean '" : "", near ? near : "",
			near ? "'?" : "");
		return NULL;
	}
	if (!(a->where & where)) {
		conf_fail(l, "action '%s' may not stand in these rules", word);
		return NULL;
	}
	return a;
}

bool rule_parse(struct conf_line *l, struct ruleset *set, unsigned where, unsigned phase, struct acl_table **acls,
	struct proxy *px)
{
	struct rule *r = boot_alloc(sizeof(*r));
	char *paren = NULL;

	*r = (struct rule){ .px = px, .where = where, .phase = phase, .file = l->file, .line = l->line };
	r->action = rule_take_action(l, where, &paren);
	if (!r->action || (r->action->parse && !r->action->parse(l, r, paren)))
		return false;
	if (conf_peek(l)) {
		r->cond = cond_parse(l, acls, phase, px);
		if (!r->cond)
			return false;
	}
	if (set->n == UINT16_MAX)
		return conf_fail(l, "too many rules in one set (%d)", UINT16_MAX);
	set->rules = boot_grow(set->rules, set->n, sizeof(r));
	set->rules[set->n++] = r;
	return conf_end(l);
}

enum ruleset_result ruleset_run(const struct ruleset *set, struct rule_cursor *cur, struct eval *ev)
{
	cur->set = set;
	for (; cur->index < set->n; cur->index++) {
		const struct rule *r = set->rules[cur->index];
		enum eval_result cond = EVAL_OK;

		/* An action that yielded goes on where it was: its condition held when it began. */
		if (!cur->yielded && r->cond)
			cond = cond_eval(r->cond, ev);
		if (cond == EVAL_WAIT)
			return RULES_WAIT;
		if (cond == EVAL_NONE)
			continue;
		switch (r->action->run(r, ev, cur)) {
		case ACTION_YIELD:
			cur->yielded = true;
			return RULES_WAIT;
		case ACTION_STOP:
			cur->yielded = false;
			return RULES_STOPPED;
		case ACTION_DONE:
			break;
		}
		cur->yielded = false;
		cur->state = 0;
	}
	return RULES_PASSED;
}
