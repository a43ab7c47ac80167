/* SPDX-License-Identifier: Apache-2.0
 *
 * The door: each policy line with each kind of greeting, whole and byte by byte, ends and timeouts,
 * shadow mode, chains of headers, probes. The codec has its own tests in wire/.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/clock.h"
#include "core/thread.h"
#include "proxy/pp_errors.h"
#include "proxy/pp_policy.h"
#include "proxy/pp_receive.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define V1_LINE "PROXY TCP4 192.0.2.1 192.0.2.2 1111 443\r\n"
#define V2_HEADER V2 "\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\x04\x57\x01\xbb"
/* The same with an AUTHORITY "a" behind. */
#define V2_AUTHORITY V2 "\x21\x11\0\x10\xc0\0\x02\x01\xc0\0\x02\x02\x04\x57\x01\xbb\x02\0\x01" "a"
/* What the client of a chain sends: 198.51.100.7 with an AUTHORITY "b". */
#define V2_INNER V2 "\x21\x11\0\x10\xc6\x33\x64\x07\xc0\0\x02\x02\x04\x58\x01\xbb\x02\0\x01" "b"
#define V2_LOCAL V2 "\x20\x11\0\0"
/* A TLV that reaches past the end. */
#define V2_BROKEN V2 "\x21\x11\0\x10\xc0\0\x02\x01\xc0\0\x02\x02\x04\x57\x01\xbb\x02\0\x09" "a"

struct door {
	struct proxy px;
	struct listener listener;
	struct session session;
	struct pp_policy *policy;
	int client; /* -1: closed */
};

static void on_event(struct watch *w, uint32_t events)
{
	conn_note_events(&((struct session *)((char *)w - offsetof(struct session, client.watch)))->client, events);
}

static int setup(void **state)
{
	struct door *d = calloc(1, sizeof(*d));
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	d->client = fds[0];
	d->px.name = (char *)"fe";
	d->listener.px = &d->px;
	d->listener.set.name = (char *)"door";
	d->session.listener = &d->listener;
	d->session.fe = &d->px;
	d->session.peer = (struct addr){ .family = AF_INET, .port = 4242, .ip = { 10, 0, 0, 1 } };
	d->session.src = d->session.peer;
	d->policy = pp_policy_new("edge", "test", 1);
	d->listener.set.policy = d->policy;
	conn_open(&d->session.client, fds[1], on_event);
	assert_true(conn_watch(&d->session.client));
	pp_errors_clear();
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct door *d = *state;

	process_leaving = false;
	timer_stop(&d->session.timer);
	conn_close(&d->session.client, false);
	if (d->client >= 0)
		close(d->client);
	buf_put(&d->session.in);
	free(d->session.pp);
	for (int t = 0; d->listener.counters.by_thread && t < thread_count; t++)
		free(d->listener.counters.by_thread[t]);
	free(d->listener.counters.by_thread);
	pp_policies_free();
	free(d);
	return 0;
}

static void rule(struct door *d, enum pp_verdict v, const char *prefix)
{
	struct strbuf err = STRBUF_EMPTY;

	assert_true(pp_peers_add(&d->policy->peers, slice_of(prefix), pp_policy_add_rule(d->policy, v, 1), &err));
}

static void trust(struct door *d, int level, const char *prefix)
{
	struct strbuf err = STRBUF_EMPTY;

	if (d->policy->trust_line[level] == NULL)
		d->policy->trust_line[level] = calloc(1, sizeof(struct pp_rule));
	d->policy->depth = level;
	assert_true(pp_peers_add(&d->policy->trust[level], slice_of(prefix), d->policy->trust_line[level], &err));
}

static enum pp_receive greet(struct door *d, const void *bytes, size_t n)
{
	assert_int_equal(write(d->client, bytes, n), n);
	loop_turn(loop_self, 0);
	return pp_receive_run(&d->session);
}
#define GREET(d, literal) greet(d, literal, sizeof(literal) - 1)

static enum pp_receive leave(struct door *d)
{
	close(d->client);
	d->client = -1;
	loop_turn(loop_self, 0);
	return pp_receive_run(&d->session);
}

