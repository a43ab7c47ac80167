/* SPDX-License-Identifier: Apache-2.0
 *
 * PROXY headers as peers send them, right and wrong, cut at every byte: a cut may only say
 * "need more", and the verdict must come at the first byte that settles it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/crc32c.h"
#include "wire/pp.h"

#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\x0a\x01\x02\x03\xc0\x00\x02\x01\x30\x39\x01\xbb"
#define BYTES(lit) (lit), sizeof(lit) - 1

static const struct pp_limits both = { PP_V1 | PP_V2, PP_MAX_DEFAULT };

/* Parses a copy of exactly len bytes, so that the sanitizers see any byte read beyond. */
static ssize_t parse(const void *bytes, size_t len, const struct pp_limits *limits, struct pp_header *h)
{
	char *copy = malloc(len ? len : 1);

	if (len)
		memcpy(copy, bytes, len);
	ssize_t got = pp_parse(copy, len, limits, h);
	/* The TLVs must lie inside the header; then point at the caller's bytes. */
	if (h->tlvs.ptr) {
		size_t at = (size_t)(h->tlvs.ptr - copy);
		assert_true(got > 0 && at + h->tlvs.len == h->len);
		h->tlvs.ptr = (const char *)bytes + at;
	}
	free(copy);
	return got;
}

/* The header is right and header_len long; more bytes behind it change nothing. */
static struct pp_header good_with(const struct pp_limits *limits, const void *bytes, size_t len, size_t header_len)
{
	struct pp_header h, whole;

	for (size_t cut = 0; cut < header_len; cut++) {
		assert_int_equal(parse(bytes, cut, limits, &h), 0);
		assert_int_equal(h.reason, PP_OK);
		assert_false(h.has_addr);
		assert_int_equal(h.len, 0);
	}
	assert_int_equal(parse(bytes, header_len, limits, &whole), header_len);
	for (size_t cut = header_len; cut <= len; cut++) {
		assert_int_equal(parse(bytes, cut, limits, &h), header_len);
		assert_int_equal(h.len, header_len);
		assert_memory_equal(&h.src, &whole.src, sizeof(h.src));
		assert_memory_equal(&h.dst, &whole.dst, sizeof(h.dst));
		assert_int_equal(h.has_addr, whole.has_addr);
		assert_int_equal(h.tlvs.len, whole.tlvs.len);
	}
	return whole;
}

static struct pp_header good(const void *bytes, size_t len) { return good_with(&both, bytes, len, len); }

/* The header is wrong for this reason at this offset, and settled once `settled` bytes are there, not before. */
static struct pp_header bad_with(const struct pp_limits *limits, const void *bytes, size_t len, enum pp_reason reason,
	size_t offset, size_t settled)
{
	struct pp_header h = { 0 };

	for (size_t cut = 0; cut <= len; cut++) {
		ssize_t got = parse(bytes, cut, limits, &h);
		if (got != (cut < settled ? 0 : -1) || h.reason != (cut < settled ? PP_OK : reason))
			fail_msg("%.*s: at %zu of %zu bytes: %zd, %s at %zu, not %s at %zu", (int)cut, (const char *)bytes,
				cut, len, got, pp_reason_name(h.reason), h.offset, pp_reason_name(reason), settled);
		assert_false(h.has_addr);
		if (got < 0)
			assert_int_equal(h.offset, offset);
	}
	return h;
}

static struct pp_header bad(const void *bytes, size_t len, enum pp_reason reason, size_t offset)
{
	return bad_with(&both, bytes, len, reason, offset, offset + 1);
}

static void is_addr(const struct addr *a, const char *text)
{
	char got[ADDR_TEXT_MAX];

	addr_format(a, got, true);
	assert_string_equal(got, text);
}

static void has(const struct pp_header *h, const char *src, const char *dst)
{
	assert_true(h->has_addr);
	assert_true(h->claimed);
	is_addr(&h->src, src);
	is_addr(&h->dst, dst);
}

