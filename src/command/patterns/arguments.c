/* SPDX-License-Identifier: Apache-2.0
 *
 * The arguments of the commands on ACLs and maps. One thread.
 */
#include "patterns.h"

#include <stdlib.h>

bool patterns_take_version(struct cli *c, int *at, struct patref_which *which)
{
	uint64_t n;

	*which = (struct patref_which){ 0 };
	if (c->arg_count <= *at || c->args[*at][0] != '@')
		return true;
	if (!slice_to_u64(slice_of(c->args[*at] + 1), &n) || n > UINT32_MAX)
		return cli_refuse(c, "'%s' is no version: expected '@' and a number.", c->args[*at]);
	*which = (struct patref_which){ true, (uint32_t)n };
	++*at;
	return true;
}

static struct patref *refuse(struct cli *c, bool map)
{
	cli_refuse(c, "Unknown %s identifier. Please use #<id> or <file>.", map ? "map" : "ACL");
	return NULL;
}

struct patref *patterns_take_any(struct cli *c, int at, bool map)
{
	struct patref *r = c->arg_count > at ? patref_find(slice_of(c->args[at])) : NULL;

	return r ? r : refuse(c, map);
}

struct patref *patterns_take_list(struct cli *c, int at, bool map)
{
	struct patref *r = c->arg_count > at ? patref_find(slice_of(c->args[at])) : NULL;

	return r && (map ? r->two_columns : r->acl) ? r : refuse(c, map);
}

bool patterns_take_id(struct cli *c, int at, uint64_t *id, bool *fault)
{
	const char *word = c->args[at];
	char *end;

	*fault = false;
	if (word[0] != '#')
		return false;
	*id = strtoull(word + 1, &end, 16);
	if (*end || end == word + 1) {
		cli_refuse(c, "Malformed identifier. Please use #<id> or <file>.");
		*fault = true;
	}
	return !*fault;
}
