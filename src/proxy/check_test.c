/* SPDX-License-Identifier: Apache-2.0
 *
 * Unit tests of the check schedule: where first rounds fall, how long until the next, and rounds
 * that pass, fail, hang and are given up, on sockets of the test's own. The loop is turned until
 * a round ends; nothing is timed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/thread.h"
#include "proxy/check.h"
#include "proxy/global.h"
#include "proxy/notice.h"
#include "proxy/observe.h"
#include "proxy/queue.h"

int check_test(void);

/* A talk that waits for one byte. */
static enum checkseq_look take_byte(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
	struct check_report *r)
{
	(void)step, (void)c, (void)last;
	r->code = 200;
	checkseq_tell(r, SLICE("a \"byte\""));
	return got.len ? CHECKSEQ_MATCH : CHECKSEQ_BROKEN;
}

static const struct checkseq *byte_talk(struct proxy *px)
{
	struct checkseq *seq = checkseq_new();

	(void)px;
	checkseq_add_expect(seq, take_byte, NULL)->expect.tells = true;
	return seq;
}

static void hush(const struct proxy *px, enum log_level level, struct slice text) { (void)px, (void)level, (void)text; }

static struct proxy *be;

static struct server *add(const char *name, uint32_t inter_ms)
{
	struct server *s = server_new(be, name, "test", 1);

	s->set.check = true;
	s->set.inter_ms = inter_ms;
	s->endpoint = (struct endpoint){ .kind = ENDPOINT_INET, .port = PORT_FIXED, .addr = { .family = AF_INET, .port = 1,
		.ip = { 127, 0, 0, 1 } } };
	health_init(s);
	return s;
}

static int begin(void **unused)
{
	(void)unused;
	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	queues_open(be);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	checks_stop_thread();
	proxy_unlist(be);
	return 0;
}

static struct server *nth(int n)
{
	struct server *s = TAILQ_FIRST(&be->servers);

	while (n--)
		s = TAILQ_NEXT(s, link);
	return s;
}

static void first_rounds_are_spread(void **unused)
{
	(void)unused;
	add("a", 4000);
	add("b", 1000);
	add("c", 2000);
	add("d", 9000);
	assert_true(checks_resolve(be));
	int threads = thread_count;
	thread_count = 3;
	checks_spread();
	thread_count = threads;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(nth(i)->check->first_ms, 250 * i);
		assert_int_equal(nth(i)->check->thread, i % 3);
	}
	global.max_spread_checks_ms = 100;
	checks_spread();
	assert_int_equal(nth(3)->check->first_ms, 75);
	global.max_spread_checks_ms = 0;
}

static void interval_follows_health(void **unused)
{
	struct server *s = add("a", 1000);
	struct check_report good = { .status = CHECK_STATUS_L4OK }, bad = { .status = CHECK_STATUS_L4CON };

	(void)unused;
	checks_resolve(be);
	s->set.fastinter_ms = 100;
	s->set.downinter_ms = 5000;
	assert_int_equal(check_interval_ms(s->check), 100); /* unchecked */
	health_report(s, &good);
	assert_int_equal(check_interval_ms(s->check), 1000);
	health_report(s, &bad);
	assert_int_equal(check_interval_ms(s->check), 100); /* on its way down */
	health_report(s, &bad);
	health_report(s, &bad);
	assert_int_equal(check_interval_ms(s->check), 5000);
	health_report(s, &good);
	assert_int_equal(check_interval_ms(s->check), 100); /* on its way up */
	s->set.fastinter_ms = 0;
	assert_int_equal(check_interval_ms(s->check), 1000);
	s->set.downinter_ms = 0;
	health_report(s, &bad);
	assert_int_equal(check_interval_ms(s->check), 1000);
}

static void needs_a_port(void **unused)
{
	struct server *s = add("a", 1000);

	(void)unused;
	diag_state.quiet = true;
	s->endpoint.port = PORT_OFFSET;
	assert_false(checks_resolve(be));
	s->set.check_port = 80;
	assert_true(checks_resolve(be));
	s->set.check_port = 0;
	s->set.has_check_addr = true;
	s->set.check_addr = (struct endpoint){ .kind = ENDPOINT_UNIX, .path = "/nowhere" };
	assert_true(checks_resolve(be));
}

/* A socket on 127.0.0.1 that refuses until it listens. */
static int bound(uint16_t *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*port = ntohs(sin.sin_port);
	return fd;
}

static uint64_t rounds(const struct server *s)
{
	struct counters sum;

	counters_sum(&s->counters, &sum);
	return sum.checks;
}

static void turn_until_next_round(struct server *s)
{
	for (uint64_t before = rounds(s); rounds(s) == before;)
		loop_turn(&thread_loops[0], -1);
}

static struct server *start_one(uint16_t port)
{
	struct server *s = add("a", 20);

	s->endpoint.addr.port = port;
	assert_true(checks_resolve(be));
	checks_spread();
	checks_start_thread();
	return s;
}

static void a_late_round_does_not_put_off_the_next(void **unused)
{
	uint16_t port;
	int fd = bound(&port);
	struct server *s = start_one(port);

	(void)unused;
	s->check->due_ms -= 15;
	turn_until_next_round(s);
	assert_true(s->check->due_ms <= clock_now_ms + 20 - 15);
	close(fd);
}

