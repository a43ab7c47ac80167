/* SPDX-License-Identifier: Apache-2.0
 *
 * Base64: RFC 4648 section 10's vectors, the url alphabet, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base64.h"

int base64_test(void);

static void assert_pair(struct slice bytes, bool url, const char *text)
{
	char out[64];
	size_t n = base64_encode(bytes, url, out);

	assert_true(slice_is(slice_make(out, n), text));
	assert_true(n <= BASE64_ENCODED_MAX(bytes.len));
	assert_int_equal(base64_decode(slice_of(text), url, out), bytes.len);
	assert_memory_equal(out, bytes.ptr, bytes.len);
}

static void both_ways(void **state)
{
	(void)state;
	assert_pair(SLICE(""), false, "");
	assert_pair(SLICE("f"), false, "Zg==");
	assert_pair(SLICE("fo"), false, "Zm8=");
	assert_pair(SLICE("foo"), false, "Zm9v");
	assert_pair(SLICE("foob"), false, "Zm9vYg==");
	assert_pair(SLICE("foobar"), false, "Zm9vYmFy");
	assert_pair(SLICE("\xff\xef\xfe"), false, "/+/+");
	assert_pair(SLICE("\xff\xef\xfe"), true, "_-_-");
	assert_pair(SLICE("\xff"), true, "_w");
	assert_pair(SLICE("ab"), true, "YWI");
}

static void assert_bad(const char *text, bool url)
{
	char out[64];

	assert_int_equal(base64_decode(slice_of(text), url, out), -1);
}

static void strict_reading(void **state)
{
	static const char *const bad[] = { "YWI", "Y!==", "Y", "=", "==", "YQ=a", "YW=Jj", "YWJj\nYWJj", "Zg===", "Zh==", "Zm9=", "_-_-" };
	char out[8];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_bad(bad[i], false);
	assert_bad("/w", true);
	assert_bad("Y", true);
	assert_bad("_w=", true);
	assert_int_equal(base64_decode(SLICE("_w=="), true, out), 1);
}

int base64_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways),
		cmocka_unit_test(strict_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
