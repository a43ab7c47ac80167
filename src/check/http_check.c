/* SPDX-License-Identifier: Apache-2.0
 *
 * `option httpchk` and the http-check rules: HTTP/1 requests and what their answers must be. Without
 * rules one request is sent and any 2xx or 3xx passes. Start-up, and checks' threads.
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "proxy/check.h"
#include "proxy/check_answer.h"
#include "proxy/global.h"
#include "rule/boot.h"
#include "rule/format.h"
#include "rule/regex.h"
#include "rule/textmatch.h"

struct header {
	const char *name;      /* borrows, for ever */
	struct format *value;
};

/* A request; what is not given is the option line's, or the default. */
struct http_check_request {
	const char *method, *version;
	struct format *uri;
	struct header *headers; /* boot memory */
	size_t n;
	struct format *body;
	bool has_host, has_connection;
	const struct http_check_request *under; /* what to take the rest from; NULL: the defaults */
};

/* A proxy's rules replace those of its defaults section. */
static struct checkseq *own_rules(struct proxy *px)
{
	if (px->set.http_check == NULL || (px->defaults && px->set.http_check == px->defaults->set.http_check))
		px->set.http_check = checkseq_new();
	return px->set.http_check;
}

/* ---- the request ---- */

static const char *method_of(const struct http_check_request *q)
{
	while (q && q->method == NULL)
		q = q->under;
	return q ? q->method : "OPTIONS";
}

static const char *version_of(const struct http_check_request *q)
{
	while (q && q->version == NULL)
		q = q->under;
	return q ? q->version : "HTTP/1.0";
}

/* Manual, http-check send-state. */
static void add_state(struct check *c, struct strbuf *out)
{
	struct server *srv = c->srv;
	const struct endpoint *e = server_endpoint(srv);
	struct proxy_load all;
	char addr[ADDR_TEXT_MAX];

	proxy_load_read(srv->px, &all);
	strbuf_add_str(out, "X-Haproxy-Server-State: ");
	health_status_text(srv, out);
	if (e->kind == ENDPOINT_INET) {
		addr_format_ip(&e->addr, addr);
		strbuf_addf(out, "; address=%s; port=%u", addr, e->addr.port);
	} else {
		strbuf_add_str(out, "; address=unix; port=unix");
	}
	strbuf_addf(out, "; name=%s/%s; node=%s; weight=%d/%llu; scur=%u/%llu; qcur=%u\r\n", srv->px->name, srv->name,
		global.node ? global.node : "", server_usable(srv) ? __atomic_load_n(&srv->weight, __ATOMIC_RELAXED) : 0,
		(unsigned long long)all.weight, gauge_now(&srv->conns), (unsigned long long)all.conns, gauge_now(&srv->queue_len));
}

/* A name for a server that was given none: HTTP/1.1 wants one (RFC 9110 section 7.2). */
static void add_host(const struct check *c, struct strbuf *out)
{
	const struct endpoint *e = server_endpoint(c->srv);

	strbuf_add_str(out, "Host: ");
	if (e->kind == ENDPOINT_INET && e->host)
		strbuf_add_str(out, e->host);
	else if (e->kind == ENDPOINT_INET)
		endpoint_format(e, out);
	else
		strbuf_add_str(out, "localhost");
	strbuf_add_str(out, "\r\n");
}

static void add_headers(const struct http_check_request *q, struct eval *ev, struct strbuf *out)
{
	for (; q; q = q->under) {
		for (size_t i = 0; i < q->n; i++) {
			strbuf_addf(out, "%s: ", q->headers[i].name);
			format_write(q->headers[i].value, ev, out);
			strbuf_add_str(out, "\r\n");
		}
	}
}

static bool has_host(const struct http_check_request *q)
{
	return q && (q->has_host || has_host(q->under));
}

static bool has_connection(const struct http_check_request *q)
{
	return q && (q->has_connection || has_connection(q->under));
}

