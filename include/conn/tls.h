/* SPDX-License-Identifier: Apache-2.0
 *
 * The TLS transport: OpenSSL between a connection and its socket. It reads whole records ahead,
 * writes records as full as they get, and a flight of the handshake in one write. What may be spoken and with
 * which certificates is in the SSL_CTX (tls_context.h). One thread per connection.
 */
#ifndef USHER_CONN_TLS_H
#define USHER_CONN_TLS_H

#include <openssl/types.h>
#include "conn/buf.h"
#include "conn/conn.h"

extern const struct transport transport_tls;

/* How much of what is sent goes into one record, in bytes; 0: as much as TLS allows. Frozen after boot. */
struct tls_records {
	uint32_t most;    /* always */
	uint32_t first;   /* of the first TLS_RECORDS_FIRST bytes of a connection, and after each pause */
	uint32_t idle_ms; /* how long a pause is at least; 0: there is none */
};
#define TLS_RECORDS_FIRST 65536u
extern struct tls_records tls_records;

enum tls_side { TLS_SERVER, TLS_CLIENT };

/* From now on the open connection speaks TLS, as server or client; the handshake is still to be made. *first (may be NULL):
 * bytes that were read from the socket already and are the peer's first; taken over. `before`: bytes that leave in the
 * clear before our first (a PROXY header), in the same segment. False when memory is out: then nothing has changed. */
bool tls_begin(struct conn *c, SSL_CTX *ctx, enum tls_side side, struct buf **first, struct slice before);
/* Goes on with the handshake. DONE: it is over, bytes may be read and written (can_read says whether some may be there).
 * AGAIN: it waits for an event. FAIL: see tls_failure(); the alert has been sent. */
enum io tls_handshake(struct conn *c);
/* A server's first bytes may leave with the last flight of its client's handshake: after DONE nothing was sent yet, and
 * goes with the first sendv(), or by tls_flush(). To be said before the handshake, by who speaks first. */
void tls_hold_last_flight(struct conn *c);
enum io tls_flush(struct conn *c);

/* The connection's state in OpenSSL; NULL: it does not speak TLS. Borrowed; of the connection's thread. */
SSL *tls_of(const struct conn *c);
/* Whether the handshake is over. */
bool tls_is_up(const struct conn *c);
/* What was found wrong with the peer's certificates (X509_V_ERR_*, 0: nothing), even where that was let pass: the first
 * fault of an issuer's, and how far above the leaf; the first of the leaf. */
struct tls_faults {
	int issuer_error, issuer_depth, leaf_error;
	int refused;             /* the one that was not let pass, 0: none */
	int refused_depth;
};
/* NULL: it does not speak TLS. Borrowed; of the connection's thread. */
const struct tls_faults *tls_faults(const struct conn *c);
const struct tls_faults *tls_faults_of(const SSL *ssl);
/* For who verifies: a fault was found, and is let pass or not. */
void tls_note_fault(SSL *ssl, int error, int depth, bool passes);
/* A ticket of the client's was opened; whether one was. */
void tls_note_ticket(SSL *ssl);
bool tls_showed_ticket(const struct conn *c);

/* Connections that speak TLS, with clients and servers. Atomics. */
extern uint32_t tls_now;
extern uint64_t tls_total;

/* OpenSSL's code of what broke the handshake or the connection (ERR_reason_error_string() has its words), 0: nothing did, or
 * the peer just left. */
unsigned long tls_failure(const struct conn *c);

#endif
