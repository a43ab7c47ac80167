/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.x heads: each way of being wrong with the offset of the offence, what right ones say, and both at every cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/assert.h"
#include "base/strbuf.h"
#include "wire/http1.h"

#define GET "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define OK_200 "HTTP/1.1 200 OK\r\n"

static struct http_field fields[HTTP_FIELDS_MAX];
static struct http_head h;
static struct http1_fault fault;

static bool parse(struct slice s, bool response)
{
	return http1_read_head(s.ptr, s.len, response, &h, &fault) == (ssize_t)s.len;
}

/* Parses a head in memory of its own, so that a byte read too many is seen; the slices of h are gone afterwards. */
static bool parse_apart(struct slice s, bool response, enum http1_reason *reason, size_t *offset)
{
	char *copy = malloc(s.len ? s.len : 1);

	assert_non_null(copy);
	memcpy(copy, s.ptr, s.len);
	bool good = parse(slice_make(copy, s.len), response);
	free(copy);
	*reason = fault.reason;
	*offset = fault.offset;
	return good;
}

/* Whole at its end only, and judged alike when it comes in pieces. */
static void check_cuts(struct slice s, bool response, bool good)
{
	enum http1_reason reason;
	size_t offset;

	assert_int_equal(parse_apart(s, response, &reason, &offset), good);
	for (size_t len = 0; len <= s.len; len++) {
		char *copy = malloc(len ? len : 1);

		assert_non_null(copy);
		memcpy(copy, s.ptr, len);
		ssize_t got = http1_read_head(copy, len, response, &h, &fault);
		if (got > 0) {
			assert_true(good && got == (ssize_t)s.len && len == s.len);
		} else if (got < 0) {
			assert_false(good);
			assert_int_equal(fault.reason, reason);
			assert_int_equal(fault.offset, offset);
		} else {
			assert_true(len < s.len);
			/* What no later byte can mend is refused at once, not at the end of its line. */
			bool byte = reason == HTTP1_CONTROL || reason == HTTP1_BARE_LF;
			assert_true(good || !byte || len <= offset + 1 + (reason == HTTP1_CONTROL));
		}
		free(copy);
	}
}

