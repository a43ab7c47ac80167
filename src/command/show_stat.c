/* SPDX-License-Identifier: Apache-2.0
 *
 * show stat: the walk of proxy/stats.h as CSV, typed lines or JSON, one object per piece. One thread.
 */
#include <stdlib.h>
#include "proxy/command.h"
#include "proxy/stats.h"

enum shape { FORMAT_CSV, FORMAT_TYPED, FORMAT_JSON };

struct show_stat {
	struct stats_walk walk;
	enum shape shape;
	bool texts;
	bool any;
	struct stats_row row;
};

static bool take_number(struct cli *c, int at, int64_t *out)
{
	return slice_to_i64(slice_of(c->args[at]), out) || cli_refuse(c, "'%s' is not a number.", c->args[at]);
}

/* "{<iid>|<proxy>} <type> <sid>"; -1 is everything. */
static bool take_filter(struct cli *c, int at, struct stats_walk *w)
{
	int64_t type;

	if (!slice_to_i64(slice_of(c->args[at]), &w->iid)) {
		struct proxy *px = proxy_find(slice_of(c->args[at]), PROXY_FE | PROXY_BE);
		if (px == NULL)
			return cli_refuse(c, "No such proxy.");
		w->iid = px->id;
	}
	if (!take_number(c, at + 1, &type) || !take_number(c, at + 2, &w->sid))
		return false;
	w->want = type < 0 ? 0 : (unsigned)type;
	w->iid = w->iid < 0 ? 0 : w->iid;
	w->sid = w->sid < 0 ? 0 : w->sid;
	return true;
}

static bool take_words(struct cli *c, struct show_stat *s)
{
	int at = 0;

	if (c->arg_count >= 2 && strcmp(c->args[0], "domain") == 0) {
		if (strcmp(c->args[1], "proxy") != 0)
			return cli_refuse(c, "usher has statistics of the domain 'proxy' alone.");
		at = 2;
	}
	for (; at < c->arg_count; at++) {
		const char *word = c->args[at];
		if (strcmp(word, "typed") == 0)
			s->shape = FORMAT_TYPED;
		else if (strcmp(word, "json") == 0)
			s->shape = FORMAT_JSON;
		else if (strcmp(word, "desc") == 0)
			s->texts = true;
		else if (strcmp(word, "up") == 0)
			s->walk.up = true;
		else if (strcmp(word, "no-maint") == 0)
			s->walk.no_maint = true;
		else if (at + 2 < c->arg_count) {
			if (!take_filter(c, at, &s->walk))
				return false;
			at += 2;
		} else {
			return cli_refuse(c, "Expected: [domain proxy] [{<iid>|<proxy>} <type> <sid>] [typed|json] [desc] [up|no-maint].");
		}
	}
	return true;
}

static bool show_stat_start(struct cli *c)
{
	struct show_stat *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return cli_refuse(c, "Out of memory.");
	s->walk.private = c->level >= CLI_OPERATOR;
	if (!take_words(c, s)) {
		free(s);
		return false;
	}
	c->state = s;
	if (s->shape == FORMAT_CSV)
		stats_csv_header(&c->out);
	else if (s->shape == FORMAT_JSON)
		strbuf_add_byte(&c->out, '[');
	return true;
}

static enum command_result show_stat_run(struct cli *c)
{
	struct show_stat *s = c->state;

	if (!stats_next(&s->walk, &s->row)) {
		if (s->shape == FORMAT_JSON)
			strbuf_add_str(&c->out, "]\n");
		return COMMAND_DONE;
	}
	switch (s->shape) {
	case FORMAT_CSV:
		stats_csv_row(&c->out, &s->row);
		break;
	case FORMAT_TYPED:
		stats_typed_row(&c->out, &s->row, s->texts);
		break;
	case FORMAT_JSON:
		if (s->any)
			strbuf_add_byte(&c->out, ',');
		stats_json_row(&c->out, &s->row);
		break;
	}
	s->any = true;
	return COMMAND_MORE;
}

static void show_stat_end(struct cli *c)
{
	free(c->state);
}

COMMAND(show_stat) = {
	.keyword = "show stat", .usage = "show stat [desc|json|no-maint|typed|up]*",
	.text = "report counters for each proxy and server", .start = show_stat_start, .run = show_stat_run, .end = show_stat_end,
};
