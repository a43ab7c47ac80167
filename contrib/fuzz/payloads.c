/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of protocols that rules look into: MQTT, FIX, Protocol Buffers and gRPC. What is found lies within the input, and
 * where more bytes may be waited for a verdict never changes with them.
 */
#include "base/assert.h"
#include "wire/fix.h"
#include "wire/mqtt.h"
#include "wire/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct slice part, struct slice all)
{
	ASSERT(part.len == 0 || (part.ptr >= all.ptr && part.ptr + part.len <= all.ptr + all.len));
}

static void try_mqtt(struct slice all)
{
	static struct mqtt_packet p;
	int r = mqtt_parse(all, &p);

	ASSERT(r >= -1 && r <= (int)all.len);
	for (unsigned i = 0; r > 0 && i <= MQTT_PROPERTY + MQTT_PROPERTY_MAX; i++)
		check_within(p.fields[i].text, all);
	for (size_t n = 0; n < all.len && n < 64; n++) {
		int part = mqtt_parse(slice_make(all.ptr, n), &p);
		ASSERT(part == 0 || part == r);
	}
}

static void try_fix(struct slice all)
{
	int r = fix_check(all);
	struct slice rest = all, value;
	uint32_t tag;

	ASSERT(r >= -1 && r <= (int)all.len);
	for (size_t n = 0; n < all.len && n < 64; n++) {
		int part = fix_check(slice_make(all.ptr, n));
		ASSERT(part == 0 || part == r);
	}
	while (fix_next(&rest, &tag, &value) == 1) {
		ASSERT(tag > 0 && slice_find_byte(value, '\x01') < 0);
		check_within(value, all);
	}
	check_within(rest, all);
}

static void try_protobuf(struct slice all)
{
	static const uint32_t path[] = { 1, 1, 2 };
	struct slice rest = all, message;
	struct protobuf_field f;
	bool packed;

	for (size_t left = rest.len; protobuf_next(&rest, &f); left = rest.len) {
		ASSERT(rest.len < left && f.number > 0 && f.number <= PROTOBUF_NUMBER_MAX);
		check_within(f.value, all);
	}
	for (unsigned depth = 1; depth <= COUNT_OF(path); depth++)
		if (protobuf_find(all, path, depth, &f)) {
			ASSERT(f.number == path[depth - 1]);
			check_within(f.value, all);
		}
	rest = all;
	while (grpc_next(&rest, &message, &packed))
		check_within(message, all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_make(data, size);

	try_mqtt(all);
	try_fix(all);
	try_protobuf(all);
	return 0;
}
