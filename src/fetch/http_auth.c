/* SPDX-License-Identifier: Apache-2.0
 *
 * What the client says to authenticate itself, unchecked: http_auth_type, http_auth_user, http_auth_pass (Basic)
 * and http_auth_bearer. Proxies are asked in Proxy-Authorization. One thread.
 */
#include "base/base64.h"
#include "proxy/http_view.h"
#include "rule/fetch.h"

/* "Scheme credentials" of a field. */
static bool cut(struct slice field, struct slice *scheme, struct slice *credentials)
{
	ptrdiff_t blank = slice_find_byte(field, ' ');

	if (blank <= 0)
		return false;
	*scheme = slice_make(field.ptr, (size_t)blank);
	*credentials = slice_trim(slice_from(field, (size_t)blank));
	return credentials->len > 0;
}

/* Toward a proxy (absolute or authority form) the other field is meant, where it is there. */
static enum eval_result authorization(struct eval *ev, struct slice *scheme, struct slice *credentials)
{
	const struct http_head *h;
	enum eval_result r = http_see_head(ev, false, &h);
	int at = -1;

	if (r != EVAL_OK)
		return r;
	if (h->target.len && h->target.ptr[0] != '/' && h->target.ptr[0] != '*')
		at = http_head_find(h, HTTP_FIELD_PROXY_AUTHORIZATION, 0);
	if (at < 0)
		at = http_head_find(h, HTTP_FIELD_AUTHORIZATION, 0);
	return at >= 0 && cut(h->fields[at].value, scheme, credentials) ? EVAL_OK : EVAL_NONE;
}

/* Basic: user and password, decoded into the arena. */
static enum eval_result basic(struct eval *ev, struct slice *user, struct slice *password)
{
	struct slice scheme, credentials;
	enum eval_result r = authorization(ev, &scheme, &credentials);

	if (r != EVAL_OK)
		return r;
	if (!slice_eq_nocase(scheme, SLICE("Basic")))
		return EVAL_NONE;
	char *text = arena_alloc(ev->arena, BASE64_DECODED_MAX(credentials.len));
	ptrdiff_t len = text ? base64_decode(credentials, false, text) : -1;
	struct slice both = slice_make(text, len < 0 ? 0 : (size_t)len);
	ptrdiff_t colon = slice_find_byte(both, ':');
	if (colon < 0)
		return EVAL_NONE;
	*user = slice_make(both.ptr, (size_t)colon);
	*password = slice_from(both, (size_t)colon + 1);
	return EVAL_OK;
}

static enum eval_result type_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice scheme, credentials;
	enum eval_result r = authorization(ev, &scheme, &credentials);

	(void)a;
	if (r != EVAL_OK)
		return r;
	if (slice_eq_nocase(scheme, SLICE("Basic"))) {
		*out = value_str(SLICE("Basic"));
		return basic(ev, &scheme, &credentials);
	}
	*out = value_str(SLICE("Bearer"));
	return slice_eq_nocase(scheme, SLICE("Bearer")) ? EVAL_OK : EVAL_NONE;
}

static enum eval_result user_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice user, password;
	enum eval_result r = basic(ev, &user, &password);

	(void)a;
	if (r == EVAL_OK)
		*out = value_str(user);
	return r;
}

static enum eval_result pass_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice user, password;
	enum eval_result r = basic(ev, &user, &password);

	(void)a;
	if (r == EVAL_OK)
		*out = value_str(password);
	return r;
}

/* Of the field named, or of Authorization. */
static enum eval_result bearer_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct slice scheme, credentials;
	const struct http_head *h;
	enum eval_result r;

	if (a->v[0].str.len == 0) {
		r = authorization(ev, &scheme, &credentials);
	} else {
		r = http_see_head(ev, false, &h);
		int at = r == EVAL_OK ? http_head_find_name(h, a->v[0].str, 0) : -1;
		if (r == EVAL_OK && (at < 0 || !cut(h->fields[at].value, &scheme, &credentials)))
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
