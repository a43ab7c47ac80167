/* SPDX-License-Identifier: Apache-2.0
 *
 * Which line is written, and when; see log_line.h. Lines are composed on the stack: nothing is
 * allocated for one, and nothing is composed that no target would take.
 */
#include "proxy/log_line.h"

#include "core/clock.h"
#include "core/log_time.h"
#include "proxy/http.h"

bool log_wants_link;

static int64_t span_ms(uint64_t from_us, uint64_t to_us)
{
	return to_us > from_us ? (int64_t)((to_us - from_us) / 1000) : 0;
}

/* From the moment it could be sent to a server on. */
static void server_times(const struct stream *s, uint64_t ready_us, struct log_times *t)
{
	if (s->connect_us)
		t->queue = span_ms(ready_us, s->connect_us);
	else if (s->queued_us)
		t->queue = span_ms(ready_us, clock_now_us);
	if (s->connected_us)
		t->connect = span_ms(s->connect_us, s->connected_us);
}

static void http_times(const struct stream *s, struct log_times *t)
{
	const struct session *session = s->session;
	uint64_t open_us = session->since_us + (session->requests ? 0 : session->handshake_us);

	t->handshake = span_ms(session->since_us, open_us);
	t->active = span_ms(s->request_us ? s->request_us : open_us, clock_now_us);
	if (s->request_us)
		t->idle = span_ms(open_us, s->request_us);
	t->user = t->handshake + t->active;
	if (s->head_us == 0)
		return;
	t->request = span_ms(s->request_us, s->head_us);
	server_times(s, s->head_us, t);
	if (s->response_us == 0)
		return;
	t->response = span_ms(s->connected_us, s->response_us);
	t->data = t->active - (t->request + t->queue + t->connect + t->response);
}

struct log_times log_times(const struct session *session)
{
	const struct stream *s = session->stream;
	struct log_times t = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };

	t.total = t.user = span_ms(session->since_us, clock_now_us);
	if (s && s->http) {
		http_times(s, &t);
	} else if (s) {
		t.handshake = span_ms(0, session->handshake_us);
		server_times(s, s->start_us, &t);
		if (s->connected_us)
			t.data = span_ms(s->connected_us, clock_now_us);
	}
	return t;
}

int64_t log_listener_number(const struct listener *l)
{
	const struct listener *other;
	int64_t number = 1;

	if (l->set.id)
		return l->set.id;
	TAILQ_FOREACH(other, &l->px->listeners, link) {
		if (other == l)
			break;
		number++;
	}
	return number;
}

/* ---- what the lines say ---- */

static void add_source(const struct session *s, const struct addr *a, struct strbuf *out)
{
	strbuf_add_ip(out, a);
	strbuf_add_byte(out, ':');
	strbuf_add_u64(out, addr_is_inet(a) ? a->port : (uint64_t)log_listener_number(s->listener));
}

/* The line of a frontend without a format. */
static void add_default(struct session *s, struct strbuf *out)
{
	struct addr dst = { 0 };

	session_dst(s, &dst);
	strbuf_add_str(out, "Connect from ");
	add_source(s, &s->src, out);
	strbuf_add_str(out, " to ");
	add_source(s, &dst, out);
	strbuf_addf(out, " (%s/%s)", s->fe->name, s->fe->set.mode == MODE_HTTP ? "HTTP" : "TCP");
}

static void add_refused(struct session *s, const char *text, struct strbuf *out)
{
	struct timeval accepted = clock_wall_at(s->accept_us);

	add_source(s, &s->src, out);
	strbuf_add_str(out, " [");
	log_time_add_ms(out, &accepted);
	strbuf_addf(out, "] %s/", s->fe->name);
	if (s->listener->set.name)
		strbuf_add_str(out, s->listener->set.name);
	else
		strbuf_add_i64(out, log_listener_number(s->listener));
	strbuf_addf(out, ": %s", text);
	if (!addr_same(&s->peer, &s->src)) {
		strbuf_add_str(out, ", peer ");
		add_source(s, &s->peer, out);
	}
}