static struct counters counted(struct door *d)
{
	struct counters c;

	counters_sum(&d->listener.counters, &c);
	return c;
}

static void expect_src(struct door *d, const char *text)
{
	char is[ADDR_TEXT_MAX];

	addr_format(&d->session.src, is, true);
	assert_string_equal(is, text);
}

static void expect_rest(struct door *d, const char *text)
{
	struct slice in = buf_slice(d->session.in);

	assert_int_equal(in.len, strlen(text));
	assert_memory_equal(in.ptr, text, in.len);
}

static void expect_error(unsigned fault, bool shadow)
{
	struct pp_error e;

	assert_true(pp_errors_get(0, &e));
	assert_int_equal(e.fault, fault);
	assert_int_equal(e.shadow, shadow);
}

static void expect_no_error(void)
{
	struct pp_error e;

	assert_false(pp_errors_get(0, &e));
}

static void a_required_header_says_who_the_client_is(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "10.0.0.0/8");
	assert_int_equal(GREET(d, V2_AUTHORITY "bytes"), PP_RECEIVE_DONE);
	expect_src(d, "192.0.2.1:1111");
	expect_rest(d, "bytes");
	assert_int_equal(counted(d).pp_v2, 1);
	assert_int_equal(d->session.pp->tlvs_len, 4);
	assert_int_equal(d->session.dst.port, 443);
}

static void a_header_may_come_byte_by_byte(void **state)
{
	static const char text[] = V2_AUTHORITY;
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	for (size_t i = 0; i < sizeof(text) - 2; i++)
		assert_int_equal(greet(d, text + i, 1), PP_RECEIVE_WAIT);
	expect_src(d, "10.0.0.1:4242");
	assert_int_equal(greet(d, text + sizeof(text) - 2, 1), PP_RECEIVE_DONE);
	expect_src(d, "192.0.2.1:1111");
	assert_null(d->session.in);
}

static void a_missing_header_is_refused(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	assert_int_equal(GREET(d, "GET / HTTP/1.0\r\n"), PP_RECEIVE_REFUSED);
	assert_int_equal(d->session.reason, CLOSE_REFUSED);
	assert_int_equal(counted(d).pp_missing_refused, 1);
	expect_error(PP_FAULT_MISSING, false);
}

static void the_first_line_that_names_the_peer_decides(void **state)
{
	struct door *d = *state;

	rule(d, PP_RAW, "10.0.0.2");
	rule(d, PP_OPTIONAL, "10.0.0.0/24");
	rule(d, PP_REJECT, "all");
	rule(d, PP_REQUIRE, "10.0.0.1");
	assert_int_equal(GREET(d, "x"), PP_RECEIVE_DONE);
	expect_rest(d, "x");
	assert_int_equal(counted(d).pp_missing_allowed, 1);
	struct addr peer = { .family = AF_INET, .ip = { 10, 0, 0, 2 } };
	assert_int_equal(pp_policy_verdict(d->policy, &peer), PP_RAW);
	peer.ip[2] = 1;
	assert_int_equal(pp_policy_verdict(d->policy, &peer), PP_REJECT);
	peer.family = AF_UNIX;
	assert_int_equal(pp_policy_verdict(d->policy, &peer), PP_REJECT);
}

static void peers_without_an_address_have_words(void **state)
{
	struct door *d = *state;
	struct addr peer = { .family = AF_UNIX };

	assert_int_equal(pp_policy_verdict(d->policy, &peer), PP_REJECT);
	rule(d, PP_RAW, "unix");
	rule(d, PP_REQUIRE, "all");
	assert_int_equal(pp_policy_verdict(d->policy, &peer), PP_RAW);
	peer.family = AF_INET6;
	assert_int_equal(pp_policy_verdict(d->policy, &peer), PP_REQUIRE);
}

