/* SPDX-License-Identifier: Apache-2.0
 *
 * What tcp-check and http-check rules have in common: whose they are, how a connection is wished for,
 * comments, variables, the options of an expect, and patterns. One thread: start-up only, but for the search itself.
 */
#include "proxy/checkseq.h"

#include <stdlib.h>
#include <string.h>
#include "base/hex.h"
#include "proxy/check.h"
#include "proxy/tls_words.h"
#include "rule/boot.h"
#include "rule/format.h"
#include "rule/regex.h"

/* ---- whose rules ---- */

struct checkseq *checkseq_own_rules(const struct conf_line *l, struct proxy *px, enum checkseq_rules which)
{
	struct checkseq **rules = &px->set.check_rules[which];

	if (px->set.check_rules_used != 1u << which && px->check_rules_unused[which] == 0)
		px->check_rules_unused[which] = l->line;
	if (*rules == NULL || (px->defaults && *rules == px->defaults->set.check_rules[which])) {
		*rules = checkseq_new();
		(*rules)->numbered = which == CHECKSEQ_TCP;
		(*rules)->passed = which == CHECKSEQ_TCP ? "(tcp-check)" : NULL;
	}
	return *rules;
}

void checkseq_use_rules(struct proxy *px, enum checkseq_rules which, const struct checkseq *(*talk)(struct proxy *be))
{
	px->set.check_talk = talk;
	px->set.check_rules_used = 1u << which;
	px->set.check_runs = false;
	px->check_rules_unused[which] = 0;
}

void checkseq_advise(const struct proxy *px)
{
	static const char *const names[] = { [CHECKSEQ_TCP] = "tcp-check", [CHECKSEQ_HTTP] = "http-check" };
	static const char *const options[] = { [CHECKSEQ_TCP] = "tcp-check", [CHECKSEQ_HTTP] = "httpchk" };

	for (int i = 0; i < 2; i++)
		if (px->check_rules_unused[i])
			diag_at(DIAG_WARNING, px->file, px->check_rules_unused[i], "%s '%s' has %s rules and no 'option %s': they are ignored",
				proxy_kind(px), px->name, names[i], options[i]);
	if (!px->set.check_runs && (px->set.check_command || px->set.check_path))
		diag_at(DIAG_WARNING, px->file, px->line, "%s '%s' has 'external-check %s' and no 'option external-check': it is ignored",
			proxy_kind(px), px->name, px->set.check_command ? "command" : "path");
}

/* ---- connect, comment, variables ---- */

static bool parse_port(struct conf_line *l, struct checkseq_connect *want, struct proxy *px)
{
	const char *word = conf_need(l, "a port or an expression");
	char *end;

	if (word == NULL)
		return false;
	unsigned long n = strtoul(word, &end, 10);
	if (end != word && *end == '\0') {
		want->port = (uint16_t)n;
		return n > 0 && n < 65536 ? true : conf_fail(l, "'%s' is no port; expected 1 to 65535", word);
	}
	return (want->port_expr = expr_parse(l, word, PHASE_CHECK, px)) != NULL;
}

/* How the step is called in the log: "connect", "connect port 1234". */
static const char *connect_words(const struct checkseq_connect *want)
{
	struct strbuf b = STRBUF_EMPTY;

	strbuf_add_str(&b, "connect");
	if (want->port)
		strbuf_addf(&b, " port %u", want->port);
	if (want->port_expr)
		strbuf_add_str(&b, " port (expression)");
	if (want->has_addr) {
		strbuf_add_str(&b, " addr ");
		endpoint_format(&want->addr, &b);
	}
	const char *text = boot_copy(strbuf_slice(&b)).ptr;
	strbuf_free(&b);
	return text;
}

static bool parse_connect(struct conf_line *l, struct checkseq_step *step, struct proxy *px)
{
	struct checkseq_connect *want = &step->connect;
	bool ok = true;

	while (ok && conf_peek(l)) {
		if (conf_take_if(l, "default"))
			want->use_server = true;
		else if (conf_take_if(l, "send-proxy"))
			want->send_proxy = true;
		else if (conf_take_if(l, "ssl"))
			want->tls = true;
		else if (conf_take_if(l, "sni"))
			ok = tls_take_name(l, &want->sni);
		else if (conf_take_if(l, "alpn"))
			ok = tls_take_alpn(l, &want->alpn);
		else if (conf_take_if(l, "linger"))
			want->linger = true;
		else if (conf_take_if(l, "port"))
			ok = parse_port(l, want, px);
		else if (conf_take_if(l, "addr"))
			ok = want->has_addr = server_take_address(l, &want->addr);
		else if (conf_take_if(l, "comment"))
			ok = (step->comment = conf_need(l, "a comment")) != NULL;
		else
			return conf_fail(l, "'%s' is no option of connect here; expected default, port, addr, send-proxy, ssl, sni, alpn, linger or comment",
				conf_take(l));
	}
	step->words = connect_words(want);
	return ok;
}

