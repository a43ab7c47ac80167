/* SPDX-License-Identifier: Apache-2.0
 *
 * The PROXY protocol's TLVs: walking them, their names, and what stands in the SSL one and in
 * those of the clouds. Every function bears any bytes; pp_parse has proved the bounds only
 * of what it gave out itself. No state: any thread.
 */
#include "base/hex.h"
#include "wire/pp.h"

static const char *const reason_names[] = {
#define X(id, name, text) name,
	PP_REASONS(X)
#undef X
};

static const char *const reason_texts[] = {
#define X(id, name, text) text,
	PP_REASONS(X)
#undef X
};

const char *pp_reason_name(enum pp_reason r) { return (unsigned)r < PP_REASON_COUNT ? reason_names[r] : "?"; }
const char *pp_reason_text(enum pp_reason r) { return (unsigned)r < PP_REASON_COUNT ? reason_texts[r] : "?"; }

const char *pp_type_name(uint8_t type)
{
	switch (type) {
#define X(name, number)                                                                            \
	case number:                                                                               \
		return #name;
		PP_TYPES(X)
#undef X
	}
	return NULL;
}

int pp_type_parse(struct slice s)
{
	uint64_t n;

#define X(name, number)                                                                            \
	if (slice_eq_nocase(s, SLICE(#name)))                                                      \
		return number;
	PP_TYPES(X)
#undef X
	if (slice_to_u64(s, &n))
		return n <= 255 ? (int)n : -1;
	if (s.len < 3 || s.len > 4 || s.ptr[0] != '0' || (s.ptr[1] | 0x20) != 'x')
		return -1;
	int hi = s.len == 4 ? hex_digit(s.ptr[2]) : 0, lo = hex_digit(s.ptr[s.len - 1]);
	return hi < 0 || lo < 0 ? -1 : hi << 4 | lo;
}

bool pp_tlv_next(struct slice *rest, struct pp_tlv *out)
{
	const uint8_t *at = (const uint8_t *)rest->ptr;

	if (rest->len < PP_TLV_HEAD)
		return false;
	size_t value_len = (size_t)(at[1] << 8 | at[2]);
	if (value_len > rest->len - PP_TLV_HEAD)
		return false;
	out->type = at[0];
	out->value = slice_make(at + PP_TLV_HEAD, value_len);
	*rest = slice_from(*rest, PP_TLV_HEAD + value_len);
	return true;
}

bool pp_tlv_find(struct slice tlvs, uint8_t type, unsigned nth, struct slice *value)
{
	struct pp_tlv tlv;

	while (pp_tlv_next(&tlvs, &tlv)) {
		if (tlv.type == type && nth-- == 0) {
			*value = tlv.value;
			return true;
		}
	}
	return false;
}

bool pp_ssl_decode(struct slice value, struct pp_ssl *out)
{
	const uint8_t *at = (const uint8_t *)value.ptr;
	struct pp_tlv sub;

	if (value.len < 5)
		return false;
	out->client = at[0];
	out->verify = (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | at[4];
	out->subs = slice_from(value, 5);
	struct slice rest = out->subs;
	while (pp_tlv_next(&rest, &sub))
		;
	return rest.len == 0;
}

/* On plain connections some senders write verify 0, hence the look at the bits first. */
bool pp_ssl_verified(const struct pp_ssl *ssl)
{
	return (ssl->client & PP_CLIENT_SSL) && (ssl->client & (PP_CLIENT_CERT_CONN | PP_CLIENT_CERT_SESS)) &&
	       ssl->verify == 0;
}

bool pp_aws_vpce(struct slice value, struct slice *endpoint_id)
{
	if (value.len < 2 || value.ptr[0] != 0x01)
		return false;
	*endpoint_id = slice_from(value, 1);
	return true;
}

bool pp_azure_linkid(struct slice value, uint32_t *link_id)
{
	const uint8_t *at = (const uint8_t *)value.ptr;

	if (value.len != 5 || at[0] != 0x01)
		return false;
	*link_id = (uint32_t)at[4] << 24 | (uint32_t)at[3] << 16 | (uint32_t)at[2] << 8 | at[1];
	return true;
}

bool pp_gcp_psc(struct slice value, uint64_t *connection_id)
{
	uint64_t n = 0;

	if (value.len != 8)
		return false;
	for (size_t i = 0; i < 8; i++)
		n = n << 8 | (uint8_t)value.ptr[i];
	*connection_id = n;
	return true;
}
