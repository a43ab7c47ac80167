/* SPDX-License-Identifier: Apache-2.0
 *
 * Choosing a certificate when the ClientHello is there, before OpenSSL looks at it.
 */
#include "conn/tls_front.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/assert.h"
#include "base/names.h"
#include "conn/tls_info.h"
#include "conn/tls_place.h"
#include "conn/tls_server.h"
#include "core/epoch.h"

#define NAME_MAX_LEN 255

/* ---- the table ---- */

struct choice {
	struct tls_choice is;
	bool is_default;
	struct choice *next;
	struct refusal {             /* names that it is not for, although another of its names says so */
		struct slice name;
		bool wild;
		struct refusal *next;
	} *refusals;
};

/* Who has a name, in their order. */
struct holders {
	const struct choice *choice;
	struct holders *next;
};

struct tls_table {
	struct arena memory;
	struct choice *first, *last;
	struct names exact, wild;    /* to struct holders; wild ones by what follows the star, dot included */
	bool strict;
};

struct tls_table *tls_table_new(bool strict)
{
	struct tls_table *t = calloc(1, sizeof(*t));

	ASSERT(t != NULL);
	t->strict = strict;
	return t;
}

static void *grab(struct tls_table *t, size_t n)
{
	void *p = arena_zalloc(&t->memory, n);

	ASSERT(p != NULL);
	return p;
}

void tls_table_add(struct tls_table *t, const struct tls_choice *c, bool is_default)
{
	struct choice *one = grab(t, sizeof(*one));

	one->is = *c;
	one->is_default = is_default || t->first == NULL;
	SSL_CTX_up_ref(c->ctx);
	*(t->first ? &t->last->next : &t->first) = one;
	t->last = one;
}

static struct slice in_small_letters(struct tls_table *t, const char *name)
{
	struct slice s = slice_of(name);
	char *copy = grab(t, s.len + 1);

	for (size_t i = 0; i < s.len; i++)
		copy[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
	return slice_make(copy, s.len);
}

static void hold(struct tls_table *t, struct names *where, struct slice name)
{
	struct holders *h = grab(t, sizeof(*h)), *others = names_find(where, name, 0);

	h->choice = t->last;
	if (others == NULL) {
		names_add(where, name, h);
		return;
	}
	while (others->next && others->choice != t->last)
		others = others->next;
	if (others->choice != t->last)
		others->next = h;
}

void tls_table_name(struct tls_table *t, const char *name)
{
	bool refused = *name == '!', wild = name[refused] == '*';
	struct slice s = in_small_letters(t, name + refused + wild);

	if (refused) {
		struct refusal *r = grab(t, sizeof(*r));
		*r = (struct refusal){ s, wild, t->last->refusals };
		t->last->refusals = r;
		return;
	}
	hold(t, wild ? &t->wild : &t->exact, s);
}

void tls_table_free(struct tls_table **at)
{
	struct tls_table *t = *at;

	*at = NULL;
	if (t == NULL)
		return;
	for (struct choice *c = t->first; c; c = c->next)
		SSL_CTX_free(c->is.ctx);
	names_free(&t->exact);
	names_free(&t->wild);
	arena_free(&t->memory);
	free(t);
}

/* ---- what the client can ---- */

struct hello {
	char name[NAME_MAX_LEN + 1]; /* in small letters */
	size_t name_len;             /* 0: it asks for none */
	unsigned kinds;              /* bits of enum tls_key */
	struct slice groups;         /* two bytes each */
};

static struct slice extension(SSL *ssl, unsigned type)
{
	const unsigned char *bytes;
	size_t len;

