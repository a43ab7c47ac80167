/* SPDX-License-Identifier: Apache-2.0
 *
 * Which line is written, and when; see log_line.h. Lines are composed on the stack: nothing is
 * allocated for one, and nothing is composed that no target would take.
 */
#include "proxy/log_line.h"

#include "core/clock.h"
#include "core/log_time.h"

struct log_times log_times(const struct session *session)
{
	const struct stream *s = session->stream;
	struct log_times t = { -1, -1, -1, -1, (int64_t)(clock_now_us - session->accept_us) / 1000 };

	if (s == NULL)
		return t;
	t.handshake = (int64_t)session->handshake_us / 1000;
	if (s->connect_us)
		t.queue = (int64_t)(s->connect_us - s->start_us) / 1000;
	else if (s->queued_us)
		t.queue = (int64_t)(clock_now_us - s->start_us) / 1000;
	if (s->connected_us) {
		t.connect = (int64_t)(s->connected_us - s->connect_us) / 1000;
		t.data = (int64_t)(clock_now_us - s->connected_us) / 1000;
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
	strbuf_addf(out, " (%s/TCP)", s->fe->name);
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

/* Composes with `format` (NULL: the text is in `line` already) and sends to the frontend's targets. */
static void send_line(struct session *s, enum log_level level, const struct format *format, struct strbuf *line)
{
	struct proxy *fe = s->fe;
	struct eval ev = session_eval(s, PHASE_LOG);
	char sd_memory[2048];
	struct strbuf sd;

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
	log_send(fe->set.log_targets, fe->set.log_global, &m);
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
	send_line(s->session, LOG_LEVEL_INFO, NULL, &line);
	s->logged = true;
}

static bool went_wrong(const struct stream *s)
{
	return (s->reason != CLOSE_NONE && s->reason != CLOSE_LOCAL) || s->retries_done || s->redispatched;
}

static void write_line(struct stream *s, bool wrong)
{
	struct proxy *fe = s->session->fe;
	enum log_level level = wrong && fe->set.log_separate_errors ? LOG_LEVEL_ERR : LOG_LEVEL_INFO;
	char memory[LOG_LEN_MAX + 1];
	struct strbuf line;

	if (!wanted(fe, level))
		return;
	strbuf_init_fixed(&line, memory, sizeof(memory));
	if (fe->log_format == NULL)
		add_default(s->session, &line);
	send_line(s->session, level, fe->log_format, &line);
	s->logged = true;
}

void log_line_asap(struct stream *s)
{
	const struct proxy_settings *fe = &s->session->fe->set;

	if (fe->logasap && !s->logged && !(fe->dontlog_normal && !went_wrong(s)) && !(fe->dontlognull && s->req.total == 0))
		write_line(s, went_wrong(s));
}

void log_line_end(struct stream *s)
{
	const struct proxy_settings *fe = &s->session->fe->set;

	if (s->logged || (fe->dontlognull && s->req.total == 0) || (fe->dontlog_normal && !went_wrong(s)))
		return;
	write_line(s, went_wrong(s));
}

void log_line_keep_source(struct stream *s)
{
	if (!s->session->fe->log_wants_source || s->link == NULL || !s->connected_us)
		return;
	struct addr *source = arena_alloc(&s->arena, sizeof(*source));
	if (source && conn_local_addr(&s->link->conn, source))
		s->source = source;
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
	send_line(s, level, fe->error_log_format, &line);
	arena_free(&s->arena);
}
