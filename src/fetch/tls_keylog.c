/* SPDX-License-Identifier: Apache-2.0
 *
 * The secrets of the client's TLS 1.3 connection as hexadecimal text, where tune.ssl.keylog is on. One thread.
 */
#include "conn/tls_keylog.h"
#include "proxy/tls_view.h"
#include "rule/fetch.h"

static enum eval_result give(const struct eval *ev, enum tls_secret which, struct value *out)
{
	SSL *ssl = tls_view_client_ssl(ev);

	*out = value_str(ssl ? tls_keylog_secret(ssl, which) : slice_make(NULL, 0));
	return out->bytes.ptr ? EVAL_OK : EVAL_NONE;
}

#define SECRET(name, which) \
	static enum eval_result name##_get(const struct args *a, struct eval *ev, struct value *out) \
	{ \
		(void)a; \
		return give(ev, TLS_SECRET_##which, out); \
	} \
	FETCH(name) = { .keyword = #name, .usage = #name, .type = VALUE_STR, .phases = PHASE_SESSION & ~PHASE_FE_CONN, .get = name##_get }

SECRET(ssl_fc_client_early_traffic_secret, CLIENT_EARLY);
SECRET(ssl_fc_client_handshake_traffic_secret, CLIENT_HANDSHAKE);
SECRET(ssl_fc_server_handshake_traffic_secret, SERVER_HANDSHAKE);
SECRET(ssl_fc_client_traffic_secret_0, CLIENT);
SECRET(ssl_fc_server_traffic_secret_0, SERVER);
SECRET(ssl_fc_exporter_secret, EXPORTER);
SECRET(ssl_fc_early_exporter_secret, EARLY_EXPORTER);
