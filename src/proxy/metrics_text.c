/* SPDX-License-Identifier: Apache-2.0
 *
 * The text format's parts, and the question which metrics are wanted. Any thread.
 */
#include "proxy/metrics.h"

#include <stdio.h>
#include "base/assert.h"

static const struct scope {
	const char *name;
	unsigned scopes;
} scopes[] = {
	{ "global", METRICS_GLOBAL }, { "frontend", METRICS_FRONTEND }, { "listener", METRICS_LISTENER },
	{ "backend", METRICS_BACKEND }, { "server", METRICS_SERVER }, { "proxy-protocol", METRICS_PROXY_PROTOCOL },
	{ "*", METRICS_ALL },
};

static bool ask_scope(struct metrics_filter *f, struct slice value)
{
	if (value.len == 0) {
		f->scopes = 0;
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(scopes); i++) {
		if (slice_eq(value, slice_of(scopes[i].name))) {
			f->scopes |= scopes[i].scopes;
			return true;
		}
	}
	return false;
}

bool metrics_ask(struct metrics_filter *f, struct slice name, struct slice value)
{
	if (slice_eq(name, SLICE("scope")))
		return ask_scope(f, value);
	if (slice_eq(name, SLICE("metrics")))
		f->names = value;
	else if (slice_eq(name, SLICE("no-maint")))
		f->no_maint = true;
	return true;
}

bool metrics_wanted(const struct metrics_filter *f, const char *prefix, const char *name)
{
	struct slice rest = f->names;
	char full[128];
	bool others = true; /* what is not named is wanted too */

	int len = snprintf(full, sizeof(full), "%s%s", prefix, name);
	while (rest.len) {
		ptrdiff_t comma = slice_find_byte(rest, ',');
		struct slice one = comma < 0 ? rest : slice_make(rest.ptr, (size_t)comma);
		rest = comma < 0 ? SLICE("") : slice_make(rest.ptr + comma + 1, rest.len - (size_t)comma - 1);
		bool out = one.len && one.ptr[0] == '-';
		if (slice_eq(out ? slice_make(one.ptr + 1, one.len - 1) : one, slice_make(full, (size_t)len)))
			return !out;
		others &= out || one.len == 0;
	}
	return others;
}

void metrics_head(struct strbuf *out, const char *prefix, const char *name, const char *type, const char *text)
{
	strbuf_addf(out, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, name, text, prefix, name, type);
}

void metrics_label(struct strbuf *out, const char *label, const char *value)
{
	strbuf_add_str(out, label);
	strbuf_add_str(out, "=\"");
	for (const char *c = value; *c; c++) {
		if (*c == '"' || *c == '\\')
			strbuf_add_byte(out, '\\');
		if (*c == '\n')
			strbuf_add_str(out, "\\n");
		else
			strbuf_add_byte(out, *c);
	}
	strbuf_add_byte(out, '"');
}

void metrics_value(struct strbuf *out, const struct stats_value *v)
{
	strbuf_add_byte(out, ' ');
	if (v->type == STATS_NONE || v->type == STATS_STR)
		strbuf_add_str(out, "NaN");
	else
		stats_add_value(out, v);
	strbuf_add_byte(out, '\n');
}