static bool compose(const struct checkseq_step *step, struct check *c, struct strbuf *out)
{
	const struct http_check_request *q = step->arg, *at = q;
	const char *version = version_of(q);
	bool modern = strcmp(version, "HTTP/1.0") != 0;
	struct eval ev = checkseq_eval(c);
	struct strbuf body = STRBUF_EMPTY;

	strbuf_addf(out, "%s ", method_of(q));
	while (at && at->uri == NULL)
		at = at->under;
	if (at)
		format_write(at->uri, &ev, out);
	else
		strbuf_add_byte(out, '/');
	strbuf_addf(out, " %s\r\n", version);
	if (modern && !has_host(q))
		add_host(c, out);
	add_headers(q, &ev, out);
	if (c->srv->px->set.http_check_send_state)
		add_state(c, out);
	if (q && q->body) {
		format_write(q->body, &ev, &body);
		strbuf_addf(out, "Content-Length: %zu\r\n", body.len);
	}
	if (modern && !has_connection(q))
		strbuf_add_str(out, "Connection: close\r\n");
	strbuf_add_str(out, "\r\n");
	strbuf_add_slice(out, strbuf_slice(&body));
	strbuf_free(&body);
	c->run->method = http_method_of(slice_of(method_of(q)));
	return !out->truncated;
}

static bool take_format(struct conf_line *l, struct proxy *px, const char *what, bool is_format, struct format **out)
{
	const char *text = conf_need(l, what);

	if (text == NULL)
		return false;
	*out = is_format ? format_parse(l, text, PHASE_CHECK, px) : format_literal(text);
	return *out != NULL;
}

static bool add_header(struct conf_line *l, struct http_check_request *q, const char *name, struct format *value)
{
	if (!http_is_token(slice_of(name)))
		return conf_fail(l, "'%s' is no name of a header", name);
	/* Manual: framing is ours. */
	if (slice_eq_nocase(slice_of(name), SLICE("content-length")) || slice_eq_nocase(slice_of(name), SLICE("transfer-encoding")))
		return true;
	q->has_host |= slice_eq_nocase(slice_of(name), SLICE("host"));
	q->has_connection |= slice_eq_nocase(slice_of(name), SLICE("connection"));
	q->headers = boot_grow(q->headers, q->n, sizeof(*q->headers));
	q->headers[q->n++] = (struct header){ name, value };
	return true;
}

static bool take_version(struct conf_line *l, const char *word, const char **out)
{
	if (word == NULL)
		return false;
	*out = word;
	return strcmp(word, "HTTP/1.0") == 0 || strcmp(word, "HTTP/1.1") == 0 ? true :
		conf_fail(l, "'%s' is no version that checks speak; expected HTTP/1.0 or HTTP/1.1", word);
}

static bool take_method(struct conf_line *l, const char *word, const char **out)
{
	*out = word;
	return word && (http_is_token(slice_of(word)) || conf_fail(l, "'%s' is no method", word));
}

/* The old way to add headers: "HTTP/1.1\r\nHost:\ www". */
static bool take_old_headers(struct conf_line *l, struct http_check_request *q, char *text)
{
	while (text && *text) {
		char *end = strstr(text, "\r\n"), *colon;
		if (end)
			*end = '\0';
		if (*text) {
			colon = strchr(text, ':');
			if (colon == NULL)
				return conf_fail(l, "'%s' is no header: it has no colon", text);
			*colon++ = '\0';
			colon += strspn(colon, " \t");
			if (!add_header(l, q, text, format_literal(colon)))
				return false;
		}
		text = end ? end + 2 : NULL;
	}
	return true;
}

static const struct checkseq *http_check_talk(struct proxy *be);

static bool parse_option(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	struct http_check_request *q = boot_alloc(sizeof(*q));
	int words = l->count - l->at;
	char *version, *headers;

	px->set.check_talk = http_check_talk;
	px->set.httpchk = q;
	/* A new request is not answered by the rules of another: those of the defaults section would hide it. */
	if (px->defaults && px->set.http_check == px->defaults->set.http_check)
		px->set.http_check = NULL;
	if (words >= 2 && !take_method(l, conf_take(l), &q->method))
		return false;
	if (words >= 1 && !take_format(l, px, "a URI", false, &q->uri))
		return false;
	if (words < 3)
		return true;
	version = (char *)boot_copy(slice_of(conf_take(l))).ptr;
	headers = strstr(version, "\r\n");
	if (headers) {
		*headers = '\0';
		headers += 2;
	}
	return take_version(l, version, &q->version) && take_old_headers(l, q, headers);
}
KEYWORD(option_httpchk) = { .keyword = "option httpchk", .usage = "option httpchk [[<method>] <uri> [<version>]]", .where = IN_BE,
	.parse = parse_option };

