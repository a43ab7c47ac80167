/* SPDX-License-Identifier: Apache-2.0
 *
 * add map, add acl, set map, del map, del acl: changes of single entries. Any thread.
 */
#include "patterns.h"

#define LINES_AT_ONCE 256

/* Says why and gives false. */
static bool refuse(struct cli *c, struct strbuf *why)
{
	cli_refuse(c, "%s", why->ptr ? why->ptr : "Out of memory.");
	strbuf_free(why);
	return false;
}

/* ---- add ---- */

static bool add(struct cli *c, struct patref *r, struct patref_which which, struct slice key, const struct slice *value)
{
	struct strbuf why = STRBUF_EMPTY;

	return patref_add(r, which, key, value, &why) || refuse(c, &why);
}

static bool add_acl_start(struct cli *c)
{
	struct patref_which which;
	struct patref *r;
	int at = 0;

	if (!patterns_take_version(c, &at, &which))
		return false;
	if (c->arg_count < at + 2)
		return cli_refuse(c, "'add acl' expects two parameters: ACL identifier and pattern.");
	r = patterns_take_any(c, at, false);
	if (r && r->two_columns)
		return cli_refuse(c, "This ACL is shared with a map containing samples. "
			"You must use the command 'add map' to add values.");
	return r && add(c, r, which, slice_of(c->args[at + 1]), NULL);
}
COMMAND(add_acl) = {
	.keyword = "add acl", .usage = "add acl [@<ver>] <acl> <pattern>", .text = "add a pattern to an ACL", .level = CLI_OPERATOR,
	.start = add_acl_start,
};

static bool add_map_start(struct cli *c)
{
	struct patref_which which;
	struct patref *r;
	int at = 0;

	if (!patterns_take_version(c, &at, &which))
		return false;
	if (c->payload.len ? c->arg_count != at + 1 : c->arg_count < at + 3)
		return cli_refuse(c, "'add map' expects three parameters (map identifier, key and value) or one parameter "
			"(map identifier) and a payload");
	r = patterns_take_any(c, at, true);
	if (!r)
		return false;
	c->state = r;
	if (c->payload.len)
		return true;
	struct slice value = slice_of(c->args[at + 2]);
	return add(c, r, which, slice_of(c->args[at + 1]), &value);
}

/* A line of the payload: the first word is the key, the rest the value. */
static bool add_line(struct cli *c, struct slice line)
{
	struct patref_which which;
	struct slice value;
	size_t n = 0;
	int at = 0;

	while (line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t'))
		line = slice_from(line, 1);
	while (n < line.len && line.ptr[n] != ' ' && line.ptr[n] != '\t')
		n++;
	if (line.len == 0)
		return true;
	if (n == line.len)
		return cli_refuse(c, "Missing value for key '%.*s'.", SLICE_FMT(line));
	value = slice_from(line, n);
	while (value.len && (value.ptr[0] == ' ' || value.ptr[0] == '\t'))
		value = slice_from(value, 1);
	patterns_take_version(c, &at, &which);
	return add(c, c->state, which, slice_make(line.ptr, n), &value);
}

/* A payload is worked off some lines at a time. The first that cannot be added ends it; those before it stay. */
static enum command_result add_map_run(struct cli *c)
{
	for (int i = 0; i < LINES_AT_ONCE && c->payload.len; i++) {
		ptrdiff_t end = slice_find_byte(c->payload, '\n');
		struct slice line = slice_make(c->payload.ptr, end < 0 ? c->payload.len : (size_t)end);

		c->payload = slice_from(c->payload, line.len + 1);
		if (!add_line(c, line))
			return COMMAND_DONE;
	}
	if (c->payload.len == 0)
		return COMMAND_DONE;
	cli_wake(c);
	return COMMAND_WAIT;
}
COMMAND(add_map) = {
	.keyword = "add map", .usage = "add map [@<ver>] <map> { <key> <value> | << }",
	.text = "add an entry to a map, or those of a payload", .level = CLI_OPERATOR, .start = add_map_start, .run = add_map_run,
};

/* ---- set and del ---- */

static bool set_map_start(struct cli *c)
{
	struct strbuf why = STRBUF_EMPTY;
	struct patref *r;
	struct slice value;
	uint64_t id;
	bool fault, by_id;

	if (c->arg_count < 3)
		return cli_refuse(c, "'set map' expects three parameters: map identifier, key and value.");
	r = patterns_take_any(c, 0, true);
	if (!r)
		return false;
	by_id = patterns_take_id(c, 1, &id, &fault);
	if (fault)
		return false;
	value = slice_of(c->args[2]);
	if (by_id ? patref_set_id(r, id, value, &why) : patref_set(r, slice_of(c->args[1]), value, &why))
		return true;
	return refuse(c, &why);
}
COMMAND(set_map) = {
	.keyword = "set map", .usage = "set map <map> { <key> | #<ref> } <value>", .text = "give an entry of a map another value",
	.level = CLI_OPERATOR, .start = set_map_start,
};

static bool del_start(struct cli *c, bool map)
{
	struct patref *r;
	uint64_t id;
	bool fault, by_id;

	if (c->arg_count < 2)
		return cli_refuse(c, "This command expects two parameters: %s identifier and key.", map ? "map" : "ACL");
	r = patterns_take_any(c, 0, map);
	if (!r)
		return false;
	by_id = patterns_take_id(c, 1, &id, &fault);
	if (fault)
		return false;
	return (by_id ? patref_del_id(r, id) : patref_del(r, slice_of(c->args[1]))) || cli_refuse(c, "Key not found.");
}

static bool del_map_start(struct cli *c) { return del_start(c, true); }
static bool del_acl_start(struct cli *c) { return del_start(c, false); }

COMMAND(del_map) = {
	.keyword = "del map", .usage = "del map <map> { <key> | #<ref> }", .text = "remove an entry of a map", .level = CLI_OPERATOR,
	.start = del_map_start,
};
COMMAND(del_acl) = {
	.keyword = "del acl", .usage = "del acl <acl> { <key> | #<ref> }", .text = "remove a pattern of an ACL",
	.level = CLI_OPERATOR, .start = del_acl_start,
};
