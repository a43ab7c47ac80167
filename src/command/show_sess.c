/* SPDX-License-Identifier: Apache-2.0
 *
 * show sess: the sessions of all threads, a line each, or all that is known of one or all of them.
 * Lines are written on the session's own thread (proxy/roll.h). The words are HAProxy's where it has them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include "conn/tls_info.h"
#include "core/clock.h"
#include "core/log_time.h"
#include "proxy/command.h"
#include "proxy/http.h"
#include "proxy/log_line.h"
#include "proxy/roll.h"
#include "proxy/service.h"
#include "proxy/stream.h"

struct show_sess {
	struct roll *roll;
	bool one, any; /* one session was asked for; something was said */
};

struct wanted {
	bool details;
	uint64_t id;   /* 0: all */
};

static const char *protocol(const struct addr *a)
{
	return a->family == AF_INET6 ? "tcpv6" : a->family == AF_UNIX ? "unix_stream" : "tcpv4";
}

/* A UNIX client has no address: the listener's number stands for it. */
static void add_addr(struct strbuf *out, const char *label, const struct addr *a, const struct session *s)
{
	char text[ADDR_TEXT_MAX];

	addr_format(a, text, false);
	strbuf_addf(out, "%s=%s", label, text);
	if (a->family == AF_UNIX)
		strbuf_addf(out, ":%lld", (long long)log_listener_number(s->listener));
}

static const char *mode_name(const struct proxy *px)
{
	return px->set.mode == MODE_HTTP ? "http" : "tcp";
}

