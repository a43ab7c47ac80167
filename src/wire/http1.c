/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.x beside the parser: what the reasons say, and what may stand before a request. No state: any thread.
 */
#include "wire/http1.h"

static const char *const reason_texts[] = {
#define X(id, status, text) text,
	HTTP1_REASONS(X)
#undef X
};
static const uint16_t reason_statuses[] = {
#define X(id, status, text) status,
	HTTP1_REASONS(X)
#undef X
};

const char *http1_reason_text(enum http1_reason r) { return (unsigned)r < HTTP1_REASON_COUNT ? reason_texts[r] : "?"; }
unsigned http1_reason_status(enum http1_reason r)
{
	return (unsigned)r < HTTP1_REASON_COUNT ? reason_statuses[r] : 400;
}

size_t http1_skip_empty(const char *bytes, size_t len)
{
	size_t n = 0;

	while (len - n >= 2 && bytes[n] == '\r' && bytes[n + 1] == '\n')
		n += 2;
	return n;
}
