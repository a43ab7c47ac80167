/* SPDX-License-Identifier: Apache-2.0
 *
 * Rule sets: `tcp-request content <action> [if <cond>]`. A set runs by a cursor kept in the
 * session or stream, so a rule may wait: for bytes (a condition that is undecided) or for
 * its own event (ACTION_YIELD). After a wait the same rule is tried again from its condition
 * (or, when the action had yielded, from the action); every sample is fetched again.
 */
#ifndef USHER_RULE_RULESET_H
#define USHER_RULE_RULESET_H

#include "rule/match.h"

/* Which sets an action may stand in. */
#define RULES_TCP_REQ_CONN 0x01u
#define RULES_TCP_REQ_SESS 0x02u
#define RULES_TCP_REQ_CONT 0x04u
#define RULES_TCP_RES_CONT 0x08u
#define RULES_HTTP_REQ     0x10u
#define RULES_HTTP_RES     0x20u
#define RULES_HTTP_AFTER   0x40u
#define RULES_REDIRECT     0x80u /* the redirect keyword: one action, whose texts are no formats */
#define RULES_CHECK        0x100u /* tcp-check and http-check */

/* Writes the names of these sets, "http-request" and so on, with this text between them. */
void ruleset_describe(unsigned where, const char *between, struct strbuf *out);

enum action_result {
	ACTION_DONE,  /* go on with the next rule */
	ACTION_STOP,  /* the cursor's verdict stands: leave the set */
	ACTION_YIELD, /* call me again: I have arranged to wake the stream */
};

/* What a set decided, or a rule in it. */
enum verdict { VERDICT_NONE, VERDICT_ACCEPT, VERDICT_REJECT, VERDICT_CLOSE,
	VERDICT_FAILED, /* an http rewrite was not possible, and strict mode is on */
	VERDICT_BROKEN  /* an action is at fault: a script failed */ };
static inline bool verdict_is_failure(uint8_t v) { return v == VERDICT_FAILED || v == VERDICT_BROKEN; }

struct rule;
struct rule_cursor {
	uint16_t index;      /* the rule at hand */
	bool yielded;        /* its action has yielded */
	bool lenient;        /* `strict-mode off` was met */
	uint8_t verdict;     /* enum verdict */
	uintptr_t state;     /* one word for the action that yielded; 0 at its first run */
	const struct ruleset *set; /* borrows: the set that runs, while it runs */
};

struct action {
	const char *keyword;   /* "set-var"; a keyword ending in '(' as in "set-var(" takes its argument from the same word */
	const char *usage;
	unsigned where;        /* RULES_* */
	/* The cursor of the line stands behind the action's word; `paren` is the text between parentheses or NULL.
	 * Fills r->arg*. Stops before "if"/"unless". False after conf_fail(). */
	bool (*parse)(struct conf_line *l, struct rule *r, const char *paren);
	enum action_result (*run)(const struct rule *r, struct eval *ev, struct rule_cursor *cur);
};
#define ACTION(ident) REGISTRY_ADD(action, ident)
extern struct registry action_registry;

struct rule {
	const struct action *action;
	struct cond *cond;     /* NULL: always */
	struct proxy *px;      /* borrows: where it stands */
	unsigned where, phase; /* RULES_* and PHASE_* of its set */
	const char *file;
	int line;
	struct expr_asks asks; /* of the action's own expressions */
	/* The action's compiled arguments. */
	struct expr *expr;
	struct format *format;
	const struct var_name *var;
	int64_t num;
	void *ptr;
};

struct ruleset {
	struct rule **rules; /* owns */
	size_t n;
};

/* The cursor stands on the action's word; parses action and condition to the end of the line and appends the rule. */
bool rule_parse(struct conf_line *l, struct ruleset *set, unsigned where, unsigned phase, struct acl_table **acls,
	struct proxy *px);

/* For actions: takes { <time> | <expression> } from the line, the time into r->num in ms (more than 0), or the expression
 * into r->expr. */
bool rule_take_time(struct conf_line *l, struct rule *r);
/* What that comes to now, 1 to INT32_MAX ms; 0: the expression has no such value. */
uint32_t rule_time_ms(const struct rule *r, struct eval *ev);

enum ruleset_result { RULES_PASSED, RULES_STOPPED, RULES_WAIT };
/* Runs from the cursor on. PASSED: no verdict, all rules done. STOPPED: cur->verdict says. WAIT: a condition is undecided
 * (cur->yielded false) or an action yielded (true). With ev->final, no rule waits for bytes; but one may await what it
 * had to ask for (ev->awaits), where ev->may_await. */
enum ruleset_result ruleset_run(const struct ruleset *set, struct rule_cursor *cur, struct eval *ev);
/* The rule at which a run that was STOPPED, or waits, stands; NULL when it stands nowhere. */
static inline const struct rule *rule_at(const struct rule_cursor *cur)
{
	return cur->set && cur->index < cur->set->n ? cur->set->rules[cur->index] : NULL;
}
/* A fresh cursor: zeroes. */
#define RULE_CURSOR_START ((struct rule_cursor){ 0 })

#endif
