/* SPDX-License-Identifier: Apache-2.0
 *
 * Headers we write: byte for byte as haproxy 2.6 wrote them where it can be asked, read back by our
 * own reader, and never one byte past the buffer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "wire/pp.h"

static const struct addr none, unix_peer = { .family = AF_UNIX };

static struct addr ip(const char *text, uint16_t port)
{
	struct addr a;

	assert_true(addr_parse_ip(slice_of(text), &a));
	a.port = port;
	return a;
}

static void v1_is(const struct addr *src, const struct addr *dst, const char *line)
{
	char buf[PP_V1_MAX];
	size_t len = pp_build_v1(buf, sizeof(buf), src, dst);
	struct pp_header h;

	assert_int_equal(len, strlen(line));
	assert_memory_equal(buf, line, len);
	assert_int_equal(pp_parse(buf, len, &PP_LIMITS_DEFAULT, &h), len);
	if (h.has_addr)
		assert_true(addr_same(&h.src, src) && addr_same(&h.dst, dst));
	/* One byte too little is nothing at all. */
	char *tight = malloc(len - 1);
	assert_int_equal(pp_build_v1(tight, len - 1, src, dst), 0);
	free(tight);
}

static void v1_lines(void **state)
{
	struct addr four = ip("1.2.3.4", 1), big = ip("255.255.255.255", 65535), six = ip("2001:db8::1", 2);
	struct addr long_six = ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535);

	(void)state;
	v1_is(&four, &big, "PROXY TCP4 1.2.3.4 255.255.255.255 1 65535\r\n");
	v1_is(&big, &big, "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n");
	v1_is(&six, &six, "PROXY TCP6 2001:db8::1 2001:db8::1 2 2\r\n");
	v1_is(&four, &six, "PROXY TCP6 ::ffff:1.2.3.4 2001:db8::1 1 2\r\n");
	v1_is(&six, &four, "PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 2 1\r\n");
	v1_is(&long_six, &long_six,
		"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		"65535 65535\r\n");
	v1_is(NULL, NULL, "PROXY UNKNOWN\r\n");
	v1_is(&four, NULL, "PROXY UNKNOWN\r\n");
	v1_is(&none, &four, "PROXY UNKNOWN\r\n");
	v1_is(&unix_peer, &unix_peer, "PROXY UNKNOWN\r\n");
}

/* Builds a header with a checksum and two TLVs into cap bytes. */
static size_t build(uint8_t *buf, size_t cap, const struct addr *src, const struct addr *dst)
{
	struct pp_build b;

	pp_build_begin(&b, buf, cap, PP_PROXY, src, dst);
	pp_build_crc32c(&b);
	pp_build_crc32c(&b);
	pp_build_tlv(&b, PP_TYPE_UNIQUE_ID, SLICE("abc"));
	pp_build_tlv(&b, PP_TYPE_CRC32C, SLICE("oops"));
	return pp_build_end(&b);
}

static void v2_as_haproxy(void **state)
{
	static const char four[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x19\x7f\x00\x00\x01\x7f\x00\x00\x01\x8d\x44\xab\x2c"
				   "\x03\x00\x04\xe8\xf2\x6e\x30\x05\x00\x03"
				   "abc";
	static const char mixed[] =
		"\r\n\r\n\0\r\nQUIT\n\x21\x21\x00\x31\0\0\0\0\0\0\0\0\0\0\xff\xff\x01\x02\x03\x04"
		"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x01\x00\x02\x03\x00\x04\x09\xe1\x49\x48\x05\x00\x03"
		"abc";
	static const char unix_client[] = "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x0d\x03\x00\x04\x5c\x44\x70\xfa\x05\x00\x03"
					  "abc";
	struct addr a = ip("127.0.0.1", 36164), b = ip("127.0.0.1", 43820), c = ip("1.2.3.4", 1),
		    d = ip("2001:db8::1", 2);
	uint8_t buf[128];

	(void)state;
	assert_int_equal(build(buf, sizeof(buf), &a, &b), sizeof(four) - 1);
	assert_memory_equal(buf, four, sizeof(four) - 1);
	assert_int_equal(build(buf, sizeof(buf), &c, &d), sizeof(mixed) - 1);
	assert_memory_equal(buf, mixed, sizeof(mixed) - 1);
	assert_int_equal(build(buf, sizeof(buf), &unix_peer, &unix_peer), sizeof(unix_client) - 1);
	assert_memory_equal(buf, unix_client, sizeof(unix_client) - 1);
}

static void v2_local(void **state)
{
	struct addr a = ip("127.0.0.1", 1);
	struct pp_build b;
	uint8_t buf[16];

	(void)state;
	pp_build_begin(&b, buf, sizeof(buf), PP_LOCAL, &a, &a);
	assert_int_equal(pp_build_end(&b), 16);
	assert_memory_equal(buf, "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00", 16);
	pp_build_begin(&b, buf, sizeof(buf), PP_LOCAL, NULL, NULL);
	assert_int_equal(pp_build_end(&b), 16);
	assert_memory_equal(buf, "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00", 16);
}

static void v2_stays_inside(void **state)
{
	struct addr four = ip("1.2.3.4", 1), six = ip("2001:db8::1", 2);
	const struct addr *const pairs[][2] = { { &four, &four }, { &four, &six }, { &six, &six }, { NULL, NULL } };
	uint8_t whole[128];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		size_t len = build(whole, sizeof(whole), pairs[i][0], pairs[i][1]);
		assert_true(len > 0);
		for (size_t cap = 0; cap <= len; cap++) {
			uint8_t *tight = malloc(cap ? cap : 1);
			assert_int_equal(build(tight, cap, pairs[i][0], pairs[i][1]), cap < len ? 0 : len);
			if (cap == len)
				assert_memory_equal(tight, whole, len);
			free(tight);
		}
	}
}

