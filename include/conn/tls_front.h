/* SPDX-License-Identifier: Apache-2.0
 *
 * Which certificate a client gets: by the name it asks for, then by what it can verify. The context
 * that connections begin with owns tickets and the session cache and stays; the table of certificates is
 * immutable and swapped whole while traffic runs. Any thread.
 */
#ifndef USHER_CONN_TLS_FRONT_H
#define USHER_CONN_TLS_FRONT_H

#include "conn/tls_cert.h"
#include "conn/tls_context.h"

struct tls_table;
struct tls_front;

/* A fresh context is going to be a choice's. */
void tls_front_prepare(SSL_CTX *ctx);

/* One certificate that may be presented. */
struct tls_choice {
	SSL_CTX *ctx;                    /* counted: the table has a use of its own */
	enum tls_key kind;
	uint16_t group;                  /* of an EC key, 0: any */
	const struct tls_settings *own;  /* borrows, for ever: what its line says otherwise than the front; NULL: nothing */
};

/* A table to be filled: choices in their order, each with the names it is for. "*.example.com" is for every name with one label
 * in the star's place; "!" before a name takes it out of the choice's others. The first choice, and all that are said to
 * be defaults, are for whoever asks for no name that is there. */
struct tls_table *tls_table_new(bool strict);
void tls_table_add(struct tls_table *t, const struct tls_choice *c, bool is_default);
/* For the choice added last. */
void tls_table_name(struct tls_table *t, const char *name);
void tls_table_free(struct tls_table **t);

/* Takes over both: what connections begin with, and the first table. */
struct tls_front *tls_front_new(SSL_CTX *ctx, struct tls_table *t);
/* A client resumed a session: by a ticket of its own, or one that was kept here. */
void tls_front_note_resumed(struct tls_front *f, bool by_ticket);
/* How often sessions were looked up among those that are kept here, and were not there, of all fronts. */
void tls_fronts_count_lookups(uint64_t *lookups, uint64_t *misses);
/* What tls_begin() wants. Borrowed. */
SSL_CTX *tls_front_context(const struct tls_front *f);
/* Handshakes that begin from now on choose from this table, which is taken over. */
void tls_front_publish(struct tls_front *f, struct tls_table *t);
/* Nobody begins a handshake with it any more. */
void tls_front_free(struct tls_front **f);

#endif
