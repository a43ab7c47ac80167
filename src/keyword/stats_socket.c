/* SPDX-License-Identifier: Apache-2.0
 *
 * `stats socket` and `stats maxconn`: listeners of the runtime socket, which is a frontend of its
 * own (GLOBAL) served by the service cli. One thread: start-up only.
 */
#include <stddef.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "proxy/global.h"
#include "proxy/listener.h"
#include "proxy/service.h"

static struct proxy *runtime_proxy(struct conf_line *l)
{
	if (global.runtime == NULL) {
		global.runtime = proxy_new_internal("GLOBAL", l->file, l->line);
		global.runtime->set.maxconn = 10;
		global.runtime->service = registry_find(&service_registry, SLICE("cli"));
		ASSERT(global.runtime->service != NULL);
	}
	return global.runtime;
}

static bool parse_stats_socket(struct conf_line *l, void *owner)
{
	struct bind_settings set = { .sock = { .unix_mode = -1, .unix_uid = -1, .unix_gid = -1 }, .level = CLI_OPERATOR, .shards = 1 };
	const char *address = conf_need(l, "the path of a socket or an address");
	struct strbuf err = STRBUF_EMPTY;
	struct endpoint e;

	(void)owner;
	if (address == NULL)
		return false;
	if (!endpoint_parse(slice_of(address), ENDPOINT_NEED_PORT | ENDPOINT_ANY_OK, &e, &err)) {
		conf_fail(l, "%s", err.ptr ? err.ptr : "bad address");
		strbuf_free(&err);
		return false;
	}
	strbuf_free(&err);
	if (!keyword_dispatch_words(l, IN_STATS_SOCKET, "a 'stats socket' line", &set))
		return false;
	listener_new(runtime_proxy(l), &e, &set, l->file, l->line);
	return true;
}
KEYWORD(stats_socket) = { .keyword = "stats socket", .usage = "stats socket <address> [<word> ...]", .where = IN_GLOBAL,
	.parse = parse_stats_socket };

static bool parse_stats_maxconn(struct conf_line *l, void *owner)
{
	(void)owner;
	return conf_need_int(l, "the number of connections", 1, 100000, &runtime_proxy(l)->set.maxconn);
}
KEYWORD(stats_maxconn) = { .keyword = "stats maxconn", .usage = "stats maxconn <number>", .where = IN_GLOBAL,
	.parse = parse_stats_maxconn };
