/* SPDX-License-Identifier: Apache-2.0
 *
 * What a request is sent again for: the words of `retry-on`, a bit each. Facts only: any thread.
 */
#ifndef USHER_PROXY_RETRY_H
#define USHER_PROXY_RETRY_H

#include <stdint.h>

/* X(enum, word, status of the answer or 0, whether all-retryable-errors means it too) */
#define RETRY_CAUSES(X)                                  \
	X(CONN, "conn-failure", 0, 1)                    \
	X(EMPTY, "empty-response", 0, 1)                 \
	X(JUNK, "junk-response", 0, 1)                   \
	X(TIMEOUT, "response-timeout", 0, 1)             \
	X(EARLY_DATA, "0rtt-rejected", 0, 1)             \
	X(401, "401", 401, 0) X(403, "403", 403, 0) X(404, "404", 404, 0) X(408, "408", 408, 0) X(425, "425", 425, 0) \
	X(500, "500", 500, 1) X(501, "501", 501, 0) X(502, "502", 502, 1) X(503, "503", 503, 1) X(504, "504", 504, 1)

enum retry_bit {
#define X(id, word, status, usual) RETRY_BIT_##id,
	RETRY_CAUSES(X)
#undef X
};

enum retry_cause {
#define X(id, word, status, usual) RETRY_##id = 1 << RETRY_BIT_##id,
	RETRY_CAUSES(X)
#undef X
};

/* What all-retryable-errors stands for. */
#define X(id, word, status, usual) | (usual ? RETRY_##id : 0)
enum { RETRY_USUAL = 0 RETRY_CAUSES(X) };
#undef X

/* The bit of an answer's status, 0 for those that cannot be named. */
static inline unsigned retry_cause_of_status(unsigned status)
{
	switch (status) {
#define X(id, word, code, usual) \
	case code ? code : RETRY_BIT_##id: \
		return code ? RETRY_##id : 0;
		RETRY_CAUSES(X)
#undef X
	default:
		return 0;
	}
}

#endif
