/* SPDX-License-Identifier: Apache-2.0
 *
 * FIX: messages whole, in pieces and with each rule of the format broken; fields one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "wire/fix.h"

int fix_test(void);

#define BODY "35=A|49=SND|56=TGT|96=a=b|"

/* With '|' for the byte that ends a field; length and sum as they ought to be, unless they are given. */
static struct slice message(const char *version, const char *body, const char *len, const char *sum)
{
	static char text[512];
	unsigned total = 0;
	int n = len ? snprintf(text, sizeof(text), "8=%s|9=%s|%s", version, len, body) :
		snprintf(text, sizeof(text), "8=%s|9=%zu|%s", version, strlen(body), body);

	for (int i = 0; i < n; i++) {
		text[i] = text[i] == '|' ? '\x01' : text[i];
		total += (uint8_t)text[i];
	}
	n += sum ? snprintf(text + n, sizeof(text) - (size_t)n, "10=%s\x01", sum) :
		snprintf(text + n, sizeof(text) - (size_t)n, "10=%03u\x01", total % 256);
	return slice_make(text, (size_t)n);
}

static int check(const char *version, const char *body, const char *len, const char *sum)
{
	return fix_check(message(version, body, len, sum));
}

static void messages(void **state)
{
	static const char *const versions[] = { "FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIXT.1.1" };

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct slice m = message(versions[i], BODY, NULL, NULL);
		assert_int_equal(fix_check(m), m.len);
	}
	struct slice m = message("FIX.4.4", BODY, "0026", NULL);
	assert_int_equal(fix_check(m), m.len);
	assert_int_equal(fix_check(slice_make(m.ptr, m.len + 5)), m.len);
	assert_true(check("FIX.4.4", "35=A|", NULL, NULL) > 0);
}

static void in_pieces(void **state)
{
	struct slice m = message("FIXT.1.1", BODY, NULL, NULL);

	(void)state;
	for (size_t n = 0; n < m.len; n++)
		assert_int_equal(fix_check(slice_make(m.ptr, n)), 0);
}

static void broken_heads(void **state)
{
	(void)state;
	assert_int_equal(check("FIX.5.0", BODY, NULL, NULL), -1);
	assert_int_equal(check("fix.4.4", BODY, NULL, NULL), -1);
	assert_int_equal(check("", BODY, NULL, NULL), -1);
	assert_int_equal(check("FIX.4.4", BODY, "", NULL), -1);
	assert_int_equal(check("FIX.4.4", BODY, "-26", NULL), -1);
	assert_int_equal(check("FIX.4.4", BODY, "x", NULL), -1);
	assert_int_equal(check("FIX.4.4", BODY, "99999999999999999999", NULL), -1);
	assert_int_equal(check("FIX.4.4", BODY, "4294967296", NULL), -1);
	assert_int_equal(fix_check(SLICE("9=5\x01")), -1);
	assert_int_equal(fix_check(SLICE("8=FIX.4.4\x01" "35=A\x01")), -1);
	assert_int_equal(fix_check(SLICE("GET / HTTP/1.1\r\n")), -1);
	assert_int_equal(fix_check(SLICE("")), 0);
}

static void broken_bodies(void **state)
{
	(void)state;
	assert_int_equal(check("FIX.4.4", BODY, "25", NULL), -1);
	assert_int_equal(check("FIX.4.4", BODY, "27", NULL), 0);
	assert_int_equal(check("FIX.4.4", BODY "1=xyzabcd|", "27", NULL), -1);
	assert_int_equal(check("FIX.4.4", BODY, NULL, "999"), -1);
	assert_int_equal(check("FIX.4.4", BODY, NULL, "0000"), -1);
	assert_int_equal(check("FIX.4.4", "", NULL, NULL), -1);
	assert_int_equal(check("FIX.4.4", "49=S|35=A|", NULL, NULL), -1);
	assert_int_equal(check("FIX.4.4", "35=|49=S|", NULL, NULL), -1);
	assert_int_equal(check("FIX.4.4", "35=A|49=|", NULL, NULL), -1);
	assert_int_equal(check("FIX.4.4", "35=A|=S|", NULL, NULL), -1);
	assert_int_equal(check("FIX.4.4", "35=A|0=S|", NULL, NULL), -1);
	assert_int_equal(check("FIX.4.4", "35=A|4x=S|", NULL, NULL), -1);
	assert_int_equal(check("FIX.4.4", "35=A|49S|", NULL, NULL), -1);
	assert_int_equal(check("FIX.4.4", "35=A|49=S", NULL, NULL), -1);
	assert_int_equal(check("FIX.4.4", "35=A|10=000|", NULL, NULL), -1);
	assert_int_equal(check("FIX.4.4", "35=A|4294967296=S|", NULL, NULL), -1);
}

static void fields(void **state)
{
	struct slice rest = SLICE("0035=A\x01" "9=\x01" "1=a=b\x01" "2=c"), value;
	uint32_t tag;

	(void)state;
	assert_int_equal(fix_next(&rest, &tag, &value), 1);
	assert_true(tag == 35 && slice_is(value, "A"));
	assert_int_equal(fix_next(&rest, &tag, &value), 1);
	assert_true(tag == 9 && value.len == 0);
	assert_int_equal(fix_next(&rest, &tag, &value), 1);
	assert_true(tag == 1 && slice_is(value, "a=b"));
	assert_int_equal(fix_next(&rest, &tag, &value), 0);
	assert_true(slice_is(rest, "2=c"));
	rest = SLICE("12345678901");
	assert_int_equal(fix_next(&rest, &tag, &value), -1);
	rest = SLICE("1234567890");
	assert_int_equal(fix_next(&rest, &tag, &value), 0);
}

int fix_test(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages), cmocka_unit_test(in_pieces), cmocka_unit_test(broken_heads), cmocka_unit_test(broken_bodies),
		cmocka_unit_test(fields),
	};

	return cmocka_run_group_tests_name("fix", tests, NULL, NULL);
}
