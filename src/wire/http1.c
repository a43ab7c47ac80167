/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.x beside the parser: what the reasons are called, where a head ends, what no trailer may say. No
 * state: any thread.
 */
#include "base/assert.h"
#include "wire/http1.h"

static const char *const reason_names[] = {
#define X(id, name, status, text) name,
	HTTP1_REASONS(X)
#undef X
};
static const char *const reason_texts[] = {
#define X(id, name, status, text) text,
	HTTP1_REASONS(X)
#undef X
};
static const uint16_t reason_statuses[] = {
#define X(id, name, status, text) status,
	HTTP1_REASONS(X)
#undef X
};

const char *http1_reason_name(enum http1_reason r) { return (unsigned)r < HTTP1_REASON_COUNT ? reason_names[r] : "?"; }
const char *http1_reason_text(enum http1_reason r) { return (unsigned)r < HTTP1_REASON_COUNT ? reason_texts[r] : "?"; }
unsigned http1_reason_status(enum http1_reason r)
{
	return (unsigned)r < HTTP1_REASON_COUNT ? reason_statuses[r] : 400;
}

size_t http1_find_end(const char *bytes, size_t len, size_t *scanned)
{
	size_t from = *scanned;
	const char *lf;

	while (from < len && (lf = memchr(bytes + from, '\n', len - from)) != NULL) {
		size_t at = (size_t)(lf - bytes), line = at;

		if (line > 0 && bytes[line - 1] == '\r')
			line--;
		if (line == 0 || bytes[line - 1] == '\n')
			return at + 1;
		from = at + 1;
	}
	*scanned = len;
	return 0;
}

size_t http1_skip_empty(const char *bytes, size_t len)
{
	size_t n = 0;

	while (len - n >= 2 && bytes[n] == '\r' && bytes[n + 1] == '\n')
		n += 2;
	return n;
}

static const struct slice forbidden_trailers[] = {
	/* Framing, routing, hop by hop. */
	SLICE("Content-Length"), SLICE("Transfer-Encoding"), SLICE("Host"), SLICE("Connection"), SLICE("Keep-Alive"),
	SLICE("Proxy-Connection"), SLICE("TE"), SLICE("Trailer"), SLICE("Upgrade"), SLICE("Expect"),
	SLICE("Max-Forwards"),
	/* Who somebody is. */
	SLICE("Authorization"), SLICE("Proxy-Authorization"), SLICE("WWW-Authenticate"), SLICE("Proxy-Authenticate"),
	SLICE("Cookie"), SLICE("Set-Cookie"), SLICE("Forwarded"), SLICE("X-Forwarded-For"), SLICE("X-Forwarded-Proto"),
	SLICE("X-Forwarded-Host"), SLICE("X-Forwarded-Port"), SLICE("X-Real-IP"),
	/* How to read the content, and what to do with the message. */
	SLICE("Content-Encoding"), SLICE("Content-Type"), SLICE("Content-Range"), SLICE("Range"),
	SLICE("Cache-Control"),
	SLICE("Location"), SLICE("Vary"), SLICE("Age"), SLICE("Expires"), SLICE("Date"), SLICE("Retry-After"),
	SLICE("If-Match"), SLICE("If-None-Match"), SLICE("If-Modified-Since"), SLICE("If-Unmodified-Since"),
	SLICE("If-Range"),
};

struct slice http1_forbidden_trailer(unsigned index)
{
	return index < COUNT_OF(forbidden_trailers) ? forbidden_trailers[index] : (struct slice){ NULL, 0 };
}

bool http1_is_forbidden_trailer(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(forbidden_trailers); i++)
		if (slice_eq_nocase(name, forbidden_trailers[i]))
			return true;
	return false;
}
