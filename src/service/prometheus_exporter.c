/* SPDX-License-Identifier: Apache-2.0
 *
 * service prometheus-exporter: answers a scrape with the metrics of proxy/metrics.h, a piece of them at
 * a time. Parameters of the query choose what is told. One thread.
 */
#include <stdlib.h>
#include "proxy/http.h"
#include "proxy/http_reply.h"
#include "proxy/metrics.h"
#include "proxy/service.h"
#include "wire/uri.h"

#define OBJECTS_AT_ONCE 500 /* most of them have lines, but with `metrics` few may */

struct scrape {
	struct metrics_walk walk;
	struct strbuf out;
	size_t out_at;
};

static bool decode(struct stream *s, struct slice *v)
{
	char *mem = arena_alloc(&s->arena, v->len + 1);
	ssize_t n = mem ? uri_decode(*v, true, mem) : -1;

	*v = slice_make(mem, n < 0 ? 0 : (size_t)n);
	return n >= 0;
}

/* Parameters have an effect in the order they stand in: a later scope adds to the earlier, an empty one begins anew. */
static bool read_query(struct stream *s, struct metrics_filter *f)
{
	struct slice name, value;
	struct uri uri;
	bool scoped = false;

	f->scopes = METRICS_ALL;
	uri_split(s->http->req.target, &uri);
	while (uri_pair_next(&uri.query, &name, &value)) {
		if (!decode(s, &name) || !decode(s, &value))
			return false;
		if (slice_is(name, "scope") && !scoped) {
			f->scopes = 0;
			scoped = true;
		}
		if (!metrics_ask(f, name, value))
			return false;
	}
	return true;
}

static bool start(struct stream *s)
{
	struct scrape *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return false;
	s->service_state = e;
	if (!read_query(s, &e->walk.filter)) {
		http_reply_error(s, 400);
		return true;
	}
	http_answer_begin(s, 200);
	http_answer_add(s, SLICE("cache-control"), SLICE("no-cache"));
	http_answer_add(s, SLICE("content-type"), SLICE("text/plain; version=0.0.4"));
	http_answer_stream(s, HTTP_LENGTH_UNKNOWN);
	return true;
}

static enum service_result run(struct stream *s)
{
	struct scrape *e = s->service_state;
	bool more = true;

	if (e->out_at == e->out.len) {
		strbuf_clear(&e->out);
		e->out_at = 0;
		for (int n = 0; more && n < OBJECTS_AT_ONCE && e->out.len < SERVICE_PIECE; n++)
			more = metrics_next(&e->walk, &e->out);
	}
	size_t n = e->out.len - e->out_at, room = service_room(s, n);
	if (n > room)
		n = room;
	if (n && service_write(s, slice_make(e->out.ptr + e->out_at, n)))
		e->out_at += n;
	return more || e->out_at < e->out.len ? SERVICE_MORE : SERVICE_END;
}

static void end(struct stream *s)
{
	struct scrape *e = s->service_state;

	if (e)
		strbuf_free(&e->out);
	free(e);
	s->service_state = NULL;
}

SERVICE(prometheus_exporter) = { .keyword = "prometheus-exporter", .usage = "http-request use-service prometheus-exporter",
	.log_name = "<PROMEX>", .http = true, .start = start, .run = run, .end = end };
