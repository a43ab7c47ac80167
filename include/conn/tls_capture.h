/* SPDX-License-Identifier: Apache-2.0
 *
 * What a client's first message said, kept for as long as the connection lives: by it clients are told apart that say the same
 * otherwise (JA3). Kept only where the configuration gives it room. One thread per connection.
 */
#ifndef USHER_CONN_TLS_CAPTURE_H
#define USHER_CONN_TLS_CAPTURE_H

#include <openssl/types.h>
#include "base/slice.h"

/* Bytes of one connection's lists; 0: nothing is kept. Frozen after boot. */
extern int64_t tls_capture_room;

/* The lists, without their own lengths. What the room was too small for is cut off behind a whole number: first of the last. */
struct tls_capture {
	uint16_t version;
	uint64_t ciphers_hash;      /* XXH64 of all of them */
	struct slice ciphers;       /* 2-byte numbers */
	struct slice extensions;    /* 2-byte numbers, as they came */
	struct slice groups;        /* 2-byte numbers */
	struct slice point_formats; /* 1-byte numbers */
	char bytes[];               /* what they borrow */
};

/* Connections of this context keep theirs from now on, if there is room. Start-up, and orders at run time. */
void tls_capture_enable(SSL_CTX *ctx);
/* NULL: none was kept. Borrowed: as long as the connection. */
const struct tls_capture *tls_capture_of(const SSL *ssl);

#endif
