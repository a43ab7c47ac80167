/* SPDX-License-Identifier: Apache-2.0
 *
 * log-format aliases of the client's TLS: %sslv %sslc.
 */
#include "conn/tls_info.h"
#include "proxy/tls_view.h"
#include "rule/fetch.h"

static bool add(struct eval *ev, struct slice (*info)(SSL *), struct strbuf *out)
{
	SSL *ssl = tls_view_client_ssl(ev);

	if (ssl)
		strbuf_add_slice(out, info(ssl));
	return ssl != NULL;
}

static bool version_text(struct eval *ev, struct strbuf *out)
{
	return add(ev, tls_info_protocol, out);
}

static bool cipher_text(struct eval *ev, struct strbuf *out)
{
	return add(ev, tls_info_cipher, out);
}

FETCH(alias_sslv) = { .keyword = "%sslv", .usage = "%sslv version of TLS with the client", .alias = true, .phases = PHASE_SESSION,
	.get_text = version_text };
FETCH(alias_sslc) = { .keyword = "%sslc", .usage = "%sslc cipher of TLS with the client", .alias = true, .phases = PHASE_SESSION,
	.get_text = cipher_text };
