/* SPDX-License-Identifier: Apache-2.0
 *
 * Who tracks whom: all who track one server stand in its list, in the order of the file and ended by NULL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "proxy/track.h"

int track_test(void);

static void all_in_order(void **state)
{
	struct proxy_list others = TAILQ_HEAD_INITIALIZER(others); /* what other tests left */
	TAILQ_CONCAT(&others, &proxies, link);
	struct proxy *be = proxy_new("tracked", PROXY_BE, NULL, "test", 1);
	struct server *first = server_new(be, "first", "test", 2), *s = first;
	char name[16];

	(void)state;
	first->set.check = true;
	for (int i = 0; i < 70; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		server_new(be, name, "test", 3 + i)->set.track = "tracked/first";
	}
	assert_true(tracks_resolve());
	assert_int_equal(first->tracker_count, 70);
	for (uint32_t i = 0; i < first->tracker_count; i++) {
		s = TAILQ_NEXT(s, link);
		assert_ptr_equal(first->trackers[i], s);
		assert_ptr_equal(s->track, first);
	}
	assert_null(first->trackers[70]);
	free(first->trackers);
	first->trackers = NULL;
	proxy_unlist(be);
	TAILQ_CONCAT(&proxies, &others, link);
}

int track_test(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(all_in_order) };

	return cmocka_run_group_tests_name("track", tests, NULL, NULL);
}
