/* SPDX-License-Identifier: Apache-2.0
 *
 * What services call: taking the client's bytes and giving it theirs. One thread.
 */
#include "proxy/service.h"

#include "core/clock.h"

REGISTRY_DEFINE(service)

struct slice service_input(const struct stream *s)
{
	return buf_slice(s->req.buf);
}

void service_consume(struct stream *s, size_t n)
{
	buf_consume(s->req.buf, n);
	if (buf_len(s->req.buf) == 0)
		buf_put(&s->req.buf);
	else if (buf_room(s->req.buf) == 0)
		buf_compact(s->req.buf);
}

bool service_input_ended(const struct stream *s)
{
	return s->req.ended && buf_len(s->req.buf) == 0;
}

size_t service_room(struct stream *s)
{
	if (s->res.buf == NULL && (s->res.buf = buf_get_small()) == NULL)
		return 0;
	buf_compact(s->res.buf);
	return buf_room(s->res.buf);
}

bool service_write(struct stream *s, struct slice bytes)
{
	if (service_room(s) < bytes.len)
		return false;
	buf_append(s->res.buf, bytes.ptr, bytes.len);
	s->res.total += bytes.len;
	s->server_active_ms = clock_now_ms;
	return true;
}
