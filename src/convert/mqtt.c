/* SPDX-License-Identifier: Apache-2.0
 *
 * mqtt_is_valid, mqtt_field_value(<packet>,<field>): the first packet of an MQTT client or server. Any thread.
 */
#include "base/assert.h"
#include "rule/fetch.h"
#include "wire/mqtt.h"

/* No value while the packet may still become one. */
static bool is_valid_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct mqtt_packet packet;
	int r = mqtt_parse(v->bytes, &packet);

	(void)a;
	(void)ev;
	*v = value_bool(r > 0);
	return r != 0;
}
CONVERTER(mqtt_is_valid) = { .keyword = "mqtt_is_valid", .usage = "mqtt_is_valid", .in = VALUE_BIN, .out = VALUE_BOOL,
	.convert = is_valid_convert };

static bool take_packet(struct arg *a, struct strbuf *err)
{
	bool connect = slice_is(a->str, "1") || slice_eq_nocase(a->str, SLICE("connect"));

	if (connect || slice_is(a->str, "2") || slice_eq_nocase(a->str, SLICE("connack"))) {
		a->num = connect ? MQTT_CONNECT : MQTT_CONNACK;
		return true;
	}
	strbuf_addf(err, "'%.*s' is no packet that is looked at: expected connect (1) or connack (2)", SLICE_FMT(a->str));
	return false;
}

static bool take_field(struct arg *a, enum mqtt_type type, struct strbuf *err)
{
	static const struct { const char *name; enum mqtt_field field; unsigned types; } names[] = {
		{ "flags", MQTT_FLAGS, 1 << MQTT_CONNECT | 1 << MQTT_CONNACK },
		{ "protocol_name", MQTT_PROTOCOL_NAME, 1 << MQTT_CONNECT },
		{ "protocol_version", MQTT_PROTOCOL_VERSION, 1 << MQTT_CONNECT | 1 << MQTT_CONNACK },
		{ "client_identifier", MQTT_CLIENT_IDENTIFIER, 1 << MQTT_CONNECT },
		{ "will_topic", MQTT_WILL_TOPIC, 1 << MQTT_CONNECT },
		{ "will_payload", MQTT_WILL_PAYLOAD, 1 << MQTT_CONNECT },
		{ "username", MQTT_USERNAME, 1 << MQTT_CONNECT },
		{ "password", MQTT_PASSWORD, 1 << MQTT_CONNECT },
		{ "keepalive", MQTT_KEEPALIVE, 1 << MQTT_CONNECT },
		{ "reason_code", MQTT_REASON_CODE, 1 << MQTT_CONNACK },
	};
	uint64_t number;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (!(names[i].types & 1u << type) || !slice_eq_nocase(a->str, slice_of(names[i].name)))
			continue;
		a->num = names[i].field;
		return true;
	}
	if (slice_to_u64(a->str, &number) && number <= MQTT_PROPERTY_MAX && mqtt_has_property(type, (unsigned)number)) {
		a->num = MQTT_PROPERTY + (int64_t)number;
		return true;
	}
	strbuf_addf(err, "'%.*s' is no field of this packet: expected the number of a property it has once, or", SLICE_FMT(a->str));
	bool more = false;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i].types & 1u << type) {
			strbuf_addf(err, "%s %s", more ? "," : "", names[i].name);
			more = true;
		}
	return false;
}

static bool value_check(struct args *a, struct strbuf *err)
{
	return take_packet(&a->v[0], err) && take_field(&a->v[1], (enum mqtt_type)a->v[0].num, err);
}

static bool value_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct mqtt_packet packet;

	if (mqtt_parse(v->bytes, &packet) <= 0 || packet.type != (enum mqtt_type)a->v[0].num)
		return false;
	const struct mqtt_value *f = &packet.fields[a->v[1].num];
	*v = f->is_text ? value_str(f->text) : value_int(f->num);
	return f->given && (!f->is_text || f->text.len > 0) && value_cast(v, VALUE_STR, ev->arena);
}
CONVERTER(mqtt_field_value) = { .keyword = "mqtt_field_value", .usage = "mqtt_field_value(<packet>,<field>)", .args = "ss",
	.in = VALUE_BIN, .out = VALUE_STR, .check = value_check, .convert = value_convert };
