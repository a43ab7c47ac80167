/* SPDX-License-Identifier: Apache-2.0
 *
 * hash: any expression as a key; how values become bytes; who has no value; what its line may say.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "core/epoch.h"
#include "proxy/balance.h"
#include "proxy/health.h"
#include "proxy/stream.h"
#include "rule/fetch.h"
#include "rule/trial.h"

static struct value given;
static enum eval_result given_result;

static enum eval_result given_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	assert_true(ev->final);
	*out = given;
	return given_result;
}
FETCH(given) = { .keyword = "given", .type = VALUE_ANY, .phases = PHASE_USE_SERVER, .get = given_get };
FETCH(later) = { .keyword = "later", .type = VALUE_INT, .phases = PHASE_BE_RES_TCP, .get = given_get };

static struct proxy *be;
static struct server *s[4];
static struct session session;
static struct stream stream;

static bool parse(const char *text)
{
	struct conf_line l = trial_line(text);

	return be->set.balance->parse(&l, be, (struct slice){ NULL, 0 }) && conf_peek(&l) == NULL;
}

static int start(void **state)
{
	static const int weights[4] = { 5, 3, 2, 7 };
	static const char *const names[4] = { "a", "b", "c", "d" };

	(void)state;
	diag_state.quiet = true;
	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	be->set.balance = registry_find(&balance_registry, SLICE("hash"));
	for (int i = 0; i < 4; i++) {
		s[i] = server_new(be, names[i], "test", 2);
		s[i]->set.weight = weights[i];
		health_init(s[i]);
	}
	stream = (struct stream){ .session = &session };
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (be->balance_state)
		be->set.balance->free(be);
	epoch_collect(1);
	arena_free(&stream.arena);
	boot_reset();
	return 0;
}

static char served(struct value v)
{
	given = v;
	given_result = EVAL_OK;
	return be->set.balance->pick(be, &stream, NULL)->name[0];
}

static void values_become_bytes(void **state)
{
	struct value ip = { .type = VALUE_ADDR };

	(void)state;
	assert_true(parse("given"));
	balance_update(be);
	/* What HAProxy 2.6.12 chose for these strings. */
	assert_int_equal(served(value_str(SLICE("alice"))), 'b');
	assert_int_equal(served(value_str(SLICE("bob"))), 'd');
	assert_int_equal(served(value_bin(SLICE("/index.html"))), 'c');
	/* A number is eight bytes, most significant first; an address four. */
	assert_int_equal(served(value_int(0x616c696365)), served(value_bin(SLICE("\0\0\0alice"))));
	assert_true(addr_parse_ip(SLICE("97.98.99.100"), &ip.addr));
	assert_int_equal(served(ip), served(value_str(SLICE("abcd"))));
	assert_true(stream.bound);
}

static void no_value_takes_turns(void **state)
{
	(void)state;
	assert_true(parse("given"));
	balance_update(be);
	given_result = EVAL_NONE;
	for (const char *order = "abdadbadcdabdadcd"; *order; order++)
		assert_int_equal(be->set.balance->pick(be, &stream, NULL)->name[0], *order);
	assert_false(stream.bound);
	/* An empty text is a value like any other. */
	char first = served(value_str((struct slice){ NULL, 0 }));
	assert_true(stream.bound);
	assert_int_equal(served(value_str(SLICE(""))), first);
}

static void refused_lines(void **state)
{
	(void)state;
	assert_false(parse(""));
	assert_false(parse("nosuch"));
	assert_false(parse("later")); /* a value only a response has */
	assert_false(parse("given given"));
	struct conf_line l = trial_line("given");
	assert_false(be->set.balance->parse(&l, be, SLICE("x"))); /* hash(x) */
}

int hash_test(void);
int hash_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(values_become_bytes, start, end),
		cmocka_unit_test_setup_teardown(no_value_takes_turns, start, end),
		cmocka_unit_test_setup_teardown(refused_lines, start, end),
	};

	registries_open();
	return cmocka_run_group_tests_name("balance/hash", tests, NULL, NULL);
}
