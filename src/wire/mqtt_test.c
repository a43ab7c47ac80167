/* SPDX-License-Identifier: Apache-2.0
 *
 * MQTT: CONNECT and CONNACK of each version with all they can hold, in pieces, and with each rule broken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/mqtt.h"

int mqtt_test(void);

/* A packet: its type and length before the body. */
static struct slice packet(uint8_t type, struct slice body)
{
	static char text[300];
	size_t head = body.len < 128 ? 2 : 3;

	text[0] = (char)type;
	text[1] = (char)((body.len & 0x7f) | (head == 3 ? 0x80 : 0));
	text[2] = (char)(body.len >> 7);
	memcpy(text + head, body.ptr, body.len);
	return slice_make(text, head + body.len);
}

static int parse(uint8_t type, struct slice body)
{
	struct mqtt_packet p;
	struct slice all = packet(type, body);
	int r = mqtt_parse(all, &p);

	assert_true(r <= 0 || (size_t)r == all.len);
	return r;
}
#define CONNECT(body) parse(0x10, SLICE(body))
#define CONNACK(body) parse(0x20, SLICE(body))

static bool is_text(const struct mqtt_packet *p, unsigned field, const char *text)
{
	return p->fields[field].given && p->fields[field].is_text && slice_is(p->fields[field].text, text);
}

static bool is_number(const struct mqtt_packet *p, unsigned field, uint32_t n)
{
	return p->fields[field].given && !p->fields[field].is_text && p->fields[field].num == n;
}

#define V4 "\0\4MQTT\4"
#define V5 "\0\4MQTT\5"
#define PROPERTIES "\x11\0\0\0\x09" "\x21\0\x14" "\x27\0\0\1\0" "\x22\0\7" "\x19\1" "\x17\0" "\x15\0\2am" "\x16\0\2" "ad" \
	"\x26\0\1k\0\1v" "\x26\0\1k\0\1v"
#define WILL_PROPERTIES "\x18\0\0\0\5" "\1\1" "\2\0\0\0\6" "\3\0\2ct" "\x08\0\2rt" "\x09\0\2" "cd"
_Static_assert(sizeof(PROPERTIES) - 1 == 44 && sizeof(WILL_PROPERTIES) - 1 == 27, "their lengths stand below");
#define FULL_V5 V5 "\xee\1\2" "\x2c" PROPERTIES "\0\2id" "\x1b" WILL_PROPERTIES "\0\2wt" "\0\2wp" "\0\2us" "\0\2pw"

static void connect_of_3(void **state)
{
	struct mqtt_packet p;

	(void)state;
	assert_true(mqtt_parse(packet(0x10, SLICE("\0\6MQIsdp\3\x82\1\2\0\2id\0\1u")), &p) > 0);
	assert_int_equal(p.type, MQTT_CONNECT);
	assert_true(is_text(&p, MQTT_PROTOCOL_NAME, "MQIsdp") && is_number(&p, MQTT_PROTOCOL_VERSION, 3));
	assert_true(is_number(&p, MQTT_FLAGS, 0x82) && is_number(&p, MQTT_KEEPALIVE, 258));
	assert_true(is_text(&p, MQTT_CLIENT_IDENTIFIER, "id") && is_text(&p, MQTT_USERNAME, "u"));
	assert_false(p.fields[MQTT_PASSWORD].given || p.fields[MQTT_WILL_TOPIC].given || p.fields[MQTT_REASON_CODE].given);
}

