/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptors between processes: messages and batches, broken ones, the inventory; retiring a
 * listening socket.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "conn/handover.h"
#include "conn/listen.h"

int handover_test(void);

static struct handover m;
static int pair[2];

static int open_pair(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int close_pair(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	inventory_free();
	return 0;
}

static void words_and_the_end(void **state)
{
	(void)state;
	assert_int_equal(handover_receive(pair[1], &m, 0), HANDOVER_NONE);
	assert_true(handover_send(pair[0], 7, SLICE("word"), NULL, 0, 0));
	assert_true(handover_send(pair[0], 8, SLICE(""), NULL, 0, 0));
	assert_int_equal(handover_receive(pair[1], &m, 0), HANDOVER_GOT);
	assert_int_equal(m.type, 7);
	assert_true(slice_is(slice_make(m.body, m.len), "word"));
	assert_int_equal(m.fd_count, 0);
	assert_int_equal(handover_receive(pair[1], &m, 1000), HANDOVER_GOT);
	assert_int_equal(m.type, 8);
	assert_int_equal(m.len, 0);
	/* Less than a type is no message. */
	assert_int_equal(send(pair[0], "x", 1, 0), 1);
	assert_int_equal(handover_receive(pair[1], &m, 0), HANDOVER_END);
	shutdown(pair[0], SHUT_WR);
	assert_int_equal(handover_receive(pair[1], &m, -1), HANDOVER_END);
}

static void long_bodies(void **state)
{
	size_t len = 3 * HANDOVER_BYTES_MAX + 5, got = 0;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(i * 7);
	assert_true(handover_send_long(pair[0], 3, slice_make(text, len), 0));
	while (handover_receive(pair[1], &m, 0) == HANDOVER_GOT) {
		assert_int_equal(m.type, 3);
		assert_memory_equal(m.body, text + got, m.len);
		got += m.len;
	}
	assert_int_equal(got, len);
	free(text);
}

/* A deaf peer does not hold us. */
static void full(void **state)
{
	static char body[HANDOVER_BYTES_MAX];
	int sent = 0;

	(void)state;
	while (sent < 10000 && handover_send(pair[0], 1, slice_make(body, sizeof(body)), NULL, 0, 0))
		sent++;
	assert_in_range(sent, 1, 9999);
}

static bool same_file(int a, int b)
{
	off_t mark = lseek(a, 0, SEEK_CUR);

	/* Copies of one descriptor share their position. */
	lseek(a, mark + 1, SEEK_SET);
	return lseek(b, 0, SEEK_CUR) == mark + 1;
}

static int source;

static void take(const char *key, int fd, void *count)
{
	char expected[32];

	snprintf(expected, sizeof(expected), "key %d", *(int *)count);
	assert_string_equal(key, expected);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(same_file(source, fd));
	inventory_add(key, fd, (*(int *)count)++);
}

static void batches(void **state)
{
	struct handover_batch b = { .sock = pair[0], .type = HANDOVER_SOCKETS, .ok = true };
	int count = 0, messages = 0, total = 2 * HANDOVER_FDS_MAX + 1;
	char key[32];

	(void)state;
	source = memfd_create("source", MFD_CLOEXEC);
	assert_true(source >= 0);
	for (int i = 0; i < total; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		handover_batch_add(&b, key, source);
	}
	handover_batch_flush(&b);
	assert_true(b.ok);
	while (handover_receive(pair[1], &m, 0) == HANDOVER_GOT) {
		assert_int_equal(m.type, HANDOVER_SOCKETS);
		assert_true(handover_batch_read(&m, take, &count));
		messages++;
	}
	assert_int_equal(messages, 3);
	assert_int_equal(count, total);

	/* Everything is there once. */
	int fd = inventory_take("key 5");
	assert_true(fd >= 0);
	assert_int_equal(inventory_take("key 5"), -1);
	assert_int_equal(inventory_take("key"), -1);
	assert_int_equal(inventory.list[5].from, 5);
	int left = inventory.list[6].fd;
	inventory_free();
	assert_true(fcntl(fd, F_GETFD) >= 0);
	assert_int_equal(fcntl(left, F_GETFD), -1);
	close(fd);
	close(source);
}

static void never(const char *key, int fd, void *arg)
{
	(void)key;
	(void)fd;
	(void)arg;
	fail();
}

static void unmatched(void **state)
{
	static const char *const bodies[] = { "one\ntwo\n", "one", "", "one\ntwo" };
	int fd = memfd_create("x", MFD_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_true(handover_send(pair[0], HANDOVER_SOCKETS, slice_of(bodies[i]), &fd, 1, 0));
		assert_int_equal(handover_receive(pair[1], &m, 0), HANDOVER_GOT);
		assert_int_equal(m.fd_count, 1);
		int got = m.fds[0];
		assert_false(handover_batch_read(&m, never, NULL));
		assert_int_equal(fcntl(got, F_GETFD), -1);
	}
	close(fd);
}

static void one_descriptor(void **state)
{
	int stream[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
	assert_int_equal(handover_receive_fd(stream[1], 0), -1);
	assert_true(handover_send_fd(stream[0], pair[0]));
	int fd = handover_receive_fd(stream[1], 0);
	assert_true(fd >= 0);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(send(stream[0], "text", 4, 0), 4);
	assert_int_equal(handover_receive_fd(stream[1], 0), -1);
	close(fd);
	close(stream[0]);
	close(stream[1]);
}

static int tcp_state(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_state;
}

static int dial(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
		assert_true(errno == EINPROGRESS || errno == ECONNREFUSED);
	return fd;
}

/* On loopback a handshake is over when connect() returns, or was refused. */
static void retire(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	int before = dial(&at);
	assert_int_equal(tcp_state(before), TCP_ESTABLISHED);
	assert_false(listen_is_retired(fd));
	listen_retire(fd);
	assert_true(listen_is_retired(fd));
	int after = dial(&at);
	assert_int_equal(tcp_state(after), TCP_CLOSE);
	int accepted = accept(fd, NULL, NULL);
	assert_true(accepted >= 0);
	assert_int_equal(send(before, "x", 1, 0), 1);
	char byte;
	assert_int_equal(recv(accepted, &byte, 1, 0), 1);
	assert_int_equal(accept(fd, NULL, NULL), -1);
	close(accepted);
	close(before);
	close(after);
	close(fd);
	/* Unix sockets go by their path. */
	listen_retire(pair[0]);
	assert_false(listen_is_retired(pair[0]));
}

/* A key tells apart what cannot be changed on a socket that listens. */
static void keys(void **state)
{
	struct endpoint e = { .kind = ENDPOINT_INET, .addr = { .family = AF_INET, .port = 80, .ip = { 10, 0, 0, 1 } } };
	struct endpoint u = { .kind = ENDPOINT_UNIX, .path = "/run/x.sock" };
	struct listen_options o = { .unix_mode = -1, .unix_uid = -1, .unix_gid = -1 }, more = o;
	struct strbuf a = STRBUF_EMPTY, b = STRBUF_EMPTY;

	(void)state;
	listen_key(&e, &o, &a);
	more.backlog = 5;
	more.unix_mode = 0600;
	listen_key(&e, &more, &b);
	assert_string_equal(a.ptr, b.ptr);
	more.transparent = true;
	more.interface = "lo";
	strbuf_clear(&b);
	listen_key(&e, &more, &b);
	assert_string_equal(b.ptr, "10.0.0.1:80 interface lo transparent");
	strbuf_clear(&b);
	listen_key(&u, &more, &b);
	assert_non_null(strstr(b.ptr, "unix@/run/x.sock mode 384 "));
	strbuf_free(&a);
	strbuf_free(&b);
}

int handover_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(words_and_the_end, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(long_bodies, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(full, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(batches, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(unmatched, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(one_descriptor, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(retire, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(keys, open_pair, close_pair),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
