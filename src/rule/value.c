/* SPDX-License-Identifier: Apache-2.0
 *
 * Casts between value types and the text of a value. The matrix is the language's: what has no
 * entry is refused when the configuration is read, what fails for one value only (text that is
 * no address) makes that one expression have no value. Any thread; memory from the caller's arena.
 */
#include "rule/value.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#define TO(t) (1u << VALUE_##t)

static const unsigned cast_matrix[] = {
	[VALUE_BOOL] = TO(BOOL) | TO(INT) | TO(STR) | TO(BIN),
	[VALUE_INT] = TO(BOOL) | TO(INT) | TO(ADDR) | TO(STR) | TO(BIN),
	[VALUE_ADDR] = TO(INT) | TO(ADDR) | TO(STR) | TO(BIN),
	[VALUE_STR] = TO(BOOL) | TO(INT) | TO(ADDR) | TO(STR) | TO(BIN) | TO(METHOD),
	[VALUE_BIN] = TO(STR) | TO(BIN),
	[VALUE_METHOD] = TO(STR) | TO(BIN) | TO(METHOD),
};

bool value_can_cast(enum value_type from, enum value_type to)
{
	if (from <= VALUE_SAME || to <= VALUE_SAME)
		return true;
	return (cast_matrix[from] >> to & 1) != 0;
}

/* Digits as far as they go, clamped: "12abc" is 12 and "abc" is 0. */
static int64_t value_leading_int(struct slice s)
{
	bool minus = s.len && s.ptr[0] == '-';
	size_t i = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+');
	int64_t n = 0;

	for (; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_sub_overflow(n, s.ptr[i] - '0', &n))
			return minus ? INT64_MIN : INT64_MAX;
	}
	if (minus)
		return n;
	return n == INT64_MIN ? INT64_MAX : -n;
}

static struct slice value_copy(struct arena *arena, const void *bytes, size_t len)
{
	return arena_copy(arena, slice_make(bytes, len));
}

static bool value_text_of(const struct value *v, struct arena *arena, struct slice *out)
{
	char text[ADDR_TEXT_MAX];
	struct strbuf number;
	size_t len;

	switch (v->type) {
	case VALUE_BOOL:
		*out = v->num ? SLICE("1") : SLICE("0");
		return true;
	case VALUE_INT:
		strbuf_init_fixed(&number, text, sizeof(text));
		strbuf_add_i64(&number, v->num);
		len = number.len;
		break;
	case VALUE_ADDR:
		len = addr_format_ip(&v->addr, text);
		break;
	case VALUE_STR:
	case VALUE_BIN:
	case VALUE_METHOD:
		*out = v->bytes;
		return true;
	default:
		return false;
	}
	*out = value_copy(arena, text, len);
	return out->ptr != NULL;
}

static bool value_bytes_of(const struct value *v, struct arena *arena, struct slice *out)
{
	uint8_t be[8];

	if (v->type == VALUE_ADDR) {
		if (!addr_is_inet(&v->addr))
			return false;
		*out = value_copy(arena, v->addr.ip, v->addr.family == AF_INET ? 4 : 16);
		return out->ptr != NULL;
	}
	if (v->type != VALUE_BOOL && v->type != VALUE_INT) {
		*out = v->bytes;
		return true;
	}
	for (int i = 0; i < 8; i++)
		be[i] = (uint8_t)((uint64_t)v->num >> (56 - 8 * i));
	*out = value_copy(arena, be, sizeof(be));
	return out->ptr != NULL;
}

static bool value_int_of(const struct value *v, int64_t *out)
{
	const uint8_t *ip = v->addr.ip;

	if (v->type == VALUE_BOOL || v->type == VALUE_INT)
		*out = v->num;
	else if (v->type == VALUE_ADDR && v->addr.family == AF_INET)
		*out = (int64_t)((uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 | (uint32_t)ip[2] << 8 | ip[3]);
	else if (v->type == VALUE_STR)
		*out = value_leading_int(v->bytes);
	else
		return false;
	return true;
}

static bool value_addr_of(const struct value *v, struct addr *out)
{
	uint32_t be;

	if (v->type == VALUE_STR)
		return addr_parse_ip(v->bytes, out);
	if (v->type != VALUE_INT)
		return false;
	*out = (struct addr){ .family = AF_INET };
	be = htonl((uint32_t)v->num);
	memcpy(out->ip, &be, sizeof(be));
	return true;
}

bool value_cast(struct value *v, enum value_type to, struct arena *arena)
{
	struct value made = { .type = to };

	if (to <= VALUE_SAME || v->type == to)
		return true;
	if (!value_can_cast(v->type, to))
		return false;
	switch (to) {
	case VALUE_BOOL:
		if (!value_int_of(v, &made.num))
			return false;
		made.num = made.num != 0;
		break;
	case VALUE_INT:
		if (!value_int_of(v, &made.num))
			return false;
		break;
	case VALUE_ADDR:
		if (!value_addr_of(v, &made.addr))
			return false;
		break;
	case VALUE_BIN:
		if (!value_bytes_of(v, arena, &made.bytes))
			return false;
		break;
	default:
		if (!value_text_of(v, arena, &made.bytes))
			return false;
		break;
	}
	*v = made;
	return true;
}

bool value_text(const struct value *v, struct arena *arena, struct slice *out)
{
	return value_text_of(v, arena, out);
}

const char *value_type_name(enum value_type t)
{
	static const char *const names[] = {
		[VALUE_ANY] = "any", [VALUE_SAME] = "same", [VALUE_BOOL] = "boolean", [VALUE_INT] = "integer",
		[VALUE_ADDR] = "address", [VALUE_STR] = "string", [VALUE_BIN] = "binary", [VALUE_METHOD] = "method",
	};

	return names[t];
}
