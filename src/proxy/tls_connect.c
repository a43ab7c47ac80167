/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS with servers. Contexts are made at start-up; connections use them on any thread.
 */
#include "proxy/tls_connect.h"

#include <openssl/ssl.h>
#include "conf/diag.h"
#include "proxy/proxy.h"

static bool resolve_server(struct server *srv)
{
	struct tls_settings set = srv->set.tls.common;
	struct strbuf err = STRBUF_EMPTY;

	if (!set.on)
		return true;
	if (set.verify == TLS_VERIFY_DEFAULT)
		set.verify = TLS_VERIFY_REQUIRED;
	if (set.verify == TLS_VERIFY_REQUIRED && set.ca_file == NULL)
		strbuf_add_str(&err, "verify is enabled but no CA file is given: add 'ca-file <file>', or 'verify none' to trust whoever "
			"answers");
	else
		srv->tls = tls_context_new(TLS_CLIENT, &set, &err);
	if (srv->tls)
		SSL_CTX_set_verify(srv->tls, set.verify == TLS_VERIFY_REQUIRED ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	else
		diag_at(DIAG_ALERT, srv->file, srv->line, "server '%s/%s': %s", srv->px->name, srv->name, err.ptr);
	strbuf_free(&err);
	return srv->tls != NULL;
}

bool tls_connect_resolve(struct proxy *be)
{
	struct server *srv;
	bool ok = true;

	TAILQ_FOREACH(srv, &be->servers, link)
		ok = resolve_server(srv) && ok;
	return ok;
}

bool tls_connect_begin(struct conn *c, const struct server *srv, struct slice header)
{
	return tls_begin(c, srv->tls, TLS_CLIENT, NULL, header);
}
