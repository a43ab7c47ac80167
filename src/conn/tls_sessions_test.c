/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions by name: tickets are given once and the newest first, sessions of TLS 1.2 again and again; what is too old, refused
 * or of another context is not given; of too many names the one not used for longest gives way.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <time.h>
#include "conn/tls_sessions.h"

int tls_sessions_test(void);

#define TRUST 7

static SSL_CTX *ctx;
static struct tls_sessions *cache;

static int begin(void **unused)
{
	(void)unused;
	ctx = SSL_CTX_new(TLS_client_method());
	cache = tls_sessions_new();
	tls_sessions_are_of(cache, ctx, TRUST);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	tls_sessions_free(&cache);
	assert_null(cache);
	tls_sessions_free(&cache);
	SSL_CTX_free(ctx);
	return 0;
}

static SSL_SESSION *session(int version)
{
	static unsigned char id;
	SSL_SESSION *s = SSL_SESSION_new();

	id++;
	assert_non_null(s);
	assert_true(SSL_SESSION_set_protocol_version(s, version) && SSL_SESSION_set1_id(s, &id, 1));
	SSL_SESSION_set_time(s, time(NULL));
	SSL_SESSION_set_timeout(s, 300);
	return s;
}

/* Whether this one is given. */
static bool gives(const char *name, const SSL_SESSION *wanted)
{
	SSL_SESSION *s = tls_sessions_take(cache, slice_of(name));
	bool same = s == wanted;

	SSL_SESSION_free(s);
	return same;
}

static void tickets_are_given_once(void **unused)
{
	SSL_SESSION *s[TLS_SESSIONS_TICKETS + 1];

	(void)unused;
	for (int i = 0; i <= TLS_SESSIONS_TICKETS; i++)
		tls_sessions_put(cache, ctx, TRUST, SLICE("a"), s[i] = session(TLS1_3_VERSION));
	assert_true(gives("b", NULL));
	for (int i = TLS_SESSIONS_TICKETS; i > 0; i--)
		assert_true(gives("a", s[i]));
	assert_true(gives("a", NULL));
}

static void sessions_before_are_given_until_refused(void **unused)
{
	SSL_SESSION *old = session(TLS1_2_VERSION), *s = session(TLS1_2_VERSION);

	(void)unused;
	tls_sessions_put(cache, ctx, TRUST, SLICE(""), old);
	tls_sessions_put(cache, ctx, TRUST, SLICE(""), s);
	assert_true(gives("", s) && gives("", s));
	tls_sessions_refused(cache, SLICE("other"), s);
	assert_true(gives("", s));
	tls_sessions_refused(cache, SLICE(""), s);
	assert_true(gives("", NULL));
}

static void too_old(void **unused)
{
	SSL_SESSION *s = session(TLS1_3_VERSION), *late = session(TLS1_3_VERSION), *spent = session(TLS1_3_VERSION);

	(void)unused;
	SSL_SESSION_set_time(late, time(NULL) - 301);
	SSL_SESSION_set_timeout(spent, 0);
	tls_sessions_put(cache, ctx, TRUST, SLICE("a"), s);
	tls_sessions_put(cache, ctx, TRUST, SLICE("a"), late);
	tls_sessions_put(cache, ctx, TRUST, SLICE("a"), spent);
	assert_true(gives("a", s) && gives("a", NULL));
}

static void of_one_context(void **unused)
{
	SSL_CTX *next = SSL_CTX_new(TLS_client_method());
	SSL_SESSION *s = session(TLS1_2_VERSION);

	(void)unused;
	tls_sessions_put(cache, ctx, TRUST, SLICE("a"), session(TLS1_2_VERSION));
	tls_sessions_are_of(cache, next, TRUST);
	assert_true(gives("a", NULL));
	tls_sessions_put(cache, next, TRUST, SLICE("a"), s);
	/* One that a connection of the old context brings late. */
	tls_sessions_put(cache, ctx, TRUST, SLICE("a"), session(TLS1_2_VERSION));
	tls_sessions_are_of(cache, next, TRUST);
	assert_true(gives("a", s));
	tls_sessions_are_of(cache, next, TRUST + 1);
	assert_true(gives("a", NULL));
	tls_sessions_put(cache, next, TRUST, SLICE("a"), session(TLS1_2_VERSION));
	assert_true(gives("a", NULL));
	SSL_CTX_free(next);
}

static void names_give_way(void **unused)
{
	SSL_SESSION *first = session(TLS1_2_VERSION), *last = NULL;
	char name[16];

	(void)unused;
	tls_sessions_put(cache, ctx, TRUST, SLICE("first"), first);
	for (int i = 1; i < TLS_SESSIONS_NAMES; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		tls_sessions_put(cache, ctx, TRUST, slice_of(name), session(TLS1_2_VERSION));
	}
	assert_true(gives("first", first));
	tls_sessions_put(cache, ctx, TRUST, SLICE("one more"), last = session(TLS1_2_VERSION));
	assert_true(gives("first", first) && gives("one more", last));
	assert_true(gives("n1", NULL) && !gives("n2", NULL));
}

int tls_sessions_test(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	static const struct CMUnitTest tests[] = {
		TEST(tickets_are_given_once), TEST(sessions_before_are_given_until_refused), TEST(too_old), TEST(of_one_context),
		TEST(names_give_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
