/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of patterns become patterns; what a match method thinks of them comes later. Start-up only.
 */
#include "rule/pattern_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct pattern_views no_views;

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static struct slice skip_blanks(struct slice s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = slice_from(s, 1);
	return s;
}

static bool add_pattern(struct pattern_version *v, struct slice key, const struct slice *value, uint32_t line,
	struct strbuf *err)
{
	struct pattern *p = pattern_new(key, value, line);

	if (!p) {
		strbuf_add_str(err, "out of memory");
		return false;
	}
	if (pattern_version_add(v, &no_views, p, err))
		return true;
	pattern_free(p);
	return false;
}

static bool parse_line(struct slice s, bool two_columns, struct pattern_version *v, uint32_t line, struct strbuf *err)
{
	struct slice key, value;
	size_t n = 0;

	while (s.len && (s.ptr[s.len - 1] == '\r' || s.ptr[s.len - 1] == '\n'))
		s.len--;
	if (s.len && s.ptr[0] == '#')
		return true;
	s = skip_blanks(s);
	if (s.len == 0)
		return true;
	if (slice_find_byte(s, 0) >= 0) {
		strbuf_add_str(err, "the line holds a NUL byte");
		return false;
	}
	if (!two_columns)
		return add_pattern(v, s, NULL, line, err);
	while (n < s.len && !is_blank(s.ptr[n]))
		n++;
	key = slice_make(s.ptr, n);
	value = slice_trim(slice_from(s, n));
	return add_pattern(v, key, &value, line, err);
}

bool pattern_file_parse(const char *path, struct slice text, bool two_columns, struct pattern_version *v,
	struct strbuf *err)
{
	struct strbuf why = STRBUF_EMPTY;
	bool ok = true;

	for (uint32_t line = 1; ok && text.len; line++) {
		ptrdiff_t end = slice_find_byte(text, '\n');
		size_t used = end < 0 ? text.len : (size_t)end + 1;

		ok = parse_line(slice_make(text.ptr, used), two_columns, v, line, &why);
		if (!ok)
			strbuf_addf(err, "file '%s' line %u: %s", path, line, why.ptr);
		text = slice_from(text, used);
	}
	strbuf_free(&why);
	return ok;
}

static bool read_all(const char *path, struct strbuf *text)
{
	FILE *f = fopen(path, "re");
	bool ok = f != NULL;
	size_t n;

	while (ok && (ok = strbuf_reserve(text, 65536)) && (n = fread(text->ptr + text->len, 1, 65536, f)) > 0)
		text->len += n;
	if (!ok && f)
		errno = ENOMEM;
	ok = ok && !ferror(f);
	if (f)
		fclose(f);
	return ok;
}

bool pattern_file_read(const char *path, bool two_columns, struct pattern_version *v, struct strbuf *err)
{
	struct strbuf text = STRBUF_EMPTY;
	bool ok = read_all(path, &text);

	if (ok)
		ok = pattern_file_parse(path, strbuf_slice(&text), two_columns, v, err);
	else
		strbuf_addf(err, "cannot read patterns from '%s': %s", path, strerror(errno));
	strbuf_free(&text);
	return ok;
}
