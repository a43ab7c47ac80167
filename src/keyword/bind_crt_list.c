/* SPDX-License-Identifier: Apache-2.0
 *
 * crt-list: certificates out of a file, a line each, with settings and names of their own.
 * One thread: start-up only.
 */
#include "conf/keyword.h"
#include "proxy/listener.h"
#include "proxy/tls_bind_files.h"

static bool parse_crt_list(struct conf_line *l, void *owner)
{
	const char *path = conf_need(l, "a file that names certificates");

	return path && tls_bind_add_list(&((struct bind_settings *)owner)->tls, l, path);
}
KEYWORD(bind_crt_list) = { .keyword = "crt-list", .usage = "crt-list <file>", .where = IN_BIND, .parse = parse_crt_list };