struct row {
	bool response;
	struct slice head;
	enum http1_reason reason;
	size_t offset;
};
#define Q(head, reason, offset) { false, SLICE(head "\r\n\r\n"), HTTP1_##reason, offset }
#define A(head, reason, offset) { true, SLICE(head "\r\n\r\n"), HTTP1_##reason, offset }
static const struct row wrong[] = {
	/* Start lines. */
	Q("", METHOD, 0),
	Q("GET", METHOD, 3),
	Q(" GET / HTTP/1.1", METHOD, 0),
	Q("G(T / HTTP/1.1", METHOD, 1),
	Q("GET\t/ HTTP/1.1", METHOD, 3),
	Q("G\xc3\xa9T / HTTP/1.1", METHOD, 1),
	Q("GET /", START_LINE, 5),
	Q("GET ", TARGET, 4),
	Q("GET  / HTTP/1.1", TARGET, 4),
	Q("GET /  HTTP/1.1", START_LINE, 6),
	Q("GET / HTTP/1.1 ", START_LINE, 14),
	Q("GET / HTTP/1.1x", START_LINE, 14),
	Q("GET / HTTP/1.11", START_LINE, 14),
	Q("GET / http/1.1", START_LINE, 6),
	Q("GET / HTTP/1", START_LINE, 12),
	Q("GET / HTTP/1,1", START_LINE, 12),
	Q("GET / HTTP/x.1", START_LINE, 11),
	Q("GET / HTTP/2.0", VERSION, 11),
	Q("GET / HTTP/0.9", VERSION, 11),
	Q("GET / HTTP/3.1", VERSION, 11),
	Q("PRI * HTTP/2.0", TARGET, 4),
	/* Targets. */
	Q("GET a HTTP/1.1", TARGET, 4),
	Q("GET * HTTP/1.1", TARGET, 4),
	Q("OPTIONS ** HTTP/1.1", TARGET, 8),
	Q("GET a:80 HTTP/1.1", TARGET, 4),
	Q("GET /a#b HTTP/1.1", TARGET, 6),
	Q("GET /1234567#b HTTP/1.1", TARGET, 12),
	Q("GET /a\xc3\xa9 HTTP/1.1", TARGET, 6),
	Q("GET http:// HTTP/1.1", TARGET, 4),
	Q("GET http:///a HTTP/1.1", TARGET, 4),
	Q("GET http://u@a/ HTTP/1.1", TARGET, 4),
	Q("GET http://a:99999/ HTTP/1.1", TARGET, 4),
	Q("GET 1http://a/ HTTP/1.1", TARGET, 4),
	Q("GET ://a/ HTTP/1.1", TARGET, 4),
	Q("CONNECT / HTTP/1.1", TARGET, 8),
	Q("CONNECT a HTTP/1.1", TARGET, 8),
	Q("CONNECT a: HTTP/1.1", TARGET, 8),
	Q("CONNECT :80 HTTP/1.1", TARGET, 8),
	Q("CONNECT [::1] HTTP/1.1", TARGET, 8),
	/* Control bytes, CR and LF where they may not stand. */
	Q("G\0T / HTTP/1.1", CONTROL, 1),
	Q("GET /\0 HTTP/1.1", CONTROL, 5),
	Q("GET /\x7f HTTP/1.1", CONTROL, 5),
	Q("GET /\r HTTP/1.1", CONTROL, 5),
	Q("GET / HTTP/1.1\r\r\n" HOST, CONTROL, 14),
	Q("GET / HTTP/1.1\n" HOST, BARE_LF, 14),
	Q("GET /\nHost: a", BARE_LF, 5),
	Q("GET\n", BARE_LF, 3),
	Q(GET HOST "A: b\nC: d", BARE_LF, 29),
	Q(GET HOST "A: b\rC: d", CONTROL, 29),
	Q(GET HOST "A: b\r\r\nC: d", CONTROL, 29),
	Q(GET HOST "A: b\0C: d", CONTROL, 29),
	Q(GET HOST "A: 12345678\x01", CONTROL, 36),
	Q(GET HOST "A: 12345678\x7f", CONTROL, 36),
	Q(GET HOST "A: 1\t345678\x1f", CONTROL, 36),
	Q(GET HOST "A\0: b", CONTROL, 26),
	Q(GET HOST "A\r: b", CONTROL, 26),
	Q(GET HOST "A\n: b", BARE_LF, 26),
	Q(GET HOST "\r: b", CONTROL, 25),
	/* Field lines. */
	Q(GET " " HOST, OBS_FOLD, 16),
	Q(GET HOST " b", OBS_FOLD, 25),
	Q(GET HOST "A: b\r\n c", OBS_FOLD, 31),
	Q(GET HOST "A: b\r\n\tc", OBS_FOLD, 31),
	Q(GET HOST "A: b\r\n ", OBS_FOLD, 31),
	Q(GET HOST "A : b", FIELD_NAME, 26),
	Q(GET HOST "A\t: b", FIELD_NAME, 26),
	Q(GET HOST ": b", FIELD_NAME, 25),
	Q(GET HOST "A", FIELD_NAME, 26),
	Q(GET HOST "A(: b", FIELD_NAME, 26),
	Q(GET HOST "\xc3\xa9: b", FIELD_NAME, 25),
	/* Lengths and codings. */
	Q(GET HOST "Content-Length:", LENGTH, 40),
	Q(GET HOST "Content-Length: +5", LENGTH, 41),
	Q(GET HOST "Content-Length: -5", LENGTH, 41),
	Q(GET HOST "Content-Length: 0x5", LENGTH, 41),
	Q(GET HOST "Content-Length: 5 5", LENGTH, 41),
	Q(GET HOST "Content-Length: 5,", LENGTH, 41),
	Q(GET HOST "Content-Length: ,5", LENGTH, 41),
	Q(GET HOST "Content-Length: 18446744073709551616", LENGTH, 41),
	Q(GET HOST "Content-Length: 5, 6", LENGTH_TWICE, 41),
	Q(GET HOST "Content-Length: 5\r\nContent-Length: 6", LENGTH_TWICE, 60),
	Q(GET HOST "Content-Length: 5\r\ncontent-length: x", LENGTH, 60),
	Q(GET HOST "Transfer-Encoding:", CODING, 43),
	Q(GET HOST "Transfer-Encoding: gzip", CODING, 44),
	Q(GET HOST "Transfer-Encoding: gzip, chunked", CODING, 44),
	Q(GET HOST "Transfer-Encoding: chunked, gzip", CODING, 44),
	Q(GET HOST "Transfer-Encoding: chunked, chunked", CODING, 44),
	Q(GET HOST "Transfer-Encoding: chunked;q=1", CODING, 44),
	Q(GET HOST "Transfer-Encoding: \"chunked\"", CODING, 44),
	Q(GET HOST "Transfer-Encoding: xchunked", CODING, 44),
	Q(GET HOST "Transfer-Encoding: identity", CODING, 44),
	Q(GET HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", CODING, 72),
	Q(GET HOST "Transfer-Encoding: chunked\r\nContent-Length: 5", CODING_LENGTH, 72),
	Q(GET HOST "Content-Length: 5\r\nTransfer-Encoding: chunked", CODING_LENGTH, 72),
	Q("GET / HTTP/1.0\r\nTransfer-Encoding: chunked", CODING_OLD, 44),
	/* Host. */
	Q("GET / HTTP/1.1", HOST, 16),
	Q("GET http://a/ HTTP/1.1", HOST, 24),
	Q("CONNECT a:80 HTTP/1.1", HOST, 23),
	Q(GET HOST "Host: a", HOST, 25),
	Q("GET / HTTP/1.0\r\n" HOST "host: b", HOST, 25),
	Q(GET "Host: a b", HOST, 22),
	Q(GET "Host: a, b", HOST, 22),
	Q(GET "Host: u@a", HOST, 22),
	Q(GET "Host: a/b", HOST, 22),
	Q(GET "Host: a?b", HOST, 22),
	Q(GET "Host: a\\b", HOST, 22),
	Q(GET "Host: a%4", HOST, 22),
	Q(GET "Host: a%zz", HOST, 22),
	Q(GET "Host: \xc3\xa9", HOST, 22),
	Q(GET "Host: a:b", HOST, 22),
	Q(GET "Host: a:-1", HOST, 22),
	Q(GET "Host: a:65536", HOST, 22),
	Q(GET "Host: a:80:80", HOST, 22),
	Q(GET "Host: ::1", HOST, 22),
	Q(GET "Host: [::1", HOST, 22),
	Q(GET "Host: []", HOST, 22),
	Q(GET "Host: [127.0.0.1]", HOST, 22),
	Q(GET "Host: [::1]x", HOST, 22),
	Q(GET "Host: [::1]x:80", HOST, 22),
	Q(GET "Host: [::g]", HOST, 22),
	/* Responses. */
	A("", START_LINE, 0),
	A("HTTP/1.1", START_LINE, 8),
	A("HTTP/1.1 ", STATUS, 9),
	A("HTTP/1.1  200 OK", STATUS, 9),
	A("HTTP/1.1 20 OK", STATUS, 11),
	A("HTTP/1.1 2000 OK", STATUS, 12),
	A("HTTP/1.1 200OK", STATUS, 12),
	A("HTTP/1.1 200\tOK", STATUS, 12),
	A("HTTP/1.1 099 OK", STATUS, 9),
	A("HTTP/1.1 2x0 OK", STATUS, 10),
	A("HTTP/2.0 200 OK", VERSION, 5),
	A("ICY 200 OK", START_LINE, 0),
	A("HTTP/1.1 200 O\0K", CONTROL, 14),
	A("HTTP/1.1 200 O\rK", CONTROL, 14),
	A("HTTP/1.1 200 OK\nA: b", BARE_LF, 15),
	A("SSH-2.0-OpenSSH_9.2", START_LINE, 0),
	A(OK_200 "A: b\r\n c", OBS_FOLD, 23),
	A(OK_200 "A : b", FIELD_NAME, 18),
	A(OK_200 "Content-Length: 5\r\nContent-Length: 6", LENGTH_TWICE, 52),
	A(OK_200 "Transfer-Encoding: chunked\r\nContent-Length: 5", CODING_LENGTH, 64),
	A(OK_200 "Transfer-Encoding: gzip", CODING, 36),
	A("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked", CODING_OLD, 45),
};

static void refuses(void **state)
{
	enum http1_reason reason;
	size_t offset;
	bool seen[HTTP1_REASON_COUNT] = { [HTTP1_OK] = true, [HTTP1_FIELDS] = true, [HTTP1_CHUNK] = true,
		[HTTP1_TRAILER] = true };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		const struct row *r = &wrong[i];

		if (parse_apart(r->head, r->response, &reason, &offset) || reason != r->reason || offset != r->offset)
			fail_msg("%.*s: %s at %zu instead of %s at %zu", SLICE_FMT(r->head), http1_reason_text(reason),
				offset, http1_reason_text(r->reason), r->offset);
		check_cuts(r->head, r->response, false);
		seen[reason] = true;
	}
	for (int i = 0; i < HTTP1_REASON_COUNT; i++)
		assert_true(seen[i]);
}

