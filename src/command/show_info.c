/* SPDX-License-Identifier: Apache-2.0
 *
 * show info: the process's facts (proxy/info.h) as lines, typed lines or JSON. One thread.
 */
#include "proxy/command.h"
#include "proxy/info.h"

enum shape { SHAPE_LINES, SHAPE_TYPED, SHAPE_JSON };

static void add_field(struct cli *c, int f, const struct stats_value *v, enum shape shape, bool texts)
{
	switch (shape) {
	case SHAPE_LINES:
		strbuf_addf(&c->out, "%s: ", info_fields[f].name);
		stats_add_value(&c->out, v);
		if (texts)
			strbuf_addf(&c->out, ":\"%s\"", info_fields[f].text);
		strbuf_add_byte(&c->out, '\n');
		break;
	case SHAPE_TYPED:
		stats_typed_field(&c->out, f, &info_fields[f], v, texts);
		break;
	case SHAPE_JSON:
		strbuf_add_byte(&c->out, '{');
		stats_json_field(&c->out, f, &info_fields[f], v);
		strbuf_add_byte(&c->out, '}');
		break;
	}
}

static bool show_info_start(struct cli *c)
{
	enum shape shape = SHAPE_LINES;
	bool texts = false, any = false;
	struct info info;

	for (int i = 0; i < c->arg_count; i++) {
		if (strcmp(c->args[i], "typed") == 0)
			shape = SHAPE_TYPED;
		else if (strcmp(c->args[i], "json") == 0)
			shape = SHAPE_JSON;
		else if (strcmp(c->args[i], "desc") == 0)
			texts = true;
		else
			return cli_refuse(c, "Expected 'desc', 'json' or 'typed' instead of '%s'.", c->args[i]);
	}
	info_fill(&info);
	if (shape == SHAPE_JSON)
		strbuf_add_byte(&c->out, '[');
	for (int f = 0; f < INFO_FIELD_COUNT; f++) {
		if (info.values[f].type == STATS_NONE)
			continue;
		if (any && shape == SHAPE_JSON)
			strbuf_add_byte(&c->out, ',');
		any = true;
		add_field(c, f, &info.values[f], shape, texts);
	}
	if (shape == SHAPE_JSON)
		strbuf_add_str(&c->out, "]\n");
	return true;
}

COMMAND(show_info) = {
	.keyword = "show info", .usage = "show info [desc|json|typed]*", .text = "report information about the running process",
	.start = show_info_start,
};
