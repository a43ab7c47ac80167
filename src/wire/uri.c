/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a request target, percent encoding and query parameters. Understands targets that http1_parse let
 * through, and bears all others. No state: any thread.
 */
#include "base/hex.h"
#include "wire/http_char.h"
#include "wire/uri.h"

static struct slice until(struct slice s, char stop)
{
	ptrdiff_t at = slice_find_byte(s, stop);

	return at < 0 ? s : slice_make(s.ptr, (size_t)at);
}

/* Length of "scheme://", 0 when there is none. */
static size_t scheme_len(struct slice s)
{
	size_t n = 0;

	while (n < s.len && http_char_is(s.ptr[n], HTTP_CHAR_SCHEME))
		n++;
	return n && slice_starts(slice_from(s, n), SLICE("://")) ? n : 0;
}

void uri_split(struct slice target, struct uri *u)
{
	struct slice rest = target;
	size_t scheme;

	*u = (struct uri){ .path = { target.ptr, 0 } };
	if (rest.len == 0 || rest.ptr[0] != '/') {
		if ((scheme = scheme_len(rest)) > 0) {
			u->scheme = slice_make(rest.ptr, scheme);
			rest = slice_from(rest, scheme + 3);
		} else if (slice_is(rest, "*")) {
			return;
		}
		u->authority = until(until(rest, '?'), '/');
		rest = slice_from(rest, u->authority.len);
	}
	u->pathq = rest;
	u->path = until(rest, '?');
	u->has_query = u->path.len < rest.len;
	if (u->has_query)
		u->query = slice_from(rest, u->path.len + 1);
}

ssize_t uri_decode(struct slice in, bool plus, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.ptr[i];

		if (c == '%') {
			int high = in.len - i > 2 ? hex_digit(in.ptr[i + 1]) : -1;
			int low = high < 0 ? -1 : hex_digit(in.ptr[i + 2]);

			if (low < 0)
				return -1;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		out[n++] = c;
	}
	return (ssize_t)n;
}

bool uri_params(struct slice target, char delim, struct slice *rest)
{
	ptrdiff_t at = slice_find_byte(target, delim);

	*rest = slice_from(target, at < 0 ? target.len : (size_t)at + 1);
	return at >= 0;
}

bool uri_param_next(struct slice *rest, char delim, struct slice *name, struct slice *value)
{
	while (rest->len) {
		size_t len = 0, equal = 0;
		bool named = false;

		for (; len < rest->len; len++) {
			char c = rest->ptr[len];

			if (c == '&' || c == ';' || c == delim)
				break;
			if (c == '=' && !named) {
				named = true;
				equal = len;
			}
		}
		struct slice param = slice_make(rest->ptr, len);
		*rest = slice_from(*rest, len + 1);
		if (named) {
			*name = slice_make(param.ptr, equal);
			*value = slice_from(param, equal + 1);
			return true;
		}
	}
	return false;
}

bool uri_pair_next(struct slice *rest, struct slice *name, struct slice *value)
{
	ptrdiff_t end, equal;
	struct slice pair;

	if (rest->len == 0)
		return false;
	end = slice_find_byte(*rest, '&');
	pair = end < 0 ? *rest : slice_make(rest->ptr, (size_t)end);
	*rest = end < 0 ? SLICE("") : slice_from(*rest, (size_t)end + 1);
	equal = slice_find_byte(pair, '=');
	*name = equal < 0 ? pair : slice_make(pair.ptr, (size_t)equal);
	*value = equal < 0 ? SLICE("") : slice_from(pair, (size_t)equal + 1);
	return true;
}
