/* SPDX-License-Identifier: Apache-2.0
 *
 * prepare, commit and clear of maps and ACLs: another list in the place of the one that is used, at once.
 * Any thread.
 */
#include "patterns.h"

static bool prepare_start(struct cli *c, bool map)
{
	struct patref *r = patterns_take_list(c, 0, map);

	if (r)
		strbuf_addf(&c->out, "New version created: %u\n", patref_prepare(r));
	return r != NULL;
}

static bool prepare_map_start(struct cli *c) { return prepare_start(c, true); }
static bool prepare_acl_start(struct cli *c) { return prepare_start(c, false); }

COMMAND(prepare_map) = {
	.keyword = "prepare map", .usage = "prepare map <map>", .text = "begin another version of a map", .level = CLI_OPERATOR,
	.start = prepare_map_start,
};
COMMAND(prepare_acl) = {
	.keyword = "prepare acl", .usage = "prepare acl <acl>", .text = "begin another version of an ACL", .level = CLI_OPERATOR,
	.start = prepare_acl_start,
};

/* The version and the list; NULL after an answer. */
static struct patref *take_both(struct cli *c, bool map, struct patref_which *which)
{
	int at = 0;

	if (!patterns_take_version(c, &at, which))
		return NULL;
	if (c->arg_count > at)
		return patterns_take_list(c, at, map);
	cli_refuse(c, "Missing %s identifier.", map ? "map" : "ACL");
	return NULL;
}

static bool commit_start(struct cli *c, bool map)
{
	struct strbuf why = STRBUF_EMPTY;
	struct patref_which which;
	struct patref *r;

	if (c->arg_count < 1 || c->args[0][0] != '@')
		return cli_refuse(c, "Missing version number.");
	r = take_both(c, map, &which);
	if (!r || patref_commit(r, which.number, &why))
		return r != NULL;
	cli_refuse(c, "%s", why.ptr);
	strbuf_free(&why);
	return false;
}

static bool commit_map_start(struct cli *c) { return commit_start(c, true); }
static bool commit_acl_start(struct cli *c) { return commit_start(c, false); }

COMMAND(commit_map) = {
	.keyword = "commit map", .usage = "commit map @<ver> <map>", .text = "use a prepared version of a map",
	.level = CLI_OPERATOR, .start = commit_map_start,
};
COMMAND(commit_acl) = {
	.keyword = "commit acl", .usage = "commit acl @<ver> <acl>", .text = "use a prepared version of an ACL",
	.level = CLI_OPERATOR, .start = commit_acl_start,
};

static bool clear_start(struct cli *c, bool map)
{
	struct patref_which which;
	struct patref *r = take_both(c, map, &which);

	return r && (patref_clear(r, which) || cli_refuse(c, "Out of memory."));
}

static bool clear_map_start(struct cli *c) { return clear_start(c, true); }
static bool clear_acl_start(struct cli *c) { return clear_start(c, false); }

COMMAND(clear_map) = {
	.keyword = "clear map", .usage = "clear map [@<ver>] <map>", .text = "remove all entries of a map", .level = CLI_OPERATOR,
	.start = clear_map_start,
};
COMMAND(clear_acl) = {
	.keyword = "clear acl", .usage = "clear acl [@<ver>] <acl>", .text = "remove all patterns of an ACL",
	.level = CLI_OPERATOR, .start = clear_acl_start,
};
