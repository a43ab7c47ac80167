/* SPDX-License-Identifier: Apache-2.0
 *
 * TLVs: walking any bytes, finding the nth, names and numbers, what SSL and the clouds say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/pp.h"

static void walks(void **state)
{
	struct slice rest = SLICE("\x02\x00\x01x\x04\x00\x00\x02\x00\x02yz");
	struct pp_tlv tlv;

	(void)state;
	assert_true(pp_tlv_next(&rest, &tlv));
	assert_int_equal(tlv.type, 2);
	assert_true(slice_is(tlv.value, "x"));
	assert_true(pp_tlv_next(&rest, &tlv));
	assert_int_equal(tlv.type, 4);
	assert_int_equal(tlv.value.len, 0);
	assert_true(pp_tlv_next(&rest, &tlv));
	assert_true(slice_is(tlv.value, "yz"));
	assert_int_equal(rest.len, 0);
	assert_false(pp_tlv_next(&rest, &tlv));
	rest = SLICE("\x02\x00\x02y");
	assert_false(pp_tlv_next(&rest, &tlv));
	assert_int_equal(rest.len, 4);
	rest = SLICE("\x02\x00");
	assert_false(pp_tlv_next(&rest, &tlv));
	rest = slice_of(NULL);
	assert_false(pp_tlv_next(&rest, &tlv));
}

static void finds(void **state)
{
	struct slice tlvs = SLICE("\x02\x00\x01x\x04\x00\x00\x02\x00\x02yz"), value;

	(void)state;
	assert_true(pp_tlv_find(tlvs, PP_TYPE_AUTHORITY, 0, &value));
	assert_true(slice_is(value, "x"));
	assert_true(pp_tlv_find(tlvs, PP_TYPE_AUTHORITY, 1, &value));
	assert_true(slice_is(value, "yz"));
	assert_false(pp_tlv_find(tlvs, PP_TYPE_AUTHORITY, 2, &value));
	assert_true(pp_tlv_find(tlvs, PP_TYPE_NOOP, 0, &value));
	assert_int_equal(value.len, 0);
	assert_false(pp_tlv_find(tlvs, PP_TYPE_ALPN, 0, &value));
	assert_false(pp_tlv_find(slice_of(NULL), PP_TYPE_ALPN, 0, &value));
}

static void names(void **state)
{
	static const struct {
		const char *text;
		int type;
	} rows[] = {
		{ "ALPN", 1 }, { "AUTHORITY", 2 }, { "CRC32C", 3 }, { "NOOP", 4 }, { "UNIQUE_ID", 5 }, { "SSL", 0x20 },
		{ "SSL_VERSION", 0x21 }, { "SSL_CN", 0x22 }, { "SSL_CIPHER", 0x23 }, { "SSL_SIG_ALG", 0x24 },
		{ "SSL_KEY_ALG", 0x25 }, { "NETNS", 0x30 }, { "GCP", 0xe0 }, { "AWS", 0xea }, { "AZURE", 0xee },
		{ "authority", 2 }, { "0", 0 }, { "255", 255 }, { "0xea", 0xea }, { "0XEA", 0xea }, { "0x5", 5 },
		{ "256", -1 }, { "-1", -1 }, { "", -1 }, { "0x", -1 }, { "0x100", -1 }, { "0xg", -1 }, { "0xag", -1 },
		{ "ea", -1 }, { "AUTHORITYX", -1 }, { "1 ", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(pp_type_parse(slice_of(rows[i].text)), rows[i].type);
	for (unsigned type = 0; type < 256; type++)
		if (pp_type_name((uint8_t)type))
			assert_int_equal(pp_type_parse(slice_of(pp_type_name((uint8_t)type))), type);
	assert_null(pp_type_name(0x31));
	assert_string_equal(pp_type_name(0x22), "SSL_CN");
}

static void decodes_ssl(void **state)
{
	struct pp_ssl ssl;
	struct slice value;

	(void)state;
	assert_true(pp_ssl_decode(SLICE("\x03\x01\x02\x03\x04\x21\x00\x07TLSv1.2\x22\x00\x02"
					"cn"),
		&ssl));
	assert_int_equal(ssl.client, PP_CLIENT_SSL | PP_CLIENT_CERT_CONN);
	assert_int_equal(ssl.verify, 0x01020304);
	assert_true(pp_tlv_find(ssl.subs, PP_TYPE_SSL_VERSION, 0, &value));
	assert_true(slice_is(value, "TLSv1.2"));
	assert_true(pp_tlv_find(ssl.subs, PP_TYPE_SSL_CN, 0, &value));
	assert_true(slice_is(value, "cn"));
	assert_false(pp_tlv_find(ssl.subs, PP_TYPE_SSL_CIPHER, 0, &value));
	assert_false(pp_ssl_decode(SLICE("\x01\0\0\0"), &ssl));
	assert_false(pp_ssl_decode(SLICE("\x01\0\0\0\0\x21"), &ssl));
	assert_false(pp_ssl_decode(SLICE("\x01\0\0\0\0\x21\x00\x02x"), &ssl));
	assert_false(pp_ssl_decode(slice_of(NULL), &ssl));
}

static void verified_needs_a_certificate(void **state)
{
	(void)state;
	assert_false(pp_ssl_verified(&(struct pp_ssl){ .client = 0, .verify = 0 }));
	assert_false(pp_ssl_verified(&(struct pp_ssl){ .client = PP_CLIENT_SSL, .verify = 0 }));
	assert_false(pp_ssl_verified(&(struct pp_ssl){ .client = PP_CLIENT_CERT_CONN, .verify = 0 }));
	assert_false(pp_ssl_verified(&(struct pp_ssl){ .client = 3, .verify = 1 }));
	assert_true(pp_ssl_verified(&(struct pp_ssl){ .client = 3, .verify = 0 }));
	assert_true(pp_ssl_verified(&(struct pp_ssl){ .client = 5, .verify = 0 }));
}

static void decodes_the_clouds(void **state)
{
	struct slice id;
	uint32_t link;
	uint64_t psc;

	(void)state;
	assert_true(pp_aws_vpce(SLICE("\x01vpce-08d2bf15fac5001c9"), &id));
	assert_true(slice_is(id, "vpce-08d2bf15fac5001c9"));
	assert_false(pp_aws_vpce(SLICE("\x02vpce-1"), &id));
	assert_false(pp_aws_vpce(SLICE("\x01"), &id));
	assert_false(pp_aws_vpce(slice_of(NULL), &id));
	assert_true(pp_azure_linkid(SLICE("\x01\xc1\x45\x00\x21"), &link));
	assert_int_equal(link, 0x210045c1);
	assert_false(pp_azure_linkid(SLICE("\x02\xc1\x45\x00\x21"), &link));
	assert_false(pp_azure_linkid(SLICE("\x01\xc1\x45\x00"), &link));
	assert_false(pp_azure_linkid(SLICE("\x01\xc1\x45\x00\x21\x00"), &link));
	assert_true(pp_gcp_psc(SLICE("\xff\x02\x03\x04\x05\x06\x07\x08"), &psc));
	assert_true(psc == 0xff02030405060708);
	assert_false(pp_gcp_psc(SLICE("\x01\x02\x03\x04\x05\x06\x07"), &psc));
}

int pp_tlv_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks),
		cmocka_unit_test(finds),
		cmocka_unit_test(names),
		cmocka_unit_test(decodes_ssl),
		cmocka_unit_test(verified_needs_a_certificate),
		cmocka_unit_test(decodes_the_clouds),
	};

	return cmocka_run_group_tests_name("wire/pp_tlv", tests, NULL, NULL);
}
