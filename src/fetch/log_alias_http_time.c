/* SPDX-License-Identifier: Apache-2.0
 *
 * log-format aliases for the moments and durations of HTTP exchanges: %tr %trg %trl, %Ti %TR %Tq %Tr
 * %Ta (manual 8.4).
 */
#include "core/clock.h"
#include "core/log_time.h"
#include "proxy/log_line.h"
#include "rule/fetch.h"

/* The request's first byte; where none came, since when it was waited for. */
static struct timeval began(const struct eval *ev)
{
	const struct stream *s = ev->stream;

	return clock_wall_at(s && s->request_us ? s->request_us : ev->session->since_us);
}

static bool tr_text(struct eval *ev, struct strbuf *out)
{
	struct timeval tv = began(ev);

	log_time_add_ms(out, &tv);
	return true;
}

static bool trg_text(struct eval *ev, struct strbuf *out)
{
	struct timeval tv = began(ev);

	log_time_add_gmt(out, &tv);
	return true;
}

static bool trl_text(struct eval *ev, struct strbuf *out)
{
	struct timeval tv = began(ev);

	log_time_add_local(out, &tv);
	return true;
}

static bool idle_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_i64(out, log_times(ev->session).idle);
	return true;
}

static bool request_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_i64(out, log_times(ev->session).request);
	return true;
}

static bool whole_request_text(struct eval *ev, struct strbuf *out)
{
	struct log_times t = log_times(ev->session);

	strbuf_add_i64(out, t.handshake < 0 || t.idle < 0 || t.request < 0 ? -1 : t.handshake + t.idle + t.request);
	return true;
}

static bool response_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_i64(out, log_times(ev->session).response);
	return true;
}

static bool active_text(struct eval *ev, struct strbuf *out)
{
	if (ev->session->fe->set.logasap)
		strbuf_add_byte(out, '+');
	strbuf_add_i64(out, log_times(ev->session).active);
	return true;
}

#define PLAIN(ident, word, fn, what) \
	FETCH(alias_##ident) = { .keyword = word, .usage = word " " what, .alias = true, .phases = PHASE_SESSION, \
		.get_text = fn, .plain = true }

PLAIN(tr, "%tr", tr_text, "date of the request's first byte, with milliseconds");
PLAIN(trg, "%trg", trg_text, "date of the request's first byte, GMT");
PLAIN(trl, "%trl", trl_text, "date of the request's first byte, local time");
PLAIN(Ti, "%Ti", idle_text, "idle time before the request");
PLAIN(TR, "%TR", request_text, "time to receive the request's head");
PLAIN(Tq, "%Tq", whole_request_text, "Th + Ti + TR");
PLAIN(Tr, "%Tr", response_text, "time the server took to answer");
PLAIN(Ta, "%Ta", active_text, "time the request was active");
