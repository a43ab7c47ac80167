/* SPDX-License-Identifier: Apache-2.0
 *
 * acl(<name>[,!<name>...]): true when all the named ACLs hold, and wait_end: true once no more
 * bytes will come. Any thread.
 */
#include "rule/match.h"

#include "rule/boot.h"

#define ACL_DEPTH_MAX 16

/* The terms of one acl() call, resolved. */
struct acl_terms {
	const struct cond *conds[ARGS_MAX];
	bool negated[ARGS_MAX];
};

static bool acl_fetch_check(struct args *a, struct strbuf *err)
{
	for (int i = 0; i < a->count; i++) {
		if (a->v[i].str.len && !slice_is(a->v[i].str, "!"))
			continue;
		strbuf_add_str(err, "an ACL's name is empty");
		return false;
	}
	a->priv = boot_alloc(sizeof(struct acl_terms));
	return true;
}

static bool acl_fetch_resolve(struct args *a, struct proxy *px, struct strbuf *err)
{
	struct acl_terms *t = a->priv;
	struct acl_table *none = NULL, **table = px && acl_table_of ? acl_table_of(px) : &none;

	for (int i = 0; i < a->count; i++) {
		struct slice name = a->v[i].str;

		t->negated[i] = name.ptr[0] == '!';
		t->conds[i] = acl_find(table, slice_from(name, t->negated[i]), px, err);
		if (!t->conds[i])
			return false;
	}
	return true;
}

static enum eval_result acl_fetch_get(const struct args *a, struct eval *ev, struct value *out)
{
	static _Thread_local int depth; /* an ACL may name itself, over others */
	const struct acl_terms *t = a->priv;
	bool wait = false, all = depth < ACL_DEPTH_MAX;

	depth++;
	for (int i = 0; i < a->count && all; i++) {
		enum eval_result r = cond_eval(t->conds[i], ev);

		wait |= r == EVAL_WAIT;
		all = r == EVAL_WAIT || (r == EVAL_OK) != t->negated[i];
	}
	depth--;
	ev->may_change = false;
	if (all && wait)
		return EVAL_WAIT;
	*out = value_bool(all);
	return EVAL_OK;
}

static enum eval_result wait_end_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_bool(true);
	return ev->final ? EVAL_OK : EVAL_WAIT;
}

FETCH(acl) = { .keyword = "acl", .usage = "acl([!]<name>[,...])", .args = "s;sssssssssss", .type = VALUE_BOOL,
	.asks = true, .phases = PHASE_ANY, .check = acl_fetch_check, .resolve = acl_fetch_resolve, .get = acl_fetch_get };
FETCH(wait_end) = { .keyword = "wait_end", .usage = "wait_end", .type = VALUE_BOOL,
	.phases = PHASE_SESSION | PHASE_CLI, .get = wait_end_get };
