/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of the PROXY codec. The input is what a peer sends. Asserted beyond "no bad memory":
 * never more consumed than given, a verdict that no cut of the bytes can change, TLVs that tile their
 * area, and that what was understood, written anew, is understood the same.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "wire/pp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_verdict(ssize_t got, const void *bytes, size_t len, const struct pp_limits *limits,
	const struct pp_header *h)
{
	struct slice rest = h->tlvs, value;
	struct pp_tlv tlv;
	struct pp_ssl ssl;

	ASSERT(h->version <= 2 && (unsigned)h->reason < PP_REASON_COUNT);
	if (got <= 0) {
		ASSERT((got == 0) == (h->reason == PP_OK) && !h->has_addr && h->len == 0 && h->tlvs.len == 0);
		ASSERT(got == 0 || h->offset < len);
		return;
	}
	ASSERT(h->len == (size_t)got && h->len <= len && h->len <= limits->max_len && h->reason == PP_OK);
	ASSERT(!h->has_addr || (h->claimed && addr_is_inet(&h->src) && addr_is_inet(&h->dst)));
	ASSERT(h->command == PP_PROXY || (!h->has_addr && rest.len == 0));
	ASSERT(rest.len == 0 || rest.ptr + rest.len == (const char *)bytes + got);
	while (pp_tlv_next(&rest, &tlv)) {
		ASSERT(pp_tlv_find(h->tlvs, tlv.type, 0, &value));
		if (tlv.type == PP_TYPE_SSL)
			ASSERT(pp_ssl_decode(tlv.value, &ssl));
	}
	ASSERT(rest.len == 0);
}

/* A copy of just these bytes, for the sanitizer to see a read past the cut. */
static ssize_t parse_cut(const uint8_t *data, size_t len, const struct pp_limits *limits, struct pp_header *h)
{
	uint8_t *copy = malloc(len ? len : 1);

	ASSERT(copy);
	if (len)
		memcpy(copy, data, len);
	ssize_t got = pp_parse(copy, len, limits, h);
	check_verdict(got, copy, len, limits, h);
	free(copy);
	return got;
}

static void check_cuts(const uint8_t *data, size_t size, const struct pp_limits *limits)
{
	struct pp_header whole, h;
	ssize_t verdict = parse_cut(data, size, limits, &whole);
	bool settled = false;

	for (size_t len = 0; len < size; len++) {
		/* Long headers: their beginning and their end. */
		if (len == 300 && size > 600)
			len = size - 300;
		ssize_t got = parse_cut(data, len, limits, &h);
		ASSERT(got == (settled ? verdict : got == 0 ? 0 : verdict));
		settled = got != 0;
		ASSERT(verdict <= 0 || settled == (len >= (size_t)verdict));
		if (got < 0)
			ASSERT(h.reason == whole.reason && h.offset == whole.offset);
	}
}

static void check_rebuilt(const uint8_t *data, size_t size, const struct pp_limits *limits)
{
	static uint8_t buf[PP_MAX];
	struct pp_header h, again;
	struct pp_build b;
	struct pp_tlv tlv, same;

	if (pp_parse(data, size, limits, &h) <= 0 || !h.has_addr)
		return;
	size_t len = pp_build_v1(buf, PP_V1_MAX, &h.src, &h.dst);
	ASSERT(len > 0 && pp_parse(buf, len, limits, &again) == (ssize_t)len && again.has_addr);
	ASSERT(addr_same(&h.src, &again.src) && addr_same(&h.dst, &again.dst));

	struct slice rest = h.tlvs;
	pp_build_begin(&b, buf, h.version == 1 ? sizeof(buf) : h.len, PP_PROXY, &h.src, &h.dst);
	while (pp_tlv_next(&rest, &tlv)) {
		if (tlv.type == PP_TYPE_CRC32C)
			pp_build_crc32c(&b);
		else
			pp_build_tlv(&b, tlv.type, tlv.value);
	}
	len = pp_build_end(&b);
	ASSERT(len > 0 && pp_parse(buf, len, limits, &again) == (ssize_t)len && again.has_addr);
	ASSERT(addr_same(&h.src, &again.src) && addr_same(&h.dst, &again.dst) && h.tlvs.len == again.tlvs.len);
	struct slice rest_again = again.tlvs;
	for (rest = h.tlvs; pp_tlv_next(&rest, &tlv);) {
		ASSERT(pp_tlv_next(&rest_again, &same) && same.type == tlv.type);
		ASSERT(tlv.type == PP_TYPE_CRC32C || slice_eq(same.value, tlv.value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pp_limits limits[] = {
		{ PP_V1 | PP_V2, PP_MAX_DEFAULT },
		{ PP_V1 | PP_V2, PP_MAX },
		{ PP_V1 | PP_V2, 60 },
		{ PP_V1, PP_MAX_DEFAULT },
		{ PP_V2, PP_MAX_DEFAULT },
	};

	for (size_t i = 0; i < COUNT_OF(limits); i++)
		check_cuts(data, size, &limits[i]);
	check_rebuilt(data, size, &limits[1]);
	return 0;
}