/* A v2 header: the fixed bytes with the right length, then body. */
static size_t v2(uint8_t *out, uint8_t ver_cmd, uint8_t fam, const void *body, size_t body_len)
{
	memcpy(out, SIG, 12);
	out[12] = ver_cmd;
	out[13] = fam;
	out[14] = (uint8_t)(body_len >> 8);
	out[15] = (uint8_t)body_len;
	if (body_len)
		memcpy(out + 16, body, body_len);
	return 16 + body_len;
}

static void first_bytes(void **state)
{
	static const char *const foreign[] = { "GET / HTTP/1.1\r\n", "\x16\x03\x01", "SSH-2.0", "proxy TCP4", " PROXY", "\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		bad(foreign[i], strlen(foreign[i]), PP_SIGNATURE, 0);
	bad(BYTES("\0"), PP_SIGNATURE, 0);
	bad(BYTES("POST / HTTP/1.1"), PP_SIGNATURE, 1);
	bad(BYTES("PROPFIND / HTTP/1.1"), PP_SIGNATURE, 3);
	bad(BYTES("PROXY\tTCP4 "), PP_SIGNATURE, 5);
	bad(BYTES("PROXY\r\n"), PP_SIGNATURE, 5);
	bad(BYTES("\r\nGET / HTTP/1.1"), PP_SIGNATURE, 2);
	bad(BYTES("\r\n\r\n\r\n"), PP_SIGNATURE, 4);
	bad(BYTES("\r\n\r\n\0\r\nQUIT\r"), PP_SIGNATURE, 11);
	/* Both versions in a row: the first one is the header. */
	good_with(&both, BYTES("PROXY UNKNOWN\r\n" SIG), 15);
}

static void versions(void **state)
{
	const struct pp_limits one = { PP_V1, PP_MAX_DEFAULT }, two = { PP_V2, PP_MAX_DEFAULT }, none = { 0, PP_MAX_DEFAULT };
	uint8_t h[16];
	size_t len = v2(h, 0x20, 0, "", 0);

	(void)state;
	good_with(&one, BYTES("PROXY UNKNOWN\r\n"), 15);
	good_with(&two, h, len, len);
	bad_with(&two, BYTES("PROXY UNKNOWN\r\n"), PP_VERSION_REFUSED, 0, 6);
	bad_with(&one, h, len, PP_VERSION_REFUSED, 0, 12);
	bad_with(&none, h, len, PP_VERSION_REFUSED, 0, 12);
	bad_with(&two, BYTES("POST"), PP_SIGNATURE, 1, 2);
	assert_int_equal(bad_with(&two, BYTES("PROXY TCP4 "), PP_VERSION_REFUSED, 0, 6).version, 1);
}

static void v1_right(void **state)
{
	struct pp_header h = good(BYTES("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"));

	(void)state;
	has(&h, "192.168.0.1:56324", "192.168.0.11:443");
	assert_int_equal(h.version, 1);
	assert_int_equal(h.command, PP_PROXY);
	assert_int_equal(h.family, PP_INET);
	assert_int_equal(h.tlvs.len, 0);
	h = good_with(&both, BYTES("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\nGET /\r\n"), 44);
	has(&h, "0.0.0.0:0", "255.255.255.255:65535");
	h = good(BYTES("PROXY TCP6 2001:DB8::1 ::1 1 2\r\n"));
	has(&h, "[2001:db8::1]:1", "[::1]:2");
	h = good(BYTES("PROXY TCP6 ::ffff:10.0.0.1 ::ffff:a00:2 1 2\r\n"));
	has(&h, "10.0.0.1:1", "10.0.0.2:2");
	assert_int_equal(h.family, PP_INET6);
	h = good(BYTES("PROXY TCP6 ::ffff:10.0.0.1 2001:db8::1 1 2\r\n"));
	has(&h, "10.0.0.1:1", "[2001:db8::1]:2");
	/* The longest of each family: 56 and 104 bytes. */
	h = good(BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"));
	assert_int_equal(h.len, 56);
	h = good(BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		       "65535 65535\r\n"));
	assert_int_equal(h.len, 104);
}

static void v1_unknown(void **state)
{
	static const char *const lines[] = {
		"PROXY UNKNOWN\r\n",
		"PROXY UNKNOWN \r\n",
		"PROXY UNKNOWN  anything at all\r\n",
		"PROXY UNKNOWN 1.2.3.4 5.6.7.8 1 2\r\n",
		"PROXY UNKNOWN lone \r and \n end nothing\r\r\n",
		"PROXY UNKNOWN \r\r\n",
		"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	};
	char line[120];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct pp_header h = good(lines[i], strlen(lines[i]));
		assert_false(h.has_addr);
		assert_false(h.claimed);
		assert_int_equal(h.family, PP_UNSPEC);
	}
	assert_int_equal(strlen(lines[6]), PP_V1_MAX);
	/* One byte more than 107: byte 106 is not the LF. */
	memset(line, 'x', sizeof(line));
	memcpy(line, BYTES("PROXY UNKNOWN "));
	memcpy(line + 106, "\r\n", 2);
	bad(line, sizeof(line), PP_V1_LINE_LONG, 106);
	memcpy(line + 105, "x\n", 2);
	bad(line, sizeof(line), PP_V1_LINE_LONG, 106);
	memcpy(line + 105, "\r\n", 2);
	good_with(&both, line, sizeof(line), 107);
	bad(BYTES("PROXY UNKNOWN\n"), PP_V1_LINE_END, 13);
	bad(BYTES("PROXY UNKNOWN\r \r\n"), PP_V1_LINE_END, 14);
	bad(BYTES("PROXY UNKNOWNX\r\n"), PP_V1_FAMILY, 13);
}

static void v1_wrong(void **state)
{
	/* The offset is the byte that settles it, or the first of a field that is judged as a whole. */
	static const struct {
		const char *line;
		enum pp_reason reason;
		size_t offset, settled;
	} rows[] = {
		{ "PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", PP_V1_FAMILY, 9, 10 },
		{ "PROXY TCP 1.2.3.4 5.6.7.8 1 2\r\n", PP_V1_FAMILY, 9, 10 },
		{ "PROXY TCP44 1.2.3.4 5.6.7.8 1 2\r\n", PP_V1_FAMILY, 10, 11 },
		{ "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", PP_V1_FAMILY, 7, 8 },
		{ "PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n", PP_V1_FAMILY, 6, 7 },
		{ "PROXY /index HTTP/1.1\r\n", PP_V1_FAMILY, 6, 7 },
		{ "PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n", PP_V1_SPACE, 6, 7 },
		{ "PROXY \r\n", PP_V1_FIELDS, 6, 7 },
		{ "PROXY \n", PP_V1_LINE_END, 6, 7 },
		{ "PROXY TCP4\r\n", PP_V1_FIELDS, 10, 11 },
		{ "PROXY TCP4\n", PP_V1_LINE_END, 10, 11 },
		{ "PROXY TCP4 \r\n", PP_V1_FIELDS, 11, 12 },
		{ "PROXY TCP4 1.2.3.4\r\n", PP_V1_FIELDS, 18, 19 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8\r\n", PP_V1_FIELDS, 26, 27 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", PP_V1_FIELDS, 28, 29 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", PP_V1_FIELDS, 30, 31 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", PP_V1_FIELDS, 30, 31 },
		{ "PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", PP_V1_SPACE, 11, 12 },
		{ "PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n", PP_V1_SPACE, 19, 20 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8  1 2\r\n", PP_V1_SPACE, 27, 28 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 1  2\r\n", PP_V1_SPACE, 29, 30 },
		{ "PROXY TCP4 1.2.3.4\t5.6.7.8 1 2\r\n", PP_V1_ADDRESS, 18, 19 },
		{ "PROXY TCP4 300.0.2.1 5.6.7.8 1 2\r\n", PP_V1_ADDRESS, 11, 21 },
		{ "PROXY TCP4 10.2 5.6.7.8 1 2\r\n", PP_V1_ADDRESS, 11, 16 },
		{ "PROXY TCP4 1.2.3.04 5.6.7.8 1 2\r\n", PP_V1_ADDRESS, 11, 20 },
		{ "PROXY TCP4 1.2.3. 5.6.7.8 1 2\r\n", PP_V1_ADDRESS, 11, 18 },
		{ "PROXY TCP4 1.2.3.4.5 5.6.7.8 1 2\r\n", PP_V1_ADDRESS, 11, 21 },
		{ "PROXY TCP4 1.2.3.-4 5.6.7.8 1 2\r\n", PP_V1_ADDRESS, 17, 18 },
		{ "PROXY TCP4 0x1.2.3.4 5.6.7.8 1 2\r\n", PP_V1_ADDRESS, 12, 13 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.256 1 2\r\n", PP_V1_ADDRESS, 19, 29 },
		{ "PROXY TCP4 0001111.111.111.111 5.6.7.8 1 2\r\n", PP_V1_ADDRESS, 26, 27 },
		{ "PROXY TCP4 ::1 5.6.7.8 1 2\r\n", PP_V1_ADDRESS, 11, 12 },
		{ "PROXY TCP4 1.2.3.4 ::1 1 2\r\n", PP_V1_ADDRESS, 19, 20 },
		{ "PROXY TCP6 1.2.3.4 ::1 1 2\r\n", PP_V1_ADDRESS, 11, 19 },
		{ "PROXY TCP6 ::1 1.2.3.4 1 2\r\n", PP_V1_ADDRESS, 15, 23 },
		{ "PROXY TCP6 ::1::2 ::1 1 2\r\n", PP_V1_ADDRESS, 11, 18 },
		{ "PROXY TCP6 1:2:3:4:5:6:7 ::1 1 2\r\n", PP_V1_ADDRESS, 11, 25 },
		{ "PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n", PP_V1_ADDRESS, 11, 29 },
		{ "PROXY TCP6 12345::1 ::1 1 2\r\n", PP_V1_ADDRESS, 11, 20 },
		{ "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", PP_V1_ADDRESS, 18, 19 },
		{ "PROXY TCP6 [::1] ::1 1 2\r\n", PP_V1_ADDRESS, 11, 12 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n", PP_V1_PORT, 27, 33 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 66647 2\r\n", PP_V1_PORT, 27, 33 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", PP_V1_PORT, 29, 35 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 123456 2\r\n", PP_V1_PORT, 32, 33 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", PP_V1_PORT, 27, 30 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 00\r\n", PP_V1_PORT, 29, 32 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", PP_V1_PORT, 27, 28 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", PP_V1_PORT, 27, 28 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 2x\r\n", PP_V1_PORT, 30, 31 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n", PP_V1_PORT, 29, 30 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", PP_V1_LINE_END, 30, 31 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rX\n", PP_V1_LINE_END, 31, 32 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r\n", PP_V1_LINE_END, 31, 32 },
		{ "PROXY TCP4 1.2.3.4 5.6.7.8 1\n2\r\n", PP_V1_LINE_END, 28, 29 },
		/* 45 bytes are a valid spelling of one address, but two of them do not fit in 104. */
		{ "PROXY TCP6 0000:0000:0000:0000:0000:ffff:255.255.255.255 0000:0000:0000:0000:0000:ffff:255.255.255.255 "
		  "1 2\r\n",
			PP_V1_LINE_LONG, 103, 104 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		bad_with(&both, rows[i].line, strlen(rows[i].line), rows[i].reason, rows[i].offset, rows[i].settled);
	bad(BYTES("PROXY TCP4\0 1.2.3.4 5.6.7.8 1 2\r\n"), PP_V1_FAMILY, 10);
	bad(BYTES("PROXY T\0P4 1.2.3.4 5.6.7.8 1 2\r\n"), PP_V1_FAMILY, 7);
	bad(BYTES("PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n"), PP_V1_ADDRESS, 18);
	bad(BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\0\r\n"), PP_V1_PORT, 30);
}

static void v1_reports_the_claim(void **state)
{
	struct pp_header h = bad_with(&both, BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n"), PP_V1_FIELDS, 30, 31);

	(void)state;
	assert_true(h.claimed);
	is_addr(&h.src, "1.2.3.4:1");
	h = bad_with(&both, BYTES("PROXY TCP4 1.2.3.4 5.6.7.256 1 2\r\n"), PP_V1_ADDRESS, 19, 29);
	assert_false(h.claimed);
}

static void v1_below_a_small_limit(void **state)
{
	const struct pp_limits small = { PP_V1, 40 };

	(void)state;
	good_with(&small, BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"), 32);
	bad_with(&small, BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), PP_TOO_LONG, 39, 40);
	bad_with(&(struct pp_limits){ PP_V1, 15 }, BYTES("PROXY UNKNOWN \r\n"), PP_TOO_LONG, 14, 15);
	good_with(&(struct pp_limits){ PP_V1, 15 }, BYTES("PROXY UNKNOWN\r\n"), 15);
	bad_with(&(struct pp_limits){ PP_V1, 0 }, BYTES("PROXY UNKNOWN\r\n"), PP_TOO_LONG, 6, 7);
}

static void v2_right(void **state)
{
	uint8_t bytes[300];
	size_t len = v2(bytes, 0x21, 0x11, V4, 12);
	struct pp_header h = good(bytes, len);

	(void)state;
	has(&h, "10.1.2.3:12345", "192.0.2.1:443");
	assert_int_equal(h.version, 2);
	assert_int_equal(h.command, PP_PROXY);
	assert_int_equal(h.family, PP_INET);
	assert_int_equal(h.transport, PP_STREAM);
	assert_int_equal(h.tlvs.len, 0);
	memcpy(bytes + len, "GET / HTTP/1.1", 14);
	good_with(&both, bytes, len + 14, len);

	uint8_t six[36] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1, [16 + 10] = 0xff, 0xff, 10, 0, 0, 9, 0, 80, 0xff, 0xff };
	len = v2(bytes, 0x21, 0x21, six, 36);
	h = good(bytes, len);
	has(&h, "[2001:db8::1]:80", "10.0.0.9:65535");

	len = v2(bytes, 0x21, 0x11, BYTES(V4 "\x02\x00\x03"
					     "a.b"
					     "\x02\x00\x00"
					     "\xff\x00\x01x"));
	h = good(bytes, len);
	has(&h, "10.1.2.3:12345", "192.0.2.1:443");
	assert_int_equal(h.tlvs.len, 13);
	assert_ptr_equal(h.tlvs.ptr, bytes + 28);
}

static void v2_local(void **state)
{
	/* As an AWS NLB sends it: a family without its block, a checksum, and a NOOP to fill up to 100 bytes. */
	uint8_t nlb[100] = "\r\n\r\n\0\r\nQUIT\n\x20\x11\x00\x54\x03\x00\x04\xbc\xe5\x95\x1f\x04\x00\x4a";
	struct pp_header h = good(nlb, sizeof(nlb));
	uint8_t bytes[300];
	size_t len;

	(void)state;
	assert_int_equal(h.command, PP_LOCAL);
	assert_false(h.has_addr);
	assert_false(h.claimed);
	assert_int_equal(h.tlvs.len, 0);
	/* Its checksum is right by our reckoning, too. */
	memset(nlb + 19, 0, 4);
	assert_int_equal(crc32c(0, nlb, sizeof(nlb)), 0xbce5951f);

	len = v2(bytes, 0x20, 0x00, "", 0);
	assert_int_equal(good(bytes, len).command, PP_LOCAL);
	/* With a full address block, with a family and transport nobody knows, with what would be wrong TLVs. */
	len = v2(bytes, 0x20, 0x11, V4, 12);
	assert_false(good(bytes, len).has_addr);
	len = v2(bytes, 0x20, 0xff, BYTES("\x03\x00\x04\0\0\0\0\x05\xff\xff"));
	h = good(bytes, len);
	assert_int_equal(h.command, PP_LOCAL);
	assert_int_equal(h.tlvs.len, 0);
}

static void v2_fixed_bytes(void **state)
{
	uint8_t bytes[64];
	size_t len;

	(void)state;
	for (unsigned version = 0; version < 16; version++) {
		len = v2(bytes, (uint8_t)(version << 4 | 1), 0x11, V4, 12);
		if (version == 2)
			good(bytes, len);
		else
			bad(bytes, len, PP_V2_VERSION, 12);
	}
	for (unsigned command = 2; command < 16; command++) {
		len = v2(bytes, (uint8_t)(0x20 | command), 0x11, V4, 12);
		bad(bytes, len, PP_V2_COMMAND, 12);
	}
	for (unsigned family = 4; family < 16; family++) {
		len = v2(bytes, 0x21, (uint8_t)(family << 4 | 1), V4, 12);
		bad(bytes, len, PP_V2_FAMILY, 13);
	}
	for (unsigned transport = 3; transport < 16; transport++) {
		len = v2(bytes, 0x21, (uint8_t)(0x10 | transport), V4, 12);
		bad(bytes, len, PP_V2_TRANSPORT, 13);
	}
}

static void v2_unusable_families(void **state)
{
	static const uint8_t families[] = { 0x10, 0x12, 0x20, 0x22, 0x30, 0x31, 0x32 };
	uint8_t body[216 + 4] = { 10, 0, 0, 1 }, bytes[300];
	struct pp_header h;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(families); i++) {
		size_t block = families[i] >> 4 == 1 ? 12 : families[i] >> 4 == 2 ? 36 : 216;
		memset(body + block, 0, 4);
		memcpy(body + block, "\xee\x00\x01z", 4);
		len = v2(bytes, 0x21, families[i], body, block + 4);
		h = good(bytes, len);
		assert_false(h.has_addr);
		assert_true(h.claimed);
		assert_int_equal(h.family, families[i] >> 4);
		assert_int_equal(h.transport, families[i] & 15);
		assert_int_equal(h.tlvs.len, 4);
		memset(body + block, 0, 4);
	}
	assert_int_equal(h.src.family, AF_UNIX);
	for (uint8_t transport = 0; transport <= 2; transport++) {
		len = v2(bytes, 0x21, transport, BYTES("\x02\x00\x01z"));
		h = good(bytes, len);
		assert_false(h.has_addr);
		assert_false(h.claimed);
		assert_int_equal(h.tlvs.len, 4);
		/* An address block nobody asked for is no TLV, and no reason to close. */
		len = v2(bytes, 0x21, transport, V4, 12);
		h = good(bytes, len);
		assert_false(h.has_addr);
		assert_int_equal(h.tlvs.len, 0);
	}
	len = v2(bytes, 0x21, 0x00, BYTES("\x03\x00\x04zzzz"));
	bad_with(&both, bytes, len, PP_CRC, 19, len);
}

static void v2_lengths(void **state)
{
	static const struct {
		uint8_t family;
		size_t block;
	} rows[] = { { 0x11, 12 }, { 0x12, 12 }, { 0x10, 12 }, { 0x21, 36 }, { 0x31, 216 }, { 0x32, 216 } };
	uint8_t body[216] = { 0 }, bytes[300];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t n = 0; n < rows[i].block; n++) {
			size_t len = v2(bytes, 0x21, rows[i].family, body, n);
			bad_with(&both, bytes, len, PP_V2_ADDRESS_SHORT, 14, 16);
		}
		size_t len = v2(bytes, 0x21, rows[i].family, body, rows[i].block);
		good(bytes, len);
	}
}

static void v2_too_long(void **state)
{
	static uint8_t bytes[PP_MAX], body[65535];
	const struct pp_limits all = { PP_V2, PP_MAX };
	struct pp_header h;

	(void)state;
	/* One NOOP that fills the header to the limit, and one byte more. */
	memcpy(body, V4 "\x04", 13);
	size_t noop = PP_MAX_DEFAULT - 16 - 12 - 3;
	body[13] = (uint8_t)(noop >> 8);
	body[14] = (uint8_t)noop;
	size_t len = v2(bytes, 0x21, 0x11, body, PP_MAX_DEFAULT - 16);
	assert_int_equal(pp_parse(bytes, len, &both, &h), PP_MAX_DEFAULT);
	v2(bytes, 0x21, 0x11, body, PP_MAX_DEFAULT - 16 + 1);
	bad_with(&both, bytes, 20, PP_TOO_LONG, 14, 16);
	v2(bytes, 0x20, 0x00, body, PP_MAX_DEFAULT - 16 + 1);
	bad_with(&both, bytes, 20, PP_TOO_LONG, 14, 16);

	body[13] = (uint8_t)((65535 - 15) >> 8);
	body[14] = (uint8_t)(65535 - 15);
	len = v2(bytes, 0x21, 0x11, body, 65535);
	assert_int_equal(pp_parse(bytes, len - 1, &all, &h), 0);
	assert_int_equal(pp_parse(bytes, len, &all, &h), PP_MAX);
	assert_true(h.has_addr);
}

/* What stands behind the addresses is wrong at this offset from its own start; the claim is reported. */
static void bad_tlvs(const void *tlvs, size_t tlvs_len, enum pp_reason reason, size_t offset)
{
	uint8_t body[1024], bytes[1100];

	memcpy(body, V4, 12);
	memcpy(body + 12, tlvs, tlvs_len);
	size_t len = v2(bytes, 0x21, 0x11, body, 12 + tlvs_len);
	struct pp_header h = bad_with(&both, bytes, len, reason, 28 + offset, len);
	assert_true(h.claimed);
	is_addr(&h.src, "10.1.2.3:12345");
	assert_int_equal(h.tlvs.len, 0);
}

static void good_tlvs(const void *tlvs, size_t tlvs_len)
{
	uint8_t body[1024], bytes[1100];

	memcpy(body, V4, 12);
	memcpy(body + 12, tlvs, tlvs_len);
	size_t len = v2(bytes, 0x21, 0x11, body, 12 + tlvs_len);
	assert_int_equal(good(bytes, len).tlvs.len, tlvs_len);
}

static void v2_tlvs(void **state)
{
	char id[3 + 129] = "\x05\x00\x81";

	(void)state;
	bad_tlvs(BYTES("\x02"), PP_TLV_LEFTOVER, 0);
	bad_tlvs(BYTES("\x02\x00"), PP_TLV_LEFTOVER, 0);
	bad_tlvs(BYTES("\x02\x00\x01x\x00"), PP_TLV_LEFTOVER, 4);
	bad_tlvs(BYTES("\x02\x00\x01"), PP_TLV_OVERRUN, 0);
	bad_tlvs(BYTES("\x02\x00\x01x\xe0\x00\x02y"), PP_TLV_OVERRUN, 4);
	bad_tlvs(BYTES("\x02\xff\xffx"), PP_TLV_OVERRUN, 0);
	good_tlvs(BYTES("\x02\x00\x01x\x02\x00\x01y\x02\x00\x01x"));
	good_tlvs(BYTES("\x00\x00\x00\xfe\x00\x00\x99\x00\x01\x00"));

	bad_tlvs(id, sizeof(id), PP_UNIQUE_ID, 0);
	id[2] = '\x80';
	good_tlvs(id, sizeof(id) - 1);
	good_tlvs(BYTES("\x05\x00\x00"));

	bad_tlvs(BYTES("\x20\x00\x00"), PP_SSL, 0);
	bad_tlvs(BYTES("\x20\x00\x04\x01\0\0\0"), PP_SSL, 0);
	bad_tlvs(BYTES("\x20\x00\x06\x01\0\0\0\0\x21"), PP_SSL, 0);
	bad_tlvs(BYTES("\x02\x00\x00\x20\x00\x08\x01\0\0\0\0\x21\x00\x01"), PP_SSL, 3);
	/* The sub-TLV's value would lie in the next TLV. */
	bad_tlvs(BYTES("\x20\x00\x08\x01\0\0\0\0\x21\x00\x03\x02\x00\x00"), PP_SSL, 0);
	good_tlvs(BYTES("\x20\x00\x05\x01\0\0\0\0"));
	good_tlvs(BYTES("\x20\x00\x0f\x01\0\0\0\0\x21\x00\x07TLSv1.3"));
}

static void v2_checksum(void **state)
{
	/* As haproxy 2.6 sent it with proxy-v2-options crc32c,unique-id. */
	uint8_t sent[] = SIG "\x21\x11\x00\x19\x7f\x00\x00\x01\x7f\x00\x00\x01\x8d\x44\xab\x2c\x03\x00\x04\xe8\xf2\x6e\x30"
			     "\x05\x00\x03"
			     "abc";
	size_t len = sizeof(sent) - 1;
	struct pp_header h = good(sent, len);

	(void)state;
	has(&h, "127.0.0.1:36164", "127.0.0.1:43820");
	/* A flipped bit anywhere behind the lengths is seen. */
	for (size_t at = 16; at < len; at++) {
		if (at >= 28 && at < 31) /* the checksum's own type and length */
			continue;
		if (at == 35 || at == 36 || at == 37) /* another type or length of the unique id */
			continue;
		sent[at] ^= 0x10;
		h = bad_with(&both, sent, len, PP_CRC, 31, len);
		assert_true(h.claimed);
		sent[at] ^= 0x10;
	}
	bad_tlvs(BYTES("\x03\x00\x03"
		       "abc"),
		PP_CRC_LENGTH, 0);
	bad_tlvs(BYTES("\x03\x00\x05"
		       "abcde"),
		PP_CRC_LENGTH, 0);
	bad_tlvs(BYTES("\x03\x00\x00"), PP_CRC_LENGTH, 0);
	bad_tlvs(BYTES("\x03\x00\x04"
		       "abcd\x03\x00\x04"
		       "abcd"),
		PP_CRC_TWICE, 7);
	bad_tlvs(BYTES("\x04\x00\x00\x03\x00\x04\0\0\0\0"), PP_CRC, 6);
}

static void names_are_whole(void **state)
{
	(void)state;
	for (int a = 0; a < PP_REASON_COUNT; a++) {
		assert_true(strlen(pp_reason_name((enum pp_reason)a)) > 1);
		assert_true(strlen(pp_reason_text((enum pp_reason)a)) > 5);
		for (int b = 0; b < a; b++)
			assert_string_not_equal(
				pp_reason_name((enum pp_reason)a), pp_reason_name((enum pp_reason)b));
	}
	assert_string_equal(pp_reason_name(PP_REASON_COUNT), "?");
	assert_string_equal(pp_reason_text((enum pp_reason)-1), "?");
}

int pp_parse_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_bytes),
		cmocka_unit_test(versions),
		cmocka_unit_test(v1_right),
		cmocka_unit_test(v1_unknown),
		cmocka_unit_test(v1_wrong),
		cmocka_unit_test(v1_reports_the_claim),
		cmocka_unit_test(v1_below_a_small_limit),
		cmocka_unit_test(v2_right),
		cmocka_unit_test(v2_local),
		cmocka_unit_test(v2_fixed_bytes),
		cmocka_unit_test(v2_unusable_families),
		cmocka_unit_test(v2_lengths),
		cmocka_unit_test(v2_too_long),
		cmocka_unit_test(v2_tlvs),
		cmocka_unit_test(v2_checksum),
		cmocka_unit_test(names_are_whole),
	};

	return cmocka_run_group_tests_name("wire/pp_parse", tests, NULL, NULL);
}