static void accepts(void **state)
{
	static const struct {
		bool response;
		struct slice head;
	} rows[] = {
#define GOOD_Q(head) { false, SLICE(head "\r\n\r\n") }
#define GOOD_A(head) { true, SLICE(head "\r\n\r\n") }
		GOOD_Q("GET / HTTP/1.0"),
		GOOD_Q(GET "Host:"),
		GOOD_Q(GET "Host: :80"),
		GOOD_Q(GET "Host: a.b_c~d:"),
		GOOD_Q(GET "Host: a%41:65535"),
		GOOD_Q(GET "Host: 127.0.0.1:8080"),
		GOOD_Q(GET "Host: [2001:db8::1]:8080"),
		GOOD_Q(GET "Host: [::ffff:1.2.3.4]"),
		GOOD_Q(GET "hOST:\t a \t"),
		GOOD_Q(GET HOST "A:"),
		GOOD_Q(GET HOST "A: \t"),
		GOOD_Q(GET HOST "A: b\tc \xc3\xa9\xff"),
		GOOD_Q(GET HOST "!#$%&'*+-.^_`|~09AZaz: b"),
		GOOD_Q("M-SEARCH /a%zz?b=[c]{d}|\"^`<>\\ HTTP/1.1\r\nHost: a"),
		GOOD_Q("OPTIONS * HTTP/1.1\r\nHost: a"),
		GOOD_Q("GET http://a HTTP/1.1\r\nHost: a"),
		GOOD_Q("GET HTTP+x-1.0://a:1?b HTTP/1.1\r\nHost: a:1"),
		GOOD_Q("GET http://[::1]:80/ HTTP/1.1\r\nHost: [::1]"),
		GOOD_Q("CONNECT a:80 HTTP/1.1\r\nHost: a:80"),
		GOOD_Q("CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80"),
		GOOD_A("HTTP/1.1 200"),
		GOOD_A("HTTP/1.1 200 "),
		GOOD_A("HTTP/1.0 100 Continue"),
		GOOD_A("HTTP/1.1 999 Beyond"),
		GOOD_A("HTTP/1.1 599 \tTwo words \xc3\xa9"),
		GOOD_A(OK_200 "Host: a b\r\nHost: c"),
		GOOD_A(OK_200 "Content-Length: 18446744073709551615"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!parse(rows[i].head, rows[i].response))
			fail_msg("%.*s: %s at %zu", SLICE_FMT(rows[i].head), http1_reason_text(fault.reason),
				fault.offset);
		check_cuts(rows[i].head, rows[i].response, true);
	}
}

