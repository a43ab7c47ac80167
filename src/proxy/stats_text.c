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

/* What a row needs without its strings, at most. */
#define ROW_ROOM (STATS_COLUMN_COUNT * (STRBUF_DIGITS_MAX + 1) + sizeof("-,\n"))
#define ROW_STRINGS 1024 /* and mostly with them */

/* Where the row goes on behind a string. In place, if there is room for it and the rest of the row. Out of memory the row
 * lacks it, and out->truncated says so. */
static char *put_csv_string(struct strbuf *out, char *p, const char *s)
{
	const char *end = out->ptr + out->cap - ROW_ROOM;
	size_t len = (size_t)(p - out->ptr);

	for (const char *from = s; p < end && !wants_quotes(*from); from++) {
		if (*from == 0)
			return p;
		*p++ = *from;
	}
	out->len = len;
	add_csv_string(out, s);
	if (out->truncated || !strbuf_reserve(out, ROW_ROOM)) {
		out->truncated = true;
		out->len = len;
	}
	return out->ptr + out->len;
}

static __attribute__((noinline)) char *put_csv_value(struct strbuf *out, char *p, enum stats_type type, union stats_datum v)
{
	if (type == STATS_STR)
		return put_csv_string(out, p, v.s);
	if (type == STATS_S32 && v.i < 0) {
		*p++ = '-';
		v.u = 0 - v.u;
	}
	return p + strbuf_put_u64(p, v.u);
}

/* Most columns are empty or a digit: those cost no branch. */
static inline char *put_column(struct strbuf *out, char *p, const struct stats_row *row, unsigned c)
{
	uint64_t n = row->values[c].u;

	if (n > 9) {
		p = put_csv_value(out, p, stats_columns[c].type, row->values[c]);
	} else {
		*p = (char)('0' + n);
		p += row->has[c];
	}
	*p = ',';
	return p + 1;
}

/* Columns from `c` on until `end`, with a comma behind each. Whole stretches are often empty. */
static char *put_columns(struct strbuf *out, char *p, const struct stats_row *row, unsigned c, unsigned end)
{
	enum { STRETCH = 8 };
	static const uint8_t none[STRETCH];

	for (; c + STRETCH <= end; c += STRETCH) {
		if (memcmp(&row->has[c], none, STRETCH) == 0) {
			memset(p, ',', STRETCH);
			p += STRETCH;
			continue;
		}
		for (unsigned i = 0; i < STRETCH; i++)
			p = put_column(out, p, row, c + i);
	}
	for (; c < end; c++)
		p = put_column(out, p, row, c);
	return p;
}

/* Tables have ten thousand rows: they are written in place. */
void stats_csv_row(struct strbuf *out, const struct stats_row *row)
{
	if (!strbuf_reserve(out, ROW_ROOM + ROW_STRINGS)) {
		out->truncated = true;
		return;
	}
	char *p = put_columns(out, out->ptr + out->len, row, 0, STATS_STATIC_COUNT);
	*p++ = '-';
	*p++ = ',';
	p = put_columns(out, p, row, STATS_STATIC_COUNT, STATS_COLUMN_COUNT);
	*p++ = '\n';
	*p = '\0';
	out->len = (size_t)(p - out->ptr);
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
		struct stats_value v = stats_value_of(row, (enum stats_column)i);
		if (v.type == STATS_NONE)
			continue;
		strbuf_addf(out, "%c.%lld.%lld.", "FBSL"[row->kind], (long long)row->iid, (long long)row->sid);
		stats_typed_field(out, i, &stats_columns[i], &v, texts);
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
		struct stats_value v = stats_value_of(row, (enum stats_column)i);
		if (v.type == STATS_NONE)
			continue;
		strbuf_addf(out, "%s{\"objType\":\"%s\",\"proxyId\":%lld,\"id\":%lld,", comma, kinds[row->kind], (long long)row->iid,
			(long long)row->sid);
		stats_json_field(out, i, &stats_columns[i], &v);
		strbuf_add_byte(out, '}');
		comma = ",";
	}
	strbuf_add_byte(out, ']');
}