static bool parse_send_words(struct conf_line *l, struct proxy *px, struct checkseq_step *step, struct http_check_request *q)
{
	bool ok = true;

	while (ok && conf_peek(l)) {
		if (conf_take_if(l, "meth")) {
			ok = take_method(l, conf_need(l, "a method"), &q->method);
		} else if (conf_take_if(l, "uri")) {
			ok = take_format(l, px, "a URI", false, &q->uri);
		} else if (conf_take_if(l, "uri-lf")) {
			ok = take_format(l, px, "a format", true, &q->uri);
		} else if (conf_take_if(l, "ver")) {
			ok = take_version(l, conf_need(l, "a version"), &q->version);
		} else if (conf_take_if(l, "hdr")) {
			const char *name = conf_need(l, "the name of a header");
			struct format *value;
			ok = name && take_format(l, px, "a format", true, &value) && add_header(l, q, name, value);
		} else if (conf_take_if(l, "body")) {
			ok = take_format(l, px, "a body", false, &q->body);
		} else if (conf_take_if(l, "body-lf")) {
			ok = take_format(l, px, "a format", true, &q->body);
		} else if (conf_take_if(l, "comment")) {
			ok = checkseq_parse_comment(l, step);
		} else {
			return conf_fail(l, "'%s' is nothing a request has; expected meth, uri, uri-lf, ver, hdr, body, body-lf or comment",
				conf_take(l));
		}
	}
	return ok;
}

static struct checkseq_step *add_send(struct checkseq *seq, struct http_check_request *q)
{
	return checkseq_add_send(seq, compose, q);
}

static bool parse_send(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	struct http_check_request *q = boot_alloc(sizeof(*q));

	return parse_send_words(l, px, add_send(own_rules(px), q), q);
}
KEYWORD(http_check_send) = { .keyword = "http-check send", .usage = "http-check send [meth <method>] [{uri <uri> | uri-lf <fmt>}] "
	"[ver <version>] [hdr <name> <fmt>]* [{body <string> | body-lf <fmt>}] [comment <msg>]", .where = IN_BE, .parse = parse_send };

/* ---- rules without HTTP in them ---- */

static bool parse_connect(struct conf_line *l, void *owner)
{
	struct checkseq *seq = own_rules(owner);

	if (!checkseq_may_connect(seq))
		return conf_fail(l, "a list with connections begins with one: this http-check connect comes after a send or an expect");
	return checkseq_parse_connect(l, checkseq_add(seq, CHECKSEQ_CONNECT), owner);
}
KEYWORD(http_check_connect) = { .keyword = "http-check connect", .usage = "http-check connect [default] [port <expr>] [addr <ip>] "
	"[send-proxy] [linger] [comment <msg>]", .where = IN_BE, .parse = parse_connect };

static bool parse_comment(struct conf_line *l, void *owner)
{
	return checkseq_parse_comment(l, checkseq_add(own_rules(owner), CHECKSEQ_COMMENT));
}
KEYWORD(http_check_comment) = { .keyword = "http-check comment", .usage = "http-check comment <string>", .where = IN_BE,
	.parse = parse_comment };

static bool parse_action(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	return rule_parse(l, &checkseq_add(own_rules(px), CHECKSEQ_ACTION)->rules, RULES_CHECK, PHASE_CHECK, &px->set.acls, px);
}
KEYWORD(http_check) = { .keyword = "http-check", .usage = "http-check {set-var(<name>) <expr> | set-var-fmt(<name>) <format> | "
	"unset-var(<name>)}", .where = IN_BE, .parse = parse_action };

KEYWORD(http_check_disable_on_404) = { .keyword = "http-check disable-on-404", .usage = "http-check disable-on-404", .where = IN_BE,
	.type = SETTING_FLAG, .offset = offsetof(struct proxy, set.http_check_404) };
KEYWORD(http_check_send_state) = { .keyword = "http-check send-state", .usage = "http-check send-state", .where = IN_BE,
	.type = SETTING_FLAG, .offset = offsetof(struct proxy, set.http_check_send_state) };

/* ---- the answer ---- */

enum expect_kind { EXPECT_STATUS, EXPECT_RSTATUS, EXPECT_HEADER, EXPECT_BODY };

struct codes {
	unsigned from, to;
};

struct expect {
	enum expect_kind kind;
	struct codes *codes; /* boot memory */
	size_t code_count;
	struct regex *status;
	struct textmatch name, value;
	struct format *name_format, *value_format; /* the texts of the above at run time; NULL: fixed */
	bool has_value, full;                      /* fhdr: the value is one, whatever commas are in it */
	struct checkseq_pattern *body;
};

/* The pattern with its text as it is in this round, which lives in `text`. */
static struct textmatch now(const struct textmatch *m, const struct format *f, struct check *c, struct strbuf *text)
{
	struct textmatch here = *m;
	struct eval ev = checkseq_eval(c);

