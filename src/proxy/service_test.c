/* SPDX-License-Identifier: Apache-2.0
 *
 * Services that take the bodies of requests: the head stays in sight while the body flows through its buffer, in pieces, without
 * its framing; what they leave; chunks of answers. The rest, through the whole program: reg-tests/lua/services.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/assert.h"
#include "proxy/http.h"
#include "proxy/service.h"

static struct session session;
static struct stream stream;
static struct http_txn txn;

static void request(const char *text)
{
	struct http1_fault fault;
	size_t tried = 0;

	memset(&txn, 0, sizeof(txn));
	stream = (struct stream){ .magic = STREAM_MAGIC, .session = &session, .http = &txn };
	stream.req.buf = buf_get_small();
	buf_append(stream.req.buf, text, strlen(text));
	http_head_init(&txn.req, txn.req_fields, COUNT_OF(txn.req_fields));
	assert_int_equal(http_look_for_head(buf_slice(stream.req.buf), false, &txn.req, &txn.req_len, &tried, &fault), HTTP_HEAD_WHOLE);
	http1_body_init(&txn.req_body, &txn.req, txn.req.method);
	txn.req_parsed = txn.req_valid = true;
	assert_true(service_open_body(&stream));
}

/* The client's next bytes, as a connection gives them. */
static const char *next;

static enum io give(struct conn *c, void *bytes, size_t n, size_t *got)
{
	*got = strlen(next);
	assert_true(*got <= n);
	memcpy(bytes, next, *got);
	c->can_read = false;
	return IO_DONE;
}

static const struct transport transport = { .keyword = "test", .recv = give };

static void comes(const char *text)
{
	next = text;
	session.client.transport = &transport;
	session.client.can_read = true;
	stream.req.from = &session.client;
	assert_int_equal(pump_fill(&stream.req), PUMP_WAIT);
}

static int end(void **state)
{
	(void)state;
	pump_release(&stream.req);
	pump_release(&stream.res);
	arena_free(&stream.arena);
	return 0;
}

static void is(struct slice s, const char *text)
{
	assert_int_equal(s.len, strlen(text));
	assert_memory_equal(s.ptr, text, s.len);
}

static void head_stays(void **state)
{
	(void)state;
	request("POST /path?x=1 HTTP/1.1\r\nHost: example\r\nX-A: b\r\nContent-Length: 10\r\n\r\n01234");
	is(service_input(&stream), "01234");
	service_consume(&stream, 5);
	comes("XXXXX");
	is(service_input(&stream), "XXXXX");
	memset(stream.req.buf->data, '!', stream.req.buf->cap);
	is(txn.req.target, "/path?x=1");
	is(txn.req.method_text, "POST");
	is(txn.req.fields[0].value, "example");
	is(txn.req.fields[1].name, "X-A");
	assert_true(txn.req_valid);
	service_consume(&stream, 5);
	assert_true(service_input_ended(&stream));
	assert_null(stream.req.buf);
}

static void chunks_are_taken_out(void **state)
{
	(void)state;
	request("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\nde");
	is(service_input(&stream), "abcde");
	service_consume(&stream, 4);
	comes("fg\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
	is(service_input(&stream), "efg");
	assert_false(service_input_ended(&stream));
	service_consume(&stream, 3);
	assert_true(service_input_ended(&stream));
	is(buf_slice(stream.req.buf), "GET / HTTP/1.1\r\n");
}

static void the_rest_goes(void **state)
{
	(void)state;
	request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n01234GET /");
	service_consume(&stream, 2);
	service_leave_body(&stream);
	assert_false(txn.client_close);
	is(buf_slice(stream.req.buf), "GET /");
}

static void a_part_that_is_missing_closes(void **state)
{
	(void)state;
	request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n01234");
	service_leave_body(&stream);
	assert_true(txn.client_close);
	assert_null(stream.req.buf);
}

static void no_body_is_an_end(void **state)
{
	(void)state;
	request("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /next");
	is(service_input(&stream), "");
	assert_true(service_input_ended(&stream));
	service_leave_body(&stream);
	assert_false(txn.client_close);
	is(buf_slice(stream.req.buf), "GET /next");
}

static void answers_have_chunks(void **state)
{
	(void)state;
	request("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	txn.served_chunks = true;
	assert_true(service_write(&stream, SLICE("abc")));
	assert_true(service_write(&stream, SLICE("0123456789abc")));
	service_frame(&stream, false);
	is(buf_slice(stream.res.buf), "10\r\nabc0123456789abc\r\n");
	buf_put(&stream.res.buf);
	service_frame(&stream, true);
	is(buf_slice(stream.res.buf), "0\r\n\r\n");
}

int service_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(head_stays, end),
		cmocka_unit_test_teardown(chunks_are_taken_out, end),
		cmocka_unit_test_teardown(the_rest_goes, end),
		cmocka_unit_test_teardown(a_part_that_is_missing_closes, end),
		cmocka_unit_test_teardown(no_body_is_an_end, end),
		cmocka_unit_test_teardown(answers_have_chunks, end),
	};

	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
