/* SPDX-License-Identifier: Apache-2.0
 *
 * A certificate as files have it: the leaf, the chain behind it, the key, and the names it is for. Frozen once
 * read, and counted: contexts, and connections through them, may outlive the order that replaced it.
 */
#ifndef USHER_CONN_TLS_CERT_H
#define USHER_CONN_TLS_CERT_H

#include <openssl/types.h>
#include "base/strbuf.h"

/* What a client must be able to verify. */
enum tls_key { TLS_KEY_RSA, TLS_KEY_EC, TLS_KEY_ED25519, TLS_KEY_ED448, TLS_KEY_OTHER };

struct tls_cert {
	unsigned users;          /* atomic */
	X509 *leaf;              /* owns */
	struct stack_st_X509 *chain; /* owns: what stands behind it in the file, perhaps nothing */
	EVP_PKEY *key;           /* owns */
	EVP_PKEY *dh;            /* owns: parameters for ephemeral keys, or NULL */
	enum tls_key kind;
	uint16_t group;          /* of an EC key: its curve as a ClientHello names it; 0: one that has no number here */
	X509 *issuer;            /* owns: of a file of its own, or NULL */
	bool staples;            /* an OCSP response is sent along, once there is one */
	char *response;          /* owns: the one to begin with, in DER, or NULL */
	size_t response_len;
	bool response_given;     /* it is new: one that is no good is refused; else it is left out */
	struct tls_staple *staple; /* owns a use, or NULL: made by tls_cert_finish() */
	char *scts;              /* owns: a list of SCTs, or NULL */
	size_t scts_len;
	char *remark;            /* owns: why a response that was there is not used, or NULL */
	char **names;            /* owns: alternative DNS names, then common names, in small letters; NULL-terminated */
};

/* Which files beside a certificate's own are looked for (`ssl-load-extra-files`). Frozen after boot. */
struct tls_extra_files {
	bool no_key;             /* "<path>.key" when the file has none */
	bool no_issuer, no_response, no_scts; /* "<path>.issuer", ".ocsp", ".sctl" */
	bool no_bundle;          /* "<path>.rsa" and its like when there is no such file */
	bool cut_extension;      /* "x.crt": "x.key" and not "x.crt.key" */
};
extern struct tls_extra_files tls_extra_files;

/* From a file: the first certificate in it is the leaf. A key that is not in it comes from the file beside it. NULL with the
 * reason in err. The caller's to give back. */
struct tls_cert *tls_cert_read(const char *path, struct strbuf *err);
/* In steps, for who hands its parts in one by one. From text that stands for the file: leaf and chain, and the key if there is
 * one, which need not be the leaf's yet. `kind` is not known before tls_cert_finish(). NULL with the reason in err. */
struct tls_cert *tls_cert_draft(const char *path, struct slice pem, struct strbuf *err);
/* A draft that is as `c`, but that this part is what is in the text: PEM, of a response or SCTs their bytes. NULL with the reason in
 * err. */
enum tls_cert_part { TLS_CERT_KEY, TLS_CERT_ISSUER, TLS_CERT_RESPONSE, TLS_CERT_SCTS };
struct tls_cert *tls_cert_draft_part(const struct tls_cert *c, enum tls_cert_part part, const char *path, struct slice text,
                                     struct strbuf *err);
/* Before it is finished: a draft that takes the place of `before` sends a response along if that did. */
void tls_cert_draft_after(struct tls_cert *c, const struct tls_cert *before);
/* Proves that the key is the leaf's, and a response too; from then on it is frozen. False with the reason in err. */
bool tls_cert_finish(struct tls_cert *c, const char *path, struct strbuf *err);
struct tls_cert *tls_cert_keep(struct tls_cert *c);
/* Gives one use back and nulls the pointer. */
void tls_cert_drop(struct tls_cert **c);
/* A context toward clients presents it with a response and SCTs, if it has them. False with the reason in err. */
bool tls_cert_use_extras(SSL_CTX *ctx, const struct tls_cert *c, struct strbuf *err);
/* Makes it what the context presents. False with the reason in err. */
bool tls_cert_use(SSL_CTX *ctx, const struct tls_cert *c, struct strbuf *err);

#endif
