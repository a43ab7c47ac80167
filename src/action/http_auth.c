/* SPDX-License-Identifier: Apache-2.0
 *
 * auth: the client is asked for user and password (RFC 7617), as by a server with 401 or, where `option
 * http-use-proxy-header` says so, as by a proxy with 407. One thread.
 */
#include "proxy/http_credentials.h"
#include "proxy/http_edit.h"
#include "proxy/http_reply.h"
#include "rule/boot.h"

/* Basic realm="...", with what ends a quoted string escaped (RFC 9110 section 5.6.4). */
static struct slice challenge(struct slice realm, struct arena *arena)
{
	struct strbuf text = STRBUF_EMPTY;

	strbuf_add_str(&text, "Basic realm=\"");
	for (size_t i = 0; i < realm.len; i++) {
		if (realm.ptr[i] == '"' || realm.ptr[i] == '\\')
			strbuf_add_byte(&text, '\\');
		strbuf_add_byte(&text, realm.ptr[i]);
	}
	strbuf_add_byte(&text, '"');
	struct slice copy = arena ? arena_copy(arena, strbuf_slice(&text)) : boot_copy(strbuf_slice(&text));
	strbuf_free(&text);
	return copy;
}

/* ptr: the challenge, or NULL: the proxy's name is the realm. */
static bool auth_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *realm = NULL;

	(void)paren;
	if (conf_take_if(l, "realm") && (realm = conf_need(l, "a realm")) == NULL)
		return false;
	if (realm && !http_is_field_value(slice_of(realm)))
		return conf_fail(l, "'%s' cannot stand in a header", realm);
	if (realm)
		r->ptr = (void *)challenge(slice_of(realm), NULL).ptr;
	return true;
}

static enum action_result auth_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct stream *s = ev->stream;
	const struct proxy *px = ev->phase == PHASE_FE_REQ_HTTP ? s->session->fe : s->be;
	bool proxied = http_is_proxied(ev, http_edit_head(ev));
	const struct http_field field = {
		.name = proxied ? SLICE("proxy-authenticate") : SLICE("www-authenticate"),
		.value = r->ptr ? slice_of(r->ptr) : challenge(slice_of(px->name), &s->arena),
	};

	(void)cur;
	s->reason = CLOSE_LOCAL;
	http_reply_error_with(s, proxied ? 407 : 401, &field);
	return ACTION_STOP;
}

ACTION(http_auth) = {
	.keyword = "auth", .usage = "auth [realm <realm>]", .where = RULES_HTTP_REQ, .parse = auth_parse, .run = auth_run,
};
