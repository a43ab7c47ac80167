/* SPDX-License-Identifier: Apache-2.0
 *
 * Fetches of HTTP messages over heads that the codec has read. What is wanted was read off HAProxy 2.6
 * where it has the name, but for the few that the table of differences in doc/ names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/assert.h"
#include "core/clock.h"
#include "proxy/capture.h"
#include "proxy/http_view.h"
#include "proxy/userlist.h"
#include "rule/trial.h"

int http_fetch_test(void);

/* The runner holds no converters; these stand for any. */
static bool hex_convert(const struct args *a, struct eval *ev, struct value *v)
{
	char *text = arena_alloc(ev->arena, 2 * v->bytes.len + 1);

	(void)a;
	for (size_t i = 0; i < v->bytes.len; i++)
		snprintf(text + 2 * i, 3, "%02X", (uint8_t)v->bytes.ptr[i]);
	*v = value_str(slice_make(text, 2 * v->bytes.len));
	return true;
}

CONVERTER(hex) = { .keyword = "hex", .in = VALUE_BIN, .out = VALUE_STR, .convert = hex_convert };

static struct proxy px = { .name = "www" };
static struct session session = { .fe = &px };
static struct stream stream = { .session = &session, .be = &px };
static struct http_txn txn;
static struct strbuf err;

static int start(void **state)
{
	(void)state;
	registries_open();
	diag_state.quiet = true;
	px.set.mode = MODE_HTTP;
	assert_true(addr_parse_ip(SLICE("10.1.2.3"), &session.src));
	clock_update();
	session.stream = &stream;
	return 0;
}

static void drop_bytes(void)
{
	free(stream.req.buf);
	free(stream.res.buf);
	stream.req.buf = stream.res.buf = NULL;
	arena_free(&stream.arena);
	memset(stream.peek, 0, sizeof(stream.peek));
	memset(&txn, 0, sizeof(txn));
	stream.http = NULL;
}

static int give_back(void **state)
{
	(void)state;
	drop_bytes();
	px.captures[0] = px.captures[1] = (struct capture_list){ 0 };
	px.capture_cookie = NULL;
	boot_reset();
	strbuf_free(&err);
	return 0;
}

/* A buffer of just these bytes, so that a sanitizer sees a step beyond. */
static struct buf *buffer(const char *bytes)
{
	size_t len = strlen(bytes);
	struct buf *b = malloc(sizeof(*b) + len);

	assert_non_null(b);
	*b = (struct buf){ .tail = (uint32_t)len, .cap = (uint32_t)len };
	memcpy(b->data, bytes, len);
	return b;
}

static void request(const char *bytes)
{
	struct http1_fault fault;
	ssize_t len;

	drop_bytes();
	stream.http = &txn;
	stream.req.buf = buffer(bytes);
	http_head_init(&txn.req, txn.req_fields, HTTP_FIELDS_MAX);
	http_head_init(&txn.res, txn.res_fields, HTTP_FIELDS_MAX);
	if ((len = http1_read_head(stream.req.buf->data, strlen(bytes), false, &txn.req, &fault)) <= 0)
		fail_msg("%s: %s", bytes, http1_reason_text(fault.reason));
	txn.req_len = (uint32_t)len;
	txn.req_parsed = txn.req_valid = true;
	txn.method = txn.req.method;
	txn.method_text = txn.req.method_text;
	http1_body_init(&txn.req_body, &txn.req, txn.req.method);
	txn.line = arena_copy(&stream.arena, slice_make(stream.req.buf->data, strcspn(stream.req.buf->data, "\r")));
	txn.uri = slice_make(txn.line.ptr + txn.req.method_text.len + 1, txn.req.target.len);
}

static void answer(const char *bytes)
{
	struct http1_fault fault;
	ssize_t len;

	free(stream.res.buf);
	stream.res.buf = buffer(bytes);
	if ((len = http1_read_head(stream.res.buf->data, strlen(bytes), true, &txn.res, &fault)) <= 0)
		fail_msg("%s: %s", bytes, http1_reason_text(fault.reason));
	txn.res_len = (uint32_t)len;
	txn.res_parsed = txn.res_valid = true;
	txn.status = txn.server_status = txn.res.status;
	txn.server_version = txn.res.version;
	http1_body_init(&txn.res_body, &txn.res, txn.method);
}

/* What an expression gives, as text; NULL for nothing. */
static const char *text_of(const char *word, unsigned phase)
{
	struct eval ev = stream_eval(&stream, phase);
	struct expr *e = expr_compile(word, phase, NULL, &err);
	struct value v;
	struct slice s;

	if (!e)
		fail_msg("%s: %s", word, err.ptr);
	assert_true(expr_resolve_all());
	ev.response = phase & PHASE_RESPONSE;
	if (expr_eval(e, &ev, &v) != EVAL_OK || !value_text(&v, &stream.arena, &s))
		return NULL;
	return arena_copy(&stream.arena, s).ptr;
}

