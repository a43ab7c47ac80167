/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditions of .if, .elif and -cc (manual 2.4): numbers, predicates, ! && || and parentheses.
 * The whole expression is read even where its value is already known, so that a mistake in it
 * shows. One thread: start-up only.
 */
#include <ctype.h>
#include <stdlib.h>
#include "base/assert.h"
#include "base/strbuf.h"
#include "base/units.h"
#include "conf/reader.h"

#define DEPTH_MAX 64

struct conf_facts conf_facts;

struct cursor {
	const char *text, *p;
	int depth;
	struct strbuf error; /* owns */
};

static int condition_fail(struct cursor *c, const char *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int condition_fail(struct cursor *c, const char *at, const char *fmt, ...)
{
	if (c->error.len == 0) {
		va_list ap;
		va_start(ap, fmt);
		strbuf_vaddf(&c->error, fmt, ap);
		va_end(ap);
		strbuf_addf(&c->error, " at position %zu of condition '%s'", (size_t)(at - c->text) + 1, c->text);
	}
	return -1;
}

static void condition_skip_blanks(struct cursor *c)
{
	while (isspace((unsigned char)*c->p))
		c->p++;
}

/* A HAProxy version: 3.0, 3.0.4, 3.1-dev2 (which comes before 3.1.0); missing parts are 0. */
struct version {
	unsigned long part[4]; /* major, minor, 1 for a release, patch or development number */
};

static struct version version_parse(const char *z)
{
	struct version v = { { 0, 0, 1, 0 } };
	char *end;
	v.part[0] = strtoul(z, &end, 10);
	if (*end != '.')
		return v;
	v.part[1] = strtoul(end + 1, &end, 10);
	if (strncmp(end, "-dev", 4) == 0) {
		v.part[2] = 0;
		v.part[3] = strtoul(end + 4, &end, 10);
	} else if (*end == '.') {
		v.part[3] = strtoul(end + 1, &end, 10);
	}
	return v;
}

static bool version_before(const char *a, const char *b)
{
	struct version x = version_parse(a), y = version_parse(b);
	for (size_t i = 0; i < COUNT_OF(x.part); i++) {
		if (x.part[i] != y.part[i])
			return x.part[i] < y.part[i];
	}
	return false;
}

/* "3.0.17" of "OpenSSL 3.0.17", with the letter of 1.1.1w counted as 1.1.1's own kind of patch. */
static bool openssl_before(const char *version)
{
	const char *have = conf_facts.ssl_library ? strchr(conf_facts.ssl_library, ' ') : NULL;
	if (!have)
		return false;
	const char *want = version;
	have++;
	for (int i = 0; i < 3; i++) {
		char *h, *w;
		unsigned long a = strtoul(have, &h, 10), b = strtoul(want, &w, 10);
		if (a != b)
			return a < b;
		have = *h == '.' ? h + 1 : h;
		want = *w == '.' ? w + 1 : w;
	}
	return strcasecmp(have, want) < 0;
}

static bool list_has(const char *const *list, const char *sign, const char *name)
{
	for (; list && *list; list++) {
		if (strncmp(*list, sign, strlen(sign)) == 0 && strcmp(*list + strlen(sign), name) == 0)
			return true;
	}
	return false;
}

static bool predicate_defined(const char *a, const char *b)
{
	(void)b;
	return getenv(a) != NULL;
}
static bool predicate_feature(const char *a, const char *b)
{
	(void)b;
	return list_has(conf_facts.features, "+", a);
}
static bool predicate_enabled(const char *a, const char *b)
{
	(void)b;
	return list_has(conf_facts.enabled, "", a);
}
static bool predicate_streq(const char *a, const char *b) { return strcmp(a, b) == 0; }
static bool predicate_strneq(const char *a, const char *b) { return strcmp(a, b) != 0; }
static bool predicate_strstr(const char *a, const char *b) { return strstr(a, b) != NULL; }
static bool predicate_version_before(const char *a, const char *b)
{
	(void)b;
	return version_before(conf_facts.compatible_version ? conf_facts.compatible_version : "0", a);
}
static bool predicate_version_atleast(const char *a, const char *b)
{
	return !predicate_version_before(a, b);
}
static bool predicate_openssl_before(const char *a, const char *b)
{
	(void)b;
	return openssl_before(a);
}
static bool predicate_openssl_atleast(const char *a, const char *b)
{
	(void)b;
	return conf_facts.ssl_library && strncmp(conf_facts.ssl_library, "OpenSSL ", 8) == 0 && !openssl_before(a);
}
static bool predicate_ssllib(const char *a, const char *b)
{
	(void)b;
	return conf_facts.ssl_library && strncmp(conf_facts.ssl_library, a, strlen(a)) == 0;
}
static bool predicate_fips(const char *a, const char *b)
{
	(void)a;
	(void)b;
	return conf_facts.fips;
}

static const struct predicate {
	const char *name;
	int min, max; /* arguments */
	bool (*ask)(const char *a, const char *b);
} predicates[] = {
	{ "defined", 0, 1, predicate_defined },
	{ "feature", 0, 1, predicate_feature },
	{ "enabled", 0, 1, predicate_enabled },
	{ "streq", 2, 2, predicate_streq },
	{ "strneq", 2, 2, predicate_strneq },
	{ "strstr", 2, 2, predicate_strstr },
	{ "version_atleast", 1, 1, predicate_version_atleast },
	{ "version_before", 1, 1, predicate_version_before },
	{ "openssl_version_atleast", 1, 1, predicate_openssl_atleast },
	{ "openssl_version_before", 1, 1, predicate_openssl_before },
	{ "ssllib_name_startswith", 1, 1, predicate_ssllib },
	{ "fips_mode", 0, 0, predicate_fips },
};

/* One argument up to a comma or parenthesis, with the second level of quotes and escapes. */
static bool condition_read_arg(struct cursor *c, struct strbuf *out)
{
	char quote = '\0';
	const char *opened = c->p;
	for (; *c->p; c->p++) {
		if (quote ? *c->p == quote : (*c->p == '\'' || *c->p == '"')) {
			opened = c->p;
			quote = quote ? '\0' : *c->p;
			continue;
		}
		if (!quote && (*c->p == ',' || *c->p == ')'))
			break;
		if (*c->p == '\\' && quote != '\'' && c->p[1])
			c->p++;
		strbuf_add_byte(out, *c->p);
	}
	if (quote)
		condition_fail(c, opened, "this quote is not closed");
	return !quote;
}

static int condition_read_args(struct cursor *c, const struct predicate *p, struct strbuf arg[2])
{
	const char *open = c->p;
	int count = 0;
	if (*c->p != '(')
		return 0;
	c->p++;
	if (*c->p == ')') {
		c->p++;
		return 0;
	}
	for (;;) {
		if (count == p->max)
			return condition_fail(c, c->p, "%s() takes no more than %d argument(s): expected ')'", p->name, p->max);
		if (!condition_read_arg(c, &arg[count++]))
			return -1;
		if (*c->p == ')')
			break;
		if (!*c->p)
			return condition_fail(c, open, "this parenthesis is not closed");
		c->p++;
	}
	c->p++;
	return count;
}

static int condition_predicate(struct cursor *c)
{
	const char *start = c->p;
	while (isalnum((unsigned char)*c->p) || *c->p == '_')
		c->p++;
	struct slice name = slice_make(start, (size_t)(c->p - start));
	const struct predicate *p = NULL;
	const char *names[COUNT_OF(predicates)];
	for (size_t i = 0; i < COUNT_OF(predicates); i++) {
		names[i] = predicates[i].name;
		if (slice_is(name, names[i]))
			p = &predicates[i];
	}
	if (!p) {
		const char *near = nearest_word(name, names, COUNT_OF(names));
		return condition_fail(c, start, "expected a number or a predicate%s%s%s", near ? "; did you mean '" : "",
		                      near ? near : "", near ? "'?" : "");
	}
	struct strbuf arg[2] = { STRBUF_EMPTY, STRBUF_EMPTY };
	int count = condition_read_args(c, p, arg), value = -1;
	if (count >= 0 && count < p->min)
		condition_fail(c, c->p, "%s() takes %d argument(s), %d given", p->name, p->min, count);
	else if (count >= 0)
		value = p->ask(arg[0].ptr ? arg[0].ptr : "", arg[1].ptr ? arg[1].ptr : "");
	strbuf_free(&arg[0]);
	strbuf_free(&arg[1]);
	return value;
}

static int condition_or(struct cursor *c);

static int condition_term(struct cursor *c)
{
	condition_skip_blanks(c);
	if (++c->depth > DEPTH_MAX)
		return condition_fail(c, c->p, "too deep");
	int value;
	if (*c->p == '!') {
		c->p++;
		value = condition_term(c);
		value = value < 0 ? value : !value;
	} else if (*c->p == '(') {
		const char *open = c->p++;
		value = condition_or(c);
		condition_skip_blanks(c);
		if (value >= 0 && *c->p != ')')
			value = condition_fail(c, open, "this parenthesis is not closed");
		else if (value >= 0)
			c->p++;
	} else if (isdigit((unsigned char)*c->p) || ((*c->p == '-' || *c->p == '+') && isdigit((unsigned char)c->p[1]))) {
		value = 0;
		for (c->p += !isdigit((unsigned char)*c->p); isdigit((unsigned char)*c->p); c->p++)
			value |= *c->p != '0';
	} else {
		value = condition_predicate(c);
	}
	c->depth--;
	return value;
}

/* Operands with one operator between them, which is a character twice. */
static int condition_chain(struct cursor *c, char operator, int (*operand)(struct cursor *c))
{
	int value = operand(c);

	while (value >= 0) {
		condition_skip_blanks(c);
		if (c->p[0] != operator || c->p[1] != operator)
			break;
		c->p += 2;
		int next = operand(c);
		value = next < 0 ? next : operator == '&' ? value & next : value | next;
	}
	return value;
}

static int condition_and(struct cursor *c) { return condition_chain(c, '&', condition_term); }
static int condition_or(struct cursor *c) { return condition_chain(c, '|', condition_and); }

int conf_condition(const char *text, char **error)
{
	struct cursor c = { .text = text, .p = text };
	condition_skip_blanks(&c);
	if (!*c.p)
		return 0;
	int value = condition_or(&c);
	condition_skip_blanks(&c);
	if (value >= 0 && *c.p)
		value = condition_fail(&c, c.p, "expected && or || or the end");
	if (value < 0)
		*error = strbuf_take(&c.error);
	return value;
}
