/* SPDX-License-Identifier: Apache-2.0
 *
 * One text compared with one pattern. Start-up, then any thread.
 */
#include "rule/textmatch.h"

#include "base/strbuf.h"
#include "rule/regex.h"

bool textmatch_take_how(struct conf_line *l, enum textmatch_how *out)
{
	static const char *const words[] = { "str", "beg", "end", "sub", "reg" };
	const char *word = conf_need(l, "'str', 'beg', 'end', 'sub' or 'reg'");

	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			*out = (enum textmatch_how)i;
			return true;
		}
	}
	return word && conf_fail(l, "expected 'str', 'beg', 'end', 'sub' or 'reg'");
}

bool textmatch_compile(struct conf_line *l, struct textmatch *m, const char *text)
{
	struct strbuf err = STRBUF_EMPTY;

	m->text = slice_of(text);
	if (m->how != TEXTMATCH_REG)
		return true;
	m->regex = regex_compile(m->text, m->nocase, &err);
	if (m->regex == NULL)
		conf_fail(l, "regular expression '%s': %s", text, err.ptr ? err.ptr : "malformed");
	strbuf_free(&err);
	return m->regex != NULL;
}

static bool same(const struct textmatch *m, struct slice s)
{
	return m->nocase ? slice_eq_nocase(s, m->text) : slice_eq(s, m->text);
}

static bool contains(const struct textmatch *m, struct slice s)
{
	if (!m->nocase)
		return slice_find(s, m->text) >= 0;
	for (size_t i = 0; i + m->text.len <= s.len; i++)
		if (same(m, slice_make(s.ptr + i, m->text.len)))
			return true;
	return false;
}

bool textmatch_applies(const struct textmatch *m, struct slice s)
{
	size_t len = m->text.len;

	switch (m->how) {
	case TEXTMATCH_BEG:
		return s.len >= len && same(m, slice_make(s.ptr, len));
	case TEXTMATCH_END:
		return s.len >= len && same(m, slice_from(s, s.len - len));
	case TEXTMATCH_SUB:
		return contains(m, s);
	case TEXTMATCH_REG:
		return regex_find(m->regex, s, 0, NULL);
	case TEXTMATCH_STR:
		break;
	}
	return same(m, s);
}