	return SSL_client_hello_get0_ext(ssl, type, &bytes, &len) ? slice_make(bytes, len) : SLICE("");
}

static unsigned two_bytes(struct slice s, size_t at)
{
	return (unsigned)(unsigned char)s.ptr[at] << 8 | (unsigned char)s.ptr[at + 1];
}

/* A list of numbers behind its length; empty when it is not one. */
static struct slice numbers(struct slice s)
{
	if (s.len < 2 || two_bytes(s, 0) != s.len - 2 || s.len % 2)
		return SLICE("");
	return slice_from(s, 2);
}

/* RFC 6066 3. What is not well-formed OpenSSL will refuse. */
static void read_name(struct hello *h, struct slice s)
{
	if (s.len < 5 || two_bytes(s, 0) != s.len - 2 || s.ptr[2] != TLSEXT_NAMETYPE_host_name)
		return;
	size_t len = two_bytes(s, 3);
	if (len > s.len - 5 || len > NAME_MAX_LEN)
		return;
	for (size_t i = 0; i < len; i++)
		h->name[i] = (char)(s.ptr[5 + i] >= 'A' && s.ptr[5 + i] <= 'Z' ? s.ptr[5 + i] + 32 : s.ptr[5 + i]);
	h->name_len = len;
}

static unsigned kind_of_algorithm(unsigned number)
{
	switch (number) {
	case 0x0804: case 0x0805: case 0x0806: case 0x0809: case 0x080a: case 0x080b:
		return 1u << TLS_KEY_RSA;
	case 0x0807:
		return 1u << TLS_KEY_ED25519;
	case 0x0808:
		return 1u << TLS_KEY_ED448;
	}
	switch (number & 0xff) {
	case TLSEXT_signature_rsa:
		return 1u << TLS_KEY_RSA;
	case TLSEXT_signature_ecdsa:
		return 1u << TLS_KEY_EC;
	}
	return 0;
}

/* Before TLS 1.3 a suite names the kind of key; those of 1.3 (0x13xx) leave it open. */
static unsigned kinds_of_suites(SSL *ssl)
{
	const unsigned char *bytes;
	size_t len = SSL_client_hello_get0_ciphers(ssl, &bytes);
	unsigned kinds = 0;

	if (SSL_client_hello_isv2(ssl))
		return ~0u;
	for (size_t i = 0; i + 1 < len; i += 2) {
		const SSL_CIPHER *c = SSL_CIPHER_find(ssl, bytes + i);
		int auth = c ? SSL_CIPHER_get_auth_nid(c) : NID_undef;
		if (bytes[i] == 0x13)
			return ~0u;
		if (auth == NID_auth_rsa)
			kinds |= 1u << TLS_KEY_RSA;
		else if (auth == NID_auth_ecdsa)
			kinds |= 1u << TLS_KEY_EC | 1u << TLS_KEY_ED25519 | 1u << TLS_KEY_ED448;
	}
	return kinds;
}

static void read_hello(struct hello *h, SSL *ssl)
{
	struct slice algorithms = numbers(extension(ssl, TLSEXT_TYPE_signature_algorithms));

	h->name_len = 0;
	read_name(h, extension(ssl, TLSEXT_TYPE_server_name));
	h->kinds = algorithms.len ? 0 : 1u << TLS_KEY_RSA | 1u << TLS_KEY_EC;
	for (size_t i = 0; i < algorithms.len; i += 2)
		h->kinds |= kind_of_algorithm(two_bytes(algorithms, i));
	h->kinds &= kinds_of_suites(ssl);
	h->groups = numbers(extension(ssl, TLSEXT_TYPE_supported_groups));
}

static bool has_group(const struct hello *h, uint16_t group)
{
	if (group == 0 || h->groups.len == 0)
		return true;
	for (size_t i = 0; i < h->groups.len; i += 2)
		if (two_bytes(h->groups, i) == group)
			return true;
	return false;
}

static bool can_verify(const struct hello *h, const struct tls_choice *c)
{
	return c->kind == TLS_KEY_OTHER || (h->kinds & 1u << c->kind && has_group(h, c->group));
}

/* ---- the choice ---- */

static bool is_refused(const struct choice *c, struct slice name, struct slice behind_label)
{
	for (const struct refusal *r = c->refusals; r; r = r->next)
		if (slice_eq(r->name, r->wild ? behind_label : name))
			return true;
	return false;
}

/* Keys of curves before RSA: they cost the least. Among equals the first; when the client can none of them, too. */
static const struct choice *better(const struct hello *h, const struct choice *best, const struct choice *c)
{
	if (best == NULL)
		return c;
	bool can_best = can_verify(h, &best->is), can = can_verify(h, &c->is);

	if (can_best != can)
		return can ? c : best;
	return can && best->is.kind == TLS_KEY_RSA && c->is.kind != TLS_KEY_RSA ? c : best;
}

static const struct choice *by_name(const struct hello *h, const struct names *where, struct slice key, struct slice name,
                                    struct slice behind_label)
{
	const struct choice *best = NULL;

