/* SPDX-License-Identifier: Apache-2.0
 *
 * Matching, by trying one way after the other. What is tried is charged to the run; see pattern.h.
 */
#include "pattern.h"

#include <ctype.h>
#include "script.h"

#define DEPTH_MAX 200

/* ---- single characters ---- */

static bool is_in_class(unsigned char c, unsigned char class)
{
	int is;

	switch (class | 0x20) {
	case 'a': is = isalpha(c); break;
	case 'c': is = iscntrl(c); break;
	case 'd': is = isdigit(c); break;
	case 'g': is = isgraph(c); break;
	case 'l': is = islower(c); break;
	case 'p': is = ispunct(c); break;
	case 's': is = isspace(c); break;
	case 'u': is = isupper(c); break;
	case 'w': is = isalnum(c); break;
	case 'x': is = isxdigit(c); break;
	case 'z': is = c == 0; break; /* of old scripts */
	default: return c == class;
	}
	return !is == !!isupper(class);
}

/* The end of the item that stands at p: '.', 'x', '%x' or '[set]'. */
static const char *item_end(const struct script_search *m, const char *p)
{
	if (*p == '%') {
		if (p + 1 == m->end)
			luaL_error(m->L, "malformed pattern (ends with '%%')");
		return p + 2;
	}
	if (*p++ != '[')
		return p;
	if (p < m->end && *p == '^')
		p++;
	const char *first = p; /* a bracket here is one of the set */
	for (; p < m->end; p++) {
		if (*p == ']' && p > first)
			return p + 1;
		if (*p == '%' && ++p == m->end)
			break;
	}
	luaL_error(m->L, "malformed pattern (missing ']')");
	return NULL;
}

/* `set` is behind the bracket that opens, `end` the one that closes. */
static bool is_in_set(unsigned char c, const char *set, const char *end)
{
	bool wanted = true;

	if (*set == '^') {
		wanted = false;
		set++;
	}
	for (; set < end; set++) {
		if (*set == '%') {
			if (is_in_class(c, (unsigned char)*++set))
				return wanted;
		} else if (end - set > 2 && set[1] == '-') {
			if ((unsigned char)*set <= c && c <= (unsigned char)set[2])
				return wanted;
			set += 2;
		} else if ((unsigned char)*set == c) {
			return wanted;
		}
	}
	return !wanted;
}

static bool is_one(const struct script_search *m, const char *at, const char *item, const char *end)
{
	if (at == m->text.ptr + m->text.len)
		return false;
	switch (*item) {
	case '.':
		return true;
	case '%':
		return is_in_class((unsigned char)*at, (unsigned char)item[1]);
	case '[':
		script_charge(m->L, (size_t)(end - item) / 8);
		return is_in_set((unsigned char)*at, item + 1, end - 1);
	default:
		return *at == *item;
	}
}

/* ---- items that are more than one character ---- */

static const char *match_balanced(const struct script_search *m, const char *at, const char *p)
{
	const char *end = m->text.ptr + m->text.len, *from = at;
	size_t open = 1;

	if (m->end - p < 4)
		luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
	if (at == end || *at != p[2])
		return NULL;
	for (at++; at < end && open; at++) {
		if (*at == p[3])
			open--;
		else if (*at == p[2])
			open++;
	}
	script_charge(m->L, (size_t)(at - from));
	return open ? NULL : at;
}

static bool is_frontier(const struct script_search *m, const char *at, const char *set, const char *end)
{
	unsigned char before = at == m->text.ptr ? '\0' : (unsigned char)at[-1];
	unsigned char here = at == m->text.ptr + m->text.len ? '\0' : (unsigned char)*at;

	script_charge(m->L, (size_t)(end - set) / 8);
	return !is_in_set(before, set + 1, end - 1) && is_in_set(here, set + 1, end - 1);
}

static const char *match_back(const struct script_search *m, const char *at, char digit)
{
	int n = digit - '1';

	if (n < 0 || n >= m->captures || m->capture[n].kind == CAPTURE_OPEN) {
		luaL_error(m->L, "invalid capture index %%%d in the pattern", n + 1);
		return NULL;
	}
	size_t len = m->capture[n].kind == CAPTURE_TEXT ? m->capture[n].len : SIZE_MAX;
	if ((size_t)(m->text.ptr + m->text.len - at) < len)
		return NULL;
	script_charge(m->L, len);
	return memcmp(m->capture[n].from, at, len) == 0 ? at + len : NULL;
}