static void names_are_no_prefixes_yet(void **state)
{
	struct door *d = *state;
	struct strbuf err = STRBUF_EMPTY;

	assert_false(pp_peers_add(&d->policy->peers, SLICE("lb.example.org"), NULL, &err));
	assert_non_null(strstr(err.ptr, "DNS names"));
	strbuf_clear(&err);
	assert_false(pp_peers_add(&d->policy->peers, SLICE("10.0.0.0/33"), NULL, &err));
	assert_non_null(strstr(err.ptr, "is not an address or network"));
	strbuf_free(&err);
}

static void raw_bytes_are_never_looked_at(void **state)
{
	struct door *d = *state;

	rule(d, PP_RAW, "all");
	d->policy->shadow = true;
	assert_int_equal(GREET(d, V1_LINE), PP_RECEIVE_DONE);
	assert_null(d->session.in);
	assert_null(d->session.pp);
}

static void an_ignored_header_is_thrown_away(void **state)
{
	struct door *d = *state;

	rule(d, PP_IGNORE, "all");
	assert_int_equal(GREET(d, V2_AUTHORITY "x"), PP_RECEIVE_DONE);
	expect_src(d, "10.0.0.1:4242");
	expect_rest(d, "x");
	assert_true(d->session.pp->ignored);
	assert_int_equal(d->session.pp->tlvs_len, 0);
	assert_int_equal(counted(d).pp_ignored, 1);
}

static void a_rejected_peer_is_closed_at_once(void **state)
{
	struct door *d = *state;

	rule(d, PP_REJECT, "all");
	assert_int_equal(pp_receive_run(&d->session), PP_RECEIVE_REFUSED);
	assert_int_equal(counted(d).pp_rejected, 1);
	expect_error(PP_FAULT_REJECTED, false);
}

static void a_version_can_be_refused(void **state)
{
	struct door *d = *state;
	struct pp_error e;

	rule(d, PP_OPTIONAL, "all");
	d->policy->versions = PP_V2;
	assert_int_equal(GREET(d, V1_LINE "x"), PP_RECEIVE_REFUSED);
	assert_int_equal(counted(d).pp_version_refused, 1);
	assert_true(pp_errors_get(0, &e));
	expect_src(d, "10.0.0.1:4242");
}

static void an_error_keeps_the_claim_as_a_claim(void **state)
{
	struct door *d = *state;
	struct pp_error e;
	struct strbuf text = STRBUF_EMPTY;

	rule(d, PP_REQUIRE, "all");
	assert_int_equal(GREET(d, V2_BROKEN), PP_RECEIVE_REFUSED);
	assert_int_equal(counted(d).pp_errors[PP_TLV_OVERRUN], 1);
	expect_src(d, "10.0.0.1:4242");
	assert_null(d->session.pp);
	assert_true(pp_errors_get(0, &e));
	assert_true(e.claimed);
	assert_int_equal(e.bytes_len, sizeof(V2_BROKEN) - 1);
	pp_error_line(&e, &text);
	assert_non_null(strstr(text.ptr, " listener=fe/door peer=10.0.0.1:4242 claimed=192.0.2.1:1111->192.0.2.2:443 reason=tlv-overrun "));
	assert_non_null(strstr(text.ptr, " header=1 shadow=no bytes=0d0a0d0a00"));
	strbuf_clear(&text);
	pp_error_text(&e, &text);
	assert_ptr_equal(strstr(text.ptr, "tlv-overrun: "), text.ptr);
	assert_non_null(strstr(text.ptr, ", claimed 192.0.2.1:1111 -> 192.0.2.2:443, bytes 0d0a0d0a00"));
	strbuf_free(&text);
}

static void an_empty_connection_is_a_probe(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	assert_int_equal(pp_receive_run(&d->session), PP_RECEIVE_WAIT);
	assert_int_equal(leave(d), PP_RECEIVE_REFUSED);
	assert_int_equal(counted(d).pp_probe, 1);
	expect_no_error();
}

static void a_header_cut_short_is_an_error(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	assert_int_equal(GREET(d, "PROXY TCP4 "), PP_RECEIVE_WAIT);
	assert_int_equal(leave(d), PP_RECEIVE_REFUSED);
	assert_int_equal(counted(d).pp_truncated, 1);
	expect_error(PP_FAULT_TRUNCATED, false);
}

