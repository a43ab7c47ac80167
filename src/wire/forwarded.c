/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading Forwarded fields; see forwarded.h. What is not understood is not guessed at: one fault makes all of the
 * value wrong. No state: any thread.
 */
#include "wire/forwarded.h"

#include "wire/http1.h"
#include "wire/http_char.h"

enum forwarded_param forwarded_param_of(struct slice name)
{
	static const struct slice names[] = {
#define X(id, text) { text, sizeof(text) - 1 },
		FORWARDED_PARAMS(X)
#undef X
	};

	for (int i = 0; i < FORWARDED_PARAM_COUNT; i++)
		if (slice_eq_nocase(name, names[i]))
			return (enum forwarded_param)i;
	return FORWARDED_PARAM_COUNT;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool may_hide(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '.' && c != '_' && c != '-')
			return false;
	}
	return s.len > 0;
}

static bool is_hidden(struct slice s)
{
	return s.len > 1 && s.ptr[0] == '_' && may_hide(s);
}

static bool is_port(struct slice s)
{
	uint64_t n;

	return is_hidden(s) || (s.len <= 5 && slice_to_u64(s, &n) && n <= 65535);
}

static bool is_ip(struct slice s, uint8_t family)
{
	struct addr a;

	/* An IPv4 address may stand in the last bytes of an IPv6 one. */
	return addr_parse_ip(s, &a) && (family == AF_INET ? slice_find_byte(s, ':') < 0 : slice_find_byte(s, ':') >= 0);
}

bool forwarded_node(struct slice node, struct slice *name, struct slice *port)
{
	struct slice rest;

	*port = (struct slice){ NULL, 0 };
	if (slice_starts(node, SLICE("["))) {
		ptrdiff_t end = slice_find_byte(node, ']');
		if (end < 0 || !is_ip(slice_make(node.ptr + 1, (size_t)end - 1), AF_INET6))
			return false;
		*name = slice_make(node.ptr + 1, (size_t)end - 1);
		rest = slice_from(node, (size_t)end + 1);
	} else {
		ptrdiff_t colon = slice_find_byte(node, ':');
		*name = slice_make(node.ptr, colon < 0 ? node.len : (size_t)colon);
		rest = slice_from(node, name->len);
		if (!slice_eq_nocase(*name, SLICE("unknown")) && !is_hidden(*name) && !is_ip(*name, AF_INET))
			return false;
	}
	if (rest.len == 0)
		return true;
	*port = slice_from(rest, 1);
	return rest.ptr[0] == ':' && is_port(*port);
}

size_t forwarded_write_addr(const struct addr *a, char *out)
{
	bool brackets = a->family == AF_INET6;

	if (!addr_is_inet(a))
		return 0;
	size_t n = addr_format_ip(a, out + brackets);
	if (brackets) {
		out[0] = '[';
		out[n + 1] = ']';
	}
	return n + 2 * brackets;
}

size_t forwarded_write_hidden(struct slice text, char *out)
{
	bool hidden = slice_starts(text, SLICE("_"));

	if (!may_hide(text) || (hidden && text.len == 1))
		return 0;
	out[0] = '_';
	memcpy(out + !hidden, text.ptr, text.len);
	return text.len + !hidden;
}

/* Whether a value is what its parameter wants. */
static bool is_fit(enum forwarded_param p, struct slice value)
{
	struct slice name, port;

	switch (p) {
	case FORWARDED_FOR:
	case FORWARDED_BY:
		return forwarded_node(value, &name, &port);
	case FORWARDED_HOST:
		return http1_is_authority(value, true, false);
	case FORWARDED_PROTO:
		return slice_eq_nocase(value, SLICE("http")) || slice_eq_nocase(value, SLICE("https"));
	case FORWARDED_PARAM_COUNT:
		break;
	}
	return true; /* an extension's */
}

/* Takes a token off; empty: there is none. */
static struct slice take_token(struct slice *rest)
{
	struct slice token = { rest->ptr, 0 };

	while (token.len < rest->len && http_char_is(rest->ptr[token.len], HTTP_CHAR_TOKEN))
		token.len++;
	*rest = slice_from(*rest, token.len);
	return token;
}

/* Takes a quoted string off, behind its opening quote; false when it does not end, or holds what it must not. */
static bool take_quoted(struct slice *rest, struct slice *text, bool *escapes)
{
	*escapes = false;
	for (size_t i = 0; i < rest->len; i++) {
		char c = rest->ptr[i];

		if (c == '"') {
			*text = slice_make(rest->ptr, i);
			*rest = slice_from(*rest, i + 1);
			return true;
		}
		if (c == '\\') {
			*escapes = true;
			i++;
		}
		if (i < rest->len && !http_char_is(rest->ptr[i], HTTP_CHAR_VALUE))
			return false;
	}
	return false;
}

static bool take_pair(struct slice *rest, struct forwarded_element *e)
{
	struct slice name = take_token(rest), value;
	enum forwarded_param p = forwarded_param_of(name);
	bool quoted, escapes = false;

	if (name.len == 0 || !slice_starts(*rest, SLICE("=")))
		return false;
	*rest = slice_from(*rest, 1);
	quoted = slice_starts(*rest, SLICE("\""));
	if (quoted) {
		*rest = slice_from(*rest, 1);
		if (!take_quoted(rest, &value, &escapes))
			return false;
	} else if ((value = take_token(rest)).len == 0) {
		return false;
	}
	if (p == FORWARDED_PARAM_COUNT)
		return true;
	if (e->params[p].ptr || escapes || !is_fit(p, value))
		return false;
	e->params[p] = value;
	return true;
}

static void skip_blanks(struct slice *rest)
{
	while (rest->len && http_is_blank(rest->ptr[0]))
		*rest = slice_from(*rest, 1);
}

enum forwarded_result forwarded_next(struct slice *rest, struct forwarded_element *e)
{
	*e = (struct forwarded_element){ 0 };
	skip_blanks(rest);
	while (slice_starts(*rest, SLICE(","))) {
		*rest = slice_from(*rest, 1);
		skip_blanks(rest);
	}
	if (rest->len == 0)
		return FORWARDED_END;
	for (;;) {
		/* Nothing may stand where a pair could. */
		if (rest->len && rest->ptr[0] != ';' && rest->ptr[0] != ',' && !http_is_blank(rest->ptr[0]) && !take_pair(rest, e))
			return FORWARDED_WRONG;
		if (!slice_starts(*rest, SLICE(";")))
			break;
		*rest = slice_from(*rest, 1);
	}
	skip_blanks(rest);
	if (rest->len && rest->ptr[0] != ',')
		return FORWARDED_WRONG;
	return FORWARDED_ELEMENT;
}
