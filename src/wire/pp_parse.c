/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading PROXY protocol headers. Both versions are read from left to right and stop at the first
 * byte that cannot be right, so a cut never changes the verdict: a prefix of a wrong header
 * either needs more or is wrong in the same way at the same place. Nothing is kept between
 * calls; the caller comes again with more bytes. No state: any thread.
 */
#include "base/crc32c.h"
#include "wire/pp.h"

static const uint8_t v1_signature[6] = "PROXY ";
static const uint8_t v2_signature[12] = "\r\n\r\n\0\r\nQUIT\n";

static ssize_t bad(struct pp_header *h, enum pp_reason reason, size_t offset)
{
	h->reason = reason;
	h->offset = offset;
	h->has_addr = false;
	h->tlvs = (struct slice){ NULL, 0 };
	h->len = 0;
	return -1;
}

/* ---- version 1 ---- */

/* A line being read: everything before `at` is right so far. */
struct line {
	const uint8_t *bytes; /* borrows */
	size_t len;           /* bytes there are */
	size_t at;
	size_t limit;         /* the line with its CRLF is at most this long */
	enum pp_reason over;  /* what it is when it is longer */
};

enum step { STEP_DONE, STEP_MORE, STEP_BAD };

static enum step wrong(struct pp_header *h, enum pp_reason reason, size_t offset)
{
	bad(h, reason, offset);
	return STEP_BAD;
}

/* The byte at l->at. The last one the limit admits can only be the line's LF, the one before it its CR. */
static enum step peek(const struct line *l, struct pp_header *h, uint8_t *c)
{
	if (l->at >= l->len)
		return STEP_MORE;
	*c = l->bytes[l->at];
	if (l->at + 1 >= l->limit && *c != '\n')
		return wrong(h, l->over, l->at);
	return STEP_DONE;
}

/* The CRLF, with l->at on the CR. */
static enum step take_crlf(struct line *l, struct pp_header *h)
{
	uint8_t c;

	l->at++;
	enum step step = peek(l, h, &c);
	if (step != STEP_DONE)
		return step;
	if (c != '\n')
		return wrong(h, PP_V1_LINE_END, l->at);
	l->at++;
	return STEP_DONE;
}

/* Reads the bytes of `set` up to the space behind them, or to the CR when it is the last field. Leaves l->at on
 * that byte. A byte outside the set, or one more than max, is `what`. */
static enum step take_field(struct line *l, struct pp_header *h, const char *set, size_t max, bool last,
	enum pp_reason what, struct slice *out)
{
	size_t from = l->at;

	for (;; l->at++) {
		uint8_t c = 0;
		enum step step = peek(l, h, &c);
		if (step != STEP_DONE)
			return step;
		if (c == (last ? '\r' : ' '))
			break;
		if (c == '\n')
			return wrong(h, PP_V1_LINE_END, l->at);
		if (c == '\r' || (c == ' ' && l->at > from))
			return wrong(h, PP_V1_FIELDS, l->at);
		if (c == ' ')
			return wrong(h, PP_V1_SPACE, l->at);
		if (c == '\0' || !strchr(set, c) || l->at - from >= max)
			return wrong(h, what, l->at);
	}
	if (l->at == from)
		return wrong(h, last ? what : PP_V1_SPACE, l->at);
	*out = slice_make(l->bytes + from, l->at - from);
	return STEP_DONE;
}

/* The family word: the longest beginning of one of the three, byte by byte. */
static enum step take_family(struct line *l, struct pp_header *h)
{
	static const char words[3][8] = { "TCP4", "TCP6", "UNKNOWN" };
	static const enum pp_family families[3] = { PP_INET, PP_INET6, PP_UNSPEC };
	size_t from = l->at;

	for (;; l->at++) {
		uint8_t c = 0;
		enum step step = peek(l, h, &c);
		if (step != STEP_DONE)
			return step;
		size_t n = l->at - from;
		bool fits = false;
		for (size_t i = 0; i < 3; i++) {
			if (memcmp(l->bytes + from, words[i], n) != 0)
				continue;
			if (words[i][n] == '\0' && (c == ' ' || (c == '\r' && families[i] == PP_UNSPEC))) {
				h->family = families[i];
				return STEP_DONE;
			}
			fits = fits || (c != '\0' && words[i][n] == (char)c);
		}
		if (!fits && c == '\n')
			return wrong(h, PP_V1_LINE_END, l->at);
		if (!fits && c == '\r')
			return wrong(h, PP_V1_FIELDS, l->at);
		if (!fits)
			return wrong(h, n == 0 && c == ' ' ? PP_V1_SPACE : PP_V1_FAMILY, l->at);
	}
}

static enum step take_address(struct line *l, struct pp_header *h, struct addr *out)
{
	bool four = h->family == PP_INET;
	size_t from = ++l->at; /* behind the space */
	struct slice text;
	enum step step = take_field(
		l, h, four ? "0123456789." : "0123456789abcdefABCDEF:.", four ? 15 : 45, false, PP_V1_ADDRESS, &text);

