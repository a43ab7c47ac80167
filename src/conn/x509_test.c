/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates as text: one with several entries of a name, one of them with a number only, signs in a value, and
 * letters beyond ASCII; dates of three centuries; one in which there is nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "base/hex.h"
#include "conn/x509.h"

int x509_test(void);

static const char pem[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBnTCCAUMCBACA/wAwCgYIKoZIzj0EAwIwWTELMAkGA1UEBhMCREUxDjAMBgNV\n"
	"BAoMBVTDqXN0MQwwCgYDVQQLDANvbmUxDDAKBgNVBAsMA3R3bzEPMA0GA1UEAwwG\n"
	"YS9iLCBjMQ0wCwYEKgMEBQwDb2RkMB4XDTI2MTEyMTIyMDIxNloXDTI2MTIxMTIy\n"
	"MDIxNlowWTELMAkGA1UEBhMCREUxDjAMBgNVBAoMBVTDqXN0MQwwCgYDVQQLDANv\n"
	"bmUxDDAKBgNVBAsMA3R3bzEPMA0GA1UEAwwGYS9iLCBjMQ0wCwYEKgMEBQwDb2Rk\n"
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUFdQMbDyJ6mhqHsSGn6c3e+cI/LK\n"
	"ANV3GY7CTFvKbFUhkJhpiWv/saACUAdfbdC2McuA9dae01IercL9WAPKtjAKBggq\n"
	"hkjOPQQDAgNIADBFAiEArrxeWAs+lMeq/D5qzAxhXFr1OCF5DY7clRhlSTar1HgC\n"
	"IH+Bp8p4J3vAUUlLTD0X6LdkBG8WBCxHUNEi3BaY8ACQ\n"
	"-----END CERTIFICATE-----\n";

static X509 *cert;
static struct arena arena;

static int start(void **state)
{
	BIO *text = BIO_new_mem_buf(pem, sizeof(pem) - 1);

	(void)state;
	cert = PEM_read_bio_X509(text, NULL, NULL, NULL);
	BIO_free(text);
	return cert == NULL;
}

static int end(void **state)
{
	(void)state;
	X509_free(cert);
	arena_free(&arena);
	return 0;
}

static void assert_text(struct slice got, const char *want)
{
	if (want == NULL)
		assert_null(got.ptr);
	else if (!slice_is(got, want))
		fail_msg("got '%.*s' instead of '%s'", SLICE_FMT(got), want);
}

static void parts(void **state)
{
	static const unsigned char digest[] = { 0x1f, 0x1c, 0x05, 0x18, 0xe5, 0xbf, 0x40, 0x32, 0x41, 0x8d, 0x65, 0x29, 0xa8, 0xb8,
		0xa6, 0x6f, 0x88, 0x1b, 0x8e, 0x59 };
	struct slice sha1 = x509_sha1(cert, &arena), serial = x509_serial(cert);

	(void)state;
	assert_int_equal(sha1.len, 20);
	assert_memory_equal(sha1.ptr, digest, 20);
	assert_int_equal(serial.len, 3);
	assert_memory_equal(serial.ptr, "\x80\xff\0", 3);
	assert_int_equal(x509_version(cert), 1);
	assert_text(x509_key_algorithm(cert), "id-ecPublicKey");
	assert_text(x509_signature_algorithm(cert), "ecdsa-with-SHA256");
	assert_text(x509_key_name(cert, &arena), "EC256");
}

static void whole(void **state)
{
	STACK_OF(X509) *list = sk_X509_new_null();
	struct slice der = x509_der(cert, &arena);
	const unsigned char *at = (const unsigned char *)der.ptr;
	X509 *again = d2i_X509(NULL, &at, (long)der.len);

	(void)state;
	assert_int_equal(der.len, 417);
	assert_int_equal(X509_cmp(again, cert), 0);
	X509_free(again);
	assert_null(x509_list_der(NULL, &arena).ptr);
	assert_null(x509_list_der(list, &arena).ptr);
	sk_X509_push(list, cert);
	sk_X509_push(list, cert);
	struct slice both = x509_list_der(list, &arena);
	assert_int_equal(both.len, 2 * 417);
	assert_memory_equal(both.ptr, der.ptr, 417);
	assert_memory_equal(both.ptr + 417, der.ptr, 417);
	sk_X509_free(list);
}

static void names(void **state)
{
	static const struct { const char *entry; int64_t nth; const char *want; } cases[] = {
		{ "CN", 1, "a/b, c" }, { "cn", 0, "a/b, c" }, { "OU", 0, "one" }, { "OU", 1, "one" }, { "OU", 2, "two" }, { "OU", 3, NULL },
		{ "OU", -1, "two" }, { "OU", -2, "one" }, { "OU", -3, NULL }, { "O", 1, "T\xc3\xa9st" }, { "1.2.3.4.5", 1, "odd" },
		{ "C", -1, "DE" }, { "DC", 1, NULL }, { "commonName", 1, NULL }, { "2.5.4.3", 1, NULL }, { "CNX", 1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int whose = X509_SUBJECT; whose <= X509_ISSUER; whose++)
			assert_text(x509_name_entry(cert, (enum x509_whose)whose, slice_of(cases[i].entry), cases[i].nth, &arena), cases[i].want);
	assert_text(x509_name(cert, X509_SUBJECT, &arena), "/C=DE/O=T\xc3\xa9st/OU=one/OU=two/CN=a/b, c/1.2.3.4.5=odd");
	assert_text(x509_name_rfc2253(cert, X509_SUBJECT, &arena), "1.2.3.4.5=#0C036F6464,CN=a/b\\, c,OU=two,OU=one,O=T\\C3\\A9st,C=DE");
}

static void dates(void **state)
{
	static const struct { const char *given, *want; } cases[] = {
		{ "261121220216Z", "261121220216Z" }, { "491231235959Z", "491231235959Z" }, { "500101000000Z", "19500101000000Z" },
		{ "991231235959Z", "19991231235959Z" }, { "20500101000000Z", "500101000000Z" }, { "21000101000000Z", "21000101000000Z" },
		{ "99991231235959Z", "99991231235959Z" },
	};

	(void)state;
	assert_text(x509_date(cert, X509_NOT_BEFORE, &arena), "261121220216Z");
	assert_text(x509_date(cert, X509_NOT_AFTER, &arena), "261211220216Z");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		X509 *other = X509_new();
		ASN1_TIME *time = ASN1_TIME_new();
		assert_true(ASN1_TIME_set_string(time, cases[i].given));
		X509_set1_notAfter(other, time);
		assert_text(x509_date(other, X509_NOT_AFTER, &arena), cases[i].want);
		ASN1_TIME_free(time);
		X509_free(other);
	}
}

static void nothing_there(void **state)
{
	X509 *bare = X509_new();

	(void)state;
	assert_null(x509_der(bare, &arena).ptr);
	assert_null(x509_name(bare, X509_ISSUER, &arena).ptr);
	assert_null(x509_date(bare, X509_NOT_BEFORE, &arena).ptr);
	assert_null(x509_key_algorithm(bare).ptr);
	assert_null(x509_key_name(bare, &arena).ptr);
	assert_null(x509_signature_algorithm(bare).ptr);
	assert_null(x509_name_entry(bare, X509_SUBJECT, SLICE("CN"), 1, &arena).ptr);
	X509_free(bare);
}

int x509_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts), cmocka_unit_test(whole), cmocka_unit_test(names), cmocka_unit_test(dates),
		cmocka_unit_test(nothing_there),
	};

	return cmocka_run_group_tests_name("conn/x509", tests, start, end);
}
