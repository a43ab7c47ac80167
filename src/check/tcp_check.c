/* SPDX-License-Identifier: Apache-2.0
 *
 * `option tcp-check` and the tcp-check rules: bytes to be sent and expected. Without rules, a
 * connection that stands is enough. Start-up, and checks' threads.
 */
#include <stdio.h>
#include <string.h>
#include "conf/keyword.h"
#include "proxy/check.h"
#include "rule/boot.h"
#include "rule/format.h"

static struct checkseq *rules(const struct conf_line *l, void *owner)
{
	return checkseq_own_rules(l, owner, CHECKSEQ_TCP);
}

static const struct checkseq *tcp_check_talk(struct proxy *be)
{
	static const struct checkseq no_rules = { .numbered = true };
	const struct checkseq *own = be->set.check_rules[CHECKSEQ_TCP];

	return own ? own : &no_rules;
}

static bool parse_option(struct conf_line *l, void *owner)
{
	(void)l;
	checkseq_use_rules(owner, CHECKSEQ_TCP, tcp_check_talk);
	return true;
}
KEYWORD(option_tcp_check) = { .keyword = "option tcp-check", .usage = "option tcp-check", .where = IN_BE, .parse = parse_option };

/* ---- connect, comment, variables ---- */

static bool parse_connect(struct conf_line *l, void *owner)
{
	return checkseq_take_connect(l, rules(l, owner), owner);
}
KEYWORD(tcp_check_connect) = { .keyword = "tcp-check connect", .usage = "tcp-check connect [default] [port <expr>] [addr <ip>] "
	"[send-proxy] [linger] [comment <msg>]", .where = IN_BE, .parse = parse_connect };

static bool parse_comment(struct conf_line *l, void *owner)
{
	return checkseq_take_comment(l, rules(l, owner));
}
KEYWORD(tcp_check_comment) = { .keyword = "tcp-check comment", .usage = "tcp-check comment <string>", .where = IN_BE,
	.parse = parse_comment };

static bool parse_action(struct conf_line *l, void *owner)
{
	return checkseq_take_action(l, rules(l, owner), owner);
}
KEYWORD(tcp_check) = { .keyword = "tcp-check", .usage = "tcp-check {set-var(<name>) <expr> | set-var-fmt(<name>) <format> | "
	"unset-var(<name>)}", .where = IN_BE, .parse = parse_action };

/* ---- send ---- */

static bool take_comment(struct conf_line *l, struct checkseq_step *step)
{
	return !conf_take_if(l, "comment") || checkseq_parse_comment(l, step);
}

static struct checkseq_step *add_send(const struct conf_line *l, void *owner,
	bool (*compose)(const struct checkseq_step *, struct check *, struct strbuf *))
{
	struct checkseq_step *step = checkseq_add_send(rules(l, owner), compose, NULL);

	step->words = "send";
	return step;
}

static bool take_bytes(struct conf_line *l, void *owner, bool hex)
{
	struct checkseq_step *step = add_send(l, owner, checkseq_compose_bytes);
	struct slice *bytes = step->arg = boot_alloc(sizeof(*bytes));
	const char *text = conf_need(l, hex ? "hexadecimal digits" : "what to send");

	if (text == NULL || (hex && !checkseq_parse_hex(l, text, bytes)))
		return false;
	if (!hex)
		*bytes = boot_copy(slice_of(text));
	return take_comment(l, step);
}

static bool parse_send(struct conf_line *l, void *owner) { return take_bytes(l, owner, false); }
KEYWORD(tcp_check_send) = { .keyword = "tcp-check send", .usage = "tcp-check send <data> [comment <msg>]", .where = IN_BE,
	.parse = parse_send };

static bool parse_send_binary(struct conf_line *l, void *owner) { return take_bytes(l, owner, true); }
KEYWORD(tcp_check_send_binary) = { .keyword = "tcp-check send-binary",
	.usage = "tcp-check send-binary <hexstring> [comment <msg>]", .where = IN_BE, .parse = parse_send_binary };

static bool compose_format(const struct checkseq_step *step, struct check *c, struct strbuf *out)
{
	struct eval ev = checkseq_eval(c);

	format_write(step->arg, &ev, out);
	return !out->truncated;
}

static bool compose_hex_format(const struct checkseq_step *step, struct check *c, struct strbuf *out)
{
	struct strbuf digits = STRBUF_EMPTY;
	bool ok = compose_format(step, c, &digits) && checkseq_from_hex(strbuf_slice(&digits), out);

	if (!ok) {
		strbuf_clear(out);
		strbuf_add_str(out, "the format gave no hexadecimal digits");
	}
	strbuf_free(&digits);
	return ok;
}

static bool take_format(struct conf_line *l, void *owner, bool hex)
{
	struct checkseq_step *step = add_send(l, owner, hex ? compose_hex_format : compose_format);
	const char *text = conf_need(l, "a format");

	step->arg = text ? format_parse(l, text, PHASE_CHECK, owner) : NULL;
	return step->arg && take_comment(l, step);
}

static bool parse_send_lf(struct conf_line *l, void *owner) { return take_format(l, owner, false); }
KEYWORD(tcp_check_send_lf) = { .keyword = "tcp-check send-lf", .usage = "tcp-check send-lf <format> [comment <msg>]",
	.where = IN_BE, .parse = parse_send_lf };

static bool parse_send_binary_lf(struct conf_line *l, void *owner) { return take_format(l, owner, true); }
KEYWORD(tcp_check_send_binary_lf) = { .keyword = "tcp-check send-binary-lf",
	.usage = "tcp-check send-binary-lf <hexformat> [comment <msg>]", .where = IN_BE, .parse = parse_send_binary_lf };

/* ---- expect ---- */

static enum checkseq_look look(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
	struct check_report *r)
{
	bool found = got.len && checkseq_pattern_found(step->arg, c, got);
	const char *words = step->words + sizeof("expect ") - 1, *quote = strchr(words, '\'');

	if (got.len == 0) {
		snprintf(r->info, sizeof(r->info), "TCPCHK got an empty response at step %u", step->number);
		return CHECKSEQ_BROKEN;
	}
	if (!found && !last)
		return CHECKSEQ_MORE;
	snprintf(r->info, sizeof(r->info), "TCPCHK %s content %s%s%s at step %u", found ? "matched unwanted" : "did not match",
		quote ? "" : "(", quote ? quote : words, quote ? "" : ")", step->number);
	return found ? CHECKSEQ_MATCH : CHECKSEQ_MISMATCH;
}

static bool parse_expect(struct conf_line *l, void *owner)
{
	static const char *const kinds[] = { "string", "rstring", "string-lf", "binary", "rbinary", "binary-lf", NULL };
	struct checkseq_step *step = checkseq_add_expect(rules(l, owner), look, NULL);

	if (!checkseq_parse_expect_options(l, step, owner))
		return false;
	step->expect.inverse = conf_take_if(l, "!");
	step->arg = checkseq_parse_pattern(l, kinds, owner, &step->words);
	return step->arg && checkseq_parse_expect_options(l, step, owner) && conf_end(l);
}
KEYWORD(tcp_check_expect) = { .keyword = "tcp-check expect", .usage = "tcp-check expect [min-recv <int>] [comment <msg>] "
	"[ok-status <st>] [error-status <st>] [tout-status <st>] [on-success <fmt>] [on-error <fmt>] [status-code <expr>] [!] "
	"{string | rstring | string-lf | binary | rbinary | binary-lf} <pattern>", .where = IN_BE, .parse = parse_expect };