	if (step != STEP_DONE)
		return step;
	/* The colon tells the families apart: a mapped address comes back as IPv4, and still belongs in a TCP6 line. */
	if ((slice_find_byte(text, ':') < 0) != four || !addr_parse_ip(text, out))
		return wrong(h, PP_V1_ADDRESS, from);
	return STEP_DONE;
}

static enum step take_port(struct line *l, struct pp_header *h, bool last, uint16_t *out)
{
	size_t from = ++l->at;
	struct slice text;
	uint64_t n;
	enum step step = take_field(l, h, "0123456789", 5, last, PP_V1_PORT, &text);

	if (step != STEP_DONE)
		return step;
	if (!slice_to_u64(text, &n) || n > UINT16_MAX || (text.len > 1 && text.ptr[0] == '0'))
		return wrong(h, PP_V1_PORT, from);
	*out = (uint16_t)n;
	return STEP_DONE;
}

/* UNKNOWN: anything up to the CRLF; a lone CR or LF is part of it. */
static enum step skip_tail(struct line *l, struct pp_header *h)
{
	uint8_t c, before = 0;

	if (l->bytes[l->at] == '\r')
		return take_crlf(l, h);
	for (;; l->at++) {
		enum step step = peek(l, h, &c);
		if (step != STEP_DONE)
			return step;
		if (l->at + 1 >= l->limit && before != '\r')
			return wrong(h, l->over, l->at);
		if (c == '\n' && before == '\r')
			break;
		before = c;
	}
	l->at++;
	return STEP_DONE;
}

static enum step read_line(struct line *l, struct pp_header *h)
{
	static const size_t longest[] = { [PP_UNSPEC] = PP_V1_MAX, [PP_INET] = 56, [PP_INET6] = 104 };
	enum step step = take_family(l, h);

	if (step != STEP_DONE)
		return step;
	if (longest[h->family] < l->limit) {
		l->limit = longest[h->family];
		l->over = PP_V1_LINE_LONG;
	}
	if (h->family == PP_UNSPEC)
		return skip_tail(l, h);
	h->transport = PP_STREAM;
	if ((step = take_address(l, h, &h->src)) != STEP_DONE || (step = take_address(l, h, &h->dst)) != STEP_DONE)
		return step;
	h->claimed = true;
	if ((step = take_port(l, h, false, &h->src.port)) != STEP_DONE ||
		(step = take_port(l, h, true, &h->dst.port)) != STEP_DONE)
		return step;
	return take_crlf(l, h);
}

static ssize_t parse_v1(const uint8_t *bytes, size_t len, const struct pp_limits *limits, struct pp_header *h)
{
	struct line l = { .bytes = bytes, .len = len, .at = sizeof(v1_signature), .limit = PP_V1_MAX };

	l.over = PP_V1_LINE_LONG;
	if (limits->max_len < l.limit) {
		l.limit = limits->max_len;
		l.over = PP_TOO_LONG;
	}
	switch (read_line(&l, h)) {
	case STEP_MORE:
		return 0;
	case STEP_BAD:
		return -1;
	case STEP_DONE:
		break;
	}
	h->has_addr = h->claimed;
	h->len = l.at;
	return (ssize_t)l.at;
}

/* ---- version 2 ---- */

static const size_t block_len[] = { [PP_UNSPEC] = 0, [PP_INET] = 12, [PP_INET6] = 36, [PP_UNIX] = 216 };

static uint16_t get_u16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

/* What the fixed bytes alone can tell, each as soon as it is there. */
static ssize_t judge_fixed(const uint8_t *bytes, size_t len, size_t max_len, struct pp_header *h)
{
	if (len > 12) {
		if (bytes[12] >> 4 != 2)
			return bad(h, PP_V2_VERSION, 12);
		if ((bytes[12] & 15) > PP_PROXY)
			return bad(h, PP_V2_COMMAND, 12);
		h->command = (enum pp_command)(bytes[12] & 15);
	}
	if (len > 13 && h->command == PP_PROXY) {
		if (bytes[13] >> 4 > PP_UNIX)
			return bad(h, PP_V2_FAMILY, 13);
		if ((bytes[13] & 15) > PP_DGRAM)
			return bad(h, PP_V2_TRANSPORT, 13);
		h->family = (enum pp_family)(bytes[13] >> 4);
		h->transport = (enum pp_transport)(bytes[13] & 15);
	}
	if (len < PP_V2_FIXED)
		return 0;
	size_t body_len = get_u16(bytes + 14);
	if (PP_V2_FIXED + body_len > max_len)
		return bad(h, PP_TOO_LONG, 14);
	if (h->command == PP_PROXY && body_len < block_len[h->family])
		return bad(h, PP_V2_ADDRESS_SHORT, 14);
	return (ssize_t)(PP_V2_FIXED + body_len);
}

