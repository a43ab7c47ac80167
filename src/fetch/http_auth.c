/* SPDX-License-Identifier: Apache-2.0
 *
 * What the client says to authenticate itself, unchecked: http_auth_type, http_auth_user, http_auth_pass (Basic)
 * and http_auth_bearer. What userlists say of it is http_auth_check.c. One thread.
 */
#include "proxy/http_credentials.h"

static enum eval_result type_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice scheme, credentials;
	enum eval_result r = http_see_authorization(ev, &scheme, &credentials);

	(void)a;
	if (r != EVAL_OK)
		return r;
	if (slice_eq_nocase(scheme, SLICE("Basic"))) {
		*out = value_str(SLICE("Basic"));
		return http_see_basic(ev, &scheme, &credentials);
	}
	*out = value_str(SLICE("Bearer"));
	return slice_eq_nocase(scheme, SLICE("Bearer")) ? EVAL_OK : EVAL_NONE;
}

static enum eval_result give_basic(struct eval *ev, bool want_password, struct value *out)
{
	struct slice user, password;
	enum eval_result r = http_see_basic(ev, &user, &password);

	if (r == EVAL_OK)
		*out = value_str(want_password ? password : user);
	return r;
}

static enum eval_result user_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return give_basic(ev, false, out);
}

static enum eval_result pass_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return give_basic(ev, true, out);
}

/* Of the field named, or of Authorization. */
static enum eval_result bearer_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice scheme, credentials;
	const struct http_head *h;
	enum eval_result r;

	if (a->v[0].str.len == 0) {
		r = http_see_authorization(ev, &scheme, &credentials);
	} else {
		r = http_see_head(ev, false, &h);
		int at = r == EVAL_OK ? http_head_find_name(h, a->v[0].str, 0) : -1;
		if (r == EVAL_OK && (at < 0 || !http_cut_credentials(h->fields[at].value, &scheme, &credentials)))
			r = EVAL_NONE;
	}
	if (r != EVAL_OK)
		return r;
	*out = value_str(credentials);
	return slice_eq_nocase(scheme, SLICE("Bearer")) ? EVAL_OK : EVAL_NONE;
}

#define AUTH(ident, fn) \
	FETCH(ident) = { .keyword = #ident, .usage = #ident, .type = VALUE_STR, .phases = PHASE_REQUEST, .get = fn }

AUTH(http_auth_type, type_get);
AUTH(http_auth_user, user_get);
AUTH(http_auth_pass, pass_get);
FETCH(http_auth_bearer) = { .keyword = "http_auth_bearer", .usage = "http_auth_bearer[(<header>)]", .args = ";s", .type = VALUE_STR,
	.phases = PHASE_REQUEST, .get = bearer_get };
