/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP message head as a table of fields: finding, adding and removing, and the words of RFC 9110
 * (methods, known field names, reason phrases, lists). Knows nothing of how a head looks on the wire. One thread
 * per head; the tables are frozen.
 */
#include "wire/http.h"
#include "base/assert.h"
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

/* A slot for each known name, by its length and three of its letters: the first, the last and one at three quarters. Two
 * in one slot do not compile; a name that stands in a wrong one is found by the test. */
#define SLOT(len, first, inner, last) (((uint32_t)(len) + 18u * (first) + 26u * (inner) + 11u * (last)) % 64)
static const uint8_t slots[64] = {
	[SLOT(4, 'h', 't', 't')] = HTTP_FIELD_HOST,
	[SLOT(10, 'c', 'i', 'n')] = HTTP_FIELD_CONNECTION,
	[SLOT(14, 'c', 'n', 'h')] = HTTP_FIELD_CONTENT_LENGTH,
	[SLOT(17, 't', 'o', 'g')] = HTTP_FIELD_TRANSFER_ENCODING,
	[SLOT(7, 'u', 'd', 'e')] = HTTP_FIELD_UPGRADE,
	[SLOT(6, 'e', 'c', 't')] = HTTP_FIELD_EXPECT,
	[SLOT(2, 't', 'e', 'e')] = HTTP_FIELD_TE,
	[SLOT(7, 't', 'e', 'r')] = HTTP_FIELD_TRAILER,
	[SLOT(10, 'k', 'i', 'e')] = HTTP_FIELD_KEEP_ALIVE,
	[SLOT(16, 'p', 't', 'n')] = HTTP_FIELD_PROXY_CONNECTION,
	[SLOT(6, 'c', 'i', 'e')] = HTTP_FIELD_COOKIE,
	[SLOT(10, 's', 'k', 'e')] = HTTP_FIELD_SET_COOKIE,
	[SLOT(13, 'a', 't', 'n')] = HTTP_FIELD_AUTHORIZATION,
	[SLOT(19, 'p', 'a', 'n')] = HTTP_FIELD_PROXY_AUTHORIZATION,
	[SLOT(15, 'x', '-', 'r')] = HTTP_FIELD_X_FORWARDED_FOR,
	[SLOT(17, 'x', 'p', 'o')] = HTTP_FIELD_X_FORWARDED_PROTO,
	[SLOT(16, 'x', 'h', 't')] = HTTP_FIELD_X_FORWARDED_HOST,
	[SLOT(16, 'x', 'p', 't')] = HTTP_FIELD_X_FORWARDED_PORT,
	[SLOT(9, 'f', 'd', 'd')] = HTTP_FIELD_FORWARDED,
	[SLOT(10, 'u', 'e', 't')] = HTTP_FIELD_USER_AGENT,
	[SLOT(7, 'r', 'e', 'r')] = HTTP_FIELD_REFERER,
	[SLOT(6, 'a', 'p', 't')] = HTTP_FIELD_ACCEPT,
	[SLOT(15, 'a', 'd', 'g')] = HTTP_FIELD_ACCEPT_ENCODING,
	[SLOT(15, 'a', 'u', 'e')] = HTTP_FIELD_ACCEPT_LANGUAGE,
	[SLOT(12, 'c', 'y', 'e')] = HTTP_FIELD_CONTENT_TYPE,
	[SLOT(16, 'c', 'd', 'g')] = HTTP_FIELD_CONTENT_ENCODING,
	[SLOT(13, 'c', 't', 'l')] = HTTP_FIELD_CACHE_CONTROL,
	[SLOT(8, 'l', 'o', 'n')] = HTTP_FIELD_LOCATION,
	[SLOT(6, 's', 'e', 'r')] = HTTP_FIELD_SERVER,
	[SLOT(4, 'd', 'e', 'e')] = HTTP_FIELD_DATE,
	[SLOT(4, 'e', 'g', 'g')] = HTTP_FIELD_ETAG,
	[SLOT(4, 'v', 'y', 'y')] = HTTP_FIELD_VARY,
	[SLOT(5, 'r', 'g', 'e')] = HTTP_FIELD_RANGE,
};