static void read_addresses(const uint8_t *at, struct pp_header *h)
{
	size_t ip_len = h->family == PP_INET ? 4 : 16;

	if (h->family == PP_UNSPEC)
		return;
	h->claimed = true;
	if (h->family == PP_UNIX) {
		h->src.family = h->dst.family = AF_UNIX;
		return;
	}
	h->src.family = h->dst.family = h->family == PP_INET ? AF_INET : AF_INET6;
	memcpy(h->src.ip, at, ip_len);
	memcpy(h->dst.ip, at + ip_len, ip_len);
	h->src.port = get_u16(at + 2 * ip_len);
	h->dst.port = get_u16(at + 2 * ip_len + 2);
	addr_unmap(&h->src);
	addr_unmap(&h->dst);
}

/* The checksum over the header with the four bytes at crc_at taken as zero. */
static bool crc_matches(const uint8_t *bytes, size_t len, size_t crc_at)
{
	uint32_t crc = crc32c(0, bytes, crc_at);

	crc = crc32c(crc, (const uint8_t[4]){ 0 }, 4);
	crc = crc32c(crc, bytes + crc_at + 4, len - crc_at - 4);
	return crc == ((uint32_t)get_u16(bytes + crc_at) << 16 | get_u16(bytes + crc_at + 2));
}

/* Walks the TLVs from `at` to the header's end. */
static enum pp_reason judge_tlvs(const uint8_t *bytes, size_t at, size_t len, size_t *offset)
{
	struct slice rest = slice_make(bytes + at, len - at);
	size_t crc_at = 0;
	struct pp_ssl ssl;
	struct pp_tlv tlv;

	for (*offset = at; pp_tlv_next(&rest, &tlv); *offset = len - rest.len) {
		switch (tlv.type) {
		case PP_TYPE_CRC32C:
			if (tlv.value.len != 4)
				return PP_CRC_LENGTH;
			if (crc_at)
				return PP_CRC_TWICE;
			crc_at = *offset + PP_TLV_HEAD;
			break;
		case PP_TYPE_UNIQUE_ID:
			if (tlv.value.len > PP_UNIQUE_ID_MAX)
				return PP_UNIQUE_ID;
			break;
		case PP_TYPE_SSL:
			if (!pp_ssl_decode(tlv.value, &ssl))
				return PP_SSL;
			break;
		}
	}
	if (rest.len)
		return rest.len < PP_TLV_HEAD ? PP_TLV_LEFTOVER : PP_TLV_OVERRUN;
	*offset = crc_at;
	return crc_at && !crc_matches(bytes, len, crc_at) ? PP_CRC : PP_OK;
}

static ssize_t parse_v2(const uint8_t *bytes, size_t len, const struct pp_limits *limits, struct pp_header *h)
{
	ssize_t whole = judge_fixed(bytes, len, limits->max_len, h);
	size_t offset;

	if (whole <= 0 || len < (size_t)whole)
		return whole < 0 ? -1 : 0;
	h->len = (size_t)whole;
	if (h->command == PP_LOCAL)
		return whole;
	read_addresses(bytes + PP_V2_FIXED, h);
	size_t tlvs_at = PP_V2_FIXED + block_len[h->family];
	enum pp_reason reason = judge_tlvs(bytes, tlvs_at, h->len, &offset);
	if (h->family == PP_UNSPEC && (reason == PP_TLV_OVERRUN || reason == PP_TLV_LEFTOVER))
		return whole;
	if (reason != PP_OK)
		return bad(h, reason, offset);
	h->tlvs = slice_make(bytes + tlvs_at, h->len - tlvs_at);
	h->has_addr = (h->family == PP_INET || h->family == PP_INET6) && h->transport == PP_STREAM;
	return whole;
}

/* Up to n bytes are the signature's, or the place of the first that is not is in *offset. */
static bool is_prefix(const uint8_t *bytes, size_t len, const uint8_t *signature, size_t n, size_t *offset)
{
	for (*offset = 0; *offset < len && *offset < n; (*offset)++)
		if (bytes[*offset] != signature[*offset])
			return false;
	return true;
}

ssize_t pp_parse(const void *bytes, size_t len, const struct pp_limits *limits, struct pp_header *out)
{
	const uint8_t *at = bytes;
	size_t offset;

	*out = (struct pp_header){ .command = PP_PROXY };
	if (len == 0)
		return 0;
	bool one = at[0] == v1_signature[0];
	size_t signature_len = one ? sizeof(v1_signature) : sizeof(v2_signature);
	if (!is_prefix(at, len, one ? v1_signature : v2_signature, signature_len, &offset))
		return bad(out, PP_SIGNATURE, offset);
	if (len < signature_len)
		return 0;
	out->version = one ? 1 : 2;
	if (!(limits->versions & (one ? PP_V1 : PP_V2)))
		return bad(out, PP_VERSION_REFUSED, 0);
	return one ? parse_v1(at, len, limits, out) : parse_v2(at, len, limits, out);
}
