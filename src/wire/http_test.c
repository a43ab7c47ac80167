/* SPDX-License-Identifier: Apache-2.0
 *
 * The head's table and HTTP's words: every known name in every case, byte classes spelled out, lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include "base/hex.h"
#include "wire/http.h"
#include "wire/http_char.h"

static bool in(const char *set, int c) { return c > 0 && strchr(set, c) != NULL; }

static void classes(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		bool alnum = c < 128 && isalnum(c);

		assert_int_equal(http_char_is((char)c, HTTP_CHAR_TOKEN), alnum || in("!#$%&'*+-.^_`|~", c));
		assert_int_equal(http_char_is((char)c, HTTP_CHAR_VALUE), c == '\t' || (c >= ' ' && c != 127));
		assert_int_equal(http_char_is((char)c, HTTP_CHAR_TARGET), c > ' ' && c < 127 && c != '#');
		assert_int_equal(http_char_is((char)c, HTTP_CHAR_HOST), alnum || in("-._~!$&'()*+,;=%", c));
		assert_int_equal(http_char_is((char)c, HTTP_CHAR_UNRESERVED), alnum || in("-._~", c));
		assert_int_equal(http_char_is((char)c, HTTP_CHAR_DIGIT), c >= '0' && c <= '9');
		assert_int_equal(http_char_is((char)c, HTTP_CHAR_HEX), c < 128 && isxdigit(c));
		assert_int_equal(http_char_is((char)c, HTTP_CHAR_SCHEME), alnum || in("+-.", c));
		assert_int_equal(hex_digit((char)c) >= 0, c < 128 && isxdigit(c));
	}
	assert_int_equal(hex_digit('9'), 9);
	assert_int_equal(hex_digit('a'), 10);
	assert_int_equal(hex_digit('F'), 15);
}

static void methods(void **state)
{
	(void)state;
#define X(name) assert_int_equal(http_method_of(SLICE(#name)), HTTP_##name);
	HTTP_METHODS(X)
#undef X
	assert_int_equal(http_method_of(SLICE("get")), HTTP_OTHER);
	assert_int_equal(http_method_of(SLICE("GETS")), HTTP_OTHER);
	assert_int_equal(http_method_of(SLICE("PROPFIND")), HTTP_OTHER);
	assert_int_equal(http_method_of(slice_of(NULL)), HTTP_OTHER);
}

static void known_names(void **state)
{
	static const char *const known[] = {
#define X(id, text) text,
		HTTP_FIELDS(X)
#undef X
	};
	char name[32];

	(void)state;
	for (int id = 1; id < HTTP_FIELD_COUNT; id++) {
		const char *text = known[id - 1];
		size_t len = strlen(text);

		assert_int_equal(http_field_id_of(slice_of(text)), id);
		for (size_t i = 0; i < len; i++)
			name[i] = (char)toupper(text[i]);
		assert_int_equal(http_field_id_of(slice_make(name, len)), id);
		for (size_t i = 0; i < len; i++)
			name[i] = (char)tolower(text[i]);
		assert_int_equal(http_field_id_of(slice_make(name, len)), id);
		assert_int_equal(http_field_id_of(slice_make(name, len - 1)), HTTP_FIELD_UNKNOWN);
		name[len] = 'x';
		assert_int_equal(http_field_id_of(slice_make(name, len + 1)), HTTP_FIELD_UNKNOWN);
		for (size_t i = 0; i < len; i++) {
			char was = name[i];

			/* What differs from a letter by the case bit only, and what "-" would be with it. */
			name[i] = was == '-' ? '\r' : (char)(was ^ 0x40);
			assert_int_equal(http_field_id_of(slice_make(name, len)), HTTP_FIELD_UNKNOWN);
			name[i] = was;
		}
	}
	assert_int_equal(http_field_id_of(SLICE("X-Real-IP")), HTTP_FIELD_UNKNOWN);
	assert_int_equal(http_field_id_of(slice_of(NULL)), HTTP_FIELD_UNKNOWN);
}

