/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditions of .if and -cc. Expectations read off HAProxy 2.6, newer predicates off the manual.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>
#include "conf/reader.h"

int condition_test(void);

static void check(const char *text, int expected)
{
	char *error = NULL;
	int got = conf_condition(text, &error);
	if (got != expected)
		fail_msg("'%s' gave %d (%s), expected %d", text, got, error ? error : "no error", expected);
	assert_true((error != NULL) == (got < 0));
	free(error);
}

static void test_expressions(void **state)
{
	(void)state;
	check("", 0);
	check("  ", 0);
	check("0", 0);
	check("00", 0);
	check("1", 1);
	check("-1", 1);
	check("+1", 1);
	check("!0", 1);
	check("! 0", 1);
	check("!!1", 1);
	check("!(0)", 1);
	check("( 1 )", 1);
	check("1 && 0", 0);
	check("0 || 1", 1);
	check("0 || 1 && 0", 0);
	check("1&&0||1", 1);
	check("(0 || 1) && 1", 1);
}

static void test_errors(void **state)
{
	(void)state;
	check("foo", -1);
	check("foo(1)", -1);
	check("2x", -1);
	check("1 1", -1);
	check("1 & 1", -1);
	check("1 &&", -1);
	check("!", -1);
	check("(1", -1);
	check("(1))", -1);
	check("(1)(1)", -1);
	check("1 || foo", -1);
	check("streq(a)", -1);
	check("streq(a,b,c)", -1);
	check("streq()", -1);
	check("streq", -1);
	check("streq(a,'b)", -1);
	check("streq(a,b", -1);
	check("defined (A)", -1);
}

static void test_depth(void **state)
{
	(void)state;
	char text[4096];
	memset(text, '(', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	check(text, -1);
	memset(text, '!', sizeof(text) - 1);
	check(text, -1);
}

static void test_strings(void **state)
{
	(void)state;
	setenv("CONDITION_A", "", 1);
	unsetenv("CONDITION_NOPE");
	check("defined(CONDITION_A)", 1);
	check("defined(CONDITION_NOPE)", 0);
	check("defined()", 0);
	check("streq(a,a)", 1);
	check("streq(a, a)", 0);
	check("streq(a b,a b)", 1);
	check("streq(,)", 1);
	check("streq(\"a,b\",'a,b')", 1);
	check("streq(a\\,b,\"a,b\")", 1);
	check("strneq(a,b)", 1);
	check("strstr(abc,b)", 1);
	check("strstr(abc,x)", 0);
}

static void test_facts(void **state)
{
	(void)state;
	static const char *const features[] = { "+EPOLL", "-QUIC", NULL };
	static const char *const enabled[] = { "SPLICE", NULL };
	struct conf_facts before = conf_facts;
	conf_facts = (struct conf_facts){ features, enabled, "3.0.2", "OpenSSL 3.0.17", false };
	check("feature(EPOLL)", 1);
	check("feature(QUIC)", 0);
	check("enabled(SPLICE) && !enabled(POLL)", 1);
	check("version_atleast(2.6)", 1);
	check("version_atleast(3)", 1);
	check("version_atleast(3.0.2)", 1);
	check("version_atleast(3.0-dev5)", 1);
	check("version_atleast(3.0.3)", 0);
	check("version_atleast(3.1-dev0)", 0);
	check("version_before(3.0.3)", 1);
	check("version_before(3.1-dev0)", 1);
	check("version_before(3.0-dev1)", 0);
	check("openssl_version_atleast(1.1.1)", 1);
	check("openssl_version_atleast(3.0.18)", 0);
	check("openssl_version_before(3.1.0)", 1);
	check("ssllib_name_startswith(OpenSSL)", 1);
	check("fips_mode() || fips_mode", 0);
	conf_facts.ssl_library = NULL;
	check("openssl_version_atleast(1.1.1)", 0);
	check("openssl_version_before(3.1.0)", 0);
	check("ssllib_name_startswith(OpenSSL)", 0);
	conf_facts = before;
}

int condition_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions), cmocka_unit_test(test_errors), cmocka_unit_test(test_depth),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_facts),
	};
	return cmocka_run_group_tests_name("conf/condition", tests, NULL, NULL);
}
