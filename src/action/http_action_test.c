/* SPDX-License-Identifier: Apache-2.0
 *
 * Actions on heads, run through rule sets over heads that the codec has read; what comes out is the head as it
 * would be written. Expectations were read off HAProxy 2.6 but for what the comments say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/clock.h"
#include "proxy/http_edit.h"
#include "rule/trial.h"

int http_action_test(void);

static struct proxy px = { .name = "www", .caps = PROXY_FE | PROXY_BE };
static struct listener listener = { .px = &px };
static struct session session = { .fe = &px, .listener = &listener };
static struct stream stream = { .session = &session, .be = &px };
static struct http_txn txn;
static struct ruleset set;
static struct acl_table *table;
static struct strbuf head;
static char out[4096];

static enum eval_result text_get(const struct args *a, struct eval *ev, struct value *v)
{
	(void)ev;
	*v = value_str(a->v[0].str);
	return EVAL_OK;
}
FETCH(text) = { .keyword = "text", .args = "s", .type = VALUE_STR, .phases = PHASE_ANY, .get = text_get };

/* What an attacker would like to stand in a head. */
static enum eval_result nasty_get(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a, (void)ev;
	*v = value_str(SLICE("a b\r\nX: y\tz\0\x7f\xe4"));
	return EVAL_OK;
}
FETCH(nasty) = { .keyword = "nasty", .type = VALUE_STR, .phases = PHASE_ANY, .get = nasty_get };

static enum eval_result nothing_get(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a, (void)ev, (void)v;
	return EVAL_NONE;
}
FETCH(nothing) = { .keyword = "nothing", .type = VALUE_STR, .phases = PHASE_ANY, .get = nothing_get };

static enum eval_result long_get(const struct args *a, struct eval *ev, struct value *v)
{
	char *p = arena_zalloc(ev->arena, 2 * HTTP_TEXT_MAX);

	(void)a;
	memset(p, 'l', 2 * HTTP_TEXT_MAX);
	*v = value_str(slice_make(p, 2 * HTTP_TEXT_MAX));
	return EVAL_OK;
}
FETCH(long) = { .keyword = "long", .type = VALUE_STR, .phases = PHASE_ANY, .get = long_get };

static int start(void **state)
{
	trial_start(state);
	clock_update();
	session.stream = &stream;
	stream.http = &txn;
	return 0;
}

static int give_back(void **state)
{
	(void)state;
	arena_free(&stream.arena);
	strbuf_free(&head);
	set = (struct ruleset){ 0 };
	table = NULL;
	boot_reset();
	return 0;
}

static void read_head(const char *text, bool response)
{
	struct http1_fault fault;

	memset(&txn, 0, sizeof(txn));
	http_head_init(&txn.req, txn.req_fields, HTTP_FIELDS_MAX);
	http_head_init(&txn.res, txn.res_fields, HTTP_FIELDS_MAX);
	strbuf_clear(&head);
	for (; *text; text++) {
		if (*text == '\n')
			strbuf_add_byte(&head, '\r');
		strbuf_add_byte(&head, *text);
	}
	strbuf_add_str(&head, "\r\n");
	assert_int_equal(http1_read_head(head.ptr, head.len, response, response ? &txn.res : &txn.req, &fault), head.len);
}

static bool rule(unsigned where, const char *text)
{
	struct conf_line l = trial_line(text);

	strbuf_clear(&diag_state.text);
	return rule_parse(&l, &set, where, where == RULES_HTTP_REQ ? PHASE_FE_REQ_HTTP : PHASE_BE_RES_HTTP, &table, &px);
}

static uint8_t run(bool response)
{
	struct rule_cursor cur = RULE_CURSOR_START;
	struct eval ev = { .session = &session, .stream = &stream, .arena = &stream.arena, .final = true, .response = response,
		.phase = response ? PHASE_BE_RES_HTTP : PHASE_FE_REQ_HTTP };

	ruleset_run(&set, &cur, &ev);
	set = (struct ruleset){ 0 };
	return cur.verdict;
}

