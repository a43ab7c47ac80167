/* SPDX-License-Identifier: Apache-2.0
 *
 * The converters of Forwarded fields by whole expressions: the examples of the manual, and what has no value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/assert.h"
#include "rule/trial.h"

int rfc7239_test(void);

static enum eval_result given_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)ev;
	if (a->count == 0)
		*out = value_str(SLICE(""));
	else if (a->v[0].type == ARG_INT)
		*out = value_int(a->v[0].num);
	else
		*out = value_str(a->v[0].str);
	return EVAL_OK;
}

static enum eval_result given_addr_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr ip;

	(void)ev;
	assert_true(addr_parse_ip(a->v[0].str, &ip));
	*out = value_addr(ip);
	return EVAL_OK;
}

FETCH(given) = { .keyword = "given", .args = ";s", .type = VALUE_STR, .phases = PHASE_ANY, .get = given_get };
FETCH(given_int) = { .keyword = "given_int", .args = "i", .type = VALUE_INT, .phases = PHASE_ANY, .get = given_get };
FETCH(given_addr) = { .keyword = "given_addr", .args = "s", .type = VALUE_ADDR, .phases = PHASE_ANY, .get = given_addr_get };

#define FIELD "given('proto=https;host=\"haproxy.org:80\";for=\"127.0.0.1:9999\",for=_b;by=\"[::1]:_p\"')"
static const struct {
	const char *expr, *want; /* NULL: no value */
} rows[] = {
	{ "given('for=127.0.0.1;proto=http'),rfc7239_is_valid", "1" },
	{ "given('proto=custom'),rfc7239_is_valid", "0" },
	{ "given('for=_a,'),rfc7239_is_valid", "1" },
	{ "given('for=_a,for'),rfc7239_is_valid", "0" },
	{ "given(),rfc7239_is_valid", "0" },
	{ FIELD ",rfc7239_field(host)", "haproxy.org:80" },
	{ FIELD ",rfc7239_field(For)", "127.0.0.1:9999" },
	{ FIELD ",rfc7239_field(proto)", "https" },
	{ FIELD ",rfc7239_field(by)", "[::1]:_p" },
	{ "given('for=_a'),rfc7239_field(by)", NULL },
	{ "given('for=_a;by=b'),rfc7239_field(for)", NULL },
	{ "given('127.0.0.1:9999'),rfc7239_n2nn", "127.0.0.1" },
	{ "given('127.0.0.1:9999'),rfc7239_n2nn,ipmask(8)", "127.0.0.0" },
	{ "given('[ab:cd:ff:ff:ff:ff:ff:ff]:9998'),rfc7239_n2nn", "ab:cd:ff:ff:ff:ff:ff:ff" },
	{ "given('_name:_port'),rfc7239_n2nn", "_name" },
	{ "given('unknown'),rfc7239_n2nn", "unknown" },
	{ "given('name'),rfc7239_n2nn", NULL },
	{ "given('127.0.0.1:9999'),rfc7239_n2np,add(1)", "10000" },
	{ "given('_name:_port'),rfc7239_n2np", "_port" },
	{ "given('_name'),rfc7239_n2np", NULL },
	{ "given_addr('ab:cd:ff:ff:ff:ff:ff:ff'),rfc7239_nn", "[ab:cd:ff:ff:ff:ff:ff:ff]" },
	{ "given_addr('192.0.2.1'),rfc7239_nn", "192.0.2.1" },
	{ "given(test),rfc7239_nn", "_test" },
	{ "given(_test),rfc7239_nn", "_test" },
	{ "given(),rfc7239_nn", "unknown" },
	{ "given('a b'),rfc7239_nn", NULL },
	{ "given_int(12),rfc7239_nn", "_12" },
	{ "given_int(12),rfc7239_np", "12" },
	{ "given_int(65536),rfc7239_np", NULL },
	{ "given_int(-1),rfc7239_np", NULL },
	{ "given(test),rfc7239_np", "_test" },
	{ "given(),rfc7239_np", NULL },
};

static void expressions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct arena arena = ARENA_EMPTY;
		struct strbuf err = STRBUF_EMPTY;
		struct eval ev = { .arena = &arena, .phase = PHASE_LOG };
		struct expr *e = expr_compile(rows[i].expr, PHASE_ANY, NULL, &err);
		struct value v;
		if (e == NULL)
			fail_msg("%s: %s", rows[i].expr, err.ptr);
		bool has = expr_eval_as(e, VALUE_STR, &ev, &v) == EVAL_OK;
		if (has != (rows[i].want != NULL) || (has && !slice_is(v.bytes, rows[i].want)))
			fail_msg("%s: %.*s", rows[i].expr, has ? (int)v.bytes.len : 4, has ? v.bytes.ptr : "none");
		arena_free(&arena);
	}
	struct strbuf err = STRBUF_EMPTY;
	assert_null(expr_compile("given(x),rfc7239_field(from)", PHASE_ANY, NULL, &err));
	strbuf_free(&err);
	boot_reset();
}

int rfc7239_test(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(expressions) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
