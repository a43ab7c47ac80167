/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose TLS an expression speaks of: the client's connection, the one to the server, or a health check's. One thread.
 */
#ifndef USHER_PROXY_TLS_VIEW_H
#define USHER_PROXY_TLS_VIEW_H

#include "conn/tls.h"
#include "proxy/check.h"
#include "proxy/log_line.h"
#include "proxy/stream.h"

/* The client's connection, the server's (a health check's in a check); NULL: there is none (any more). */
static inline const struct conn *tls_view_client(const struct eval *ev)
{
	return ev->session ? &ev->session->client : NULL;
}

static inline const struct conn *tls_view_server(const struct eval *ev)
{
	if (ev->check)
		return &ev->check->conn;
	return ev->stream && ev->stream->link ? &ev->stream->link->conn : NULL;
}

/* Its state in OpenSSL; NULL: it does not speak TLS. */
static inline SSL *tls_view_client_ssl(const struct eval *ev)
{
	return ev->session ? tls_of(&ev->session->client) : NULL;
}

static inline SSL *tls_view_server_ssl(const struct eval *ev)
{
	const struct conn *c = tls_view_server(ev);

	return c ? tls_of(c) : NULL;
}

/* A `resolve` of fetches of the server's connection: a log that shows them is written before the connection is given
 * back. */
static inline bool tls_view_keep_server(struct args *a, struct proxy *px, struct strbuf *err)
{
	(void)a, (void)err;
	if (px)
		px->log_wants_link = true;
	else
		log_wants_link = true;
	return true;
}

#endif
