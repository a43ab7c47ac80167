/* SPDX-License-Identifier: Apache-2.0
 *
 * log-format aliases for addresses: %ci %cp (client), %fi %fp (where it connected to), %bi %bp (what
 * the server saw), %si %sp (the server). A UNIX address reads "unix", its port the listener's number.
 */
#include "proxy/log_line.h"
#include "rule/fetch.h"

static enum eval_result give_ip(const struct addr *a, struct value *out)
{
	*out = value_addr(*a);
	return a->family == AF_UNSPEC ? EVAL_NONE : EVAL_OK;
}

static enum eval_result give_port(const struct session *s, const struct addr *a, struct value *out)
{
	*out = value_int(a->family == AF_UNIX ? log_listener_number(s->listener) : a->port);
	return a->family == AF_UNSPEC ? EVAL_NONE : EVAL_OK;
}

static enum eval_result ci_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return give_ip(&ev->session->src, out);
}

static enum eval_result cp_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return give_port(ev->session, &ev->session->src, out);
}

static enum eval_result fi_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr dst;

	(void)a;
	return session_dst(ev->session, &dst) ? give_ip(&dst, out) : EVAL_NONE;
}

static enum eval_result fp_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr dst;

	(void)a;
	return session_dst(ev->session, &dst) ? give_port(ev->session, &dst, out) : EVAL_NONE;
}

static bool source_of(struct eval *ev, struct addr *out)
{
	return ev->stream && log_source(ev->stream, out);
}

static enum eval_result bi_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr source;

	(void)a;
	return source_of(ev, &source) ? give_ip(&source, out) : EVAL_NONE;
}

static enum eval_result bp_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr source;

	(void)a;
	if (!source_of(ev, &source) || !addr_is_inet(&source))
		return EVAL_NONE;
	return give_port(ev->session, &source, out);
}

static enum eval_result si_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr server;

	(void)a;
	return ev->stream && stream_server_addr(ev->stream, &server) ? give_ip(&server, out) : EVAL_NONE;
}

static enum eval_result sp_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr server;

	(void)a;
	if (ev->stream == NULL || !stream_server_addr(ev->stream, &server))
		return EVAL_NONE;
	*out = value_int(server.port);
	return EVAL_OK;
}

#define ALIAS(ident, word, where, text) \
	FETCH(alias_##ident) = { .keyword = word, .usage = word " " text, .alias = true, .phases = where, .get = ident##_get }

ALIAS(ci, "%ci", PHASE_SESSION, "client address");
ALIAS(cp, "%cp", PHASE_SESSION, "client port");
ALIAS(fi, "%fi", PHASE_SESSION, "address the client connected to");
ALIAS(fp, "%fp", PHASE_SESSION, "port the client connected to");
ALIAS(bi, "%bi", PHASE_SESSION, "address toward the server");
ALIAS(bp, "%bp", PHASE_SESSION, "port toward the server");
ALIAS(si, "%si", PHASE_SESSION, "server address");
ALIAS(sp, "%sp", PHASE_SESSION, "server port");
