/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing PROXY protocol headers. The composing, which TLVs and whose addresses, is the
 * caller's; here are only the forms. What does not fit is not written half. One thread
 * per struct pp_build.
 */
#include <arpa/inet.h>
#include "base/assert.h"
#include "base/crc32c.h"
#include "wire/pp.h"

static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";

/* How a pair of addresses is written: one family for both. */
static enum pp_family pair_family(const struct addr *src, const struct addr *dst)
{
	if (!src || !dst || !addr_is_inet(src) || !addr_is_inet(dst))
		return PP_UNSPEC;
	return src->family == AF_INET && dst->family == AF_INET ? PP_INET : PP_INET6;
}

/* The 16 bytes of a as IPv6, mapped when it is IPv4. */
static void as_inet6(const struct addr *a, uint8_t out[16])
{
	if (a->family == AF_INET6) {
		memcpy(out, a->ip, 16);
		return;
	}
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	memcpy(out + 12, a->ip, 4);
}

static void add_ip(struct strbuf *line, const struct addr *a, enum pp_family family)
{
	struct addr six = { .family = AF_INET6 };

	if (family == PP_INET6) {
		as_inet6(a, six.ip);
		a = &six;
	}
	strbuf_add_byte(line, ' ');
	strbuf_add_ip(line, a);
}

static void add_port(struct strbuf *line, const struct addr *a)
{
	strbuf_add_byte(line, ' ');
	strbuf_add_u64(line, a->port);
}

size_t pp_build_v1(void *buf, size_t cap, const struct addr *src, const struct addr *dst)
{
	enum pp_family family = pair_family(src, dst);
	char text[PP_V1_MAX + 1];
	struct strbuf line;

	strbuf_init_fixed(&line, text, sizeof(text));
	if (family == PP_UNSPEC) {
		strbuf_add_str(&line, "PROXY UNKNOWN");
	} else {
		strbuf_add_str(&line, family == PP_INET ? "PROXY TCP4" : "PROXY TCP6");
		add_ip(&line, src, family);
		add_ip(&line, dst, family);
		add_port(&line, src);
		add_port(&line, dst);
	}
	strbuf_add_str(&line, "\r\n");
	ASSERT(!line.truncated);
	if (line.len > cap)
		return 0;
	memcpy(buf, text, line.len);
	return line.len;
}

/* n bytes at the end, or NULL once something did not fit. */
static uint8_t *extend(struct pp_build *b, size_t n)
{
	if (b->failed || n > b->cap - b->len || b->len + n > PP_MAX) {
		b->failed = true;
		return NULL;
	}
	uint8_t *at = b->buf + b->len;
	b->len += n;
	return at;
}

static uint8_t *put_u16(uint8_t *at, unsigned n)
{
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
	return at + 2;
}

void pp_build_begin(struct pp_build *b, void *buf, size_t cap, enum pp_command command, const struct addr *src,
	const struct addr *dst)
{
	enum pp_family family = command == PP_PROXY ? pair_family(src, dst) : PP_UNSPEC;
	size_t ip_len = family == PP_INET ? 4 : 16;

	*b = (struct pp_build){ .buf = buf, .cap = cap };
	uint8_t *at = extend(b, PP_V2_FIXED);
	if (!at)
		return;
	memcpy(at, signature, sizeof(signature));
	at[12] = 0x20 | (family == PP_UNSPEC ? PP_LOCAL : PP_PROXY);
	at[13] = family == PP_UNSPEC ? 0 : (uint8_t)(family << 4 | PP_STREAM);
	if (family == PP_UNSPEC || !(at = extend(b, 2 * ip_len + 4)))
		return;
	if (family == PP_INET) {
		memcpy(at, src->ip, 4);
		memcpy(at + 4, dst->ip, 4);
	} else {
		as_inet6(src, at);
		as_inet6(dst, at + 16);
	}
	put_u16(put_u16(at + 2 * ip_len, src->port), dst->port);
}

/* A TLV's head and room for its value. */
static uint8_t *add_tlv(struct pp_build *b, uint8_t type, size_t value_len)
{
	if (value_len > UINT16_MAX) {
		b->failed = true;
		return NULL;
	}
	uint8_t *at = extend(b, PP_TLV_HEAD + value_len);
	if (!at)
		return NULL;
	at[0] = type;
	return put_u16(at + 1, (unsigned)value_len);
}

void pp_build_tlv(struct pp_build *b, uint8_t type, struct slice value)
{
	if (type == PP_TYPE_CRC32C)
		return;
	uint8_t *at = add_tlv(b, type, value.len);
	if (at && value.len)
		memcpy(at, value.ptr, value.len);
}

void pp_build_ssl(struct pp_build *b, uint8_t client, uint32_t verify, const struct pp_tlv *subs, size_t n)
{
	size_t head_at = b->len;
	uint8_t *at = add_tlv(b, PP_TYPE_SSL, 5);

	if (!at)
		return;
	at[0] = client;
	put_u16(put_u16(at + 1, verify >> 16), verify & 0xffff);
	for (size_t i = 0; i < n; i++) {
		at = add_tlv(b, subs[i].type, subs[i].value.len);
		if (!at)
			return;
		if (subs[i].value.len)
			memcpy(at, subs[i].value.ptr, subs[i].value.len);
	}
	put_u16(b->buf + head_at + 1, (unsigned)(b->len - head_at - PP_TLV_HEAD));
}

void pp_build_crc32c(struct pp_build *b)
{
	if (b->crc_at)
		return;
	uint8_t *at = add_tlv(b, PP_TYPE_CRC32C, 4);
	if (!at)
		return;
	memset(at, 0, 4);
	b->crc_at = (size_t)(at - b->buf);
}

size_t pp_build_end(struct pp_build *b)
{
	if (b->failed)
		return 0;
	put_u16(b->buf + 14, (unsigned)(b->len - PP_V2_FIXED));
	if (b->crc_at) {
		uint32_t crc = crc32c(0, b->buf, b->len);
		put_u16(put_u16(b->buf + b->crc_at, crc >> 16), crc & 0xffff);
	}
	return b->len;
}
