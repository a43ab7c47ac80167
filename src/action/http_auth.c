/* SPDX-License-Identifier: Apache-2.0
 *
 * auth: the client is asked for user and password (RFC 7617), as by a server with 401 or, where `option
 * http-use-proxy-header` says so, as by a proxy with 407. One thread.
 */
#include "proxy/http_credentials.h"
#include "proxy/http_edit.h"
#include "proxy/http_reply.h"
#include "rule/boot.h"

/* ptr: the challenge, or NULL: the proxy's name is the realm. */
static bool auth_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	struct strbuf text = STRBUF_EMPTY;
	const char *realm = NULL;

	(void)paren;
	if (conf_take_if(l, "realm") && (realm = conf_need(l, "a realm")) == NULL)
		return false;
	if (realm && !http_is_field_value(slice_of(realm)))
		return conf_fail(l, "'%s' cannot stand in a header", realm);
	if (realm)
		r->ptr = (void *)boot_copy(http_challenge(slice_of(realm), &text)).ptr;
	strbuf_free(&text);
	return true;
}

static enum action_result auth_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct stream *s = ev->stream;
	const struct proxy *px = ev->phase == PHASE_FE_REQ_HTTP ? s->session->fe : s->be;
	struct strbuf text = STRBUF_EMPTY;
	bool proxied = http_is_proxied(ev, http_edit_head(ev));
	const struct http_field field = {
		.name = proxied ? SLICE("proxy-authenticate") : SLICE("www-authenticate"),
		.value = r->ptr ? slice_of(r->ptr) : arena_copy(&s->arena, http_challenge(slice_of(px->name), &text)),
	};

	(void)cur;
	strbuf_free(&text);
	s->reason = CLOSE_LOCAL;
	http_reply_error_with(s, proxied ? 407 : 401, &field);
	return ACTION_STOP;
}

ACTION(http_auth) = {
	.keyword = "auth", .usage = "auth [realm <realm>]", .where = RULES_HTTP_REQ, .parse = auth_parse, .run = auth_run,
};
