/* SPDX-License-Identifier: Apache-2.0
 *
 * Protocol Buffers: every kind of field, cut anywhere; paths into messages, also into the second of two; frames of gRPC.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/protobuf.h"

int protobuf_test(void);

static bool find(struct slice message, struct protobuf_field *f, unsigned depth, uint32_t a, uint32_t b, uint32_t c)
{
	const uint32_t path[] = { a, b, c };

	return protobuf_find(message, path, depth, f);
}

static void kinds_of_fields(void **state)
{
	struct slice rest = SLICE("\x08\x96\x01" "\x11\x01\0\0\0\0\0\0\x80" "\x1d\x02\0\0\x40" "\xa2\x1f\x03" "abc" "\x2a\0");
	struct protobuf_field f;

	(void)state;
	assert_true(protobuf_next(&rest, &f));
	assert_true(f.number == 1 && f.wire == PROTOBUF_VARINT && f.num == 150 && slice_is(f.value, "\x96\x01"));
	assert_true(protobuf_next(&rest, &f));
	assert_true(f.number == 2 && f.wire == PROTOBUF_64BIT && f.num == 0x8000000000000001 && f.value.len == 8);
	assert_true(protobuf_next(&rest, &f));
	assert_true(f.number == 3 && f.wire == PROTOBUF_32BIT && f.num == 0x40000002 && f.value.len == 4);
	assert_true(protobuf_next(&rest, &f));
	assert_true(f.number == 500 && f.wire == PROTOBUF_BYTES && f.num == 0 && slice_is(f.value, "abc"));
	assert_true(protobuf_next(&rest, &f));
	assert_true(f.number == 5 && f.value.len == 0);
	assert_false(protobuf_next(&rest, &f));
}

static void what_is_cut_is_no_field(void **state)
{
	static const struct slice whole[] = { SLICE("\x08\x96\x01"), SLICE("\x09xxxxxxxx"), SLICE("\x0dxxxx"), SLICE("\xa2\x1f\x03" "abc"),
		SLICE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") };
	struct protobuf_field f;

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		struct slice rest = whole[i];
		assert_true(protobuf_next(&rest, &f) && rest.len == 0);
		for (size_t n = 0; n < whole[i].len; n++) {
			struct slice part = slice_make(whole[i].ptr, n);
			assert_false(protobuf_next(&part, &f));
			assert_int_equal(part.len, n);
		}
	}
}

static void what_is_malformed_is_no_field(void **state)
{
	static const struct slice bad[] = { SLICE("\x0b\x0c"), SLICE("\x0f\0"), SLICE("\x0e\0"), SLICE("\x00\0"),
		SLICE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), SLICE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		SLICE("\x80\x80\x80\x80\x10\0"), SLICE("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" "a") };
	struct slice last = SLICE("\xf8\xff\xff\xff\x0f\0");
	struct protobuf_field f;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct slice rest = bad[i];
		assert_false(protobuf_next(&rest, &f));
	}
	assert_true(protobuf_next(&last, &f));
	assert_int_equal(f.number, PROTOBUF_NUMBER_MAX);
}

static void paths(void **state)
{
	/* 1: { 1: 1, 2: { 3: 7 } }, 1: { 4: 9 }, 2: 5 */
	struct slice m = SLICE("\x0a\x06\x08\x01\x12\x02\x18\x07" "\x0a\x02\x20\x09" "\x10\x05");
	struct protobuf_field f;

	(void)state;
	assert_true(find(m, &f, 1, 1, 0, 0) && f.value.len == 6);
	assert_true(find(m, &f, 2, 1, 1, 0) && f.num == 1);
	assert_true(find(m, &f, 3, 1, 2, 3) && f.num == 7);
	assert_true(find(m, &f, 2, 1, 4, 0) && f.num == 9);
	assert_true(find(m, &f, 1, 2, 0, 0) && f.num == 5);
	assert_false(find(m, &f, 1, 3, 0, 0));
	assert_false(find(m, &f, 2, 2, 1, 0));
	assert_false(find(m, &f, 3, 1, 1, 1));
	/* What is broken inside ends there, not around it. */
	assert_true(find(SLICE("\x0a\x01\x08\x10\x05"), &f, 1, 2, 0, 0) && f.num == 5);
	assert_false(find(SLICE("\x0a\x01\x08\x10\x05"), &f, 2, 1, 1, 0));
	assert_false(find(SLICE("\x0b\x10\x05"), &f, 1, 2, 0, 0));
}

static void frames_of_grpc(void **state)
{
	struct slice rest = SLICE("\0\0\0\0\x02" "ab" "\x01\0\0\0\0" "\0\0\0\0\x02" "c"), message;
	bool packed;

	(void)state;
	assert_true(grpc_next(&rest, &message, &packed));
	assert_true(slice_is(message, "ab") && !packed);
	assert_true(grpc_next(&rest, &message, &packed));
	assert_true(message.len == 0 && packed);
	assert_false(grpc_next(&rest, &message, &packed));
	rest = SLICE("\0\xff\xff\xff");
	assert_false(grpc_next(&rest, &message, &packed));
}

int protobuf_test(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_of_fields), cmocka_unit_test(what_is_cut_is_no_field),
		cmocka_unit_test(what_is_malformed_is_no_field), cmocka_unit_test(paths), cmocka_unit_test(frames_of_grpc),
	};

	return cmocka_run_group_tests_name("protobuf", tests, NULL, NULL);
}
