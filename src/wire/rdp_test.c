/* SPDX-License-Identifier: Apache-2.0
 *
 * Remote Desktop cookies: whole, in pieces, spoilt at every byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/rdp.h"

#define REQUEST "\x03\x00\x00\x2a\x25\xe0\x00\x00\x00\x00\x00" "Cookie: mstshash=eltons\r\n" "\x01\x00\x08\x00\x00"
#define COOKIE_ENDS 36

static void whole(void **state)
{
	struct slice name, value;

	(void)state;
	assert_int_equal(rdp_cookie(SLICE(REQUEST), &name, &value), COOKIE_ENDS);
	assert_true(slice_is(name, "mstshash"));
	assert_true(slice_is(value, "eltons"));
	assert_int_equal(rdp_cookie(SLICE("\x03\0\0\x19\x14\xe0\0\0\0\0\0cOOKIE: m=\r\n" "more"), &name, &value), 23);
	assert_int_equal(value.len, 0);
	assert_int_equal(rdp_cookie(SLICE("\x03\0\0\x19\x14\xe0\0\0\0\0\0Cookie:m=v\r\n"), &name, &value), 23);
	assert_true(slice_is(name, "m") && slice_is(value, "v"));
}

static void in_pieces(void **state)
{
	struct slice name, value;

	(void)state;
	for (size_t n = 0; n < sizeof(REQUEST); n++) {
		int r = rdp_cookie(slice_make(REQUEST, n), &name, &value);
		assert_int_equal(r, n < COOKIE_ENDS ? 0 : COOKIE_ENDS);
	}
}

static int spoilt(size_t at, char byte)
{
	char text[sizeof(REQUEST)];
	struct slice name, value;

	memcpy(text, REQUEST, sizeof(text));
	text[at] = byte;
	return rdp_cookie(slice_make(text, sizeof(text) - 1), &name, &value);
}

static void faults(void **state)
{
	struct slice name, value;

	(void)state;
	assert_int_equal(spoilt(0, 2), -1);
	assert_int_equal(spoilt(1, 1), -2);
	assert_int_equal(spoilt(3, 5), -3);                    /* claims less than a head */
	assert_int_equal(spoilt(3, 30), -31);                  /* ends inside the value */
	assert_int_equal(spoilt(3, 35), -36);                  /* ends inside the line's end */
	assert_int_equal(spoilt(4, 5), -5);
	assert_int_equal(spoilt(5, '\xd0'), -6);
	assert_int_equal(spoilt(11, 'X'), -12);
	assert_int_equal(spoilt(19, '='), -20);                /* no name */
	assert_int_equal(spoilt(22, '\0'), -23);
	assert_int_equal(spoilt(30, '\n'), -31);
	assert_int_equal(spoilt(35, ' '), -36);
	/* The fault is seen before the rest has come. */
	assert_int_equal(rdp_cookie(SLICE("GET / HTTP/1.1\r\n"), &name, &value), -1);
	assert_int_equal(rdp_cookie(SLICE("\x16\x03\x01"), &name, &value), -1);
	assert_int_equal(rdp_cookie(SLICE("\x03\x00\x00\x2a\x25\xf0"), &name, &value), -6);
	assert_int_equal(rdp_cookie(slice_make(NULL, 0), &name, &value), 0);
}

static void endless_values(void **state)
{
	static char text[2048] = "\x03\x00\x07\xff\xfe\xe0\x00\x00\x00\x00\x00" "Cookie: mstshash=";
	struct slice name, value;

	(void)state;
	memcpy(text + 11, "Cookie: mstshash=", 17);
	memset(text + 28, 'x', sizeof(text) - 28);
	assert_int_equal(rdp_cookie(slice_make(text, 500), &name, &value), 0);
	assert_true(rdp_cookie(slice_make(text, sizeof(text)), &name, &value) < 0);
}

int rdp_test(void);
int rdp_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(in_pieces),
		cmocka_unit_test(faults),
		cmocka_unit_test(endless_values),
	};

	return cmocka_run_group_tests_name("wire/rdp", tests, NULL, NULL);
}
