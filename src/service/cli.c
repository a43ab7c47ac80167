/* SPDX-License-Identifier: Apache-2.0
 *
 * service cli: the runtime socket's end of a stream. It carries bytes between the stream and
 * proxy/cli.c and knows no command. One thread.
 */
#include <poll.h>
#include "base/assert.h"
#include "proxy/cli.h"
#include "proxy/service.h"

static void wake(void *owner)
{
	stream_wake(owner);
}

static bool cli_start(struct stream *s)
{
	/* Only sockets that say `stats socket` have a level; a rule cannot open one. */
	if (!s->session->fe->internal)
		return false;
	struct cli *c = cli_new(s->session->listener->set.level, wake, s);
	if (c && s->session->listener->set.expose_fd_listeners)
		c->give_to = s->session->client.watch.fd;
	if (c)
		c->patience_ms = s->session->fe->set.timeout_client_ms;
	if (c)
		c->severity = s->session->listener->set.severity;
	s->service_state = c;
	return c != NULL;
}

/* Moves what fits of the answer; true when all of it went. */
static bool send_out(struct stream *s, struct cli *c)
{
	size_t room = service_room(s, c->out.len), n = c->out.len < room ? c->out.len : room;

	if (n && service_write(s, slice_make(c->out.ptr, n))) {
		memmove(c->out.ptr, c->out.ptr + n, c->out.len - n);
		c->out.len -= n;
	}
	return c->out.len == 0;
}

/* Whether nobody is there any more, not even to read; of UNIX sockets the kernel tells. */
static bool is_gone(const struct stream *s)
{
	struct pollfd client = { .fd = s->session->client.watch.fd };

	return poll(&client, 1, 0) == 1 && client.revents & (POLLHUP | POLLERR);
}

static enum service_result cli_serve(struct stream *s)
{
	struct cli *c = s->service_state;
	size_t used;
	bool ended = s->req.ended;

	if (!send_out(s, c))
		return SERVICE_MORE;
	enum cli_next next = cli_run(c, service_input(s), ended, &used);
	if (used)
		service_consume(s, used);
	if (!send_out(s, c))
		return SERVICE_MORE;
	/* Who came and has not spoken yet is still heard when the process drains. */
	if (next == CLI_READ && c->had_line && __atomic_load_n(&process_stopping, __ATOMIC_RELAXED))
		return SERVICE_END;
	switch (next) {
	case CLI_SLEEP:
		return ended && is_gone(s) ? SERVICE_END : SERVICE_WAIT;
	case CLI_READ:
		return SERVICE_WAIT;
	case CLI_WRITE:
		return SERVICE_MORE;
	case CLI_END:
		break;
	}
	return SERVICE_END;
}

static uint32_t cli_patience_ms(const struct stream *s)
{
	const struct cli *c = s->service_state;

	return c->patience_ms;
}

static void cli_end(struct stream *s)
{
	struct cli *c = s->service_state;

	cli_free(&c);
	s->service_state = NULL;
}

SERVICE(cli) = {
	.keyword = "cli",
	.usage = "stats socket <address>",
	.start = cli_start,
	.run = cli_serve,
	.patience_ms = cli_patience_ms,
	.end = cli_end,
};
