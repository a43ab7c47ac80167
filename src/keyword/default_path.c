/* SPDX-License-Identifier: Apache-2.0
 *
 * default-path: where the relative paths of a configuration begin. One thread: start-up only.
 */
#include "conf/reader.h"

static bool parse_default_path(struct conf_line *l, void *owner)
{
	static const char *const places[] = { "current", "config", "parent", "origin" };
	const char *origin = NULL;

	(void)owner;
	for (int from = CONF_PATHS_CURRENT; from <= CONF_PATHS_ORIGIN; from++) {
		if (!conf_take_if(l, places[from]))
			continue;
		if (from == CONF_PATHS_ORIGIN && (origin = conf_need(l, "a directory")) == NULL)
			return false;
		return conf_set_paths(l, (enum conf_paths)from, origin);
	}
	conf_take(l);
	return conf_fail(l, "expected 'current', 'config', 'parent' or 'origin'");
}
KEYWORD(default_path) = { .keyword = "default-path", .usage = "default-path {current | config | parent | origin <path>}", .where = IN_GLOBAL,
	.parse = parse_default_path };
