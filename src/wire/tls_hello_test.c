/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS hellos: those that OpenSSL's client, curl and Python sent, whole, in pieces, spread over records, spoilt at
 * every byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/hex.h"
#include "wire/tls_hello.h"

/* openssl s_client -servername www.example.com -alpn h2,http/1.1 -tls1_3 */
static const char openssl_13[] =
	"16030101060100010203033ea40fa01a580498c1992d0378b31908e5af49c3a2c2506bb77aa0fa8b48b2662084fcba93da0290063f82ae55"
	"f8a3aa642eaf3bc990341535fb16d4125fb7025c000813021303130100ff010000b100000014001200000f7777772e6578616d706c652e63"
	"6f6d000b000403000102000a00160014001d0017001e0019001801000101010201030104002300000010000e000c02683208687474702f31"
	"2e310016000000170000000d001e001c040305030603080708080809080a080b080408050806040105010601002b0003020304002d000201"
	"01003300260024001d0020e0f9bb89ec31d928a7c7cf39dfe4eaabbef7e02b537a758972346caeba07944d";
/* openssl s_client -servername www.example.com -tls1_2 */
static const char openssl_12[] =
	"16030100cf010000cb0303c3323ade95beb334a0a33f35d2a3256f1718456c839089f1b9aea1b649997824000038c02cc030009fcca9cca8"
	"ccaac02bc02f009ec024c028006bc023c0270067c00ac0140039c009c0130033009d009c003d003c0035002f00ff0100006a000000140012"
	"00000f7777772e6578616d706c652e636f6d000b000403000102000a000c000a001d0017001e00190018002300000016000000170000000d"
	"002a0028040305030603080708080809080a080b080408050806040105010601030303010302040205020602";
/* openssl s_client -noservername -tls1_2 -no_ticket -cipher AES128-SHA */
static const char openssl_bare[] =
	"1603010067010000630303f354c7200a61a9c595911cf464a93aba49bc04cbb74310c1d3f630a0863e144d000004002f00ff010000360016"
	"000000170000000d002a0028040305030603080708080809080a080b080408050806040105010601030303010302040205020602";
/* openssl s_client -servername old.example.com -tls1 */
static const char openssl_10[] =
	"16030100970100009303019c825ee86decc092cc95c4757077c1d329982605024f02bc7673967334a532f100002ec00ac014003900380088"
	"0087c019003a0089c009c0130033003200450044c0180034004600350084002f004100ff0100003c00000014001200000f6f6c642e657861"
	"6d706c652e636f6d000b000403000102000a000c000a001d0017001e00190018002300000016000000170000";
/* curl https://shop.example.com/ */
static const char curl[] =
	"1603010200010001fc0303092e9d1cc4f0aed3b42dc41a0314177eb1b0a5e7b8dec704f5b642469b5f717620ce21ef592d597f5d0576e025"
	"c97627cc319c4d7f301975e142a6ce56fd88ab88003e130213031301c02cc030009fcca9cca8ccaac02bc02f009ec024c028006bc023c027"
	"0067c00ac0140039c009c0130033009d009c003d003c0035002f00ff0100017500000015001300001073686f702e6578616d706c652e636f"
	"6d000b000403000102000a00160014001d0017001e00190018010001010102010301040010000e000c02683208687474702f312e31001600"
	"000017000000310000000d002a0028040305030603080708080809080a080b08040805080604010501060103030301030204020502060200"
	"2b0009080304030303020301002d00020101003300260024001d00200a4bb05a1be5e13fd76940fa69fec31cec6b2d82a13f249fc0c60cae"
	"91e34a3f001500ad000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	"00000000000000000000000000";
/* Python's ssl with ALPN acme-tls/1 to py.example.com */
static const char python[] =
	"1603010200010001fc03036fa7d73b3e11c26539be50a79145a4eaf1d57d8eb1cd4ca7b9c42e6bdcc41ac7208272d06df067dc8efce900d1"
	"1c2390fa3b2dbc220ba182d6d275779383f20eb60024130213031301c02cc030c02bc02fcca9cca8c024c028c023c027009f009e006b0067"
	"00ff0100018f00000013001100000e70792e6578616d706c652e636f6d000b000403000102000a00160014001d0017001e00190018010001"
	"01010201030104002300000010000d000b0a61636d652d746c732f310016000000170000000d002a0028040305030603080708080809080a"
	"080b080408050806040105010601030303010302040205020602002b00050403040303002d00020101003300260024001d002028afdda259"
	"71823058228612b68c5022bcca54af8c00d59ea6233ddcd315ba06001500ce00000000000000000000000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	"00000000000000000000000000";

