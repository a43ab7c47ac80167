/* SPDX-License-Identifier: Apache-2.0
 *
 * show errors: the last request and the last answer of each proxy that were refused, why, and their bytes with the
 * place of the offence; in HAProxy's shape, but that its inner flags give way to the reason. One thread.
 */
#include <stdlib.h>
#include "core/log_time.h"
#include "proxy/bad_message.h"
#include "proxy/command.h"

#define LINE_WIDTH 70

struct show_errors {
	int64_t iid;               /* of this proxy only; -1: all */
	bool want[2];              /* requests, answers */
	bool begun;
	struct proxy *px;          /* borrows: the one at hand; NULL behind the last */
	bool response;             /* its request was shown */
	struct bad_message *m;     /* owns: being shown, or NULL */
	uint32_t at;               /* its bytes that were shown */
};

static bool show_errors_start(struct cli *c)
{
	struct show_errors s = { .iid = -1, .want = { true, true }, .px = TAILQ_FIRST(&proxies) };
	const char *which = c->arg_count > 1 ? c->args[1] : NULL;

	if (c->arg_count > 0 && !slice_to_i64(slice_of(c->args[0]), &s.iid)) {
		const struct proxy *px = proxy_find(slice_of(c->args[0]), PROXY_FE | PROXY_BE);
		if (px == NULL)
			return cli_refuse(c, "No such proxy.");
		s.iid = px->id;
	}
	if (which && strcmp(which, "request") == 0)
		s.want[1] = false;
	else if (which && strcmp(which, "response") == 0)
		s.want[0] = false;
	else if (which)
		return cli_refuse(c, "Expected 'request' or 'response' behind the proxy.");
	c->state = malloc(sizeof(s));
	if (c->state == NULL)
		return cli_refuse(c, "Out of memory.");
	memcpy(c->state, &s, sizeof(s));
	return true;
}

/* The next one that was asked for, or NULL at the end. */
static struct bad_message *next(struct show_errors *s)
{
	while (s->px) {
		struct proxy *px = s->px;
		bool response = s->response;
		struct bad_message *m = s->want[response] ? bad_message_copy(px, response) : NULL;

		s->response = !response;
		if (response)
			s->px = TAILQ_NEXT(px, link);
		if (m && (s->iid < 0 || px->id == s->iid || (m->other && m->other->id == s->iid)))
			return m;
		free(m);
	}
	return NULL;
}

static void add_proxy(struct strbuf *out, const struct proxy *px)
{
	strbuf_addf(out, "%s (#%lld)", px ? px->name : "<NONE>", px ? (long long)px->id : -1LL);
}

static void show_head(struct strbuf *out, const struct bad_message *m)
{
	char src[ADDR_TEXT_MAX];

	strbuf_add_str(out, " \n[");
	log_time_add_ms(out, &m->when);
	strbuf_add_str(out, m->response ? "] backend " : "] frontend ");
	add_proxy(out, m->px);
	strbuf_addf(out, ": invalid %s\n  %s ", m->response ? "response" : "request", m->response ? "frontend" : "backend");
	add_proxy(out, m->other);
	addr_format(&m->src, src, true);
	strbuf_addf(out, ", server %s (#%lld), event #%llu, src %s\n", m->srv ? m->srv->name : "<NONE>",
		m->srv ? (long long)m->srv->id : -1LL, (unsigned long long)m->event, src);
	strbuf_addf(out, "  buffer starts at 0 (including 0 out), %u free,\n", m->len < m->buffer_len ? m->buffer_len - m->len : 0);
	strbuf_addf(out, "  len %u, wraps at %u, error at position %u\n", m->len, m->buffer_len, m->position);
	strbuf_addf(out, "  reason: %s\n  \n", m->why);
}

/* What stands for a byte; returns how many characters. */
static int escaped(char byte, char out[static 4])
{
	static const char named[] = { ['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r', ['\033'] = 'e', ['\\'] = '\\' };
	static const char hex[] = "0123456789ABCDEF";
	uint8_t b = (uint8_t)byte;

	out[0] = '\\';
	if (b < sizeof(named) && named[b]) {
		out[1] = named[b];
		return 2;
	}
	if (b < 0x20 || b >= 0x7f) {
		out[1] = 'x';
		out[2] = hex[b >> 4];
		out[3] = hex[b & 15];
		return 4;
	}
	out[0] = byte;
	return 1;
}

/* One line of output, at most one of the message; those that go on a line have a '+' behind their place. */
static void show_line(struct strbuf *out, struct show_errors *s)
{
	const struct bad_message *m = s->m;
	bool goes_on = s->at > 0 && m->bytes[s->at - 1] != '\n';
	int width = 0, n;
	char text[4];

	strbuf_addf(out, "  %05u%c ", s->at, goes_on ? '+' : ' ');
	while (s->at < m->len && width + (n = escaped(m->bytes[s->at], text)) <= LINE_WIDTH) {
		strbuf_add(out, text, (size_t)n);
		width += n;
		if (m->bytes[s->at++] == '\n')
			break;
	}
	strbuf_add_byte(out, '\n');
}

static enum command_result show_errors_run(struct cli *c)
{
	struct show_errors *s = c->state;

	if (!s->begun) {
		struct timeval now;
		s->begun = true;
		gettimeofday(&now, NULL);
		strbuf_add_str(&c->out, "Total events captured on [");
		log_time_add_ms(&c->out, &now);
		strbuf_addf(&c->out, "] : %llu\n", (unsigned long long)bad_messages_total());
	}
	while (c->out.len < CLI_PIECE) {
		if (s->m == NULL) {
			if ((s->m = next(s)) == NULL)
				return COMMAND_DONE;
			s->at = 0;
			show_head(&c->out, s->m);
		}
		if (s->at < s->m->len)
			show_line(&c->out, s);
		if (s->at >= s->m->len) {
			free(s->m);
			s->m = NULL;
		}
	}
	return COMMAND_MORE;
}

static void show_errors_end(struct cli *c)
{
	struct show_errors *s = c->state;

	free(s->m);
	free(s);
}

COMMAND(show_errors) = {
	.keyword = "show errors", .usage = "show errors [<id>|<proxy> [request|response]]",
	.text = "show the last refused request and answer of each proxy", .level = CLI_OPERATOR, .start = show_errors_start,
	.run = show_errors_run, .end = show_errors_end,
};
