/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses as configurations write them: every form, and what is refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include "conn/endpoint.h"

static void reads_as(const char *text, unsigned flags, const char *shown)
{
	struct strbuf err = STRBUF_EMPTY, out = STRBUF_EMPTY;
	struct endpoint e;

	assert_true(endpoint_parse(slice_of(text), flags, &e, &err));
	endpoint_format(&e, &out);
	assert_string_equal(out.ptr, shown);
	free(e.path);
	free((char *)e.host);
	strbuf_free(&out);
	strbuf_free(&err);
}

static void refused(const char *text, unsigned flags)
{
	struct strbuf err = STRBUF_EMPTY;
	struct endpoint e;

	assert_false(endpoint_parse(slice_of(text), flags, &e, &err));
	assert_true(err.len > 0);
	strbuf_free(&err);
}

static void refused_saying(const char *text, const char *why)
{
	struct strbuf err = STRBUF_EMPTY;
	struct endpoint e;

	assert_false(endpoint_parse(slice_of(text), ENDPOINT_NEED_PORT, &e, &err));
	if (!strstr(err.ptr, why))
		fail_msg("%s", err.ptr);
	strbuf_free(&err);
}

static void addresses_of_every_kind(void **state)
{
	(void)state;
	reads_as("10.0.0.1:80", 0, "10.0.0.1:80");
	reads_as("*:80", 0, "0.0.0.0:80");
	reads_as(":80", 0, "0.0.0.0:80");
	reads_as(":::443", 0, "[::]:443");
	reads_as("[2001:db8::1]:80", 0, "[2001:db8::1]:80");
	reads_as("2001:db8::1:80", 0, "[2001:db8::1]:80");
	reads_as("ipv4@127.0.0.1:1", 0, "127.0.0.1:1");
	reads_as("ipv6@:80", 0, "[::]:80");
	reads_as("ipv6@::1:80", 0, "[::1]:80");
	reads_as("tcp4@127.0.0.1:1", 0, "127.0.0.1:1");
	reads_as("unix@/run/x.sock", 0, "unix@/run/x.sock");
	reads_as("/run/x.sock", 0, "unix@/run/x.sock");
	reads_as("abns@name", 0, "abns@name");
	reads_as("fd@7", 0, "fd@7");
	struct addrinfo hints = { .ai_family = AF_INET }, *found;
	if (getaddrinfo("localhost", NULL, &hints, &found) == 0) { /* a bare root directory has no /etc/hosts */
		freeaddrinfo(found);
		reads_as("ipv4@localhost:81", 0, "127.0.0.1:81"); /* a name keeps its port */
	}
	reads_as("10.0.0.1", 0, "10.0.0.1:0");
}

static void ports(void **state)
{
	struct strbuf err = STRBUF_EMPTY;
	struct endpoint e;

	(void)state;
	assert_true(endpoint_parse(SLICE("127.0.0.1:8000-8010"), ENDPOINT_ALLOW_RANGE, &e, &err));
	assert_int_equal(e.addr.port, 8000);
	assert_int_equal(e.port_last, 8010);
	assert_true(endpoint_parse(SLICE("127.0.0.1:+100"), ENDPOINT_ALLOW_OFFSET, &e, &err));
	assert_int_equal(e.port, PORT_OFFSET);
	assert_int_equal(e.port_offset, 100);
	assert_true(endpoint_parse(SLICE("127.0.0.1:-1"), ENDPOINT_ALLOW_OFFSET, &e, &err));
	assert_int_equal(e.port_offset, -1);
	assert_true(endpoint_parse(SLICE("127.0.0.1"), 0, &e, &err));
	assert_int_equal(e.port, PORT_NONE);
	strbuf_free(&err);
}

static void what_is_refused(void **state)
{
	(void)state;
	refused("127.0.0.1:65536", 0);
	refused("127.0.0.1:8010-8000", ENDPOINT_ALLOW_RANGE);
	refused("127.0.0.1:80-90", 0);
	refused("127.0.0.1:+1", 0);
	refused("127.0.0.1:x", 0);
	refused("127.0.0.1", ENDPOINT_NEED_PORT);
	refused_saying("./run/my.sock", "missing port in address './run/my.sock'; if it is a path: 'unix@./run/my.sock'");
	refused_saying("my.sock", "'unix@my.sock'");
	refused("ipv4@::1:80", 0);
	refused("ipv6@10.0.0.1:80", 0);
	refused("unix@", 0);
	refused("fd@x", 0);
	refused("quic4@:443", 0);
	refused("no.such.host.invalid:80", ENDPOINT_NO_RESOLVE);
	refused("unix@/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0);
}

static void socket_addresses(void **state)
{
	struct strbuf err = STRBUF_EMPTY;
	struct sockaddr_storage ss;
	struct endpoint e;
	struct addr back;

	(void)state;
	assert_true(endpoint_parse(SLICE("127.0.0.1:80"), 0, &e, &err));
	assert_true(endpoint_sockaddr(&e, 81, &ss) > 0);
	assert_true(addr_from_sockaddr(&back, (struct sockaddr *)&ss));
	assert_int_equal(back.port, 81);
	assert_true(endpoint_parse(SLICE("abns@x"), 0, &e, &err));
	/* The whole path counts, zeroes included, as HAProxy has it. */
	assert_int_equal(endpoint_sockaddr(&e, 0, &ss), sizeof(struct sockaddr_un));
	assert_int_equal(((struct sockaddr_un *)&ss)->sun_path[0], 0);
	free(e.path);
	assert_true(endpoint_parse(SLICE("fd@3"), 0, &e, &err));
	assert_int_equal(endpoint_sockaddr(&e, 0, &ss), 0);
	strbuf_free(&err);
}

int endpoint_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_every_kind),
		cmocka_unit_test(ports),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(socket_addresses),
	};

	return cmocka_run_group_tests_name("conn/endpoint", tests, NULL, NULL);
}
