/* SPDX-License-Identifier: Apache-2.0
 *
 * Walking the cookies of a field's value and taking one out. Never fails: what is no cookie is passed over and stays
 * where it is. No state: any thread.
 */
#include "wire/cookie.h"

static bool is_delimiter(char c) { return c == ';' || c == ','; }

/* Offset of the next delimiter at or after `at`, quoted parts passed over if asked; s.len when there is none. */
static size_t delimiter(struct slice s, size_t at, bool quotes)
{
	bool quoted = false;

	for (; at < s.len; at++) {
		if (quoted && s.ptr[at] == '\\')
			at++;
		else if (quotes && s.ptr[at] == '"')
			quoted = !quoted;
		else if (!quoted && is_delimiter(s.ptr[at]))
			return at;
	}
	return s.len;
}

/* Takes one piece off rest; true when it is a cookie. */
static bool next_piece(struct slice *rest, struct cookie *c, char *ended_by)
{
	ptrdiff_t equal = slice_find_byte(slice_make(rest->ptr, delimiter(*rest, 0, false)), '=');
	size_t end = delimiter(*rest, equal < 0 ? 0 : (size_t)equal + 1, equal >= 0);
	struct slice piece = slice_make(rest->ptr, end);

	*ended_by = '\0';
	if (end < rest->len)
		*ended_by = rest->ptr[end];
	*rest = slice_from(*rest, end + 1);
	if (equal < 0)
		return false;
	c->whole = slice_trim(piece);
	equal -= c->whole.ptr - piece.ptr;
	c->name = slice_trim(slice_make(c->whole.ptr, (size_t)equal));
	c->value = slice_trim(slice_from(c->whole, (size_t)equal + 1));
	return c->name.len == 0 || c->name.ptr[0] != '$';
}

bool cookie_next(struct slice *rest, struct cookie *c)
{
	char ended_by;

	while (rest->len)
		if (next_piece(rest, c, &ended_by))
			return true;
	return false;
}

bool set_cookie_next(struct slice *rest, struct cookie *c)
{
	while (rest->len) {
		char ended_by;
		bool found = next_piece(rest, c, &ended_by);

		while (ended_by == ';' && rest->len) {
			size_t end = delimiter(*rest, 0, true);

			ended_by = end < rest->len ? rest->ptr[end] : '\0';
			*rest = slice_from(*rest, end + 1);
		}
		if (found)
			return true;
	}
	return false;
}

bool cookie_find(struct slice field, struct slice name, struct cookie *c)
{
	while (cookie_next(&field, c))
		if (slice_eq(c->name, name))
			return true;
	return false;
}

size_t cookie_cut(struct slice field, const struct cookie *c, char *out)
{
	struct slice before = slice_trim(slice_make(field.ptr, (size_t)(c->whole.ptr - field.ptr)));
	struct slice behind = slice_trim(slice_from(field, (size_t)(c->whole.ptr - field.ptr) + c->whole.len));
	char join = ';';
	size_t n = 0;

	if (before.len) {
		join = before.ptr[before.len - 1];
		before = slice_trim(slice_make(before.ptr, before.len - 1));
	}
	if (behind.len)
		behind = slice_trim(slice_from(behind, 1));
	if (before.len) {
		memmove(out, before.ptr, before.len);
		n = before.len;
	}
	if (before.len && behind.len) {
		/* Room for both: the cookie had a '=' and a delimiter at each side. But do not step on what comes. */
		memmove(out + n + 2, behind.ptr, behind.len);
		out[n++] = join;
		out[n++] = ' ';
	} else if (behind.len) {
		memmove(out + n, behind.ptr, behind.len);
	}
	return n + behind.len;
}