static void request_slices(void **state)
{
	struct slice s = SLICE("POST /a?b HTTP/1.1\r\nHost: example.com\r\nx-a:  b c \r\nContent-Length: 12\r\n\r\n");

	(void)state;
	assert_true(parse(s, false));
	assert_int_equal(fault.reason, HTTP1_OK);
	assert_int_equal(h.version, 11);
	assert_int_equal(h.method, HTTP_POST);
	assert_true(slice_is(h.method_text, "POST"));
	assert_true(slice_is(h.target, "/a?b"));
	assert_int_equal(h.n, 3);
	assert_int_equal(h.fields[0].id, HTTP_FIELD_HOST);
	assert_true(slice_is(h.fields[0].value, "example.com"));
	assert_int_equal(h.fields[1].id, HTTP_FIELD_UNKNOWN);
	assert_true(slice_is(h.fields[1].name, "x-a"));
	assert_true(slice_is(h.fields[1].value, "b c"));
	assert_ptr_equal(h.fields[1].value.ptr, strstr(s.ptr, "b c"));
	assert_true(h.has_length && !h.chunked && !h.close && !h.keep_alive && !h.response);
	assert_int_equal(h.content_length, 12);
	/* What comes after 1.1 is read as 1.1. */
	assert_true(parse(SLICE("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), false));
	assert_int_equal(h.version, 11);
	assert_false(h.close);
}

static void response_slices(void **state)
{
	(void)state;
	assert_true(parse(SLICE("HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\n"), true));
	assert_int_equal(h.version, 10);
	assert_int_equal(h.status, 404);
	assert_true(slice_is(h.reason, "Not Found"));
	assert_true(h.response && h.close);
	assert_true(parse(SLICE("HTTP/1.1 204\r\n\r\n"), true));
	assert_int_equal(h.status, 204);
	assert_int_equal(h.reason.len, 0);
	assert_false(h.close);
}

/* Numbers that agree are one number, and go on as one. */
static void lengths_that_agree(void **state)
{
	(void)state;
	assert_true(parse(SLICE(GET HOST "Content-Length: 05, 5 ,005\r\nA: b\r\nContent-Length: 5\r\n\r\n"), false));
	assert_int_equal(h.content_length, 5);
	assert_int_equal(h.n, 3);
	assert_true(slice_is(h.fields[1].value, "5"));
	assert_true(slice_is(h.fields[2].name, "A"));
}

static void flags(void **state)
{
	(void)state;
	assert_true(parse(SLICE("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\nExpect: 100-continue\r\n\r\n"), false));
	assert_true(h.keep_alive && !h.close && !h.expect_continue);
	assert_true(parse(SLICE("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), false));
	assert_true(h.close && !h.upgrade);
	assert_true(parse(SLICE(GET HOST "Connection: foo, CLOSE\r\nConnection: keep-alive\r\n\r\n"), false));
	assert_true(h.close && h.keep_alive);
	assert_true(parse(SLICE(GET HOST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), false));
	assert_true(h.upgrade && !h.close);
	assert_true(parse(SLICE(GET HOST "Upgrade: websocket\r\n\r\n"), false));
	assert_false(h.upgrade);
	assert_true(parse(SLICE(GET HOST "Connection: upgrade\r\n\r\n"), false));
	assert_false(h.upgrade);
	assert_true(parse(SLICE(GET HOST "Expect: 100-Continue\r\nTransfer-Encoding: , Chunked\r\n\r\n"), false));
	assert_true(h.expect_continue && h.chunked && !h.has_length);
	assert_true(slice_is(h.fields[2].value, "Chunked"));
	assert_true(parse(SLICE(OK_200 "Expect: 100-continue\r\nConnection: close\r\n\r\n"), true));
	assert_true(!h.expect_continue && h.close);
}

static bool fits(const char *request_line, const char *host)
{
	struct strbuf text = STRBUF_EMPTY;

	strbuf_addf(&text, "%s HTTP/1.1\r\nHost: %s\r\n\r\n", request_line, host);
	bool ok = parse(strbuf_slice(&text), false);
	assert_true(ok || fault.reason == HTTP1_HOST);
	strbuf_free(&text);
	return ok;
}

/* A target with an authority and another Host are two readings of one request. */
static void host_of_the_target(void **state)
{
	(void)state;
	assert_true(fits("GET http://a/", "A") && fits("GET HTTP://A?b", "a:80") && fits("GET https://a:443", "a"));
	assert_true(fits("GET http://a:/", "a:80") && fits("GET foo://a:1/", "a:1") && fits("GET http://[::1]:80/", "[::1]"));
	assert_false(fits("GET http://a/", "b") || fits("GET http://a/", "") || fits("GET http://a:81/", "a"));
	assert_false(fits("GET https://a:80/", "a") || fits("GET ftp://a:21/", "a") || fits("GET http://[::1]/", "[::2]"));
	assert_true(fits("CONNECT a:80", "a") && fits("CONNECT a:443", "a") && fits("CONNECT a:443", "a:443"));
	assert_false(fits("CONNECT a:444", "a") || fits("CONNECT a:443", "a:80") || fits("CONNECT a:80", "b"));
	assert_true(fits("OPTIONS *", "a") && fits("GET /http://b/", "a"));
	assert_true(parse(SLICE("GET http://a/ HTTP/1.0\r\n\r\n"), false));
}

static void h2c_is_no_upgrade(void **state)
{
	(void)state;
	assert_true(parse(SLICE(GET HOST "Connection: upgrade\r\nUpgrade: a\r\nUpgrade: x, H2C\r\n\r\n"), false));
	assert_false(h.upgrade);
}

static void too_many_fields(void **state)
{
	struct slice s = SLICE(GET HOST "A: b\r\nContent-Length: 5\r\nContent-Length: 5\r\nC: d\r\n\r\n");

	(void)state;
	http_head_init(&h, fields, 4);
	assert_true(parse(s, false));
	http_head_init(&h, fields, 3);
	assert_false(parse(s, false));
	assert_int_equal(fault.reason, HTTP1_FIELDS);
	assert_int_equal(fault.offset, s.len - 8);
	check_cuts(s, false, false);
	http_head_init(&h, fields, 0);
	assert_false(parse(SLICE(GET HOST "\r\n"), false));
	assert_int_equal(fault.reason, HTTP1_FIELDS);
	http_head_init(&h, fields, HTTP_FIELDS_MAX);
}

static void not_a_whole_head(void **state)
{
	struct slice two = SLICE(GET HOST "\r\nGET");

	(void)state;
	assert_int_equal(http1_read_head(two.ptr, two.len, false, &h, &fault), two.len - 3);
	assert_int_equal(http1_read_head(two.ptr, two.len - 5, false, &h, &fault), 0);
	assert_int_equal(http1_read_head("", 0, true, &h, &fault), 0);
}

static void empty_lines(void **state)
{
	(void)state;
	assert_int_equal(http1_skip_empty("\r\n\r\n\rG", 6), 4);
	assert_int_equal(http1_skip_empty("\n", 1), 0);
	assert_int_equal(http1_skip_empty("\r", 1), 0);
	assert_int_equal(http1_skip_empty("G", 1), 0);
}

static void writes(void **state)
{
	static const char request[] = "PUT /a HTTP/1.1\r\nHost: a\r\nx-B: \r\n\r\n", old[] = "GET / HTTP/1.0\r\n\r\n";
	static const char response[] = "HTTP/1.0 200 OK\r\nA: b\r\n\r\n", bare[] = "HTTP/1.1 503 \r\n\r\n";
	char out[64];

	(void)state;
	assert_true(parse(slice_make(old, sizeof(old) - 1), false));
	assert_int_equal(http1_write_head(&h, out, sizeof(out)), sizeof(old) - 1);
	assert_memory_equal(out, old, sizeof(old) - 1);
	assert_true(parse(SLICE("PUT /a HTTP/1.1\r\nHost:a \r\nx-B:\r\n\r\n"), false));
	assert_int_equal(http1_write_head(&h, out, sizeof(out)), sizeof(request) - 1);
	assert_memory_equal(out, request, sizeof(request) - 1);
	for (size_t cap = 0; cap < sizeof(request) - 1; cap++)
		assert_int_equal(http1_write_head(&h, out, cap), 0);
	assert_int_equal(http1_write_head(&h, out, sizeof(request) - 1), sizeof(request) - 1);
	assert_true(parse(slice_make(response, sizeof(response) - 1), true));
	assert_int_equal(http1_write_head(&h, out, sizeof(out)), sizeof(response) - 1);
	assert_memory_equal(out, response, sizeof(response) - 1);
	for (size_t cap = 0; cap < sizeof(response) - 1; cap++)
		assert_int_equal(http1_write_head(&h, out, cap), 0);
	assert_true(parse(SLICE("HTTP/1.1 503\r\n\r\n"), true));
	h.version = 20;
	assert_int_equal(http1_write_head(&h, out, sizeof(out)), sizeof(bare) - 1);
	assert_memory_equal(out, bare, sizeof(bare) - 1);
}

static void reasons(void **state)
{
	(void)state;
	assert_string_equal(http1_reason_text(HTTP1_CHUNK), "a malformed chunk");
	assert_int_equal(http1_reason_status(HTTP1_VERSION), 505);
	assert_int_equal(http1_reason_status(HTTP1_FIELDS), 431);
	assert_string_equal(http1_reason_text(HTTP1_REASON_COUNT), "?");
	assert_int_equal(http1_reason_status(HTTP1_REASON_COUNT), 400);
}

static int setup(void **state)
{
	(void)state;
	http_head_init(&h, fields, HTTP_FIELDS_MAX);
	return 0;
}

int http1_parse_test(void);
int http1_parse_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses), cmocka_unit_test(accepts), cmocka_unit_test(request_slices),
		cmocka_unit_test(response_slices), cmocka_unit_test(lengths_that_agree), cmocka_unit_test(flags),
		cmocka_unit_test(host_of_the_target), cmocka_unit_test(h2c_is_no_upgrade),
		cmocka_unit_test(too_many_fields), cmocka_unit_test(not_a_whole_head), cmocka_unit_test(empty_lines), cmocka_unit_test(writes), cmocka_unit_test(reasons),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
