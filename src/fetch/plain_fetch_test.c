/* SPDX-License-Identifier: Apache-2.0
 *
 * Fetches that need no connection: constants, clock, chance, process, variables, ACLs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/assert.h"
#include "core/clock.h"
#include "rule/trial.h"
#include "rule/vars.h"

int plain_fetch_test(void);

static struct arena arena;
static struct var_store *txn;
static struct eval ev = { .arena = &arena, .phase = PHASE_FE_CONN, .vars = { [VAR_TXN] = &txn } };
static struct strbuf err;
static struct acl_table *table;

/* The runner holds no matchers; conditions need this one. */
static bool bool_match(const struct value *v) { return v->num != 0; }

MATCHER(bool) = { .keyword = "bool", .in = VALUE_BOOL, .match = bool_match };

static int start(void **state)
{
	trial_start(state);
	setenv("USHER_TEST_VALUE", "from outside", 1);
	unsetenv("USHER_TEST_NOTHING");
	clock_update();
	return 0;
}

static int give_back(void **state)
{
	(void)state;
	var_store_free(&txn);
	trial_end(&arena);
	strbuf_free(&err);
	table = NULL;
	ev.final = false;
	return 0;
}

static struct value fetch(const char *word, enum value_type type)
{
	struct expr *e = expr_compile(word, PHASE_FE_CONN, NULL, &err);
	struct value v;

	if (!e)
		fail_msg("%s: %s", word, err.ptr);
	if (expr_eval(e, &ev, &v) != EVAL_OK)
		fail_msg("%s has no value", word);
	assert_int_equal(v.type, type);
	return v;
}

static void assert_text(const char *word, enum value_type type, const char *want)
{
	struct value v = fetch(word, type);
	struct slice s;

	assert_true(value_text(&v, &arena, &s));
	if (!slice_is(s, want))
		fail_msg("%s is '%.*s', not '%s'", word, SLICE_FMT(s), want);
}

static void assert_none(const char *word)
{
	struct expr *e = expr_compile(word, PHASE_FE_CONN, NULL, &err);
	struct value v;

	assert_non_null(e);
	assert_int_equal(expr_eval(e, &ev, &v), EVAL_NONE);
}

static void assert_refused(const char *word, const char *why)
{
	strbuf_clear(&err);
	if (expr_compile(word, PHASE_FE_CONN, NULL, &err))
		fail_msg("%s is taken", word);
	if (!strstr(err.ptr, why))
		fail_msg("%s: '%s' does not speak of '%s'", word, err.ptr, why);
}

static void constants(void **state)
{
	(void)state;
	assert_text("always_true", VALUE_BOOL, "1");
	assert_text("always_false()", VALUE_BOOL, "0");
	assert_text("int(-9223372036854775808)", VALUE_INT, "-9223372036854775808");
	assert_text("int(010)", VALUE_INT, "10");
	assert_text("str(a b)", VALUE_STR, "a b");
	assert_text("str", VALUE_STR, "");
	assert_text("bool(true)", VALUE_BOOL, "1");
	assert_text("bool(0)", VALUE_BOOL, "0");
	assert_text("ipv4(1.2.3.4)", VALUE_ADDR, "1.2.3.4");
	assert_text("ipv6(2001:DB8::1)", VALUE_ADDR, "2001:db8::1");
	assert_text("ipv6(::ffff:1.2.3.4)", VALUE_ADDR, "1.2.3.4");
	assert_text("bin(616263)", VALUE_BIN, "abc");
	assert_text("meth(GET)", VALUE_METHOD, "GET");
	assert_refused("int(0x10)", "not an integer");
	assert_refused("int", "argument 1 of 1 is missing");
	assert_refused("bool(maybe)", "not true, false, 1 or 0");
	assert_refused("ipv4(::1)", "not an IPv4 address");
	assert_refused("ipv6(1.2.3.4)", "not an IPv6 address");
	assert_refused("bin(616)", "pairs of hexadecimal digits");
	assert_refused("bin(6g)", "pairs of hexadecimal digits");
}

static void dates_belong_together(void **state)
{
	struct timeval now = clock_wall();

	(void)state;
	assert_int_equal(fetch("date", VALUE_INT).num, now.tv_sec);
	assert_int_equal(fetch("date(-10)", VALUE_INT).num, now.tv_sec - 10);
	assert_int_equal(fetch("date(,ms)", VALUE_INT).num, now.tv_sec * 1000 + now.tv_usec / 1000);
	assert_int_equal(fetch("date(5,us)", VALUE_INT).num, now.tv_sec * 1000000 + now.tv_usec + 5);
	assert_int_equal(fetch("date_us", VALUE_INT).num, now.tv_usec);
	assert_refused("date(0,h)", "none of s, ms and us");
}

static void chance_stays_in_its_range(void **state)
{
	struct expr *three = expr_compile("rand(3)", PHASE_FE_CONN, NULL, &err);
	unsigned seen = 0;
	struct value v;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(expr_eval(three, &ev, &v), EVAL_OK);
		assert_in_range(v.num, 0, 2);
		seen |= 1u << v.num;
	}
	assert_int_equal(seen, 7);
	assert_int_equal(fetch("rand(1)", VALUE_INT).num, 0);
	assert_in_range(fetch("rand", VALUE_INT).num, 0, UINT32_MAX);
	assert_refused("rand(0)", "the range");
	assert_refused("rand(4294967297)", "the range");
}

static void uuids_have_their_form(void **state)
{
	struct slice a = fetch("uuid", VALUE_STR).bytes, b = fetch("uuid(4)", VALUE_STR).bytes;

	(void)state;
	assert_int_equal(a.len, 36);
	assert_false(slice_eq(a, b));
	assert_int_equal(a.ptr[8], '-');
	assert_int_equal(a.ptr[14], '4');
	assert_non_null(strchr("89ab", a.ptr[19]));
	assert_refused("uuid(5)", "UUID version 5");
}

