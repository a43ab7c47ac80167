/* SPDX-License-Identifier: Apache-2.0
 *
 * OCSP responses. Signatures are not looked at: clients do that, and know whom to believe.
 */
#include "conn/tls_staple.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include "base/assert.h"
#include "conn/tls_place.h"
#include "core/epoch.h"

#define CLOCK_SKEW_S 300

struct tls_staple_response {
	int64_t ends;        /* the second from which on it is old */
	int len;
	unsigned char der[];
};

static struct tls_staple *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void release(void *p)
{
	struct tls_staple *s = p;

	tls_staple_drop(&s);
}
static struct tls_place staple_place = { .of = CRYPTO_EX_INDEX_SSL_CTX, .release = release };

/* ---- the list ---- */

void tls_staples_lock(void)
{
	pthread_mutex_lock(&lock);
}

void tls_staples_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

struct tls_staple *tls_staples_first(void)
{
	return all;
}

struct slice tls_staple_response(const struct tls_staple *s)
{
	return s->response ? slice_make((const char *)s->response->der, (size_t)s->response->len) : SLICE("");
}

static void free_staple(struct tls_staple *s)
{
	X509_free(s->leaf);
	X509_free(s->issuer);
	OPENSSL_free(s->id);
	free(s->response);
	free(s);
}

struct tls_staple *tls_staple_new(X509 *leaf, X509 *issuer)
{
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, leaf, issuer);
	struct tls_staple *s = id ? calloc(1, sizeof(*s)) : NULL;

	if (s) {
		X509_up_ref(s->leaf = leaf);
		X509_up_ref(s->issuer = issuer);
		s->users = 1;
		s->id_len = i2d_OCSP_CERTID(id, &s->id);
	}
	OCSP_CERTID_free(id);
	ERR_clear_error();
	if (s && s->id_len <= 0) {
		free_staple(s);
		return NULL;
	}
	if (s) {
		tls_staples_lock();
		s->next = all;
		all = s;
		tls_staples_unlock();
	}
	return s;
}

struct tls_staple *tls_staple_keep(struct tls_staple *s)
{
	__atomic_add_fetch(&s->users, 1, __ATOMIC_RELAXED);
	return s;
}

