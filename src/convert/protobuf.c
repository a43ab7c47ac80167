/* SPDX-License-Identifier: Apache-2.0
 *
 * protobuf(<field>[,<type>]), ungrpc(<field>[,<type>]): a field of a Protocol Buffers message, which has no names, only numbers:
 * "48.59.1" is field 1 in field 59 in field 48. Any thread.
 */
#include <math.h>

#include "base/assert.h"
#include "rule/boot.h"
#include "rule/fetch.h"
#include "wire/protobuf.h"

static struct value of_int32(uint64_t n) { return value_int((int32_t)n); }
static struct value of_uint32(uint64_t n) { return value_int((uint32_t)n); }
static struct value of_int64(uint64_t n) { return value_int((int64_t)n); }
static struct value of_bool(uint64_t n) { return value_bool(n != 0); }
/* The sign stands in the lowest bit. */
static struct value of_sint32(uint64_t n) { return value_int((int32_t)((uint32_t)n >> 1 ^ -((uint32_t)n & 1))); }
static struct value of_sint64(uint64_t n) { return value_int((int64_t)(n >> 1 ^ -(n & 1))); }

/* Toward 0; what is too large, or no number, has no integer. */
static struct value of_real(double d)
{
	return isnan(d) || d >= 0x1p63 || d < -0x1p63 ? (struct value){ .type = VALUE_ANY } : value_int((int64_t)d);
}

static struct value of_double(uint64_t n)
{
	double d;

	memcpy(&d, &n, sizeof(d));
	return of_real(d);
}

static struct value of_float(uint64_t n)
{
	uint32_t bits = (uint32_t)n;
	float f;

	memcpy(&f, &bits, sizeof(f));
	return of_real((double)f);
}

static const struct type {
	const char *name;
	enum protobuf_wire wire;
	struct value (*value)(uint64_t n);
} types[] = {
	{ "int32", PROTOBUF_VARINT, of_int32 }, { "int64", PROTOBUF_VARINT, of_int64 }, { "uint32", PROTOBUF_VARINT, of_uint32 },
	{ "uint64", PROTOBUF_VARINT, of_int64 }, { "sint32", PROTOBUF_VARINT, of_sint32 }, { "sint64", PROTOBUF_VARINT, of_sint64 },
	{ "bool", PROTOBUF_VARINT, of_bool }, { "enum", PROTOBUF_VARINT, of_int32 },
	{ "fixed64", PROTOBUF_64BIT, of_int64 }, { "sfixed64", PROTOBUF_64BIT, of_int64 }, { "double", PROTOBUF_64BIT, of_double },
	{ "fixed32", PROTOBUF_32BIT, of_uint32 }, { "sfixed32", PROTOBUF_32BIT, of_int32 }, { "float", PROTOBUF_32BIT, of_float },
};

struct wish {
	uint32_t path[PROTOBUF_DEPTH_MAX];
	unsigned depth;
	const struct type *type; /* NULL: the bytes */
};

static bool take_path(struct slice text, struct wish *w, struct strbuf *err)
{
	struct slice rest = text;
	uint64_t n;

	for (;;) {
		ptrdiff_t dot = slice_find_byte(rest, '.');
		if (w->depth == PROTOBUF_DEPTH_MAX || !slice_to_u64(dot < 0 ? rest : slice_make(rest.ptr, (size_t)dot), &n) || n == 0 ||
		    n > PROTOBUF_NUMBER_MAX)
			break;
		w->path[w->depth++] = (uint32_t)n;
		if (dot < 0)
			return true;
		rest = slice_from(rest, (size_t)dot + 1);
	}
	strbuf_addf(err, "'%.*s' is no field: expected up to %d numbers from 1 to %d with dots between them", SLICE_FMT(text),
		PROTOBUF_DEPTH_MAX, PROTOBUF_NUMBER_MAX);
	return false;
}

static bool take_type(struct slice name, struct wish *w, struct strbuf *err)
{
	for (size_t i = 0; i < COUNT_OF(types) && !w->type; i++)
		if (slice_is(name, types[i].name))
			w->type = &types[i];
	if (w->type)
		return true;
	strbuf_addf(err, "'%.*s' is no type; strings, bytes and messages need none, the others are", SLICE_FMT(name));
	for (size_t i = 0; i < COUNT_OF(types); i++)
		strbuf_addf(err, "%s %s", i ? "," : "", types[i].name);
	return false;
}

static bool check(struct args *a, struct strbuf *err)
{
	struct wish *w = boot_alloc(sizeof(*w));

	*w = (struct wish){ 0 };
	a->priv = w;
	return take_path(a->v[0].str, w, err) && (a->v[1].type == ARG_NONE || take_type(a->v[1].str, w, err));
}

static bool extract(const struct wish *w, struct slice message, struct value *v)
{
	struct protobuf_field f;

	if (!protobuf_find(message, w->path, w->depth, &f) || (w->type && w->type->wire != f.wire))
		return false;
	*v = w->type ? w->type->value(f.num) : value_bin(f.value);
	return v->type != VALUE_ANY;
}

static bool protobuf_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)ev;
	return extract(a->priv, v->bytes, v);
}
CONVERTER(protobuf) = { .keyword = "protobuf", .usage = "protobuf(<field>[,<type>])", .args = "s;s", .in = VALUE_BIN, .out = VALUE_ANY,
	.check = check, .convert = protobuf_convert };

/* The first message that has the field. What is compressed cannot be looked into. */
static bool ungrpc_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice rest = v->bytes, message;
	bool packed;

	(void)ev;
	while (grpc_next(&rest, &message, &packed))
		if (!packed && extract(a->priv, message, v))
			return true;
	return false;
}
CONVERTER(ungrpc) = { .keyword = "ungrpc", .usage = "ungrpc(<field>[,<type>])", .args = "s;s", .in = VALUE_BIN, .out = VALUE_ANY,
	.check = check, .convert = ungrpc_convert };