static void connect_of_5(void **state)
{
	static const struct { unsigned property; uint32_t num; const char *text; } has[] = {
		{ 17, 9, NULL }, { 33, 20, NULL }, { 39, 256, NULL }, { 34, 7, NULL }, { 25, 1, NULL }, { 23, 0, NULL }, { 21, 0, "am" },
		{ 22, 0, "ad" }, { 24, 5, NULL }, { 1, 1, NULL }, { 2, 6, NULL }, { 3, 0, "ct" }, { 8, 0, "rt" }, { 9, 0, "cd" },
	};
	struct mqtt_packet p;

	(void)state;
	assert_true(mqtt_parse(packet(0x10, SLICE(FULL_V5)), &p) > 0);
	for (size_t i = 0; i < sizeof(has) / sizeof(has[0]); i++)
		assert_true(has[i].text ? is_text(&p, MQTT_PROPERTY + has[i].property, has[i].text) :
			is_number(&p, MQTT_PROPERTY + has[i].property, has[i].num));
	assert_true(is_text(&p, MQTT_WILL_TOPIC, "wt") && is_text(&p, MQTT_WILL_PAYLOAD, "wp"));
	assert_true(is_text(&p, MQTT_USERNAME, "us") && is_text(&p, MQTT_PASSWORD, "pw"));
	assert_false(p.fields[MQTT_PROPERTY + 38].given);
}

static void connack(void **state)
{
	struct mqtt_packet p;

	(void)state;
	assert_true(mqtt_parse(packet(0x20, SLICE("\1\5")), &p) > 0);
	assert_int_equal(p.type, MQTT_CONNACK);
	assert_true(is_number(&p, MQTT_FLAGS, 1) && is_number(&p, MQTT_REASON_CODE, 5) && is_number(&p, MQTT_PROTOCOL_VERSION, 4));
	assert_true(mqtt_parse(packet(0x20, SLICE("\0\x80\x0f\x24\1\x13\0\x1e\x1f\0\2rs\x28\0\x12\0\0")), &p) > 0);
	assert_true(is_number(&p, MQTT_PROTOCOL_VERSION, 5) && is_number(&p, MQTT_REASON_CODE, 128));
	assert_true(is_number(&p, MQTT_PROPERTY + 36, 1) && is_number(&p, MQTT_PROPERTY + 19, 30) && is_text(&p, MQTT_PROPERTY + 31, "rs"));
	assert_true(is_text(&p, MQTT_PROPERTY + 18, ""));
	assert_true(CONNACK("\0\0\0") > 0);
	assert_int_equal(CONNACK("\2\0"), -1);
	assert_int_equal(CONNACK("\0"), -1);
	assert_int_equal(CONNACK("\0\0\1"), -1);
	assert_int_equal(CONNACK("\0\0\0\0"), -1);
	assert_int_equal(CONNACK("\0\0\2\x19\1"), -1);
}

static void in_pieces(void **state)
{
	static const struct slice bodies[] = { SLICE(FULL_V5), SLICE(V4 "\xc2\0\0\0\0\0\1u\0\1p") };
	struct mqtt_packet p;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct slice all = packet(0x10, bodies[i]);
		for (size_t n = 0; n < all.len; n++)
			assert_int_equal(mqtt_parse(slice_make(all.ptr, n), &p), 0);
		assert_int_equal(mqtt_parse(slice_make(all.ptr, all.len + 1), &p), all.len);
		/* The same when the packet says it is over: then it is not whole. */
		for (size_t n = 0; n < bodies[i].len; n++)
			assert_int_equal(parse(0x10, slice_make(bodies[i].ptr, n)), -1);
	}
}

