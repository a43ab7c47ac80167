/* SPDX-License-Identifier: Apache-2.0
 *
 * Forwarded fields: the examples of RFC 7239, and what looks nearly like them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/assert.h"
#include "wire/forwarded.h"

/* Every element as "for|by|host|proto", "-" for what is missing; "wrong" ends it. */
static void expect(const char *field, const char *want)
{
	struct slice rest = slice_of(field);
	struct forwarded_element e;
	char text[512] = "";
	size_t n = 0;

	for (;;) {
		enum forwarded_result r = forwarded_next(&rest, &e);
		if (r == FORWARDED_END)
			break;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", n ? " " : "");
		if (r == FORWARDED_WRONG) {
			snprintf(text + n, sizeof(text) - n, "wrong");
			break;
		}
		for (int i = 0; i < FORWARDED_PARAM_COUNT; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s", i ? "|" : "", e.params[i].ptr ? (int)e.params[i].len : 1,
				e.params[i].ptr ? e.params[i].ptr : "-");
	}
	if (strcmp(text, want) != 0)
		fail_msg("%s: %s", field, text);
}

static void reads(void **state)
{
	(void)state;
	expect("for=\"_gazonk\"", "_gazonk|-|-|-");
	expect("For=\"[2001:db8:cafe::17]:4711\"", "[2001:db8:cafe::17]:4711|-|-|-");
	expect("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60|203.0.113.43|-|http");
	expect("for=192.0.2.43, for=198.51.100.17", "192.0.2.43|-|-|- 198.51.100.17|-|-|-");
	expect("for=_hidden, for=_SEVKISEK", "_hidden|-|-|- _SEVKISEK|-|-|-");
	expect("for=192.0.2.43,for=\"[2001:db8:cafe::17]\",for=unknown", "192.0.2.43|-|-|- [2001:db8:cafe::17]|-|-|- unknown|-|-|-");
	expect("proto=https;host=\"haproxy.org:80\";for=\"127.0.0.1:9999\"", "127.0.0.1:9999|-|haproxy.org:80|https");
	expect("host=a.b;PROTO=HTTPS", "-|-|a.b|HTTPS");
	expect("secret=\"a\\\"b;,c\";for=_a;x=y", "_a|-|-|-");
	expect("for=_a;;by=_b;", "_a|_b|-|-");
	expect(" , for=_a ,, for=_b , ", "_a|-|-|- _b|-|-|-");
	expect("", "");
	expect(" ", "");
	expect(";", "-|-|-|-");
}

static void refuses(void **state)
{
	(void)state;
	expect("proto=custom", "wrong");
	expect("for", "wrong");
	expect("for=", "wrong");
	expect("=_a", "wrong");
	expect("for=_a; by=_b", "wrong");
	expect("for =_a", "wrong");
	expect("for= _a", "wrong");
	expect("for=_a;for=_b", "wrong");
	expect("for=192.0.2.1:80", "wrong");
	expect("for=[::1]", "wrong");
	expect("for=\"::1\"", "wrong");
	expect("for=\"[192.0.2.1]\"", "wrong");
	expect("for=\"192.0.2.256\"", "wrong");
	expect("for=\"192.0.2.1:99999\"", "wrong");
	expect("for=\"192.0.2.1:\"", "wrong");
	expect("for=\"_a", "wrong");
	expect("for=\"_\\a\"", "wrong");
	expect("for=\"_a\"b", "wrong");
	expect("for=a", "wrong");
	expect("for=_", "wrong");
	expect("for=\"_a b\"", "wrong");
	expect("host=\"a/b\"", "wrong");
	expect("host=\"\"", "wrong");
	expect("x=\"a\nb\"", "wrong");
	expect("for=_a, by", "_a|-|-|- wrong");
}

static void nodes(void **state)
{
	static const struct {
		const char *node, *name, *port;
	} rows[] = {
		{ "127.0.0.1:9999", "127.0.0.1", "9999" },
		{ "[ab:cd:ff:ff:ff:ff:ff:ff]:9998", "ab:cd:ff:ff:ff:ff:ff:ff", "9998" },
		{ "[::ffff:1.2.3.4]", "::ffff:1.2.3.4", NULL },
		{ "_name:_port", "_name", "_port" },
		{ "Unknown", "Unknown", NULL },
		{ "unknown:0", "unknown", "0" },
		{ "name", NULL, NULL },
		{ "", NULL, NULL },
		{ "[]", NULL, NULL },
		{ "[::1", NULL, NULL },
		{ "[::1]x", NULL, NULL },
		{ "1.2.3.4:_", NULL, NULL },
		{ "1.2.3.4:000001", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct slice name, port;
		if (forwarded_node(slice_of(rows[i].node), &name, &port) != (rows[i].name != NULL))
			fail_msg("%s", rows[i].node);
		if (rows[i].name == NULL)
			continue;
		assert_true(slice_is(name, rows[i].name));
		assert_int_equal(port.ptr != NULL, rows[i].port != NULL);
		assert_true(rows[i].port == NULL || slice_is(port, rows[i].port));
	}
}

static void writes(void **state)
{
	char out[ADDR_TEXT_MAX + 2];
	struct addr a;

	(void)state;
	assert_true(addr_parse_ip(SLICE("2001:db8::1"), &a));
	assert_true(slice_is(slice_make(out, forwarded_write_addr(&a, out)), "[2001:db8::1]"));
	assert_true(addr_parse_ip(SLICE("192.0.2.1"), &a));
	assert_true(slice_is(slice_make(out, forwarded_write_addr(&a, out)), "192.0.2.1"));
	assert_int_equal(forwarded_write_addr(&(struct addr){ .family = AF_UNIX }, out), 0);
	assert_true(slice_is(slice_make(out, forwarded_write_hidden(SLICE("a.B-9"), out)), "_a.B-9"));
	assert_true(slice_is(slice_make(out, forwarded_write_hidden(SLICE("_a"), out)), "_a"));
	assert_int_equal(forwarded_write_hidden(SLICE(""), out), 0);
	assert_int_equal(forwarded_write_hidden(SLICE("_"), out), 0);
	assert_int_equal(forwarded_write_hidden(SLICE("a b"), out), 0);
}

int forwarded_test(void);
int forwarded_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads), cmocka_unit_test(refuses), cmocka_unit_test(nodes), cmocka_unit_test(writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
