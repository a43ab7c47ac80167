/* SPDX-License-Identifier: Apache-2.0
 *
 * Answering probes. Up: a request of HTTP is answered with 200, any other connection is closed in
 * order. Draining: 503, and a reset. What the probe sees is therefore what a client would meet.
 */
#include "proxy/pp_health.h"

#define ANSWER(status) "HTTP/1.0 " status "\r\nContent-Length: 0\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n"

static bool draining(const struct session *s)
{
	return __atomic_load_n(&process_leaving, __ATOMIC_RELAXED) || __atomic_load_n(&s->fe->stopping, __ATOMIC_RELAXED);
}

static void count(struct session *s, bool down)
{
	struct counters *c = counters_own(&s->listener->counters);

	counter_add(down ? &c->pp_health_down : &c->pp_health_up, 1);
	s->reason = CLOSE_LOCAL;
}

static bool may_be_http(struct slice in)
{
	static const struct slice methods[] = { { "GET ", 4 }, { "HEAD ", 5 }, { "OPTIONS ", 8 } };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		size_t n = in.len < methods[i].len ? in.len : methods[i].len;
		if (memcmp(in.ptr, methods[i].ptr, n) == 0)
			return true;
	}
	return false;
}

#define TLS_HANDSHAKE 0x16

bool pp_health_wants_tls(const struct session *s)
{
	struct slice in = buf_slice(s->in);

	return s->listener->tls && in.len && in.ptr[0] == TLS_HANDSHAKE && !draining(s);
}

bool pp_health_answer(struct session *s, bool last)
{
	struct slice in = buf_slice(s->in);
	bool down = draining(s), http = in.len && may_be_http(in);
	bool whole = slice_find(in, SLICE("\r\n\r\n")) >= 0 || (s->in && buf_room(s->in) == 0);

	/* An answer before the request is read would be lost with the reset that unread bytes provoke. */
	if (!last && (in.len == 0 || (http && !whole)))
		return false;
	count(s, down);
	if (http && whole) {
		struct slice text = down ? SLICE(ANSWER("503 Service Unavailable")) : SLICE(ANSWER("200 OK"));
		struct iovec iov = { (void *)text.ptr, text.len };
		size_t sent;
		s->client.transport->sendv(&s->client, &iov, 1, false, &sent);
	} else {
		s->reset = down;
	}
	return true;
}

void pp_health_empty(struct session *s)
{
	bool down = draining(s);

	s->reset = down;
	count(s, down);
}
