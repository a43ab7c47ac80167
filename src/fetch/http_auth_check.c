/* SPDX-License-Identifier: Apache-2.0
 *
 * http_auth and http_auth_group: whether user and password of the request are those of a userlist. Where a hash has to
 * be worked out the evaluation waits. In conditions http_auth_group has the user's groups as its values. One thread.
 */
#include "proxy/auth.h"
#include "proxy/http_credentials.h"

static bool list_resolve(struct args *a, struct proxy *px, struct strbuf *err)
{
	(void)px;
	a->v[0].ptr = userlist_find(a->v[0].str);
	if (a->v[0].ptr == NULL)
		strbuf_addf(err, "unable to find userlist '%.*s'", SLICE_FMT(a->v[0].str));
	return a->v[0].ptr != NULL;
}

/* EVAL_NONE: the request says nothing of itself. */
static enum eval_result who(const struct args *a, struct eval *ev, const struct userlist_user **user)
{
	struct slice name, password;
	enum eval_result r = http_see_basic(ev, &name, &password);

	return r == EVAL_OK ? auth_verdict(ev, a->v[0].ptr, name, password, user) : r;
}

static enum eval_result auth_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct userlist_user *user;
	enum eval_result r = who(a, ev, &user);

	if (r == EVAL_OK)
		*out = value_bool(user != NULL);
	return r;
}

static enum eval_result group_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct userlist_user *user;
	enum eval_result r = who(a, ev, &user);

	if (r != EVAL_OK)
		return r;
	if (user == NULL)
		return EVAL_NONE;
	*out = value_str(user->name);
	return EVAL_OK;
}

static enum eval_result group_next(const struct args *a, struct eval *ev, struct fetch_walk *w, struct value *out)
{
	const struct userlist_user *user;
	enum eval_result r = who(a, ev, &user);

	if (r != EVAL_OK)
		return r;
	w->begun = true;
	if (user == NULL || (size_t)w->field >= user->in_count)
		return EVAL_NONE;
	*out = value_str(user->in[w->field++]->name);
	return EVAL_OK;
}

static bool group_check(const struct args *a, struct slice pattern, struct strbuf *err)
{
	const struct userlist *l = a->v[0].ptr;

	if (!userlist_find_group(l, pattern))
		strbuf_addf(err, "userlist '%s' has no group '%.*s'", l->name, SLICE_FMT(pattern));
	return userlist_find_group(l, pattern) != NULL;
}

FETCH(http_auth) = { .keyword = "http_auth", .usage = "http_auth(<userlist>)", .args = "s", .type = VALUE_BOOL,
	.phases = PHASE_REQUEST, .asks = true, .resolve = list_resolve, .get = auth_get };
FETCH(http_auth_group) = { .keyword = "http_auth_group", .usage = "http_auth_group(<userlist>)", .args = "s",
	.type = VALUE_STR, .phases = PHASE_REQUEST, .asks = true, .resolve = list_resolve, .check_pattern = group_check,
	.get = group_get, .next = group_next };
