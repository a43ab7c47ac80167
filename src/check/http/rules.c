/* SPDX-License-Identifier: Apache-2.0
 *
 * `option httpchk` and the http-check rules: which there are, and what they come to. Without rules one
 * request is sent and any 2xx or 3xx passes. A backend's rules, or its option, take over nothing from those of
 * its defaults section. Start-up only.
 */
#include "http_check.h"

#include "conf/diag.h"
#include "conf/keyword.h"
#include "rule/boot.h"

/* With rules of its own a proxy has no request of its defaults' option any more. */
static struct checkseq *own_rules(const struct conf_line *l, struct proxy *px)
{
	if (px->defaults && px->set.httpchk == px->defaults->set.httpchk)
		px->set.httpchk = NULL;
	return checkseq_own_rules(l, px, CHECKSEQ_HTTP);
}

static struct checkseq_step *first_send(const struct checkseq *rules)
{
	for (size_t i = 0; rules && i < rules->n; i++)
		if (rules->steps[i]->kind == CHECKSEQ_SEND)
			return rules->steps[i];
	return NULL;
}

/* ---- what they come to ---- */

static void add_request(struct checkseq *talk, struct proxy *be)
{
	http_check_add_send(talk, be->set.httpchk);
}

/* A copy of a step; of the first request, with what the option says for what it leaves out. */
static void add_copy(struct checkseq *talk, const struct checkseq_step *rule, bool is_first_send, struct proxy *be)
{
	struct checkseq_step *step = checkseq_add(talk, rule->kind);

	*step = *rule;
	if (is_first_send) {
		struct http_check_request *q = boot_alloc(sizeof(*q));
		*q = *(const struct http_check_request *)rule->arg;
		q->under = be->set.httpchk;
		step->arg = q;
	}
}

/* The rules of a backend with what they leave out: the option's request before all, or behind the connection that they open
 * first, and that the last request must be answered well. */
static const struct checkseq *talk(struct proxy *be)
{
	const struct checkseq *rules = be->set.check_rules[CHECKSEQ_HTTP];
	const struct checkseq_step *first = first_send(rules), *connect = rules ? checkseq_first_connect(rules) : NULL, *last;
	struct checkseq *all = checkseq_new();
	bool implied = be->set.httpchk && first == NULL;

	if (implied && connect == NULL)
		add_request(all, be);
	for (size_t i = 0; rules && i < rules->n; i++) {
		add_copy(all, rules->steps[i], rules->steps[i] == first, be);
		if (implied && rules->steps[i] == connect)
			add_request(all, be);
	}
	last = checkseq_last_act(all);
	if (last && last->kind == CHECKSEQ_SEND)
		http_check_add_usual_expect(all);
	if (first == NULL && !implied)
		diag_at(DIAG_NOTICE, be->file, be->line, "%s '%s' has http-check rules of its own and so no request of its defaults: "
			"its servers are asked nothing", proxy_kind(be), be->name);
	return all;
}

/* ---- the option ---- */

/* What an option says later than the first request wins over it. */
static void overlay(struct http_check_request *q, const struct http_check_request *option)
{
	q->method = option->method ? option->method : q->method;
	q->uri = option->uri ? option->uri : q->uri;
	q->version = option->version ? option->version : q->version;
}

static bool parse_option(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	const struct proxy *from = px->defaults;
	struct http_check_request *q = boot_alloc(sizeof(*q));

	/* A new request is not answered by the rules of another: those of the defaults section would hide it. */
	if (from && px->set.check_rules[CHECKSEQ_HTTP] == from->set.check_rules[CHECKSEQ_HTTP])
		px->set.check_rules[CHECKSEQ_HTTP] = NULL;
	checkseq_use_rules(px, CHECKSEQ_HTTP, talk);
	if (!http_check_take_option(l, px, q))
		return false;
	const struct checkseq_step *first = first_send(px->set.check_rules[CHECKSEQ_HTTP]);
	if (first) {
		overlay(first->arg, q);
		q->under = px->set.httpchk;
	}
	px->set.httpchk = q;
	return true;
}
KEYWORD(option_httpchk) = { .keyword = "option httpchk", .usage = "option httpchk [[<method>] <uri> [<version>]]", .where = IN_BE,
	.parse = parse_option };

