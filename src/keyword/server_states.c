/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of server states: where they are, and which one a backend reads (proxy/server_states.h).
 * One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "rule/boot.h"

KEYWORD(global_server_state_base) = {
	.keyword = "server-state-base", .usage = "server-state-base <directory>", .where = IN_GLOBAL, .type = SETTING_STR,
	.offset = offsetof(struct global, server_state_base), .once = true,
};

KEYWORD(global_server_state_file) = {
	.keyword = "server-state-file", .usage = "server-state-file <file>", .where = IN_GLOBAL, .type = SETTING_STR,
	.offset = offsetof(struct global, server_state_file), .once = true,
};

static bool parse_from(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	if (conf_take_if(l, "global"))
		px->set.states_from = STATES_FROM_GLOBAL;
	else if (conf_take_if(l, "local"))
		px->set.states_from = STATES_FROM_LOCAL;
	else if (conf_take_if(l, "none"))
		px->set.states_from = STATES_FROM_NOTHING;
	else
		return conf_fail(l, "expected 'global', 'local' or 'none'");
	return true;
}
KEYWORD(load_server_state_from_file) = {
	.keyword = "load-server-state-from-file", .usage = "load-server-state-from-file { global | local | none }", .where = IN_BE,
	.parse = parse_from,
};

static bool parse_name(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	px->set.states_file = NULL;
	if (conf_peek(l) == NULL || conf_take_if(l, "use-backend-name"))
		return true;
	const char *word = conf_need(l, "a file");
	px->set.states_file = word ? boot_copy(slice_of(word)).ptr : NULL;
	return word != NULL;
}
KEYWORD(server_state_file_name) = {
	.keyword = "server-state-file-name", .usage = "server-state-file-name [ use-backend-name | <file> ]", .where = IN_LISTEN | IN_BACKEND,
	.parse = parse_name,
};