static void assert_gives(const char *word, unsigned phase, const char *want)
{
	const char *got = text_of(word, phase);

	if (want ? !got || strcmp(got, want) : got != NULL)
		fail_msg("%s of '%s' is '%s', not '%s'", word, stream.req.buf ? stream.req.buf->data : "", got ? got : "(none)",
			want ? want : "(none)");
}

/* All values that a condition would look at, by '|'. */
static void assert_walks(const char *word, unsigned phase, const char *want)
{
	struct eval ev = stream_eval(&stream, phase);
	struct expr *e = expr_compile(word, phase, NULL, &err);
	struct fetch_walk walk = { 0 };
	char all[256] = "";
	struct value v;

	if (!e)
		fail_msg("%s: %s", word, err.ptr);
	assert_true(expr_resolve_all());
	ev.response = phase & PHASE_RESPONSE;
	while (expr_eval_next(e, VALUE_STR, &ev, &walk, &v) == EVAL_OK) {
		strncat(all, v.bytes.ptr, v.bytes.len);
		strcat(all, "|");
	}
	if (strcmp(all, want) != 0)
		fail_msg("%s walks '%s', not '%s'", word, all, want);
}

struct wanted {
	const char *word, *text; /* NULL: no value */
};

static void assert_all(const struct wanted *w, size_t n, unsigned phase)
{
	for (size_t i = 0; i < n; i++)
		assert_gives(w[i].word, phase, w[i].text);
}

#define ALL(list, phase) assert_all(list, COUNT_OF(list), phase)

#define PLAIN "GET /a/b;p=1?a=12&b=x;a=3&c HTTP/1.1\r\nHost: www.Ex.com:80\r\nX: 1, 2\r\nFoo: bar\r\nX: \"a,b\", 3abc\r\n" \
	"X:  10.1.2.3:80\r\nCookie: a=5; b=\"q r\"; a=7\r\nCookie: c; a=9x\r\nAuthorization: Basic dTpwOnE=\r\n\r\n"

static void a_plain_request(void **state)
{
	static const struct wanted wanted[] = {
		{ "method", "GET" }, { "path", "/a/b;p=1" }, { "pathq", "/a/b;p=1?a=12&b=x;a=3&c" }, { "url", "/a/b;p=1?a=12&b=x;a=3&c" },
		{ "url_ip", NULL }, { "url_port", NULL }, { "query", "a=12&b=x;a=3&c" }, { "query(with_qm)", "?a=12&b=x;a=3&c" },
		{ "base", "www.Ex.com:80/a/b;p=1" }, { "base32", "3372517595" }, { "url32", "2881883408" },
		{ "base32+src,hex", "C90488DB0A010203" }, { "url32+src,hex", "ABC60D100A010203" },
		{ "baseq", "www.Ex.com:80/a/b;p=1?a=12&b=x;a=3&c" }, { "hdr(x)", "10.1.2.3:80" }, { "hdr(x,1)", "1" }, { "hdr(x,2)", "2" },
		{ "hdr(x,3)", "\"a,b\"" }, { "hdr(x,-1)", "10.1.2.3:80" }, { "hdr(x,-2)", "3abc" }, { "hdr(x,-5)", "1" }, { "hdr(x,-6)", NULL },
		{ "hdr(x,6)", NULL }, { "hdr(x,0)", "10.1.2.3:80" }, { "hdr", NULL }, { "hdr(none)", NULL },
		{ "req.fhdr(x)", "10.1.2.3:80" }, { "req.fhdr(x,1)", "1, 2" }, { "req.fhdr(x,-2)", "\"a,b\", 3abc" }, { "hdr_cnt(x)", "5" },
		{ "req.hdr_cnt", "10" }, { "req.fhdr_cnt(x)", "3" }, { "req.fhdr_cnt", "8" }, { "hdr_cnt(none)", "0" },
		{ "hdr_ip(x)", "10.1.2.3" }, { "req.hdr_ip(x)", "10.1.2.3" }, { "hdr_ip(x,1)", NULL }, { "req.hdr_val(x,1)", "1" }, { "hdr_val(x,1)", "1" }, { "hdr_val(x,-2)", "3" },
		{ "req.hdr_names", "host,x,foo,x,x,cookie,cookie,authorization" }, { "req.hdr_names(;:)", "host;x;foo;x;x;cookie;cookie;authorization" },
		{ "req.hdrs_bin,hex",
			"04686F73740D7777772E45782E636F6D3A3830017804312C203203666F6F0362617201780B22612C62222C203361626301780B31302E312E32"
			"2E333A383006636F6F6B696511613D353B20623D22712072223B20613D3706636F6F6B696507633B20613D39780D617574686F72697A617469"
			"6F6E0E426173696320645470774F6E453D0000" },
		{ "urlp(a)", "12" }, { "urlp", "12" }, { "urlp(a,;)", "3" }, { "urlp(b)", "x" }, { "urlp_val(a)", "12" },
		{ "urlp(A)", NULL }, { "urlp(A,?,i)", "12" }, { "url_param(b)", "x" },
		{ "req.cook(a)", "9x" }, { "cook", "5" }, { "req.cook_cnt(a)", "3" }, { "cook_cnt", "4" }, { "req.cook_val(a)", "9" },
		{ "req.cook(b)", "\"q r\"" }, { "req.cook(c)", NULL }, { "cookie(a)", "9x" }, { "req.cook_names", "a,b,a,a" },
		{ "req.ver", "1.1" }, { "req_ver", "1.1" }, { "req.proto_http", "1" }, { "http_first_req", "1" },
		{ "http_auth_type", "Basic" }, { "http_auth_user", "u" }, { "http_auth_pass", "p:q" }, { "http_auth_bearer", NULL },
		{ "req.body", "" }, { "req.body_len", "0" }, { "req.body_size", "0" }, { "req.body_param(a)", NULL },
		{ "capture.req.method", "GET" }, { "capture.req.uri", "/a/b;p=1?a=12&b=x;a=3&c" }, { "capture.req.ver", "HTTP/1.1" },
		{ "unique-id", NULL },
	};

	(void)state;
	request(PLAIN);
	ALL(wanted, PHASE_FE_REQ_HTTP);
	request("GET / HTTP/1.1\r\nHost: e\r\n\r\n");
	assert_gives("req.hdrs", PHASE_FE_REQ_HTTP, "host: e\r\n\r\n");
}

