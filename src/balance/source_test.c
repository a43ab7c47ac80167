/* SPDX-License-Identifier: Apache-2.0
 *
 * source: the servers HAProxy 2.6.12 chose for the same addresses and weights; clients without an address.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/hash.h"
#include "core/epoch.h"
#include "proxy/balance.h"
#include "proxy/health.h"
#include "proxy/stream.h"

static struct proxy *be;
static struct server *s[4];
static struct session session;
static struct stream stream;

static void backend(void)
{
	static const int weights[4] = { 5, 3, 2, 7 };
	static const char *const names[4] = { "a", "b", "c", "d" };

	be = proxy_new("be", PROXY_BE, NULL, "test", 1);
	be->set.balance = registry_find(&balance_registry, SLICE("source"));
	for (int i = 0; i < 4; i++) {
		s[i] = server_new(be, names[i], "test", 2);
		s[i]->set.weight = weights[i];
		health_init(s[i]);
	}
	stream = (struct stream){ .session = &session };
}

static void end(void)
{
	be->set.balance->free(be);
	epoch_collect(1);
}

static char served(const char *ip)
{
	assert_true(addr_parse_ip(slice_of(ip), &session.src));
	return be->set.balance->pick(be, &stream, NULL)->name[0];
}

static const char *const ips[] = { "10.0.0.1", "192.0.2.77", "203.0.113.255", "1.2.3.4", "172.16.254.3", "8.8.8.8", "198.51.100.23",
	"2001:db8::1", "2001:db8:1:2:3:4:5:6", "fe80::1", "2a00:1450:4001:82a::200e" };

static void haproxys_choice(void **state)
{
	(void)state;
	backend();
	balance_update(be);
	for (size_t i = 0; i < sizeof(ips) / sizeof(ips[0]); i++) {
		be->set.balancing.avalanche = false;
		be->set.balancing.hash = NULL;
		assert_int_equal(served(ips[i]), "bdaaaccaddb"[i]);
		be->set.balancing.hash = hash_crc32; /* not asked for an address */
		assert_int_equal(served(ips[i]), "bdaaaccaddb"[i]);
		be->set.balancing.avalanche = true;
		assert_int_equal(served(ips[i]), "bdddcddcdab"[i]);
	}
	assert_true(stream.bound);
	end();
}

static void the_port_does_not_matter(void **state)
{
	(void)state;
	for (int consistent = 0; consistent < 2; consistent++) {
		backend();
		be->set.balancing.consistent = consistent;
		balance_update(be);
		for (size_t i = 0; i < sizeof(ips) / sizeof(ips[0]); i++) {
			char first = served(ips[i]);
			for (uint16_t port = 0; port < 20; port++) {
				session.src.port = port;
				assert_int_equal(be->set.balance->pick(be, &stream, NULL)->name[0], first);
			}
		}
		end();
	}
}

static void neighbours_spread_on_the_ring(void **state)
{
	unsigned got[4] = { 0 };

	(void)state;
	backend();
	be->set.balancing.consistent = be->set.balancing.avalanche = true;
	balance_update(be);
	session.src = (struct addr){ .family = AF_INET, .ip = { 10, 0, 0, 0 } };
	for (int i = 0; i < 1024; i++) {
		session.src.ip[2] = (uint8_t)(i >> 8);
		session.src.ip[3] = (uint8_t)i;
		struct server *srv = be->set.balance->pick(be, &stream, NULL);
		for (int j = 0; j < 4; j++)
			got[j] += srv == s[j];
	}
	for (int j = 0; j < 4; j++)
		assert_in_range(got[j], 1024 * s[j]->set.weight / 17 / 2, 1024 * s[j]->set.weight / 17 * 2);
	end();
}

static void unix_clients_take_turns(void **state)
{
	(void)state;
	backend();
	balance_update(be);
	session.src = (struct addr){ .family = AF_UNIX };
	for (const char *order = "abdadbadcdabdadcd"; *order; order++)
		assert_int_equal(be->set.balance->pick(be, &stream, NULL)->name[0], *order);
	assert_false(stream.bound);
	end();
}

int source_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(haproxys_choice),
		cmocka_unit_test(the_port_does_not_matter),
		cmocka_unit_test(neighbours_spread_on_the_ring),
		cmocka_unit_test(unix_clients_take_turns),
	};

	registries_open();
	return cmocka_run_group_tests_name("balance/source", tests, NULL, NULL);
}