/* The head as it would leave, lines ended by LF. */
static const char *written(const struct http_head *h)
{
	static char bytes[sizeof(out)];
	size_t n = http1_write_head(h, bytes, sizeof(bytes)), at = 0;

	assert_true(n >= 4);
	for (size_t i = 0; i < n - 2; i++)
		if (bytes[i] != '\r')
			out[at++] = bytes[i];
	out[at] = 0;
	return out;
}

static void request_becomes(const char *before, const char *action, const char *after)
{
	read_head(before, false);
	assert_true(rule(RULES_HTTP_REQ, action));
	assert_int_equal(run(false), VERDICT_NONE);
	assert_string_equal(written(&txn.req), after);
}

static void request_fails(const char *before, const char *action)
{
	read_head(before, false);
	assert_true(rule(RULES_HTTP_REQ, action));
	assert_int_equal(run(false), VERDICT_FAILED);
}

#define GET "GET / HTTP/1.1\nHost: h\n"

static void fields(void **state)
{
	(void)state;
	request_becomes(GET "x-a: 1\nX-A: 2\n", "set-header X-A 3", GET "X-A: 3\n");
	request_becomes(GET "x-a: 1\n", "add-header X-A %[text(3)]", GET "x-a: 1\nX-A: 3\n");
	request_becomes(GET "x-a: 1\nb: 2\nX-A: 3\n", "del-header X-A", GET "b: 2\n");
	request_becomes(GET "x-a: 1\nb: 2\nX-B: 3\n", "del-header x- -m beg", GET "b: 2\n");
	request_becomes(GET "x-a: 1\nb: 2\nX-B: 3\n", "del-header -b -m end", GET "x-a: 1\nb: 2\n");
	request_becomes(GET "x-a: 1\nb: 2\nX-B: 3\n", "del-header -A -m sub", GET "b: 2\nX-B: 3\n");
	request_becomes(GET "x-a: 1\nb: 2\nX-B: 3\n", "del-header ^x-[a-b]$ -m reg", GET "b: 2\n");
	request_becomes(GET "x-a: 1\n", "del-header x-a -m str", GET);
}

static void foreign_text_is_made_fit(void **state)
{
	(void)state;
	request_becomes(GET, "set-header a %[nasty]", GET "a: a b%0D%0AX: y\tz%00%7F\xe4\n");
	request_becomes("GET /p HTTP/1.1\nHost: h\n", "set-path /%[nasty]", "GET /a%20b%0D%0AX:%20y%09z%00%7F%E4 HTTP/1.1\nHost: h\n");
	request_fails(GET, "set-header a %[long]");
	request_becomes(GET, "set-method %[text(a)]", "a / HTTP/1.1\nHost: h\n");
	request_fails(GET, "set-method %[nasty]"); /* what is there is no method any more */
	request_fails(GET, "set-method %[nothing]");
}

static void whole_values_are_replaced(void **state)
{
	(void)state;
	request_becomes(GET "R: xa1\nr: b2\nR: a3\n", "replace-header R a(.) <\\1>%[text(t)]", GET "R: <1>t\nr: b2\nR: <3>t\n");
	request_becomes(GET "R: a1, b2 ,a3\nS: a1\n", "replace-value r ^a(.) <\\1\\2\\\\>", GET "R: <1\\>, b2 ,<3\\>\nS: a1\n");
	request_becomes(GET "R: a\nR: b\n", "replace-header r z y", GET "R: a\nR: b\n");
	/* A sample that looks like a group is none. */
	request_becomes(GET "R: a1\n", "replace-header r a(.) %[text(\\\\1)]\\1", GET "R: \\11\n");
	request_fails(GET "R: a1\n", "replace-header r a %[long]");
}