	for (const struct holders *at = key.len ? names_find(where, key, 0) : NULL; at; at = at->next)
		if (at->choice->refusals == NULL || !is_refused(at->choice, name, behind_label))
			best = better(h, best, at->choice);
	return best;
}

static const struct choice *choose(const struct tls_table *t, const struct hello *h, bool *named)
{
	struct slice name = slice_make(h->name, h->name_len);
	ptrdiff_t dot = slice_find_byte(name, '.');
	struct slice behind_label = dot > 0 ? slice_from(name, (size_t)dot) : SLICE("");
	const struct choice *best = by_name(h, &t->exact, name, name, behind_label);

	if (best == NULL)
		best = by_name(h, &t->wild, behind_label, name, behind_label);
	*named = best != NULL;
	if (best || t->strict)
		return best;
	for (const struct choice *c = t->first; c; c = c->next)
		if (c->is_default)
			best = better(h, best, c);
	return best;
}

/* ---- a hello that is said again ---- */

/* The name a connection asked for, ended by a NUL. */
static struct tls_place said_place = { .of = CRYPTO_EX_INDEX_SSL, .release = free };

/* OpenSSL forgets it before the second hello, which there is in TLS 1.3 only. */
static bool keep_said(SSL *ssl, const struct hello *h)
{
	char *copy;

	if (extension(ssl, TLSEXT_TYPE_supported_versions).len == 0 || h->name_len == 0)
		return true;
	if ((copy = slice_dup(slice_make(h->name, h->name_len))) != NULL && SSL_set_ex_data(ssl, tls_place_number(&said_place), copy))
		return true;
	free(copy);
	return false;
}

/* Asked for another key share, a client says its hello again, and with the same name (RFC 8446 4.1.2): the choice stands, and
 * who is told the name must not take the second for the first. OpenSSL asks the context that was chosen. */
static int on_next_hello(SSL *ssl, int *alert, void *arg)
{
	struct slice before = slice_of(SSL_get_ex_data(ssl, tls_place_number(&said_place)));
	struct hello h = { .name_len = 0 };

	(void)arg;
	read_name(&h, extension(ssl, TLSEXT_TYPE_server_name));
	if (slice_eq(slice_make(h.name, h.name_len), before))
		return SSL_CLIENT_HELLO_SUCCESS;
	ERR_raise(ERR_LIB_SSL, SSL_R_TLSV1_UNRECOGNIZED_NAME);
	*alert = SSL_AD_ILLEGAL_PARAMETER;
	return SSL_CLIENT_HELLO_ERROR;
}

void tls_front_prepare(SSL_CTX *ctx)
{
	SSL_CTX_set_client_hello_cb(ctx, on_next_hello, NULL);
}

/* ---- what connections begin with ---- */

struct tls_front {
	SSL_CTX *ctx;             /* owns */
	struct tls_table *table;  /* owns, published */
	uint64_t found;           /* atomic: sessions kept here that were resumed */
	struct tls_front *next;
};
static struct tls_front *fronts; /* frozen after boot */

/* What a context does not bring along by itself. */
static void apply_own(SSL *ssl, const struct tls_choice *c)
{
	SSL_set_verify(ssl, SSL_CTX_get_verify_mode(c->ctx), SSL_CTX_get_verify_callback(c->ctx));
	SSL_clear_options(ssl, SSL_get_options(ssl) & ~SSL_CTX_get_options(c->ctx));
	SSL_set_options(ssl, SSL_CTX_get_options(c->ctx));
	SSL_set_min_proto_version(ssl, (int)SSL_CTX_get_min_proto_version(c->ctx));
	SSL_set_max_proto_version(ssl, (int)SSL_CTX_get_max_proto_version(c->ctx));
	if (c->own->curves)
		SSL_set1_curves_list(ssl, c->own->curves);
}

static int on_hello(SSL *ssl, int *alert, void *arg)
{
	const struct tls_front *f = arg;
	struct hello h;
	bool named;

	read_hello(&h, ssl);
	const struct choice *c = choose(__atomic_load_n(&f->table, __ATOMIC_ACQUIRE), &h, &named);
	if (c == NULL) {
		tls_info_keep_name(ssl, slice_make(h.name, h.name_len));
		ERR_raise(ERR_LIB_SSL, SSL_R_TLSV1_UNRECOGNIZED_NAME);
		*alert = SSL_AD_UNRECOGNIZED_NAME;
		return SSL_CLIENT_HELLO_ERROR;
	}
	if (!keep_said(ssl, &h)) {
		*alert = SSL_AD_INTERNAL_ERROR;
		return SSL_CLIENT_HELLO_ERROR;
	}
	SSL_set_SSL_CTX(ssl, c->is.ctx);
	tls_server_renew_scope(ssl);
	if (c->is.own)
		apply_own(ssl, &c->is);
	return SSL_CLIENT_HELLO_SUCCESS;
}

/* The choice is made already. That the name is taken says so to the client, and keeps it with the session, where resumed
 * ones have it from. */
static int take_name(SSL *ssl, int *alert, void *arg)
{
	(void)ssl, (void)alert, (void)arg;
	return SSL_TLSEXT_ERR_OK;
}

struct tls_front *tls_front_new(SSL_CTX *ctx, struct tls_table *t)
{
	struct tls_front *f = calloc(1, sizeof(*f));

