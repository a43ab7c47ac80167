/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics: what a scrape asks for, and the parts of the text format.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "proxy/metrics.h"

int metrics_test(void);

static bool wants(const char *names, const char *name)
{
	struct metrics_filter f = { .scopes = METRICS_ALL, .names = slice_of(names) };

	return metrics_wanted(&f, "haproxy_", name);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(wants("", "a"));
	assert_true(wants("haproxy_a", "a"));
	assert_true(wants("haproxy_b,haproxy_a", "a"));
	assert_false(wants("haproxy_b", "a"));
	assert_false(wants("haproxy_ab,haproxy_,a", "a"));
	assert_false(wants("-haproxy_a", "a"));
	assert_true(wants("-haproxy_b,,-", "a"));
	assert_false(wants("-haproxy_b,haproxy_c", "a"));
}

static void test_scopes(void **state)
{
	struct metrics_filter f = { 0 };

	(void)state;
	assert_true(metrics_ask(&f, SLICE("scope"), SLICE("server")));
	assert_true(metrics_ask(&f, SLICE("scope"), SLICE("global")));
	assert_int_equal(f.scopes, METRICS_SERVER | METRICS_GLOBAL);
	assert_true(metrics_ask(&f, SLICE("scope"), SLICE("")));
	assert_int_equal(f.scopes, 0);
	assert_true(metrics_ask(&f, SLICE("scope"), SLICE("*")));
	assert_int_equal(f.scopes, METRICS_ALL);
	assert_false(metrics_ask(&f, SLICE("scope"), SLICE("Server")));
	assert_true(metrics_ask(&f, SLICE("other"), SLICE("x")));
	assert_false(f.no_maint);
	assert_true(metrics_ask(&f, SLICE("no-maint"), SLICE("")));
	assert_true(f.no_maint);
}

static void test_text(void **state)
{
	struct strbuf out = STRBUF_EMPTY;

	(void)state;
	metrics_head(&out, "a_", "b", "gauge", "what it is");
	metrics_label(&out, "l", "x\"\\\ny");
	metrics_value(&out, &(struct stats_value){ .type = STATS_S32, .i = -1 });
	metrics_value(&out, &(struct stats_value){ .type = STATS_NONE });
	strbuf_add_byte(&out, '\0');
	assert_string_equal(out.ptr, "# HELP a_b what it is\n# TYPE a_b gauge\nl=\"x\\\"\\\\\\ny\" -1\n NaN\n");
	strbuf_free(&out);
}

int metrics_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names), cmocka_unit_test(test_scopes), cmocka_unit_test(test_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