static void v2_sixteen_bits(void **state)
{
	static uint8_t buf[PP_MAX + 100];
	static char value[65536];
	struct addr four = ip("1.2.3.4", 1);
	const struct pp_limits all = { PP_V2, PP_MAX };
	struct pp_header h;
	struct pp_build b;

	(void)state;
	pp_build_begin(&b, buf, sizeof(buf), PP_PROXY, &four, &four);
	pp_build_tlv(&b, PP_TYPE_NOOP, slice_make(value, 65535 - 12 - 3));
	assert_int_equal(pp_build_end(&b), PP_MAX);
	assert_int_equal(pp_parse(buf, PP_MAX, &all, &h), PP_MAX);

	pp_build_begin(&b, buf, sizeof(buf), PP_PROXY, &four, &four);
	pp_build_tlv(&b, PP_TYPE_NOOP, slice_make(value, 65535 - 12 - 3 + 1));
	assert_int_equal(pp_build_end(&b), 0);

	pp_build_begin(&b, buf, sizeof(buf), PP_LOCAL, NULL, NULL);
	pp_build_tlv(&b, PP_TYPE_NOOP, slice_make(value, 65536));
	/* A fault sticks: what would fit is no longer taken. */
	pp_build_tlv(&b, PP_TYPE_NOOP, slice_make(value, 1));
	pp_build_crc32c(&b);
	pp_build_ssl(&b, 1, 0, NULL, 0);
	assert_int_equal(pp_build_end(&b), 0);
}

static void v2_ssl(void **state)
{
	const struct pp_tlv subs[] = { { PP_TYPE_SSL_VERSION, SLICE("TLSv1.3") }, { PP_TYPE_SSL_CN, SLICE("") } };
	struct addr four = ip("1.2.3.4", 1);
	struct pp_header h;
	struct pp_build b;
	struct pp_ssl ssl;
	struct slice value;
	uint8_t buf[128];

	(void)state;
	pp_build_begin(&b, buf, sizeof(buf), PP_PROXY, &four, &four);
	pp_build_tlv(&b, PP_TYPE_AUTHORITY, SLICE("example.org"));
	pp_build_ssl(&b, PP_CLIENT_SSL | PP_CLIENT_CERT_SESS, 0x01020304, subs, 2);
	pp_build_tlv(&b, PP_TYPE_ALPN, SLICE("h2"));
	pp_build_crc32c(&b);
	size_t len = pp_build_end(&b);
	assert_true(len > 0);
	assert_int_equal(pp_parse(buf, len, &PP_LIMITS_DEFAULT, &h), len);
	assert_true(pp_tlv_find(h.tlvs, PP_TYPE_SSL, 0, &value));
	assert_true(pp_ssl_decode(value, &ssl));
	assert_int_equal(ssl.client, PP_CLIENT_SSL | PP_CLIENT_CERT_SESS);
	assert_int_equal(ssl.verify, 0x01020304);
	assert_true(pp_tlv_find(ssl.subs, PP_TYPE_SSL_VERSION, 0, &value));
	assert_true(slice_is(value, "TLSv1.3"));
	assert_true(pp_tlv_find(ssl.subs, PP_TYPE_SSL_CN, 0, &value));
	assert_int_equal(value.len, 0);
	assert_true(pp_tlv_find(h.tlvs, PP_TYPE_ALPN, 0, &value));
	assert_true(slice_is(value, "h2"));
	/* One flipped bit and the checksum says so. */
	buf[40] ^= 1;
	assert_int_equal(pp_parse(buf, len, &PP_LIMITS_DEFAULT, &h), -1);
	assert_int_equal(h.reason, PP_CRC);
}

int pp_build_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v1_lines),
		cmocka_unit_test(v2_as_haproxy),
		cmocka_unit_test(v2_local),
		cmocka_unit_test(v2_stays_inside),
		cmocka_unit_test(v2_sixteen_bits),
		cmocka_unit_test(v2_ssl),
	};

	return cmocka_run_group_tests_name("wire/pp_build", tests, NULL, NULL);
}
