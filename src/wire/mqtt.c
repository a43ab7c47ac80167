/* SPDX-License-Identifier: Apache-2.0
 *
 * CONNECT and CONNACK of MQTT; see mqtt.h. Pure: any thread.
 */
#include "wire/mqtt.h"

#define LENGTH_BYTES_MAX 4 /* of a packet, and of its properties */

/* What a CONNECT's flags say. */
#define FLAG_RESERVED 0x01
#define FLAG_WILL     0x04
#define FLAG_QOS      0x18
#define FLAG_RETAIN   0x20
#define FLAG_PASSWORD 0x40
#define FLAG_USER     0x80

/* ---- pieces ---- */

static bool take_number(struct slice *rest, unsigned len, uint32_t *out)
{
	if (rest->len < len)
		return false;
	*out = 0;
	for (unsigned i = 0; i < len; i++)
		*out = *out << 8 | (uint8_t)rest->ptr[i];
	*rest = slice_from(*rest, len);
	return true;
}

static bool take_bytes(struct slice *rest, uint32_t len, struct slice *out)
{
	if (rest->len < len)
		return false;
	*out = slice_make(rest->ptr, len);
	*rest = slice_from(*rest, len);
	return true;
}

/* Seven bits a byte, the lowest first. 1; 0: more bytes are needed; -1: too long. */
static int take_length(struct slice *rest, uint32_t *out)
{
	*out = 0;
	for (size_t i = 0; i < LENGTH_BYTES_MAX; i++) {
		if (i == rest->len)
			return 0;
		*out |= (uint32_t)((uint8_t)rest->ptr[i] & 0x7f) << (7 * i);
		if (!(rest->ptr[i] & 0x80)) {
			*rest = slice_from(*rest, i + 1);
			return 1;
		}
	}
	return -1;
}

static bool take_u(struct slice *rest, unsigned len, struct mqtt_value *v)
{
	return v->given = take_number(rest, len, &v->num);
}

static bool take_text(struct slice *rest, struct mqtt_value *v)
{
	uint32_t len;

	v->is_text = true;
	return v->given = take_number(rest, 2, &len) && take_bytes(rest, len, &v->text);
}

/* ---- properties ---- */

enum place { IN_CONNECT = 1, IN_CONNACK = 2, IN_WILL = 4 };
enum kind { KIND_NONE, KIND_BOOL, KIND_U16, KIND_U16_NOT_0, KIND_U32, KIND_U32_NOT_0, KIND_TEXT, KIND_PAIR };
#define USER_PROPERTY 38
#define AUTHENTICATION_METHOD 21
#define AUTHENTICATION_DATA 22

static const struct property { uint8_t kind, places; } properties[MQTT_PROPERTY_MAX + 1] = {
	[1] = { KIND_BOOL, IN_WILL },                      /* Payload Format Indicator */
	[2] = { KIND_U32, IN_WILL },                       /* Message Expiry Interval */
	[3] = { KIND_TEXT, IN_WILL },                      /* Content Type */
	[8] = { KIND_TEXT, IN_WILL },                      /* Response Topic */
	[9] = { KIND_TEXT, IN_WILL },                      /* Correlation Data */
	[17] = { KIND_U32, IN_CONNECT | IN_CONNACK },      /* Session Expiry Interval */
	[18] = { KIND_TEXT, IN_CONNACK },                  /* Assigned Client Identifier */
	[19] = { KIND_U16, IN_CONNACK },                   /* Server Keep Alive */
	[AUTHENTICATION_METHOD] = { KIND_TEXT, IN_CONNECT | IN_CONNACK },
	[AUTHENTICATION_DATA] = { KIND_TEXT, IN_CONNECT | IN_CONNACK },
	[23] = { KIND_BOOL, IN_CONNECT },                  /* Request Problem Information */
	[24] = { KIND_U32, IN_WILL },                      /* Will Delay Interval */
	[25] = { KIND_BOOL, IN_CONNECT },                  /* Request Response Information */
	[26] = { KIND_TEXT, IN_CONNACK },                  /* Response Information */
	[28] = { KIND_TEXT, IN_CONNACK },                  /* Server Reference */
	[31] = { KIND_TEXT, IN_CONNACK },                  /* Reason String */
	[33] = { KIND_U16_NOT_0, IN_CONNECT | IN_CONNACK }, /* Receive Maximum */
	[34] = { KIND_U16, IN_CONNECT | IN_CONNACK },      /* Topic Alias Maximum */
	[36] = { KIND_BOOL, IN_CONNACK },                  /* Maximum QoS */
	[37] = { KIND_BOOL, IN_CONNACK },                  /* Retain Available */
	[USER_PROPERTY] = { KIND_PAIR, IN_CONNECT | IN_CONNACK | IN_WILL },
	[39] = { KIND_U32_NOT_0, IN_CONNECT | IN_CONNACK }, /* Maximum Packet Size */
	[40] = { KIND_BOOL, IN_CONNACK },                  /* Wildcard Subscription Available */
	[41] = { KIND_BOOL, IN_CONNACK },                  /* Subscription Identifiers Available */
	[42] = { KIND_BOOL, IN_CONNACK },                  /* Shared Subscription Available */
};

