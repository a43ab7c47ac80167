/* SPDX-License-Identifier: Apache-2.0
 *
 * Names as TLS and certificates have them, and what can be none. The handshakes are in reg-tests/tls/server_names.py.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/ssl.h>
#include "conn/tls_client.h"

int tls_client_test(void);

static void names(void **unused)
{
	static const struct {
		const char *from, *to; /* NULL: it can be none */
	} rows[] = {
		{ "", "" }, { "example.com", "example.com" }, { "Example.COM:8443", "example.com" }, { "example.com.", "example.com" },
		{ "example.com.:80", "example.com" }, { ":80", "" }, { ".", "" }, { "192.0.2.1:80", "192.0.2.1" }, { "2001:DB8::1", "2001:db8::1" },
		{ "[2001:db8::1]", "2001:db8::1" }, { "[2001:db8::1]:443", "2001:db8::1" }, { "[]", "" }, { "[", NULL }, { "[::1", NULL },
		{ ".example.com", NULL }, { "a b", NULL }, { "a\tb", NULL }, { "b\xc3\xbc" "cher.example", NULL }, { "a\x7f", NULL },
	};
	char out[TLS_NAME_MAX + 1], longest[TLS_NAME_MAX + 2];

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int len = tls_client_name_clean(slice_of(rows[i].from), out);
		if (rows[i].to == NULL) {
			assert_int_equal(len, -1);
			continue;
		}
		assert_string_equal(out, rows[i].to);
		assert_int_equal(len, strlen(rows[i].to));
	}
	assert_int_equal(tls_client_name_clean(slice_make("a\0b", 3), out), -1);
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(tls_client_name_clean(slice_make(longest, TLS_NAME_MAX), out), TLS_NAME_MAX);
	assert_int_equal(tls_client_name_clean(slice_make(longest, TLS_NAME_MAX + 1), out), -1);
}

static void an_empty_name_is_none_to_expect(void **unused)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	(void)unused;
	assert_false(tls_client_expect(ctx, ""));
	assert_true(tls_client_expect(ctx, "example.com"));
	assert_true(tls_client_expect(ctx, "192.0.2.1"));
	SSL_CTX_free(ctx);
}

int tls_client_test(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(names), cmocka_unit_test(an_empty_name_is_none_to_expect) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