static void broken_packets(void **state)
{
	struct mqtt_packet p;

	(void)state;
	assert_true(CONNECT(V4 "\2\0\0\0\0") > 0);
	assert_int_equal(parse(0x11, SLICE(V4 "\2\0\0\0\0")), -1);
	assert_int_equal(parse(0x30, SLICE("\0\1a")), -1);
	assert_int_equal(CONNECT(V4 "\2\0\0\0\0x"), -1);
	assert_int_equal(CONNECT("\0\4MQTX\4\2\0\0\0\0"), -1);
	assert_int_equal(CONNECT("\0\6MQIsdp\4\2\0\0\0\0"), -1);
	assert_int_equal(CONNECT("\0\4MQTT\3\2\0\0\0\0"), -1);
	assert_int_equal(CONNECT("\0\4MQTT\6\2\0\0\0\0"), -1);
	assert_int_equal(CONNECT(V4 "\3\0\0\0\0"), -1);                 /* the reserved flag */
	assert_int_equal(CONNECT(V4 "\x1e\0\0\0\0\0\1t\0\1p"), -1);     /* a quality of 3 */
	assert_int_equal(CONNECT(V4 "\x0a\0\0\0\0"), -1);               /* one of no will */
	assert_int_equal(CONNECT(V4 "\x22\0\0\0\0"), -1);               /* no will to be kept */
	assert_int_equal(CONNECT(V4 "\x42\0\0\0\0\0\1p"), -1);          /* a password and no user */
	assert_true(CONNECT(V5 "\x42\0\0\0\0\0\0\1p") > 0);             /* which 5.0 allows */
	assert_int_equal(mqtt_parse(SLICE("\x10\xff\xff\xff\xff"), &p), -1);
	assert_int_equal(mqtt_parse(SLICE("\x10\xff\xff\xff\x7f"), &p), 0);
	assert_int_equal(mqtt_parse(SLICE("\x10\x8c\0" V4 "\2\0\0\0\0"), &p), 15);
}

static void broken_properties(void **state)
{
	(void)state;
	assert_true(CONNECT(V5 "\2\0\0\3\x21\0\1\0\0") > 0);
	assert_int_equal(CONNECT(V5 "\2\0\0\6\x21\0\1\x21\0\1\0\0"), -1);   /* twice */
	assert_int_equal(CONNECT(V5 "\2\0\0\3\x21\0\0\0\0"), -1);           /* none may come */
	assert_int_equal(CONNECT(V5 "\2\0\0\5\x27\0\0\0\0\0\0"), -1);       /* of no bytes */
	assert_int_equal(CONNECT(V5 "\2\0\0\2\x21\0\0\0"), -1);             /* cut */
	assert_int_equal(CONNECT(V5 "\2\0\0\2\x19\2\0\0"), -1);             /* neither yes nor no */
	assert_int_equal(CONNECT(V5 "\2\0\0\2\x24\1\0\0"), -1);             /* a CONNACK's */
	assert_int_equal(CONNECT(V5 "\2\0\0\2\1\1\0\0"), -1);               /* a will's */
	assert_int_equal(CONNECT(V5 "\2\0\0\2\x7f\1\0\0"), -1);             /* nobody's */
	assert_int_equal(CONNECT(V5 "\2\0\0\2\0\1\0\0"), -1);
	assert_int_equal(CONNECT(V5 "\2\0\0\4\x16\0\1a\0\0"), -1);          /* data of no method */
	assert_int_equal(CONNECT(V5 "\2\0\0\6\x26\0\1k\0\2\0\0"), -1);      /* a pair that is cut */
}

static void properties_by_packet(void **state)
{
	(void)state;
	assert_true(mqtt_has_property(MQTT_CONNECT, 24) && mqtt_has_property(MQTT_CONNECT, 17) && mqtt_has_property(MQTT_CONNACK, 17));
	assert_false(mqtt_has_property(MQTT_CONNECT, 36) || mqtt_has_property(MQTT_CONNACK, 24) || mqtt_has_property(MQTT_CONNECT, 38));
	assert_false(mqtt_has_property(MQTT_CONNECT, 0) || mqtt_has_property(MQTT_CONNACK, 43) || mqtt_has_property(MQTT_CONNACK, 1000));
}

int mqtt_test(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(connect_of_3), cmocka_unit_test(connect_of_5), cmocka_unit_test(connack), cmocka_unit_test(in_pieces),
		cmocka_unit_test(broken_packets), cmocka_unit_test(broken_properties), cmocka_unit_test(properties_by_packet),
	};

	return cmocka_run_group_tests_name("mqtt", tests, NULL, NULL);
}