bool mqtt_has_property(enum mqtt_type type, unsigned number)
{
	unsigned places = type == MQTT_CONNECT ? IN_CONNECT | IN_WILL : IN_CONNACK;

	return number <= MQTT_PROPERTY_MAX && number != USER_PROPERTY && properties[number].places & places;
}

static bool take_property(struct slice *rest, enum kind kind, struct mqtt_value *v)
{
	struct mqtt_value key;

	switch (kind) {
	case KIND_BOOL:
		return take_u(rest, 1, v) && v->num <= 1;
	case KIND_U16:
		return take_u(rest, 2, v);
	case KIND_U16_NOT_0:
		return take_u(rest, 2, v) && v->num;
	case KIND_U32:
		return take_u(rest, 4, v);
	case KIND_U32_NOT_0:
		return take_u(rest, 4, v) && v->num;
	case KIND_TEXT:
		return take_text(rest, v);
	case KIND_PAIR: /* it may come several times: none is kept */
		return take_text(rest, &key) && take_text(rest, &key);
	case KIND_NONE:
		break;
	}
	return false;
}

/* Their length, and each with its number before it; once, and where it has its place. */
static bool take_properties(struct slice *rest, enum place place, struct mqtt_packet *out)
{
	struct mqtt_value *values = out->fields + MQTT_PROPERTY;
	struct slice all;
	uint32_t len, number;

	if (take_length(rest, &len) != 1 || !take_bytes(rest, len, &all))
		return false;
	while (all.len)
		if (!take_number(&all, 1, &number) || number > MQTT_PROPERTY_MAX || !(properties[number].places & place) ||
		    values[number].given || !take_property(&all, (enum kind)properties[number].kind, &values[number]))
			return false;
	return values[AUTHENTICATION_METHOD].given || !values[AUTHENTICATION_DATA].given;
}

/* ---- packets ---- */

static bool version_is_known(const struct mqtt_value *name, uint32_t version)
{
	return version == 3 ? slice_is(name->text, "MQIsdp") : (version == 4 || version == 5) && slice_is(name->text, "MQTT");
}

/* What must not be set with what. */
static bool flags_agree(uint32_t flags, uint32_t version)
{
	if (flags & FLAG_RESERVED || (flags & FLAG_QOS) == FLAG_QOS)
		return false;
	if (!(flags & FLAG_WILL) && flags & (FLAG_QOS | FLAG_RETAIN))
		return false;
	return version == 5 || !(flags & FLAG_PASSWORD) || flags & FLAG_USER;
}

static bool parse_connect(struct slice body, struct mqtt_packet *out)
{
	struct mqtt_value *f = out->fields;

	if (!take_text(&body, &f[MQTT_PROTOCOL_NAME]) || !take_u(&body, 1, &f[MQTT_PROTOCOL_VERSION]) ||
	    !take_u(&body, 1, &f[MQTT_FLAGS]) || !take_u(&body, 2, &f[MQTT_KEEPALIVE]))
		return false;
	uint32_t version = f[MQTT_PROTOCOL_VERSION].num, flags = f[MQTT_FLAGS].num;
	if (!version_is_known(&f[MQTT_PROTOCOL_NAME], version) || !flags_agree(flags, version))
		return false;
	if ((version == 5 && !take_properties(&body, IN_CONNECT, out)) || !take_text(&body, &f[MQTT_CLIENT_IDENTIFIER]))
		return false;
	if (flags & FLAG_WILL && ((version == 5 && !take_properties(&body, IN_WILL, out)) || !take_text(&body, &f[MQTT_WILL_TOPIC]) ||
	    !take_text(&body, &f[MQTT_WILL_PAYLOAD])))
		return false;
	return (!(flags & FLAG_USER) || take_text(&body, &f[MQTT_USERNAME])) &&
		(!(flags & FLAG_PASSWORD) || take_text(&body, &f[MQTT_PASSWORD])) && body.len == 0;
}

/* It does not name its version: only 5.0 has properties, be they none. */
static bool parse_connack(struct slice body, struct mqtt_packet *out)
{
	struct mqtt_value *f = out->fields;

	if (!take_u(&body, 1, &f[MQTT_FLAGS]) || f[MQTT_FLAGS].num > 1 || !take_u(&body, 1, &f[MQTT_REASON_CODE]))
		return false;
	f[MQTT_PROTOCOL_VERSION] = (struct mqtt_value){ .given = true, .num = body.len ? 5 : 4 };
	return body.len == 0 || (take_properties(&body, IN_CONNACK, out) && body.len == 0);
}

int mqtt_parse(struct slice in, struct mqtt_packet *out)
{
	struct slice rest = slice_from(in, 1), body;
	uint32_t len;

	*out = (struct mqtt_packet){ .type = MQTT_CONNECT };
	if (in.len == 0)
		return 0;
	/* Neither has flags beside its type. */
	if (in.ptr[0] != MQTT_CONNECT << 4 && in.ptr[0] != MQTT_CONNACK << 4)
		return -1;
	out->type = (enum mqtt_type)(in.ptr[0] >> 4);
	int r = take_length(&rest, &len);
	if (r != 1)
		return r;
	if (!take_bytes(&rest, len, &body))
		return 0;
	bool good = out->type == MQTT_CONNECT ? parse_connect(body, out) : parse_connack(body, out);
	return good ? (int)(rest.ptr - in.ptr) : -1;
}
