/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics as text: CSV, the typed lines, JSON. Shapes are HAProxy's (management guide, 9.1, 9.2).
 */
#include "proxy/stats.h"

const struct stats_field stats_columns[STATS_COLUMN_COUNT] = {
#define X(name, nature, type, text) { #name, nature, STATS_##type, text },
	STATS_COLUMNS(X)
#undef X
};

static const char *type_name(enum stats_type t)
{
	static const char *const names[] = { "", "u32", "u64", "s32", "str" };

	return names[t];
}

void stats_add_value(struct strbuf *out, const struct stats_value *v)
{
	switch (v->type) {
	case STATS_NONE:
		break;
	case STATS_U32:
	case STATS_U64:
		strbuf_add_u64(out, v->u);
		break;
	case STATS_S32:
		strbuf_add_i64(out, v->i);
		break;
	case STATS_STR:
		strbuf_add_str(out, v->s);
		break;
	}
}

/* RFC 4180: what must stand in quotes; all of these are in the first quarter of ASCII. */
static bool wants_quotes(char c)
{
	return (unsigned char)c <= ',' && (c == ',' || c == '"' || c == '\r' || c == '\n');
}

static void add_csv_string(struct strbuf *out, const char *s)
{
	size_t len = 0;

	while (s[len] && !wants_quotes(s[len]))
		len++;
	if (s[len] == 0) {
		strbuf_add(out, s, len);
		return;
	}
	strbuf_add_byte(out, '"');
	for (const char *c = s; *c; c++) {
		if (*c == '"')
			strbuf_add_byte(out, '"');
		strbuf_add_byte(out, *c);
	}
	strbuf_add_byte(out, '"');
}

void stats_csv_header(struct strbuf *out)
{
	strbuf_add_str(out, "# ");
	for (int i = 0; i < STATS_COLUMN_COUNT; i++) {
		if (i == STATS_STATIC_COUNT)
			strbuf_add_str(out, "-,");
		strbuf_add_str(out, stats_columns[i].name);
		strbuf_add_byte(out, ',');
	}
	strbuf_add_byte(out, '\n');
}

/* What a row needs at least from any column on: a digit and a comma for each. */
#define CSV_ROW_MIN (2 * STATS_COLUMN_COUNT + sizeof("-,\n"))

/* Tables have ten thousand rows, and most columns of each are empty or a digit: these are written in place. */
void stats_csv_row(struct strbuf *out, const struct stats_row *row)
{
	if (!strbuf_reserve(out, CSV_ROW_MIN))
		return;
	char *p = out->ptr + out->len;
	for (int i = 0; i < STATS_COLUMN_COUNT; i++) {
		const struct stats_value *v = &row->values[i];
		if (i == STATS_STATIC_COUNT) {
			*p++ = '-';
			*p++ = ',';
		}
		if (v->type != STATS_NONE && v->type != STATS_STR && v->u < 10) {
			*p++ = (char)('0' + v->u);
		} else if (v->type != STATS_NONE) {
			out->len = (size_t)(p - out->ptr);
			if (v->type == STATS_STR)
				add_csv_string(out, v->s);
			else
				stats_add_value(out, v);
			if (!strbuf_reserve(out, CSV_ROW_MIN))
				return;
			p = out->ptr + out->len;
		}
		*p++ = ',';
	}
	out->len = (size_t)(p - out->ptr);
	strbuf_add_byte(out, '\n');
}

void stats_typed_field(struct strbuf *out, int pos, const struct stats_field *f, const struct stats_value *v, bool text)
{
	strbuf_addf(out, "%d.%s.1:%s:%s:", pos, f->name, f->nature, type_name(v->type));
	stats_add_value(out, v);
	if (text)
		strbuf_addf(out, ":\"%s\"", f->text);
	strbuf_add_byte(out, '\n');
}

void stats_typed_row(struct strbuf *out, const struct stats_row *row, bool texts)
{
	for (int i = 0; i < STATS_COLUMN_COUNT; i++) {
		if (row->values[i].type == STATS_NONE)
			continue;
		strbuf_addf(out, "%c.%lld.%lld.", "FBSL"[row->kind], (long long)row->iid, (long long)row->sid);
		stats_typed_field(out, i, &stats_columns[i], &row->values[i], texts);
	}
}

void stats_add_json_string(struct strbuf *out, const char *s, bool ascii)
{
	strbuf_add_byte(out, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			strbuf_addf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f || (ascii && c > 0x7f))
			strbuf_addf(out, "\\u%04x", c);
		else
			strbuf_add_byte(out, (char)c);
	}
	strbuf_add_byte(out, '"');
}

/* The word for one letter of a nature: pairs of letter and word. */
static const char *word_of(char letter, const char *const *pairs)
{
	for (; *pairs; pairs += 2)
		if (**pairs == letter)
			return pairs[1];
	return "Unknown";
}

static void add_json_tags(struct strbuf *out, const char *nature)
{
	static const char *const origins[] = { "M", "Metric", "S", "Status", "K", "Key", "C", "Config", "P", "Product", NULL };
	static const char *const natures[] = { "G", "Gauge", "L", "Limit", "m", "Min", "M", "Max", "R", "Rate", "C", "Counter",
		"D", "Duration", "A", "Age", "T", "Time", "N", "Name", "O", "Output", "a", "Avg", NULL };
	static const char *const scopes[] = { "C", "Cluster", "P", "Process", "S", "Service", "s", "System", NULL };

	strbuf_addf(out, "\"tags\":{\"origin\":\"%s\",\"nature\":\"%s\",\"scope\":\"%s\"}", word_of(nature[0], origins),
		word_of(nature[1], natures), word_of(nature[2], scopes));
}

void stats_json_field(struct strbuf *out, int pos, const struct stats_field *f, const struct stats_value *v)
{
	strbuf_addf(out, "\"field\":{\"pos\":%d,\"name\":", pos);
	stats_add_json_string(out, f->name, false);
	strbuf_add_str(out, "},\"processNum\":1,");
	add_json_tags(out, f->nature);
	strbuf_addf(out, ",\"value\":{\"type\":\"%s\",\"value\":", type_name(v->type));
	if (v->type == STATS_STR)
		stats_add_json_string(out, v->s, false);
	else
		stats_add_value(out, v);
	strbuf_add_byte(out, '}');
}

void stats_json_row(struct strbuf *out, const struct stats_row *row)
{
	static const char *const kinds[] = { "Frontend", "Backend", "Server", "Listener" };
	const char *comma = "";

	strbuf_add_byte(out, '[');
	for (int i = 0; i < STATS_COLUMN_COUNT; i++) {
		if (row->values[i].type == STATS_NONE)
			continue;
		strbuf_addf(out, "%s{\"objType\":\"%s\",\"proxyId\":%lld,\"id\":%lld,", comma, kinds[row->kind], (long long)row->iid,
			(long long)row->sid);
		stats_json_field(out, i, &stats_columns[i], &row->values[i]);
		strbuf_add_byte(out, '}');
		comma = ",";
	}
	strbuf_add_byte(out, ']');
}