bool checkseq_parse_comment(struct conf_line *l, struct checkseq_step *step)
{
	return (step->comment = conf_need(l, "a comment")) != NULL;
}

bool checkseq_take_connect(struct conf_line *l, struct checkseq *rules, struct proxy *px)
{
	if (checkseq_last_act(rules) && checkseq_first_connect(rules) == NULL)
		return conf_fail(l, "a list with connections begins with one: this one comes after a send or an expect");
	return parse_connect(l, checkseq_add(rules, CHECKSEQ_CONNECT), px);
}

bool checkseq_take_comment(struct conf_line *l, struct checkseq *rules)
{
	return checkseq_parse_comment(l, checkseq_add(rules, CHECKSEQ_COMMENT));
}

bool checkseq_take_action(struct conf_line *l, struct checkseq *rules, struct proxy *px)
{
	return rule_parse(l, &checkseq_add(rules, CHECKSEQ_ACTION)->rules, RULES_CHECK, PHASE_CHECK, &px->set.acls, px);
}

/* ---- expect ---- */

static bool parse_status(struct conf_line *l, const char *what, const char *const *allowed, enum check_status *out)
{
	const char *word = conf_need(l, "a status");

	for (int i = 0; word && allowed[i]; i++) {
		if (strcmp(word, allowed[i]) == 0) {
			*out = check_status_find(slice_of(word));
			return true;
		}
	}
	return word ? conf_fail(l, "'%s' is no %s", word, what) : false;
}

static bool parse_format(struct conf_line *l, struct proxy *px, struct format **out)
{
	const char *text = conf_need(l, "a format");

	*out = text ? format_parse(l, text, PHASE_CHECK, px) : NULL;
	return *out != NULL;
}

/* 1: one was taken, 0: the next word is none, -1: after conf_fail(). */
static int take_expect_option(struct conf_line *l, struct checkseq_step *step, struct proxy *px)
{
	static const char *const ok_states[] = { "L7OK", "L7OKC", "L6OK", "L4OK", NULL };
	static const char *const error_states[] = { "L7OKC", "L7RSP", "L7STS", "L6RSP", "L4CON", NULL };
	static const char *const timeout_states[] = { "L7TOUT", "L6TOUT", "L4TOUT", NULL };
	struct checkseq_expect *e = &step->expect;
	bool ok;

	if (conf_take_if(l, "min-recv"))
		ok = conf_need_int(l, "a number of bytes", -1, INT32_MAX, &e->min_recv);
	else if (conf_take_if(l, "comment"))
		ok = (step->comment = conf_need(l, "a comment")) != NULL;
	else if (conf_take_if(l, "ok-status"))
		ok = parse_status(l, "ok-status (L7OK, L7OKC, L6OK, L4OK)", ok_states, &e->ok);
	else if (conf_take_if(l, "error-status"))
		ok = parse_status(l, "error-status (L7OKC, L7RSP, L7STS, L6RSP, L4CON)", error_states, &e->error);
	else if (conf_take_if(l, "tout-status"))
		ok = parse_status(l, "tout-status (L7TOUT, L6TOUT, L4TOUT)", timeout_states, &e->timeout);
	else if (conf_take_if(l, "on-success"))
		ok = parse_format(l, px, &e->on_success);
	else if (conf_take_if(l, "on-error"))
		ok = parse_format(l, px, &e->on_error);
	else if (conf_take_if(l, "status-code"))
		ok = (e->status_code = expr_take(l, PHASE_CHECK, px)) != NULL;
	else
		return 0;
	return ok ? 1 : -1;
}

bool checkseq_parse_expect_options(struct conf_line *l, struct checkseq_step *step, struct proxy *px)
{
	int taken;

	while ((taken = take_expect_option(l, step, px)) > 0)
		;
	return taken == 0;
}

/* ---- patterns ---- */

bool checkseq_from_hex(struct slice digits, struct strbuf *out)
{
	if (digits.len % 2)
		return false;
	for (size_t i = 0; i < digits.len; i += 2) {
		int high = hex_digit(digits.ptr[i]), low = hex_digit(digits.ptr[i + 1]);
		if (high < 0 || low < 0)
			return false;
		strbuf_add_byte(out, (char)(high << 4 | low));
	}
	return true;
}