enum http_field_id http_field_id_of(struct slice name)
{
	const uint8_t *p = (const uint8_t *)name.ptr;
	enum http_field_id id;

	if (name.len == 0)
		return HTTP_FIELD_UNKNOWN;
	id = slots[SLOT(name.len, p[0] | 0x20u, p[name.len * 3 / 4] | 0x20u, p[name.len - 1] | 0x20u)];
	if (field_names[id].len != name.len)
		return HTTP_FIELD_UNKNOWN;
	/* Nearly everyone writes them as the RFC does. */
	if (memcmp(name.ptr, field_names[id].ptr, name.len) == 0 || slice_eq_nocase(name, field_names[id]))
		return id;
	return HTTP_FIELD_UNKNOWN;
}
#undef SLOT

int http_head_find(const struct http_head *h, enum http_field_id id, int from)
{
	if (!(h->seen_known >> id & 1))
		return -1;
	for (int i = from; i < h->n; i++)
		if (h->fields[i].id == id)
			return i;
	return -1;
}

int http_head_find_known(const struct http_head *h, enum http_field_id id, struct slice name, int from)
{
	if (id != HTTP_FIELD_UNKNOWN)
		return http_head_find(h, id, from);
	if (!(h->seen_lengths >> name.len % 32 & 1))
		return -1;
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
	http_head_append(h, (struct http_field){ .name = name, .value = value, .id = (uint8_t)id });
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

/* By the class of a status and what is left of it. */
static const char *const reasons[5][52] = {
	{
		[0] = "Continue",
		[1] = "Switching Protocols",
		[2] = "Processing",
		[3] = "Early Hints",
	},
	{
		[0] = "OK",
		[1] = "Created",
		[2] = "Accepted",
		[3] = "Non-Authoritative Information",
		[4] = "No Content",
		[5] = "Reset Content",
		[6] = "Partial Content",
		[7] = "Multi-Status",
		[8] = "Already Reported",
		[26] = "IM Used",
	},
	{
		[0] = "Multiple Choices",
		[1] = "Moved Permanently",
		[2] = "Found",
		[3] = "See Other",
		[4] = "Not Modified",
		[5] = "Use Proxy",
		[7] = "Temporary Redirect",
		[8] = "Permanent Redirect",
	},
	{
		[0] = "Bad Request",
		[1] = "Unauthorized",
		[2] = "Payment Required",
		[3] = "Forbidden",
		[4] = "Not Found",
		[5] = "Method Not Allowed",
		[6] = "Not Acceptable",
		[7] = "Proxy Authentication Required",
		[8] = "Request Timeout",
		[9] = "Conflict",
		[10] = "Gone",
		[11] = "Length Required",
		[12] = "Precondition Failed",
		[13] = "Content Too Large",
		[14] = "URI Too Long",
		[15] = "Unsupported Media Type",
		[16] = "Range Not Satisfiable",
		[17] = "Expectation Failed",
		[21] = "Misdirected Request",
		[22] = "Unprocessable Content",
		[23] = "Locked",
		[24] = "Failed Dependency",
		[25] = "Too Early",
		[26] = "Upgrade Required",
		[28] = "Precondition Required",
		[29] = "Too Many Requests",
		[31] = "Request Header Fields Too Large",
		[51] = "Unavailable For Legal Reasons",
	},
	{
		[0] = "Internal Server Error",
		[1] = "Not Implemented",
		[2] = "Bad Gateway",
		[3] = "Service Unavailable",
		[4] = "Gateway Timeout",
		[5] = "HTTP Version Not Supported",
		[6] = "Variant Also Negotiates",
		[7] = "Insufficient Storage",
		[8] = "Loop Detected",
		[11] = "Network Authentication Required",
	},
};

const char *http_reason(unsigned status)
{
	unsigned class = status / 100 - 1, rest = status % 100;

	return class < COUNT_OF(reasons) && rest < COUNT_OF(reasons[0]) && reasons[class][rest] ? reasons[class][rest] : "";
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
