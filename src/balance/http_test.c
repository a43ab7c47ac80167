/* SPDX-License-Identifier: Apache-2.0
 *
 * uri, url_param and hdr: which part of a request is the key. Compared with `balance hash` over that text; the parts are
 * those that HAProxy 2.6.12 takes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "core/epoch.h"
#include "proxy/hashing.h"
#include "proxy/health.h"
#include "proxy/http.h"
#include "rule/trial.h"

#define SERVERS 7
static struct proxy *be;
static struct session session;
static struct stream stream;
static struct http_txn txn;

static bool parse(const char *in_parens, const char *text)
{
	struct conf_line l = trial_line(text);

	return be->set.balance->parse(&l, be, slice_of(in_parens)) && conf_peek(&l) == NULL;
}

static void backend(const char *algorithm)
{
	static const int weights[SERVERS] = { 29, 23, 31, 37, 41, 17, 19 };

	diag_state.quiet = true;
	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	be->set.balance = registry_find(&balance_registry, slice_of(algorithm));
	assert_true(be->set.balance->http);
	for (int i = 0; i < SERVERS; i++) {
		char name[2] = { (char)('a' + i), 0 };
		struct server *srv = server_new(be, name, "test", 2);
		srv->set.weight = weights[i];
		health_init(srv);
	}
	balance_update(be);
	stream = (struct stream){ .session = &session, .http = &txn };
	txn.req_valid = true;
	http_head_init(&txn.req, txn.req_fields, HTTP_FIELDS_MAX);
}

static int end(void **state)
{
	(void)state;
	be->set.balance->free(be);
	epoch_collect(1);
	boot_reset();
	return 0;
}

/* NULL: it takes turns. */
static void expect_key(const char *key)
{
	stream.bound = false;
	const struct server *got = be->set.balance->pick(be, &stream, NULL);
	assert_int_equal(stream.bound, key != NULL);
	if (key)
		assert_ptr_equal(got, hashing_pick(be, NULL, NULL, slice_of(key)));
}

static void expect_target_key(const char *target, const char *key)
{
	txn.req.target = slice_of(target);
	expect_key(key);
}

static void targets(void **state)
{
	(void)state;
	backend("uri");
	assert_true(parse(NULL, ""));
	expect_target_key("/abc/def/ghi?x=1&y=2", "/abc/def/ghi");
	expect_target_key("http://h.ex/abc/def?q", "http://h.ex/abc/def");
	expect_target_key("*", "*");
	assert_true(parse(NULL, "whole"));
	expect_target_key("/abc?x=/y/z", "/abc?x=/y/z");
	assert_true(parse(NULL, "depth 1"));
	expect_target_key("/abc/", "/abc");
	expect_target_key("/abc//def", "/abc");
	expect_target_key("http://h.ex/abc", "http:/");
	assert_true(parse(NULL, "depth 2"));
	expect_target_key("/abc/def/ghi", "/abc/def");
	expect_target_key("/abc", "/abc");
	assert_true(parse(NULL, "depth 1 whole"));
	expect_target_key("/abc?x=/y", "/abc?x=");
	assert_true(parse(NULL, "len 3 depth 1"));
	expect_target_key("/abc/", "/ab");
	expect_target_key("/a/b", "/a");
	assert_true(parse(NULL, "path-only"));
	expect_target_key("http://h.ex/abc/def?q", "/abc/def");
	expect_target_key("http://h.ex", "");
	expect_target_key("/abc", "/abc");
	/* A retry, whose head has left. */
	txn.req_valid = false;
	txn.uri = SLICE("/first");
	expect_target_key("gone", "/first");
	stream.http = NULL;
	expect_key(NULL);
}

static void parameters(void **state)
{
	(void)state;
	backend("url_param");
	assert_true(parse(NULL, "userid"));
	expect_target_key("/?userid=4711", "4711");
	expect_target_key("/a?x=1&userid=abc&y=2", "abc");
	expect_target_key("/?userid=one&userid=two", "one");
	expect_target_key("/?xuserid=1&userid=2zz", "2zz");
	expect_target_key("/?userid=a;b&c=1", "a;b");
	expect_target_key("/?userid==q", "=q");
	expect_target_key("/?&&userid=a%20b", "a%20b");
	expect_target_key("/?userid=", NULL);
	expect_target_key("/?userid", NULL);
	expect_target_key("/?USERID=1", NULL);
	expect_target_key("/?a=?userid=1", NULL);
	expect_target_key("/?x=a;userid=9", NULL);
	expect_target_key("/userid=9", NULL);
	expect_target_key("/?", NULL);
}

static void expect_field_key(const char *value, const char *key)
{
	http_head_init(&txn.req, txn.req_fields, HTTP_FIELDS_MAX);
	http_head_add(&txn.req, SLICE("X-Other"), SLICE("x"));
	http_head_add(&txn.req, SLICE("hOST"), slice_of(value));
	http_head_add(&txn.req, SLICE("Host"), SLICE("second"));
	expect_key(key);
}

static void fields(void **state)
{
	(void)state;
	backend("hdr");
	assert_true(parse("Host", ""));
	expect_field_key("abc", "abc");
	expect_field_key("abc, def", "abc");
	expect_field_key("\"a,b\", c", "\"a,b\"");
	expect_field_key("", NULL);
	http_head_init(&txn.req, txn.req_fields, HTTP_FIELDS_MAX);
	expect_key(NULL);
	assert_true(parse("host", "use_domain_only"));
	expect_field_key("www.example.com:8080", "example");
	expect_field_key("example.com", "example");
	expect_field_key("www.example.co.uk", "co");
	expect_field_key("example.com.", "com");
	expect_field_key("localhost", "localhost");
	expect_field_key(".com", ".com");
	expect_field_key("[::1]:80", "[::1]:80");
	expect_field_key("EXAMPLE.com", "EXAMPLE");
	txn.req_valid = false;
	expect_key(NULL);
}

static void refused_lines(void **state)
{
	(void)state;
	backend("uri");
	assert_false(parse(NULL, "len"));
	assert_false(parse(NULL, "len 0"));
	assert_false(parse(NULL, "depth -1"));
	assert_false(parse(NULL, "hole"));
	assert_false(parse("x", ""));
	end(state);
	backend("url_param");
	assert_false(parse(NULL, ""));
	assert_false(parse(NULL, "a b"));
	assert_false(parse(NULL, "a check_post b"));
	assert_false(parse(NULL, "a check_post 64 b"));
	assert_false(parse("a", ""));
	end(state);
	backend("hdr");
	assert_false(parse(NULL, ""));
	assert_false(parse("", ""));
	assert_false(parse("a b", ""));
	assert_false(parse("host", "foo"));
}

int http_test(void);
int http_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(targets, end),
		cmocka_unit_test_teardown(parameters, end),
		cmocka_unit_test_teardown(fields, end),
		cmocka_unit_test_teardown(refused_lines, end),
	};

	registries_open();
	return cmocka_run_group_tests_name("balance/http", tests, NULL, NULL);
}
