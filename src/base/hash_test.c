/* SPDX-License-Identifier: Apache-2.0
 *
 * The numbers were read off HAProxy 2.6's converters of these names; CRC-32 also has its standard check value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/hash.h"

int hash_test(void);

static void known_values(void **state)
{
	(void)state;
	assert_int_equal(hash_sdbm(SLICE("abc")), 807794786);
	assert_int_equal(hash_sdbm(SLICE("\xff\x80\xfe")), 2115080701);
	assert_int_equal(hash_sdbm(SLICE("")), 0);
	assert_int_equal(hash_djb2(SLICE("abc")), 193485963);
	assert_int_equal(hash_djb2(SLICE("\xff\x80\xfe")), 193659170);
	assert_int_equal(hash_djb2(SLICE("")), 5381);
	assert_int_equal(hash_crc32(SLICE("abc")), 891568578);
	assert_int_equal(hash_crc32(SLICE("123456789")), 0xcbf43926);
	assert_int_equal(hash_crc32(SLICE("")), 0);
}

static void avalanche(void **state)
{
	(void)state;
	assert_int_equal(hash_avalanche(0), 2874071335);
	assert_int_equal(hash_avalanche(807794786), 659243622);
	assert_int_equal(hash_avalanche(193485963), 2235766107);
	assert_int_equal(hash_avalanche(891568578), 930845320);
	assert_int_equal(hash_avalanche(910901175), 1285784220);
}

int hash_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(avalanche),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