void tls_staple_drop(struct tls_staple **at)
{
	struct tls_staple *s = *at, **other = &all;

	*at = NULL;
	if (s == NULL || __atomic_sub_fetch(&s->users, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	tls_staples_lock();
	while (*other != s)
		other = &(*other)->next;
	*other = s->next;
	tls_staples_unlock();
	free_staple(s);
}

/* ---- responses ---- */

/* The id may be made with another digest than ours. */
static bool speaks_of(const struct tls_staple *s, OCSP_SINGLERESP *single)
{
	OCSP_CERTID *theirs = (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single);
	ASN1_OBJECT *digest = NULL;

	OCSP_id_get0_info(NULL, &digest, NULL, NULL, theirs);
	const EVP_MD *md = EVP_get_digestbyobj(digest);
	OCSP_CERTID *ours = md ? OCSP_cert_to_id(md, s->leaf, s->issuer) : NULL;
	bool same = ours && OCSP_id_cmp(ours, theirs) == 0;
	OCSP_CERTID_free(ours);
	return same;
}

static const char *fault_of_single(OCSP_SINGLERESP *single, int64_t *ends)
{
	ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
	int reason, days, seconds;

	if (OCSP_single_get0_status(single, &reason, NULL, &from, &until) != V_OCSP_CERTSTATUS_GOOD)
		return "OCSP single response: certificate status not good.";
	if (until == NULL)
		return "OCSP single response: missing nextupdate.";
	if (!OCSP_check_validity(from, until, CLOCK_SKEW_S, -1) || !ASN1_TIME_diff(&days, &seconds, NULL, until))
		return "OCSP single response: no longer valid.";
	*ends = (int64_t)time(NULL) + (int64_t)days * 86400 + seconds;
	return NULL;
}

/* The one answer in it; NULL with what is wrong. */
static OCSP_BASICRESP *open_response(struct slice der, const char **fault)
{
	const unsigned char *at = (const unsigned char *)der.ptr;
	OCSP_RESPONSE *whole = d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
	OCSP_BASICRESP *basic = NULL;

	if (whole == NULL || (const char *)at != der.ptr + der.len)
		*fault = "Unable to parse OCSP response.";
	else if (OCSP_response_status(whole) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		*fault = "OCSP response status not successful.";
	else if ((basic = OCSP_response_get1_basic(whole)) == NULL)
		*fault = "Failed to get basic response from OCSP Response.";
	else if (OCSP_resp_count(basic) != 1)
		*fault = "OCSP response ignored because contains not exactly one single response.";
	OCSP_RESPONSE_free(whole);
	if (*fault) {
		OCSP_BASICRESP_free(basic);
		basic = NULL;
	}
	ERR_clear_error();
	return basic;
}

/* Under the lock. */
static void publish(struct tls_staple *s, struct slice der, int64_t ends)
{
	struct tls_staple_response *r = malloc(sizeof(*r) + der.len);

	ASSERT(r != NULL);
	*r = (struct tls_staple_response){ .ends = ends, .len = (int)der.len };
	memcpy(r->der, der.ptr, der.len);
	r = __atomic_exchange_n(&s->response, r, __ATOMIC_ACQ_REL);
	if (r)
		epoch_retire(r, free);
}

/* Of one (only), or of all that it speaks of. */
static const char *take(struct tls_staple *only, struct slice der)
{
	const char *fault = NULL;
	OCSP_BASICRESP *basic = open_response(der, &fault);
	int64_t ends = 0;
	bool found = false;

	if (basic == NULL)
		return fault;
	OCSP_SINGLERESP *single = OCSP_resp_get0(basic, 0);
	tls_staples_lock();
	for (struct tls_staple *s = only ? only : all; s && fault == NULL; s = only ? NULL : s->next) {
		if (!speaks_of(s, single))
			continue;
		found = true;
		fault = fault_of_single(single, &ends);
		if (fault == NULL)
			publish(s, der, ends);
	}
	tls_staples_unlock();
	OCSP_BASICRESP_free(basic);
	ERR_clear_error();
	if (fault || found)
		return fault;
	return only ? "OCSP single response: Certificate ID does not match certificate and issuer." :
		"OCSP single response: Certificate ID does not match any certificate or issuer.";
}

static bool tell(const char *fault, struct strbuf *err)
{
	if (fault && err)
		strbuf_add_str(err, fault);
	return fault == NULL;
}

bool tls_staple_set(struct tls_staple *s, struct slice der, struct strbuf *err)
{
	return tell(take(s, der), err);
}

bool tls_staples_update(struct slice der, struct strbuf *err)
{
	return tell(take(NULL, der), err);
}

/* ---- in handshakes ---- */

static int on_status(SSL *ssl, void *arg)
{
	const struct tls_staple *s = arg;
	const struct tls_staple_response *r = __atomic_load_n(&s->response, __ATOMIC_ACQUIRE);
	unsigned char *copy;

	if (r == NULL || r->ends <= time(NULL) || (copy = OPENSSL_memdup(r->der, (size_t)r->len)) == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, r->len);
	return SSL_TLSEXT_ERR_OK;
}

bool tls_staple_use(SSL_CTX *ctx, struct tls_staple *s)
{
	if (!SSL_CTX_set_ex_data(ctx, tls_place_number(&staple_place), tls_staple_keep(s))) {
		tls_staple_drop(&s);
		return false;
	}
	SSL_CTX_set_tlsext_status_cb(ctx, on_status);
	SSL_CTX_set_tlsext_status_arg(ctx, s);
	return true;
}
