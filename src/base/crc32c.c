/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-32C by the processor's own instruction where there is one, else by a table of 256
 * entries. The table is linear over XOR, so the compiler derives all of it from the
 * eight entries with a single bit set. No state: any thread.
 */
#include <string.h>
#include "base/crc32c.h"

#define BIT(i, n, v) ((i) >> (n) & 1 ? UINT32_C(v) : 0)
#define ROW1(i)                                                                                                        \
	(BIT(i, 0, 0xf26b8303) ^ BIT(i, 1, 0xe13b70f7) ^ BIT(i, 2, 0xc79a971f) ^ BIT(i, 3, 0x8ad958cf) ^               \
		BIT(i, 4, 0x105ec76f) ^ BIT(i, 5, 0x20bd8ede) ^ BIT(i, 6, 0x417b1dbc) ^ BIT(i, 7, 0x82f63b78))
#define ROW4(i) ROW1(i), ROW1((i) + 1), ROW1((i) + 2), ROW1((i) + 3)
#define ROW16(i) ROW4(i), ROW4((i) + 4), ROW4((i) + 8), ROW4((i) + 12)
#define ROW64(i) ROW16(i), ROW16((i) + 16), ROW16((i) + 32), ROW16((i) + 48)

static const uint32_t table[256] = { ROW64(0), ROW64(64), ROW64(128), ROW64(192) };

static uint32_t by_table(uint32_t crc, const unsigned char *at, size_t len)
{
	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *at++) & 0xff];
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const unsigned char *at, size_t len)
{
	uint64_t word, wide = crc;

	for (; len >= 8; at += 8, len -= 8) {
		memcpy(&word, at, 8);
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	while (len--)
		crc = __builtin_ia32_crc32qi(crc, *at++);
	return crc;
}
#endif

uint32_t crc32c(uint32_t crc, const void *bytes, size_t len)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return ~by_instruction(~crc, bytes, len);
#endif
	return ~by_table(~crc, bytes, len);
}

uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t len) { return ~by_table(~crc, bytes, len); }
