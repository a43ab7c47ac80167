/* SPDX-License-Identifier: Apache-2.0
 *
 * The arguments of a fetch or converter: "(a,b)" cut at commas, unquoted, and read by the types
 * the leaf declares. Parentheses do not nest: one inside an argument has to be quoted.
 * Start-up only.
 */
#include "rule/fetch.h"

#include "base/units.h"
#include "rule/boot.h"
#include "rule/vars.h"

/* What a backslash and c stand for; 0 when the pair stands for itself. */
static char args_escape(char c)
{
	switch (c) {
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	case '\\': case ' ': case '"': case '\'': return c;
	default: return 0;
	}
}

/* One argument's text up to an unquoted ',' or ')', where *at is left. */
static bool args_read_text(const char **at, struct strbuf *text, struct strbuf *err)
{
	const char *p = *at;
	char quote = 0;

	for (; *p && (quote || (*p != ',' && *p != ')')); p++) {
		if (quote ? *p == quote : *p == '"' || *p == '\'') {
			quote = quote ? 0 : *p;
		} else if (*p == '\\' && quote != '\'' && args_escape(p[1])) {
			strbuf_add_byte(text, args_escape(*++p));
		} else {
			strbuf_add_byte(text, *p);
		}
	}
	*at = p;
	if (quote)
		strbuf_addf(err, "quote %c is not closed in the arguments", quote);
	else if (!*p)
		strbuf_add_str(err, "')' is missing behind the arguments");
	return *p != 0;
}

static bool args_read_time(struct arg *a, struct slice text)
{
	uint32_t ms;

	if (unit_time_ms(text, 1000, &ms) != UNIT_OK)
		return false;
	a->num = ms;
	return true;
}

static bool args_read_size(struct arg *a, struct slice text)
{
	uint64_t bytes;

	if (unit_size(text, &bytes) != UNIT_OK || bytes > INT64_MAX)
		return false;
	a->num = (int64_t)bytes;
	return true;
}

/* Reads one argument of the declared letter; an empty one that is no string counts as not given. */
static bool args_read_one(struct arg *a, char letter, struct slice text, struct strbuf *err)
{
	static const struct { char letter; enum arg_type type; const char *what; } kinds[] = {
		{ 'i', ARG_INT, "an integer" }, { 's', ARG_STR, "a string" }, { 't', ARG_TIME, "a time" },
		{ 'z', ARG_SIZE, "a size" }, { 'n', ARG_NET, "an address or network" },
		{ 'v', ARG_VAR, "a variable" }, { 'p', ARG_PROXY, "a proxy name" },
	};
	size_t k = 0;
	bool ok = true;

	while (kinds[k].letter != letter)
		k++;
	a->str = boot_copy(text);
	if (text.len == 0 && letter != 's' && letter != 'p')
		return true;
	a->type = kinds[k].type;
	switch (a->type) {
	case ARG_INT: ok = slice_to_i64(text, &a->num); break;
	case ARG_TIME: ok = args_read_time(a, text); break;
	case ARG_SIZE: ok = args_read_size(a, text); break;
	case ARG_NET: ok = addr_net_parse(text, &a->net); break;
	case ARG_VAR: return (a->var = var_name_intern(text, err)) != NULL;
	default: break;
	}
	if (!ok)
		strbuf_addf(err, "'%.*s' is not %s", SLICE_FMT(text), kinds[k].what);
	return ok;
}

/* Counts the letters of a declaration; *required gets those before ';'. */
static int args_declared(const char *decl, int *required, char *letters)
{
	int n = 0;

	*required = -1;
	for (; decl && *decl; decl++) {
		if (*decl == ';')
			*required = n;
		else
			letters[n++] = *decl;
	}
	if (*required < 0)
		*required = n;
	return n;
}

static bool args_parse_list(const char **at, const char *letters, int max, struct args *out, struct strbuf *err)
{
	struct strbuf text = STRBUF_EMPTY;
	bool ok = true;

	if ((*at)[1] == ')') {
		*at += 2;
		return true;
	}
	do {
		++*at;
		strbuf_clear(&text);
		if (out->count == max) {
			strbuf_addf(err, max ? "takes at most %d argument%s" : "takes no arguments", max,
				max == 1 ? "" : "s");
			ok = false;
		} else {
			ok = args_read_text(at, &text, err) &&
			     args_read_one(&out->v[out->count], letters[out->count], strbuf_slice(&text), err);
			if (!ok && err->len)
				strbuf_addf(err, " (argument %d)", out->count + 1);
			out->count++;
		}
	} while (ok && **at == ',');
	if (ok)
		++*at;
	strbuf_free(&text);
	return ok;
}

bool args_parse(const char **at, const char *decl, struct args *out, struct strbuf *err)
{
	char letters[ARGS_MAX];
	int required, max = args_declared(decl, &required, letters);

	*out = (struct args){ 0 };
	if (**at == '(' && !args_parse_list(at, letters, max, out, err))
		return false;
	for (int i = 0; i < required; i++) {
		if (out->v[i].type != ARG_NONE)
			continue;
		strbuf_addf(err, "argument %d of %d is missing", i + 1, required);
		return false;
	}
	return true;
}

bool args_take_time_unit(struct args *a, struct strbuf *err)
{
	struct slice unit = a->v[1].str;

	if (a->v[1].type == ARG_NONE || slice_is(unit, "s"))
		a->v[1].num = 1;
	else if (slice_is(unit, "ms"))
		a->v[1].num = 1000;
	else if (slice_is(unit, "us"))
		a->v[1].num = 1000000;
	else
		strbuf_addf(err, "unit '%.*s' is none of s, ms and us", SLICE_FMT(unit));
	return a->v[1].num != 0;
}
