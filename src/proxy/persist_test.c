/* SPDX-License-Identifier: Apache-2.0
 *
 * Cookies to servers: the table with many servers and with twins, dynamic values as HAProxy makes them, and what a
 * request's cookies mean and lose. The rest, through the whole program: reg-tests/keyword/cookie.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "core/clock.h"
#include "core/epoch.h"
#include "proxy/health.h"
#include "proxy/persist.h"
#include "rule/boot.h"

static struct proxy *be;
static struct cookie_settings settings;
static struct session session;
static struct stream stream;
static struct http_txn txn;

static void new_backend(void)
{
	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	be->set.mode = MODE_HTTP;
	be->set.cookie = &settings;
	settings = (struct cookie_settings){ .name = SLICE("S"), .insert = true, .indirect = true, .tail = SLICE("; path=/") };
}

static struct server *add(const char *name, const char *address, const char *cookie)
{
	struct server *srv = server_new(be, name, "test", 2);
	struct strbuf err = STRBUF_EMPTY;

	assert_true(endpoint_parse(slice_of(address), ENDPOINT_ALLOW_OFFSET, &srv->endpoint, &err));
	srv->set.cookie = cookie ? boot_copy(slice_of(cookie)).ptr : NULL;
	return srv;
}

static int end(void **state)
{
	(void)state;
	epoch_collect(1);
	boot_reset();
	return 0;
}

static struct server *find(const char *mark)
{
	struct server *any;

	return persist_find(be, slice_of(mark), &any);
}

static void many_servers(void **state)
{
	char name[16];
	struct server *srv;
	unsigned found = 0;

	(void)state;
	new_backend();
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		add(name, "127.0.0.1:1", i % 10 ? name : NULL);
	}
	persist_open(be);
	TAILQ_FOREACH(srv, &be->servers, link)
		found += srv->set.cookie ? find(srv->name) == srv : find(srv->name) == NULL;
	assert_int_equal(found, 10000);
	assert_null(find(""));
	assert_null(find("c10001"));
}

static void the_first_of_twins_that_is_up(void **state)
{
	struct server *any;

	(void)state;
	new_backend();
	struct server *a = add("a", "127.0.0.1:1", "x"), *b = add("b", "127.0.0.1:2", "x"), *c = add("c", "127.0.0.1:3", "x");
	persist_open(be);
	assert_ptr_equal(find("x"), a);
	a->up = false;
	b->admin = SERVER_DRAIN;
	assert_ptr_equal(find("x"), b);
	b->admin = SERVER_MAINT;
	assert_ptr_equal(find("x"), c);
	c->up = false;
	assert_null(persist_find(be, SLICE("x"), &any));
	assert_ptr_equal(any, a);
}

static void dynamic_values_are_haproxys(void **state)
{
	(void)state;
	new_backend();
	settings.dynamic = true;
	be->set.dynamic_cookie_key = "secret";
	struct server *six = add("six", "[::1]:8080", NULL), *none = add("none", "127.0.0.1", NULL), *own = add("own", "127.0.0.1:5", "own");
	struct server *offset = add("offset", "127.0.0.1:+1", NULL), *local = add("local", "/run/x", NULL);
	persist_open(be);
	assert_string_equal(six->cookie, "7068fe4e8403eb4c");
	assert_string_equal(none->cookie, "2d52a50f86b6f2b5");
	assert_string_equal(offset->cookie, "9ee4302f8bc4eeef");
	assert_string_equal(own->cookie, "own");
	assert_null(local->cookie);
	assert_ptr_equal(find("7068fe4e8403eb4c"), six);
	assert_true(persist_renew(be, PERSIST_DYNAMIC_KEEP, "other"));
	assert_null(find("7068fe4e8403eb4c"));
	assert_ptr_equal(find(six->cookie), six);
	assert_true(persist_renew(be, PERSIST_DYNAMIC_OFF, "secret"));
	assert_null(six->cookie);
	assert_ptr_equal(find("own"), own);
	assert_true(persist_renew(be, PERSIST_DYNAMIC_ON, NULL));
	assert_ptr_equal(find("7068fe4e8403eb4c"), six);
	static void *kept; /* as it is for ever in the program */
	kept = be->persist;
	(void)kept;
	be->set.cookie = NULL;
	be->persist = NULL;
	assert_false(persist_renew(be, PERSIST_DYNAMIC_ON, NULL));
}