static void targets(void **state)
{
	(void)state;
	request_becomes("GET /p?q=1 HTTP/1.1\nHost: h\n", "set-path /n", "GET /n?q=1 HTTP/1.1\nHost: h\n");
	request_becomes("GET http://h/p?q=1 HTTP/1.1\nHost: h\n", "set-path /n", "GET http://h/n?q=1 HTTP/1.1\nHost: h\n");
	request_becomes("OPTIONS * HTTP/1.1\nHost: h\n", "set-path /n", "OPTIONS /n HTTP/1.1\nHost: h\n");
	request_becomes("GET /p?q=1 HTTP/1.1\nHost: h\n", "set-pathq /n", "GET /n HTTP/1.1\nHost: h\n");
	request_becomes("GET http://h HTTP/1.1\nHost: h\n", "set-pathq /n?x", "GET http://h/n?x HTTP/1.1\nHost: h\n");
	request_becomes("GET /p?q=1 HTTP/1.1\nHost: h\n", "set-query r=2", "GET /p?r=2 HTTP/1.1\nHost: h\n");
	request_becomes("GET /p HTTP/1.1\nHost: h\n", "set-query r=2", "GET /p?r=2 HTTP/1.1\nHost: h\n");
	request_becomes("GET /p? HTTP/1.1\nHost: h\n", "set-query %[nothing]", "GET /p? HTTP/1.1\nHost: h\n");
	request_becomes("GET /p HTTP/1.1\nHost: h\n", "set-query %[nothing]", "GET /p HTTP/1.1\nHost: h\n");
	request_becomes("GET /rp1?q HTTP/1.1\nHost: h\n", "replace-path /rp(.*) /new\\1/\\2x", "GET /new1/x?q HTTP/1.1\nHost: h\n");
	request_becomes("GET /p?q HTTP/1.1\nHost: h\n", "replace-pathq ^([^?]*)(\\?.*)$ \\1/foo\\2", "GET /p/foo?q HTTP/1.1\nHost: h\n");
	request_becomes("GET http://h/p HTTP/1.1\nHost: h\n", "replace-uri ^http://([^/]*)(.*) http://x\\1\\2",
		"GET http://xh/p HTTP/1.1\nHost: xh\n");
}

