/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS with servers. Contexts are made at start-up; connections use them on any thread.
 */
#include "proxy/tls_connect.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "conf/diag.h"
#include "proxy/cert_files.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/tls_words.h"

/* What its certificate must be for: a name, or an address. */
static bool name_server(X509_VERIFY_PARAM *param, const char *name)
{
	struct addr address;

	if (name[0] == '\0')
		return false;
	if (addr_parse_ip(slice_of(name), &address))
		return X509_VERIFY_PARAM_set1_ip_asc(param, name);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, name, 0);
}

/* Of protocols the engine speaks HTTP/1.1 only; in mode tcp it is client and server who speak. */
static void leave_http2_out(const char **names, struct strbuf *memory)
{
	for (struct slice rest = slice_of(*names);;) {
		ptrdiff_t comma = slice_find_byte(rest, ',');
		struct slice name = comma < 0 ? rest : slice_make(rest.ptr, (size_t)comma);
		if (!slice_is(name, "h2"))
			strbuf_addf(memory, "%s%.*s", memory->len ? "," : "", SLICE_FMT(name));
		if (comma < 0)
			break;
		rest = slice_from(rest, (size_t)comma + 1);
	}
	*names = memory->len ? memory->ptr : NULL;
}

static bool present(SSL_CTX *ctx, const char *path, struct strbuf *err)
{
	struct strbuf joined = STRBUF_EMPTY;

	cert_files_lock();
	const struct cert_file *f = cert_file_get(tls_path(global.crt_base, path, &joined), err);
	bool ok = f && tls_cert_use(ctx, f->cert, err);
	cert_files_unlock();
	strbuf_free(&joined);
	return ok;
}

static SSL_CTX *make_context(const struct tls_connect_settings *tls, const struct tls_settings *set, struct strbuf *err)
{
	SSL_CTX *ctx = tls_context_new(TLS_CLIENT, set, err);
	bool ok = ctx && (tls->crt == NULL || present(ctx, tls->crt, err));

	if (ok && tls->verifyhost && !name_server(SSL_CTX_get0_param(ctx), tls->verifyhost)) {
		strbuf_addf(err, "verifyhost '%s' is no name", tls->verifyhost);
		ok = false;
	}
	if (!ok)
		SSL_CTX_free(ctx);
	return ok ? ctx : NULL;
}

static SSL_CTX *read_settings(const struct server *srv, struct strbuf *err)
{
	struct tls_settings set = srv->set.tls.common;
	struct strbuf ca = STRBUF_EMPTY, crl = STRBUF_EMPTY, alpn = STRBUF_EMPTY;
	SSL_CTX *ctx = NULL;

	tls_settings_inherit(&set, &global.tls_servers);
	set.ca_file = tls_path(global.ca_base, set.ca_file, &ca);
	set.crl_file = tls_path(global.ca_base, set.crl_file, &crl);
	if (set.alpn && srv->px->set.mode == MODE_HTTP)
		leave_http2_out(&set.alpn, &alpn);
	if (set.verify == TLS_VERIFY_NONE || set.ca_file)
		ctx = make_context(&srv->set.tls, &set, err);
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

bool tls_connect_make(struct server *srv)
{
	struct strbuf err = STRBUF_EMPTY;

	if (!srv->set.tls.prepared)
		return true;
	srv->tls_on = srv->set.tls.common.on;
	srv->tls = read_settings(srv, &err);
	if (srv->tls == NULL)
		diag_at(DIAG_ALERT, srv->file, srv->line, "server '%s/%s': %s", srv->px->name, srv->name, err.ptr);
	strbuf_free(&err);
	return srv->tls != NULL;
}

bool tls_connect_resolve(struct proxy *be)
{
	struct server *srv;
	bool ok = true;

	TAILQ_FOREACH(srv, &be->servers, link)
		ok = tls_connect_make(srv) && ok;
	return ok;
}

bool tls_connect_begin(struct conn *c, const struct server *srv, struct slice header)
{
	return tls_begin(c, srv->tls, TLS_CLIENT, NULL, header);
}