	if (f) {
		format_write(f, &ev, text);
		here.text = strbuf_slice(text);
	}
	return here;
}

static bool value_matches(const struct expect *e, const struct textmatch *m, struct slice value)
{
	struct slice part;

	if (e->full)
		return textmatch_applies(m, value);
	while (http_value_next(&value, &part))
		if (textmatch_applies(m, part))
			return true;
	return false;
}

static bool header_matches(const struct expect *e, struct check *c, const struct http_head *h)
{
	struct strbuf name_text = STRBUF_EMPTY, value_text = STRBUF_EMPTY;
	struct textmatch name = now(&e->name, e->name_format, c, &name_text), value = now(&e->value, e->value_format, c, &value_text);
	bool found = false;

	for (int i = 0; i < h->n && !found; i++)
		found = textmatch_applies(&name, h->fields[i].name) && (!e->has_value || value_matches(e, &value, h->fields[i].value));
	strbuf_free(&name_text);
	strbuf_free(&value_text);
	return found;
}

static bool status_matches(const struct expect *e, unsigned status)
{
	char text[8];
	int len;

	for (size_t i = 0; e->kind == EXPECT_STATUS && i < e->code_count; i++)
		if (status >= e->codes[i].from && status <= e->codes[i].to)
			return true;
	if (e->kind == EXPECT_STATUS)
		return false;
	len = snprintf(text, sizeof(text), "%u", status);
	return regex_find(e->status, slice_make(text, (size_t)len), 0, NULL);
}

static enum checkseq_look look(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
	struct check_report *r)
{
	const struct expect *e = step->arg;
	const struct check_answer *a = check_answer_read(c, got);
	struct slice body;
	bool found;

	if (a == NULL || a->there <= 0) {
		r->status = CHECK_STATUS_L7RSP;
		return a == NULL || a->there < 0 || last ? CHECKSEQ_BROKEN : CHECKSEQ_MORE;
	}
	r->code = a->head.status;
	if (a->head.status == 404 && c->srv->px->set.http_check_404 && __atomic_load_n(&c->srv->up, __ATOMIC_RELAXED)) {
		r->status = CHECK_STATUS_L7OKC;
		return CHECKSEQ_ENOUGH;
	}
	if (e->kind == EXPECT_BODY) {
		if (!a->whole && !last)
			return CHECKSEQ_MORE;
		found = check_answer_body(c, a, &body) && checkseq_pattern_found(e->body, c, body);
		snprintf(r->info, sizeof(r->info), "%s", found ? "HTTP check matched unwanted content" : "HTTP content check did not match");
		return found ? CHECKSEQ_MATCH : CHECKSEQ_MISMATCH;
	}
	found = e->kind == EXPECT_HEADER ? header_matches(e, c, &a->head) : status_matches(e, a->head.status);
	checkseq_tell(r, a->head.reason);
	if (found == step->expect.inverse)
		r->status = CHECK_STATUS_L7STS;
	return found ? CHECKSEQ_MATCH : CHECKSEQ_MISMATCH;
}

static void add_codes(struct expect *e, int64_t from, int64_t to)
{
	e->codes = boot_grow(e->codes, e->code_count, sizeof(*e->codes));
	e->codes[e->code_count++] = (struct codes){ (unsigned)from, (unsigned)to };
}

/* "200,201,300-310" */
static bool parse_codes(struct conf_line *l, struct expect *e)
{
	const char *word = conf_need(l, "status codes");
	struct slice rest = word ? slice_of(word) : SLICE(""), part;
	bool ok = rest.len > 0;
	int64_t from, to;

	while (ok && http_value_next(&rest, &part)) {
		ptrdiff_t dash = slice_find_byte(part, '-');
		ok = slice_to_i64(dash < 0 ? part : slice_make(part.ptr, (size_t)dash), &from) &&
			slice_to_i64(slice_from(part, (size_t)(dash + 1)), &to) && from >= 100 && from <= to && to <= 999;
		if (ok)
			add_codes(e, from, to);
	}
	return ok || (word && conf_fail(l, "'%s' is no list of status codes; expected 200,300-399 and the like", word));
}

/* `{ name | name-lf } [-m <how>] <text>` */
static bool parse_text(struct conf_line *l, struct proxy *px, bool is_format, struct textmatch *m, struct format **f)
{
	if (conf_take_if(l, "-m") && !textmatch_take_how(l, &m->how))
		return false;
	if (is_format && m->how == TEXTMATCH_REG)
		return conf_fail(l, "a format is no regular expression: -m reg needs a fixed text");
	const char *text = conf_need(l, "a text");
	if (text == NULL)
		return false;
	if (!is_format)
		return textmatch_compile(l, m, text);
	return (*f = format_parse(l, text, PHASE_CHECK, px)) != NULL;
}

