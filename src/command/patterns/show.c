/* SPDX-License-Identifier: Apache-2.0
 *
 * show map, show acl: the lists, or the patterns of one. A list may be long and change meanwhile: its patterns
 * are written a few at a time, and the last one's number says where to go on. Any thread may change the list.
 */
#include <stdlib.h>
#include "patterns.h"

#define PATTERNS_AT_ONCE 64

struct show {
	struct patref *list; /* borrows; NULL: the list of lists */
	bool map;
	struct patref_which which;
	size_t n;            /* the next list */
	uint64_t from;       /* the next pattern's number, or less */
};

static bool show_start(struct cli *c, bool map)
{
	struct show s = { .map = map };
	int at = 0;

	if (!patterns_take_version(c, &at, &s.which))
		return false;
	if (c->arg_count > 0 && !(s.list = patterns_take_list(c, at, map)))
		return false;
	if (!s.list)
		strbuf_add_str(&c->out, "# id (file) description\n");
	c->state = malloc(sizeof(s));
	if (!c->state)
		return cli_refuse(c, "Out of memory.");
	memcpy(c->state, &s, sizeof(s));
	return true;
}

static bool show_map_start(struct cli *c) { return show_start(c, true); }
static bool show_acl_start(struct cli *c) { return show_start(c, false); }

static enum command_result show_run(struct cli *c)
{
	struct show *s = c->state;
	struct patref *r;

	if (s->list)
		return patref_write(s->list, s->which, &s->from, PATTERNS_AT_ONCE, &c->out) ? COMMAND_MORE : COMMAND_DONE;
	r = patref_at(s->n++);
	if (!r)
		return COMMAND_DONE;
	if (s->map ? r->two_columns : r->acl) {
		struct patref_state state = patref_state(r);

		strbuf_addf(&c->out, "%lld (%s) %s. curr_ver=%u next_ver=%u entry_cnt=%zu\n", (long long)r->id, r->name,
			r->text.ptr, state.current, state.last_number, state.count);
	}
	return COMMAND_MORE;
}

static void show_end(struct cli *c) { free(c->state); }

COMMAND(show_map) = {
	.keyword = "show map", .usage = "show map [[@<ver>] <map>]", .text = "list the maps, or the entries of one",
	.start = show_map_start, .run = show_run, .end = show_end,
};
COMMAND(show_acl) = {
	.keyword = "show acl", .usage = "show acl [[@<ver>] <acl>]", .text = "list the ACLs, or the patterns of one",
	.start = show_acl_start, .run = show_run, .end = show_end,
};
