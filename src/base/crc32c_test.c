/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-32C: the vectors of RFC 3720 B.4, both ways of computing, and any cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/crc32c.h"

static void known_vectors(void **state)
{
	uint8_t bytes[32];

	(void)state;
	memset(bytes, 0, 32);
	assert_int_equal(crc32c(0, bytes, 32), 0x8a9136aa);
	assert_int_equal(crc32c_portable(0, bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, 32);
	assert_int_equal(crc32c(0, bytes, 32), 0x62a8ab43);
	assert_int_equal(crc32c_portable(0, bytes, 32), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(crc32c(0, bytes, 32), 0x46dd794e);
	assert_int_equal(crc32c_portable(0, bytes, 32), 0x46dd794e);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c(0, "", 0), 0);
}

static void any_cut_gives_the_same(void **state)
{
	uint8_t bytes[67];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		uint32_t whole = crc32c(0, bytes, len);
		assert_int_equal(crc32c_portable(0, bytes, len), whole);
		for (size_t cut = 0; cut <= len; cut++)
			assert_int_equal(crc32c(crc32c_portable(0, bytes, cut), bytes + cut, len - cut), whole);
	}
}

int crc32c_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_vectors),
		cmocka_unit_test(any_cut_gives_the_same),
	};

	return cmocka_run_group_tests_name("base/crc32c", tests, NULL, NULL);
}
