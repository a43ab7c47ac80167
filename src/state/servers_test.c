/* SPDX-License-Identifier: Apache-2.0
 *
 * Unit tests of the record about servers: what one process saves another takes over, and what its
 * configuration changed stands.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/clock.h"
#include "core/state_trial.h"
#include "proxy/balance.h"
#include "proxy/health.h"
#include "proxy/notice.h"
#include "proxy/queue.h"
#include "proxy/warmup.h"

int servers_test(void);

static void hush(const struct proxy *px, enum log_level level, struct slice text) { (void)px, (void)level, (void)text; }

static struct proxy *be;
static struct server *srv;

/* The process begins (again): one backend with one server as configured. */
static int begin(void **unused)
{
	(void)unused;
	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	srv = server_new(be, "odd %name", "test", 2);
	srv->set.check = true;
	srv->set.weight = 10;
	srv->check = (struct check *)srv;
	health_init(srv);
	queues_open(be);
	balance_update(be);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	proxy_unlist(be);
	return 0;
}

static void fail_once(void)
{
	struct check_report r = { .status = CHECK_STATUS_L4CON, .duration_ms = 7 };

	snprintf(r.info, sizeof(r.info), "100%% \"gone\"\n away");
	health_report(srv, &r);
}

static const struct state_trial trial = { begin, end };

static void health_and_orders(void **unused)
{
	struct counters sum;

	(void)unused;
	fail_once();
	health_set_weight(srv, 3);
	health_set_admin(srv, SERVER_DRAIN);
	uint64_t changed = srv->last_change_ms -= 5000;
	struct strbuf s = state_trial_hand_over(&trial);
	assert_true(server_usable(srv));
	state_trial_load(&s);
	assert_false(srv->up);
	assert_int_equal(srv->score, 0);
	assert_int_equal(srv->weight, 3);
	assert_int_equal(srv->admin, SERVER_DRAIN);
	assert_int_equal(srv->last_change_ms, changed);
	assert_int_equal(srv->last_check.status, CHECK_STATUS_L4CON);
	assert_int_equal(srv->last_check.duration_ms, 7);
	assert_string_equal(srv->last_check.info, "100% \"gone\"\n away");
	assert_int_equal(be->usable_servers, 0);
	counters_sum(&srv->counters, &sum);
	assert_int_equal(sum.checks, 1);
	assert_int_equal(sum.checks_failed, 1);
	assert_int_equal(sum.downs, 1);
	counters_sum(&be->be, &sum);
	assert_int_equal(sum.downs, 1);
}

static void the_new_configuration_wins(void **unused)
{
	(void)unused;
	health_set_weight(srv, 3);
	health_set_admin(srv, SERVER_MAINT);
	struct strbuf s = state_trial_hand_over(&trial);
	srv->set.weight = 20;
	srv->set.disabled = true;
	health_init(srv);
	state_trial_load(&s);
	assert_int_equal(srv->weight, 20);
	assert_int_equal(srv->admin, SERVER_MAINT);

	/* `disabled` was taken out of the file: the server comes back. */
	s = state_trial_hand_over(&trial);
	state_trial_load(&s);
	assert_int_equal(srv->admin, 0);
	assert_true(server_usable(srv));
}

static void who_is_gone_or_unchecked(void **unused)
{
	(void)unused;
	fail_once();
	struct strbuf s = state_trial_hand_over(&trial);
	srv->check = NULL;
	state_trial_load(&s);
	assert_true(server_usable(srv));
	fail_once();
	s = state_trial_hand_over(&trial);
	end(NULL);
	state_trial_load(&s);
	begin(NULL);
}

static void never_checked_is_no_verdict(void **unused)
{
	(void)unused;
	struct strbuf s = state_trial_hand_over(&trial);
	state_trial_load(&s);
	assert_true(server_usable(srv));
	assert_int_equal(srv->last_check.status, CHECK_STATUS_INI);
}

/* What is left of slowstart: it does not begin anew, and it is not over either. */
static void warming(void **unused)
{
	(void)unused;
	srv->set.slowstart_ms = 10000;
	health_set_admin(srv, SERVER_MAINT);
	health_set_admin(srv, 0);
	uint64_t since = srv->warm_since_ms -= 5000;
	assert_int_equal(warmup_percent(srv), 50);
	struct strbuf s = state_trial_hand_over(&trial), other = STRBUF_EMPTY;
	strbuf_add_slice(&other, strbuf_slice(&s));
	srv->set.slowstart_ms = 10000;
	assert_int_equal(warmup_percent(srv), 100);
	state_trial_load(&s);
	assert_int_equal(srv->warm_since_ms, since);
	assert_int_equal(warmup_percent(srv), 50);
	warmup_forget(srv);
	/* The new configuration has another time. */
	end(NULL);
	begin(NULL);
	srv->set.slowstart_ms = 20000;
	state_trial_load(&other);
	assert_int_equal(srv->warm_since_ms, 0);
}

