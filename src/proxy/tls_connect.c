/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS with servers. Contexts are made at start-up; connections use them on any thread.
 */
#include "proxy/tls_connect.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "conn/tls_trust.h"
#include "core/epoch.h"
#include "proxy/cert_files.h"
#include "proxy/global.h"
#include "proxy/link.h"
#include "proxy/proxy.h"
#include "proxy/stream.h"
#include "proxy/tls_share.h"
#include "proxy/tls_words.h"

struct rate tls_server_keys;

/* ---- contexts ---- */

static SSL_CTX *make_context(const struct tls_connect_settings *tls, const struct tls_settings *set, const struct tls_cert *cert,
                             struct strbuf *err)
{
	SSL_CTX *ctx = tls_context_new(TLS_CLIENT, set, err);
	bool ok = ctx && (cert == NULL || tls_cert_use(ctx, cert, err));

	if (ok && tls->verifyhost && !tls_client_expect(ctx, tls->verifyhost)) {
		strbuf_addf(err, "verifyhost '%s' is no name", tls->verifyhost);
		ok = false;
	}
	if (!ok)
		SSL_CTX_free(ctx);
	return ok ? ctx : NULL;
}

/* With this certificate of ours, or (NULL) none. */
static SSL_CTX *read_settings(const struct server *srv, const struct tls_cert *cert, struct strbuf *err)
{
	struct tls_settings set = srv->set.tls.common;
	struct strbuf ca = STRBUF_EMPTY, crl = STRBUF_EMPTY, alpn = STRBUF_EMPTY;
	SSL_CTX *ctx = NULL;

	tls_settings_inherit(&set, &global.tls_servers);
	set.ca_file = tls_path(global.ca_base, set.ca_file, &ca);
	set.crl_file = tls_path(global.ca_base, set.crl_file, &crl);
	/* In mode tcp it is client and server who speak. */
	if (set.alpn && srv->px->set.mode == MODE_HTTP)
		set.alpn = tls_alpn_spoken(set.alpn, &alpn);
	if (set.verify == TLS_VERIFY_NONE || set.ca_file)
		ctx = make_context(&srv->set.tls, &set, cert, err);
	else
		strbuf_add_str(err, "verify is enabled but no CA file is given: add 'ca-file <file>', or 'verify none' to trust whoever "
			"answers");
	if (ctx)
		SSL_CTX_set_verify(ctx, set.verify == TLS_VERIFY_NONE ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	strbuf_free(&ca);
	strbuf_free(&crl);
	strbuf_free(&alpn);
	return ctx;
}

/* ---- our certificate, which may be replaced ---- */

struct tls_connect_user {
	struct cert_user is;
	struct server *server; /* borrows */
};

static void *prepare(struct cert_user *u, struct tls_cert *next, struct strbuf *err)
{
	return read_settings(CONTAINER_OF(u, struct tls_connect_user, is)->server, next, err);
}

static void free_retired(void *p)
{
	SSL_CTX_free(p);
}

/* Handshakes that began go on with the context they have, and serve the one stream that they were made for. */
static void settle(struct cert_user *u, void *prepared, bool commit)
{
	struct server *srv = CONTAINER_OF(u, struct tls_connect_user, is)->server;

	if (!commit) {
		SSL_CTX_free(prepared);
		return;
	}
	epoch_retire(__atomic_exchange_n(&srv->tls, (SSL_CTX *)prepared, __ATOMIC_ACQ_REL), free_retired);
	links_server_changed(srv);
}

static void describe(const struct cert_user *u, struct strbuf *out)
{
	const struct server *srv = CONTAINER_OF(u, struct tls_connect_user, is)->server;

	strbuf_addf(out, "server %s/%s", srv->px->name, srv->name);
}

static SSL_CTX *read_with_certificate(struct server *srv, struct strbuf *err)
{
	struct strbuf joined = STRBUF_EMPTY;
	const char *path = tls_path(global.crt_base, srv->set.tls.crt, &joined);
	SSL_CTX *ctx = NULL;

	cert_files_lock();
	struct cert_file *f = cert_file_get(path, err);
	if (f && f->cert == NULL)
		strbuf_addf(err, "nothing was committed for the certificate '%s' yet", path);
	else if (f && (ctx = read_settings(srv, f->cert, err)) != NULL) {
		srv->tls_user = malloc(sizeof(*srv->tls_user));
		ASSERT(srv->tls_user != NULL);
		*srv->tls_user = (struct tls_connect_user){ .is = { .prepare = prepare, .settle = settle, .describe = describe },
			.server = srv };
		cert_file_use(f, &srv->tls_user->is);
	}
	cert_files_unlock();
	strbuf_free(&joined);
	return ctx;
}

/* ---- the door ---- */

bool tls_connect_need(struct server *srv)
{
	struct strbuf err = STRBUF_EMPTY;

	if (srv->tls)
		return true;
	srv->tls = srv->set.tls.crt ? read_with_certificate(srv, &err) : read_settings(srv, NULL, &err);
	if (srv->tls == NULL)
		diag_at(DIAG_ALERT, srv->file, srv->line, "server '%s/%s': %s", srv->px->name, srv->name, err.ptr);
	strbuf_free(&err);
	return srv->tls != NULL;
}

bool tls_connect_make(struct server *srv)
{
	srv->tls_on = srv->set.tls.common.on;
	return !srv->set.tls.prepared || tls_connect_need(srv);
}

bool tls_connect_resolve(struct proxy *be)
{
	struct server *srv;
	bool ok = true;

	TAILQ_FOREACH(srv, &be->servers, link)
		ok = tls_connect_make(srv) && ok;
	return ok;
}

bool tls_connect_checks(const struct server *srv)
{
	const struct server_settings *set = &srv->set;

	return set->tls.check_on || (set->tls.common.on && !set->tls.check_off && set->check_port == 0 && !set->has_check_addr);
}

void tls_connect_switch(struct server *srv, bool on)
{
	__atomic_store_n(&srv->tls_on, on, __ATOMIC_RELAXED);
	links_server_gone(srv);
}

void tls_connect_trust_changed(const struct tls_trust_file *f)
{
	struct proxy *px;
	struct server *srv;

	TAILQ_FOREACH(px, &proxies, link)
		TAILQ_FOREACH(srv, &px->servers, link) {
			const SSL_CTX *ctx = __atomic_load_n(&srv->tls, __ATOMIC_ACQUIRE);
			if (ctx && tls_trust_is_in(f, SSL_CTX_get_cert_store(ctx)))
				links_server_changed(srv);
		}
}

void tls_connect_leave(struct server *srv)
{
	if (srv->tls_user == NULL)
		return;
	cert_files_lock();
	cert_file_leave(&srv->tls_user->is);
	cert_files_unlock();
	free(srv->tls_user);
	srv->tls_user = NULL;
}

void tls_connect_free(struct server *srv)
{
	for (int i = 0; srv->sessions && i < thread_count; i++)
		tls_sessions_free(&srv->sessions[i]);
	free(srv->sessions);
	srv->sessions = NULL;
	tls_connect_leave(srv);
	SSL_CTX_free(srv->tls);
	srv->tls = NULL;
}

/* ---- connections ---- */

/* NULL when memory is out, or sessions are not to be resumed. */
static struct tls_sessions *sessions_for(struct server *srv)
{
	struct tls_sessions **slots = __atomic_load_n(&srv->sessions, __ATOMIC_ACQUIRE);

	if (srv->set.tls.no_reuse)
		return NULL;
	if (slots == NULL) {
		struct tls_sessions **fresh = calloc((size_t)thread_count, sizeof(*fresh));
		if (fresh == NULL)
			return NULL;
		if (__atomic_compare_exchange_n(&srv->sessions, &slots, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			slots = fresh;
		else
			free(fresh);
	}
	if (slots[thread_id] == NULL)
		slots[thread_id] = tls_sessions_new();
	return slots[thread_id];
}

/* Who says `sni` and `verify required` wants the server's name proved: clients who give none must not make it anybody's. */
static bool needs_name(const struct server *srv)
{
	const SSL_CTX *ctx = __atomic_load_n(&srv->tls, __ATOMIC_ACQUIRE);

	return srv->set.tls.verifyhost == NULL && ctx && SSL_CTX_get_verify_mode(ctx) != SSL_VERIFY_NONE;
}

bool tls_connect_name(struct stream *s, const struct server *srv, struct tls_name *out)
{
	struct eval ev;
	struct value v;
	int len;

	out->len = 0;
	out->text[0] = '\0';
	if (srv->set.tls.sni == NULL)
		return true;
	ev = stream_eval(s, PHASE_SOURCE);
	ev.final = true;
	len = expr_eval_as(srv->set.tls.sni, VALUE_STR, &ev, &v) == EVAL_OK ? tls_client_name_clean(v.bytes, out->text) : 0;
	out->len = len < 0 ? 0 : (uint32_t)len;
	return len > 0 || (len == 0 && !needs_name(srv));
}

bool tls_connect_begin(struct conn *c, struct server *srv, struct slice name, struct slice header)
{
	SSL_CTX *ctx = __atomic_load_n(&srv->tls, __ATOMIC_ACQUIRE);

	return tls_begin(c, ctx, TLS_CLIENT, NULL, header) && tls_client_ask(c, name, sessions_for(srv));
}

bool tls_connect_offer(struct conn *c, const char *alpn)
{
	struct strbuf wire = STRBUF_EMPTY;
	bool ok = tls_alpn_compose(alpn, &wire) && SSL_set_alpn_protos(tls_of(c), (const unsigned char *)wire.ptr, (unsigned)wire.len) == 0;

	strbuf_free(&wire);
	return ok;
}

/* The name that SNI asked for is expected, that of `verifyhost` is configured. */
enum conn_error tls_connect_error(const struct conn *c)
{
	switch (SSL_get_verify_result(tls_of(c))) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return tls_client_name(c).len ? CONN_ERROR_TLS_NOT_EXPECTED : CONN_ERROR_TLS_NOT_CONFIGURED;
	default:
		return CONN_ERROR_TLS_HANDSHAKE;
	}
}

const char *tls_connect_doubt(const struct conn *c)
{
	return ERR_GET_REASON(tls_failure(c)) == SSL_R_CERTIFICATE_VERIFY_FAILED ?
		X509_verify_cert_error_string(SSL_get_verify_result(tls_of(c))) : NULL;
}

enum io tls_connect_shake(struct conn *c, struct server *srv, bool *later)
{
	enum io r = later ? tls_share_handshake(c, later) : tls_handshake(c);

	if (r == IO_AGAIN)
		return r;
	tls_client_settle(c, r == IO_DONE);
	if (r != IO_DONE) {
		COUNT(&srv->counters, tls_failed);
		COUNT(&srv->px->be, tls_failed);
	} else if (SSL_session_reused(tls_of(c))) {
		COUNT(&srv->counters, tls_resumed);
		COUNT(&srv->px->be, tls_resumed);
	} else {
		COUNT(&srv->counters, tls_full);
		COUNT(&srv->px->be, tls_full);
		rate_count(&tls_server_keys);
	}
	return r;
}
