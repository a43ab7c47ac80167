/* SPDX-License-Identifier: Apache-2.0
 *
 * Unit tests of state records: round trip, unknown and refused records, broken framing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/state.h"

static char kept[64];
static unsigned kept_version;

static void colour_save(struct strbuf *out) { strbuf_add(out, "red\n\0blue", 9); }
static bool colour_load(unsigned version, struct slice body)
{
	if (version > 2 || body.len >= sizeof(kept))
		return false;
	memcpy(kept, body.ptr, body.len);
	kept[body.len] = 0;
	kept_version = version;
	return true;
}
STATE(colour) = { .keyword = "test-colour", .usage = "a colour", .version = 2, .save = colour_save, .load = colour_load };

static void round_trip(void **unused)
{
	struct strbuf out = STRBUF_EMPTY;
	struct state_report r;

	(void)unused;
	state_save_all(&out);
	assert_true(state_load_all(strbuf_slice(&out), &r));
	assert_int_equal(r.loaded, 1);
	assert_int_equal(r.skipped + r.refused, 0);
	assert_int_equal(kept_version, 2);
	assert_memory_equal(kept, "red\n\0blue", 10);
	strbuf_free(&out);
}

static void unknown_and_newer(void **unused)
{
	struct state_report r;

	(void)unused;
	kept[0] = 0;
	assert_true(state_load_all(SLICE("state what-is-this 7 3\n\n\n\n\nstate test-colour 3 1\nx\nstate test-colour 1 2\nhi\n"), &r));
	assert_int_equal(r.skipped, 1);
	assert_int_equal(r.refused, 1);
	assert_int_equal(r.loaded, 1);
	assert_string_equal(kept, "hi");
	assert_true(state_load_all(SLICE(""), NULL));
}

static void broken(void **unused)
{
	static const char *const bad[] = {
		"stat", "state ", "state test-colour", "state test-colour 1\n", "state test-colour 1 2", "state test-colour 1 5\nhi\n",
		"state test-colour 1 2\nhi", "state test-colour 1 1\nhi\n", "state test-colour x 2\nhi\n", "state test-colour 1 -2\nhi\n",
		"state test-colour 4294967296 2\nhi\n", "state test-colour 1 18446744073709551615\nhi\n",
	};

	(void)unused;
	kept[0] = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(state_load_all(slice_of(bad[i]), NULL));
		assert_string_equal(kept, "");
	}
	/* What stands before the fault has been taken. */
	assert_false(state_load_all(SLICE("state test-colour 1 2\nhi\nnonsense"), NULL));
	assert_string_equal(kept, "hi");
}

int state_test(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(unknown_and_newer),
		cmocka_unit_test(broken),
	};
	registries_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
