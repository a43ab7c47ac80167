/* SPDX-License-Identifier: Apache-2.0
 *
 * The ring of log lines: order, the oldest pushed out, lines over the edge, readers that fall behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <cmocka.h>
#include "core/log_ring.h"

int log_ring_test(void);

static uint32_t add(struct log_ring *r, const char *line)
{
	return log_ring_add(r, line, (uint32_t[]){ (uint32_t)strlen(line) }, 1);
}

static void lines_come_back_in_order(void **state)
{
	struct log_ring *r = log_ring_new(64);
	struct strbuf out = STRBUF_EMPTY;
	uint64_t at = 0;

	(void)state;
	log_ring_read(r, &at, 100, &out);
	assert_int_equal(out.len, 0);
	assert_int_equal(log_ring_end(r), 0);
	assert_int_equal(log_ring_add(r, "one\ntwo\n\nfour\n", (uint32_t[]){ 4, 8, 9, 14 }, 4), 0);
	log_ring_read(r, &at, 1, &out);
	assert_string_equal(out.ptr, "one\n");
	log_ring_read(r, &at, 5, &out);
	assert_string_equal(out.ptr, "one\ntwo\n\n");
	log_ring_read(r, &at, 100, &out);
	assert_string_equal(out.ptr, "one\ntwo\n\nfour\n");
	assert_int_equal(at, log_ring_end(r));
	strbuf_free(&out);
	log_ring_free(&r);
	assert_null(r);
}

static void the_oldest_give_way(void **state)
{
	char line[32];

	(void)state;
	/* Every size and length, so that lines end at, before and behind the edge. */
	for (size_t size = 8; size < 40; size++) {
		struct log_ring *r = log_ring_new(size);
		uint64_t follows = 0;
		for (int i = 0; i < 200; i++) {
			struct strbuf all = STRBUF_EMPTY, one = STRBUF_EMPTY;
			uint64_t at = 0;
			snprintf(line, sizeof(line), "%d%.*s\n", i, i % 5, "-----");
			assert_int_equal(add(r, line), 0);
			log_ring_read(r, &at, 1000, &all);
			assert_true(all.len <= size && all.len >= strlen(line));
			assert_string_equal(all.ptr + all.len - strlen(line), line);
			/* It begins with a whole line, and is as full as whole lines make it. */
			int first = atoi(all.ptr), n = 0;
			for (int k = first; k <= i; k++)
				n += snprintf(line, sizeof(line), "%d%.*s\n", k, k % 5, "-----");
			assert_int_equal(n, all.len);
			assert_true(first == 0 || all.len + (size_t)snprintf(NULL, 0, "%d%.*s\n", first - 1, (first - 1) % 5, "-----") > size);
			log_ring_read(r, &follows, 1000, &one);
			snprintf(line, sizeof(line), "%d%.*s\n", i, i % 5, "-----");
			assert_string_equal(one.ptr, line);
			strbuf_free(&all);
			strbuf_free(&one);
		}
		log_ring_free(&r);
	}
}

static void who_falls_behind_misses_lines(void **state)
{
	struct log_ring *r = log_ring_new(12);
	struct strbuf out = STRBUF_EMPTY;
	uint64_t at = 0;

	(void)state;
	add(r, "aaa\n");
	log_ring_read(r, &at, 100, &out);
	add(r, "bbb\n");
	add(r, "ccc\n");
	add(r, "ddd\n");
	add(r, "eee\n");
	log_ring_read(r, &at, 100, &out);
	assert_string_equal(out.ptr, "aaa\nccc\nddd\neee\n");
	strbuf_free(&out);
	log_ring_free(&r);
}

static void a_line_that_never_fits_is_lost(void **state)
{
	struct log_ring *r = log_ring_new(8);
	struct strbuf out = STRBUF_EMPTY;
	uint64_t at = 0;

	(void)state;
	assert_int_equal(log_ring_add(r, "a\n12345678\nb\n", (uint32_t[]){ 2, 11, 13 }, 3), 1);
	log_ring_read(r, &at, 100, &out);
	assert_string_equal(out.ptr, "a\nb\n");
	assert_int_equal(add(r, "1234567\n"), 0);
	strbuf_clear(&out);
	log_ring_read(r, &at, 100, &out);
	assert_string_equal(out.ptr, "1234567\n");
	strbuf_free(&out);
	log_ring_free(&r);
}

int log_ring_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_back_in_order), cmocka_unit_test(the_oldest_give_way),
		cmocka_unit_test(who_falls_behind_misses_lines), cmocka_unit_test(a_line_that_never_fits_is_lost),
	};
	return cmocka_run_group_tests_name("core/log_ring", tests, NULL, NULL);
}