#define ROOM 4096
#define RANDOM "0123456789abcdef0123456789ABCDEF"

static struct slice unhex(const char *digits, char *to)
{
	size_t n = strlen(digits) / 2;

	assert_true(n <= ROOM);
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(hex_digit(digits[2 * i]) << 4 | hex_digit(digits[2 * i + 1]));
	return slice_make(to, n);
}

/* The hello of a whole message in one record or in several. */
static int parse(struct slice in, struct tls_hello *h, char *joined)
{
	struct tls_message_place place;
	int r = tls_message_find(in, &place);

	if (r <= 0)
		return r;
	assert_int_equal(place.type, TLS_CLIENT_HELLO);
	if (place.records > 1) {
		assert_null(place.body.ptr);
		tls_message_join(in, &place, joined);
		place.body = slice_make(joined, place.len);
	}
	assert_int_equal(place.body.len, place.len);
	return tls_hello_parse(place.body, h) < 0 ? -1 : r;
}

static const struct {
	const char *digits, *sni, *alpn;
	uint16_t version, most;
	size_t ciphers;
	int ticket; /* its length; -1: none */
	bool shares;
} real[] = {
	{ openssl_13, "www.example.com", "h2", 0x303, 0x304, 8, 0, true },
	{ openssl_12, "www.example.com", NULL, 0x303, 0x303, 56, 0, false },
	{ openssl_bare, NULL, NULL, 0x303, 0x303, 4, -1, false },
	{ openssl_10, "old.example.com", NULL, 0x301, 0x301, 46, 0, false },
	{ curl, "shop.example.com", "h2", 0x303, 0x304, 62, -1, true },
	{ python, "py.example.com", "acme-tls/1", 0x303, 0x304, 36, 0, true },
};

static void real_hellos(void **state)
{
	char bytes[ROOM];
	struct tls_hello h;
	struct slice protocol, key;
	uint16_t group;

	(void)state;
	for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
		struct slice in = unhex(real[i].digits, bytes);
		assert_int_equal(parse(in, &h, NULL), in.len);
		assert_true(real[i].sni ? slice_is(h.sni, real[i].sni) : h.sni.ptr == NULL);
		assert_int_equal(tls_alpn_next(&h.alpn, &protocol), real[i].alpn != NULL);
		assert_true(!real[i].alpn || slice_is(protocol, real[i].alpn));
		assert_int_equal(h.version, real[i].version);
		assert_int_equal(h.version_max, real[i].most);
		assert_int_equal(h.ciphers.len, real[i].ciphers);
		assert_int_equal(h.ticket.ptr ? (int)h.ticket.len : -1, real[i].ticket);
		assert_int_equal(tls_key_share_next(&h.key_share, &group, &key), real[i].shares);
		if (real[i].shares) {
			assert_int_equal(group, 0x1d); /* x25519 */
			assert_int_equal(key.len, 32);
			assert_false(tls_key_share_next(&h.key_share, &group, &key));
		}
	}
	parse(unhex(openssl_13, bytes), &h, NULL);
	static const uint16_t ids[] = { 0, 11, 10, 35, 16, 22, 23, 13, 43, 45, 51 };
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_true(tls_extension_next(&h.extensions, &group, &key) && group == ids[i] && key.len < 64);
	assert_false(tls_extension_next(&h.extensions, &group, &key));
	assert_true(tls_alpn_next(&h.alpn, &protocol) && tls_alpn_next(&h.alpn, &protocol));
	assert_true(slice_is(protocol, "http/1.1"));
	assert_false(tls_alpn_next(&h.alpn, &protocol));
	assert_int_equal(h.random.len, 32);
	assert_int_equal(h.session_id.len, 32);
	assert_true(slice_eq(h.compressions, slice_make("", 1)));
	assert_true(slice_eq(h.versions, SLICE("\x03\x04")));
	assert_true(h.groups.len >= 2 && h.groups.len % 2 == 0);
	assert_true(h.sigalgs.len >= 2 && h.sigalgs.len % 2 == 0);
	assert_true(h.point_formats.len == 3);
}