static void other_forms_of_targets(void **state)
{
	static const struct wanted absolute[] = {
		{ "path", "/x" }, { "pathq", "/x?y" }, { "url", "http://1.2.3.4:8080/x?y" }, { "url_ip", "1.2.3.4" }, { "url_port", "8080" },
		{ "query", "y" }, { "base", "1.2.3.4:8080/x" }, { "base32", "1624415482" }, { "url32", "1677116529" }, { "hdr(x)", "" },
		{ "hdr_cnt(x)", "1" }, { "hdr_ip(x)", NULL }, { "hdr_val(x)", "0" }, { "capture.req.uri", "/x?y" },
	};
	static const struct wanted bare[] = { { "path", NULL }, { "pathq", NULL }, { "query", NULL }, { "base", "ex.com" },
		{ "base32", "3582357527" }, { "url_port", NULL }, { "hdr(x)", "2" }, { "hdr(x,2)", "" }, { "hdr_cnt(x)", "3" }, { "url_ip", NULL },
		{ "capture.req.uri", "" } };
	static const struct wanted star[] = { { "path", NULL }, { "url", "*" }, { "base", "e" }, { "url32", "3483748144" }, { "baseq", "e" }, { "hdr_cnt(x)", "2" }, { "hdr(x)", "" } };
	static const struct wanted old[] = { { "path", "/" }, { "base", "/" }, { "urlp(a)", "1" }, { "urlp(b)", "3" }, { "hdr(x)", "" },
		{ "hdr(x,-2)", "2" }, { "hdr_cnt(x)", "4" }, { "url32", "1784533549" }, { "req.ver", "1.0" }, { "hdr(host)", NULL } };
	static const struct wanted v6[] = { { "url_ip", "::1" }, { "url_port", "80" }, { "path", "/" } };

	(void)state;
	request("GET http://1.2.3.4:8080/x?y HTTP/1.1\r\nHost: 1.2.3.4:8080\r\nX:\r\n\r\n");
	ALL(absolute, PHASE_FE_REQ_HTTP);
	request("GET http://ex.com HTTP/1.1\r\nHost: ex.com\r\nX: 1,,2\r\n\r\n");
	ALL(bare, PHASE_FE_REQ_HTTP);
	request("OPTIONS * HTTP/1.1\r\nHost: e\r\nX: ,\r\n\r\n");
	ALL(star, PHASE_FE_REQ_HTTP);
	request("GET /?a=1&a=2?b=3 HTTP/1.0\r\nX: 1, ,2,\r\n\r\n");
	ALL(old, PHASE_FE_REQ_HTTP);
	request("GET http://[::1]/ HTTP/1.1\r\nHost: [::1]\r\n\r\n");
	ALL(v6, PHASE_FE_REQ_HTTP);
	request("GET /p? HTTP/1.1\r\nHost: e\r\n\r\n");
	assert_gives("query", PHASE_FE_REQ_HTTP, "");
	request("GET / HTTP/1.0\r\n\r\n");
	assert_gives("hdr_cnt", PHASE_FE_REQ_HTTP, "0");
	assert_gives("req.hdrs", PHASE_FE_REQ_HTTP, "\r\n");
	assert_gives("req.hdr_names", PHASE_FE_REQ_HTTP, "");
	assert_gives("cook_cnt", PHASE_FE_REQ_HTTP, "0");
	assert_gives("req.cook_names", PHASE_FE_REQ_HTTP, NULL);
	assert_gives("cook_val", PHASE_FE_REQ_HTTP, NULL);
	assert_gives("http_auth_user", PHASE_FE_REQ_HTTP, NULL);
}

