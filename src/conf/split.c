/* SPDX-License-Identifier: Apache-2.0
 *
 * One line of text -> words (manual 2.2 and 2.3): a single pass that unquotes, unescapes and
 * expands environment variables into one buffer, which is then cut into an array. It knows no
 * lines, files or keywords. One thread: start-up only.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/assert.h"
#include "base/strbuf.h"
#include "conf/reader.h"

static struct {
	const char *file, *section;
	int line;
} place = { "", "", 0 };

struct split {
	struct slice in;
	size_t at;
	struct strbuf out;    /* owns; the words' bytes, each with its NUL */
	size_t words;         /* finished ones */
	size_t word_start;    /* of the open word, in out */
	bool open;            /* a word has begun, if only by quotes */
	bool empty_list;      /* the open word is so far nothing but a list without members */
	const char *error;
	size_t error_at;
};

void conf_split_set_place(const char *file, int line, const char *section)
{
	place.file = file;
	place.line = line;
	place.section = section;
}

static bool split_fail(struct split *s, size_t at, const char *error)
{
	s->error_at = at;
	s->error = error;
	return false;
}

/* The byte `ahead` from the cursor; NUL past the end. */
static char split_byte(const struct split *s, size_t ahead)
{
	return s->at + ahead < s->in.len ? s->in.ptr[s->at + ahead] : '\0';
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void split_put(struct split *s, char c)
{
	s->open = true;
	s->empty_list = false;
	strbuf_add_byte(&s->out, c);
}

static void split_end_word(struct split *s)
{
	if (s->open && !s->empty_list) {
		strbuf_add_byte(&s->out, '\0');
		s->words++;
	}
	s->word_start = s->out.len;
	s->open = false;
	s->empty_list = false;
}

/* The cursor stands on a backslash; weak is true between double quotes. */
static bool split_escape(struct split *s, bool weak)
{
	char c = split_byte(s, 1);
	size_t used = 2;
	switch (c) {
	case 'n':
		split_put(s, '\n');
		break;
	case 'r':
		split_put(s, '\r');
		break;
	case 't':
		split_put(s, '\t');
		break;
	case 'x': {
		char hex[3] = { split_byte(s, 2), 0, 0 };
		hex[1] = hex[0] ? split_byte(s, 3) : '\0';
		if (!isxdigit((unsigned char)hex[0]) || !isxdigit((unsigned char)hex[1]))
			return split_fail(s, s->at, "expected two hexadecimal digits behind \\x");
		char byte = (char)strtol(hex, NULL, 16);
		if (byte == '\0')
			return split_fail(s, s->at, "\\x00 cannot stand in a word");
		split_put(s, byte);
		used = 4;
		break;
	}
	case '$':
		if (!weak)
			split_put(s, '\\');
		split_put(s, c);
		break;
	case '\'': case '"': case '\\': case '#': case ' ': case '\t':
		split_put(s, c);
		break;
	default:
		/* Not an escape: the backslash stays, and what follows it is read as usual. */
		split_put(s, '\\');
		used = 1;
	}
	s->at += used;
	return true;
}

/* Text of an expansion; as a list each of its members becomes a word of its own. */
static void split_put_value(struct split *s, const char *value, size_t len, bool list)
{
	if (!list) {
		s->open = true;
		s->empty_list = false;
		strbuf_add(&s->out, value, len);
		return;
	}
	bool first = true;
	for (size_t i = 0; i < len;) {
		if (is_blank(value[i])) {
			i++;
			continue;
		}
		if (!first)
			split_end_word(s);
		first = false;
		while (i < len && !is_blank(value[i]))
			split_put(s, value[i++]);
	}
	if (first && s->out.len == s->word_start)
		s->open = s->empty_list = true;
}

static const char *split_variable(const char *name, char number[16])
{
	if (name[0] != '.')
		return getenv(name);
	if (strcmp(name, ".FILE") == 0)
		return place.file;
	if (strcmp(name, ".SECTION") == 0)
		return place.section;
	if (strcmp(name, ".LINE") == 0) {
		snprintf(number, 16, "%d", place.line);
		return number;
	}
	return NULL;
}

/* The cursor stands on a dollar sign between double quotes. */
static bool split_expand(struct split *s)
{
	size_t dollar = s->at++;
	bool brace = split_byte(s, 0) == '{';
	s->at += brace;

	size_t start = s->at;
	if (split_byte(s, 0) == '.')
		s->at++;
	if (!isalpha((unsigned char)split_byte(s, 0)) && split_byte(s, 0) != '_')
		return split_fail(s, s->at, "a variable's name begins with a letter or '_' (write \\$ for a dollar sign)");
	while (isalnum((unsigned char)split_byte(s, 0)) || split_byte(s, 0) == '_')
		s->at++;
	char *name = slice_dup(slice_make(s->in.ptr + start, s->at - start)), number[16];
	ASSERT(name);
	const char *value = split_variable(name, number);
	bool unknown_pseudo = name[0] == '.' && !value;
	free(name);
	if (unknown_pseudo)
		return split_fail(s, start, "the variables with a dot are .FILE, .LINE and .SECTION");

	bool list = false;
	size_t len = value ? strlen(value) : 0;
	if (brace && split_byte(s, 0) == '[') {
		if (split_byte(s, 1) != '*' || split_byte(s, 2) != ']')
			return split_fail(s, s->at, "expected [*] behind the variable's name");
		list = true;
		s->at += 3;
	}
	if (brace && split_byte(s, 0) == '-') {
		size_t from = ++s->at;
		while (s->at < s->in.len && s->in.ptr[s->at] != '}')
			s->at++;
		if (!value) {
			value = s->in.ptr + from;
			len = s->at - from;
		}
	}
	if (brace && split_byte(s, 0) != '}')
		return split_fail(s, dollar, "this brace is not closed behind the variable's name");
	s->at += brace;
	split_put_value(s, value ? value : "", len, list);
	return true;
}

static bool split_weak(struct split *s)
{
	size_t quote = s->at++;
	s->open = true;
	for (;;) {
		if (s->at >= s->in.len)
			return split_fail(s, quote, "this quote is not closed");
		char c = s->in.ptr[s->at];
		if (c == '"')
			break;
		if (c == '\\' ? !split_escape(s, true) : c == '$' ? !split_expand(s) : false)
			return false;
		if (c != '\\' && c != '$') {
			split_put(s, c);
			s->at++;
		}
	}
	s->at++;
	return true;
}

static bool split_strong(struct split *s)
{
	size_t quote = s->at++;
	const char *end = memchr(s->in.ptr + s->at, '\'', s->in.len - s->at);
	if (!end)
		return split_fail(s, quote, "this quote is not closed");
	size_t len = (size_t)(end - (s->in.ptr + s->at));
	split_put_value(s, s->in.ptr + s->at, len, false);
	s->at += len + 1;
	return true;
}

static bool split_run(struct split *s)
{
	while (s->at < s->in.len && s->in.ptr[s->at] != '#') {
		char c = s->in.ptr[s->at];
		bool ok = true;
		if (c == '\0')
			return split_fail(s, s->at, "a NUL byte stands in the line");
		if (is_blank(c)) {
			split_end_word(s);
			s->at++;
		} else if (c == '"') {
			ok = split_weak(s);
		} else if (c == '\'') {
			ok = split_strong(s);
		} else if (c == '\\') {
			ok = split_escape(s, false);
		} else {
			split_put(s, c);
			s->at++;
		}
		if (!ok)
			return false;
	}
	split_end_word(s);
	return true;
}

/* The array and behind it the bytes it points to, in one block. */
static char **split_block(const struct split *s)
{
	char **words = malloc((s->words + 1) * sizeof(*words) + s->out.len + 1);
	ASSERT(words);
	char *bytes = (char *)(words + s->words + 1);
	if (s->out.len)
		memcpy(bytes, s->out.ptr, s->out.len);
	for (size_t i = 0; i < s->words; i++) {
		words[i] = bytes;
		bytes += strlen(bytes) + 1;
	}
	words[s->words] = NULL;
	return words;
}

int conf_split(const char *text, size_t len, char ***words, size_t *error_at, const char **error)
{
	struct split s = { .in = slice_make(text, len) };
	int count = -1;
	if (memchr(text, '\0', len))
		split_fail(&s, (size_t)((const char *)memchr(text, '\0', len) - text), "a NUL byte stands in the line");
	else if (split_run(&s)) {
		*words = split_block(&s);
		count = (int)s.words;
	}
	if (count < 0) {
		*error_at = s.error_at;
		*error = s.error;
	}
	ASSERT(!s.out.truncated);
	strbuf_free(&s.out);
	return count;
}
