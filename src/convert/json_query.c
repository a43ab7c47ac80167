/* SPDX-License-Identifier: Apache-2.0
 *
 * json_query(<path>[,int]): one value of a JSON document, by a path of member names and indexes
 * ($.a.b[1], $['my.key'], $.my\.key), which is cut when the configuration is read. jansson parses
 * the document, strictly: what is not JSON has no value. Any thread.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rule/boot.h"
#include "rule/fetch.h"

struct step {
	struct slice name; /* ptr NULL: an index */
	uint64_t index;
};

struct path {
	struct step *steps;
	size_t n;
};

/* ".name" up to the next '.' or '[', a backslash protecting the byte behind it. */
static bool path_read_name(const char **at, struct step *step)
{
	struct strbuf name = STRBUF_EMPTY;

	for (++*at; **at && **at != '.' && **at != '['; ++*at) {
		if (**at == '\\' && (*at)[1])
			++*at;
		strbuf_add_byte(&name, **at);
	}
	step->name = boot_copy(strbuf_slice(&name));
	strbuf_free(&name);
	return step->name.len != 0;
}

/* "[3]" or "['name']". */
static bool path_read_bracket(const char **at, struct step *step)
{
	char quote = (*at)[1];
	const char *end = quote == '\'' || quote == '"' ? strchr(*at + 2, quote) : strchr(*at, ']');
	bool ok;

	if (!end)
		return false;
	if (quote == '\'' || quote == '"') {
		step->name = boot_copy(slice_make(*at + 2, (size_t)(end - *at) - 2));
		*at = end + 2;
		return end[1] == ']';
	}
	ok = slice_to_u64(slice_make(*at + 1, (size_t)(end - *at) - 1), &step->index);
	*at = end + 1;
	return ok;
}

static bool path_read(struct path *p, const char *text)
{
	const char *at = text;

	if (*at++ != '$')
		return false;
	while (*at) {
		struct step step = { 0 };

		if (!(*at == '.' ? path_read_name(&at, &step) : *at == '[' && path_read_bracket(&at, &step)))
			return false;
		p->steps = boot_grow(p->steps, p->n, sizeof(step));
		p->steps[p->n++] = step;
	}
	return true;
}

static bool json_query_check(struct args *a, struct strbuf *err)
{
	struct path *p = boot_alloc(sizeof(*p));

	a->priv = p;
	if (!path_read(p, a->v[0].str.ptr)) {
		strbuf_addf(err, "'%.*s' is no path such as $.name.list[0]", SLICE_FMT(a->v[0].str));
		return false;
	}
	if (a->v[1].type == ARG_NONE || slice_is(a->v[1].str, "int") || a->v[1].str.len == 0)
		return true;
	strbuf_addf(err, "output type '%.*s' is not 'int'", SLICE_FMT(a->v[1].str));
	return false;
}

static const json_t *path_follow(const struct path *p, const json_t *at)
{
	for (size_t i = 0; at && i < p->n; i++)
		at = p->steps[i].name.ptr ? json_object_get(at, p->steps[i].name.ptr)
					  : json_array_get(at, p->steps[i].index);
	return at;
}

/* Strings, numbers, booleans and arrays; integers are integers, other numbers text. */
static bool json_to_value(const json_t *j, struct arena *arena, struct value *v)
{
	char number[64], *text;

	switch (json_typeof(j)) {
	case JSON_STRING:
		*v = value_str(arena_copy(arena, slice_make(json_string_value(j), json_string_length(j))));
		return v->bytes.ptr != NULL;
	case JSON_INTEGER:
		*v = value_int(json_integer_value(j));
		return true;
	case JSON_REAL:
		*v = value_str(arena_copy(arena, slice_make(number, (size_t)snprintf(number, sizeof(number), "%.15g",
			json_real_value(j)))));
		return v->bytes.ptr != NULL;
	case JSON_TRUE:
	case JSON_FALSE:
		*v = value_bool(json_is_true(j));
		return true;
	case JSON_ARRAY:
		text = json_dumps(j, JSON_COMPACT);
		*v = value_str(text ? arena_copy(arena, slice_of(text)) : SLICE(""));
		free(text);
		return text != NULL && v->bytes.ptr != NULL;
	default:
		return false;
	}
}

static bool json_to_int(const json_t *j, struct value *v)
{
	int64_t n;

	if (json_is_string(j)) {
		if (!slice_to_i64(slice_make(json_string_value(j), json_string_length(j)), &n))
			return false;
		*v = value_int(n);
	} else if (json_is_real(j)) {
		if (!(fabs(json_real_value(j)) < 9.2e18))
			return false;
		*v = value_int((int64_t)json_real_value(j));
	} else if (json_is_integer(j)) {
		*v = value_int(json_integer_value(j));
	} else {
		*v = value_int(json_is_true(j));
		return json_is_boolean(j);
	}
	return true;
}

static bool json_query_convert(const struct args *a, struct eval *ev, struct value *v)
{
	json_t *doc = json_loadb(v->bytes.ptr, v->bytes.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	const json_t *found = doc ? path_follow(a->priv, doc) : NULL;
	bool ok = false;

	if (found)
		ok = a->v[1].str.len ? json_to_int(found, v) : json_to_value(found, ev->arena, v);
	json_decref(doc);
	return ok;
}

CONVERTER(json_query) = { .keyword = "json_query", .usage = "json_query(<path>[,int])", .args = "s;s", .in = VALUE_STR,
	.out = VALUE_ANY, .check = json_query_check, .convert = json_query_convert };
