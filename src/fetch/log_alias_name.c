/* SPDX-License-Identifier: Apache-2.0
 *
 * log-format aliases that name things: %f %ft %b %s, %H %pid, %ID, %lc %rt, and how it ended: %ts
 * %tsc %ST.
 */
#include <pthread.h>
#include <unistd.h>
#include "proxy/http_view.h"
#include "proxy/log_line.h"
#include "proxy/persist.h"
#include "proxy/service.h"
#include "rule/fetch.h"

static bool fe_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_str(out, ev->session->fe->name);
	return true;
}

static bool fe_transport_text(struct eval *ev, struct strbuf *out)
{
	fe_text(ev, out);
	if (ev->session->listener->tls)
		strbuf_add_byte(out, '~');
	return true;
}

static bool be_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_str(out, ev->stream ? ev->stream->be->name : ev->session->fe->name);
	return true;
}

static bool server_text(struct eval *ev, struct strbuf *out)
{
	const struct stream *s = ev->stream;

	if (s && s->service && s->service->log_name)
		strbuf_add_str(out, s->service->log_name);
	else if (s && s->service)
		strbuf_addf(out, "<%s>", s->service->keyword);
	else
		strbuf_add_str(out, s && s->server ? s->server->name : "<NOSRV>");
	return true;
}

static char hostname[256];
static pthread_once_t hostname_once = PTHREAD_ONCE_INIT;

static void find_hostname(void)
{
	if (gethostname(hostname, sizeof(hostname) - 1) != 0)
		hostname[0] = '\0';
}

static bool hostname_text(struct eval *ev, struct strbuf *out)
{
	(void)ev;
	pthread_once(&hostname_once, find_hostname);
	strbuf_add_str(out, hostname);
	return true;
}

static bool id_text(struct eval *ev, struct strbuf *out)
{
	struct slice id = ev->stream ? stream_unique_id(ev->stream) : SLICE("");

	strbuf_add_slice(out, id);
	return id.len > 0;
}

static enum eval_result pid_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_int(log_pid());
	return EVAL_OK;
}

static enum eval_result rt_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_int(ev->stream ? (int64_t)ev->stream->id : 0);
	return EVAL_OK;
}

static bool lc_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_u64(out, __atomic_load_n(&ev->session->fe->log_count, __ATOMIC_RELAXED));
	return true;
}

static bool ts_text(struct eval *ev, struct strbuf *out)
{
	char state[2];

	log_end_state(ev->session, state);
	strbuf_add(out, state, 2);
	return true;
}

static bool tsc_text(struct eval *ev, struct strbuf *out)
{
	char state[2] = { '-', '-' };

	ts_text(ev, out);
	if (ev->stream)
		persist_state(ev->stream, state);
	strbuf_add(out, state, 2);
	return true;
}

/* Of what the client got: -1 when it got nothing. tcp has none, which is 0. */
static bool status_text(struct eval *ev, struct strbuf *out)
{
	const struct http_txn *t = http_of(ev);

	if (t && t->status == 0)
		strbuf_add_i64(out, t->req_parsed ? -1 : 400); /* HAProxy's 400 for what was no request goes to logs only */
	else
		strbuf_add_u64(out, t ? t->status : 0);
	return true;
}

static bool origin_text(struct eval *ev, struct strbuf *out)
{
	enum log_origin origin = log_line_origin();

	(void)ev;
	if (origin != LOG_ORIGIN_ANY)
		strbuf_add_str(out, log_origin_name(origin));
	return origin != LOG_ORIGIN_ANY;
}

#define TEXT(ident, word, fn, what) \
	FETCH(alias_##ident) = { .keyword = word, .usage = word " " what, .alias = true, .phases = PHASE_SESSION, .get_text = fn }
#define PLAIN(ident, word, fn, what) \
	FETCH(alias_##ident) = { .keyword = word, .usage = word " " what, .alias = true, .phases = PHASE_SESSION, \
		.get_text = fn, .plain = true }

TEXT(f, "%f", fe_text, "frontend");
TEXT(ft, "%ft", fe_transport_text, "frontend, with '~' when the client speaks TLS");
TEXT(b, "%b", be_text, "backend");
TEXT(s, "%s", server_text, "server");
TEXT(H, "%H", hostname_text, "hostname");
TEXT(ID, "%ID", id_text, "unique-id-format's text");
TEXT(OG, "%OG", origin_text, "when the line is written");
PLAIN(ts, "%ts", ts_text, "termination state");
PLAIN(tsc, "%tsc", tsc_text, "termination state with cookie state");
PLAIN(lc, "%lc", lc_text, "lines the frontend has written");
PLAIN(ST, "%ST", status_text, "status code");
FETCH(alias_pid) = { .keyword = "%pid", .usage = "%pid process id", .alias = true, .phases = PHASE_SESSION, .get = pid_get };
FETCH(alias_rt) = { .keyword = "%rt", .usage = "%rt number of the stream in this process", .alias = true,
	.phases = PHASE_SESSION, .get = rt_get };
