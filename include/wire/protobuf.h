/* SPDX-License-Identifier: Apache-2.0
 *
 * Protocol Buffers as they stand on the wire, without their schema: fields one after the other, and the messages of gRPC that
 * hold them. What is malformed ends where it is found. Pure: no state.
 */
#ifndef USHER_WIRE_PROTOBUF_H
#define USHER_WIRE_PROTOBUF_H

#include "base/slice.h"

#define PROTOBUF_NUMBER_MAX 536870911 /* of a field */
#define PROTOBUF_DEPTH_MAX 16         /* of a path */

enum protobuf_wire { PROTOBUF_VARINT = 0, PROTOBUF_64BIT = 1, PROTOBUF_BYTES = 2, PROTOBUF_32BIT = 5 };

struct protobuf_field {
	uint32_t number;
	enum protobuf_wire wire;
	uint64_t num;       /* what a VARINT, 64BIT or 32BIT says; a length's bytes: 0 */
	struct slice value; /* borrows: its bytes as they stand there; of BYTES without their length */
};

/* Takes the field at the start of *rest. False: there is no whole one. */
bool protobuf_next(struct slice *rest, struct protobuf_field *out);
/* The first field that the path (1 to PROTOBUF_DEPTH_MAX numbers, the outermost first) leads to. */
bool protobuf_find(struct slice message, const uint32_t *path, unsigned depth, struct protobuf_field *out);
/* Takes the gRPC message at the start of *rest. False: there is no whole one. *packed: it is compressed. */
bool grpc_next(struct slice *rest, struct slice *message, bool *packed);

#endif