static void numbers_in_fields(void **state)
{
	(void)state;
	request("GET / HTTP/1.1\r\nHost: h\r\nN: 5, 17\r\nA: 10.0.0.1\r\n\r\n");
	assert_gives("req.hdr_val(n)", PHASE_FE_REQ_HTTP, "17");
	assert_gives("req.hdr_val(n,1)", PHASE_FE_REQ_HTTP, "5");
	assert_gives("req.hdr_ip(a)", PHASE_FE_REQ_HTTP, "10.0.0.1");
	assert_gives("req_proto_http", PHASE_FE_REQ_HTTP, "1");
}

static void addresses_in_fields(void **state)
{
	static const struct { const char *field, *ip; } cases[] = {
		{ "1.2.3.4:80", "1.2.3.4" }, { "1.2.3.4:", NULL }, { "1.2.3.4:x", NULL }, { "1.2.3.4:99999", NULL }, { "::1", "::1" },
		{ "[::1]", "::1" }, { "[::1]:80", "::1" }, { "[::1]:", NULL }, { "[::1", NULL }, { "[1.2.3.4]", NULL }, { "[]", NULL }, { ":", NULL },
		{ "\"1.2.3.4\"", NULL }, { "a, 1.2.3.4", "1.2.3.4" }, { "1.2.3.4, a", NULL }, { "unknown", NULL }, { "", NULL },
	};
	char head[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: e\r\nX: %s\r\n\r\n", cases[i].field);
		request(head);
		assert_gives("hdr_ip(x)", PHASE_FE_REQ_HTTP, cases[i].ip);
	}
}

static void credentials(void **state)
{
	static const struct { const char *field, *type, *user, *bearer; } cases[] = {
		{ "Basic dTpw", "Basic", "u", NULL }, { "basic  dTpw", "Basic", "u", NULL }, { "Bearer abc.def", "Bearer", NULL, "abc.def" },
		{ "bearer x", "Bearer", NULL, "x" }, { "Basic dQ==", NULL, NULL, NULL }, { "Basic ###", NULL, NULL, NULL },
		{ "Digest x", NULL, NULL, NULL }, { "Basic", NULL, NULL, NULL },
	};
	char head[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: e\r\nAuthorization: %s\r\nX: Bearer y\r\n\r\n", cases[i].field);
		request(head);
		assert_gives("http_auth_type", PHASE_FE_REQ_HTTP, cases[i].type);
		assert_gives("http_auth_user", PHASE_FE_REQ_HTTP, cases[i].user);
		assert_gives("http_auth_bearer", PHASE_FE_REQ_HTTP, cases[i].bearer);
		assert_gives("http_auth_bearer(x)", PHASE_FE_REQ_HTTP, "y");
	}
	request("GET http://e/ HTTP/1.1\r\nHost: e\r\nAuthorization: Basic dTpw\r\nProxy-Authorization: Basic djpw\r\n\r\n");
	assert_gives("http_auth_user", PHASE_FE_REQ_HTTP, "u");
	px.set.http_use_proxy_header = true;
	assert_gives("http_auth_user", PHASE_FE_REQ_HTTP, "v");
	request("GET / HTTP/1.1\r\nHost: e\r\nAuthorization: Basic dTpw\r\nProxy-Authorization: Basic djpw\r\n\r\n");
	assert_gives("http_auth_user", PHASE_FE_REQ_HTTP, "u");
	px.set.http_use_proxy_header = false;
}

