/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP message head as a table of fields: finding, adding and removing, and the words of RFC 9110
 * (methods, known field names, reason phrases, lists). Knows nothing of how a head looks on the wire. One thread
 * per head; the tables are frozen.
 */
#include "wire/http.h"
#include "wire/http_char.h"

static const struct slice field_names[] = {
	[HTTP_FIELD_UNKNOWN] = { "", 0 },
#define X(id, name) [HTTP_FIELD_##id] = { name, sizeof(name) - 1 },
	HTTP_FIELDS(X)
#undef X
};

void http_head_init(struct http_head *h, struct http_field *fields, uint16_t cap)
{
	*h = (struct http_head){ .fields = fields, .cap = cap };
}

enum http_method http_method_of(struct slice text)
{
#define X(name)                                                                                    \
	if (text.len == sizeof(#name) - 1 && memcmp(text.ptr, #name, sizeof(#name) - 1) == 0)      \
		return HTTP_##name;
	HTTP_METHODS(X)
#undef X
	return HTTP_OTHER;
}

/* The one known name of this length with these ends. A name that is not here is found by the test, not by luck. */
#define KEY(len, first, last) ((uint32_t)(len) << 16 | (uint32_t)(first) << 8 | (uint32_t)(last))
static enum http_field_id candidate(const char *p, size_t len)
{
	switch (KEY(len, (uint8_t)p[0] | 0x20, (uint8_t)p[len - 1] | 0x20)) {
	case KEY(2, 't', 'e'): return HTTP_FIELD_TE;
	case KEY(4, 'h', 't'): return HTTP_FIELD_HOST;
	case KEY(4, 'd', 'e'): return HTTP_FIELD_DATE;
	case KEY(4, 'e', 'g'): return HTTP_FIELD_ETAG;
	case KEY(4, 'v', 'y'): return HTTP_FIELD_VARY;
	case KEY(5, 'r', 'e'): return HTTP_FIELD_RANGE;
	case KEY(6, 'e', 't'): return HTTP_FIELD_EXPECT;
	case KEY(6, 'c', 'e'): return HTTP_FIELD_COOKIE;
	case KEY(6, 'a', 't'): return HTTP_FIELD_ACCEPT;
	case KEY(6, 's', 'r'): return HTTP_FIELD_SERVER;
	case KEY(7, 'u', 'e'): return HTTP_FIELD_UPGRADE;
	case KEY(7, 't', 'r'): return HTTP_FIELD_TRAILER;
	case KEY(7, 'r', 'r'): return HTTP_FIELD_REFERER;
	case KEY(8, 'l', 'n'): return HTTP_FIELD_LOCATION;
	case KEY(9, 'f', 'd'): return HTTP_FIELD_FORWARDED;
	case KEY(10, 'c', 'n'): return HTTP_FIELD_CONNECTION;
	case KEY(10, 'k', 'e'): return HTTP_FIELD_KEEP_ALIVE;
	case KEY(10, 's', 'e'): return HTTP_FIELD_SET_COOKIE;
	case KEY(10, 'u', 't'): return HTTP_FIELD_USER_AGENT;
	case KEY(12, 'c', 'e'): return HTTP_FIELD_CONTENT_TYPE;
	case KEY(13, 'a', 'n'): return HTTP_FIELD_AUTHORIZATION;
	case KEY(13, 'c', 'l'): return HTTP_FIELD_CACHE_CONTROL;
	case KEY(14, 'c', 'h'): return HTTP_FIELD_CONTENT_LENGTH;
	case KEY(15, 'x', 'r'): return HTTP_FIELD_X_FORWARDED_FOR;
	case KEY(15, 'a', 'g'): return HTTP_FIELD_ACCEPT_ENCODING;
	case KEY(15, 'a', 'e'): return HTTP_FIELD_ACCEPT_LANGUAGE;
	case KEY(16, 'p', 'n'): return HTTP_FIELD_PROXY_CONNECTION;
	case KEY(16, 'c', 'g'): return HTTP_FIELD_CONTENT_ENCODING;
	case KEY(16, 'x', 't'):
		return (p[12] | 0x20) == 'h' ? HTTP_FIELD_X_FORWARDED_HOST : HTTP_FIELD_X_FORWARDED_PORT;
	case KEY(17, 't', 'g'): return HTTP_FIELD_TRANSFER_ENCODING;
	case KEY(17, 'x', 'o'): return HTTP_FIELD_X_FORWARDED_PROTO;
	case KEY(19, 'p', 'n'): return HTTP_FIELD_PROXY_AUTHORIZATION;
	}
	return HTTP_FIELD_UNKNOWN;
}
#undef KEY

enum http_field_id http_field_id_of(struct slice name)
{
	enum http_field_id id;

	if (name.len == 0 || name.len > 19 || (id = candidate(name.ptr, name.len)) == HTTP_FIELD_UNKNOWN)
		return HTTP_FIELD_UNKNOWN;
	/* Nearly everyone writes them as the RFC does. */
	if (memcmp(name.ptr, field_names[id].ptr, name.len) == 0 || slice_eq_nocase(name, field_names[id]))
		return id;
	return HTTP_FIELD_UNKNOWN;
}

int http_head_find(const struct http_head *h, enum http_field_id id, int from)
{
	for (int i = from; i < h->n; i++)
		if (h->fields[i].id == id)
			return i;
	return -1;
}

int http_head_find_known(const struct http_head *h, enum http_field_id id, struct slice name, int from)
{
	if (id != HTTP_FIELD_UNKNOWN)
		return http_head_find(h, id, from);
	for (int i = from; i < h->n; i++)
		if (h->fields[i].id == HTTP_FIELD_UNKNOWN && h->fields[i].name.len == name.len && slice_eq_nocase(h->fields[i].name, name))
			return i;
	return -1;
}

int http_head_find_name(const struct http_head *h, struct slice name, int from)
{
	return http_head_find_known(h, http_field_id_of(name), name, from);
}

bool http_head_add_known(struct http_head *h, enum http_field_id id, struct slice name, struct slice value)
{
	if (h->n >= h->cap)
		return false;
	h->fields[h->n++] = (struct http_field){ .name = name, .value = value, .id = (uint8_t)id };
	return true;
}

bool http_head_add(struct http_head *h, struct slice name, struct slice value)
{
	return http_head_add_known(h, http_field_id_of(name), name, value);
}

void http_head_remove(struct http_head *h, int index)
{
	h->n--;
	memmove(&h->fields[index], &h->fields[index + 1], sizeof(h->fields[0]) * (size_t)(h->n - index));
}

int http_head_remove_known(struct http_head *h, enum http_field_id id, struct slice name, int from)
{
	int kept = 0, removed = 0, at = http_head_find_known(h, id, name, from);

	if (at < 0)
		return 0;
	kept = at;
	for (int i = at; i < h->n; i++) {
		if (i == at) {
			removed++;
			at = http_head_find_known(h, id, name, i + 1);
		} else {
			h->fields[kept++] = h->fields[i];
		}
	}
	h->n = (uint16_t)kept;
	return removed;
}

int http_head_remove_all(struct http_head *h, struct slice name)
{
	return http_head_remove_known(h, http_field_id_of(name), name, 0);
}

const char *http_reason(unsigned status)
{
	switch (status) {
	case 100: return "Continue";
	case 101: return "Switching Protocols";
	case 102: return "Processing";
	case 103: return "Early Hints";
	case 200: return "OK";
	case 201: return "Created";
	case 202: return "Accepted";
	case 203: return "Non-Authoritative Information";
	case 204: return "No Content";
	case 205: return "Reset Content";
	case 206: return "Partial Content";
	case 207: return "Multi-Status";
	case 208: return "Already Reported";
	case 226: return "IM Used";
	case 300: return "Multiple Choices";
	case 301: return "Moved Permanently";
	case 302: return "Found";
	case 303: return "See Other";
	case 304: return "Not Modified";
	case 305: return "Use Proxy";
	case 307: return "Temporary Redirect";
	case 308: return "Permanent Redirect";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 402: return "Payment Required";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 406: return "Not Acceptable";
	case 407: return "Proxy Authentication Required";
	case 408: return "Request Timeout";
	case 409: return "Conflict";
	case 410: return "Gone";
	case 411: return "Length Required";
	case 412: return "Precondition Failed";
	case 413: return "Content Too Large";
	case 414: return "URI Too Long";
	case 415: return "Unsupported Media Type";
	case 416: return "Range Not Satisfiable";
	case 417: return "Expectation Failed";
	case 421: return "Misdirected Request";
	case 422: return "Unprocessable Content";
	case 423: return "Locked";
	case 424: return "Failed Dependency";
	case 425: return "Too Early";
	case 426: return "Upgrade Required";
	case 428: return "Precondition Required";
	case 429: return "Too Many Requests";
	case 431: return "Request Header Fields Too Large";
	case 451: return "Unavailable For Legal Reasons";
	case 500: return "Internal Server Error";
	case 501: return "Not Implemented";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	case 505: return "HTTP Version Not Supported";
	case 506: return "Variant Also Negotiates";
	case 507: return "Insufficient Storage";
	case 508: return "Loop Detected";
	case 511: return "Network Authentication Required";
	}
	return "";
}

/* Length of what stands before the next comma outside a quoted string. A string that never closes runs to the end. */
static size_t element_len(struct slice s)
{
	bool quoted = false;

	/* Most values are no lists. */
	if (slice_find_byte(s, ',') < 0)
		return s.len;
	for (size_t i = 0; i < s.len; i++) {
		if (quoted && s.ptr[i] == '\\')
			i++;
		else if (s.ptr[i] == '"')
			quoted = !quoted;
		else if (s.ptr[i] == ',' && !quoted)
			return i;
	}
	return s.len;
}

bool http_list_next(struct slice *rest, struct slice *element)
{
	while (rest->len) {
		size_t len = element_len(*rest);

		*element = slice_trim(slice_make(rest->ptr, len));
		*rest = slice_from(*rest, len + 1);
		if (element->len)
			return true;
	}
	return false;
}

bool http_value_next(struct slice *rest, struct slice *value)
{
	size_t len;

	if (rest->ptr == NULL)
		return false;
	len = element_len(*rest);
	*value = slice_trim(slice_make(rest->ptr, len));
	*rest = len < rest->len ? slice_from(*rest, len + 1) : (struct slice){ NULL, 0 };
	return true;
}

bool http_list_has(struct slice list, struct slice token)
{
	struct slice element;

	while (http_list_next(&list, &element))
		if (slice_eq_nocase(element, token))
			return true;
	return false;
}

static bool all_of(struct slice s, unsigned class)
{
	for (size_t i = 0; i < s.len; i++)
		if (!http_char_is(s.ptr[i], class))
			return false;
	return true;
}

bool http_is_token(struct slice s) { return s.len && all_of(s, HTTP_CHAR_TOKEN); }
bool http_is_field_value(struct slice s) { return all_of(s, HTTP_CHAR_VALUE); }
