/* SPDX-License-Identifier: Apache-2.0
 *
 * The header of unique-id-header, X-Forwarded-For and X-Original-To. One thread.
 */
#include "proxy/http_forwarded.h"

#include "proxy/http_edit.h"

/* Either proxy may switch it on; the backend's name for the header goes first; a network that one of them excepts is
 * excepted; if-none counts when all that want the header say it. */
static bool wanted(const struct forwarded_addr *fe, const struct forwarded_addr *be, const struct addr *a, struct http_head *h,
	struct slice name)
{
	if ((fe->has_except && addr_net_has(&fe->except, a)) || (be->has_except && addr_net_has(&be->except, a)))
		return false;
	bool if_none = (!fe->on || fe->if_none) && (!be->on || be->if_none);
	return !if_none || http_head_find_name(h, name, 0) < 0;
}

static void add(struct stream *s, const struct forwarded_addr *fe, const struct forwarded_addr *be, const struct addr *a,
	const char *usual)
{
	struct http_head *h = &s->http->req;
	const char *own = be->on && be->header ? be->header : fe->on && fe->header ? fe->header : usual;
	char text[ADDR_TEXT_MAX];

	if (!addr_is_inet(a) || !wanted(fe, be, a, h, slice_of(own)))
		return;
	struct slice value = arena_copy(&s->arena, slice_make(text, addr_format_ip(a, text)));
	if (value.ptr)
		http_head_add(h, slice_of(own), value);
}

static void add_unique_id(struct stream *s, const char *name)
{
	struct eval ev = stream_eval(s, PHASE_BE_REQ_HTTP);
	struct slice id = http_edit_fit(stream_unique_id(s), &ev, HTTP_TEXT_FIELD);

	if (id.ptr)
		http_head_add(&s->http->req, slice_of(name), id);
}

void http_add_forwarded(struct stream *s)
{
	const struct proxy_settings *fe = &s->session->fe->set, *be = &s->be->set;
	struct addr dst;

	if (fe->unique_id_header && s->session->fe->unique_id_format)
		add_unique_id(s, fe->unique_id_header);
	if (fe->forwardfor.on || be->forwardfor.on)
		add(s, &fe->forwardfor, &be->forwardfor, &s->session->src, "x-forwarded-for");
	if ((fe->originalto.on || be->originalto.on) && session_dst(s->session, &dst))
		add(s, &fe->originalto, &be->originalto, &dst, "x-original-to");
}