/* Every prefix wants more, whatever stands behind the hello changes nothing. */
static void in_pieces(void **state)
{
	char bytes[ROOM + 8];
	struct tls_hello h;

	(void)state;
	for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
		struct slice in = unhex(real[i].digits, bytes);
		for (size_t n = 0; n < in.len; n++)
			assert_int_equal(parse(slice_make(in.ptr, n), &h, NULL), 0);
		memcpy(bytes + in.len, "\x17\x03\x03", 3);
		assert_int_equal(parse(slice_make(bytes, in.len + 3), &h, NULL), in.len);
	}
}

/* The same message in records of `each` bytes. */
static struct slice spread(struct slice in, size_t each, char *to)
{
	size_t n = 0;

	for (struct slice rest = slice_from(in, TLS_RECORD_HEAD_LEN); rest.len; rest = slice_from(rest, each)) {
		size_t len = rest.len < each ? rest.len : each;
		memcpy(to + n, "\x16\x03\x01", 3);
		to[n + 3] = (char)(len >> 8);
		to[n + 4] = (char)len;
		memcpy(to + n + TLS_RECORD_HEAD_LEN, rest.ptr, len);
		n += TLS_RECORD_HEAD_LEN + len;
	}
	return slice_make(to, n);
}

static void over_records(void **state)
{
	char bytes[ROOM], records[ROOM], joined[ROOM];
	struct tls_hello h;
	struct slice in = unhex(openssl_13, bytes);

	(void)state;
	for (size_t each = 1; each < in.len; each++) {
		struct slice all = spread(in, each, records);
		assert_int_equal(parse(all, &h, joined), all.len);
		assert_true(slice_is(h.sni, "www.example.com"));
		assert_int_equal(h.version_max, 0x304);
		for (size_t n = 0; n < all.len; n++)
			assert_int_equal(parse(slice_make(records, n), &h, joined), 0);
	}
}

static int fault(struct slice in)
{
	struct tls_message_place place;

	return tls_message_find(in, &place);
}

static void bad_records(void **state)
{
	char bytes[ROOM], records[ROOM];
	struct slice in = unhex(openssl_12, bytes);

	(void)state;
	assert_int_equal(fault(SLICE("GET / HTTP/1.1\r\n\r\n")), -1);
	assert_int_equal(fault(SLICE("\x17")), -1);
	assert_int_equal(fault(SLICE("\x15\x03\x01\x00\x02\x02\x28")), -1);
	assert_int_equal(fault(SLICE("\x16\x02")), -2);
	assert_int_equal(fault(SLICE("\x16\x03\x01\x00\x00")), -4);      /* an empty record */
	assert_int_equal(fault(SLICE("\x16\x03\x01\x40\x01")), -4);      /* more than a record holds */
	assert_int_equal(fault(SLICE("\x16\x03\x01\x40\x00\x01")), 0);
	assert_int_equal(fault(SLICE("\x16\x03\x01\x00\x10\x0b")), -6);  /* a message of another kind */
	assert_int_equal(fault(SLICE("\x16\x03\x01\x40\x00\x01\x02\x01\x45")), -6);
	assert_int_equal(fault(SLICE("\x16\x03\x01\x40\x00\x01\x02\x01\x44")), 0);
	/* Something behind the hello in its record; not so behind a ServerHello. */
	assert_int_equal(fault(SLICE("\x16\x03\x01\x00\x06\x01\x00\x00\x01")), -4);
	assert_int_equal(fault(SLICE("\x16\x03\x01\x00\x06\x02\x00\x00\x01" "xy")), 11);
	/* Another record between those of the hello. */
	spread(in, 100, records);
	records[105] = 0x17;
	assert_int_equal(fault(slice_make(records, 105)), 0);
	assert_int_equal(fault(slice_make(records, 106)), -106);
	records[105] = 0x16;
	records[106] = 2;
	assert_int_equal(fault(slice_make(records, 107)), -107);
}

/* Every byte changed in every way: a verdict comes, and what is taken lies within the body (proven by sanitizers). */
static void spoilt(void **state)
{
	char bytes[ROOM];
	struct tls_hello h;
	struct slice in = unhex(openssl_13, bytes), body = slice_from(in, 9);

	(void)state;
	for (size_t at = 9; at < in.len; at++) {
		char was = bytes[at];
		for (int x = 1; x < 256; x++) {
			bytes[at] = (char)(was ^ x);
			int r = tls_hello_parse(body, &h);
			assert_true(r == (int)body.len || (r < 0 && -1 - r <= (int)body.len));
		}
		bytes[at] = was;
	}
	for (size_t n = 0; n < body.len; n++) {
		char *copy = test_malloc(n + 1);
		memcpy(copy, body.ptr, n);
		int r = tls_hello_parse(slice_make(copy, n), &h);
		/* Without its extensions a hello is whole. */
		assert_int_equal(r > 0, n == 2 + 32 + 33 + 10 + 2);
		test_free(copy);
	}
}

