/* SPDX-License-Identifier: Apache-2.0
 *
 * Words about a server: what they change, and what is said of those that change nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/assert.h"
#include "core/epoch.h"
#include "proxy/balance.h"
#include "proxy/health.h"
#include "proxy/notice.h"
#include "proxy/queue.h"
#include "proxy/server_change.h"

int server_change_test(void);

static struct proxy *be;
static struct server *srv;
static struct strbuf said, logged;

static void catch(const struct proxy *px, enum log_level level, struct slice text)
{
	(void)px, (void)level;
	strbuf_add_slice(&logged, text);
}

static bool is_fixed(const struct proxy *px)
{
	(void)px;
	return true;
}

static int begin(void **state)
{
	(void)state;
	notice_hook = catch;
	be = proxy_new("changed", PROXY_BE, NULL, "test", 1);
	srv = server_new(be, "s", "test", 2);
	srv->set.weight = 10;
	srv->endpoint = (struct endpoint){ .kind = ENDPOINT_INET, .port = PORT_FIXED, .fd = -1 };
	assert_true(addr_parse_ip(SLICE("192.0.2.1"), &srv->endpoint.addr));
	srv->endpoint.addr.port = 80;
	health_init(srv);
	queues_open(be);
	balance_update(be);
	return 0;
}

static int end(void **state)
{
	(void)state;
	proxy_unlist(be);
	strbuf_free(&said);
	strbuf_free(&logged);
	notice_hook = NULL;
	return 0;
}

static const char *answer(void)
{
	return said.len ? said.ptr : "";
}

static void weights(void **state)
{
	static const struct { const char *word, *answer; int weight; } rows[] = {
		{ "7", "", 7 }, { "50%", "", 5 }, { "0", "", 0 }, { "0%", "", 0 }, { "100%", "", 10 }, { "256", "", 256 }, { "25600%", "", 256 },
		{ "257", "Absolute weight can only be between 0 and 256 inclusive.", 256 }, { "-1", "Absolute weight can only be between 0 and 256 inclusive.", 256 },
		{ "25601%", "Relative weight can only be between 0 and 25600% inclusive.", 256 },
		{ "-1%", "Relative weight can only be between 0 and 25600% inclusive.", 256 },
		{ "", "'' is not a weight: expected a number, or one in percent.", 256 }, { "%", "'%' is not a weight: expected a number, or one in percent.", 256 },
		{ "7x", "'7x' is not a weight: expected a number, or one in percent.", 256 },
	};
	static const struct balance fixed = { .keyword = "fixed", .weights_fixed = is_fixed };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		strbuf_clear(&said);
		assert_int_equal(server_change_weight(srv, slice_of(rows[i].word), &said), rows[i].answer[0] == '\0');
		assert_string_equal(answer(), rows[i].answer);
		assert_int_equal(srv->weight, rows[i].weight);
	}
	be->set.balance = &fixed;
	strbuf_clear(&said);
	assert_false(server_change_weight(srv, SLICE("50%"), &said));
	assert_non_null(strstr(answer(), "only accepts weights '0%' and '100%'"));
	be->set.balance = NULL;
}

static void limits(void **state)
{
	(void)state;
	assert_true(server_change_maxconn(srv, SLICE("5"), &said) && srv->maxconn == 5);
	assert_true(server_change_maxconn(srv, SLICE("0"), &said) && srv->maxconn == 0);
	strbuf_clear(&said);
	assert_false(server_change_maxconn(srv, SLICE("5x"), &said));
	assert_string_equal(answer(), "maxconn string empty or preceded by garbage");
	strbuf_clear(&said);
	assert_false(server_change_maxconn(srv, SLICE("2147483648"), &said));
	assert_string_equal(answer(), "Value out of range.");
	assert_int_equal(srv->maxconn, 0);
}

static void addresses(void **state)
{
	static const struct { const char *addr, *port; bool ok; const char *answer; } rows[] = {
		{ "192.0.2.1", NULL, true, "no need to change the addr by 'test'" },
		{ "192.0.2.2", NULL, true, "IP changed from '192.0.2.1' to '192.0.2.2' by 'test'" },
		{ "192.0.2.2", "81", true, "no need to change the addr, port changed from '80' to '81' by 'test'" },
		{ "192.0.2.2", "81", true, "no need to change the addr, no need to change the port by 'test'" },
		{ "::1", "82", true, "IP changed from '192.0.2.2' to '::1', port changed from '81' to '82' by 'test'" },
		{ "host", NULL, false, "Invalid addr 'host': expected an IP address." },
		{ "192.0.2.3", "0", false, "Invalid port '0': expected a number from 1 to 65535." },
		{ "192.0.2.3", "", false, "Invalid port '': expected a number from 1 to 65535." },
		{ "192.0.2.3", "65536", false, "Invalid port '65536': expected a number from 1 to 65535." },
		{ "::1", "82", true, "no need to change the addr, no need to change the port by 'test'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		strbuf_clear(&said);
		assert_int_equal(server_change_address(srv, slice_of(rows[i].addr), slice_of(rows[i].port), "test", &said), rows[i].ok);
		assert_string_equal(answer(), rows[i].answer);
	}
	epoch_collect(true);
}

static void checks(void **state)
{
	(void)state;
	strbuf_clear(&said);
	assert_false(server_change_checked(srv, true, &said) || server_change_agent(srv, true, &said));
	assert_string_equal(answer(), "Health check was not configured on this server, cannot enable.Agent was not configured on this server, cannot enable.");
	assert_true(server_change_checked(srv, false, &said) && server_change_agent(srv, false, &said) && srv->checks_off && srv->agent_off);
	strbuf_clear(&said);
	assert_false(server_change_agent_health(srv, true, "test", &said));
	assert_string_equal(answer(), "agent checks are not enabled on this server.");
	strbuf_clear(&logged);
	assert_true(server_change_health(srv, SERVER_HEALTH_DOWN, "test", &said) && !srv->up);
	assert_non_null(strstr(logged.ptr, "Server changed/s is DOWN, changed from test."));
	assert_true(server_change_health(srv, SERVER_HEALTH_UP, "test", &said) && srv->up);
	assert_true(server_change_health(srv, SERVER_HEALTH_STOPPING, "test", &said) && srv->stopping);
	assert_non_null(strstr(logged.ptr, "is stopping, changed from test."));
	srv->track = srv;
	strbuf_clear(&said);
	assert_false(server_change_health(srv, SERVER_HEALTH_UP, "test", &said));
	assert_string_equal(answer(), "cannot change health on a tracking server.");
	srv->track = NULL;
}

int server_change_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights), cmocka_unit_test(limits), cmocka_unit_test(addresses), cmocka_unit_test(checks),
	};

	return cmocka_run_group_tests_name("proxy/server_change", tests, begin, end);
}
