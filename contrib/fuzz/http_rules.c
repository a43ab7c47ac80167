/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of rules on HTTP messages. Two bytes choose two rules that put what the peers sent anywhere in a head; the
 * rest is a request and an answer. Both are composed as for the wire. Asserted beyond "no bad memory": what leaves is
 * one message, it ends where the one that came did, it says who its client is, and Host is the target's.
 */
#include "exchange.h"

#include <stdio.h>

#include "proxy/http_reply.h"
#include "proxy/http_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define A "%[req.hdr(a),url_dec]"
#define R "%[res.hdr(a),url_dec]"

static const char *const request_rules[] = {
	"set-header X " A, "add-header X " A, "set-header Host " A, "add-header Host " A, "set-header Host h:%[req.hdr(a)]",
	"replace-header B (.*) " A "\\1", "replace-value B (.) \\1" A, "replace-header Host (.*) \\1" A, "replace-value Host . " A,
	"set-path " A, "set-path /" A, "set-pathq " A, "set-pathq /" A, "set-query " A, "set-uri " A, "set-uri http://" A "/",
	"replace-path (.*) " A "\\1", "replace-path ^/(.*) \\1", "replace-pathq (.*) /\\1?" A, "replace-uri ^/(.*) http://\\1",
	"replace-uri (.*) " A, "set-method " A, "del-header content-length", "del-header transfer-encoding", "del-header host",
	"del-header . -m reg", "set-header Content-Length " A, "add-header Transfer-Encoding " A, "set-header Connection " A,
	"set-header Upgrade " A, "del-header Upgrade", "normalize-uri path-merge-slashes", "normalize-uri path-strip-dot",
	"normalize-uri path-strip-dotdot full", "normalize-uri percent-decode-unreserved", "normalize-uri fragment-encode",
	"normalize-uri query-sort-by-name", "early-hint Link " A, "redirect location " A, "redirect location http://h%[path,url_dec]",
	"redirect prefix " A " drop-query append-slash", "redirect scheme " A, "redirect prefix / set-cookie a=b",
	"return status 200 content-type text/plain lf-string " A " hdr X " A, "return status 204 hdr Content-Type " A,
	"deny deny_status 403 hdr X " A, "strict-mode off",
};

static const char *const answer_rules[] = {
	"set-header X " R, "add-header Set-Cookie " R, "replace-header B (.*) " R "\\1", "replace-value B (.) \\1" R,
	"set-status 200", "set-status 204", "set-status 304", "set-status 404 reason Gone", "del-header content-length",
	"del-header transfer-encoding", "del-header . -m reg", "set-header Content-Length " R, "add-header Transfer-Encoding " R,
	"set-header Connection " R, "redirect location " R, "return status 200 content-type a/b lf-string " R " hdr X " R,
	"deny deny_status 502 hdr X " R, "strict-mode off",
};

static struct rule *of_requests[COUNT_OF(request_rules)], *of_answers[COUNT_OF(answer_rules)], *chosen[2];

static void compile(const char *const *texts, size_t n, struct rule **rules, unsigned where, unsigned phase)
{
	struct acl_table *table = NULL;

	for (size_t i = 0; i < n; i++) {
		struct conf_line l = trial_line(texts[i]);
		struct ruleset set = { 0 };
		if (!rule_parse(&l, &set, where, phase, &table, &px)) {
			fprintf(stderr, "%s: %s\n", texts[i], diag_state.text.ptr);
			abort();
		}
		rules[i] = set.rules[0];
	}
}

static void setup(void)
{
	exchange_setup();
	px.set.forwardfor.on = true;
	compile(request_rules, COUNT_OF(request_rules), of_requests, RULES_HTTP_REQ, PHASE_FE_REQ_HTTP);
	compile(answer_rules, COUNT_OF(answer_rules), of_answers, RULES_HTTP_RES, PHASE_BE_RES_HTTP);
	ASSERT(expr_resolve_all());
}

/* What stands at the start of the bytes, and nothing but one message of its kind. */
static size_t read_back(struct slice bytes, bool response, struct http_head *h)
{
	static struct http_field fields[HTTP_FIELDS_MAX + HTTP_FIELDS_OWN];
	struct http1_fault fault;
	ssize_t n;

	http_head_init(h, fields, COUNT_OF(fields));
	n = http1_read_head(bytes.ptr, bytes.len, response, h, &fault);
	/* Nobody but rules can take Host away, or say a status that is none. */
	if (n < 0 && !response && fault.reason == HTTP1_HOST && http_head_find(h, HTTP_FIELD_HOST, 0) < 0)
		return 0;
	ASSERT(n > 0);
	return (size_t)n;
}

