/* SPDX-License-Identifier: Apache-2.0
 *
 * The prefix tree against the plain walk over the list it stands for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/radix.h"

static void add(struct radix *r, const char *text, char *value)
{
	struct addr_net net;

	assert_true(addr_net_parse(slice_of(text), &net));
	assert_true(radix_add(r, &net, value));
}

static struct addr ip(const char *text)
{
	struct addr a;

	assert_true(addr_parse_ip(slice_of(text), &a));
	return a;
}

static void finds(const struct radix *r, const char *text, const char *first, const char *longest)
{
	struct addr a = ip(text);
	const struct radix_entry *one = radix_first(r, &a), *two = radix_longest(r, &a);

	assert_int_equal(one != NULL, first != NULL);
	assert_int_equal(two != NULL, longest != NULL);
	if (one)
		assert_string_equal(one->value, first);
	if (two)
		assert_string_equal(two->value, longest);
}

static void by_hand(void **state)
{
	struct radix r = RADIX_EMPTY;

	(void)state;
	finds(&r, "1.2.3.4", NULL, NULL);
	add(&r, "10.1.0.0/16", "a");
	add(&r, "10.0.0.0/8", "b");
	add(&r, "10.1.2.0/24", "c");
	add(&r, "10.1.2.3", "d");
	add(&r, "10.1.2.3", "twice");
	add(&r, "2001:db8::/32", "e");
	add(&r, "2001:db8::1", "f");
	finds(&r, "10.1.2.3", "a", "d");
	finds(&r, "10.1.2.4", "a", "c");
	finds(&r, "10.1.3.4", "a", "a");
	finds(&r, "10.2.0.0", "b", "b");
	finds(&r, "11.0.0.0", NULL, NULL);
	finds(&r, "::1", NULL, NULL);
	finds(&r, "2001:db8::1", "e", "f");
	finds(&r, "2001:db8:ffff::", "e", "e");
	finds(&r, "2001:db9::", NULL, NULL);
	add(&r, "0.0.0.0/0", "g");
	add(&r, "12.0.0.0/8", "h");
	finds(&r, "11.0.0.0", "g", "g");
	finds(&r, "12.0.0.0", "g", "h");
	finds(&r, "10.2.0.0", "b", "b");
	finds(&r, "::1", NULL, NULL);
	struct addr a = ip("12.0.0.1");
	assert_int_equal(radix_longest(&r, &a)->order, 8);
	assert_int_equal(radix_longest(&r, &a)->net.bits, 8);
	assert_null(radix_longest(&r, &(struct addr){ .family = AF_UNIX }));
	assert_false(radix_add(&r, &(struct addr_net){ .addr = { .family = AF_UNIX } }, NULL));
	radix_free(&r);
	finds(&r, "10.1.2.3", NULL, NULL);
}

static uint32_t random_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Few different bytes, so that prefixes share and nest. */
static struct addr random_addr(uint32_t *seed, bool six)
{
	struct addr a = { .family = six ? AF_INET6 : AF_INET };

	for (unsigned i = 0; i < (six ? 16 : 4); i++)
		a.ip[i] = (uint8_t)(random_next(seed) % 3 * 0x55 + random_next(seed) % 2);
	return a;
}

static void as_the_list(void **state)
{
	enum { NETS = 600, LOOKUPS = 3000 };
	static struct addr_net nets[NETS];
	struct radix r = RADIX_EMPTY;
	uint32_t seed = 20240607;
	unsigned hits = 0;

	(void)state;
	for (unsigned i = 0; i < NETS; i++) {
		char text[ADDR_TEXT_MAX + 8];
		bool six = i % 2;
		struct addr a = random_addr(&seed, six);
		size_t len = addr_format_ip(&a, text);
		struct strbuf b;
		strbuf_init_fixed(&b, text + len, sizeof(text) - len);
		strbuf_addf(&b, "/%u", 6 + random_next(&seed) % (six ? 123 : 27));
		assert_true(addr_net_parse(slice_of(text), &nets[i]));
		assert_true(radix_add(&r, &nets[i], &nets[i]));
	}
	for (unsigned n = 0; n < LOOKUPS; n++) {
		struct addr a = random_addr(&seed, n % 2);
		const struct addr_net *first = NULL, *longest = NULL;
		for (unsigned i = 0; i < NETS; i++) {
			if (!addr_net_has(&nets[i], &a))
				continue;
			first = first ? first : &nets[i];
			longest = longest && longest->bits >= nets[i].bits ? longest : &nets[i];
		}
		const struct radix_entry *one = radix_first(&r, &a), *two = radix_longest(&r, &a);
		assert_ptr_equal(one ? one->value : NULL, first);
		assert_ptr_equal(two ? two->value : NULL, longest);
		if (one)
			assert_int_equal(one->order, first - nets);
		hits += first != longest;
	}
	/* The lookups were worth something. */
	assert_true(hits > LOOKUPS / 10);
	radix_free(&r);
}

int radix_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(as_the_list),
	};

	return cmocka_run_group_tests_name("base/radix", tests, NULL, NULL);
}
