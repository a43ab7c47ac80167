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

/* Whether anything but '$' attributes and blanks is left. */
static bool says_something(struct slice field)
{
	while (field.len) {
		struct slice piece = field;
		struct cookie c;
		char ended_by;

		if (next_piece(&field, &c, &ended_by))
			return true;
		piece = slice_trim(slice_make(piece.ptr, (size_t)(field.ptr - piece.ptr) - (ended_by != '\0')));
		if (piece.len && piece.ptr[0] != '$')
			return true;
	}
	return false;
}

/* Text that is written over, or beside, what it is taken from: never ahead of it. */
struct copy {
	char *out;
	size_t len;
};

static void add(struct copy *to, const char *bytes, size_t len)
{
	memmove(to->out + to->len, bytes, len);
	to->len += len;
}

static void trim_end(struct copy *to)
{
	while (to->len && (to->out[to->len - 1] == ' ' || to->out[to->len - 1] == '\t'))
		to->len--;
}

size_t cookie_cut(struct slice field, struct slice name, char *out)
{
	struct slice rest = field;
	struct copy to = { .out = out };
	char before = '\0', join = '\0', ended_by;
	bool cut = false, found = false;

	while (rest.len) {
		struct slice piece = rest, text;
		struct cookie c;
		bool named = next_piece(&rest, &c, &ended_by) && slice_eq(c.name, name);

		piece.len = (size_t)(rest.ptr - piece.ptr) - (ended_by != '\0');
		text = slice_trim(piece);
		if (named || (cut && text.len && text.ptr[0] == '$')) {
			join = cut ? join : before;
			found = cut = true;
		} else if (cut) {
			/* Room for both: the cookie had a '=' and a delimiter at each side. */
			trim_end(&to);
			if (to.len) {
				add(&to, &join, 1);
				add(&to, " ", 1);
			}
			add(&to, text.ptr, (size_t)(piece.ptr + piece.len - text.ptr));
			cut = false;
		} else {
			if (piece.ptr > field.ptr)
				add(&to, &before, 1);
			add(&to, piece.ptr, piece.len);
		}
		before = ended_by;
	}
	trim_end(&to);
	if (!found)
		return field.len;
	return says_something(slice_make(out, to.len)) ? to.len : 0;
}
