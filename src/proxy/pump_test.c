/* SPDX-License-Identifier: Apache-2.0
 *
 * The pump between two socket pairs: bytes, order across the change from buffer to pipe, slow
 * receivers, ends, failures, and that an idle pump holds nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "core/thread.h"
#include "proxy/pump.h"

/* source -> (a) pump (b) -> sink */
struct line {
	int source, sink;
	struct conn a, b;
	struct pump pump;
};

static void on_event(struct watch *w, uint32_t events)
{
	conn_note_events((struct conn *)w, events);
}

static int setup_line(void **state)
{
	struct line *l = calloc(1, sizeof(*l));
	int in[2], out[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, in), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, out), 0);
	l->source = in[0];
	l->sink = out[1];
	conn_open(&l->a, in[1], on_event);
	assert_true(conn_watch(&l->a));
	conn_open(&l->b, out[0], on_event);
	assert_true(conn_watch(&l->b));
	l->pump.from = &l->a;
	l->pump.to = &l->b;
	*state = l;
	return 0;
}

static int teardown_line(void **state)
{
	struct line *l = *state;

	pump_release(&l->pump);
	conn_close(&l->a, false);
	conn_close(&l->b, false);
	if (l->source >= 0)
		close(l->source);
	if (l->sink >= 0)
		close(l->sink);
	free(l);
	pump_pipes_free();
	return 0;
}

static void put(struct line *l, const char *text)
{
	assert_int_equal(write(l->source, text, strlen(text)), strlen(text));
	loop_turn(loop_self, 100);
}

