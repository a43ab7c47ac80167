/* SPDX-License-Identifier: Apache-2.0
 *
 * Unit tests of the record about orders: places and limits come back where the configuration is the same, and only there;
 * what is no order, or no record, changes nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>
#include "core/clock.h"
#include "core/state_trial.h"
#include "proxy/admission.h"
#include "proxy/balance.h"
#include "proxy/check_place.h"
#include "proxy/global.h"
#include "proxy/health.h"
#include "proxy/persist.h"
#include "proxy/queue.h"

int orders_test(void);

static struct proxy *both;
static struct server *srv;
static const struct cookie_settings cookie = { .name = SLICE("srv"), .insert = true };

static struct endpoint at(const char *text)
{
	struct endpoint e;
	struct strbuf err = STRBUF_EMPTY;

	assert_true(endpoint_parse(slice_of(text), ENDPOINT_ALLOW_OFFSET, &e, &err));
	return e;
}

/* The process begins (again). */
static int begin(void **unused)
{
	(void)unused;
	both = proxy_new("both", PROXY_FE | PROXY_BE, NULL, "test", 1);
	both->set.maxconn = both->hard_maxconn = 50;
	global.maxconn = global.hard_maxconn = 1000;
	global.max_rate[PROCESS_RATE_SESS] = global.hard_rate[PROCESS_RATE_SESS] = 7;
	both->set.mode = MODE_HTTP;
	both->set.cookie = &cookie;
	srv = server_new(both, "odd %name", "test", 2);
	srv->endpoint = at("10.0.0.1:80");
	srv->set.maxconn = 7;
	srv->set.agent_port = 99;
	srv->check = srv->agent = (struct check *)srv;
	health_init(srv);
	queues_open(both);
	balance_update(both);
	persist_open(both);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	proxy_unlist(both);
	return 0;
}

static const struct state_trial trial = { begin, end };

static const char *where(void)
{
	static struct strbuf text;

	strbuf_clear(&text);
	endpoint_format(server_endpoint(srv), &text);
	return text.ptr;
}

static void order_all(void)
{
	struct check_place check = { .has_addr = true, .addr = at("10.9.9.9"), .port = 81 }, agent = { .port = 82, .send = "a b,c%\n" };
	struct endpoint to = at("[2001:db8::1]:8080");

	health_move(srv, &to);
	check_place_set(srv, false, &check);
	check_place_set(srv, true, &agent);
	server_set_maxconn(srv, 0);
	admission_limit_frontend(both, LIMIT_NOBODY);
	admission_limit_process(10);
	admission_limit_rate(PROCESS_RATE_SESS, 0);
	listeners_set_frontend(both, FRONTEND_PAUSED);
	persist_renew(both, PERSIST_DYNAMIC_ON, "a key,%");
}

static void assert_ordered(void)
{
	struct check_place check = check_place_get(srv, false), agent = check_place_get(srv, true);

	assert_string_equal(where(), "[2001:db8::1]:8080");
	assert_true(check.has_addr);
	assert_int_equal(check.port, 81);
	assert_false(agent.has_addr);
	assert_int_equal(agent.port, 82);
	assert_string_equal(agent.send, "a b,c%\n");
	assert_int_equal(srv->maxconn, 0);
	assert_int_equal(both->set.maxconn, LIMIT_NOBODY);
	assert_int_equal(global.maxconn, 10);
	assert_int_equal(global.max_rate[PROCESS_RATE_SESS], 0);
	assert_int_equal(both->state, FRONTEND_PAUSED);
	struct strbuf key = STRBUF_EMPTY;
	assert_true(persist_is_dynamic(both, &key));
	assert_string_equal(key.ptr, "a key,%");
	strbuf_free(&key);
	assert_non_null(srv->cookie);
}

/* What was taken over is handed on. */
static void places_and_limits(void **unused)
{
	(void)unused;
	order_all();
	for (int i = 0; i < 3; i++) {
		struct strbuf s = state_trial_hand_over(&trial);
		assert_string_equal(where(), "10.0.0.1:80");
		state_trial_load(&s);
		assert_ordered();
	}
}

static void nothing_was_ordered(void **unused)
{
	(void)unused;
	struct strbuf s = state_trial_hand_over(&trial);
	assert_true(slice_starts(strbuf_slice(&s), SLICE("state orders 1 0\n\n")));
	state_trial_load(&s);
	assert_null(srv->moved);
	assert_null(srv->check_moved);
}

