/* SPDX-License-Identifier: Apache-2.0
 *
 * Expansion of variables: both forms, what is not set, and what is no variable.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/assert.h"
#include "base/environment.h"

static void expands(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" }, { "10.0.0.1:80", "10.0.0.1:80" }, { "$USHER_A:80", "one:80" }, { "${USHER_A}b", "oneb" },
		{ "$USHER_A$USHER_B", "onetwo" }, { "$USHER_NONE:80", ":80" }, { "${USHER_NONE}", "" }, { "$", "$" }, { "a$-", "a$-" },
		{ "${", "${" }, { "${}", "${}" }, { "${USHER_A", "${USHER_A" }, { "${USHER_A-x}", "${USHER_A-x}" },
	};

	(void)state;
	setenv("USHER_A", "one", 1);
	setenv("USHER_B", "two", 1);
	unsetenv("USHER_NONE");
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct strbuf out = STRBUF_EMPTY;
		environment_expand(slice_of(pairs[i][0]), &out);
		assert_string_equal(out.ptr ? out.ptr : "", pairs[i][1]);
		strbuf_free(&out);
	}
}

int environment_test(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(expands) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
