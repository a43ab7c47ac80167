/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses: every form that is read, strictly, printed, and passed to and from the kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/un.h>
#include "base/addr.h"

static struct addr ip(const char *text, uint16_t port)
{
	struct addr a;

	assert_true(addr_parse_ip(slice_of(text), &a));
	a.port = port;
	return a;
}

static void reads_strictly(void **state)
{
	static const char *const bad[] = { "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.04", "01.2.3.4", " 1.2.3.4",
		"1.2.3.4 ", "1..2.3", "1.2.3.4:80", "[::1]", "::1%lo", ":::", "1::2::3", "12345::", "::g",
		"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1.2.3", "localhost", "0x1.2.3.4",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb" };
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(addr_parse_ip(slice_of(bad[i]), &a));
	assert_false(addr_parse_ip(SLICE("1.2.3.4\0"), &a));
	assert_true(addr_parse_ip(slice_make("1.2.3.45", 7), &a));
	assert_int_equal(a.ip[3], 4);
	assert_int_equal(a.port, 0);
}

static void prints(void **state)
{
	static const struct {
		const char *in, *text, *port, *brackets;
	} rows[] = {
		{ "0.0.0.0", "0.0.0.0", "0.0.0.0:65535", "0.0.0.0:65535" },
		{ "255.255.255.255", "255.255.255.255", "255.255.255.255:65535", "255.255.255.255:65535" },
		{ "10.20.0.199", "10.20.0.199", "10.20.0.199:65535", "10.20.0.199:65535" },
		{ "::", "::", ":::65535", "[::]:65535" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1", "2001:db8::1:65535", "[2001:db8::1]:65535" },
		{ "::ffff:1.2.3.4", "1.2.3.4", "1.2.3.4:65535", "1.2.3.4:65535" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:65535",
			"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
	};
	char text[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr a = ip(rows[i].in, 65535);
		assert_int_equal(addr_format_ip(&a, text), strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
		assert_int_equal(addr_format(&a, text, false), strlen(rows[i].port));
		assert_string_equal(text, rows[i].port);
		assert_int_equal(addr_format(&a, text, true), strlen(rows[i].brackets));
		assert_string_equal(text, rows[i].brackets);
		struct strbuf b = STRBUF_EMPTY;
		strbuf_add_ip(&b, &a);
		assert_string_equal(b.ptr, rows[i].text);
		strbuf_free(&b);
	}
	assert_int_equal(addr_format(&(struct addr){ .family = AF_UNIX }, text, true), 4);
	assert_string_equal(text, "unix");
	assert_int_equal(addr_format(&(struct addr){ 0 }, text, true), 1);
	assert_string_equal(text, "-");
}

static void unmaps(void **state)
{
	struct addr a = ip("::ffff:0:0", 0);

	(void)state;
	assert_int_equal(a.family, AF_INET);
	a = ip("::fffe:1.2.3.4", 0);
	assert_int_equal(a.family, AF_INET6);
	assert_false(addr_unmap(&a));
	a = ip("1.2.3.4", 0);
	assert_false(addr_unmap(&a));
	a = (struct addr){ .family = AF_INET6, .ip = { [10] = 0xff, 0xff, 9, 8, 7, 6 } };
	assert_true(addr_unmap(&a));
	struct addr same = ip("9.8.7.6", 0);
	assert_memory_equal(&a, &same, sizeof(a));
}

static void kernel_and_back(void **state)
{
	static const char *const texts[] = { "192.0.2.1", "2001:db8::1" };
	struct sockaddr_storage ss;
	struct addr back;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct addr a = ip(texts[i], 443);
		assert_int_equal(addr_to_sockaddr(&a, &ss),
			i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		assert_true(addr_from_sockaddr(&back, (struct sockaddr *)&ss));
		assert_true(addr_same(&a, &back));
	}
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6, .sin6_port = htons(80) };
	mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
	mapped.sin6_addr.s6_addr[15] = 1;
	assert_true(addr_from_sockaddr(&back, (struct sockaddr *)&mapped));
	struct addr four = ip("0.0.0.1", 80);
	assert_true(addr_same(&back, &four));

	struct sockaddr_un un = { .sun_family = AF_UNIX };
	assert_true(addr_from_sockaddr(&back, (struct sockaddr *)&un));
	assert_int_equal(back.family, AF_UNIX);
	assert_int_equal(addr_to_sockaddr(&back, &ss), 0);
	struct sockaddr other = { .sa_family = AF_NETLINK };
	assert_false(addr_from_sockaddr(&back, &other));
	assert_int_equal(back.family, AF_UNSPEC);
}

static void compares(void **state)
{
	struct addr a = ip("1.2.3.4", 1), b = ip("1.2.3.4", 2), c = ip("1.2.3.5", 1), six = ip("102:304::", 1);
	struct addr u = { .family = AF_UNIX };

	(void)state;
	assert_true(addr_same_ip(&a, &b));
	assert_false(addr_same(&a, &b));
	assert_false(addr_same_ip(&a, &c));
	/* Equal first bytes, other family. */
	assert_false(addr_same_ip(&a, &six));
	assert_true(addr_same(&u, &u));
	assert_false(addr_same(&u, &a));
}

static void reads_networks(void **state)
{
	static const struct {
		const char *in, *addr;
		unsigned bits;
	} rows[] = {
		{ "10.1.2.3/8", "10.0.0.0", 8 },
		{ "10.1.2.3", "10.1.2.3", 32 },
		{ "255.255.255.255/0", "0.0.0.0", 0 },
		{ "255.255.255.255/31", "255.255.255.254", 31 },
		{ "10.1.2.3/255.0.0.0", "10.0.0.0", 8 },
		{ "10.1.2.3/0.0.0.0", "0.0.0.0", 0 },
		{ "10.1.2.3/255.255.255.255", "10.1.2.3", 32 },
		{ "192.168.1/22", "192.168.0.0", 22 },
		{ "127.1", "127.0.0.1", 32 },
		{ "10.12", "10.0.0.12", 32 },
		{ "::1", "::1", 128 },
		{ "2001:db8:ffff::/33", "2001:db8:8000::", 33 },
		{ "::/0", "::", 0 },
		{ "::ffff:10.1.2.3/104", "10.0.0.0", 8 },
		{ "::ffff:10.1.2.3", "10.1.2.3", 32 },
		{ "::ffff:0:0/96", "0.0.0.0", 0 },
		{ "::ffff:0:0/95", "::fffe:0:0", 95 },
	};
	static const char *const bad[] = { "", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/0008",
		"10.0.0.0/255.0.255.0", "10.0.0.0/0.255.255.255", "10.0.0.0/::", "::/255.0.0.0", "10", "10.0.0.0.0/8",
		"10.256/8", "10..1/8", "10.1.", ".1", "1.02", "10.0.0.0/8/8" };
	struct addr_net net;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[ADDR_TEXT_MAX];
		assert_true(addr_net_parse(slice_of(rows[i].in), &net));
		addr_format_ip(&net.addr, text);
		assert_string_equal(text, rows[i].addr);
		assert_int_equal(net.bits, rows[i].bits);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (addr_net_parse(slice_of(bad[i]), &net))
			fail_msg("read as a network: %s", bad[i]);
}

static void networks_hold(void **state)
{
	static const struct {
		const char *net, *in, *out;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.255.255", "11.0.0.0" },
		{ "10.0.0.0/9", "10.127.0.1", "10.128.0.0" },
		{ "10.0.0.1", "10.0.0.1", "10.0.0.2" },
		{ "10.0.0.0/31", "10.0.0.1", "10.0.0.2" },
		{ "0.0.0.0/0", "255.0.0.1", "::1" },
		{ "2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::" },
		{ "::/0", "ffff::", "1.2.3.4" },
		{ "::1", "::1", "::2" },
		{ "0.0.0.0/1", "::ffff:1.2.3.4", "::ffff:128.0.0.0" },
	};
	struct addr_net net;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr in = ip(rows[i].in, 0), out = ip(rows[i].out, 0);
		assert_true(addr_net_parse(slice_of(rows[i].net), &net));
		assert_true(addr_net_has(&net, &in));
		assert_false(addr_net_has(&net, &out));
	}
	assert_false(addr_net_has(&net, &(struct addr){ .family = AF_UNIX }));
}

int addr_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_strictly),
		cmocka_unit_test(prints),
		cmocka_unit_test(unmaps),
		cmocka_unit_test(kernel_and_back),
		cmocka_unit_test(compares),
		cmocka_unit_test(reads_networks),
		cmocka_unit_test(networks_hold),
	};

	return cmocka_run_group_tests_name("base/addr", tests, NULL, NULL);
}