/* ---- sending ---- */

static _Thread_local enum log_origin origin_now = LOG_ORIGIN_ANY;

enum log_origin log_line_origin(void)
{
	return origin_now;
}

/* To a target with a profile: as its profile says, else as to all. */
static void send_profiled(struct log_target *t, struct eval *ev, const struct log_message *usual)
{
	const struct log_step *step = log_profile_at(t->profile, origin_now);
	struct log_message m = *usual;
	char memory[LOG_LEN_MAX + 1], sd_memory[2048];
	struct strbuf line, sd;

	if (step && step->drop)
		return;
	if (step && step->format) {
		strbuf_init_fixed(&line, memory, sizeof(memory));
		format_write(step->format, ev, &line);
		m.text = strbuf_slice(&line);
	}
	if (step && step->sd) {
		strbuf_init_fixed(&sd, sd_memory, sizeof(sd_memory));
		format_write(step->sd, ev, &sd);
		m.sd = strbuf_slice(&sd);
	}
	log_send_to(t, &m);
}

static void send_each(struct log_target *const *targets, struct eval *ev, const struct log_message *m)
{
	for (; targets && *targets; targets++) {
		if ((*targets)->profile)
			send_profiled(*targets, ev, m);
		else
			log_send_to(*targets, m);
	}
}

/* Composes with `format` (NULL: the text is in `line` already) and sends to the frontend's targets. */
static void send_line(struct session *s, enum log_origin origin, enum log_level level, const struct format *format,
	struct strbuf *line)
{
	struct proxy *fe = s->fe;
	struct eval ev = session_eval(s, PHASE_LOG);
	char sd_memory[2048];
	struct strbuf sd;

	origin_now = origin;
	strbuf_init_fixed(&sd, sd_memory, sizeof(sd_memory));
	if (format)
		format_write(format, &ev, line);
	if (format && fe->set.proxylog) {
		strbuf_add_byte(line, ' ');
		add_source(s, &s->peer, line);
	}
	if (fe->log_format_sd)
		format_write(fe->log_format_sd, &ev, &sd);
	struct log_message m = { level, slice_of(fe->set.log_tag ? fe->set.log_tag : ""), strbuf_slice(&sd),
		strbuf_slice(line) };
	if (log_profiles_used) {
		send_each(fe->set.log_targets, &ev, &m);
		send_each(fe->set.log_global ? log_global : NULL, &ev, &m);
	} else {
		log_send(fe->set.log_targets, fe->set.log_global, &m);
	}
	origin_now = LOG_ORIGIN_ANY;
	__atomic_add_fetch(&fe->log_count, 1, __ATOMIC_RELAXED);
}

static bool wanted(const struct proxy *fe, enum log_level level)
{
	return log_wanted(fe->set.log_targets, fe->set.log_global, level);
}

void log_line_start(struct stream *s)
{
	struct proxy *fe = s->session->fe;
	char memory[512];
	struct strbuf line;

	/* A frontend that logs failures only has to wait for the end. */
	if (fe->log_format || fe->set.dontlog_normal || !wanted(fe, LOG_LEVEL_INFO))
		return;
	strbuf_init_fixed(&line, memory, sizeof(memory));
	add_default(s->session, &line);
	send_line(s->session, s->http ? LOG_ORIGIN_REQUEST : LOG_ORIGIN_ACCEPT, LOG_LEVEL_INFO, NULL, &line);
	s->logged = true;
}

bool log_line_went_wrong(const struct stream *s)
{
	return (s->reason != CLOSE_NONE && s->reason != CLOSE_LOCAL) || s->retries_done || s->redispatched ||
	       (s->http && s->http->status >= 500);
}

