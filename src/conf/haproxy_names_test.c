/* SPDX-License-Identifier: Apache-2.0
 *
 * The lists of names: found whole and of their kind only, and the longest row that fits says what to use instead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "conf/haproxy_names.h"

int haproxy_names_test(void);

static void names(void **state)
{
	(void)state;
	assert_true(haproxy_has_name(HAPROXY_SECTION, SLICE("acme")) && haproxy_has_name(HAPROXY_SECTION, SLICE("userlist")));
	assert_true(haproxy_has_name(HAPROXY_GLOBAL, SLICE("busy-polling")) && haproxy_has_name(HAPROXY_PROXY, SLICE("option httplog")));
	assert_true(haproxy_has_name(HAPROXY_BIND, SLICE("accept-proxy")) && haproxy_has_name(HAPROXY_SERVER, SLICE("send-proxy")));
	assert_true(haproxy_has_name(HAPROXY_ACTION, SLICE("set-header")) && haproxy_has_name(HAPROXY_FETCH, SLICE("src")));
	assert_true(haproxy_has_name(HAPROXY_CONVERTER, SLICE("lower")) && haproxy_has_name(HAPROXY_ALIAS, SLICE("%ci")));
	assert_true(haproxy_has_name(HAPROXY_COMMAND, SLICE("show table")));
	assert_false(haproxy_has_name(HAPROXY_SECTION, SLICE("acm")) || haproxy_has_name(HAPROXY_SECTION, SLICE("cme")));
	assert_false(haproxy_has_name(HAPROXY_FETCH, SLICE("lower")) || haproxy_has_name(HAPROXY_FETCH, SLICE("")));
	assert_false(haproxy_has_name(HAPROXY_FETCH, SLICE("src\nfetch src_port")));
}

static void what_to_use_instead(void **state)
{
	(void)state;
	assert_memory_equal(haproxy_instead(HAPROXY_BIND, SLICE("ktls")), ": let hitch", 11);
	assert_memory_equal(haproxy_instead(HAPROXY_GLOBAL, SLICE("ssl-provider-path")), ": let OpenSSL", 13);
	assert_string_equal(haproxy_instead(HAPROXY_GLOBAL, SLICE("ssl")), "");
	assert_string_equal(haproxy_instead(HAPROXY_FETCH, SLICE("nothing-like-it")), "");
	assert_true(haproxy_gave_up(HAPROXY_PROXY, SLICE("option http_proxy")));
	assert_false(haproxy_gave_up(HAPROXY_BIND, SLICE("ktls")));
}

int haproxy_names_test(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names), cmocka_unit_test(what_to_use_instead) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
