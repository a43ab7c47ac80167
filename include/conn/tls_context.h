/* SPDX-License-Identifier: Apache-2.0
 *
 * What may be spoken over TLS and who we are there: words of the configuration become an SSL_CTX.
 * Contexts are frozen once made, but for their caches, which OpenSSL locks; any thread uses them.
 */
#ifndef USHER_CONN_TLS_CONTEXT_H
#define USHER_CONN_TLS_CONTEXT_H

#include <openssl/types.h>
#include "base/strbuf.h"
#include "conn/tls.h"

enum tls_verify { TLS_VERIFY_DEFAULT, TLS_VERIFY_NONE, TLS_VERIFY_OPTIONAL, TLS_VERIFY_REQUIRED };

/* TLS1_VERSION and its like as a bit. */
#define TLS_VERSION_BIT(version) (1u << ((version) & 0xf))

/* Errors of verification, by OpenSSL's numbers. */
#define TLS_ERRORS_MAX 128
struct tls_error_set {
	bool all;
	uint64_t bits[TLS_ERRORS_MAX / 64];
};

/* What bind and server lines have in common. NULL and 0: not said. Texts are borrowed, for ever. */
struct tls_settings {
	bool on;                   /* `ssl` */
	enum tls_verify verify;
	int min_version, max_version; /* TLS1_2_VERSION ... */
	unsigned versions_off;     /* TLS_VERSION_BIT() of those that are not spoken in between */
	const char *ciphers;       /* TLS 1.2 and before, OpenSSL's notation */
	const char *ciphersuites;  /* TLS 1.3 */
	const char *curves;
	const char *sigalgs;       /* of both sides' signatures */
	const char *client_sigalgs; /* of client certificates */
	const char *ca_file;       /* a file, a directory, or "@system-ca" */
	const char *crl_file;
	const char *alpn;          /* "h2,http/1.1", as written */
	bool no_tickets;
	/* With clients only (tls_server.h). */
	const char *ca_verify_file; /* trusted as those of ca_file are, but clients are not told of them */
	bool no_ca_names;          /* nor of those */
	bool prefer_client_ciphers;
	const char *ecdhe;         /* `curves` where there is none */
	const struct tls_error_set *ca_ignored, *leaf_ignored; /* of issuers, of the client's own; NULL: none */
};

/* A context for one side with these settings and no certificate of its own. NULL with the reason in err. */
SSL_CTX *tls_context_new(enum tls_side side, const struct tls_settings *set, struct strbuf *err);
/* "h2,http/1.1" as TLS sends it, appended. False when a name is empty or longer than 255 bytes. */
bool tls_alpn_compose(const char *names, struct strbuf *out);

#endif