static void too_few_bytes_to_be_a_header_are_the_protocols(void **state)
{
	struct door *d = *state;

	rule(d, PP_OPTIONAL, "all");
	assert_int_equal(GREET(d, "PRO"), PP_RECEIVE_WAIT);
	assert_int_equal(leave(d), PP_RECEIVE_DONE);
	expect_rest(d, "PRO");
	assert_true(d->session.client.eof);
	expect_no_error();
}

static void the_header_timeout_begins_with_the_first_byte(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	d->px.set.timeout_client_ms = 60000;
	d->policy->header_timeout_ms = 3000;
	assert_int_equal(pp_receive_run(&d->session), PP_RECEIVE_WAIT);
	assert_true(d->session.timer.due_ms >= clock_now_ms + 50000);
	assert_int_equal(GREET(d, "P"), PP_RECEIVE_WAIT);
	assert_true(d->session.timer.due_ms <= clock_now_ms + 3000);
	timer_stop(&d->session.timer);
	assert_int_equal(pp_receive_timeout(&d->session), PP_RECEIVE_REFUSED);
	assert_int_equal(d->session.reason, CLOSE_CLIENT_TIMEOUT);
	assert_int_equal(counted(d).pp_timeout, 1);
	expect_error(PP_FAULT_TIMEOUT, false);
}

static void silence_is_a_probe(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	assert_int_equal(pp_receive_run(&d->session), PP_RECEIVE_WAIT);
	assert_int_equal(pp_receive_timeout(&d->session), PP_RECEIVE_REFUSED);
	assert_int_equal(counted(d).pp_probe, 1);
	expect_no_error();
}

static void a_trusted_client_may_send_one_more_header(void **state)
{
	struct door *d = *state;
	struct slice value;

	rule(d, PP_REQUIRE, "all");
	trust(d, 2, "192.0.2.0/24");
	assert_int_equal(GREET(d, V2_AUTHORITY V2_INNER "x"), PP_RECEIVE_DONE);
	expect_src(d, "198.51.100.7:1112");
	expect_rest(d, "x");
	assert_int_equal(counted(d).pp_v2, 2);
	struct slice tlvs = slice_make(d->session.pp->tlvs, d->session.pp->tlvs_len);
	assert_true(pp_tlv_find(tlvs, PP_TYPE_AUTHORITY, 0, &value) && slice_is(value, "b"));
	assert_true(pp_tlv_find(tlvs, PP_TYPE_AUTHORITY, 1, &value) && slice_is(value, "a"));
}

static void a_second_header_is_optional_and_may_come_later(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	trust(d, 2, "192.0.2.0/24");
	assert_int_equal(GREET(d, V2_HEADER), PP_RECEIVE_WAIT);
	assert_int_equal(GREET(d, "PR"), PP_RECEIVE_WAIT);
	assert_int_equal(GREET(d, "INT"), PP_RECEIVE_DONE);
	expect_src(d, "192.0.2.1:1111");
	expect_rest(d, "PRINT");
	expect_no_error();
}

static void an_untrusted_client_sends_bytes(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	trust(d, 2, "203.0.113.0/24");
	assert_int_equal(GREET(d, V2_HEADER V1_LINE), PP_RECEIVE_DONE);
	expect_src(d, "192.0.2.1:1111");
	expect_rest(d, V1_LINE);
}

static void a_broken_second_header_closes_and_undoes_the_first(void **state)
{
	struct door *d = *state;
	struct pp_error e;

	rule(d, PP_REQUIRE, "all");
	trust(d, 2, "192.0.2.0/24");
	assert_int_equal(GREET(d, V2_HEADER V2_BROKEN), PP_RECEIVE_REFUSED);
	expect_src(d, "10.0.0.1:4242");
	assert_null(d->session.pp);
	assert_true(pp_errors_get(0, &e));
	assert_int_equal(e.level, 2);
}

