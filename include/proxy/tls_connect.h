/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS with servers: what a server line's words make of connections to it. A PROXY header goes first, in the clear.
 * Contexts are frozen after boot, or published; sessions that may be resumed are their thread's.
 */
#ifndef USHER_PROXY_TLS_CONNECT_H
#define USHER_PROXY_TLS_CONNECT_H

#include "conn/tls_client.h"
#include "conn/tls_context.h"
#include "proxy/conn_errors.h"

struct expr;
struct proxy;
struct rate;
struct server;
struct stream;
struct tls_trust_file;

/* The words of a server line. Texts are borrowed, for ever. */
struct tls_connect_settings {
	struct tls_settings common;
	bool prepared;          /* `ssl` stood there, even if it was taken back: an operator may turn it on */
	bool no_reuse;          /* sessions are not resumed */
	struct expr *sni;       /* the name it is asked for; NULL: none */
	const char *verifyhost; /* the name its certificate must have where none was asked for, NULL: any */
	const char *crt;        /* ours, when it asks for one */
	/* health checks */
	bool check_on, check_off; /* `check-ssl` and `no-check-ssl`; neither: as the traffic, at the same port and address */
	const char *check_sni;  /* NULL: no name */
	const char *check_alpn; /* NULL: as the traffic */
};

/* Start-up: makes the contexts of a backend's servers. Reports faults; false when any. */
bool tls_connect_resolve(struct proxy *be);
/* The same for one server; for one that comes while the process runs, too. */
bool tls_connect_make(struct server *srv);
/* Whether a health check speaks TLS that meets the server as its line says. */
bool tls_connect_checks(const struct server *srv);
/* Start-up, and for a server that comes while the process runs: connections to it will speak TLS though `ssl` may not be said
 * on its line. Reports faults; false when any. */
bool tls_connect_need(struct server *srv);
/* From now on streams' connections to it, which was made for it, speak TLS or not; those that rest are closed. Any thread. */
void tls_connect_switch(struct server *srv, bool on);
/* Connections to servers that were found good by this file are not used again. Under the lock of trust. Any thread. */
void tls_connect_trust_changed(const struct tls_trust_file *f);
/* It was removed: what becomes of our certificate is nothing to it any more. Who has to do with it still connects with what it
 * has. Thread 0. */
void tls_connect_leave(struct server *srv);
/* Nobody connects to it any more. */
void tls_connect_free(struct server *srv);

/* A host's name as connections are begun with it, with a NUL behind it. */
struct tls_name {
	char text[TLS_NAME_MAX + 1];
	uint32_t len;
};
/* The one for this stream's connection to the server: what `sni` says. False: it can be no name, or is none where the server must
 * have one, and no connection may be made. */
bool tls_connect_name(struct stream *s, const struct server *srv, struct tls_name *out);
/* A connection to the server speaks TLS from now on; the handshake is still to be made. `header` leaves first, in the
 * clear. False when memory is out. */
bool tls_connect_begin(struct conn *c, struct server *srv, struct slice name, struct slice header);
/* Goes on with its handshake and counts how it ended; as tls_share_handshake(). later == NULL: at any cost, now. */
enum io tls_connect_shake(struct conn *c, struct server *srv, bool *later);

/* The next handshake offers these protocols ("http/1.1") instead of its server's. */
bool tls_connect_offer(struct conn *c, const char *alpn);
/* What broke the handshake. */
enum conn_error tls_connect_error(const struct conn *c);
/* OpenSSL's words for why the server's certificate is not good; NULL when something else broke the handshake. */
const char *tls_connect_doubt(const struct conn *c);

/* Handshakes with servers that were not resumed. */
extern struct rate tls_server_keys;

#endif
