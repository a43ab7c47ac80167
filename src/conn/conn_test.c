/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections over loopback: listening, accepting, dialling, reading, the end, refusal, running
 * out of descriptors. Events are awaited by turning the loop.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "conn/conn.h"
#include "conn/endpoint.h"
#include "conn/listen.h"
#include "core/thread.h"

static struct endpoint any_port;
static const struct listen_options options = { .unix_mode = -1, .unix_uid = -1, .unix_gid = -1 };
static int accepted_fd;
static bool take_more;

static bool take(struct acceptor *a, int fd, const struct addr *peer)
{
	(void)a;
	assert_int_equal(peer->family, AF_INET);
	accepted_fd = fd;
	return take_more;
}

static void ignore(struct watch *w, uint32_t events)
{
	conn_note_events((struct conn *)w, events);
}

/* Opens a listener on a free port; `e` becomes its address. */
static int open_listener(struct endpoint *e)
{
	struct strbuf err = STRBUF_EMPTY;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd = listen_open(&any_port, &options, false, &err);

	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	*e = any_port;
	assert_true(addr_from_sockaddr(&e->addr, (struct sockaddr *)&ss));
	strbuf_free(&err);
	return fd;
}

/* Turns until fd was accepted. */
static int await_accept(void)
{
	for (int i = 0; i < 100 && accepted_fd < 0; i++)
		loop_turn(loop_self, 100);
	assert_true(accepted_fd >= 0);
	return accepted_fd;
}

/* A connection that is through; returns the peer's descriptor. */
static int open_pair(struct conn *c)
{
	struct endpoint e;
	struct acceptor a = { .watch.fd = open_listener(&e), .on_accept = take, .max_per_turn = 1 };
	struct dial d = { .to = &e };

	accepted_fd = -1;
	acceptor_start(&a);
	assert_int_not_equal(conn_dial(c, &d, ignore), IO_FAIL);
	int peer = await_accept();
	for (int i = 0; i < 100 && !c->can_write; i++)
		loop_turn(loop_self, 100);
	assert_false(c->connecting);
	assert_int_equal(c->error, 0);
	acceptor_stop(&a);
	close(a.watch.fd);
	return peer;
}

static void bytes_and_the_end(void **state)
{
	struct conn c;
	int peer = open_pair(&c);
	char buf[16];
	size_t got, sent;

	(void)state;
	struct iovec iov[2] = { { "ab", 2 }, { "cd", 2 } };
	assert_int_equal(transport_raw.sendv(&c, iov, 2, false, &sent), IO_DONE);
	assert_int_equal(sent, 4);
	assert_int_equal(recv(peer, buf, sizeof(buf), 0), 4);

	assert_int_equal(send(peer, "xyz", 3, 0), 3);
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	for (int i = 0; i < 100 && !c.hup; i++)
		loop_turn(loop_self, 100);
	/* The end was announced before this read, which came back short: no second read is needed to know it. */
	assert_int_equal(transport_raw.recv(&c, buf, sizeof(buf), &got), IO_DONE);
	assert_int_equal(got, 3);
	assert_true(c.eof);
	assert_int_equal(transport_raw.recv(&c, buf, sizeof(buf), &got), IO_EOF);
	conn_shutdown(&c);
	assert_int_equal(recv(peer, buf, sizeof(buf), 0), 0);
	conn_close(&c, false);
	assert_false(conn_is_open(&c));
	close(peer);
}

static uint32_t segments_in(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_segs_in;
}

/* Whoever says that these are the last bytes spares the peer a segment, and the bytes do not wait for anything. */
static void last_bytes_and_the_end_in_one_segment(void **state)
{
	struct conn c;
	int peer = open_pair(&c);
	struct iovec iov = { "last", 4 };
	char buf[16];
	size_t sent;

	(void)state;
	uint32_t before = segments_in(peer);
	c.parting = CONN_PARTS;
	assert_int_equal(transport_raw.sendv(&c, &iov, 1, false, &sent), IO_DONE);
	assert_int_equal(sent, 4);
	assert_true(c.shut);
	assert_int_equal(recv(peer, buf, sizeof(buf), 0), 4);
	assert_int_equal(recv(peer, buf, sizeof(buf), 0), 0);
	assert_int_equal(segments_in(peer), before + 1);
	conn_close(&c, false);
	close(peer);
}

static void refused_connection(void **state)
{
	struct endpoint e;
	struct conn c;
	struct dial d = { .to = &e };

	(void)state;
	close(open_listener(&e));
	if (conn_dial(&c, &d, ignore) == IO_AGAIN) {
		for (int i = 0; i < 100 && c.connecting; i++)
			loop_turn(loop_self, 100);
		conn_close(&c, false);
	}
	assert_int_equal(c.error, ECONNREFUSED);
}

static void out_of_descriptors_rests_and_resumes(void **state)
{
	struct endpoint e;
	struct rlimit old, tight;
	struct acceptor a = { .watch.fd = open_listener(&e), .on_accept = take, .max_per_turn = 4 };
	struct conn c;
	struct dial d = { .to = &e };

	(void)state;
	accepted_fd = -1;
	take_more = true;
	acceptor_start(&a);
	assert_int_not_equal(conn_dial(&c, &d, ignore), IO_FAIL);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	tight.rlim_cur = (rlim_t)c.watch.fd + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	for (int i = 0; i < 100 && a.active; i++)
		loop_turn(loop_self, 100);
	assert_false(a.active);
	assert_true(timer_armed(&a.retry));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(await_accept());
	assert_true(a.active);
	conn_close(&c, true);
	acceptor_stop(&a);
	close(a.watch.fd);
	take_more = false;
}

static void paused_acceptor_leaves_the_rest(void **state)
{
	struct endpoint e;
	struct acceptor a = { .watch.fd = open_listener(&e), .on_accept = take, .max_per_turn = 4 };
	struct conn c[2];
	struct dial d = { .to = &e };

	(void)state;
	accepted_fd = -1;
	assert_int_not_equal(conn_dial(&c[0], &d, ignore), IO_FAIL);
	assert_int_not_equal(conn_dial(&c[1], &d, ignore), IO_FAIL);
	acceptor_start(&a);
	int first = await_accept();
	accepted_fd = -1;
	int second = await_accept(); /* take() says false after each: the second comes in another turn */
	assert_int_not_equal(first, second);
	close(first);
	close(second);
	conn_close(&c[0], true);
	conn_close(&c[1], true);
	acceptor_stop(&a);
	assert_false(a.active);
	close(a.watch.fd);
}

static int setup(void **state)
{
	struct strbuf err = STRBUF_EMPTY;

	(void)state;
	threads_init(1);
	return endpoint_parse(SLICE("127.0.0.1:0"), 0, &any_port, &err) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(&thread_loops[0]);
	free(thread_loops);
	return 0;
}

int conn_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_and_the_end),
		cmocka_unit_test(last_bytes_and_the_end_in_one_segment),
		cmocka_unit_test(refused_connection),
		cmocka_unit_test(out_of_descriptors_rests_and_resumes),
		cmocka_unit_test(paused_acceptor_leaves_the_rest),
	};

	return cmocka_run_group_tests_name("conn/conn", tests, setup, teardown);
}