/* "1d2h", "3m4s", "5s": the two largest units. */
static void add_time(struct strbuf *out, const char *label, uint64_t ms)
{
	unsigned long long s = ms / 1000;

	if (s >= 86400)
		strbuf_addf(out, "%s=%llud%lluh", label, s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		strbuf_addf(out, "%s=%lluh%llum", label, s / 3600, s / 60 % 60);
	else if (s >= 60)
		strbuf_addf(out, "%s=%llum%llus", label, s / 60, s % 60);
	else
		strbuf_addf(out, "%s=%llus", label, s);
}

static const char *session_step_name(const struct session *s)
{
	static const char *const names[] = {
		[SESSION_CONN_RULES] = "connection-rules", [SESSION_PROXY_HEADER] = "proxy-header", [SESSION_TLS] = "tls-handshake", [SESSION_RULES] = "session-rules",
		[SESSION_STREAM] = "stream", [SESSION_NEXT] = "keep-alive", [SESSION_LINGER] = "linger", [SESSION_CLOSED] = "closed",
	};

	return names[s->step];
}

/* The step in one word. */
static void add_step(struct strbuf *out, const struct session *s)
{
	const char *name = s->stream ? stream_step_name(s->stream) : session_step_name(s);

	strbuf_add_str(out, " step=");
	for (; *name; name++)
		strbuf_add_byte(out, *name == ' ' ? '-' : *name);
}

static void add_expiry(struct strbuf *out, const struct session *s)
{
	const struct timer *t = s->stream ? &s->stream->timer : &s->timer;

	if (timer_armed(t))
		add_time(out, " exp", t->due_ms > clock_now_ms ? t->due_ms - clock_now_ms : 0);
	else
		strbuf_add_str(out, " exp=");
}

static void add_pump(struct strbuf *out, const char *label, const struct pump *p)
{
	strbuf_addf(out, " %s[i=%zu,t=%" PRIu64 ",o=%" PRIu64 ",end=%c%c]", label, pump_pending(p), p->total, p->given,
		p->ended ? 'r' : '-', p->flushed ? 'w' : '-');
}

static const char *backend_name(const struct stream *t)
{
	return t && t->be_counted ? t->be->name : "<NONE>";
}

static void add_line(struct strbuf *out, const struct session *s)
{
	const struct stream *t = s->stream;

	strbuf_addf(out, "0x%" PRIxPTR ": proto=%s ", (uintptr_t)s, protocol(&s->peer));
	add_addr(out, "src", &s->src, s);
	strbuf_addf(out, " fe=%s be=%s srv=%s ts=%02x", s->fe->name, backend_name(t), t && t->server ? t->server->name : "<none>",
		(unsigned)thread_id);
	add_time(out, " age", (clock_now_us - s->accept_us) / 1000);
	add_step(out, s);
	if (t) {
		add_pump(out, "rq", &t->req);
		add_pump(out, "rp", &t->res);
	}
	strbuf_addf(out, " scf=[fd=%d] scb=[fd=%d]", s->client.watch.fd, t && t->link ? t->link->conn.watch.fd : -1);
	add_expiry(out, s);
	strbuf_addf(out, " rc=%u\n", t ? t->retries_done : 0);
}

static void add_address(struct strbuf *out, const struct endpoint *e)
{
	strbuf_add_str(out, " addr=");
	endpoint_format(e, out);
}

/* A line of what TLS agreed on, behind the one before; nothing without TLS. */
static void add_tls(struct strbuf *out, const struct conn *c)
{
	SSL *ssl = tls_of(c);

	if (ssl == NULL)
		return;
	strbuf_addf(out, "\n  tls=%.*s cipher=%.*s resumed=%d sni=", SLICE_FMT(tls_info_protocol(ssl)), SLICE_FMT(tls_info_cipher(ssl)),
		tls_info_is_resumed(ssl));
	strbuf_add_escaped(out, tls_info_sni(ssl), '%', "% ");
}

static void add_greeting(struct strbuf *out, struct session *s)
{
	struct addr dst;

	strbuf_add_str(out, "  ");
	add_addr(out, "peer", &s->peer, s);
	if (session_dst(s, &dst)) {
		strbuf_add_byte(out, ' ');
		add_addr(out, "wanted", &dst, s);
	}
	if (s->pp)
		strbuf_addf(out, " header=v%u,%s%s", s->pp->version, s->pp->command == PP_LOCAL ? "LOCAL" : "PROXY",
			s->pp->ignored ? ",ignored" : "");
	strbuf_addf(out, "\n  frontend=%s (id=%lld mode=%s), listener=%s (id=%lld)", s->fe->name, (long long)s->fe->id, mode_name(s->fe),
		s->listener->set.name ? s->listener->set.name : "?", (long long)s->listener->set.id);
	add_address(out, &s->listener->endpoint);
	add_tls(out, &s->client);
	strbuf_add_byte(out, '\n');
}

static void add_stream(struct strbuf *out, const struct stream *t)
{
	strbuf_addf(out, "  backend=%s", backend_name(t));
	if (t->be_counted)
		strbuf_addf(out, " (id=%lld mode=%s)", (long long)t->be->id, mode_name(t->be));
	if (t->service)
		strbuf_addf(out, " service=%s", t->service->keyword);
	strbuf_addf(out, "\n  server=%s", t->server ? t->server->name : "<none>");
	if (t->server) {
		strbuf_addf(out, " (id=%lld)", (long long)t->server->id);
		add_address(out, server_endpoint(t->server));
	}
	if (t->link)
		add_tls(out, &t->link->conn);
	if (t->http)
		strbuf_addf(out, "\n  method=%.*s status=%u request=%" PRIu64 " reused=%d close=%d/%d", SLICE_FMT(t->http->method_text),
			t->http->status, t->session->requests + 1, t->http->reused, t->http->client_close, t->http->server_close);
	strbuf_addf(out, "\n  retries=%u left=%u redispatched=%d queued=%d position=%u\n ", t->retries_done, t->retries_left,
		t->redispatched, t->queue != NULL, t->queue_position);
	add_pump(out, "req", &t->req);
	strbuf_addf(out, " buffer=%u pipe=%u\n ", t->req.buf ? t->req.buf->cap : 0, t->req.piped);
	add_pump(out, "res", &t->res);
	strbuf_addf(out, " buffer=%u pipe=%u\n", t->res.buf ? t->res.buf->cap : 0, t->res.piped);
}

static void add_details(struct strbuf *out, struct session *s)
{
	struct timeval tv = clock_wall_at(s->accept_us);

	strbuf_addf(out, "0x%" PRIxPTR ": [", (uintptr_t)s);
	log_time_add_ms(out, &tv);
	strbuf_addf(out, "] id=%" PRIu64 " proto=%s ", s->stream ? s->stream->id : 0, protocol(&s->peer));
	add_addr(out, "source", &s->src, s);
	strbuf_addf(out, "\n  thread=%d", thread_id);
	add_step(out, s);
	add_time(out, " age", (clock_now_us - s->accept_us) / 1000);
	add_expiry(out, s);
	strbuf_addf(out, " scf=[fd=%d] scb=[fd=%d]\n", s->client.watch.fd, s->stream && s->stream->link ? s->stream->link->conn.watch.fd : -1);
	add_greeting(out, s);
	if (s->stream)
		add_stream(out, s->stream);
}

static void tell(struct session *s, const void *arg, struct strbuf *out)
{
	const struct wanted *w = arg;

	if (w->id && w->id != (uintptr_t)s)
		return;
	if (w->details)
		add_details(out, s);
	else
		add_line(out, s);
}

static void wake(void *owner)
{
	cli_wake(owner);
}

static bool show_sess_start(struct cli *c)
{
	struct wanted w = { .details = c->arg_count > 0 };

	if (c->arg_count && strcmp(c->args[0], "all") != 0) {
		char *end;
		w.id = strtoull(c->args[0], &end, 0);
		if (w.id == 0 || *end)
			return cli_refuse(c, "Expected 'all' or the number at the beginning of a line of 'show sess'.");
	}
	struct show_sess *s = calloc(1, sizeof(*s));
	struct wanted *copy = malloc(sizeof(*copy));
	if (s && copy) {
		*copy = w;
		s->one = w.id != 0;
		s->roll = roll_begin(tell, copy, wake, c);
		copy = NULL;
	}
	if (s == NULL || s->roll == NULL) {
		free(s);
		free(copy);
		return cli_refuse(c, "Out of memory.");
	}
	c->state = s;
	return true;
}

static enum command_result show_sess_run(struct cli *c)
{
	struct show_sess *s = c->state;
	size_t before = c->out.len;
	enum roll_state r = roll_take(s->roll, &c->out);

	s->any |= c->out.len > before;
	if (r == ROLL_AWAY)
		return COMMAND_WAIT;
	if (s->one && !s->any)
		cli_refuse(c, "Session not found.");
	return COMMAND_DONE;
}

static void show_sess_end(struct cli *c)
{
	struct show_sess *s = c->state;

	roll_end(&s->roll);
	free(s);
}

COMMAND(show_sess) = {
	.keyword = "show sess", .usage = "show sess [all | <id>]", .text = "report the list of current sessions or dump them in detail",
	.level = CLI_OPERATOR, .start = show_sess_start, .run = show_sess_run, .end = show_sess_end,
};
