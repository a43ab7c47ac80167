/* SPDX-License-Identifier: Apache-2.0
 *
 * set-fc-mark, set-fc-tos (set-mark, set-tos), set-bc-mark, set-bc-tos {<number> | <expression>}: the packet mark and the type of
 * service of the connection to the client, or to the server, which is this stream's alone then. An expression without a
 * fit value changes nothing. One thread.
 */
#include <stdlib.h>
#include "proxy/stream.h"
#include "rule/fetch.h"

/* Decimal, or hexadecimal behind "0x". */
static bool take_number(struct conf_line *l, struct rule *r, uint64_t most)
{
	const char *word = conf_peek(l);
	char *end;

	if (word == NULL)
		return conf_need(l, "a number or an expression") != NULL;
	if (*word < '0' || *word > '9') {
		r->expr = expr_take(l, r->phase, r->px);
		return r->expr != NULL;
	}
	conf_take(l);
	unsigned long long n = strtoull(word, &end, word[0] == '0' && (word[1] | 0x20) == 'x' ? 16 : 10);
	r->num = (int64_t)n;
	return (*end == '\0' && n <= most) || conf_fail(l, "expected a number from 0 to %llu, or an expression", (unsigned long long)most);
}

static bool mark_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	return take_number(l, r, UINT32_MAX);
}

static bool tos_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	(void)paren;
	return take_number(l, r, UINT8_MAX);
}

static bool get_number(const struct rule *r, struct eval *ev, int64_t most, int64_t *out)
{
	struct value v = value_int(r->num);

	if (r->expr && expr_eval_as(r->expr, VALUE_INT, ev, &v) != EVAL_OK)
		return false;
	*out = v.num;
	return v.num >= 0 && v.num <= most;
}

static enum action_result fc_mark_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	int64_t n;

	(void)cur;
	if (get_number(r, ev, UINT32_MAX, &n))
		conn_set_mark(&ev->session->client, (uint32_t)n);
	return ACTION_DONE;
}

static enum action_result fc_tos_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	int64_t n;

	(void)cur;
	if (get_number(r, ev, UINT8_MAX, &n))
		conn_set_tos(&ev->session->client, (uint8_t)n);
	return ACTION_DONE;
}

static enum action_result bc_mark_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	int64_t n;

	(void)cur;
	if (get_number(r, ev, UINT32_MAX, &n) && stream_own(ev->stream)) {
		ev->stream->own->has_mark = true;
		ev->stream->own->mark = (uint32_t)n;
	}
	return ACTION_DONE;
}

static enum action_result bc_tos_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	int64_t n;

	(void)cur;
	if (get_number(r, ev, UINT8_MAX, &n) && stream_own(ev->stream)) {
		ev->stream->own->has_tos = true;
		ev->stream->own->tos = (uint8_t)n;
	}
	return ACTION_DONE;
}

#define FC_RULES (RULES_TCP_REQ_CONN | RULES_TCP_REQ_SESS | RULES_TCP_REQ_CONT | RULES_TCP_RES_CONT | RULES_HTTP_REQ | RULES_HTTP_RES)
#define BC_RULES (RULES_TCP_REQ_CONT | RULES_HTTP_REQ)
#define MARKING(ident, word, what, places) \
	ACTION(ident) = { .keyword = word, .usage = word " {<number> | <expression>}", .where = places, .parse = what##_parse, \
		.run = ident##_run }

MARKING(fc_mark, "set-fc-mark", mark, FC_RULES);
MARKING(fc_tos, "set-fc-tos", tos, FC_RULES);
MARKING(bc_mark, "set-bc-mark", mark, BC_RULES);
MARKING(bc_tos, "set-bc-tos", tos, BC_RULES);
ACTION(old_mark) = { .keyword = "set-mark", .usage = "set-mark {<number> | <expression>}", .where = FC_RULES, .parse = mark_parse,
	.run = fc_mark_run };
ACTION(old_tos) = { .keyword = "set-tos", .usage = "set-tos {<number> | <expression>}", .where = FC_RULES, .parse = tos_parse,
	.run = fc_tos_run };
