/* SPDX-License-Identifier: Apache-2.0
 *
 * What the process is called: node, description, local peer. Start-up only.
 */
#include <ctype.h>
#include <stdlib.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "proxy/global.h"

static bool description_parse(struct conf_line *l, void *owner)
{
	struct global *g = owner;
	if (!conf_peek(l))
		return conf_fail(l, "expected a text");
	free(g->description);
	g->description = conf_rest(l);
	ASSERT(g->description);
	return true;
}

KEYWORD(global_description) = {
	.keyword = "description", .usage = "description <text>", .where = IN_GLOBAL, .parse = description_parse,
};

static bool node_parse(struct conf_line *l, void *owner)
{
	struct global *g = owner;
	const char *name = conf_need(l, "a name");
	if (!name)
		return false;
	for (const char *p = name; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr(".-_", *p))
			return conf_fail(l, "a node's name has letters, digits, '.', '-' and '_' only");
	}
	if (!*name)
		return conf_fail(l, "a node's name cannot be empty");
	free(g->node);
	g->node = strdup(name);
	ASSERT(g->node);
	return true;
}

KEYWORD(global_node) = {
	.keyword = "node", .usage = "node <name>", .where = IN_GLOBAL, .parse = node_parse,
};

static bool localpeer_parse(struct conf_line *l, void *owner)
{
	struct global *g = owner;
	const char *name = conf_need(l, "a name");
	if (!name)
		return false;
	if (g->localpeer_fixed) {
		conf_warn(l, "-L on the command line goes before it, this line is without effect");
		return true;
	}
	free(g->localpeer);
	g->localpeer = strdup(name);
	ASSERT(g->localpeer);
	setenv("HAPROXY_LOCALPEER", name, 1);
	return true;
}

KEYWORD(global_localpeer) = {
	.keyword = "localpeer", .usage = "localpeer <name>", .where = IN_GLOBAL, .parse = localpeer_parse,
};