/* A hello of TLS 1.2 with these extensions, behind which the length of their block is put. */
static int with(struct slice extensions, struct tls_hello *h)
{
	static char body[ROOM];
	size_t n = 43;

	memcpy(body, "\x03\x03" RANDOM "\x00" "\x00\x02\x13\x01" "\x01\x00", n - 2);
	body[n - 2] = (char)(extensions.len >> 8);
	body[n - 1] = (char)extensions.len;
	memcpy(body + n, extensions.ptr, extensions.len);
	return tls_hello_parse(slice_make(body, n + extensions.len), h);
}

#define IN 43 /* where the extensions begin */

static void bad_extensions(void **state)
{
	struct tls_hello h;

	(void)state;
	assert_int_equal(with(SLICE(""), &h), IN);
	assert_int_equal(with(SLICE("\x00\x17\x00\x00"), &h), IN + 4);
	assert_int_equal(with(SLICE("\x00\x17\x00\x01"), &h), -1 - (IN + 2));
	assert_int_equal(with(SLICE("\x00\x17\x00"), &h), -1 - (IN + 2));
	assert_int_equal(with(SLICE("\x00"), &h), -1 - IN);
	/* Names: one of a host, printing; others are passed over. */
	assert_int_equal(with(SLICE("\x00\x00\x00\x06\x00\x04\x00\x00\x01" "a"), &h), IN + 10);
	assert_true(slice_is(h.sni, "a"));
	assert_int_equal(with(SLICE("\x00\x00\x00\x0a\x00\x08\x07\x00\x01" "x" "\x00\x00\x01" "a"), &h), IN + 14);
	assert_true(slice_is(h.sni, "a"));
	assert_int_equal(with(SLICE("\x00\x00\x00\x06\x00\x04\x07\x00\x01" "x"), &h), IN + 10);
	assert_null(h.sni.ptr);
	assert_true(with(SLICE("\x00\x00\x00\x0a\x00\x08\x00\x00\x01" "x" "\x00\x00\x01" "a"), &h) < 0);
	assert_true(with(SLICE("\x00\x00\x00\x06\x00\x04\x00\x00\x01" "\0"), &h) < 0);
	assert_true(with(SLICE("\x00\x00\x00\x06\x00\x04\x00\x00\x01" " "), &h) < 0);
	assert_true(with(SLICE("\x00\x00\x00\x06\x00\x04\x00\x00\x01" "\xc3"), &h) < 0);
	assert_true(with(SLICE("\x00\x00\x00\x05\x00\x03\x00\x00\x00"), &h) < 0);
	assert_true(with(SLICE("\x00\x00\x00\x00"), &h) < 0);
	assert_true(with(SLICE("\x00\x00\x00\x07\x00\x04\x00\x00\x01" "ab"), &h) < 0);
	/* One twice. */
	assert_int_equal(with(SLICE("\x00\x23\x00\x00"), &h), IN + 4);
	assert_true(h.ticket.ptr != NULL && h.ticket.len == 0);
	assert_true(with(SLICE("\x00\x23\x00\x00" "\x00\x23\x00\x00"), &h) < 0);
	/* Lists that are not whole. */
	assert_true(with(SLICE("\x00\x0a\x00\x05\x00\x03\x00\x1d\x00"), &h) < 0);
	assert_true(with(SLICE("\x00\x0a\x00\x02\x00\x00"), &h) < 0);
	assert_true(with(SLICE("\x00\x10\x00\x05\x00\x03\x03" "h2"), &h) < 0);
	assert_true(with(SLICE("\x00\x10\x00\x05\x00\x03\x00" "h2"), &h) < 0);
	assert_true(with(SLICE("\x00\x33\x00\x06\x00\x04\x00\x1d\x00\x00"), &h) < 0);
	assert_int_equal(with(SLICE("\x00\x33\x00\x02\x00\x00"), &h), IN + 6);
	assert_true(h.key_share.ptr != NULL && h.key_share.len == 0);
	/* The highest version; numbers without meaning do not count. */
	assert_int_equal(with(SLICE("\x00\x2b\x00\x07\x06\x7a\x7a\x03\x03\x03\x04"), &h), IN + 11);
	assert_int_equal(h.version_max, 0x304);
	assert_int_equal(with(SLICE("\x00\x2b\x00\x03\x02\x0a\x0a"), &h), IN + 7);
	assert_int_equal(h.version_max, 0x303);
	/* A name may have 255 bytes. */
	char long_name[9 + 256] = "\x00\x00\x01\x05\x01\x03\x00\x01\x00";
	memset(long_name + 9, 'n', 256);
	assert_true(with(slice_make(long_name, sizeof(long_name)), &h) < 0);
	memcpy(long_name, "\x00\x00\x01\x04\x01\x02\x00\x00\xff", 9);
	assert_true(with(slice_make(long_name, sizeof(long_name) - 1), &h) > 0);
	assert_int_equal(h.sni.len, 255);
}

