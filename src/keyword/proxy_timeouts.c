/* SPDX-License-Identifier: Apache-2.0
 *
 * The timeouts of proxies: rows. One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/proxy.h"

#define TIMEOUT(ident, word, field, places) \
	KEYWORD(timeout_##ident) = { .keyword = "timeout " word, .usage = "timeout " word " <time>", .where = places, \
		.type = SETTING_TIME, .offset = offsetof(struct proxy, set.field) }

TIMEOUT(client, "client", timeout_client_ms, IN_FE);
TIMEOUT(server, "server", timeout_server_ms, IN_BE);
TIMEOUT(connect, "connect", timeout_connect_ms, IN_BE);
TIMEOUT(queue, "queue", timeout_queue_ms, IN_BE);
TIMEOUT(client_fin, "client-fin", timeout_client_fin_ms, IN_FE);
TIMEOUT(server_fin, "server-fin", timeout_server_fin_ms, IN_BE);
TIMEOUT(tunnel, "tunnel", timeout_tunnel_ms, IN_BE);
TIMEOUT(client_hs, "client-hs", timeout_client_hs_ms, IN_FE);
TIMEOUT(http_request, "http-request", timeout_http_request_ms, IN_PROXY);
TIMEOUT(http_keep_alive, "http-keep-alive", timeout_http_keep_alive_ms, IN_PROXY);
TIMEOUT(tarpit, "tarpit", timeout_tarpit_ms, IN_PROXY);
TIMEOUT(check, "check", timeout_check_ms, IN_BE);
