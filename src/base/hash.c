/* SPDX-License-Identifier: Apache-2.0
 *
 * Small hashes. Pure: no state, any thread.
 */
#include "base/hash.h"

uint32_t hash_sdbm(struct slice s)
{
	uint32_t h = 0;

	for (size_t i = 0; i < s.len; i++)
		h = 65599 * h + (unsigned char)s.ptr[i];
	return h;
}

uint32_t hash_djb2(struct slice s)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < s.len; i++)
		h = 33 * h + (unsigned char)s.ptr[i];
	return h;
}

uint32_t hash_crc32(struct slice s)
{
	/* The remainders of four bits: two steps a byte, no table to be built. */
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < s.len; i++) {
		crc ^= (unsigned char)s.ptr[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

uint32_t hash_avalanche(uint32_t h)
{
	/* Bob Jenkins' published six-step integer hash, and a seventh that moves low bits to the top. */
	h = h + 0x7ed55d16 + (h << 12);
	h = h ^ 0xc761c23c ^ h >> 19;
	h = h + 0x165667b1 + (h << 5);
	h = (h + 0xd3a2646c) ^ h << 9;
	h = h + 0xfd7046c5 + (h << 3);
	h = h ^ 0xb55a4f09 ^ h >> 16;
	return h - (h << 30);
}