static void refused_then_accepted(void **unused)
{
	uint16_t port;
	int fd = bound(&port);
	struct server *s = start_one(port);

	(void)unused;
	turn_until_next_round(s);
	assert_int_equal(s->last_check.status, CHECK_STATUS_L4CON);
	assert_string_equal(s->last_check.info, "Connection refused");
	assert_false(s->up);
	listen(fd, 5);
	turn_until_next_round(s);
	assert_int_equal(s->last_check.status, CHECK_STATUS_L4OK);
	assert_false(s->up);
	turn_until_next_round(s);
	assert_true(s->up);
	/* Its next round is planned; in maintenance none is begun. */
	assert_true(timer_armed(&s->check->timer));
	assert_int_equal(s->check->step, CHECK_IDLE);
	checks_stop_thread();
	assert_false(timer_armed(&s->check->timer));
	close(fd);
}

static void talks_and_is_heard(void **unused)
{
	uint16_t port;
	int fd = bound(&port);

	(void)unused;
	be->set.check_talk = byte_talk;
	listen(fd, 5);
	struct server *s = start_one(port);
	s->set.inter_ms = 60000;
	while (s->check->step != CHECK_TALKING)
		loop_turn(&thread_loops[0], -1);
	int peer = accept(fd, NULL, NULL);
	assert_int_equal(write(peer, "x", 1), 1);
	turn_until_next_round(s);
	assert_int_equal(s->last_check.code, 200);
	assert_string_equal(s->last_check.info, "a \"byte\"");
	assert_null(s->check->run);
	close(peer);
	close(fd);
}

#define DUE 12

static int begun(void)
{
	int n = 0;

	for (int i = 0; i < DUE; i++)
		n += nth(i)->check->step != CHECK_IDLE;
	return n;
}

/* Rounds that are due at the same time leave room for traffic between them. */
static void few_begin_in_a_turn(void **unused)
{
	uint16_t port;
	int fd = bound(&port), before = 0, turns = 0;

	(void)unused;
	be->set.check_talk = byte_talk;
	listen(fd, DUE);
	for (int i = 0; i < DUE; i++)
		add("a", 60000)->endpoint.addr.port = port;
	checks_resolve(be);
	checks_spread();
	checks_start_thread();
	for (int i = 0; i < DUE; i++)
		timer_set_at(&nth(i)->check->timer, clock_now_ms + 1);
	while (before < DUE) {
		loop_turn(&thread_loops[0], -1);
		int now = begun();
		assert_in_range(now - before, 0, 2);
		turns += now > before;
		before = now;
	}
	assert_in_range(turns, DUE / 2, DUE);
	checks_stop_thread();
	assert_int_equal(begun(), 0);
	close(fd);
}

/* Nothing is said: the deadline of the talk ends the round. */
static void silence_ends(void **unused)
{
	uint16_t port;
	int fd = bound(&port);

	(void)unused;
	be->set.check_talk = byte_talk;
	be->set.timeout_check_ms = 1;
	listen(fd, 5);
	struct server *s = start_one(port);
	s->set.inter_ms = 60000;
	turn_until_next_round(s);
	assert_int_equal(s->last_check.status, CHECK_STATUS_L7TOUT);
	assert_null(s->check->run);
	close(fd);
}

static void given_up_in_the_middle(void **unused)
{
	uint16_t port;
	int fd = bound(&port);

	(void)unused;
	be->set.check_talk = byte_talk;
	listen(fd, 5);
	struct server *s = start_one(port);
	while (s->check->step != CHECK_TALKING)
		loop_turn(&thread_loops[0], -1);
	checks_stop_thread();
	assert_null(s->check->run);
	assert_false(conn_is_open(&s->check->conn));
	assert_int_equal(rounds(s), 0);
	close(fd);
}

static void socket_errors(void **unused)
{
	struct server *s = add("a", 20);

	(void)unused;
	s->endpoint = (struct endpoint){ .kind = ENDPOINT_UNIX, .path = "/nowhere/at/all" };
	assert_true(checks_resolve(be));
	checks_spread();
	checks_start_thread();
	turn_until_next_round(s);
	assert_int_equal(s->last_check.status, CHECK_STATUS_SOCKERR);
	assert_string_equal(s->last_check.info, "General socket error (No such file or directory)");
}

/* Errors of its traffic bring the next round forward, but no check back that was given up. */
static void traffic_wakes_no_check_that_was_given_up(void **unused)
{
	struct server *s = add("a", 60000);

	(void)unused;
	s->set.observe = OBSERVE_LAYER4;
	s->set.on_error = ON_ERROR_FASTINTER;
	s->set.error_limit = 1;
	s->set.fastinter_ms = 20000;
	checks_resolve(be);
	checks_spread();
	checks_start_thread();
	timer_set_at(&s->check->timer, clock_now_ms + 60000);
	observe_count(s, OBSERVED_CONNECT_FAILED);
	loop_turn(&thread_loops[0], 0);
	assert_in_range(s->check->timer.due_ms, 1, clock_now_ms + 20000);
	checks_stop_thread();
	observe_count(s, OBSERVED_CONNECT_FAILED);
	loop_turn(&thread_loops[0], 0);
	assert_false(timer_armed(&s->check->timer));
}

static int open_thread(void **unused)
{
	(void)unused;
	registries_open();
	threads_init(1);
	clock_update();
	notice_hook = hush;
	return 0;
}

int check_test(void)
{
#define ROUND(name) cmocka_unit_test_setup_teardown(name, begin, end)
	static const struct CMUnitTest tests[] = {
		ROUND(first_rounds_are_spread), ROUND(interval_follows_health), ROUND(needs_a_port), ROUND(refused_then_accepted),
		ROUND(a_late_round_does_not_put_off_the_next), ROUND(talks_and_is_heard), ROUND(few_begin_in_a_turn),
		ROUND(silence_ends), ROUND(given_up_in_the_middle), ROUND(socket_errors), ROUND(traffic_wakes_no_check_that_was_given_up),
	};
	return cmocka_run_group_tests(tests, open_thread, NULL);
}
