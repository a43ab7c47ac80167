/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of proxies that are flags and numbers: rows, and `option redispatch`. One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/proxy.h"

#define OPTION(ident, word, field, places) \
	KEYWORD(option_##ident) = { .keyword = "option " word, .usage = "[no] option " word, .where = places, \
		.type = SETTING_FLAG, .offset = offsetof(struct proxy, set.field) }

OPTION(clitcpka, "clitcpka", clitcpka, IN_FE);
OPTION(srvtcpka, "srvtcpka", srvtcpka, IN_BE);
OPTION(nolinger, "nolinger", nolinger, IN_PROXY);
OPTION(smart_accept, "tcp-smart-accept", smart_accept, IN_FE);
OPTION(smart_connect, "tcp-smart-connect", smart_connect, IN_BE);
OPTION(splice_auto, "splice-auto", splice_auto, IN_PROXY);
OPTION(splice_request, "splice-request", splice_request, IN_PROXY);
OPTION(splice_response, "splice-response", splice_response, IN_PROXY);
OPTION(allbackups, "allbackups", allbackups, IN_BE);
OPTION(persist, "persist", persist, IN_BE);
OPTION(abortonclose, "abortonclose", abortonclose, IN_PROXY);
OPTION(socket_stats, "socket-stats", socket_stats, IN_FE);
OPTION(log_health_checks, "log-health-checks", log_health_checks, IN_BE);

static bool parse_tcpka(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	px->set.clitcpka = px->set.srvtcpka = !l->no && !l->dflt;
	return true;
}
KEYWORD(option_tcpka) = { .keyword = "option tcpka", .usage = "[no] option tcpka", .where = IN_DEFAULTS | IN_LISTEN,
	.parse = parse_tcpka, .may_no = true };

static bool parse_redispatch(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	int64_t every = -1;

	if (l->no || l->dflt) {
		px->set.redispatch = 0;
		return true;
	}
	if (conf_peek(l) && !conf_need_int(l, "the interval in retries", -1000, 1000, &every))
		return false;
	px->set.redispatch = every;
	return true;
}
KEYWORD(option_redispatch) = { .keyword = "option redispatch", .usage = "[no] option redispatch [<interval>]", .where = IN_BE,
	.parse = parse_redispatch, .may_no = true };

#define NUMBER(ident, word, field, places, least, most) \
	KEYWORD(ident) = { .keyword = word, .usage = word " <number>", .where = places, .type = SETTING_INT, \
		.offset = offsetof(struct proxy, set.field), .min = least, .max = most }

NUMBER(proxy_maxconn, "maxconn", maxconn, IN_FE, 0, 100000000);
NUMBER(rate_limit_sessions, "rate-limit sessions", rate_limit, IN_FE, 0, UINT32_MAX);
NUMBER(proxy_fullconn, "fullconn", fullconn, IN_BE, 1, 100000000);
NUMBER(proxy_backlog, "backlog", backlog, IN_FE, 1, 1000000);
NUMBER(proxy_retries, "retries", retries, IN_BE, 0, 1000);
NUMBER(clitcpka_cnt, "clitcpka-cnt", clitcpka_cnt, IN_FE, 1, 127);
NUMBER(srvtcpka_cnt, "srvtcpka-cnt", srvtcpka_cnt, IN_BE, 1, 127);

#define TIME(ident, word, field, places) \
	KEYWORD(ident) = { .keyword = word, .usage = word " <time>", .where = places, .type = SETTING_TIME, \
		.offset = offsetof(struct proxy, set.field), .min = 1000 }

TIME(clitcpka_idle, "clitcpka-idle", clitcpka_idle_ms, IN_FE);
TIME(clitcpka_intvl, "clitcpka-intvl", clitcpka_intvl_ms, IN_FE);
TIME(srvtcpka_idle, "srvtcpka-idle", srvtcpka_idle_ms, IN_BE);
TIME(srvtcpka_intvl, "srvtcpka-intvl", srvtcpka_intvl_ms, IN_BE);

KEYWORD(proxy_description) = { .keyword = "description", .usage = "description <text>",
	.where = IN_PROXY & ~IN_DEFAULTS, .type = SETTING_STR, .offset = offsetof(struct proxy, set.description) };
KEYWORD(proxy_id) = { .keyword = "id", .usage = "id <number>", .where = IN_PROXY & ~IN_DEFAULTS, .type = SETTING_INT,
	.offset = offsetof(struct proxy, id), .min = 1, .max = INT32_MAX };

static bool parse_disabled(struct conf_line *l, void *owner)
{
	(void)l;
	((struct proxy *)owner)->set.disabled = true;
	return true;
}
static bool parse_enabled(struct conf_line *l, void *owner)
{
	(void)l;
	((struct proxy *)owner)->set.disabled = false;
	return true;
}
KEYWORD(proxy_disabled) = { .keyword = "disabled", .usage = "disabled", .where = IN_PROXY, .parse = parse_disabled };
KEYWORD(proxy_enabled) = { .keyword = "enabled", .usage = "enabled", .where = IN_PROXY, .parse = parse_enabled };
