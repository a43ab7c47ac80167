/* SPDX-License-Identifier: Apache-2.0
 *
 * set-src, set-src-port, set-dst, set-dst-port <expr>: who the client is, and where it wanted to go, from here on. In rules of
 * a connection or session it holds for all of it, in rules of a stream for that stream only. One thread.
 */
#include "proxy/stream.h"

static bool address_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	r->expr = expr_take(l, r->phase, r->px);
	return r->expr != NULL;
}

/* Remembers what is to be put back when the stream ends. */
static bool keep_old(struct stream *s, struct addr **old, const struct addr *now)
{
	if (s == NULL || *old)
		return true;
	*old = arena_alloc(&s->arena, sizeof(**old));
	if (*old)
		**old = *now;
	return *old != NULL;
}

static struct addr *source(struct eval *ev)
{
	struct session *session = ev->session;

	return !ev->stream || keep_old(ev->stream, &ev->stream->old_src, &session->src) ? &session->src : NULL;
}

static struct addr *destination(struct eval *ev)
{
	struct session *session = ev->session;
	struct addr dst;

	if (!session->has_dst && !session_dst(session, &dst)) {
		session->dst = (struct addr){ 0 };
		session->has_dst = true;
	}
	return !ev->stream || keep_old(ev->stream, &ev->stream->old_dst, &session->dst) ? &session->dst : NULL;
}

/* The port stays, if the address had one. */
static void set_ip(const struct rule *r, struct eval *ev, struct addr *a)
{
	struct value v;

	if (a == NULL || expr_eval_as(r->expr, VALUE_ADDR, ev, &v) != EVAL_OK || !addr_is_inet(&v.addr))
		return;
	uint16_t port = addr_is_inet(a) ? a->port : 0;
	*a = v.addr;
	a->port = port;
}

/* What is no IP address becomes 0.0.0.0 to have a port. */
static void set_port(const struct rule *r, struct eval *ev, struct addr *a)
{
	struct value v;

	if (a == NULL || expr_eval_as(r->expr, VALUE_INT, ev, &v) != EVAL_OK || v.num < 0 || v.num > UINT16_MAX)
		return;
	if (!addr_is_inet(a))
		*a = (struct addr){ .family = AF_INET };
	a->port = (uint16_t)v.num;
}

#define SETTER(ident, function, place) \
	static enum action_result ident##_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur) \
	{ \
		(void)cur; \
		function(r, ev, place(ev)); \
		return ACTION_DONE; \
	}

SETTER(set_src, set_ip, source)
SETTER(set_src_port, set_port, source)
SETTER(set_dst, set_ip, destination)
SETTER(set_dst_port, set_port, destination)

#define PLACES (RULES_TCP_REQ_CONN | RULES_TCP_REQ_SESS | RULES_TCP_REQ_CONT | RULES_HTTP_REQ)

ACTION(set_src) = { .keyword = "set-src", .usage = "set-src <expr>", .where = PLACES, .parse = address_parse, .run = set_src_run };
ACTION(set_src_port) = { .keyword = "set-src-port", .usage = "set-src-port <expr>", .where = PLACES, .parse = address_parse,
	.run = set_src_port_run };
ACTION(set_dst) = { .keyword = "set-dst", .usage = "set-dst <expr>", .where = PLACES, .parse = address_parse, .run = set_dst_run };
ACTION(set_dst_port) = { .keyword = "set-dst-port", .usage = "set-dst-port <expr>", .where = PLACES, .parse = address_parse,
	.run = set_dst_port_run };
