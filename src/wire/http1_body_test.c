/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies: which framing follows from a head, and chunked ones, right and wrong, whole and at every cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/assert.h"
#include "wire/http1.h"

static void framing(void **state)
{
	static const struct {
		bool response;
		unsigned status;
		enum http_method to;
		bool has_length, chunked;
		uint64_t length;
		enum http1_body_kind kind;
		bool ended;
	} rows[] = {
		{ false, 0, HTTP_GET, false, false, 0, HTTP1_BODY_NONE, true },
		{ false, 0, HTTP_POST, true, false, 0, HTTP1_BODY_LENGTH, true },
		{ false, 0, HTTP_POST, true, false, 5, HTTP1_BODY_LENGTH, false },
		{ false, 0, HTTP_GET, false, true, 0, HTTP1_BODY_CHUNKED, false },
		{ true, 200, HTTP_GET, false, false, 0, HTTP1_BODY_CLOSE, false },
		{ true, 200, HTTP_GET, true, false, 5, HTTP1_BODY_LENGTH, false },
		{ true, 200, HTTP_GET, false, true, 0, HTTP1_BODY_CHUNKED, false },
		{ true, 200, HTTP_HEAD, true, false, 5, HTTP1_BODY_NONE, true },
		{ true, 404, HTTP_HEAD, false, true, 0, HTTP1_BODY_NONE, true },
		{ true, 100, HTTP_GET, true, false, 5, HTTP1_BODY_NONE, true },
		{ true, 101, HTTP_GET, false, false, 0, HTTP1_BODY_NONE, true },
		{ true, 204, HTTP_GET, false, true, 0, HTTP1_BODY_NONE, true },
		{ true, 304, HTTP_GET, true, false, 5, HTTP1_BODY_NONE, true },
		{ true, 200, HTTP_CONNECT, true, false, 5, HTTP1_BODY_NONE, true },
		{ true, 407, HTTP_CONNECT, true, false, 5, HTTP1_BODY_LENGTH, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_head h = { .response = rows[i].response, .status = (uint16_t)rows[i].status,
			.chunked = rows[i].chunked, .has_length = rows[i].has_length, .content_length = rows[i].length };
		struct http1_body b;

		http1_body_init(&b, &h, rows[i].to);
		assert_int_equal(b.kind, rows[i].kind);
		assert_int_equal(b.ended, rows[i].ended);
	}
}

static void freshness(void **state)
{
	struct http_head h = { .chunked = true };
	struct http1_body b;

	(void)state;
	http1_body_init(&b, &h, HTTP_POST);
	assert_true(http1_body_is_fresh(&b, &h));
	http1_body_scan(&b, "", 0);
	assert_true(http1_body_is_fresh(&b, &h));
	http1_body_scan(&b, "1", 1);
	assert_false(http1_body_is_fresh(&b, &h) || http1_body_is_broken(&b));
	http1_body_scan(&b, "x", 1);
	assert_true(http1_body_is_broken(&b));
	h = (struct http_head){ .has_length = true, .content_length = 2 };
	http1_body_init(&b, &h, HTTP_POST);
	assert_true(http1_body_is_fresh(&b, &h));
	http1_body_scan(&b, "x", 1);
	assert_false(http1_body_is_fresh(&b, &h));
	h.has_length = false;
	http1_body_init(&b, &h, HTTP_POST);
	assert_false(http1_body_is_fresh(&b, &h) || http1_body_is_broken(&b));
}

static struct http1_body begin(bool chunked, bool has_length, uint64_t length)
{
	struct http_head h = { .response = true, .status = 200, .chunked = chunked, .has_length = has_length,
		.content_length = length };
	struct http1_body b;

	http1_body_init(&b, &h, HTTP_GET);
	return b;
}

static void by_length(void **state)
{
	struct http1_body b = begin(false, true, 10);
	size_t used;
	char bytes[8] = "abc";

	(void)state;
	assert_int_equal(http1_body_scan(&b, "abcd", 4), 4);
	assert_int_equal(http1_body_unchunk(&b, bytes, 3, &used), 3);
	assert_int_equal(used, 3);
	assert_memory_equal(bytes, "abc", 3);
	assert_false(b.ended);
	assert_int_equal(http1_body_scan(&b, "abcde", 5), 3);
	assert_true(b.ended);
	assert_int_equal(http1_body_scan(&b, "abcde", 5), 0);
	b = begin(false, false, 0);
	assert_int_equal(http1_body_scan(&b, "abcde", 5), 5);
	assert_false(b.ended);
}

/* Feeds the bytes in two pieces (scan) and byte by byte (unchunk), each piece in memory of its own. */
static ssize_t feed(struct http1_body *b, struct slice s, char *data, size_t *data_len)
{
	char *copy = malloc(s.len ? s.len : 1);
	size_t used = 0;
	ssize_t got;

	assert_non_null(copy);
	memcpy(copy, s.ptr, s.len);
	if (!data) {
		got = http1_body_scan(b, copy, s.len);
	} else {
		got = http1_body_unchunk(b, copy, s.len, &used);
		if (got >= 0) {
			memcpy(data + *data_len, copy, (size_t)got);
			*data_len += (size_t)got;
			got = (ssize_t)used;
		}
	}
	free(copy);
	return got;
}

static void check_right(struct slice s, struct slice want)
{
	char data[512];

	for (size_t cut = 0; cut <= s.len; cut++) {
		for (int unchunk = 0; unchunk < 2; unchunk++) {
			struct http1_body b = begin(true, false, 0);
			size_t data_len = 0;

			assert_int_equal(feed(&b, slice_make(s.ptr, cut), unchunk ? data : NULL, &data_len), cut);
			assert_int_equal(b.ended, cut == s.len);
			struct slice rest = slice_make(s.ptr + cut, s.len - cut);
			assert_int_equal(feed(&b, rest, unchunk ? data : NULL, &data_len), rest.len);
			assert_true(b.ended);
			assert_int_equal(feed(&b, SLICE("5\r\n"), unchunk ? data : NULL, &data_len), 0);
			if (unchunk)
				assert_true(slice_eq(slice_make(data, data_len), want));
		}
	}
	struct http1_body b = begin(true, false, 0);
	char *copy = slice_dup(s);
	size_t counted;
	assert_non_null(copy);
	assert_int_equal(http1_body_measure(&b, copy, s.len, &counted), s.len);
	assert_int_equal(counted, want.len);
	free(copy);
	/* What follows belongs to the next message. */
	b = begin(true, false, 0);
	char *longer = malloc(s.len + 3);
	assert_non_null(longer);
	memcpy(longer, s.ptr, s.len);
	memcpy(longer + s.len, "GET", 3);
	assert_int_equal(http1_body_scan(&b, longer, s.len + 3), s.len);
	assert_true(b.ended);
	free(longer);
}

static void chunks(void **state)
{
	(void)state;
	check_right(SLICE("0\r\n\r\n"), SLICE(""));
	check_right(SLICE("0000000000000000\r\n\r\n"), SLICE(""));
	check_right(SLICE("5\r\nhello\r\n0\r\n\r\n"), SLICE("hello"));
	check_right(SLICE("1\r\nh\r\n4;a=b; c=\"d;\\\" \xc3\xa9\"\r\nello\r\n00;x\r\n\r\n"), SLICE("hello"));
	check_right(SLICE("a\r\n0123456789\r\nC \t;a\r\n\r\n0\r\n\r\n0\r\n\r\n\r\n00\r\n\r\n"),
		SLICE("0123456789\r\n0\r\n\r\n0\r\n\r\n"));
	check_right(SLICE("1;\r\nx\r\n0\r\nA: b\r\nGrpc-Status:\t0 \r\n\r\n"), SLICE("x"));
	check_right(SLICE("0\r\nHost-Of-It: x\r\nHos: y\r\nContent-Lengt:\r\n\r\n"), SLICE(""));
}

static void wrong_chunks(void **state)
{
	static const struct {
		struct slice bytes;
		enum http1_reason reason;
		size_t offset;
	} rows[] = {
		{ SLICE("\r\n"), HTTP1_CHUNK, 0 },
		{ SLICE("g\r\n"), HTTP1_CHUNK, 0 },
		{ SLICE(" 5\r\n"), HTTP1_CHUNK, 0 },
		{ SLICE("+5\r\n"), HTTP1_CHUNK, 0 },
		{ SLICE("-1\r\n"), HTTP1_CHUNK, 0 },
		{ SLICE("0x5\r\n"), HTTP1_CHUNK, 1 },
		{ SLICE(";a\r\n"), HTTP1_CHUNK, 0 },
		{ SLICE("5 \r\n"), HTTP1_CHUNK, 2 },
		{ SLICE("5 5\r\n"), HTTP1_CHUNK, 2 },
		{ SLICE("5\n"), HTTP1_CHUNK, 1 },
		{ SLICE("5\rx"), HTTP1_CHUNK, 2 },
		{ SLICE("5\0\r\n"), HTTP1_CHUNK, 1 },
		{ SLICE("5;a\n"), HTTP1_CHUNK, 3 },
		{ SLICE("5;a\0\r\n"), HTTP1_CHUNK, 3 },
		{ SLICE("5;a\r\r\n"), HTTP1_CHUNK, 4 },
		{ SLICE("00000000000000005\r\n"), HTTP1_CHUNK, 16 },
		{ SLICE("fffffffffffffffff\r\n"), HTTP1_CHUNK, 16 },
		{ SLICE("1\r\nxx\r\n"), HTTP1_CHUNK, 4 },
		{ SLICE("1\r\nx\n0\r\n"), HTTP1_CHUNK, 4 },
		{ SLICE("1\r\nx\r0\r\n"), HTTP1_CHUNK, 5 },
		{ SLICE("1\r\nx0\r\n\r\n"), HTTP1_CHUNK, 4 },
		{ SLICE("0\r\n\n"), HTTP1_TRAILER, 3 },
		{ SLICE("0\r\n\rx"), HTTP1_TRAILER, 4 },
		{ SLICE("0\r\n: b\r\n\r\n"), HTTP1_TRAILER, 3 },
		{ SLICE("0\r\n b\r\n\r\n"), HTTP1_TRAILER, 3 },
		{ SLICE("0\r\nA : b\r\n\r\n"), HTTP1_TRAILER, 4 },
		{ SLICE("0\r\nA\r\n\r\n"), HTTP1_TRAILER, 4 },
		{ SLICE("0\r\nA: b\n\r\n"), HTTP1_TRAILER, 7 },
		{ SLICE("0\r\nA: b\rc\r\n"), HTTP1_TRAILER, 8 },
		{ SLICE("0\r\nA: \0\r\n\r\n"), HTTP1_TRAILER, 6 },
		{ SLICE("0\r\nA: b\r\n c\r\n\r\n"), HTTP1_TRAILER, 9 },
		{ SLICE("0\r\nGET / HTTP/1.1\r\n\r\n"), HTTP1_TRAILER, 6 },
		{ SLICE("0\r\nHost: a\r\n\r\n"), HTTP1_TRAILER, 7 },
		{ SLICE("0\r\ncontent-LENGTH: 5\r\n\r\n"), HTTP1_TRAILER, 17 },
		{ SLICE("0\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"), HTTP1_TRAILER, 26 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t cut = 0; cut <= rows[i].bytes.len; cut++) {
			struct http1_body b = begin(true, false, 0);
			ssize_t got = feed(&b, slice_make(rows[i].bytes.ptr, cut), NULL, NULL);
			size_t before = 0;

			assert_false(b.ended);
			if (got >= 0) {
				assert_int_equal(got, cut);
				before = cut;
				got = feed(&b, slice_from(rows[i].bytes, cut), NULL, NULL);
			}
			assert_int_equal(got, -1);
			assert_int_equal(b.fault.reason, rows[i].reason);
			assert_int_equal(before + b.fault.offset, rows[i].offset);
			assert_int_equal(feed(&b, SLICE("0\r\n\r\n"), NULL, NULL), -1);
			assert_false(b.ended);
		}
		struct http1_body b = begin(true, false, 0);
		char copy[64];
		size_t used = 99;
		memcpy(copy, rows[i].bytes.ptr, rows[i].bytes.len);
		assert_int_equal(http1_body_unchunk(&b, copy, rows[i].bytes.len, &used), -1);
		assert_int_equal(used, rows[i].offset);
	}
}

static bool may_trail(const char *name)
{
	struct http1_body b = begin(true, false, 0);
	char line[128];
	int len = snprintf(line, sizeof(line), "0\r\nA: b\r\n%s: x\r\n\r\n", name);
	bool good = http1_body_scan(&b, line, (size_t)len) == len;

	assert_true(good ? b.ended : b.fault.reason == HTTP1_TRAILER);
	return good;
}

/* What frames, routes or identifies, in any case; nothing that only resembles it. */
static void forbidden_trailers(void **state)
{
	static const char *const names[] = { "Content-Length", "TRANSFER-ENCODING", "host", "Connection", "TE", "Upgrade",
		"Expect", "Authorization", "Cookie", "set-COOKIE", "X-Forwarded-For", "X-Real-IP", "Content-Encoding",
		"Range", "Cache-Control", "if-match", "IF-RANGE" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_false(may_trail(names[i]));
	assert_true(may_trail("ETag") && may_trail("Content-Digest") && may_trail("Grpc-Status") && may_trail("Host1"));
}

static void bounds(void **state)
{
	static char bytes[HTTP1_TRAILERS_MAX + 64];
	struct http1_body b = begin(true, false, 0);

	(void)state;
	/* A size line of exactly the bound, and one byte more. */
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "0;", 2);
	memcpy(bytes + HTTP1_CHUNK_LINE_MAX - 2, "\r\n\r\n", 4);
	assert_int_equal(http1_body_scan(&b, bytes, sizeof(bytes)), HTTP1_CHUNK_LINE_MAX + 2);
	b = begin(true, false, 0);
	memcpy(bytes + HTTP1_CHUNK_LINE_MAX - 2, "x\r\n\r\n", 5);
	assert_int_equal(http1_body_scan(&b, bytes, sizeof(bytes)), -1);
	assert_int_equal(b.fault.offset, HTTP1_CHUNK_LINE_MAX);
	/* The same for the trailer section, over all its lines. */
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "0\r\nA: b\r\nC:", 11);
	memcpy(bytes + 3 + HTTP1_TRAILERS_MAX - 4, "\r\n\r\n", 4);
	b = begin(true, false, 0);
	assert_int_equal(http1_body_scan(&b, bytes, sizeof(bytes)), HTTP1_TRAILERS_MAX + 3);
	assert_true(b.ended);
	assert_int_equal(b.line, HTTP1_TRAILERS_MAX);
	memcpy(bytes + 3 + HTTP1_TRAILERS_MAX - 4, "x\r\n\r\n", 5);
	b = begin(true, false, 0);
	assert_int_equal(http1_body_scan(&b, bytes, sizeof(bytes)), -1);
	assert_int_equal(b.fault.reason, HTTP1_TRAILER);
	/* The largest chunk. */
	b = begin(true, false, 0);
	assert_int_equal(http1_body_scan(&b, "ffffffffffffffff\r\nabc", 21), 21);
	assert_true(b.left == UINT64_MAX - 3);
}

static void writes(void **state)
{
	static const uint64_t sizes[] = { 1, 15, 16, 255, 256, 65536, UINT64_MAX };
	char out[HTTP1_CHUNK_HEAD_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct http1_body b = begin(true, false, 0);
		size_t len = http1_chunk_head(sizes[i], out);

		assert_true(len <= HTTP1_CHUNK_HEAD_MAX);
		assert_int_equal(http1_body_scan(&b, out, len), len);
		assert_true(b.left == sizes[i]);
	}
	assert_int_equal(http1_chunk_head(0x1f, out), 4);
	assert_memory_equal(out, "1f\r\n", 4);
	assert_int_equal(http1_chunk_head(0, out), 3);
}

int http1_body_test(void);
int http1_body_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(framing), cmocka_unit_test(freshness), cmocka_unit_test(by_length), cmocka_unit_test(chunks),
		cmocka_unit_test(wrong_chunks), cmocka_unit_test(forbidden_trailers), cmocka_unit_test(bounds),
		cmocka_unit_test(writes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
