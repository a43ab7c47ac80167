/* SPDX-License-Identifier: Apache-2.0
 *
 * What may stand as the target of a request and in its Host (RFC 9112 section 3.2, RFC 3986 section 3.2): syntax only.
 * Taking a target apart is uri.c. No state: any thread.
 */
#include "base/addr.h"
#include "base/hex.h"
#include "wire/http1.h"
#include "wire/http_char.h"
#include "wire/uri.h"

/* How much of s is a reg-name (RFC 3986 section 3.2.2). */
static size_t reg_name_len(struct slice s)
{
	size_t i = 0;

	for (; i < s.len && http_char_is(s.ptr[i], HTTP_CHAR_HOST); i++)
		if (s.ptr[i] == '%' && (s.len - i < 3 || hex_digit(s.ptr[i + 1]) < 0 || hex_digit(s.ptr[i + 2]) < 0))
			break;
	return i;
}

static bool is_port(struct slice s)
{
	uint64_t port;

	return slice_to_u64(s, &port) && port <= 65535;
}

bool http1_is_authority(struct slice s, bool need_host, bool need_port)
{
	size_t host_len = 0;
	struct addr ip;

	if (s.len && s.ptr[0] == '[') {
		ptrdiff_t close = slice_find_byte(s, ']');
		struct slice inner = slice_make(s.ptr + 1, close < 1 ? 0 : (size_t)close - 1);

		if (close < 1 || slice_find_byte(inner, ':') < 0 || !addr_parse_ip(inner, &ip))
			return false;
		host_len = (size_t)close + 1;
	} else {
		host_len = reg_name_len(s);
		if (need_host && host_len == 0)
			return false;
	}
	if (host_len == s.len)
		return !need_port;
	struct slice port = slice_from(s, host_len + 1);
	return s.ptr[host_len] == ':' && (port.len ? is_port(port) : !need_port);
}

/* scheme "://" authority, then a path, a query or nothing. */
static bool is_absolute(struct slice s)
{
	size_t scheme_len = 0;

	while (scheme_len < s.len && http_char_is(s.ptr[scheme_len], HTTP_CHAR_SCHEME))
		scheme_len++;
	if (scheme_len == 0 || (s.ptr[0] | 0x20) < 'a' || (s.ptr[0] | 0x20) > 'z' ||
	    !slice_starts(slice_from(s, scheme_len), SLICE("://")))
		return false;
	struct slice authority = slice_from(s, scheme_len + 3);
	size_t len = 0;
	while (len < authority.len && authority.ptr[len] != '/' && authority.ptr[len] != '?')
		len++;
	return http1_is_authority(slice_make(authority.ptr, len), true, false);
}

/* The four forms of RFC 9112 section 3.2. */
bool http1_is_target(struct slice s, enum http_method method)
{
	if (method == HTTP_CONNECT)
		return http1_is_authority(s, true, true);
	if (s.len && s.ptr[0] == '/')
		return true;
	return (s.len == 1 && s.ptr[0] == '*' && method == HTTP_OPTIONS) || is_absolute(s);
}

/* Cuts the port off. */
static struct slice take_port(struct slice *authority)
{
	size_t host_len = authority->len;

	while (host_len && http_char_is(authority->ptr[host_len - 1], HTTP_CHAR_DIGIT))
		host_len--;
	if (host_len == 0 || authority->ptr[host_len - 1] != ':')
		return SLICE("");
	struct slice port = slice_from(*authority, host_len);
	authority->len = host_len - 1;
	return port;
}

bool http1_host_fits(struct slice target, enum http_method method, struct slice host)
{
	struct slice usual = SLICE("");
	struct uri u;

	uri_split(target, &u);
	if (u.scheme.len == 0 && method != HTTP_CONNECT)
		return true;
	struct slice port = take_port(&u.authority), host_port = take_port(&host);
	if (method == HTTP_CONNECT ? slice_is(port, "80") : slice_eq_nocase(u.scheme, SLICE("http")))
		usual = SLICE("80");
	else if (method == HTTP_CONNECT ? slice_is(port, "443") : slice_eq_nocase(u.scheme, SLICE("https")))
		usual = SLICE("443");
	return slice_eq(port.len ? port : usual, host_port.len ? host_port : usual) && slice_eq_nocase(u.authority, host);
}