static void server_hellos(void **state)
{
	static const char body[] = "\x03\x03" RANDOM "\x04" "sess" "\xc0\x2f" "\x00" "\x00\x04" "\xff\x01\x00\x00";
	uint16_t version;

	(void)state;
	assert_int_equal(tls_server_hello_check(SLICE(body), &version), sizeof(body) - 1);
	assert_int_equal(version, 0x303);
	assert_int_equal(tls_server_hello_check(slice_make(body, 42), &version), 42); /* no extensions */
	for (size_t n = 0; n < sizeof(body) - 1; n++)
		assert_true((tls_server_hello_check(slice_make(body, n), &version) > 0) == (n == 42));
}

static void ssl_2(void **state)
{
	static const char hello[] =
		"\x80\x1f" "\x01" "\x03\x01" "\x00\x06" "\x00\x00" "\x00\x10" "\x00\x00\x2f" "\x00\x00\x35" RANDOM;
	const size_t len = 2 + 0x1f;
	char text[sizeof(hello)];
	uint16_t version = 0;

	(void)state;
	assert_int_equal(tls_v2_hello(slice_make(hello, len), &version), len);
	assert_int_equal(version, 0x301);
	assert_int_equal(tls_v2_hello(SLICE(hello), &version), len);
	for (size_t n = 0; n < len; n++)
		assert_int_equal(tls_v2_hello(slice_make(hello, n), &version), 0);
	static const struct { size_t at; char byte; int fault; } faults[] = {
		{ 0, 0x16, -1 }, { 2, 2, -3 }, { 3, 4, -4 }, { 6, 5, -6 }, { 8, 1, -6 }, { 10, 8, -6 }, { 1, 0x20, -6 },
	};
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		memcpy(text, hello, sizeof(text));
		text[faults[i].at] = faults[i].byte;
		assert_int_equal(tls_v2_hello(slice_make(text, len), &version), faults[i].fault);
	}
	memcpy(text, hello, sizeof(text));
	memcpy(text + 3, "\x00\x02", 2);
	assert_int_equal(tls_v2_hello(slice_make(text, len), &version), len);
	assert_int_equal(version, 2);
}

static void record_heads(void **state)
{
	struct tls_record rec;

	(void)state;
	assert_int_equal(tls_record_head(SLICE("\x15\x03\x03\x00\x02\x02\x28"), &rec), TLS_RECORD_HEAD_LEN);
	assert_int_equal(rec.content, TLS_ALERT);
	assert_int_equal(rec.version, 0x303);
	assert_int_equal(rec.len, 2);
	assert_int_equal(tls_record_head(SLICE("\x15\x03\x03\x00"), &rec), 0);
	assert_int_equal(tls_record_head(SLICE("\x13"), &rec), -1);
	assert_int_equal(tls_record_head(SLICE("\x17\x03\x03\x00\x00"), &rec), TLS_RECORD_HEAD_LEN);
	assert_int_equal(tls_record_head(SLICE("\x17\x03\x03\x48\x00"), &rec), TLS_RECORD_HEAD_LEN);
	assert_int_equal(tls_record_head(SLICE("\x17\x03\x03\x48\x01"), &rec), -4);
	assert_int_equal(tls_record_head(SLICE("\x15\x03\x03\x00\x00"), &rec), -4);
}

int tls_hello_test(void);
int tls_hello_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_hellos), cmocka_unit_test(in_pieces), cmocka_unit_test(over_records),
		cmocka_unit_test(bad_records), cmocka_unit_test(spoilt), cmocka_unit_test(bad_extensions),
		cmocka_unit_test(server_hellos), cmocka_unit_test(ssl_2), cmocka_unit_test(record_heads),
	};

	return cmocka_run_group_tests_name("wire/tls_hello", tests, NULL, NULL);
}
