/* SPDX-License-Identifier: Apache-2.0
 *
 * Rule sets: parsing `<action> [if <condition>]` and running a set by its cursor. A set is frozen
 * after boot; the cursor belongs to the session or stream that runs it, so a rule may wait.
 */
#include "rule/ruleset.h"

#include "base/assert.h"
#include "conf/haproxy_names.h"
#include "rule/boot.h"
#include "rule/fetch.h"

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

static const char *const set_names[] = {
	"tcp-request connection", "tcp-request session", "tcp-request content", "tcp-response content", "http-request",
	"http-response", "http-after-response", "redirect",
};

void ruleset_describe(unsigned where, const char *between, struct strbuf *out)
{
	const char *before = "";

	for (size_t i = 0; i < COUNT_OF(set_names); i++) {
		if (where & (1u << i)) {
			strbuf_addf(out, "%s%s", before, set_names[i]);
			before = between;
		}
	}
}

/* The action is there, but not in these rules. */
static void rule_refuse_place(struct conf_line *l, const char *word, struct slice name, const struct action *a, unsigned where)
{
	struct strbuf here = STRBUF_EMPTY, places = STRBUF_EMPTY, full = STRBUF_EMPTY;

	ruleset_describe(where, ", ", &here);
	ruleset_describe(a->where, ", ", &places);
	strbuf_addf(&full, "%s %.*s", here.ptr, SLICE_FMT(name));
	bool is_haproxy = haproxy_has_name(HAPROXY_PROXY, strbuf_slice(&full));
	conf_fail(l, "action '%s' may not stand in %s rules%s; it has its place in %s", word, here.ptr,
		is_haproxy ? " yet, although HAProxy has it there" : "", places.ptr);
	strbuf_free(&here);
	strbuf_free(&places);
	strbuf_free(&full);
}

static void rule_refuse_unknown(struct conf_line *l, const char *word, struct slice name, unsigned where)
{
	const char *instead = haproxy_instead(HAPROXY_ACTION, name), *near = rule_nearest(word, where);

	if (slice_starts(name, SLICE("lua.")))
		conf_fail(l, "action '%s' is registered by no script that was loaded before (lua-load)", word);
	else if (*instead || haproxy_has_name(HAPROXY_ACTION, name))
		conf_fail(l, "action '%s' is one of HAProxy's that usher does not have yet%s", word, instead);
	else
		conf_fail(l, "unknown action '%s'%s%s%s", word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const struct action *rule_take_action(struct conf_line *l, unsigned where, char **paren)
{
	const char *word = conf_need(l, "an action");
	const struct action *a = word ? rule_find_action(word, paren) : NULL;
	struct slice name = slice_make(word, word ? strcspn(word, "(") : 0);

	if (a && a->where & where)
		return a;
	if (a)
		rule_refuse_place(l, word, name, a, where);
	else if (word)
		rule_refuse_unknown(l, word, name, where);
	return NULL;
}

bool rule_parse(struct conf_line *l, struct ruleset *set, unsigned where, unsigned phase, struct acl_table **acls,
	struct proxy *px)
{
	struct rule *r = boot_alloc(sizeof(*r));
	char *paren = NULL;

	*r = (struct rule){ .px = px, .where = where, .phase = phase, .file = l->file, .line = l->line };
	size_t mark = expr_asks_mark();
	r->action = rule_take_action(l, where, &paren);
	if (!r->action || (r->action->parse && !r->action->parse(l, r, paren)))
		return false;
	r->asks = expr_asks_since(mark);
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
		if (r->asks.n && !cur->yielded && !expr_asks_answered(&r->asks, ev))
			return RULES_WAIT;
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

bool rule_take_time(struct conf_line *l, struct rule *r)
{
	const char *word = conf_peek(l);
	uint32_t ms;

	if (word == NULL)
		return conf_need(l, "a time or an expression") != NULL;
	if (*word >= '0' && *word <= '9') {
		bool ok = conf_need_time(l, "the time", &ms);
		r->num = ok ? ms : 0;
		return ok && (ms || conf_fail(l, "the time must be more than zero"));
	}
	r->expr = expr_take(l, r->phase, r->px);
	return r->expr != NULL;
}

uint32_t rule_time_ms(const struct rule *r, struct eval *ev)
{
	struct value v = value_int(r->num);

	if (r->expr && expr_eval_as(r->expr, VALUE_INT, ev, &v) != EVAL_OK)
		return 0;
	return v.num > 0 && v.num <= INT32_MAX ? (uint32_t)v.num : 0;
}