/* The head that leaves first in out, interim ones passed over. Returns what is behind it. */
static struct slice final_head(const struct buf *out, struct http_head *h)
{
	struct slice bytes = buf_slice(out);

	do
		bytes = slice_from(bytes, read_back(bytes, true, h));
	while (h->status / 100 == 1 && h->status != 101);
	return bytes;
}

/* An answer of usher's own is as long as it says. */
static void check_own_answer(void)
{
	struct http_head h;
	struct slice body = final_head(stream.res.head, &h);
	size_t len = body.len + (stream.res.buf ? buf_len(stream.res.buf) : 0);

	ASSERT(!h.chunked && (h.status == 204 || h.status == 304 || h.has_length));
	ASSERT(h.has_length && txn.method != HTTP_HEAD && h.status != 304 ? h.content_length == len : len == 0);
}

static bool frames_as(const struct http_head *h, const struct http1_body *b)
{
	switch (b->kind) {
	case HTTP1_BODY_CHUNKED: return h->chunked && !h->has_length;
	case HTTP1_BODY_LENGTH: return !h->chunked && h->has_length;
	case HTTP1_BODY_CLOSE: return !h->chunked && !h->has_length && h->close;
	default: return !h->chunked;
	}
}

static bool has_value(const struct http_head *h, const char *name, const char *value)
{
	for (int i = 0; (i = http_head_find_name(h, slice_of(name), i)) >= 0; i++)
		if (slice_is(h->fields[i].value, value))
			return true;
	return false;
}

/* False: it went no further. */
static bool check_request(void)
{
	struct http_head h;
	bool upgrade = txn.req.upgrade;
	struct http1_body framing;

	if (http_request_rules(&stream, &px, PHASE_FE_REQ_HTTP) != STEP_NEXT) {
		if (stream.http->local)
			check_own_answer();
		return false;
	}
	upgrade = upgrade && txn.req.upgrade;
	framing = txn.req_body;
	if (!http_compose_request(&stream)) /* it became too long */
		return false;
	struct slice out = buf_slice(stream.req.head);
	size_t n = read_back(out, false, &h);
	if (n == 0)
		return false;
	ASSERT(n == out.len && h.n <= txn.req.n && frames_as(&h, &framing));
	ASSERT(framing.kind != HTTP1_BODY_LENGTH || h.content_length == txn.req.content_length);
	ASSERT(framing.kind != HTTP1_BODY_NONE || !h.has_length || h.content_length == 0);
	ASSERT(has_value(&h, "x-forwarded-for", "10.1.2.3") && h.upgrade <= upgrade);
	return true;
}

static void check_answer(struct slice answer)
{
	struct http1_fault fault;
	struct http_head h;
	struct http_field fields[HTTP_FIELDS_MAX];

	http_head_init(&h, fields, COUNT_OF(fields));
	/* Here a link would be read: only whole heads, and no tunnels. */
	if (http1_read_head(answer.ptr, answer.len, true, &h, &fault) <= 0 || h.status / 100 == 1)
		return;
	stream.res.buf = exchange_buffer(answer);
	buf_put(&stream.res.head);
	stream.res.to = &session.client;
	enum step_result r = stream_read_response(&stream);
	if (stream.http->local) {
		check_own_answer();
		return;
	}
	if (r != STEP_NEXT)
		return;
	struct slice out = buf_slice(stream.res.head);
	size_t n = read_back(out, true, &h);
	ASSERT(n == out.len);
	if (txn.tunnel) {
		ASSERT(!h.has_length && !h.chunked);
	} else if (stream.res.unchunk) {
		ASSERT(!h.has_length && !h.chunked && h.close);
	} else if (txn.res_body.kind != HTTP1_BODY_NONE) {
		ASSERT(frames_as(&h, &txn.res_body));
	} else {
		ASSERT(h.status == 204 ? !h.has_length && !h.chunked : txn.method == HTTP_HEAD || h.status == 304 || h.content_length == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct slice request, answer;

	if (!ready) {
		setup();
		ready = true;
	}
	if (size < 4 || size > 12000)
		return 0;
	chosen[0] = of_requests[data[0] % COUNT_OF(of_requests)];
	chosen[1] = of_requests[data[1] % COUNT_OF(of_requests)];
	px.set.req_http = (struct ruleset){ chosen, 2 };
	exchange_cut(data + 2, size - 2, &request, &answer);
	if (exchange_request(request) && check_request()) {
		chosen[0] = of_answers[data[0] % COUNT_OF(of_answers)];
		chosen[1] = of_answers[data[1] % COUNT_OF(of_answers)];
		px.set.res_http = (struct ruleset){ chosen, 2 };
		check_answer(answer);
	}
	exchange_end();
	strbuf_clear(&diag_state.text);
	return 0;
}