/* Hashed passwords: proxy/auth_test.c. */
static void userlists(void **state)
{
	struct userlist *l = userlist_new("l", "file", 1);
	struct userlist_user *u = userlist_add_user(l, "u");

	(void)state;
	u->password = "p";
	u->plain = true;
	u->groups = "g,h";
	userlist_add_group(l, "h");
	userlist_add_group(l, "g");
	assert_true(userlists_resolve());
	request("GET / HTTP/1.1\r\nHost: e\r\nAuthorization: Basic dTpw\r\n\r\n");
	assert_gives("http_auth(l)", PHASE_FE_REQ_HTTP, "1");
	assert_gives("http_auth_group(l)", PHASE_FE_REQ_HTTP, "u");
	assert_walks("http_auth_group(l)", PHASE_FE_REQ_HTTP, "h|g|");
	assert_walks("http_auth(l)", PHASE_FE_REQ_HTTP, "1|");
	request("GET / HTTP/1.1\r\nHost: e\r\nAuthorization: Basic dTpx\r\n\r\n");
	assert_gives("http_auth(l)", PHASE_FE_REQ_HTTP, "0");
	assert_gives("http_auth_group(l)", PHASE_FE_REQ_HTTP, NULL);
	assert_walks("http_auth_group(l)", PHASE_FE_REQ_HTTP, "");
	request("GET / HTTP/1.1\r\nHost: e\r\n\r\n");
	assert_gives("http_auth(l)", PHASE_FE_REQ_HTTP, NULL);
	assert_gives("http_auth_group(l)", PHASE_FE_REQ_HTTP, NULL);
	assert_non_null(expr_compile("http_auth(m)", PHASE_FE_REQ_HTTP, NULL, &err));
	assert_false(expr_resolve_all());
	struct expr *e = expr_compile("http_auth_group(l)", PHASE_FE_REQ_HTTP, NULL, &err);
	expr_note_pattern(e, SLICE("i"));
	assert_false(expr_resolve_all());
	assert_non_null(strstr(diag_state.text.ptr, "userlist 'l' has no group 'i'"));
}

static void conditions_see_every_value(void **state)
{
	static const struct wanted walks[] = {
		{ "hdr(x)", "1|2|\"a,b\"|3abc|10.1.2.3:80|" }, { "hdr(x,2)", "2|" }, { "hdr(x,-1)", "10.1.2.3:80|" }, { "hdr(x,9)", "" },
		{ "req.fhdr(x)", "1, 2|\"a,b\", 3abc|10.1.2.3:80|" }, { "hdr_val(x)", "1|2|0|3|10|" }, { "hdr_ip(x)", "10.1.2.3|" },
		{ "hdr(foo)", "bar|" }, { "hdr(none)", "" }, { "req.cook(a)", "5|7|9x|" }, { "req.cook", "5|\"q r\"|7|9x|" },
		{ "req.cook_val(a)", "5|7|9|" }, { "urlp(a)", "12|3|" }, { "urlp", "12|x|3|" }, { "urlp_val(a)", "12|3|" }, { "urlp(z)", "" },
		{ "path", "/a/b;p=1|" }, { "hdr(foo),hex", "626172|" },
	};

	(void)state;
	request(PLAIN);
	for (size_t i = 0; i < COUNT_OF(walks); i++)
		assert_walks(walks[i].word, PHASE_FE_REQ_HTTP, walks[i].text);
	request("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 9\r\n\r\na=5&b=6&c");
	assert_walks("req.body_param", PHASE_FE_REQ_HTTP, "5|6|");
	assert_walks("req.fhdr", PHASE_FE_REQ_HTTP, "e|9|");
}

static void bodies(void **state)
{
	static const struct wanted length[] = { { "req.body", "a=5&b=6&c" }, { "req.body_len", "9" }, { "req.body_size", "9" },
		{ "req.body_param(b)", "6" }, { "req.body_param", "5" }, { "req.body_param(B,i)", "6" }, { "req.body_param(B)", NULL } };
	static const struct wanted part[] = { { "req.body", "abc" }, { "req.body_len", "3" }, { "req.body_size", "10" } };
	static const struct wanted chunks[] = { { "req.body", "a=5&b=6" }, { "req.body_len", "7" }, { "req.body_size", "7" },
		{ "req.body_param(b)", "6" } };

	(void)state;
	request("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 9\r\n\r\na=5&b=6&cGET / HTTP");
	ALL(length, PHASE_FE_REQ_HTTP);
	request("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 10\r\n\r\nabc");
	ALL(part, PHASE_FE_REQ_HTTP);
	request("POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na=5&b\r\n2\r\n=6\r\n0\r\n\r\nGET");
	ALL(chunks, PHASE_FE_REQ_HTTP);
	assert_memory_equal(stream.req.buf->data + txn.req_len, "5\r\n", 3); /* it still stands as it came */
}

