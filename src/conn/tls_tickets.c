/* SPDX-License-Identifier: Apache-2.0
 *
 * Sealing and opening tickets (RFC 5077 4): AES-CBC with HMAC-SHA-256, OpenSSL does both with the keys from here.
 */
#include "conn/tls_tickets.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/assert.h"
#include "base/base64.h"
#include "conn/tls.h"
#include "conn/tls_place.h"
#include "core/clock.h"
#include "core/epoch.h"

#define KEYS 3
#define KEY_SHORT 48u
#define KEY_LONG 80u

uint64_t tls_tickets_renew_ms = 3 * 3600 * 1000;

struct ticket_key {
	unsigned char name[16], hmac[32], aes[32];
	unsigned len;            /* of hmac and aes each: 16, 32 */
};

/* From the oldest to the newest. */
struct ring {
	unsigned n, seals;       /* how many, and which of them seals */
	uint64_t since_ms;       /* when it began to */
	struct ticket_key keys[KEYS];
};

struct tls_tickets {
	struct tls_tickets *next;
	char *path;              /* owns; NULL: the process's own */
	struct ring *ring;       /* owns, published */
	pthread_mutex_t lock;    /* for who changes it */
};

static struct tls_tickets *all;
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static EVP_CIPHER *aes_128, *aes_256;

static const struct ring *ring_of(const struct tls_tickets *t)
{
	return __atomic_load_n(&t->ring, __ATOMIC_ACQUIRE);
}

static void free_ring(void *p)
{
	OPENSSL_clear_free(p, sizeof(struct ring));
}

static struct ring *new_ring(void)
{
	struct ring *r = OPENSSL_zalloc(sizeof(*r));

	ASSERT(r != NULL);
	return r;
}

static void publish(struct tls_tickets *t, struct ring *r)
{
	struct ring *old = __atomic_exchange_n(&t->ring, r, __ATOMIC_ACQ_REL);

	if (old)
		epoch_retire(old, free_ring);
}

/* ---- the process's own ---- */

/* Behind those that are there; the oldest goes. */
static void push(struct ring *r, const struct ticket_key *key)
{
	if (r->n == KEYS)
		memmove(r->keys, r->keys + 1, (--r->n) * sizeof(*r->keys));
	r->keys[r->n++] = *key;
}

static bool draw(struct ticket_key *key)
{
	key->len = 32;
	return RAND_bytes(key->name, sizeof(key->name)) > 0 && RAND_priv_bytes(key->hmac, sizeof(key->hmac)) > 0 &&
	       RAND_priv_bytes(key->aes, sizeof(key->aes)) > 0;
}

/* False: no random bytes are to be had. */
static bool renew(struct tls_tickets *t)
{
	struct ticket_key key;
	struct ring *r = new_ring();

	if (!draw(&key)) {
		free_ring(r);
		return false;
	}
	if (t->ring)
		*r = *t->ring;
	push(r, &key);
	OPENSSL_cleanse(&key, sizeof(key));
	r->seals = r->n - 1;
	r->since_ms = clock_now_ms;
	publish(t, r);
	return true;
}

static bool is_old(const struct ring *r)
{
	return clock_now_ms >= r->since_ms + tls_tickets_renew_ms;
}

static void renew_if_old(struct tls_tickets *t)
{
	if (t->path || !is_old(ring_of(t)) || pthread_mutex_trylock(&t->lock) != 0)
		return;
	if (is_old(t->ring))
		renew(t);
	pthread_mutex_unlock(&t->lock);
}

static struct tls_tickets *new_tickets(const char *path)
{
	struct tls_tickets *t = calloc(1, sizeof(*t));

	ASSERT(t != NULL);
	pthread_mutex_init(&t->lock, NULL);
	if (path)
		ASSERT((t->path = slice_dup(slice_of(path))) != NULL);
	t->next = all;
	all = t;
	return t;
}

static struct tls_tickets *find(const char *path)
{
	struct tls_tickets *t;

	for (t = all; t; t = t->next)
		if (path ? t->path && strcmp(t->path, path) == 0 : t->path == NULL)
			break;
	return t;
}

/* The list has the last one first. */
struct tls_tickets *tls_tickets_nth(unsigned n)
{
	struct tls_tickets *t;
	unsigned count = 0;

	pthread_mutex_lock(&all_lock);
	for (t = all; t; t = t->next)
		count += t->path != NULL;
	for (t = n < count ? all : NULL; t && (t->path == NULL || --count > n);)
		t = t->next;
	pthread_mutex_unlock(&all_lock);
	return t;
}