static void the_process(void **state)
{
	char name[256];

	(void)state;
	gethostname(name, sizeof(name));
	assert_text("hostname", VALUE_STR, name);
	assert_text("env(USHER_TEST_VALUE)", VALUE_STR, "from outside");
	assert_none("env(USHER_TEST_NOTHING)");
	assert_int_equal(fetch("pid", VALUE_INT).num, getpid());
	assert_int_equal(fetch("proc", VALUE_INT).num, 1);
	assert_int_equal(fetch("nbproc", VALUE_INT).num, 1);
	assert_int_equal(fetch("tgroup", VALUE_INT).num, 1);
	assert_int_equal(fetch("thread", VALUE_INT).num, 0);
	clock_start_ms = clock_now_ms - 2999;
	assert_int_equal(fetch("uptime", VALUE_INT).num, 2);
}

static void all_variables_are_shown(void **state)
{
	static const char *const names[] = { "txn.text", "txn.number", "txn.none", "txn.bytes", "txn.yes", "txn.ip" };
	struct value values[] = { value_str(slice_make("a\"\\\r\n\0b", 7)), value_int(-42), { 0 }, value_bin(slice_make("\0Hi", 3)),
		value_bool(true), { .type = VALUE_ADDR } };

	(void)state;
	assert_true(addr_parse_ip(SLICE("192.168.1.1"), &values[5].addr));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct var_name *name = var_name_intern(slice_of(names[i]), &err);
		if (i != 2)
			assert_true(eval_var_set(&ev, name, &values[i]));
	}
	assert_text("dump_all_vars", VALUE_STR,
		"txn.text=\"a\\\"\\\\\\r\\n\\0b\", txn.number=-42, txn.bytes=x004869, txn.yes=true, txn.ip=192.168.1.1");
	assert_text("dump_all_vars(txn,n)", VALUE_STR, "txn.number=-42");
	assert_text("dump_all_vars(txn,,;)", VALUE_STR,
		"txn.text=\"a\\\"\\\\\\r\\n\\0b\";txn.number=-42;txn.bytes=x004869;txn.yes=true;txn.ip=192.168.1.1");
	assert_text("dump_all_vars(sess)", VALUE_STR, "");
	char *big = calloc(1, 20000);
	values[0] = value_bin(slice_make(big, 20000));
	assert_true(eval_var_set(&ev, var_name_find(SLICE("txn.bytes")), &values[0]));
	assert_none("dump_all_vars");
	free(big);
	assert_refused("dump_all_vars(foo)", "none of sess");
}

static void variables(void **state)
{
	struct value v = value_int(7);

	(void)state;
	assert_none("var(txn.x)");
	assert_text("var(txn.x,fallback)", VALUE_STR, "fallback");
	assert_text("var(txn.x,)", VALUE_STR, "");
	assert_true(eval_var_set(&ev, var_name_find(SLICE("txn.x")), &v));
	assert_int_equal(fetch("var(txn.x,fallback)", VALUE_INT).num, 7);
	assert_refused("var(x)", "must start with a scope");
	assert_refused("var", "argument 1 of 1 is missing");
}

static struct acl_table **table_of(struct proxy *px)
{
	(void)px;
	return &table;
}

static void acls_by_name(void **state)
{
	static const char *const lines[] = {
		"yes always_true", "no always_false", "late wait_end", "loop acl(loop)", "both acl(yes,!no)"};
	struct proxy *px = (struct proxy *)&table;
	struct expr *both, *late, *loop, *late_and_no;
	struct value v;

	(void)state;
	acl_table_of = table_of;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct conf_line l = trial_line(lines[i]);

		assert_true(acl_parse(&l, &table, px));
	}
	both = expr_compile("acl(both,!FALSE,yes)", PHASE_FE_CONN, px, &err);
	late = expr_compile("acl(late)", PHASE_FE_CONN, px, &err);
	late_and_no = expr_compile("acl(late,no)", PHASE_FE_CONN, px, &err);
	loop = expr_compile("acl(loop)", PHASE_FE_CONN, px, &err);
	assert_true(expr_resolve_all());
	assert_int_equal(expr_eval(both, &ev, &v), EVAL_OK);
	assert_int_equal(v.num, 1);
	assert_int_equal(expr_eval(late, &ev, &v), EVAL_WAIT);
	assert_int_equal(expr_eval(late_and_no, &ev, &v), EVAL_OK);
	assert_int_equal(v.num, 0);
	assert_int_equal(expr_eval(loop, &ev, &v), EVAL_OK);
	assert_int_equal(v.num, 0);
	ev.final = true;
	assert_int_equal(expr_eval(late, &ev, &v), EVAL_OK);
	assert_int_equal(v.num, 1);
	assert_non_null(expr_compile("acl(nothing)", PHASE_FE_CONN, px, &err));
	assert_false(expr_resolve_all());
	assert_refused("acl()", "is missing");
	assert_refused("acl(yes,!)", "name is empty");
}

int plain_fetch_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(constants, give_back),
		cmocka_unit_test_teardown(dates_belong_together, give_back),
		cmocka_unit_test_teardown(chance_stays_in_its_range, give_back),
		cmocka_unit_test_teardown(uuids_have_their_form, give_back),
		cmocka_unit_test_teardown(the_process, give_back),
		cmocka_unit_test_teardown(variables, give_back),
		cmocka_unit_test_teardown(all_variables_are_shown, give_back),
		cmocka_unit_test_teardown(acls_by_name, give_back),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