static void an_answer(void **state)
{
	static const struct wanted wanted[] = {
		{ "shdr_cnt(x)", "2" }, { "shdr_val(x,1)", "1" }, { "shdr_ip(x)", NULL }, { "res.hdr_ip(x)", NULL }, { "res.cook_val(d)", "1" },
		{ "scook_val(e)", "2" }, { "res.cook_names(;)", "a;a;b;c;d;e" }, { "req_proto_http", "1" },
		{ "txn.conn_retries", "0" }, { "txn.redispatched", "0" }, { "bytes_in", "0" }, { "bytes_out", "0" },
		{ "res.hdrs", "x: 1, 2\r\nset-cookie: a=1; Path=/; b=2\r\nset-cookie: a=\"x,y\"; z\r\n"
			"set-cookie: b=7,c=8, d=1, e=2\r\ncontent-length: 5\r\n\r\n" },
		{ "status", "201" }, { "res.ver", "1.0" }, { "resp_ver", "1.0" }, { "res.hdr(x)", "2" }, { "shdr(x,1)", "1" },
		{ "res.fhdr(x)", "1, 2" }, { "res.hdr_cnt(x)", "2" }, { "res.fhdr_cnt", "5" }, { "hdr(x)", "2" }, { "res.hdr_val(x)", "2" },
		{ "res.hdr_names", "x,set-cookie,set-cookie,set-cookie,content-length" }, { "res.cook_cnt", "6" }, { "res.cook", "1" },
		{ "res.cook(a)", "\"x,y\"" }, { "scook_cnt(a)", "2" }, { "scook(b)", "7" }, { "res.cook(c)", "8" }, { "res.cook(Path)", NULL },
		{ "cookie(a)", "\"x,y\"" }, { "res.body", "hello" }, { "res.body_len", "5" }, { "res.body_size", "5" },
		{ "capture.res.ver", "HTTP/1.0" }, { "server_status", "201" }, { "txn.status", "201" }, { "method", "POST" },
		{ "capture.req.method", "POST" }, { "capture.req.uri", "/d?e" }, { "req.ver", "1.1" },
	};

	(void)state;
	request("POST /d?e HTTP/1.1\r\nHost: e\r\nContent-Length: 0\r\n\r\n");
	txn.req_valid = false; /* it has left */
	txn.method_text = SLICE("POST");
	answer("HTTP/1.0 201 Cre\r\nX: 1, 2\r\nSet-Cookie: a=1; Path=/; b=2\r\nSet-Cookie: a=\"x,y\"; z\r\nset-cookie: b=7,c=8, d=1, e=2\r\n"
	       "Content-Length: 5\r\n\r\nhello");
	ALL(wanted, PHASE_BE_RES_HTTP);
	assert_int_equal(strlen(text_of("res.hdrs_bin,hex", PHASE_BE_RES_HTTP)) / 2, 105);
	assert_walks("res.hdr(x)", PHASE_BE_RES_HTTP, "1|2|");
	assert_walks("res.cook(a)", PHASE_BE_RES_HTTP, "1|\"x,y\"|");
	assert_gives("capture.req.uri", PHASE_LOG, "/d?e");
	txn.res_valid = false;
	assert_gives("res.hdr(x)", PHASE_FE_RES_HTTP, NULL);
	assert_gives("res.hdrs_bin", PHASE_FE_RES_HTTP, NULL);
	assert_gives("status", PHASE_LOG, "201");
	assert_gives("res.ver", PHASE_LOG, "1.0");
}

static void what_has_left_has_no_value(void **state)
{
	static const char *const words[] = { "path", "url", "hdr(x)", "hdr_cnt(x)", "req.hdrs", "req.cook(a)", "urlp(a)", "req.body", "base",
		"http_auth_user", "req.fhdr(x)", "req.hdr_names", "query", "url32" };

	(void)state;
	request(PLAIN);
	txn.req_valid = false;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		assert_gives(words[i], PHASE_BE_REQ_HTTP, NULL);
}

static enum eval_result eval_in(const char *word, bool final, struct value *v)
{
	struct eval ev = stream_eval(&stream, PHASE_FE_REQ_TCP);

	ev.final = final;
	return expr_eval(expr_compile(word, PHASE_FE_REQ_TCP, NULL, &err), &ev, v);
}

