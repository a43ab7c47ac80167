/* SPDX-License-Identifier: Apache-2.0
 *
 * log-format aliases for moments (%t %T %Tl %Ts %ms: when the client was accepted) and durations
 * (%Th %Tw %Tc %Td %Tt %Tu, manual 8.4). Under `option logasap` the totals carry a '+'.
 */
#include "core/clock.h"
#include "core/log_time.h"
#include "proxy/log_line.h"
#include "rule/fetch.h"

static struct timeval accepted(const struct eval *ev)
{
	return clock_wall_at(ev->session->since_us);
}

static bool t_text(struct eval *ev, struct strbuf *out)
{
	struct timeval tv = accepted(ev);

	log_time_add_ms(out, &tv);
	return true;
}

static bool gmt_text(struct eval *ev, struct strbuf *out)
{
	struct timeval tv = accepted(ev);

	log_time_add_gmt(out, &tv);
	return true;
}

static bool local_text(struct eval *ev, struct strbuf *out)
{
	struct timeval tv = accepted(ev);

	log_time_add_local(out, &tv);
	return true;
}

static bool ms_text(struct eval *ev, struct strbuf *out)
{
	struct timeval tv = accepted(ev);

	strbuf_addf(out, "%03d", (int)(tv.tv_usec / 1000));
	return true;
}

static enum eval_result seconds_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	*out = value_int(accepted(ev).tv_sec);
	return EVAL_OK;
}

static bool handshake_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_i64(out, log_times(ev->session).handshake);
	return true;
}

static bool queue_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_i64(out, log_times(ev->session).queue);
	return true;
}

static bool connect_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_i64(out, log_times(ev->session).connect);
	return true;
}

static bool data_text(struct eval *ev, struct strbuf *out)
{
	strbuf_add_i64(out, log_times(ev->session).data);
	return true;
}

static bool add_growing(const struct eval *ev, int64_t ms, struct strbuf *out)
{
	if (ev->session->fe->set.logasap)
		strbuf_add_byte(out, '+');
	strbuf_add_i64(out, ms);
	return true;
}

static bool total_text(struct eval *ev, struct strbuf *out) { return add_growing(ev, log_times(ev->session).total, out); }
static bool user_text(struct eval *ev, struct strbuf *out) { return add_growing(ev, log_times(ev->session).user, out); }

#define PLAIN(ident, word, fn, what) \
	FETCH(alias_##ident) = { .keyword = word, .usage = word " " what, .alias = true, .phases = PHASE_SESSION, \
		.get_text = fn, .plain = true }

PLAIN(t, "%t", t_text, "accept date with milliseconds");
PLAIN(T, "%T", gmt_text, "accept date, GMT");
PLAIN(Tl, "%Tl", local_text, "accept date, local time");
PLAIN(ms, "%ms", ms_text, "milliseconds of the accept date");
PLAIN(Th, "%Th", handshake_text, "time of the handshakes (PROXY header)");
PLAIN(Tw, "%Tw", queue_text, "time until a server was free");
PLAIN(Tc, "%Tc", connect_text, "time to connect to the server");
PLAIN(Td, "%Td", data_text, "time of the data phase");
PLAIN(Tt, "%Tt", total_text, "total time");
PLAIN(Tu, "%Tu", user_text, "total time without idle time");
FETCH(alias_Ts) = { .keyword = "%Ts", .usage = "%Ts accept date, seconds since 1970", .alias = true, .phases = PHASE_SESSION,
	.get = seconds_get };