static void shadow_lets_everything_in_and_counts(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	d->policy->shadow = true;
	assert_int_equal(GREET(d, "plain"), PP_RECEIVE_DONE);
	expect_rest(d, "plain");
	assert_int_equal(counted(d).pp_shadow, 1);
	assert_int_equal(counted(d).pp_shadow_missing, 1);
	assert_int_equal(counted(d).pp_missing_refused, 0);
	expect_error(PP_FAULT_MISSING, true);
}

static void shadow_strips_but_does_not_believe_the_rejected(void **state)
{
	struct door *d = *state;

	rule(d, PP_REJECT, "all");
	d->policy->shadow = true;
	assert_int_equal(GREET(d, V2_HEADER "x"), PP_RECEIVE_DONE);
	expect_src(d, "10.0.0.1:4242");
	expect_rest(d, "x");
	assert_int_equal(counted(d).pp_shadow, 1);
	assert_int_equal(counted(d).pp_shadow_rejected, 1);
}

static void shadow_strips_but_does_not_believe_a_refused_version(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	d->policy->versions = PP_V2;
	d->policy->shadow = true;
	assert_int_equal(GREET(d, V1_LINE "x"), PP_RECEIVE_DONE);
	expect_src(d, "10.0.0.1:4242");
	expect_rest(d, "x");
	assert_int_equal(counted(d).pp_shadow_version, 1);
}

static void shadow_leaves_a_broken_header_to_the_protocol(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	d->policy->shadow = true;
	assert_int_equal(GREET(d, "PROXY TCP5 x\r\n"), PP_RECEIVE_DONE);
	expect_rest(d, "PROXY TCP5 x\r\n");
	assert_int_equal(counted(d).pp_shadow_errors, 1);
	assert_int_equal(counted(d).pp_errors[PP_V1_FAMILY], 0);
}

static void shadow_lets_a_late_header_be_bytes(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	d->policy->shadow = true;
	assert_int_equal(GREET(d, "PROXY "), PP_RECEIVE_WAIT);
	assert_int_equal(pp_receive_timeout(&d->session), PP_RECEIVE_DONE);
	expect_rest(d, "PROXY ");
	expect_error(PP_FAULT_TIMEOUT, true);
}

static void local_keeps_the_real_addresses(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	assert_int_equal(GREET(d, V2_LOCAL "x"), PP_RECEIVE_DONE);
	expect_src(d, "10.0.0.1:4242");
	assert_int_equal(counted(d).pp_local, 1);
	assert_int_equal(counted(d).pp_v2, 0);
}

static void expect_answer(struct door *d, const char *head)
{
	char text[512];
	ssize_t n = read(d->client, text, sizeof(text) - 1);

	assert_true(n > 0);
	text[n] = 0;
	assert_ptr_equal(strstr(text, head), text);
}

static void a_probes_question_is_answered(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	d->policy->health_reply = true;
	assert_int_equal(GREET(d, V2_LOCAL), PP_RECEIVE_WAIT);
	assert_int_equal(GREET(d, "GET /health HTTP/1.1\r\n"), PP_RECEIVE_WAIT);
	assert_int_equal(GREET(d, "\r\n"), PP_RECEIVE_REFUSED);
	expect_answer(d, "HTTP/1.0 200 OK\r\n");
	assert_int_equal(d->session.reason, CLOSE_LOCAL);
	assert_false(d->session.reset);
	assert_int_equal(counted(d).pp_health_up, 1);
}

static void a_draining_process_fails_the_probe(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	d->policy->health_reply = true;
	process_leaving = true;
	assert_int_equal(GREET(d, V2_LOCAL "HEAD / HTTP/1.0\r\n\r\n"), PP_RECEIVE_REFUSED);
	expect_answer(d, "HTTP/1.0 503 ");
	assert_int_equal(counted(d).pp_health_down, 1);
}

static void an_empty_probe_is_counted_apart(void **state)
{
	struct door *d = *state;

	rule(d, PP_REQUIRE, "all");
	d->policy->health_reply = true;
	assert_int_equal(pp_receive_run(&d->session), PP_RECEIVE_WAIT);
	process_leaving = true;
	assert_int_equal(leave(d), PP_RECEIVE_REFUSED);
	assert_true(d->session.reset);
	assert_int_equal(counted(d).pp_health_down, 1);
	assert_int_equal(counted(d).pp_probe, 0);
}

