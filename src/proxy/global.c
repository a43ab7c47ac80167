/* SPDX-License-Identifier: Apache-2.0
 *
 * The process-wide settings with their defaults.
 */
#include "proxy/global.h"

#include <unistd.h>

struct global global = {
	.bufsize = 16384,
	.maxrewrite = 1024,
	.maxhdr = 101,
	.logurilen = 1024,
	.cookielen = 63,
	.maxaccept = 64,
	.stats_timeout_ms = 10000,
	.watchdog_after_ms = 5000,
	.uid = -1,
	.gid = -1,
	.max_reloads = -1,
	.tls = { .cache_size = 20000, .lifetime_s = 300 },
};

const char *global_node(char *room)
{
	if (global.node)
		return global.node;
	room[0] = room[GLOBAL_NODE_MAX - 1] = '\0';
	if (gethostname(room, GLOBAL_NODE_MAX - 1) < 0)
		room[0] = '\0';
	return room;
}
