/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache of sessions: a short array of names, looked through; a handshake costs a thousand times as much.
 */
#include "conn/tls_sessions.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <time.h>

struct entry {
	char *name;                                /* owns; NULL: the entry is free */
	uint32_t name_len;
	uint32_t n;
	uint64_t used;                             /* s->turn when it last was */
	SSL_SESSION *sessions[TLS_SESSIONS_TICKETS]; /* own, the oldest first; of TLS 1.2 one */
};

struct tls_sessions {
	SSL_CTX *ctx;                              /* owns a use; NULL at first */
	uint32_t trust;
	uint64_t turn;
	struct entry entries[TLS_SESSIONS_NAMES];
};

struct tls_sessions *tls_sessions_new(void)
{
	return calloc(1, sizeof(struct tls_sessions));
}

static void remove_nth(struct entry *e, uint32_t i)
{
	SSL_SESSION_free(e->sessions[i]);
	e->n--;
	memmove(e->sessions + i, e->sessions + i + 1, (e->n - i) * sizeof(e->sessions[0]));
}

static void clear(struct entry *e)
{
	while (e->n)
		remove_nth(e, e->n - 1);
	free(e->name);
	e->name = NULL;
}

void tls_sessions_free(struct tls_sessions **ps)
{
	struct tls_sessions *s = *ps;

	*ps = NULL;
	if (s == NULL)
		return;
	for (size_t i = 0; i < TLS_SESSIONS_NAMES; i++)
		clear(&s->entries[i]);
	SSL_CTX_free(s->ctx);
	free(s);
}

void tls_sessions_are_of(struct tls_sessions *s, SSL_CTX *ctx, uint32_t trust)
{
	if (s->ctx == ctx && s->trust == trust)
		return;
	for (size_t i = 0; i < TLS_SESSIONS_NAMES; i++)
		clear(&s->entries[i]);
	SSL_CTX_up_ref(ctx);
	SSL_CTX_free(s->ctx);
	s->ctx = ctx;
	s->trust = trust;
}

static struct entry *find(struct tls_sessions *s, struct slice name)
{
	for (size_t i = 0; i < TLS_SESSIONS_NAMES; i++) {
		struct entry *e = &s->entries[i];
		if (e->name && slice_eq(slice_make(e->name, e->name_len), name)) {
			e->used = ++s->turn;
			return e;
		}
	}
	return NULL;
}

static struct entry *make(struct tls_sessions *s, struct slice name)
{
	struct entry *e = &s->entries[0];

	for (size_t i = 0; i < TLS_SESSIONS_NAMES && e->name; i++)
		if (s->entries[i].name == NULL || s->entries[i].used < e->used)
			e = &s->entries[i];
	clear(e);
	e->name = slice_dup(name);
	e->name_len = (uint32_t)name.len;
	e->used = ++s->turn;
	return e->name ? e : NULL;
}

static bool is_single_use(const SSL_SESSION *session)
{
	return SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
}

static bool is_good(const SSL_SESSION *session)
{
	return SSL_SESSION_is_resumable(session) && SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session) > time(NULL);
}

void tls_sessions_put(struct tls_sessions *s, const SSL_CTX *ctx, uint32_t trust, struct slice name, SSL_SESSION *session)
{
	bool fits = s->ctx == ctx && s->trust == trust;
	struct entry *e = fits ? find(s, name) : NULL;

	if (!fits || (e == NULL && (e = make(s, name)) == NULL)) {
		SSL_SESSION_free(session);
		return;
	}
	uint32_t most = is_single_use(session) ? TLS_SESSIONS_TICKETS : 1;
	while (e->n >= most)
		remove_nth(e, 0);
	e->sessions[e->n++] = session;
}

SSL_SESSION *tls_sessions_take(struct tls_sessions *s, struct slice name)
{
	struct entry *e = find(s, name);

	while (e && e->n) {
		SSL_SESSION *session = e->sessions[e->n - 1];
		if (!is_good(session)) {
			remove_nth(e, e->n - 1);
			continue;
		}
		if (is_single_use(session))
			e->n--;
		else
			SSL_SESSION_up_ref(session);
		return session;
	}
	return NULL;
}

void tls_sessions_refused(struct tls_sessions *s, struct slice name, const SSL_SESSION *session)
{
	struct entry *e = find(s, name);

	for (uint32_t i = 0; e && i < e->n; i++) {
		if (e->sessions[i] == session) {
			remove_nth(e, i);
			return;
		}
	}
}
