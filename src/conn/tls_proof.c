/* SPDX-License-Identifier: Apache-2.0
 *
 * It is kept in the session's room for applications, which goes into tickets too. OpenSSL knows of a session only how long it
 * may go on from its last use (TLS 1.3) or its beginning (TLS 1.2), so that is set anew whenever a ticket is written.
 */
#include "conn/tls_proof.h"

#include <openssl/ssl.h>
#include <string.h>
#include <time.h>
#include "base/assert.h"
#include "conn/tls.h"

struct proof {
	int64_t ends;                 /* the second after which it does not hold */
	int32_t leaf_error, issuer_error, issuer_depth;
	uint32_t magic;               /* tickets come from other processes too, perhaps of other versions */
};
#define PROOF_MAGIC 0x70726f31u

static bool read_proof(SSL_SESSION *session, struct proof *out)
{
	void *bytes;
	size_t len;

	if (session == NULL || !SSL_SESSION_get0_ticket_appdata(session, &bytes, &len) || bytes == NULL || len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->magic == PROOF_MAGIC;
}

/* OpenSSL breaks a handshake rather than write a ticket for no time at all. */
static void set_timeout(SSL_SESSION *session, const struct proof *p)
{
	if (SSL_SESSION_get_time(session) >= p->ends)
		SSL_SESSION_set_time(session, (long)p->ends - 1);
	SSL_SESSION_set_timeout(session, (long)p->ends - SSL_SESSION_get_time(session));
}

/* One that has expired already was let pass, and bounds nothing. */
static void end_with(struct proof *p, const STACK_OF(X509) *chain, int64_t now)
{
	int days, seconds;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		if (!ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(sk_X509_value(chain, i))))
			continue;
		int64_t left = (int64_t)days * 86400 + seconds;
		if (left >= 0 && now + left < p->ends)
			p->ends = now + left;
	}
}

static bool is_large(const STACK_OF(X509) *shown)
{
	size_t total = 0;

	for (int i = 0; i < sk_X509_num(shown); i++) {
		int len = i2d_X509(sk_X509_value(shown, i), NULL);
		total += len > 0 ? (size_t)len : 0;
	}
	return total > TLS_PROOF_CERTIFICATES_MAX;
}

/* Without tickets, TLS 1.3 keeps nothing; without a number, TLS 1.2. */
static void forget_session(SSL *ssl, SSL_SESSION *session)
{
	SSL_set_num_tickets(ssl, 0);
	SSL_SESSION_set1_id(session, (const unsigned char *)"", 0);
}

static int on_chain(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct tls_faults *f = tls_faults_of(ssl);
	SSL_SESSION *session = SSL_get0_session(ssl);
	int good = X509_verify_cert(store);
	int64_t now = time(NULL);

	if (good <= 0)
		return good;
	ASSERT(session != NULL);
	struct proof p = { now + (int64_t)(uintptr_t)arg, f->leaf_error, f->issuer_error, f->issuer_depth, PROOF_MAGIC };
	end_with(&p, X509_STORE_CTX_get0_chain(store), now);
	if (is_large(X509_STORE_CTX_get0_untrusted(store)))
		forget_session(ssl, session);
	set_timeout(session, &p);
	if (SSL_SESSION_set1_ticket_appdata(session, &p, sizeof(p)))
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
	return 0;
}

static int on_ticket_written(SSL *ssl, void *arg)
{
	SSL_SESSION *session = SSL_get0_session(ssl);
	struct proof p;

	(void)arg;
	if (read_proof(session, &p))
		set_timeout(session, &p);
	return 1;
}

void tls_proof_prepare(SSL_CTX *ctx)
{
	SSL_CTX_set_session_ticket_cb(ctx, on_ticket_written, NULL, NULL);
}

void tls_proof_enable(SSL_CTX *ctx, uint32_t lifetime_s)
{
	SSL_CTX_set_cert_verify_callback(ctx, on_chain, (void *)(uintptr_t)lifetime_s);
}

void tls_proof_recall(SSL *ssl)
{
	struct proof p;

	if (!read_proof(SSL_get0_session(ssl), &p))
		return;
	if (p.leaf_error)
		tls_note_fault(ssl, p.leaf_error, 0, true);
	if (p.issuer_error)
		tls_note_fault(ssl, p.issuer_error, p.issuer_depth, true);
}
