/* SPDX-License-Identifier: Apache-2.0
 *
 * The first message of a TLS connection as it stands on the wire: records (RFC 8446 5.1) put together to one
 * handshake message, ClientHello (RFC 8446 4.1.2, RFC 5246 7.4.1.2) with the extensions one routes by, the head of
 * ServerHello, and the ClientHello in SSL 2.0's clothes (RFC 5246 E.2). It reads what is sent in the clear and
 * decides nothing. Pure: no state.
 */
#ifndef USHER_WIRE_TLS_HELLO_H
#define USHER_WIRE_TLS_HELLO_H

#include "base/slice.h"

#define TLS_RECORD_HEAD_LEN 5
#define TLS_RECORD_LEN_MAX 16384    /* plain text of one record */

enum tls_content { TLS_CHANGE_CIPHER_SPEC = 20, TLS_ALERT = 21, TLS_HANDSHAKE = 22, TLS_APPLICATION_DATA = 23 };
enum tls_message { TLS_CLIENT_HELLO = 1, TLS_SERVER_HELLO = 2 };

/* The head of a record. */
struct tls_record {
	uint8_t content;  /* enum tls_content */
	uint16_t version; /* 0x0301: TLS 1.0, which newer ones write too */
	uint16_t len;     /* of what follows the head */
};

/* A handshake message in its records. */
struct tls_message_place {
	uint8_t type;       /* enum tls_message */
	uint32_t len;       /* of its body */
	unsigned records;   /* that it is spread over */
	struct slice body;  /* borrows; only when it lies in one record, else tls_message_join() puts it together */
};

/* A ClientHello's parts, borrowed from its body. What was not sent is an empty slice with a NULL pointer. Lists come
 * without their own length and are proven to be whole: of 2-byte numbers (even lengths), of 1-byte numbers, or as
 * said. */
struct tls_hello {
	uint16_t version;          /* legacy_version: 0x0303 for TLS 1.3 too */
	uint16_t version_max;      /* the highest of `versions` that is no GREASE (RFC 8701), else `version` */
	struct slice random;       /* 32 bytes */
	struct slice session_id;   /* 0 to 32 bytes */
	struct slice ciphers;      /* 2-byte numbers */
	struct slice compressions; /* 1-byte numbers */
	struct slice sni;          /* the host name (RFC 6066 3): 1 to 255 printing bytes */
	struct slice alpn;         /* for tls_alpn_next() (RFC 7301 3.1) */
	struct slice versions;     /* 2-byte numbers (RFC 8446 4.2.1) */
	struct slice groups;       /* 2-byte numbers: supported_groups, once called elliptic_curves */
	struct slice point_formats;/* 1-byte numbers (RFC 8422 5.1.2) */
	struct slice sigalgs;      /* 2-byte numbers */
	struct slice key_share;    /* for tls_key_share_next(); the pointer is not NULL when an empty list was sent */
	struct slice extensions;   /* all of them as they stand: for tls_extension_next() */
	struct slice ticket;       /* of session_ticket (RFC 5077 3.2); the pointer is not NULL when an empty one was sent */
};

/* What these return is the house's: >0 bytes consumed, 0 more are needed, <0 bad: -1 - n is the offset of the fault.
 * No verdict changes when more bytes come. */

/* The head of the first record: one of a content that TLS has, version 3.x, of a length that is allowed. */
int tls_record_head(struct slice in, struct tls_record *out);
/* The handshake message `in` begins with, one of enum tls_message. Consumed are the records it lies in. A ClientHello
 * ends its record; behind a ServerHello others may stand. */
int tls_message_find(struct slice in, struct tls_message_place *out);
/* Copies the body of a message that was found in `in` to `to`, which has room for place->len bytes. */
void tls_message_join(struct slice in, const struct tls_message_place *place, char *to);
/* The body of a ClientHello, whole: never 0. */
int tls_hello_parse(struct slice body, struct tls_hello *out);
/* Whether the body is one of a ServerHello: version 3.x, and every length fits. Never 0. */
int tls_server_hello_check(struct slice body, uint16_t *version);
/* A ClientHello of an SSL 2.0 record, whose version may be 0x0002 (SSL 2.0 itself), 0x0200 (how that is written by
 * some) or 3.x (an old client that can do more). */
int tls_v2_hello(struct slice in, uint16_t *version);

/* Takes the next protocol, of 1 to 255 bytes, from a list of `struct tls_hello`; false: there is no more. */
bool tls_alpn_next(struct slice *list, struct slice *protocol);
/* The same of extensions: its number, and what is in it. */
bool tls_extension_next(struct slice *list, uint16_t *id, struct slice *inside);
/* The same of key shares. */
bool tls_key_share_next(struct slice *list, uint16_t *group, struct slice *key);

#endif