/* False: nobody wants it. */
static bool write_line(struct stream *s, enum log_origin origin, bool wrong)
{
	struct proxy *fe = s->session->fe;
	enum log_level level = wrong && fe->set.log_separate_errors ? LOG_LEVEL_ERR : LOG_LEVEL_INFO;
	char memory[LOG_LEN_MAX + 1];
	struct strbuf line;

	if (s->log_level == STREAM_LOG_SILENT)
		return false;
	if (s->log_level)
		level = (enum log_level)(s->log_level - 1);
	if (!wanted(fe, level))
		return false;
	strbuf_init_fixed(&line, memory, sizeof(memory));
	bool unread = s->http && !s->http->req_parsed && fe->error_log_format;
	const struct format *format = unread ? fe->error_log_format : fe->log_format;
	if (format == NULL)
		add_default(s->session, &line);
	send_line(s->session, origin, level, format, &line);
	return true;
}

void log_line_asap(struct stream *s)
{
	const struct proxy_settings *fe = &s->session->fe->set;

	if (fe->logasap && !s->logged && !(fe->dontlog_normal && !log_line_went_wrong(s)) && !(fe->dontlognull && s->req.total == 0))
		s->logged = write_line(s, s->http ? LOG_ORIGIN_RESPONSE : LOG_ORIGIN_CONNECT, log_line_went_wrong(s));
}

void log_line_end(struct stream *s)
{
	const struct proxy_settings *fe = &s->session->fe->set;

	if (s->http && !s->http->req_parsed && s->session->fe->log_format == NULL)
		return; /* the default line tells of requests only */
	if (s->logged || (fe->dontlognull && s->req.total == 0) || (fe->dontlog_normal && !log_line_went_wrong(s)))
		return;
	s->logged = write_line(s, LOG_ORIGIN_CLOSE, log_line_went_wrong(s));
}

/* A session without a stream has no level of its own, and no end to be told. */
void log_line_extra(struct session *s, enum log_origin origin)
{
	char memory[LOG_LEN_MAX + 1];
	struct strbuf line;

	if (s->stream) {
		write_line(s->stream, origin, false);
	} else if (wanted(s->fe, LOG_LEVEL_INFO)) {
		strbuf_init_fixed(&line, memory, sizeof(memory));
		if (s->fe->log_format == NULL)
			add_default(s, &line);
		send_line(s, origin, LOG_LEVEL_INFO, s->fe->log_format, &line);
	}
}

void log_line_keep_source(struct stream *s)
{
	if (!s->session->fe->log_wants_source || s->link == NULL || !s->connected_us)
		return;
	struct addr *source = arena_alloc(&s->arena, sizeof(*source));
	if (source && conn_local_addr(&s->link->conn, source))
		s->source = source;
}

/* ---- what several aliases and fetches show ---- */

unsigned log_queue_place(const struct stream *s, bool server)
{
	return s->queued_us && s->forced == server ? s->queue_position + 1u : 0;
}

void log_end_state(const struct session *session, char state[2])
{
	const struct stream *s = session->stream;
	bool lives = s ? s->step != STREAM_CLOSE : session->reason == CLOSE_NONE;

	state[0] = lives ? '-' : close_reason_code(s ? s->reason : session->reason);
	state[1] = lives ? '-' : s ? (char)s->phase : 'R';
}

bool log_source(const struct stream *s, struct addr *out)
{
	if (s->source) {
		*out = *s->source;
		return true;
	}
	return s->link && s->connected_us && conn_local_addr(&s->link->conn, out);
}

void log_line_refused(struct session *s, const char *text)
{
	struct proxy *fe = s->fe;
	enum log_level level = fe->set.log_separate_errors ? LOG_LEVEL_ERR : LOG_LEVEL_INFO;
	char memory[4096];
	struct strbuf line;

	if (!wanted(fe, level))
		return;
	strbuf_init_fixed(&line, memory, sizeof(memory));
	if (fe->error_log_format == NULL)
		add_refused(s, text, &line);
	send_line(s, LOG_ORIGIN_ERROR, level, fe->error_log_format, &line);
	arena_free(&s->arena);
}