static bool parse_header(struct conf_line *l, struct proxy *px, struct expect *e)
{
	bool is_format = conf_take_if(l, "name-lf");

	e->name.nocase = true;
	if (!is_format && !conf_take_if(l, "name"))
		return conf_fail(l, "expected 'name' or 'name-lf'");
	if (!parse_text(l, px, is_format, &e->name, &e->name_format))
		return false;
	is_format = conf_take_if(l, "value-lf");
	e->has_value = is_format || conf_take_if(l, "value");
	return !e->has_value || parse_text(l, px, is_format, &e->value, &e->value_format);
}

static bool parse_rstatus(struct conf_line *l, struct expect *e)
{
	const char *word = conf_need(l, "a regular expression");
	struct strbuf err = STRBUF_EMPTY;

	if (word && (e->status = regex_compile(slice_of(word), false, &err)) == NULL)
		conf_fail(l, "regular expression '%s': %s", word, err.ptr ? err.ptr : "malformed");
	strbuf_free(&err);
	return e->status != NULL;
}

static bool parse_what(struct conf_line *l, struct proxy *px, struct expect *e)
{
	static const char *const bodies[] = { "string", "rstring", "string-lf", NULL };
	const char *words;

	if (conf_take_if(l, "status"))
		return parse_codes(l, e);
	if (conf_take_if(l, "rstatus")) {
		e->kind = EXPECT_RSTATUS;
		return parse_rstatus(l, e);
	}
	e->full = conf_take_if(l, "fhdr");
	if (e->full || conf_take_if(l, "hdr")) {
		e->kind = EXPECT_HEADER;
		return parse_header(l, px, e);
	}
	e->kind = EXPECT_BODY;
	return (e->body = checkseq_parse_pattern(l, bodies, px, &words)) != NULL;
}

static bool parse_expect(struct conf_line *l, void *owner)
{
	struct expect *e = boot_alloc(sizeof(*e));
	struct checkseq_step *step = checkseq_add_expect(own_rules(owner), look, e);

	if (!checkseq_parse_expect_options(l, step, owner))
		return false;
	step->expect.inverse = conf_take_if(l, "!");
	return parse_what(l, owner, e) && checkseq_parse_expect_options(l, step, owner) && conf_end(l);
}
KEYWORD(http_check_expect) = { .keyword = "http-check expect", .usage = "http-check expect [min-recv <int>] [comment <msg>] "
	"[ok-status <st>] [error-status <st>] [tout-status <st>] [on-success <fmt>] [on-error <fmt>] [status-code <expr>] [!] "
	"{status | rstatus | hdr | fhdr | string | rstring | string-lf} <pattern>", .where = IN_BE, .parse = parse_expect };

/* ---- what is implied ---- */

static void add_usual_expect(struct checkseq *seq)
{
	struct expect *e = boot_alloc(sizeof(*e));

	add_codes(e, 200, 399);
	checkseq_add_expect(seq, look, e);
}

/* The rules of a backend with what they leave out: a request before all (or what the option says of the first one), and
 * that it must be answered well. */
static const struct checkseq *http_check_talk(struct proxy *be)
{
	const struct checkseq *rules = be->set.http_check;
	struct checkseq *seq = checkseq_new();
	bool sent = false, expected = false;

	for (size_t i = 0; rules && i < rules->n && !sent; i++)
		sent = rules->steps[i]->kind == CHECKSEQ_SEND;
	if (!sent && !(rules && checkseq_first_connect(rules)))
		add_send(seq, be->set.httpchk);
	bool first = true;
	for (size_t i = 0; rules && i < rules->n; i++) {
		struct checkseq_step *step = checkseq_add(seq, rules->steps[i]->kind);
		*step = *rules->steps[i];
		if (step->kind == CHECKSEQ_SEND && first) {
			struct http_check_request *q = boot_alloc(sizeof(*q));
			*q = *(const struct http_check_request *)step->arg;
			q->under = be->set.httpchk;
			step->arg = q;
			first = false;
		}
		expected = step->kind == CHECKSEQ_EXPECT || (expected && step->kind != CHECKSEQ_SEND);
	}
	if (!expected)
		add_usual_expect(seq);
	return seq;
}