/* In tcp mode the bytes are read as HTTP when asked. */
static void tcp_content_is_read_when_asked(void **state)
{
	static const struct { const char *bytes; enum eval_result now, final; } heads[] = {
		{ "", EVAL_WAIT, EVAL_NONE }, { "GET / HT", EVAL_WAIT, EVAL_NONE }, { "GET / HTTP/1.1\r\nHost: e\r\n", EVAL_WAIT, EVAL_NONE },
		{ "GET /p HTTP/1.1\r\nHost: e\r\n\r\nmore", EVAL_OK, EVAL_OK }, { "\r\nGET /p HTTP/1.0\r\n\r\n", EVAL_OK, EVAL_OK },
		{ "\x16\x03\x01\x02\x00", EVAL_NONE, EVAL_NONE }, { "SSH-2.0-x\r\n", EVAL_NONE, EVAL_NONE },
	};
	struct value v;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		drop_bytes();
		stream.req.buf = buffer(heads[i].bytes);
		if (eval_in("path", false, &v) != heads[i].now || eval_in("path", true, &v) != heads[i].final)
			fail_msg("'%s'", heads[i].bytes);
		assert_int_equal(eval_in("req.proto_http", false, &v), heads[i].now == EVAL_WAIT ? EVAL_WAIT : EVAL_OK);
		assert_int_equal(eval_in("req.proto_http", true, &v), EVAL_OK);
		assert_int_equal(v.num, heads[i].final == EVAL_OK);
		assert_int_equal(eval_in("req.body", true, &v), EVAL_NONE);
	}
	drop_bytes();
	stream.req.buf = buffer("GET /p HTTP/1.1\r\nHost: e\r\n\r\n");
	assert_gives("hdr(host)", PHASE_FE_REQ_TCP, "e");
	assert_gives("method", PHASE_FE_REQ_TCP, "GET");
	assert_gives("req.ver", PHASE_FE_REQ_TCP, "1.1");
	assert_gives("http_first_req", PHASE_FE_REQ_TCP, NULL);
	stream.res.buf = buffer("HTTP/1.1 204 No\r\nX: y\r\n\r\n");
	assert_gives("status", PHASE_BE_RES_TCP, "204");
	assert_gives("res.hdr(x)", PHASE_BE_RES_TCP, "y");
}

static const char *log_of(const char *format)
{
	struct strbuf out = STRBUF_EMPTY;
	struct format *f = format_compile(format, PHASE_LOG, NULL, &err);
	struct eval ev = stream_eval(&stream, PHASE_LOG);

	if (!f)
		fail_msg("%s: %s", format, err.ptr);
	format_write(f, &ev, &out);
	struct slice text = arena_copy(&stream.arena, strbuf_slice(&out));
	strbuf_free(&out);
	return text.ptr;
}

static void captures_and_aliases(void **state)
{
	(void)state;
	capture_add(&px, false, "host", 5);
	capture_add(&px, false, "X", 10);
	capture_add(&px, false, NULL, 3);
	px.capture_cookie = "a";
	px.capture_cookie_len = 6;
	request("GET http://abc/d?e HTTP/1.1\r\nHost: abc\r\nX: 1\r\nX: a|b{}\"#\t\xe9!\r\nCookie: b=1; abc=5555; a=2\r\n\r\n");
	capture_head(&stream, false);
	assert_string_equal(log_of("%hr %hs %{+Q}hr"), "{abc|a#7Cb#7B#7D#22#23#09#E9!|} \"{abc|a#7Cb#7B#7D#22#23#09#E9!|}\"");
	assert_string_equal(log_of("%hrl %hsl"), "abc a#7Cb#7B#7D#22#23#09#E9! - ");
	assert_string_equal(log_of("%{+Q}hrl"), "\"abc\" \"a#7Cb#7B#7D#22#23#09#E9!\" \"\"");
	assert_string_equal(log_of("%CC %CS %{+Q}CS"), "abc=55 - \"\"");
	assert_gives("capture.req.hdr(0)", PHASE_LOG, "abc");
	assert_gives("capture.req.hdr(2)", PHASE_LOG, NULL);
	assert_true(capture_put(&stream, false, 2, SLICE("ruled")));
	assert_gives("capture.req.hdr(2)", PHASE_LOG, "rul");
	assert_false(capture_put(&stream, false, 3, SLICE("ruled")));
	assert_gives("capture.req.hdr(3)", PHASE_LOG, NULL);
	assert_string_equal(log_of("%HM %HU %HP %HPO %HQ %HV|%r"), "GET http://abc/d?e http://abc/d /d ?e HTTP/1.1|GET http://abc/d?e HTTP/1.1");
	capture_add(&px, true, "set-cookie", 10);
	answer("HTTP/1.1 200 OK\r\nSet-Cookie: b=1\r\nSet-Cookie: a=1; Path=/\r\n\r\n");
	capture_head(&stream, true);
	assert_string_equal(log_of("%hs %CS %ST"), "{a=1; Path=} a=1 200");
	assert_gives("capture.res.hdr(0)", PHASE_BE_RES_HTTP, "a=1; Path=");
	request("GET /\"x\\]?%23 HTTP/1.0\r\n\r\n");
	assert_string_equal(log_of("%{+Q}r %{+E}HU %hr %hs %ST"), "\"GET /#22x\\]?%23 HTTP/1.0\" /#22x\\\\\\]?%23 {||} {} -1");
	assert_string_equal(log_of("a %HQ b"), "a ?%23 b");
	txn.req_parsed = false;
	assert_string_equal(log_of("%{+Q}r %HM %HU %HV %hr %hs %ST %CC"), "\"<BADREQ>\" <BADREQ> <BADREQ> <BADREQ> 400 -");
}

