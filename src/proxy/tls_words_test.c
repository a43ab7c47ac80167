/* SPDX-License-Identifier: Apache-2.0
 *
 * What lines say and global defaults add; paths; protocols that are spoken; names that can be none.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/ssl.h>
#include "proxy/tls_words.h"

int tls_words_test(void);

/* The words of one line, all taken or (false) refused. */
static bool read_words(struct tls_settings *set, const char *text)
{
	char copy[256], *words[16], *rest = NULL;
	struct conf_line l = { .file = "test", .line = 1, .words = words };

	assert_true(strlen(text) < sizeof(copy));
	strcpy(copy, text);
	for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		words[l.count++] = w;
	words[l.count] = NULL;
	return tls_words_parse_all(&l, TLS_CLIENT, set);
}

static void words(void **unused)
{
	struct tls_settings set = { 0 };

	(void)unused;
	assert_true(read_words(&set, "ssl-min-ver TLSv1.1 ssl-max-ver TLSv1.3 no-tlsv12 no-tls-tickets"));
	assert_int_equal(set.min_version, TLS1_1_VERSION);
	assert_int_equal(set.max_version, TLS1_3_VERSION);
	assert_int_equal(set.versions_off, TLS_VERSION_BIT(TLS1_2_VERSION));
	assert_true(set.no_tickets);
	assert_true(read_words(&set, "tls-tickets force-tlsv12"));
	assert_false(set.no_tickets);
	assert_true(set.min_version == TLS1_2_VERSION && set.max_version == TLS1_2_VERSION);
	assert_false(read_words(&set, ""));
	assert_false(read_words(&set, "ssl-min-ver"));
	assert_false(read_words(&set, "ssl-min-ver TLSv1.4"));
	assert_false(read_words(&set, "verify none"));
}

static void defaults_fill_what_is_not_said(void **unused)
{
	const struct tls_settings defaults = { .min_version = TLS1_2_VERSION, .versions_off = TLS_VERSION_BIT(TLS1_3_VERSION),
		.ciphers = "a", .curves = "b", .no_tickets = true, .verify = TLS_VERIFY_NONE };
	struct tls_settings nothing = { 0 }, forced = { .ciphers = "own", .verify = TLS_VERIFY_REQUIRED };

	(void)unused;
	assert_true(read_words(&forced, "force-tlsv13"));
	tls_settings_inherit(&nothing, &defaults);
	assert_memory_equal(&nothing, &defaults, sizeof(defaults));
	tls_settings_inherit(&forced, &defaults);
	assert_string_equal(forced.ciphers, "own");
	assert_string_equal(forced.curves, "b");
	assert_int_equal(forced.verify, TLS_VERIFY_REQUIRED);
	assert_int_equal(forced.versions_off, 0);
	assert_int_equal(forced.min_version, TLS1_3_VERSION);
}

static void paths(void **unused)
{
	struct strbuf memory = STRBUF_EMPTY;

	(void)unused;
	assert_string_equal(tls_path("/base", "/own", &memory), "/own");
	assert_string_equal(tls_path("/base", "@system-ca", &memory), "@system-ca");
	assert_string_equal(tls_path(NULL, "file", &memory), "file");
	assert_null(tls_path("/base", NULL, &memory));
	assert_string_equal(tls_path("/base", "file", &memory), "/base/file");
	strbuf_free(&memory);
}

static void protocols(void **unused)
{
	static const struct { const char *from, *to; } rows[] = {
		{ "h2,http/1.1", "http/1.1" }, { "http/1.1,h2,http/1.0", "http/1.1,http/1.0" }, { "h2", NULL }, { "h2c", "h2c" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct strbuf memory = STRBUF_EMPTY;
		const char *spoken = tls_alpn_spoken(rows[i].from, &memory);
		if (rows[i].to)
			assert_string_equal(spoken, rows[i].to);
		else
			assert_null(spoken);
		strbuf_free(&memory);
	}
}

static int hush(void **unused)
{
	(void)unused;
	diag_state.quiet = true;
	return 0;
}

int tls_words_test(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(words), cmocka_unit_test(defaults_fill_what_is_not_said), cmocka_unit_test(paths), cmocka_unit_test(protocols),
	};

	return cmocka_run_group_tests(tests, hush, NULL);
}