static const char *match_open(struct script_search *m, const char *at, const char *p)
{
	bool is_position = p + 1 < m->end && p[1] == ')';

	if (m->captures == PATTERN_CAPTURES_MAX)
		luaL_error(m->L, "too many captures");
	m->capture[m->captures++] = (struct script_capture){ .from = at, .kind = is_position ? CAPTURE_POSITION : CAPTURE_OPEN };
	at = script_match(m, at, p + 1 + is_position);
	if (at == NULL)
		m->captures--;
	return at;
}

static const char *match_close(struct script_search *m, const char *at, const char *p)
{
	int n = m->captures - 1;

	while (n >= 0 && m->capture[n].kind != CAPTURE_OPEN)
		n--;
	if (n < 0)
		luaL_error(m->L, "invalid pattern capture");
	m->capture[n].kind = CAPTURE_TEXT;
	m->capture[n].len = (size_t)(at - m->capture[n].from);
	at = script_match(m, at, p + 1);
	if (at == NULL)
		m->capture[n].kind = CAPTURE_OPEN;
	return at;
}

/* ---- repetition: the item stands from p to end, the rest of the pattern at rest ---- */

static const char *match_most(struct script_search *m, const char *at, const char *p, const char *end, const char *rest)
{
	size_t n = 0;

	while (is_one(m, at + n, p, end))
		n++;
	script_charge(m->L, n);
	for (;; n--) {
		const char *match = script_match(m, at + n, rest);
		if (match || n == 0)
			return match;
	}
}

static const char *match_least(struct script_search *m, const char *at, const char *p, const char *end, const char *rest)
{
	for (;; at++) {
		const char *match = script_match(m, at, rest);
		if (match || !is_one(m, at, p, end))
			return match;
	}
}

/* ---- a pattern ---- */

/* The item at *p, and where it goes on behind it; NULL: no match. over: what was given is the end of the whole match. */
static const char *match_item(struct script_search *m, const char *at, const char **p, bool *over)
{
	const char *end = item_end(m, *p), *item = *p;
	char repeat = end < m->end ? *end : '\0';

	*p = end + 1;
	switch (repeat) {
	case '*':
		*over = true;
		return match_most(m, at, item, end, end + 1);
	case '+':
		*over = true;
		return is_one(m, at, item, end) ? match_most(m, at + 1, item, end, end + 1) : NULL;
	case '-':
		*over = true;
		return match_least(m, at, item, end, end + 1);
	case '?':
		if (!is_one(m, at, item, end))
			return at;
		const char *match = script_match(m, at + 1, end + 1);
		*over = match != NULL;
		return match ? match : at;
	default:
		*p = end;
		return is_one(m, at, item, end) ? at + 1 : NULL;
	}
}

static const char *match_escape(struct script_search *m, const char *at, const char **p, bool *over)
{
	char c = (*p)[1];

	if (*p + 1 == m->end || (c != 'b' && c != 'f' && !isdigit((unsigned char)c)))
		return match_item(m, at, p, over);
	if (c == 'f') {
		const char *set = *p + 2;
		if (set >= m->end || *set != '[')
			luaL_error(m->L, "missing '[' after '%%f' in pattern");
		*p = item_end(m, set);
		return is_frontier(m, at, set, *p) ? at : NULL;
	}
	at = c == 'b' ? match_balanced(m, at, *p) : match_back(m, at, c);
	*p += c == 'b' ? 4 : 2;
	return at;
}

const char *script_match(struct script_search *m, const char *at, const char *p)
{
	bool over = false;

	if (++m->depth > DEPTH_MAX)
		luaL_error(m->L, "pattern too complex");
	while (at && !over && p < m->end) {
		script_charge(m->L, 1);
		if (*p == '(' || *p == ')') {
			at = *p == '(' ? match_open(m, at, p) : match_close(m, at, p);
			over = true;
		} else if (*p == '$' && p + 1 == m->end) {
			at = at == m->text.ptr + m->text.len ? at : NULL;
			over = true;
		} else if (*p == '%') {
			at = match_escape(m, at, &p, &over);
		} else {
			at = match_item(m, at, &p, &over);
		}
	}
	m->depth--;
	return at;
}