/* A request with up to two Cookie fields. */
static void request(const char *first, const char *second)
{
	memset(&txn, 0, sizeof(txn));
	arena_free(&stream.arena);
	stream = (struct stream){ .session = &session, .http = &txn, .be = be };
	http_head_init(&txn.req, txn.req_fields, HTTP_FIELDS_MAX);
	txn.req_valid = txn.req_parsed = true;
	http_head_add(&txn.req, SLICE("Host"), SLICE("h"));
	if (first)
		http_head_add(&txn.req, SLICE("Cookie"), slice_of(first));
	if (second)
		http_head_add(&txn.req, SLICE("Cookie"), slice_of(second));
}

static void expect(const char *first, const char *second, const struct server *want, char flag, const char *left)
{
	char log[2];

	request(first, second);
	assert_ptr_equal(persist_choose(&stream, NULL, PERSIST_USUAL), want);
	persist_state(&stream, log);
	assert_int_equal(log[0], flag);
	int i = http_head_find(&txn.req, HTTP_FIELD_COOKIE, 0);
	assert_int_equal(i >= 0, left != NULL);
	if (left && !slice_is(txn.req.fields[i].value, left))
		fail_msg("%s: %.*s", first, SLICE_FMT(txn.req.fields[i].value));
}

static void cookies_of_requests(void **state)
{
	(void)state;
	clock_update();
	new_backend();
	struct server *a = add("a", "127.0.0.1:1", "a"), *b = add("b", "127.0.0.1:2", "b");
	persist_open(be);
	expect(NULL, NULL, NULL, 'N', NULL);
	expect("x=1", NULL, NULL, 'N', "x=1");
	expect("S=a", NULL, a, 'V', NULL);
	expect("x=1; S=b", "S=a", b, 'V', "x=1");
	expect("S=c", "y=2;S=a", a, 'V', "y=2");
	expect("S=c; s=a", NULL, NULL, 'I', "s=a");
	b->up = false;
	expect("S=b; x=1", NULL, NULL, 'D', "x=1");
	expect("S=b; S=a", NULL, a, 'V', NULL);
	be->set.persist = true;
	expect("S=b; S=a", NULL, b, 'D', NULL);
	be->set.persist = false;
	settings.insert = settings.indirect = false;
	settings.prefix = true;
	expect("S=a~1;  x=2 ;S=b~2~3", NULL, a, 'V', "S=1;  x=2 ;S=2~3");
}

static void other_choices(void **state)
{
	char log[2];

	(void)state;
	new_backend();
	struct server *a = add("a", "127.0.0.1:1", "a"), *b = add("b", "127.0.0.1:2", "b");
	persist_open(be);
	/* A rule goes first. */
	request("S=a; x=1", NULL);
	assert_ptr_equal(persist_choose(&stream, b, PERSIST_USUAL), b);
	persist_state(&stream, log);
	assert_int_equal(log[0], 'U');
	/* It is ignored, and the server does not see it either. */
	request("S=a; x=1", NULL);
	assert_null(persist_choose(&stream, NULL, PERSIST_IGNORE));
	assert_true(slice_is(txn.req.fields[1].value, "x=1"));
	/* The line before its server was dissolved; then the server refused. */
	request("S=a", NULL);
	assert_ptr_equal(persist_choose(&stream, NULL, PERSIST_USUAL), a);
	assert_ptr_equal(persist_choose(&stream, NULL, PERSIST_USUAL), a);
	stream.avoid = a;
	assert_null(persist_choose(&stream, NULL, PERSIST_USUAL));
	persist_state(&stream, log);
	assert_int_equal(log[0], 'D');
	/* Down it is reached by force only. */
	a->up = false;
	request("S=a", NULL);
	assert_ptr_equal(persist_choose(&stream, NULL, PERSIST_FORCE), a);
	request("S=a", NULL);
	assert_null(persist_choose(&stream, NULL, PERSIST_USUAL));
	arena_free(&stream.arena);
}

int persist_test(void);
int persist_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(many_servers, end),
		cmocka_unit_test_teardown(the_first_of_twins_that_is_up, end),
		cmocka_unit_test_teardown(dynamic_values_are_haproxys, end),
		cmocka_unit_test_teardown(cookies_of_requests, end),
		cmocka_unit_test_teardown(other_choices, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