	ASSERT(f != NULL);
	*f = (struct tls_front){ .ctx = ctx, .table = t, .next = fronts };
	fronts = f;
	SSL_CTX_set_client_hello_cb(ctx, on_hello, f);
	SSL_CTX_set_tlsext_servername_callback(ctx, take_name);
	return f;
}

SSL_CTX *tls_front_context(const struct tls_front *f)
{
	return f->ctx;
}

void tls_front_note_resumed(struct tls_front *f, bool by_ticket)
{
	if (!by_ticket)
		__atomic_add_fetch(&f->found, 1, __ATOMIC_RELAXED);
}

void tls_fronts_count_lookups(uint64_t *lookups, uint64_t *misses)
{
	*lookups = *misses = 0;
	for (struct tls_front *f = fronts; f; f = f->next) {
		*misses += (uint64_t)SSL_CTX_sess_misses(f->ctx);
		*lookups += __atomic_load_n(&f->found, __ATOMIC_RELAXED);
	}
	*lookups += *misses;
}

static void free_retired(void *p)
{
	struct tls_table *t = p;

	tls_table_free(&t);
}

void tls_front_publish(struct tls_front *f, struct tls_table *t)
{
	epoch_retire(__atomic_exchange_n(&f->table, t, __ATOMIC_ACQ_REL), free_retired);
}

void tls_front_free(struct tls_front **at)
{
	struct tls_front *f = *at;

	*at = NULL;
	if (f == NULL)
		return;
	for (struct tls_front **other = &fronts; *other; other = &(*other)->next)
		if (*other == f) {
			*other = f->next;
			break;
		}
	SSL_CTX_free(f->ctx);
	tls_table_free(&f->table);
	free(f);
}