const char *tls_tickets_path(const struct tls_tickets *t)
{
	return t->path;
}

struct tls_tickets *tls_tickets_own(void)
{
	pthread_mutex_lock(&all_lock);
	struct tls_tickets *t = find(NULL);
	if (t == NULL)
		ASSERT(renew(t = new_tickets(NULL)));
	pthread_mutex_unlock(&all_lock);
	return t;
}

/* ---- keys as text ---- */

static bool read_key(struct slice base64, struct ticket_key *key, struct strbuf *err)
{
	char raw[BASE64_DECODED_MAX(2 * KEY_LONG)];
	ptrdiff_t len = base64.len > 2 * KEY_LONG ? -1 : base64_decode(base64, false, raw);

	if (len == KEY_SHORT) {
		*key = (struct ticket_key){ .len = 16 };
		memcpy(key->aes, raw + 16, 16);
		memcpy(key->hmac, raw + 32, 16);
	} else if (len == KEY_LONG) {
		*key = (struct ticket_key){ .len = 32 };
		memcpy(key->hmac, raw + 16, 32);
		memcpy(key->aes, raw + 48, 32);
	} else {
		strbuf_addf(err, "expected the base64 of %u or %u bytes", KEY_SHORT, KEY_LONG);
		return false;
	}
	memcpy(key->name, raw, 16);
	OPENSSL_cleanse(raw, sizeof(raw));
	return true;
}

static void write_key(const struct ticket_key *key, struct strbuf *out)
{
	char raw[KEY_LONG], text[BASE64_ENCODED_MAX(KEY_LONG)];
	const unsigned char *second = key->len == 16 ? key->aes : key->hmac, *third = key->len == 16 ? key->hmac : key->aes;

	memcpy(raw, key->name, 16);
	memcpy(raw + 16, second, key->len);
	memcpy(raw + 16 + key->len, third, key->len);
	strbuf_add(out, text, base64_encode(slice_make(raw, 16 + 2 * key->len), false, text));
	OPENSSL_cleanse(raw, sizeof(raw));
	OPENSSL_cleanse(text, sizeof(text));
}

void tls_tickets_write(struct tls_tickets *t, const char *before, struct strbuf *out)
{
	pthread_mutex_lock(&t->lock);
	for (unsigned i = 0; i < t->ring->n; i++) {
		strbuf_addf(out, "%s%u ", before, i);
		write_key(&t->ring->keys[i], out);
		strbuf_add_byte(out, '\n');
	}
	pthread_mutex_unlock(&t->lock);
}

static bool read_keys(FILE *f, const char *path, struct ring *r, struct strbuf *err)
{
	char line[1024];
	unsigned number = 0, seen = 0;
	struct ticket_key key;

	while (fgets(line, sizeof(line), f)) {
		struct slice text = slice_make(line, strcspn(line, "\r\n"));
		number++;
		text = slice_trim(text);
		if (text.len == 0)
			continue;
		if (!read_key(text, &key, err)) {
			strbuf_addf(err, " in line %u of '%s'", number, path);
			return false;
		}
		if (seen && key.len != r->keys[0].len) {
			strbuf_addf(err, "line %u of '%s' has a key of another length than those before", number, path);
			return false;
		}
		push(r, &key);
		seen++;
	}
	if (seen < KEYS)
		strbuf_addf(err, "'%s' has %u keys, and %u are needed", path, seen, KEYS);
	return seen >= KEYS;
}

struct tls_tickets *tls_tickets_of_file(const char *path, struct strbuf *err)
{
	struct tls_tickets *t = find(path);
	FILE *f = t ? NULL : fopen(path, "re");
	struct ring *r = new_ring();

	if (t == NULL && f == NULL)
		strbuf_addf(err, "cannot read the keys of tickets from '%s': %s", path, strerror(errno));
	if (f && read_keys(f, path, r, err)) {
		r->seals = r->n - 2;
		t = new_tickets(path);
		publish(t, r);
		r = NULL;
	}
	if (f)
		fclose(f);
	free_ring(r);
	return t;
}

