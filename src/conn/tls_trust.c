/* SPDX-License-Identifier: Apache-2.0
 *
 * Stores by the files they were made of. What is in a store is exchanged in place, under OpenSSL's lock of it: contexts, and
 * connections through them, go on with the store they have.
 */
#include "conn/tls_trust.h"

#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <stdlib.h>
#include "base/assert.h"

enum { CA, MORE_CA, CRL, PARTS };

struct trust {
	struct trust *next;
	struct tls_trust_file *parts[PARTS]; /* borrow, or NULL */
	X509_STORE *store;                   /* owns */
};
static struct trust *all;                    /* lock `lock`, like what follows */
static struct tls_trust_file *files;
static uint32_t turn;                        /* atomic */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- files ---- */

void tls_trust_lock(void)
{
	pthread_mutex_lock(&lock);
}

void tls_trust_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

struct tls_trust_file *tls_trust_files(void)
{
	return files;
}

struct tls_trust_file *tls_trust_find(const char *path, bool is_crl)
{
	struct tls_trust_file *f = files;

	while (f && (f->is_crl != is_crl || strcmp(f->path, path) != 0))
		f = f->next;
	return f;
}

static struct tls_trust_file *add_file(const char *path, bool is_crl, struct tls_authorities *now)
{
	struct tls_trust_file *f = malloc(sizeof(*f));

	ASSERT(f != NULL);
	*f = (struct tls_trust_file){ .next = files, .path = slice_dup(slice_of(path)), .is_crl = is_crl, .now = now };
	ASSERT(f->path != NULL);
	return files = f;
}

void tls_trust_add(const char *path, bool is_crl)
{
	struct strbuf err = STRBUF_EMPTY;

	add_file(path, is_crl, tls_authorities_parse(SLICE(""), &err));
	strbuf_free(&err);
}

static void free_file(struct tls_trust_file *f)
{
	tls_authorities_free(&f->now);
	tls_authorities_free(&f->draft);
	free(f->path);
	free(f);
}

void tls_trust_remove(struct tls_trust_file **f)
{
	struct tls_trust_file **at = &files;

	ASSERT((*f)->stores == 0);
	while (*at != *f)
		at = &(*at)->next;
	*at = (*f)->next;
	free_file(*f);
	*f = NULL;
}

/* Read at its first mention. True with NULL for no path. */
static bool get_file(const char *path, bool is_crl, struct tls_trust_file **out, struct strbuf *err)
{
	struct tls_authorities *now;

	*out = path ? tls_trust_find(path, is_crl) : NULL;
	if (path == NULL || *out)
		return true;
	now = is_crl ? tls_authorities_read_lists(path, err) : tls_authorities_read(path, err);
	if (now)
		*out = add_file(path, is_crl, now);
	return now != NULL;
}

void tls_trust_read(const char *path, bool is_crl, struct strbuf *err)
{
	struct tls_trust_file *f;

	tls_trust_lock();
	get_file(path, is_crl, &f, err);
	tls_trust_unlock();
}

/* ---- stores ---- */

static X509_STORE *make_store(struct tls_trust_file *const *parts)
{
	X509_STORE *store = X509_STORE_new();

	ASSERT(store != NULL);
	for (int i = 0; i < PARTS; i++)
		if (parts[i])
			tls_authorities_fill(parts[i]->now, store);
	if (parts[CRL])
		X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return store;
}

static struct trust *add_trust(struct tls_trust_file *const *parts)
{
	struct trust *t = malloc(sizeof(*t));

	ASSERT(t != NULL);
	*t = (struct trust){ .next = all, .store = make_store(parts) };
	for (int i = 0; i < PARTS; i++)
		if ((t->parts[i] = parts[i]) != NULL)
			parts[i]->stores++;
	return all = t;
}

X509_STORE *tls_trust_get(const char *ca_file, const char *more_ca_file, const char *crl_file, struct strbuf *err)
{
	struct tls_trust_file *parts[PARTS];
	struct trust *t = NULL;

	tls_trust_lock();
	if (get_file(ca_file, false, &parts[CA], err) && get_file(more_ca_file, false, &parts[MORE_CA], err) &&
	    get_file(crl_file, true, &parts[CRL], err)) {
		for (t = all; t && memcmp(t->parts, parts, sizeof(parts)) != 0;)
			t = t->next;
		if (t == NULL)
			t = add_trust(parts);
	}
	tls_trust_unlock();
	return t ? t->store : NULL;
}

/* All at once for whoever looks into it. */
static void refill(struct trust *t)
{
	X509_STORE *fresh = make_store(t->parts);
	STACK_OF(X509_OBJECT) *from = X509_STORE_get0_objects(fresh), *to;
	X509_OBJECT *o;

	ASSERT(X509_STORE_lock(t->store));
	to = X509_STORE_get0_objects(t->store);
	while ((o = sk_X509_OBJECT_pop(to)) != NULL)
		X509_OBJECT_free(o);
	while ((o = sk_X509_OBJECT_pop(from)) != NULL)
		ASSERT(sk_X509_OBJECT_push(to, o) > 0);
	X509_STORE_unlock(t->store);
	X509_STORE_free(fresh);
}

void tls_trust_commit(struct tls_trust_file *f)
{
	tls_authorities_free(&f->now);
	f->now = f->draft;
	f->draft = NULL;
	for (struct trust *t = all; t; t = t->next)
		if (t->parts[CA] == f || t->parts[MORE_CA] == f || t->parts[CRL] == f)
			refill(t);
	/* A handshake of the old turn may have looked into the new sets, never the other way round. */
	__atomic_add_fetch(&turn, 1, __ATOMIC_RELEASE);
}

bool tls_trust_is_in(const struct tls_trust_file *f, const X509_STORE *store)
{
	const struct trust *t = all;

	while (t && t->store != store)
		t = t->next;
	return t && (t->parts[CA] == f || t->parts[MORE_CA] == f || t->parts[CRL] == f);
}

void tls_trust_digest(const char *path, bool is_crl, unsigned char out[32])
{
	tls_trust_lock();
	const struct tls_trust_file *f = path ? tls_trust_find(path, is_crl) : NULL;
	memset(out, 0, 32);
	if (f)
		memcpy(out, f->now->digest, 32);
	tls_trust_unlock();
}

uint32_t tls_trust_turn(void)
{
	return __atomic_load_n(&turn, __ATOMIC_ACQUIRE);
}

void tls_trust_forget(void)
{
	struct tls_trust_file *f;
	struct trust *t;

	tls_trust_lock();
	while ((t = all) != NULL) {
		all = t->next;
		X509_STORE_free(t->store);
		free(t);
	}
	while ((f = files) != NULL) {
		files = f->next;
		free_file(f);
	}
	tls_trust_unlock();
}