static void the_new_configuration_wins(void **unused)
{
	(void)unused;
	order_all();
	struct strbuf s = state_trial_hand_over(&trial);
	srv->endpoint = at("10.0.0.1:81");
	srv->set.check_port = 5;
	srv->set.agent_send = (char *)"other";
	srv->set.maxconn = srv->maxconn = 8;
	both->set.maxconn = both->hard_maxconn = 51;
	global.maxconn = global.hard_maxconn = 1001;
	global.max_rate[PROCESS_RATE_SESS] = global.hard_rate[PROCESS_RATE_SESS] = 8;
	both->set.dynamic_cookie_key = "another";
	state_trial_load(&s);
	assert_string_equal(where(), "10.0.0.1:81");
	assert_null(srv->check_moved);
	assert_null(srv->agent_moved);
	assert_int_equal(srv->maxconn, 8);
	assert_int_equal(both->set.maxconn, 51);
	assert_int_equal(global.maxconn, 1001);
	assert_int_equal(global.max_rate[PROCESS_RATE_SESS], 8);
	assert_null(srv->cookie);
}

/* A name is what was configured, whatever it means by now; a port that follows the client's goes on to. */
static void by_name_and_offset(void **unused)
{
	struct endpoint to;

	(void)unused;
	srv->endpoint = at("10.0.0.1:+7");
	srv->endpoint.host = "web";
	to = srv->endpoint;
	to.host = NULL;
	assert_true(addr_parse_ip(SLICE("10.0.0.5"), &to.addr));
	health_move(srv, &to);
	struct strbuf s = state_trial_hand_over(&trial);
	srv->endpoint = at("10.0.0.3:+7");
	srv->endpoint.host = "web";
	state_trial_load(&s);
	assert_true(slice_starts(slice_of(where()), SLICE("10.0.0.5:")));
	assert_int_equal(server_endpoint(srv)->port, PORT_OFFSET);
	assert_int_equal(server_endpoint(srv)->port_offset, 7);
}

static void gone_or_unasked(void **unused)
{
	(void)unused;
	order_all();
	struct strbuf s = state_trial_hand_over(&trial);
	srv->check = srv->agent = NULL;
	state_trial_load(&s);
	assert_null(srv->check_moved);
	assert_null(srv->agent_moved);
	order_all();
	s = state_trial_hand_over(&trial);
	end(NULL);
	state_trial_load(&s);
	begin(NULL);
}

static void bad_bodies(void **unused)
{
	static const char *const bad[] = {
		"\n", "moved\n", "moved both\n", "moved both odd%20%25name\n", "moved both odd%20%25name x\n",
		"moved both odd%20%25name 10.0.0.1,1,80,0 10.0.0.2,1,80\n", "moved both odd%20%25name 10.0.0.1,1,80,0 10.0.0.2,3,80,0\n",
		"moved both odd%20%25name 10.0.0.1,1,80,0 x,1,80,0\n", "moved both odd%20%25name 10.0.0.1,1,80,0 10.0.0.2,1,80000,0\n",
		"asked both odd%20%25name\n", "asked both odd%20%25name who -,0, -,1,\n", "asked both odd%20%25name check -,0, -,1\n",
		"asked both odd%20%25name check -,0, x,1,\n", "limit both odd%20%25name 7\n", "limit both odd%20%25name 7 -1\n",
		"frontend both 50\n", "frontend both 50 -2\n", "process 1000\n", "process 1000 0\n", "process 1000 5",
		"rate 1 7\n", "rate -1 7 8\n", "rate 1 7 -1\n", "paused\n", "marks both 0,\n", "marks both 0, 2,x\n", "marks both 0, 1x\n",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct strbuf s = STRBUF_EMPTY;
		struct state_report r;
		strbuf_addf(&s, "state orders 1 %zu\n%s\n", strlen(bad[i]), bad[i]);
		assert_true(state_load_all(strbuf_slice(&s), &r));
		assert_int_equal(r.refused, 1);
		strbuf_free(&s);
	}
	struct state_report r;
	assert_true(state_load_all(SLICE("state orders 2 0\n\nstate orders 1 9\nfuture 1\n\n"), &r));
	assert_int_equal(r.refused, 1);
	assert_int_equal(r.loaded, 1);
	assert_null(srv->moved);
	assert_int_equal(srv->maxconn, 7);
	assert_int_equal(both->set.maxconn, 50);
	assert_int_equal(global.maxconn, 1000);
	assert_int_equal(global.max_rate[PROCESS_RATE_SESS], 7);
	assert_null(srv->cookie);
}

int orders_test(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(places_and_limits, begin, end),
		cmocka_unit_test_setup_teardown(nothing_was_ordered, begin, end),
		cmocka_unit_test_setup_teardown(the_new_configuration_wins, begin, end),
		cmocka_unit_test_setup_teardown(by_name_and_offset, begin, end),
		cmocka_unit_test_setup_teardown(gone_or_unasked, begin, end),
		cmocka_unit_test_setup_teardown(bad_bodies, begin, end),
	};
	return cmocka_run_group_tests(tests, state_trial_open, NULL);
}
