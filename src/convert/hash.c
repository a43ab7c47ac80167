/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashes to integers: sdbm, djb2, crc32, crc32c with an optional avalanche, and xxh32, xxh64, xxh3
 * with an optional seed. None is for secrets. Any thread.
 */
#include "base/hash.h"

#include <xxhash.h>

#include "base/crc32c.h"
#include "rule/fetch.h"

static uint32_t hash_crc32c(struct slice s) { return crc32c(0, s.ptr, s.len); }

static bool hash_into(const struct args *a, struct value *v, uint32_t (*hash)(struct slice))
{
	uint32_t h = hash(v->bytes);

	*v = value_int(a->v[0].num ? hash_avalanche(h) : h);
	return true;
}

#define HASH(name) \
	static bool name##_convert(const struct args *a, struct eval *ev, struct value *v) \
	{ \
		(void)ev; \
		return hash_into(a, v, hash_##name); \
	} \
	CONVERTER(name) = { .keyword = #name, .usage = #name "([<avalanche>])", .args = ";i", .in = VALUE_BIN, \
		.out = VALUE_INT, .convert = name##_convert }

HASH(sdbm);
HASH(djb2);
HASH(crc32);
HASH(crc32c);

#define XXH(name, call) \
	static bool name##_convert(const struct args *a, struct eval *ev, struct value *v) \
	{ \
		uint64_t seed = (uint64_t)a->v[0].num; \
		(void)ev; \
		*v = value_int((int64_t)call); \
		return true; \
	} \
	CONVERTER(name) = { .keyword = #name, .usage = #name "([<seed>])", .args = ";i", .in = VALUE_BIN, \
		.out = VALUE_INT, .convert = name##_convert }

XXH(xxh32, XXH32(v->bytes.ptr, v->bytes.len, (XXH32_hash_t)seed));
XXH(xxh64, XXH64(v->bytes.ptr, v->bytes.len, seed));
XXH(xxh3, XXH3_64bits_withSeed(v->bytes.ptr, v->bytes.len, seed));
