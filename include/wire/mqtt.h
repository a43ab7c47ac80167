/* SPDX-License-Identifier: Apache-2.0
 *
 * The first packet each side of an MQTT connection sends: CONNECT of the client, CONNACK of the server (OASIS MQTT 3.1.1 and 5.0;
 * 3.1 before them). No other packet is read. Pure: no state.
 */
#ifndef USHER_WIRE_MQTT_H
#define USHER_WIRE_MQTT_H

#include "base/slice.h"

enum mqtt_type { MQTT_CONNECT = 1, MQTT_CONNACK = 2 };

enum mqtt_field {
	MQTT_FLAGS, MQTT_PROTOCOL_NAME, MQTT_PROTOCOL_VERSION, MQTT_CLIENT_IDENTIFIER, MQTT_WILL_TOPIC, MQTT_WILL_PAYLOAD, MQTT_USERNAME,
	MQTT_PASSWORD, MQTT_KEEPALIVE, MQTT_REASON_CODE,
	MQTT_PROPERTY, /* + the property's number: those of 5.0 */
};
#define MQTT_PROPERTY_MAX 42

struct mqtt_value {
	bool given, is_text;
	uint32_t num;       /* not text */
	struct slice text;  /* borrows */
};

struct mqtt_packet {
	enum mqtt_type type;
	struct mqtt_value fields[MQTT_PROPERTY + MQTT_PROPERTY_MAX + 1];
};

/* The packet at the start of `in`. >0: it is one of these, of so many bytes; 0: more are needed; -1: it is none, or malformed. */
int mqtt_parse(struct slice in, struct mqtt_packet *out);
/* Whether packets of this type can have the property with this number, as a single value. */
bool mqtt_has_property(enum mqtt_type type, unsigned number);

#endif