static void expect(struct line *l, const char *text)
{
	char buf[64];
	ssize_t n = read(l->sink, buf, sizeof(buf));

	assert_int_equal(n, strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

static void bytes_pass_and_nothing_is_held(void **state)
{
	struct line *l = *state;
	bool moved = false;

	assert_int_equal(pump_run(&l->pump, &moved), PUMP_WAIT);
	assert_false(moved);
	assert_null(l->pump.buf);
	put(l, "hello");
	assert_int_equal(pump_run(&l->pump, &moved), PUMP_WAIT);
	assert_true(moved);
	expect(l, "hello");
	assert_null(l->pump.buf);
	assert_null(l->pump.pipe);
	assert_int_equal(l->pump.total, 5);
	assert_int_equal(l->pump.given, 5);
}

static void filled_before_the_other_side_is_there(void **state)
{
	struct line *l = *state;

	l->pump.to = NULL;
	put(l, "early");
	assert_int_equal(pump_fill(&l->pump), PUMP_WAIT);
	assert_int_equal(pump_pending(&l->pump), 5);
	l->pump.to = &l->b;
	assert_int_equal(pump_run(&l->pump, NULL), PUMP_WAIT);
	expect(l, "early");
}

static void the_end_is_passed_on_behind_the_bytes(void **state)
{
	struct line *l = *state;
	char c;

	put(l, "last");
	assert_int_equal(shutdown(l->source, SHUT_WR), 0);
	loop_turn(loop_self, 100);
	assert_int_equal(pump_run(&l->pump, NULL), PUMP_ENDED);
	expect(l, "last");
	assert_int_equal(read(l->sink, &c, 1), 0);
	assert_int_equal(pump_run(&l->pump, NULL), PUMP_ENDED);
}

static void kept_open_when_asked(void **state)
{
	struct line *l = *state;
	char c;

	l->pump.keep_open = true;
	assert_int_equal(shutdown(l->source, SHUT_WR), 0);
	loop_turn(loop_self, 100);
	assert_int_equal(pump_run(&l->pump, NULL), PUMP_ENDED);
	assert_int_equal(read(l->sink, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
}

static void a_receiver_that_is_gone_fails(void **state)
{
	struct line *l = *state;

	close(l->sink);
	l->sink = -1;
	put(l, "to nobody");
	assert_int_equal(pump_run(&l->pump, NULL), PUMP_TO_FAILED);
}

/* Position-dependent bytes, so that a swap or a gap shows. */
static unsigned char pattern(uint64_t at)
{
	return (unsigned char)((at * 2654435761u) >> 13);
}

static size_t feed(struct line *l, uint64_t *at, uint64_t total)
{
	unsigned char block[65536];
	size_t n = total - *at < sizeof(block) ? (size_t)(total - *at) : sizeof(block);

	for (size_t i = 0; i < n; i++)
		block[i] = pattern(*at + i);
	ssize_t put_now = n ? write(l->source, block, n) : 0;
	if (put_now > 0)
		*at += (uint64_t)put_now;
	return put_now > 0 ? (size_t)put_now : 0;
}

static void drain(struct line *l, uint64_t *at, size_t most)
{
	unsigned char block[65536];
	ssize_t n = read(l->sink, block, most < sizeof(block) ? most : sizeof(block));

	for (ssize_t i = 0; i < n; i++)
		assert_int_equal(block[i], pattern(*at + (uint64_t)i));
	if (n > 0)
		*at += (uint64_t)n;
}

static void long_body(struct line *l, bool want_pipe)
{
	const uint64_t total = 6u * 1024 * 1024 + 123;
	uint64_t sent = 0, got = 0;
	bool widened = false;

	for (int turn = 0; got < total && turn < 200000; turn++) {
		uint64_t given = l->pump.given;
		bool moved = false;
		feed(l, &sent, total);
		loop_turn(loop_self, 0);
		enum pump_result r = pump_run(&l->pump, &moved);
		assert_true(r == PUMP_WAIT || r == PUMP_MORE);
		/* A receiver that takes a part only is not silent. */
		assert_true(moved || l->pump.given == given);
		widened |= want_pipe ? l->pump.spliced > 0 : l->pump.buf && l->pump.buf->cap == BUF_LARGE_SIZE;
		/* A receiver of changing pace. */
		drain(l, &got, turn % 7 == 0 ? 100 : 65536);
		loop_turn(loop_self, 0);
	}
	assert_int_equal(got, total);
	assert_true(widened);
	assert_int_equal(l->pump.given, total);
	assert_int_equal(pump_run(&l->pump, NULL), PUMP_WAIT);
	assert_int_equal(pump_pending(&l->pump), 0);
}

static void a_long_body_goes_by_pipe_in_order(void **state)
{
	long_body(*state, true);
}

static void a_long_body_goes_by_large_buffer_when_it_must_not_splice(void **state)
{
	struct line *l = *state;

	l->pump.no_splice = true;
	long_body(l, false);
}

/* A pair of TCP sockets: urgent data is TCP's alone. */
static void tcp_pair(int fds[2])
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int door = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(door, (struct sockaddr *)&in, len), 0);
	assert_int_equal(listen(door, 1), 0);
	assert_int_equal(getsockname(door, (struct sockaddr *)&in, &len), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[0], (struct sockaddr *)&in, len), 0);
	fds[1] = accept4(door, NULL, NULL, SOCK_NONBLOCK);
	assert_true(fds[1] >= 0);
	close(door);
}

static void a_long_body_goes_on_behind_an_urgent_byte(void **state)
{
	struct line *l = *state;
	static const char before[20000], after[5000];
	int in[2];

	conn_close(&l->a, false);
	close(l->source);
	tcp_pair(in);
	l->source = in[0];
	conn_open(&l->a, in[1], on_event);
	assert_true(conn_watch(&l->a));
	l->pump.full_reads = 200;
	assert_int_equal(send(l->source, before, sizeof(before), 0), sizeof(before));
	loop_turn(loop_self, 100);
	l->b.can_write = false; /* so that the pipe keeps what it holds */
	assert_int_equal(pump_run(&l->pump, NULL), PUMP_WAIT);
	assert_int_equal(l->pump.piped, sizeof(before));
	assert_int_equal(send(l->source, "!", 1, MSG_OOB), 1);
	assert_int_equal(send(l->source, after, sizeof(after), 0), sizeof(after));
	for (int i = 0; i < 100 && !l->a.urgent; i++)
		loop_turn(loop_self, 100);
	l->b.can_write = true;
	while (pump_run(&l->pump, NULL) == PUMP_MORE)
		;
	assert_true(l->pump.spliced > 0);
	assert_int_equal(l->pump.given, sizeof(before) + sizeof(after));
}

static void keeps_what_it_gave(void **state)
{
	struct line *l = *state;
	char *big = calloc(1, buf_small_size);

	assert_non_null(big);
	l->pump.copy = buf_get_small();
	l->pump.head = buf_get_small();
	buf_append(l->pump.head, "head ", 5);
	put(l, "body ");
	assert_int_equal(pump_run(&l->pump, NULL), PUMP_WAIT);
	put(l, "more");
	assert_int_equal(pump_run(&l->pump, NULL), PUMP_WAIT);
	assert_true(slice_is(buf_slice(l->pump.copy), "head body more"));
	/* All of it, or nothing. */
	assert_int_equal(write(l->source, big, buf_small_size), buf_small_size);
	loop_turn(loop_self, 100);
	assert_int_equal(pump_run(&l->pump, NULL), PUMP_WAIT);
	assert_null(l->pump.copy);
	free(big);
}

static int setup(void **state)
{
	(void)state;
	threads_init(1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(&thread_loops[0]);
	free(thread_loops);
	return 0;
}

#define LINE_TEST(f) cmocka_unit_test_setup_teardown(f, setup_line, teardown_line)

int pump_test(void)
{
	const struct CMUnitTest tests[] = {
		LINE_TEST(bytes_pass_and_nothing_is_held),
		LINE_TEST(filled_before_the_other_side_is_there),
		LINE_TEST(the_end_is_passed_on_behind_the_bytes),
		LINE_TEST(kept_open_when_asked),
		LINE_TEST(a_receiver_that_is_gone_fails),
		LINE_TEST(a_long_body_goes_by_pipe_in_order),
		LINE_TEST(a_long_body_goes_by_large_buffer_when_it_must_not_splice),
		LINE_TEST(a_long_body_goes_on_behind_an_urgent_byte),
		LINE_TEST(keeps_what_it_gave),
	};

	return cmocka_run_group_tests_name("proxy/pump", tests, setup, teardown);
}
