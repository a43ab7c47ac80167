/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys of tickets: files of them, one more while the process runs, and what goes over a reload.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/base64.h"
#include "conn/tls_tickets.h"
#include "core/epoch.h"

/* One line: when the newest began, and the keys. */
static unsigned words_in(struct slice line)
{
	unsigned n = 0;

	for (size_t i = 0; i < line.len; i++)
		n += line.ptr[i] == ' ';
	return n;
}

static struct slice saved(struct strbuf *out)
{
	strbuf_clear(out);
	tls_tickets_save(out);
	assert_true(out->len > 1 && out->ptr[out->len - 1] == '\n');
	return slice_make(out->ptr, out->len - 1);
}

static void own_keys_go_over(void **state)
{
	struct strbuf first = STRBUF_EMPTY, again = STRBUF_EMPTY, other = STRBUF_EMPTY;

	(void)state;
	tls_tickets_own();
	assert_ptr_equal(tls_tickets_own(), tls_tickets_own());
	struct slice line = saved(&first);
	assert_in_range(words_in(line), 1, 3);
	/* What a predecessor had replaces ours, whole. */
	strbuf_add_str(&other, "12345");
	for (int key = 0; key < 4; key++) {
		char raw[80], text[BASE64_ENCODED_MAX(80)];
		memset(raw, 'a' + key, sizeof(raw));
		strbuf_add_byte(&other, ' ');
		strbuf_add(&other, text, base64_encode(slice_make(raw, sizeof(raw)), false, text));
	}
	assert_true(tls_tickets_load(strbuf_slice(&other)));
	line = saved(&again);
	assert_int_equal(words_in(line), 3); /* the oldest is gone */
	assert_true(slice_starts(line, SLICE("12345 YmJi")));
	/* What is none changes nothing. */
	static const char *const bad[] = { "", "x", "1", "1 ", "1 AAAA", "1 YmJi YmJi" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(tls_tickets_load(slice_of(bad[i])));
	saved(&first);
	assert_string_equal(first.ptr, again.ptr);
	strbuf_free(&first);
	strbuf_free(&again);
	strbuf_free(&other);
}

static void write_keys(const char *path, const unsigned *lengths, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	for (size_t i = 0; i < n; i++) {
		char raw[96] = { 0 }, text[BASE64_ENCODED_MAX(96)];
		raw[0] = (char)i;
		fprintf(f, "%.*s\n\n", (int)base64_encode(slice_make(raw, lengths[i]), false, text), text);
	}
	fclose(f);
}

static void keys_of_files(void **state)
{
	static const struct { unsigned lengths[4]; size_t n; bool good; } files[] = {
		{ { 80, 80, 80 }, 3, true }, { { 48, 48, 48, 48 }, 4, true }, { { 80, 80 }, 2, false }, { { 80, 48, 80 }, 3, false },
		{ { 79, 79, 79 }, 3, false }, { { 0 }, 0, false },
	};
	struct strbuf err = STRBUF_EMPTY;
	char path[] = "/tmp/tickets.XXXXXX";

	(void)state;
	close(mkstemp(path));
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct strbuf name = STRBUF_EMPTY;
		strbuf_addf(&name, "%s.%zu", path, i);
		write_keys(name.ptr, files[i].lengths, files[i].n);
		strbuf_clear(&err);
		struct tls_tickets *t = tls_tickets_of_file(name.ptr, &err);
		assert_true((t != NULL) == files[i].good);
		assert_true((err.len > 0) != files[i].good);
		if (t) {
			char raw[80] = "new", text[BASE64_ENCODED_MAX(80)];
			size_t len = files[i].lengths[0];
			assert_ptr_equal(tls_tickets_of_file(name.ptr, &err), t);
			assert_true(tls_tickets_add(t, slice_make(text, base64_encode(slice_make(raw, len), false, text)), &err));
			assert_false(tls_tickets_add(t, slice_make(text, base64_encode(slice_make(raw, 128 - len), false, text)), &err));
		}
		unlink(name.ptr);
		strbuf_free(&name);
	}
	assert_null(tls_tickets_of_file("/nonexistent/keys", &err));
	unlink(path);
	strbuf_free(&err);
}

int tls_tickets_test(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(own_keys_go_over), cmocka_unit_test(keys_of_files) };
	int bad = cmocka_run_group_tests(tests, NULL, NULL);

	epoch_collect(true);
	return bad;
}