static void table(void **state)
{
	struct http_field fields[5];
	struct http_head h;

	(void)state;
	http_head_init(&h, fields, 5);
	assert_true(http_head_add(&h, SLICE("Host"), SLICE("a")));
	assert_true(http_head_add(&h, SLICE("X-A"), SLICE("1")));
	assert_true(http_head_add(&h, SLICE("cookie"), SLICE("b=c")));
	assert_true(http_head_add(&h, SLICE("x-a"), SLICE("2")));
	assert_true(http_head_add(&h, SLICE("X-B"), SLICE("3")));
	assert_false(http_head_add(&h, SLICE("X-C"), SLICE("4")));
	assert_int_equal(http_head_find(&h, HTTP_FIELD_COOKIE, 0), 2);
	assert_int_equal(http_head_find(&h, HTTP_FIELD_COOKIE, 3), -1);
	assert_int_equal(http_head_find_name(&h, SLICE("COOKIE"), 0), 2);
	assert_int_equal(http_head_find_name(&h, SLICE("X-a"), 0), 1);
	assert_int_equal(http_head_find_name(&h, SLICE("X-a"), 2), 3);
	assert_int_equal(http_head_find_name(&h, SLICE("X-a"), 4), -1);
	assert_int_equal(http_head_remove_all(&h, SLICE("X-Z")), 0);
	assert_int_equal(http_head_remove_all(&h, SLICE("X-A")), 2);
	assert_int_equal(h.n, 3);
	assert_true(slice_is(h.fields[1].value, "b=c"));
	assert_true(slice_is(h.fields[2].value, "3"));
	http_head_remove(&h, 0);
	assert_int_equal(h.n, 2);
	assert_int_equal(http_head_find(&h, HTTP_FIELD_COOKIE, 0), 0);
	http_head_remove(&h, 1);
	assert_int_equal(http_head_remove_all(&h, SLICE("cookie")), 1);
	assert_int_equal(h.n, 0);
	assert_int_equal(http_head_find(&h, HTTP_FIELD_COOKIE, 0), -1);
}

static void lists(void **state)
{
	struct slice rest = SLICE(" , a ,\"b,\\\"c\" ;q=1,,\td,"), element;

	(void)state;
	assert_true(http_list_next(&rest, &element));
	assert_true(slice_is(element, "a"));
	assert_true(http_list_next(&rest, &element));
	assert_true(slice_is(element, "\"b,\\\"c\" ;q=1"));
	assert_true(http_list_next(&rest, &element));
	assert_true(slice_is(element, "d"));
	assert_false(http_list_next(&rest, &element));
	assert_false(http_list_next(&rest, &element));
	rest = SLICE("\"a,b");
	assert_true(http_list_next(&rest, &element));
	assert_true(slice_is(element, "\"a,b"));
	rest = SLICE("\"a\\");
	assert_true(http_list_next(&rest, &element));
	assert_false(http_list_next(&rest, &element));
	assert_true(http_list_has(SLICE("keep-alive, Upgrade"), SLICE("upgrade")));
	assert_false(http_list_has(SLICE("keep-alive, Upgrade"), SLICE("close")));
	assert_false(http_list_has(slice_of(NULL), SLICE("close")));
}

static void values(void **state)
{
	static const struct { const char *field, *joined; } cases[] = {
		{ "", "[]" }, { ",", "[][]" }, { "1,,2", "[1][][2]" }, { " a ,\tb,", "[a][b][]" }, { "\"a,b\", 3abc", "[\"a,b\"][3abc]" },
		{ "x\"b,b\",c", "[x\"b,b\"][c]" }, { "\"a\\\", b", "[\"a\\\", b]" },
	};
	struct slice rest = { NULL, 0 }, value;

	(void)state;
	assert_false(http_value_next(&rest, &value));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char joined[64] = "";
		rest = slice_of(cases[i].field);
		while (http_value_next(&rest, &value)) {
			strcat(joined, "[");
			strncat(joined, value.ptr, value.len);
			strcat(joined, "]");
		}
		assert_string_equal(joined, cases[i].joined);
	}
}

static void words(void **state)
{
	(void)state;
	assert_true(http_is_token(SLICE("X-a!")));
	assert_false(http_is_token(SLICE("")));
	assert_false(http_is_token(SLICE("a b")));
	assert_true(http_is_field_value(SLICE("")));
	assert_true(http_is_field_value(SLICE("a\t b\xc3\xa9")));
	assert_false(http_is_field_value(SLICE("a\r")));
	assert_false(http_is_field_value(SLICE("a\0b")));
	assert_string_equal(http_reason(200), "OK");
	assert_string_equal(http_reason(503), "Service Unavailable");
	assert_string_equal(http_reason(299), "");
	assert_string_equal(http_reason(0), "");
}

int http_test(void);
int http_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes), cmocka_unit_test(methods), cmocka_unit_test(known_names),
		cmocka_unit_test(table), cmocka_unit_test(lists), cmocka_unit_test(values), cmocka_unit_test(words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
