/* SPDX-License-Identifier: Apache-2.0
 *
 * Authorization and Proxy-Authorization (RFC 9110 section 11), and the scheme Basic (RFC 7617).
 */
#include "proxy/http_credentials.h"

#include "base/base64.h"

bool http_is_proxied(const struct eval *ev, const struct http_head *h)
{
	return ev->session->fe->set.http_use_proxy_header && h->target.len && h->target.ptr[0] != '/' && h->target.ptr[0] != '*';
}

bool http_cut_credentials(struct slice field, struct slice *scheme, struct slice *credentials)
{
	ptrdiff_t blank = slice_find_byte(field, ' ');

	if (blank <= 0)
		return false;
	*scheme = slice_make(field.ptr, (size_t)blank);
	*credentials = slice_trim(slice_from(field, (size_t)blank));
	return credentials->len > 0;
}

enum eval_result http_see_authorization(struct eval *ev, struct slice *scheme, struct slice *credentials)
{
	const struct http_head *h;
	enum eval_result r = http_see_head(ev, false, &h);

	if (r != EVAL_OK)
		return r;
	int at = http_head_find(h, http_is_proxied(ev, h) ? HTTP_FIELD_PROXY_AUTHORIZATION : HTTP_FIELD_AUTHORIZATION, 0);
	return at >= 0 && http_cut_credentials(h->fields[at].value, scheme, credentials) ? EVAL_OK : EVAL_NONE;
}

enum eval_result http_see_basic(struct eval *ev, struct slice *user, struct slice *password)
{
	struct slice scheme, credentials;
	enum eval_result r = http_see_authorization(ev, &scheme, &credentials);

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

struct slice http_challenge(struct slice realm, struct strbuf *b)
{
	strbuf_add_str(b, "Basic realm=\"");
	for (size_t i = 0; i < realm.len; i++) {
		if (realm.ptr[i] == '"' || realm.ptr[i] == '\\')
			strbuf_add_byte(b, '\\');
		strbuf_add_byte(b, realm.ptr[i]);
	}
	strbuf_add_byte(b, '"');
	return strbuf_slice(b);
}