static void normal_forms(void **state)
{
	static const struct { const char *target, *normalizer, *becomes; } cases[] = {
		{ "/a//b///c?d//e", "path-merge-slashes", "/a/b/c?d//e" },
		{ "/./a/.", "path-strip-dot", "/a/" },
		{ "/../a/../..//b", "path-strip-dotdot", "/../..//b" },
		{ "/../a/../..//b", "path-strip-dotdot full", "//b" },
		{ "/%61%2f?%7e", "percent-decode-unreserved", "/a%2f?~" },
		{ "/%%36%36", "percent-decode-unreserved", "/%66" },
		{ "/%6f?%3d", "percent-to-uppercase strict", "/%6F?%3D" },
		{ "/?c=3&a=1&b=2&a=0", "query-sort-by-name", "/?a=1&a=0&b=2&c=3" },
		{ "http://h/./x", "path-strip-dot", "http://h/x" },
		{ "http://h", "path-strip-dotdot full", "http://h" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char before[64], action[64], after[64];
		snprintf(before, sizeof(before), "GET %s HTTP/1.1\nHost: h\n", cases[i].target);
		snprintf(action, sizeof(action), "normalize-uri %s", cases[i].normalizer);
		snprintf(after, sizeof(after), "GET %s HTTP/1.1\nHost: h\n", cases[i].becomes);
		request_becomes(before, action, after);
	}
	/* The parser lets no '#' in, but rules may. */
	read_head("GET /a HTTP/1.1\nHost: h\n", false);
	assert_true(rule(RULES_HTTP_REQ, "set-uri /a#b#c"));
	assert_true(rule(RULES_HTTP_REQ, "normalize-uri fragment-encode"));
	assert_int_equal(run(false), VERDICT_NONE);
	assert_string_equal(written(&txn.req), "GET /a%23b%23c HTTP/1.1\nHost: h\n");
	assert_true(rule(RULES_HTTP_REQ, "set-uri /a#b#c"));
	assert_true(rule(RULES_HTTP_REQ, "normalize-uri fragment-strip"));
	assert_int_equal(run(false), VERDICT_NONE);
	assert_string_equal(written(&txn.req), "GET /a HTTP/1.1\nHost: h\n");
}

static void host_and_target_agree(void **state)
{
	(void)state;
	request_becomes("GET /p HTTP/1.1\nHost: h\n", "set-uri http://o:1/z", "GET http://o:1/z HTTP/1.1\nHost: o:1\n");
	request_becomes("GET http://h/p HTTP/1.1\nHost: h\n", "set-header Host n", "GET http://n/p HTTP/1.1\nHost: n\n");
	request_becomes("GET /p HTTP/1.1\nHost: h\n", "set-header host n", "GET /p HTTP/1.1\nhost: n\n");
	request_becomes("GET /p HTTP/1.0\n", "add-header host n", "GET /p HTTP/1.0\nhost: n\n");
	request_becomes("CONNECT h:80 HTTP/1.1\nHost: h\n", "set-header host n:1", "CONNECT n:1 HTTP/1.1\nhost: n:1\n");
	/* HAProxy lets these out, and the server guesses. */
	request_fails("GET /p HTTP/1.1\nHost: h\n", "add-header host n");
	request_fails("GET /p HTTP/1.1\nHost: h\n", "set-header host a/b");
	request_fails("GET http://h/p HTTP/1.1\nHost: h\n", "set-header host a%[nasty]");
	request_fails("GET http://h/p HTTP/1.1\nHost: h\n", "set-header host %[nothing]");
	request_fails("GET http://h/p HTTP/1.1\nHost: h\n", "replace-header host h %[nasty]");
	request_fails("GET http://h/p HTTP/1.1\nHost: h\n", "replace-value host h u@h");
	assert_string_equal(written(&txn.req), "GET http://h/p HTTP/1.1\nHost: h\n");
	request_fails("CONNECT h:80 HTTP/1.1\nHost: h\n", "set-header host n");
	request_fails("GET /p HTTP/1.1\nHost: h\n", "set-uri http://u@h/");
	request_fails("GET /p HTTP/1.1\nHost: h\n", "set-uri *");
	request_fails("GET /p HTTP/1.1\nHost: h\n", "set-path n");
	request_fails("GET /p HTTP/1.1\nHost: h\n", "set-uri a/b");
	request_fails("GET http://h/p HTTP/1.1\nHost: h\n", "set-path .evil/");
	request_fails("GET http://h/p HTTP/1.1\nHost: h\n", "replace-path /p .evil");
	request_fails("CONNECT h:80 HTTP/1.1\nHost: h:80\n", "set-uri /");
}

static void methods_that_frame_answers_stay(void **state)
{
	(void)state;
	request_becomes(GET, "set-method PUT", "PUT / HTTP/1.1\nHost: h\n");
	assert_int_equal(txn.req.method, HTTP_PUT);
	request_fails(GET, "set-method HEAD");
	request_fails("CONNECT h:1 HTTP/1.1\nHost: h:1\n", "set-method GET");
	/* The head alone may be had of a GET, whose body nobody reads. */
	read_head("HEAD / HTTP/1.1\nHost: h\n", false);
	txn.method = HTTP_HEAD;
	assert_true(rule(RULES_HTTP_REQ, "set-method GET"));
	assert_int_equal(run(false), VERDICT_NONE);
	assert_string_equal(written(&txn.req), "GET / HTTP/1.1\nHost: h\n");
	assert_true(txn.server_close);
}

static void frames_are_noted(void **state)
{
	(void)state;
	request_becomes(GET, "set-header a b", GET "a: b\n");
	assert_false(txn.rewritten);
	request_becomes(GET, "set-header Content-Length 3", GET "Content-Length: 3\n");
	assert_true(txn.rewritten);
	request_becomes("POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n", "del-header transfer- -m beg", "POST / HTTP/1.1\nHost: h\n");
	assert_true(txn.rewritten);
	request_becomes(GET, "add-header Connection a,close", GET "Connection: a,close\n");
	assert_true(txn.server_close && !txn.client_close);
	request_becomes("GET / HTTP/1.1\nHost: h\nConnection: upgrade\nUpgrade: x\n", "del-header upgrade", GET "Connection: upgrade\n");
	assert_false(txn.req.upgrade);
}

static void failures_and_strict_mode(void **state)
{
	(void)state;
	uint64_t before = counters_own(&px.fe)->failed_rewrites;

	read_head(GET, false);
	assert_true(rule(RULES_HTTP_REQ, "strict-mode off"));
	assert_true(rule(RULES_HTTP_REQ, "set-method HEAD"));
	assert_true(rule(RULES_HTTP_REQ, "set-header a 1"));
	assert_true(rule(RULES_HTTP_REQ, "strict-mode on"));
	assert_true(rule(RULES_HTTP_REQ, "set-method HEAD"));
	assert_true(rule(RULES_HTTP_REQ, "set-header b 1"));
	assert_int_equal(run(false), VERDICT_FAILED);
	assert_string_equal(written(&txn.req), GET "a: 1\n");
	assert_int_equal(counters_own(&px.fe)->failed_rewrites - before, 2);
	/* A full table is one. */
	read_head(GET, false);
	while (http_head_add(&txn.req, SLICE("f"), SLICE("")))
		;
	assert_true(rule(RULES_HTTP_REQ, "add-header b 1"));
	assert_int_equal(run(false), VERDICT_FAILED);
	read_head(GET, false);
	while (http_head_add(&txn.req, SLICE("f"), SLICE("")))
		;
	assert_true(rule(RULES_HTTP_REQ, "set-header f 1"));
	assert_int_equal(run(false), VERDICT_NONE);
}

static void answers(void **state)
{
	(void)state;
	read_head("HTTP/1.1 200 OK\nSet-Cookie: C=1; p\n", true);
	assert_true(rule(RULES_HTTP_RES, "set-status 431"));
	assert_true(rule(RULES_HTTP_RES, "replace-header set-cookie (C=[^;]*);(.*) \\1;x;\\2"));
	assert_true(rule(RULES_HTTP_RES, "add-header Connection close"));
	assert_int_equal(run(true), VERDICT_NONE);
	assert_string_equal(written(&txn.res), "HTTP/1.1 431 Request Header Fields Too Large\nSet-Cookie: C=1;x; p\nConnection: close\n");
	assert_true(txn.client_close && !txn.server_close);
	read_head("HTTP/1.1 200 OK\n", true);
	assert_true(rule(RULES_HTTP_AFTER, "set-status 777"));
	assert_true(rule(RULES_HTTP_AFTER, "allow"));
	assert_true(rule(RULES_HTTP_AFTER, "set-status 200 reason Well"));
	assert_int_equal(run(true), VERDICT_ACCEPT);
	assert_string_equal(written(&txn.res), "HTTP/1.1 777 Other\n");
	/* Behind a 101 bytes follow that are no answer's. */
	read_head("HTTP/1.1 101 Switching Protocols\nUpgrade: x\nConnection: upgrade\n", true);
	assert_true(rule(RULES_HTTP_RES, "set-status 200 reason Well"));
	assert_int_equal(run(true), VERDICT_FAILED);
}

static void faults_say_why(void **state)
{
	static const struct { unsigned where; const char *text, *said; } cases[] = {
		{ RULES_HTTP_REQ, "set-header a", "the value of the header" },
		{ RULES_HTTP_REQ, "set-header a:b c", "cannot be the name of a header" },
		{ RULES_HTTP_REQ, "del-header a -m like", "expected 'str', 'beg', 'end', 'sub' or 'reg'" },
		{ RULES_HTTP_REQ, "del-header ( -m reg", "regular expression '('" },
		{ RULES_HTTP_REQ, "replace-header a ( b", "regular expression '('" },
		{ RULES_HTTP_REQ, "replace-path a", "a format" },
		{ RULES_HTTP_REQ, "set-path %[nope]", "unknown" },
		{ RULES_HTTP_REQ, "set-status 200", "may not stand" },
		{ RULES_HTTP_RES, "set-status 199", "200" },
		{ RULES_HTTP_RES, "set-path /", "may not stand" },
		{ RULES_HTTP_REQ, "strict-mode maybe", "expected 'on' or 'off'" },
		{ RULES_HTTP_REQ, "set-log-level loud", "expected 'emerg'" },
		{ RULES_HTTP_REQ, "set-timeout queue 5s", "expected 'client', 'server' or 'tunnel'" },
		{ RULES_HTTP_REQ, "set-timeout server 0", "more than zero" },
		{ RULES_HTTP_REQ, "set-timeout server", "a time or an expression" },
		{ RULES_HTTP_REQ, "early-hint Link", "the value of the header" },
		{ RULES_HTTP_REQ, "capture text(a)", "expected 'len <length>' or 'id <slot>'" },
		{ RULES_HTTP_REQ, "capture text(a) len 0", "1" },
		{ RULES_HTTP_RES, "capture text(a) len 1", "expected 'id <slot>'" },
		{ RULES_HTTP_REQ, "set-src", "an expression" },
		{ RULES_HTTP_REQ, "redirect code 302", "expected 'location', 'prefix' or 'scheme'" },
		{ RULES_HTTP_REQ, "redirect location / code 304", "expected 301, 302, 303, 307 or 308" },
		{ RULES_HTTP_REQ, "redirect location / some", "expected 'location'" },
		{ RULES_HTTP_RES, "redirect prefix /", "by 'location' only" },
		{ RULES_HTTP_REQ, "normalize-uri", "expected a normalizer" },
		{ RULES_HTTP_REQ, "normalize-uri path-strip-dots", "did you mean 'path-strip-dot'" },
		{ RULES_HTTP_REQ, "normalize-uri path-strip-dot full", "'if' or 'unless'" },
		{ RULES_HTTP_RES, "normalize-uri path-strip-dot", "may not stand" },
		{ RULES_HTTP_REQ, "return status 600", "599" },
		{ RULES_HTTP_REQ, "return string x", "expected 'content-type <type>'" },
		{ RULES_HTTP_REQ, "return deny_status 400", "expected 'status'" },
		{ RULES_HTTP_REQ, "return content-type a string x file /dev/null", "one source only" },
		{ RULES_HTTP_REQ, "return errorfile /nonexistent", "cannot read" },
		{ RULES_HTTP_REQ, "deny deny_status 418", "no error page for status 418" },
		{ RULES_HTTP_AFTER, "deny", "may not stand" },
		{ RULES_HTTP_RES, "tarpit", "may not stand" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (rule(cases[i].where, cases[i].text) || !trial_said(cases[i].said))
			fail_msg("%s: %s", cases[i].text, diag_state.text.ptr ? diag_state.text.ptr : "");
	}
}

static void addresses_hold_for_the_stream(void **state)
{
	char text[ADDR_TEXT_MAX];

	(void)state;
	read_head(GET, false);
	session.src = (struct addr){ .family = AF_INET, .port = 5, .ip = { 127, 0, 0, 1 } };
	session.has_dst = true;
	session.dst = (struct addr){ .family = AF_UNIX };
	assert_true(rule(RULES_HTTP_REQ, "set-src text(10.0.0.1)"));
	assert_true(rule(RULES_HTTP_REQ, "set-src text(nonsense)"));
	assert_true(rule(RULES_HTTP_REQ, "set-dst-port text(80)"));
	assert_true(rule(RULES_HTTP_REQ, "set-dst-port text(65536)"));
	run(false);
	text[addr_format(&session.src, text, true)] = 0;
	assert_string_equal(text, "10.0.0.1:5");
	text[addr_format(&session.dst, text, true)] = 0;
	assert_string_equal(text, "0.0.0.0:80");
	assert_non_null(stream.old_src);
	assert_int_equal(stream.old_src->ip[0], 127);
	assert_int_equal(stream.old_dst->family, AF_UNIX);
	stream.old_src = stream.old_dst = NULL;
}

int http_action_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(fields, give_back),
		cmocka_unit_test_teardown(foreign_text_is_made_fit, give_back),
		cmocka_unit_test_teardown(whole_values_are_replaced, give_back),
		cmocka_unit_test_teardown(targets, give_back),
		cmocka_unit_test_teardown(normal_forms, give_back),
		cmocka_unit_test_teardown(host_and_target_agree, give_back),
		cmocka_unit_test_teardown(methods_that_frame_answers_stay, give_back),
		cmocka_unit_test_teardown(frames_are_noted, give_back),
		cmocka_unit_test_teardown(failures_and_strict_mode, give_back),
		cmocka_unit_test_teardown(answers, give_back),
		cmocka_unit_test_teardown(faults_say_why, give_back),
		cmocka_unit_test_teardown(addresses_hold_for_the_stream, give_back),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
