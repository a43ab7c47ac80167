/* SPDX-License-Identifier: Apache-2.0
 *
 * A place is numbered once, and what was put there goes with its object.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include "conn/tls_place.h"

int tls_place_test(void);

static int released;

static void count_release(void *data)
{
	(void)data;
	released++;
}

static void goes_with_its_object(void **state)
{
	static struct tls_place place = { .of = CRYPTO_EX_INDEX_SSL_CTX, .release = count_release };
	static struct tls_place other = { .of = CRYPTO_EX_INDEX_SSL_CTX, .release = count_release };
	SSL_CTX *ctx = SSL_CTX_new(TLS_method()), *bare = SSL_CTX_new(TLS_method());

	(void)state;
	assert_int_equal(tls_place_number(&place), tls_place_number(&place));
	assert_int_not_equal(tls_place_number(&place), tls_place_number(&other));
	assert_true(SSL_CTX_set_ex_data(ctx, tls_place_number(&place), ctx));
	assert_ptr_equal(SSL_CTX_get_ex_data(ctx, tls_place_number(&place)), ctx);
	assert_null(SSL_CTX_get_ex_data(ctx, tls_place_number(&other)));
	SSL_CTX_free(bare);
	assert_int_equal(released, 0);
	SSL_CTX_free(ctx);
	assert_int_equal(released, 1);
}

int tls_place_test(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(goes_with_its_object) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