static void a_header_beyond_the_small_buffer_is_read(void **state)
{
	static uint8_t text[PP_V2_FIXED + 12 + 3 + 60000];
	struct door *d = *state;
	size_t sent = 0;
	enum pp_receive r = PP_RECEIVE_WAIT;

	rule(d, PP_REQUIRE, "all");
	d->policy->max_header = PP_MAX;
	memcpy(text, V2_HEADER, sizeof(V2_HEADER) - 1);
	text[14] = (12 + 3 + 60000) >> 8;
	text[15] = (12 + 3 + 60000) & 255;
	text[28] = 0xe1;
	text[29] = 60000 >> 8;
	text[30] = 60000 & 255;
	while (sent < sizeof(text)) {
		ssize_t n = write(d->client, text + sent, sizeof(text) - sent);
		if (n > 0)
			sent += (size_t)n;
		loop_turn(loop_self, 0);
		assert_int_equal(r, PP_RECEIVE_WAIT);
		r = pp_receive_run(&d->session);
	}
	assert_int_equal(r, PP_RECEIVE_DONE);
	assert_int_equal(d->session.pp->tlvs_len, 60003);
}

static void the_ring_forgets_the_oldest(void **state)
{
	struct door *d = *state;
	struct pp_error e = { .listener = &d->listener, .fault = PP_CRC };
	uint64_t newest = 0, n = 0;

	for (int i = 0; i < PP_ERRORS_KEPT + 5; i++) {
		pp_errors_add(&e);
		newest = e.number;
	}
	for (uint64_t from = 0; pp_errors_get(from, &e); from = e.number + 1)
		n++;
	assert_int_equal(n, PP_ERRORS_KEPT);
	assert_int_equal(e.number, newest);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static int open_loop(void **state)
{
	(void)state;
	clock_update();
	threads_init(1);
	return 0;
}

static int close_loop(void **state)
{
	(void)state;
	loop_free(&thread_loops[0]);
	free(thread_loops);
	return 0;
}

int pp_receive_test(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_required_header_says_who_the_client_is), CASE(a_header_may_come_byte_by_byte), CASE(a_missing_header_is_refused),
		CASE(the_first_line_that_names_the_peer_decides), CASE(peers_without_an_address_have_words),
		CASE(names_are_no_prefixes_yet), CASE(raw_bytes_are_never_looked_at), CASE(an_ignored_header_is_thrown_away),
		CASE(a_rejected_peer_is_closed_at_once), CASE(a_version_can_be_refused), CASE(an_error_keeps_the_claim_as_a_claim),
		CASE(an_empty_connection_is_a_probe), CASE(a_header_cut_short_is_an_error),
		CASE(too_few_bytes_to_be_a_header_are_the_protocols), CASE(the_header_timeout_begins_with_the_first_byte),
		CASE(silence_is_a_probe), CASE(a_trusted_client_may_send_one_more_header),
		CASE(a_second_header_is_optional_and_may_come_later), CASE(an_untrusted_client_sends_bytes),
		CASE(a_broken_second_header_closes_and_undoes_the_first), CASE(shadow_lets_everything_in_and_counts),
		CASE(shadow_strips_but_does_not_believe_the_rejected), CASE(shadow_strips_but_does_not_believe_a_refused_version),
		CASE(shadow_leaves_a_broken_header_to_the_protocol), CASE(shadow_lets_a_late_header_be_bytes),
		CASE(local_keeps_the_real_addresses), CASE(a_probes_question_is_answered), CASE(a_draining_process_fails_the_probe),
		CASE(an_empty_probe_is_counted_apart), CASE(a_header_beyond_the_small_buffer_is_read), CASE(the_ring_forgets_the_oldest),
	};

	return cmocka_run_group_tests_name("proxy/pp_receive", tests, open_loop, close_loop);
}
