/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernel measures of a TCP connection (TCP_INFO): fc_rtt and its like of the client's, bc_rtt, bc_rttvar of the
 * server's. Each asks the kernel anew. One thread.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

#include "proxy/stream.h"
#include "rule/fetch.h"

static const struct conn *client_of(const struct eval *ev)
{
	return ev->session ? &ev->session->client : NULL;
}

static const struct conn *server_of(const struct eval *ev)
{
	return ev->stream && ev->stream->link && ev->stream->connected_us ? &ev->stream->link->conn : NULL;
}

static bool unit_check(struct args *a, struct strbuf *err)
{
	struct slice unit = a->v[0].str;

	a->v[0].num = slice_is(unit, "us") ? 1 : 1000;
	if (unit.len == 0 || slice_is(unit, "ms") || slice_is(unit, "us"))
		return true;
	strbuf_addf(err, "the unit is 'ms' or 'us', not '%.*s'", SLICE_FMT(unit));
	return false;
}

/* The member at `offset`; false when it is no TCP connection, or the kernel does not tell. */
static enum eval_result ask(const struct conn *c, size_t offset, int64_t divisor, struct value *out)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	uint32_t n;

	if (c == NULL || !conn_is_open(c) || getsockopt(c->watch.fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
	    len < offset + sizeof(n))
		return EVAL_NONE;
	memcpy(&n, (const char *)&info + offset, sizeof(n));
	*out = value_int(n / divisor);
	return EVAL_OK;
}

#define TIME(name, where, of, member) \
	static enum eval_result name##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		return ask(of(ev), offsetof(struct tcp_info, member), a->v[0].num, out); \
	} \
	FETCH(name) = { .keyword = #name, .usage = #name "[(<unit>)]", .args = ";s", .type = VALUE_INT, .phases = where, \
		.check = unit_check, .get = name##_get }
#define COUNTER(name, member) \
	static enum eval_result name##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		(void)a; \
		return ask(client_of(ev), offsetof(struct tcp_info, member), 1, out); \
	} \
	FETCH(name) = { .keyword = #name, .usage = #name, .type = VALUE_INT, .phases = PHASE_SESSION, .get = name##_get }

TIME(fc_rtt, PHASE_SESSION, client_of, tcpi_rtt);
TIME(fc_rttvar, PHASE_SESSION, client_of, tcpi_rttvar);
TIME(bc_rtt, PHASE_RESPONSE | PHASE_LOG, server_of, tcpi_rtt);
TIME(bc_rttvar, PHASE_RESPONSE | PHASE_LOG, server_of, tcpi_rttvar);
COUNTER(fc_unacked, tcpi_unacked);
COUNTER(fc_sacked, tcpi_sacked);
COUNTER(fc_lost, tcpi_lost);
COUNTER(fc_retrans, tcpi_retrans);
COUNTER(fc_fackets, tcpi_fackets);
COUNTER(fc_reordering, tcpi_reordering);