bool checkseq_parse_hex(struct conf_line *l, const char *digits, struct slice *out)
{
	struct strbuf bytes = STRBUF_EMPTY;
	bool ok = checkseq_from_hex(slice_of(digits), &bytes);

	if (ok)
		*out = boot_copy(strbuf_slice(&bytes));
	else
		conf_fail(l, "'%s' is no even number of hexadecimal digits", digits);
	strbuf_free(&bytes);
	return ok;
}

static bool is_allowed(const char *word, const char *const *allowed)
{
	while (*allowed && strcmp(*allowed, word) != 0)
		allowed++;
	return *allowed != NULL;
}

static const char *say(const char *fmt, const char *arg)
{
	struct strbuf b = STRBUF_EMPTY;

	strbuf_addf(&b, fmt, arg);
	const char *text = boot_copy(strbuf_slice(&b)).ptr;
	strbuf_free(&b);
	return text;
}

static bool compile(struct conf_line *l, const char *word, const char *text, struct proxy *px, struct checkseq_pattern *p,
	const char **words)
{
	struct strbuf err = STRBUF_EMPTY;

	if (strcmp(word, "string") == 0) {
		p->bytes = boot_copy(slice_of(text));
		*words = say("expect string '%s'", text);
	} else if (strcmp(word, "binary") == 0) {
		*words = say("expect binary '%s'", text);
		return checkseq_parse_hex(l, text, &p->bytes);
	} else if (text && (strcmp(word, "rstring") == 0 || strcmp(word, "rbinary") == 0)) {
		p->hex = word[1] == 'b';
		*words = p->hex ? "expect binary regex" : "expect regex";
		if ((p->regex = regex_compile(slice_of(text), false, &err)) == NULL)
			conf_fail(l, "%s", err.ptr ? err.ptr : "the regular expression is malformed");
		strbuf_free(&err);
		return p->regex != NULL;
	} else {
		p->hex = word[0] == 'b';
		*words = p->hex ? "expect log-format binary" : "expect log-format string";
		return (p->format = format_parse(l, text, PHASE_CHECK, px)) != NULL;
	}
	return true;
}

struct checkseq_pattern *checkseq_parse_pattern(struct conf_line *l, const char *const *allowed, struct proxy *px,
	const char **words)
{
	struct checkseq_pattern *p = boot_alloc(sizeof(*p));
	const char *word = conf_need(l, "what to expect"), *text;

	*p = (struct checkseq_pattern){ 0 };
	if (word == NULL)
		return NULL;
	if (!is_allowed(word, allowed)) {
		struct strbuf list = STRBUF_EMPTY;
		for (int i = 0; allowed[i]; i++)
			strbuf_addf(&list, "%s%s", i == 0 ? "" : allowed[i + 1] ? ", " : " or ", allowed[i]);
		conf_fail(l, "'%s' is nothing to expect; expected %s", word, list.ptr);
		strbuf_free(&list);
		return NULL;
	}
	text = conf_need(l, "a pattern");
	return text && compile(l, word, text, px, p, words) ? p : NULL;
}

static bool format_found(const struct checkseq_pattern *p, struct check *c, struct slice in)
{
	struct eval ev = checkseq_eval(c);
	struct strbuf text = STRBUF_EMPTY, bytes = STRBUF_EMPTY;
	bool found;

	format_write(p->format, &ev, &text);
	found = !p->hex || checkseq_from_hex(strbuf_slice(&text), &bytes);
	if (found) {
		struct slice want = p->hex ? strbuf_slice(&bytes) : strbuf_slice(&text);
		found = memmem(in.ptr, in.len, want.ptr, want.len) != NULL;
	}
	strbuf_free(&text);
	strbuf_free(&bytes);
	return found;
}

bool checkseq_pattern_found(const struct checkseq_pattern *p, struct check *c, struct slice in)
{
	struct strbuf digits = STRBUF_EMPTY;
	bool found;

	if (p->format)
		return format_found(p, c, in);
	if (p->regex == NULL)
		return memmem(in.ptr, in.len, p->bytes.ptr, p->bytes.len) != NULL;
	if (!p->hex)
		return regex_find(p->regex, in, 0, NULL);
	for (size_t i = 0; i < in.len; i++)
		strbuf_addf(&digits, "%02X", (unsigned char)in.ptr[i]);
	found = regex_find(p->regex, strbuf_slice(&digits), 0, NULL);
	strbuf_free(&digits);
	return found;
}
