/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of persistence cookies, as HAProxy 2.6 writes and reads them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/cookie_mark.h"

static void reads(void **state)
{
	static const struct {
		const char *value, *server;
		uint32_t last, first;
	} rows[] = {
		{ "s1", "s1", 0, 0 },
		{ "", "", 0, 0 },
		{ "s1|", "s1", 0, 0 },
		{ "s1||", "s1", 0, 0 },
		{ "|awHYJ", "", 448820745, 0 },
		{ "s1|awHYJ", "s1", 448820745, 0 },
		{ "s1|awHYJ|", "s1", 448820745, 0 },
		{ "s1||awHYJ", "s1", 0, 448820745 },
		{ "s1|awHYJ|AAAAB", "s1", 448820745, 1 },
		{ "s1|awHYJx|AAAABx|y", "s1", 448820745, 1 },
		{ "s1|awHY|AAAAB", "s1", 0, 1 },
		{ "s1|aw!YJ|awHYJ", "s1", 0, 448820745 },
		{ "s1|awHYJ|-____", "s1", 448820745, 0 },
		{ "s1|/////|+++++", "s1", 0x3fffffff, 0x3efbefbe },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cookie_mark m = cookie_mark_parse(slice_of(rows[i].value));

		if (!slice_is(m.server, rows[i].server) || m.last != rows[i].last || m.first != rows[i].first)
			fail_msg("%s: '%.*s' %u %u", rows[i].value, SLICE_FMT(m.server), m.last, m.first);
	}
}

static void writes(void **state)
{
	char text[COOKIE_DATE_LEN];

	(void)state;
	/* 2026-11-21 17:42:57 to 17:43:00 have one date. */
	for (uint64_t s = 1795282977; s <= 1795282980; s++)
		assert_int_equal(cookie_date(s), 448820745);
	assert_int_equal(cookie_date(1795282981), 448820746);
	assert_int_equal(cookie_date_seconds(448820745), 1795282980);
	cookie_date_write(448820745, text);
	assert_memory_equal(text, "awHYJ", COOKIE_DATE_LEN);
	for (uint32_t date = 1; date < 0x3fffffff; date = date * 3 + 7) {
		cookie_date_write(date, text);
		char value[2 + COOKIE_DATE_LEN] = "s|";
		memcpy(value + 2, text, COOKIE_DATE_LEN);
		assert_int_equal(cookie_mark_parse(slice_make(value, sizeof(value))).last, date);
	}
}

int cookie_mark_test(void);
int cookie_mark_test(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads), cmocka_unit_test(writes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
