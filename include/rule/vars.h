/* SPDX-License-Identifier: Apache-2.0
 *
 * Variables (proc. sess. txn. req. res. check.): stores owned by session and stream, code here.
 * A store is one thread's; the process store is under a lock.
 */
#ifndef USHER_RULE_VARS_H
#define USHER_RULE_VARS_H

#include "rule/eval.h"

/* "txn.name": scope and number within it. Interned at configuration time, and by scripts; each is frozen. */
struct var_name {
	enum var_scope scope;
	unsigned id;
	const char *text; /* owns: "txn.name" */
};

struct var_store; /* owns its values; NULL while empty */

/* Interns a name; NULL with the reason in err (no or bad scope, bad character). Any thread. */
const struct var_name *var_name_intern(struct slice text, struct strbuf *err);
/* How many names scripts may add to those of the configuration: each makes stores larger, for ever. */
#define VAR_NAMES_LATE_MAX 1024
/* The same while the process runs, which is bounded by that. Any thread. */
const struct var_name *var_name_intern_late(struct slice text, struct strbuf *err);
/* An already interned name, for run-time look-ups; NULL when no configuration uses it. */
const struct var_name *var_name_find(struct slice text);
/* The names of a scope by number, from 0; NULL behind the last. Slow: for showing them all. */
const struct var_name *var_name_at(enum var_scope scope, unsigned id);
void var_store_free(struct var_store **store);
/* Frees the process store and forgets all names (tests, fuzzing, exit). */
void vars_reset(void);
/* Through an evaluation's scopes: the process scope is reached under its lock and the value copied to ev->arena; what
 * another scope gives is borrowed until the variable is next set. Setting copies; false when memory is out. */
bool eval_var_set(struct eval *ev, const struct var_name *name, const struct value *v);
void eval_var_unset(struct eval *ev, const struct var_name *name);
bool eval_var_get(struct eval *ev, const struct var_name *name, struct value *out);

/* Conditions of set-var ("ifexists", "ifnotempty" ...), a bit each. */
enum var_cond {
	VAR_IFEXISTS = 1, VAR_IFNOTEXISTS = 2, VAR_IFEMPTY = 4, VAR_IFNOTEMPTY = 8,
	VAR_IFSET = 16, VAR_IFNOTSET = 32, VAR_IFGT = 64, VAR_IFLT = 128,
};
/* The bit of a condition's name; 0 when it is none. */
unsigned var_cond_find(struct slice name);
/* Sets when all conditions hold; false when not, when memory is out or the scope does not exist here. */
bool eval_var_set_if(struct eval *ev, const struct var_name *name, unsigned conds, const struct value *v);

#endif
