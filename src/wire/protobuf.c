/* SPDX-License-Identifier: Apache-2.0
 *
 * Protocol Buffers without a schema, and gRPC's frame around them; see protobuf.h. Pure: any thread.
 */
#include "wire/protobuf.h"

#define VARINT_LEN_MAX 10
#define GRPC_HEAD_LEN 5 /* whether it is compressed, and its length */

/* Seven bits a byte, the lowest first. */
static bool take_varint(struct slice *rest, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < rest->len && i < VARINT_LEN_MAX; i++) {
		uint8_t byte = (uint8_t)rest->ptr[i];
		if (i == VARINT_LEN_MAX - 1 && byte > 1)
			return false;
		*out |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*rest = slice_from(*rest, i + 1);
			return true;
		}
	}
	return false;
}

static bool take_bytes(struct slice *rest, uint64_t n, struct slice *out)
{
	if (n > rest->len)
		return false;
	*out = slice_make(rest->ptr, (size_t)n);
	*rest = slice_from(*rest, (size_t)n);
	return true;
}

static bool take_fixed(struct slice *rest, size_t n, struct protobuf_field *f)
{
	if (!take_bytes(rest, n, &f->value))
		return false;
	for (size_t i = n; i-- > 0;)
		f->num = f->num << 8 | (uint8_t)f->value.ptr[i];
	return true;
}

bool protobuf_next(struct slice *rest, struct protobuf_field *out)
{
	struct slice at = *rest;
	uint64_t key, len;
	bool whole;

	if (!take_varint(&at, &key) || key >> 3 > PROTOBUF_NUMBER_MAX || key >> 3 == 0)
		return false;
	*out = (struct protobuf_field){ .number = (uint32_t)(key >> 3), .wire = (enum protobuf_wire)(key & 7) };
	struct slice start = at;
	switch (key & 7) {
	case PROTOBUF_VARINT:
		whole = take_varint(&at, &out->num);
		out->value = slice_make(start.ptr, start.len - at.len);
		break;
	case PROTOBUF_64BIT:
		whole = take_fixed(&at, 8, out);
		break;
	case PROTOBUF_32BIT:
		whole = take_fixed(&at, 4, out);
		break;
	case PROTOBUF_BYTES:
		whole = take_varint(&at, &len) && take_bytes(&at, len, &out->value);
		break;
	default: /* groups, which nobody sends any more */
		whole = false;
	}
	if (whole)
		*rest = at;
	return whole;
}

/* A field may come several times, and what is looked for may stand in any of them: when a message ends, the one around it goes
 * on behind it. */
bool protobuf_find(struct slice message, const uint32_t *path, unsigned depth, struct protobuf_field *out)
{
	struct slice rest[PROTOBUF_DEPTH_MAX] = { message };
	unsigned level = 0;

	for (;;) {
		while (!protobuf_next(&rest[level], out))
			if (level-- == 0)
				return false;
		if (out->number != path[level])
			continue;
		if (level + 1 == depth)
			return true;
		if (out->wire == PROTOBUF_BYTES)
			rest[++level] = out->value;
	}
}

bool grpc_next(struct slice *rest, struct slice *message, bool *packed)
{
	uint32_t len = 0;

	if (rest->len < GRPC_HEAD_LEN)
		return false;
	*packed = rest->ptr[0] != 0;
	for (int i = 1; i < GRPC_HEAD_LEN; i++)
		len = len << 8 | (uint8_t)rest->ptr[i];
	struct slice at = slice_from(*rest, GRPC_HEAD_LEN);
	if (!take_bytes(&at, len, message))
		return false;
	*rest = at;
	return true;
}