bool tls_tickets_add(struct tls_tickets *t, struct slice base64, struct strbuf *err)
{
	struct ticket_key key;
	bool ok = read_key(base64, &key, err);

	pthread_mutex_lock(&t->lock);
	if (ok && key.len != t->ring->keys[0].len) {
		strbuf_add_str(err, "a key of this length does not go with the others");
		ok = false;
	}
	if (ok) {
		struct ring *r = new_ring();
		*r = *t->ring;
		push(r, &key);
		publish(t, r);
	}
	pthread_mutex_unlock(&t->lock);
	OPENSSL_cleanse(&key, sizeof(key));
	return ok;
}

/* ---- sealing and opening ---- */

static bool use_key(const struct ticket_key *key, const unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key->hmac, key->len),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	const EVP_CIPHER *with = key->len == 16 ? aes_128 : aes_256;

	return EVP_MAC_CTX_set_params(mac, params) &&
	       (seal ? EVP_EncryptInit_ex : EVP_DecryptInit_ex)(cipher, with, NULL, key->aes, iv);
}

static int seal_ticket(struct tls_tickets *t, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	renew_if_old(t);
	const struct ring *r = ring_of(t);
	const struct ticket_key *key = &r->keys[r->seals];

	memcpy(name, key->name, sizeof(key->name));
	return RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes_256)) > 0 && use_key(key, iv, cipher, mac, 1) ? 1 : -1;
}

/* OpenSSL's answers: 0: make a whole handshake; 1: it is good; 2: it is, and is to be renewed. */
static int open_ticket(SSL *ssl, const struct tls_tickets *t, const unsigned char *name, const unsigned char *iv,
                       EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	const struct ring *r = ring_of(t);

	for (unsigned i = 0; i < r->n; i++)
		if (memcmp(r->keys[i].name, name, sizeof(r->keys[i].name)) == 0) {
			if (!use_key(&r->keys[i], iv, cipher, mac, 0))
				return -1;
			tls_note_ticket(ssl);
			/* A ticket of TLS 1.3 is for one connection (RFC 8446 C.4): who used it has another. */
			return i == r->seals && SSL_version(ssl) != TLS1_3_VERSION ? 1 : 2;
		}
	return 0;
}

/* All contexts of a line know their keys: which of them serves is chosen before a ticket is looked at. */
static struct tls_place tickets_place = { .of = CRYPTO_EX_INDEX_SSL_CTX };

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	struct tls_tickets *t = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), tls_place_number(&tickets_place));

	return seal ? seal_ticket(t, name, iv, cipher, mac) : open_ticket(ssl, t, name, iv, cipher, mac);
}

/* Looking a cipher up takes longer than using it. */
static void fetch_ciphers(void)
{
	aes_128 = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	aes_256 = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	ASSERT(aes_128 && aes_256);
}

void tls_tickets_use(SSL_CTX *ctx, struct tls_tickets *t)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fetch_ciphers);
	ASSERT(SSL_CTX_set_ex_data(ctx, tls_place_number(&tickets_place), t));
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
}

/* ---- over a reload ---- */

/* One line: when the newest began to seal, and the keys. */
void tls_tickets_save(struct strbuf *out)
{
	pthread_mutex_lock(&all_lock);
	struct tls_tickets *t = find(NULL);
	pthread_mutex_unlock(&all_lock);
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	strbuf_add_u64(out, t->ring->since_ms);
	for (unsigned i = 0; i < t->ring->n; i++) {
		strbuf_add_byte(out, ' ');
		write_key(&t->ring->keys[i], out);
	}
	strbuf_add_byte(out, '\n');
	pthread_mutex_unlock(&t->lock);
}

static struct slice next_word(struct slice *rest)
{
	ptrdiff_t blank = slice_find_byte(*rest, ' ');
	struct slice word = blank < 0 ? *rest : slice_make(rest->ptr, (size_t)blank);

	*rest = slice_from(*rest, word.len + 1);
	return word;
}

bool tls_tickets_load(struct slice line)
{
	struct tls_tickets *t = tls_tickets_own();
	struct ring *r = new_ring();
	struct strbuf err = STRBUF_EMPTY;
	struct ticket_key key;
	bool ok = slice_to_u64(next_word(&line), &r->since_ms);

	while (ok && line.len) {
		ok = read_key(next_word(&line), &key, &err) && key.len == 32;
		push(r, &key);
	}
	OPENSSL_cleanse(&key, sizeof(key));
	strbuf_free(&err);
	if (!ok || r->n == 0) {
		free_ring(r);
		return false;
	}
	r->seals = r->n - 1;
	pthread_mutex_lock(&t->lock);
	publish(t, r);
	pthread_mutex_unlock(&t->lock);
	return true;
}