static void ordered_down(void **unused)
{
	(void)unused;
	health_force(srv, false, "CLI");
	struct strbuf s = state_trial_hand_over(&trial);
	state_trial_load(&s);
	assert_false(server_usable(srv));
	s = state_trial_hand_over(&trial);
	srv->check = NULL;
	state_trial_load(&s);
	assert_true(server_usable(srv)); /* here no check would bring it back */
}

/* Half a yes and no checks any more, which an operator has ordered. */
static void stopping_and_unasked(void **unused)
{
	(void)unused;
	struct check_report half = { .status = CHECK_STATUS_L7OKC, .code = 404 };
	health_report(srv, &half);
	assert_false(server_usable(srv));
	srv->checks_off = true;
	struct strbuf s = state_trial_hand_over(&trial);
	state_trial_load(&s);
	assert_true(srv->up);
	assert_true(srv->stopping);
	assert_false(server_usable(srv));
	assert_true(srv->checks_off);
}

/* The word of an agent is no failed check: it alone takes it back. */
static void down_by_its_agent(void **unused)
{
	struct check_report good = { .status = CHECK_STATUS_L4OK }, bad = { .status = CHECK_STATUS_L7STS };

	(void)unused;
	srv->agent = (struct check *)srv;
	health_report(srv, &good);
	health_agent(srv, AGENT_DOWN, &bad);
	struct strbuf s = state_trial_hand_over(&trial);
	srv->agent = (struct check *)srv;
	state_trial_load(&s);
	assert_false(srv->up);
	health_report(srv, &good);
	assert_false(server_usable(srv));
	health_agent(srv, AGENT_UP, &good);
	assert_true(server_usable(srv));
	/* Without one here, nobody would take it back. */
	health_agent(srv, AGENT_DOWN, &bad);
	s = state_trial_hand_over(&trial);
	state_trial_load(&s);
	assert_true(server_usable(srv));
}

/* What version 1 says still counts. */
static void of_an_older_program(void **unused)
{
	static const char line[] = "server be odd%20%25name 2 0 3 10 1 1 4 4 6 0 0 5 9 0 0 0 \"\n";
	struct strbuf s = STRBUF_EMPTY;

	(void)unused;
	strbuf_addf(&s, "state servers 1 %zu\n%s\n", strlen(line), line);
	state_trial_load(&s);
	assert_int_equal(srv->admin, SERVER_DRAIN);
	assert_int_equal(srv->weight, 3);
	assert_false(srv->stopping);
}

static void bad_bodies(void **unused)
{
	static const char *const bad[] = {
		"server be\n", "server be odd%20%25name 1 2\n", "backend be x 1 2\n", "backend be 1 2 3", "\n",
		"server be odd%20%25name 0 0 1 1 0 1 2 4 1 0 0 5 0 0 0 0 noquote\n",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct strbuf s = STRBUF_EMPTY;
		struct state_report r;
		strbuf_addf(&s, "state servers 1 %zu\n%s\n", strlen(bad[i]), bad[i]);
		assert_true(state_load_all(strbuf_slice(&s), &r));
		assert_int_equal(r.refused, 1);
		strbuf_free(&s);
	}
	struct state_report r;
	assert_true(state_load_all(SLICE("state servers 3 0\n\nstate servers 1 9\nfuture 1\n\n"), &r));
	assert_int_equal(r.refused, 1);
	assert_int_equal(r.loaded, 1);
	assert_true(server_usable(srv));
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

int servers_test(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(health_and_orders, begin, end),
		cmocka_unit_test_setup_teardown(the_new_configuration_wins, begin, end),
		cmocka_unit_test_setup_teardown(who_is_gone_or_unchecked, begin, end),
		cmocka_unit_test_setup_teardown(never_checked_is_no_verdict, begin, end),
		cmocka_unit_test_setup_teardown(warming, begin, end),
		cmocka_unit_test_setup_teardown(ordered_down, begin, end),
		cmocka_unit_test_setup_teardown(stopping_and_unasked, begin, end),
		cmocka_unit_test_setup_teardown(down_by_its_agent, begin, end),
		cmocka_unit_test_setup_teardown(of_an_older_program, begin, end),
		cmocka_unit_test_setup_teardown(bad_bodies, begin, end),
	};
	return cmocka_run_group_tests(tests, open_thread, NULL);
}
