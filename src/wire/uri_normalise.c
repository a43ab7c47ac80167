/* SPDX-License-Identifier: Apache-2.0
 *
 * The normal forms of `normalize-uri` (RFC 3986 section 6.2.2), each over the path, the query or both of one target.
 * Each reads forward once and never writes more than it read, fragment-encode apart. No state: any thread.
 */
#include <stdlib.h>
#include "base/hex.h"
#include "wire/http_char.h"
#include "wire/uri.h"

static const char *const names[] = {
#define X(id, name, option) name,
	URI_NORMALISERS(X)
#undef X
};
static const char *const options[] = {
#define X(id, name, option) option,
	URI_NORMALISERS(X)
#undef X
};

const char *uri_normaliser_name(enum uri_normaliser how)
{
	return (unsigned)how < URI_NORMALISER_COUNT ? names[how] : "?";
}

const char *uri_normaliser_option(enum uri_normaliser how)
{
	return (unsigned)how < URI_NORMALISER_COUNT ? options[how] : NULL;
}

static size_t copy(char *out, struct slice s)
{
	if (s.len)
		memmove(out, s.ptr, s.len);
	return s.len;
}

static size_t fragment_encode(struct slice s, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '#')
			n += copy(out + n, SLICE("%23"));
		else
			out[n++] = s.ptr[i];
	}
	return n;
}

static size_t fragment_strip(struct slice s, char *out)
{
	ptrdiff_t at = slice_find_byte(s, '#');

	return copy(out, at < 0 ? s : slice_make(s.ptr, (size_t)at));
}

static size_t merge_slashes(struct slice path, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] != '/' || n == 0 || out[n - 1] != '/')
			out[n++] = path.ptr[i];
	return n;
}

/* The segment behind the slash that *rest begins with; *closed when another slash follows. Takes both off rest. */
static struct slice next_segment(struct slice *rest, bool *closed)
{
	struct slice segment = slice_from(*rest, 1);
	ptrdiff_t at = slice_find_byte(segment, '/');

	*closed = at >= 0;
	if (at >= 0)
		segment.len = (size_t)at;
	*rest = slice_from(*rest, 1 + segment.len);
	return segment;
}

/* A path begins with a slash or is empty. */
static size_t strip_dot(struct slice path, char *out)
{
	size_t n = 0;
	bool closed = true;

	while (path.len) {
		struct slice segment = next_segment(&path, &closed);

		if (!slice_is(segment, ".")) {
			out[n++] = '/';
			n += copy(out + n, segment);
		} else if (!closed) {
			out[n++] = '/';
		}
	}
	return n;
}

static size_t strip_dotdot(struct slice path, bool full, char *out)
{
	size_t n = 0, floor = 0; /* below floor stand those ".." that nothing can take away */
	bool closed = true;

	while (path.len) {
		struct slice segment = next_segment(&path, &closed);

		if (!slice_is(segment, "..") || (n == floor && !full)) {
			out[n++] = '/';
			n += copy(out + n, segment);
			if (slice_is(segment, ".."))
				floor = n;
			continue;
		}
		while (n > floor && out[--n] != '/')
			;
		if (!closed)
			out[n++] = '/';
	}
	return n;
}

/* Escapes made upper case, or undone where they are not needed; -1 for a broken one if strict. */
static ssize_t percent(struct slice s, bool decode, bool strict, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		int high = -1, low = -1;

		out[n++] = s.ptr[i];
		if (s.ptr[i] != '%')
			continue;
		if (s.len - i > 2) {
			high = hex_digit(s.ptr[i + 1]);
			low = hex_digit(s.ptr[i + 2]);
		}
		if (high < 0 || low < 0) {
			if (strict)
				return -1;
			continue;
		}
		char c = (char)(high << 4 | low);
		if (decode && http_char_is(c, HTTP_CHAR_UNRESERVED)) {
			out[n - 1] = c;
		} else {
			out[n++] = decode ? s.ptr[i + 1] : "0123456789ABCDEF"[high];
			out[n++] = decode ? s.ptr[i + 2] : "0123456789ABCDEF"[low];
		}
		i += 2;
	}
	return (ssize_t)n;
}

struct param {
	struct slice whole;
	size_t name_len;
};

/* By name, the shorter of two that begin alike first; equal names as they stood. */
static int compare_params(const void *x, const void *y)
{
	const struct param *a = x, *b = y;
	size_t common = a->name_len < b->name_len ? a->name_len : b->name_len;
	int order = common ? memcmp(a->whole.ptr, b->whole.ptr, common) : 0;

	if (order == 0 && a->name_len != b->name_len)
		order = a->name_len < b->name_len ? -1 : 1;
	return order ? order : a->whole.ptr < b->whole.ptr ? -1 : a->whole.ptr > b->whole.ptr;
}

static ssize_t query_sort(struct slice query, char *out)
{
	struct param params[URI_PARAMS_MAX];
	size_t count = 0, n = 0;

	while (query.len) {
		ptrdiff_t at = slice_find_byte(query, '&');
		struct slice whole = slice_make(query.ptr, at < 0 ? query.len : (size_t)at);
		ptrdiff_t equal = slice_find_byte(whole, '=');

		if (count == URI_PARAMS_MAX)
			return -1;
		params[count++] = (struct param){ whole, equal < 0 ? whole.len : (size_t)equal };
		query = slice_from(query, whole.len + 1);
	}
	qsort(params, count, sizeof(params[0]), compare_params);
	for (size_t i = 0; i < count; i++) {
		if (i)
			out[n++] = '&';
		n += copy(out + n, params[i].whole);
	}
	return (ssize_t)n;
}

ssize_t uri_normalise(enum uri_normaliser how, bool option, struct slice target, char *out)
{
	struct uri u;
	ssize_t added = 0;

	uri_split(target, &u);
	size_t n = copy(out, slice_make(target.ptr, target.len - u.pathq.len));
	if (u.pathq.len == 0)
		return (ssize_t)n;
	struct slice tail = slice_from(u.pathq, u.path.len);
	switch (how) {
	case URI_FRAGMENT_ENCODE: return (ssize_t)(n + fragment_encode(u.pathq, out + n));
	case URI_FRAGMENT_STRIP: return (ssize_t)(n + fragment_strip(u.pathq, out + n));
	case URI_PERCENT_DECODE:
	case URI_PERCENT_UPPER:
		added = percent(u.pathq, how == URI_PERCENT_DECODE, option, out + n);
		return added < 0 ? -1 : (ssize_t)n + added;
	case URI_PATH_MERGE_SLASHES: n += merge_slashes(u.path, out + n); break;
	case URI_PATH_STRIP_DOT: n += strip_dot(u.path, out + n); break;
	case URI_PATH_STRIP_DOTDOT: n += strip_dotdot(u.path, option, out + n); break;
	case URI_QUERY_SORT:
		n += copy(out + n, u.path);
		if (!u.has_query)
			return (ssize_t)n;
		out[n++] = '?';
		added = query_sort(u.query, out + n);
		return added < 0 ? -1 : (ssize_t)n + added;
	case URI_NORMALISER_COUNT: break;
	}
	return (ssize_t)(n + copy(out + n, tail));
}