/* ---- the rules: a connection, a request, what its answer must be, and so on ---- */

static bool follows(const struct checkseq *rules, enum checkseq_kind kind)
{
	const struct checkseq_step *last = checkseq_last_act(rules);

	return last && last->kind == kind;
}

static bool parse_send(struct conf_line *l, void *owner)
{
	struct checkseq *rules = own_rules(l, owner);
	struct http_check_request *q = boot_alloc(sizeof(*q));

	if (follows(rules, CHECKSEQ_EXPECT))
		return conf_fail(l, "'http-check send' stands before the 'http-check expect' of its answer; for one more request, an "
			"'http-check connect' is missing between them");
	if (follows(rules, CHECKSEQ_SEND))
		return conf_fail(l, "each request has a connection of its own: an 'http-check connect' is missing before this one");
	return http_check_take_send(l, owner, http_check_add_send(rules, q), q);
}
KEYWORD(http_check_send) = { .keyword = "http-check send", .usage = "http-check send [meth <method>] [{uri <uri> | uri-lf <fmt>}] "
	"[ver <version>] [hdr <name> <fmt>]* [{body <string> | body-lf <fmt>}] [comment <msg>]", .where = IN_BE, .parse = parse_send };

static bool parse_expect(struct conf_line *l, void *owner)
{
	struct checkseq *rules = own_rules(l, owner);

	if (follows(rules, CHECKSEQ_CONNECT))
		return conf_fail(l, "nothing was asked on this connection: an 'http-check send' is missing before");
	return http_check_take_expect(l, owner, rules);
}
KEYWORD(http_check_expect) = { .keyword = "http-check expect", .usage = "http-check expect [min-recv <int>] [comment <msg>] "
	"[ok-status <st>] [error-status <st>] [tout-status <st>] [on-success <fmt>] [on-error <fmt>] [status-code <expr>] [!] "
	"{status | rstatus | hdr | fhdr | string | rstring | string-lf} <pattern>", .where = IN_BE, .parse = parse_expect };

static bool parse_connect(struct conf_line *l, void *owner)
{
	struct checkseq *rules = own_rules(l, owner);

	if (follows(rules, CHECKSEQ_CONNECT))
		return conf_fail(l, "nothing is asked on the connection before this one");
	return checkseq_take_connect(l, rules, owner);
}
KEYWORD(http_check_connect) = { .keyword = "http-check connect", .usage = "http-check connect [default] [port <expr>] [addr <ip>] "
	"[send-proxy] [linger] [comment <msg>]", .where = IN_BE, .parse = parse_connect };

static bool parse_comment(struct conf_line *l, void *owner)
{
	return checkseq_take_comment(l, own_rules(l, owner));
}
KEYWORD(http_check_comment) = { .keyword = "http-check comment", .usage = "http-check comment <string>", .where = IN_BE,
	.parse = parse_comment };

static bool parse_action(struct conf_line *l, void *owner)
{
	return checkseq_take_action(l, own_rules(l, owner), owner);
}
KEYWORD(http_check) = { .keyword = "http-check", .usage = "http-check {set-var(<name>) <expr> | set-var-fmt(<name>) <format> | "
	"unset-var(<name>)}", .where = IN_BE, .parse = parse_action };

KEYWORD(http_check_disable_on_404) = { .keyword = "http-check disable-on-404", .usage = "http-check disable-on-404", .where = IN_BE,
	.type = SETTING_FLAG, .offset = offsetof(struct proxy, set.http_check_404) };
KEYWORD(http_check_send_state) = { .keyword = "http-check send-state", .usage = "http-check send-state", .where = IN_BE,
	.type = SETTING_FLAG, .offset = offsetof(struct proxy, set.http_check_send_state) };