static void refused(void **state)
{
	static const struct wanted cases[] = {
		{ "query(x)", "not with_qm" }, { "urlp(a,ab)", "one character" }, { "urlp(a,?,x)", "not 'i'" }, { "req.body_param(a,x)", "not 'i'" },
		{ "capture.req.hdr(-1)", "from 0" }, { "hdr(x,y)", "not an integer" }, { "capture.req.hdr", "is missing" },
		{ "http_auth", "is missing" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		strbuf_clear(&err);
		assert_null(expr_compile(cases[i].word, PHASE_FE_REQ_HTTP, NULL, &err));
		if (!strstr(err.ptr, cases[i].text))
			fail_msg("%s: '%s' does not speak of '%s'", cases[i].word, err.ptr, cases[i].text);
	}
	assert_null(expr_compile("req.hdr(x)", PHASE_LOG, NULL, &err));
	assert_null(expr_compile("status", PHASE_FE_REQ_HTTP, NULL, &err));
}

static void times_of_an_exchange(void **state)
{
	(void)state;
	request("GET / HTTP/1.1\r\nHost: e\r\n\r\n");
	session.requests = 0;
	session.handshake_us = 5000;
	session.since_us = clock_now_us - 100000;
	assert_string_equal(log_of("%Th %Ti %TR %Tq %Tw %Tc %Tr %Td %Ta %Tt %Tu"), "5 -1 -1 -1 -1 -1 -1 -1 95 100 100");
	assert_string_equal(log_of("%tr %trg %trl"), log_of("%t %T %Tl"));
	stream.request_us = clock_now_us - 75000;
	assert_string_not_equal(log_of("%tr"), log_of("%t"));
	assert_string_equal(log_of("%Th %Ti %TR %Tq %Tw %Tc %Tr %Td %Ta %Tt %Tu"), "5 20 -1 -1 -1 -1 -1 -1 75 100 80");
	stream.head_us = clock_now_us - 65000;
	stream.connect_us = clock_now_us - 60000;
	stream.connected_us = clock_now_us - 57000;
	assert_string_equal(log_of("%Th %Ti %TR %Tq %Tw %Tc %Tr %Td %Ta %Tt %Tu"), "5 20 10 35 5 3 -1 -1 75 100 80");
	stream.response_us = clock_now_us - 17000;
	assert_string_equal(log_of("%Th %Ti %TR %Tq %Tw %Tc %Tr %Td %Ta %Tt %Tu"), "5 20 10 35 5 3 40 17 75 100 80");
	px.set.logasap = true;
	assert_string_equal(log_of("%Tr %Ta %Tt %Tu"), "40 +75 +100 +80");
	px.set.logasap = false;
	session.requests = 1; /* a later one knows no handshake */
	assert_string_equal(log_of("%Th %Ti %TR %Tq %Ta %Tt %Tu"), "0 25 10 35 75 100 75");
	assert_gives("req.timer.idle", PHASE_FE_REQ_HTTP, "25");
	assert_gives("req.timer.tq", PHASE_FE_REQ_HTTP, "35");
	assert_gives("txn.timer.total", PHASE_LOG, "75");
	assert_gives("res.timer.hdr", PHASE_BE_RES_HTTP, "40");
	assert_gives("res.timer.data", PHASE_LOG, "17");
	assert_gives("req.timer.hdr", PHASE_FE_REQ_HTTP, "10");
	assert_gives("req.timer.queue", PHASE_LOG, "5");
	assert_gives("bc.timer.connect", PHASE_LOG, "3");
	assert_gives("fc.timer.handshake", PHASE_LOG, "0");
	assert_gives("txn.timer.user", PHASE_LOG, "75");
	assert_gives("fc.timer.total", PHASE_LOG, "100");
	assert_gives("http_first_req", PHASE_LOG, "0");
	session.requests = 0;
	session.handshake_us = 0;
	stream.request_us = stream.head_us = stream.connect_us = stream.connected_us = stream.response_us = 0;
}

int http_fetch_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_plain_request, give_back),
		cmocka_unit_test_teardown(other_forms_of_targets, give_back),
		cmocka_unit_test_teardown(numbers_in_fields, give_back),
		cmocka_unit_test_teardown(addresses_in_fields, give_back),
		cmocka_unit_test_teardown(credentials, give_back),
		cmocka_unit_test_teardown(userlists, give_back),
		cmocka_unit_test_teardown(conditions_see_every_value, give_back),
		cmocka_unit_test_teardown(bodies, give_back),
		cmocka_unit_test_teardown(an_answer, give_back),
		cmocka_unit_test_teardown(what_has_left_has_no_value, give_back),
		cmocka_unit_test_teardown(tcp_content_is_read_when_asked, give_back),
		cmocka_unit_test_teardown(captures_and_aliases, give_back),
		cmocka_unit_test_teardown(refused, give_back),
		cmocka_unit_test_teardown(times_of_an_exchange, give_back),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
