/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes that wait in a stream: put in, taken out, sent on and brought back, and what happens where they do not fit.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "proxy/channel.h"

static struct stream *with_input(const char *text)
{
	struct stream *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_true(channel_replace(s, false, 0, 0, slice_of(text)));
	return s;
}

static void end(struct stream *s)
{
	pump_release(&s->req);
	pump_release(&s->res);
	free(s);
}

static void assert_bytes(const struct stream *s, const char *output, const char *input)
{
	assert_true(slice_is(buf_slice(s->req.head), output));
	assert_true(slice_is(channel_input(s, false), input));
}

static void replaces(void **state)
{
	struct stream *s = with_input("hello world");

	(void)state;
	assert_true(channel_replace(s, false, 0, 5, SLICE("goodbye")));
	assert_bytes(s, "", "goodbye world");
	assert_true(channel_replace(s, false, 13, 0, SLICE("!")));
	assert_true(channel_replace(s, false, 7, 1, SLICE("")));
	assert_bytes(s, "", "goodbyeworld!");
	assert_true(channel_replace(s, false, 0, 13, SLICE("")));
	assert_bytes(s, "", "");
	assert_null(s->req.buf); /* nothing is kept for nothing */
	assert_true(channel_replace(s, false, 0, 0, SLICE("")));
	end(s);
}

static void output_goes_first(void **state)
{
	struct stream *s = with_input("one two");

	(void)state;
	assert_int_equal(channel_forward(s, false, 4), 4);
	assert_bytes(s, "one ", "two");
	assert_int_equal(channel_send(s, false, SLICE("and ")), 4);
	assert_bytes(s, "one and ", "two");
	assert_int_equal(channel_output(s, false), 8);
	assert_int_equal(channel_forward(s, false, SIZE_MAX), 3);
	assert_int_equal(channel_forward(s, false, 1), 0);
	assert_bytes(s, "one and two", "");
	assert_true(channel_replace(s, false, 0, 0, SLICE("!")));
	assert_true(channel_rejoin(s));
	assert_bytes(s, "", "one and two!");
	assert_true(channel_rejoin(s));
	assert_bytes(s, "", "one and two!");
	end(s);
}

/* What does not fit changes nothing. */
static void bounds(void **state)
{
	struct stream *s = with_input("abc");
	char *big = malloc(buf_small_size);

	(void)state;
	memset(big, 'x', buf_small_size);
	assert_false(channel_replace(s, false, 1, 1, slice_make(big, buf_small_size - 1)));
	assert_bytes(s, "", "abc");
	assert_false(channel_is_full(s, false));
	assert_true(channel_replace(s, false, 1, 1, slice_make(big, buf_small_size - 2)));
	assert_true(channel_is_full(s, false));
	assert_int_equal(channel_forward(s, false, 100), 100);
	assert_false(channel_is_full(s, false));
	assert_int_equal(channel_send(s, false, slice_make(big, buf_small_size)), buf_small_size - 100);
	assert_int_equal(channel_forward(s, false, 100), 0);
	assert_int_equal(channel_send(s, false, SLICE("more")), 0);
	assert_false(channel_rejoin(s));
	assert_int_equal(channel_output(s, false), buf_small_size);
	free(big);
	end(s);
}

int channel_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces), cmocka_unit_test(output_goes_first), cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests_name("proxy/channel", tests, NULL, NULL);
}
