/* SPDX-License-Identifier: Apache-2.0
 *
 * How a health check can end: one table that yields HAProxy's number (show servers state), its
 * short code (show stat), its words (logs) and what the end says of the server.
 */
#ifndef USHER_PROXY_CHECK_STATUS_H
#define USHER_PROXY_CHECK_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/slice.h"

enum check_result { CHECK_RESULT_UNKNOWN = 0, CHECK_RESULT_NEUTRAL = 1, CHECK_RESULT_FAILED = 2, CHECK_RESULT_PASSED = 3,
	CHECK_RESULT_CONDPASS = 4 /* alive, but wants no new clients: http-check disable-on-404 */ };

/* X(enum, HAProxy's number, code, result, words) */
#define CHECK_STATUSES(X)                                              \
	X(UNKNOWN, 0, "UNK", UNKNOWN, "Unknown")                       \
	X(INI, 1, "INI", UNKNOWN, "Initializing")                      \
	X(CHECKED, 2, "CHECKED", NEUTRAL, "No status change")          \
	X(HANA, 4, "HANA", FAILED, "Health analyze")                   \
	X(SOCKERR, 5, "SOCKERR", FAILED, "Socket error")               \
	X(L4OK, 6, "L4OK", PASSED, "Layer4 check passed")              \
	X(L4TOUT, 7, "L4TOUT", FAILED, "Layer4 timeout")               \
	X(L4CON, 8, "L4CON", FAILED, "Layer4 connection problem")      \
	X(L6OK, 9, "L6OK", PASSED, "Layer6 check passed")              \
	X(L6TOUT, 10, "L6TOUT", FAILED, "Layer6 timeout")              \
	X(L6RSP, 11, "L6RSP", FAILED, "Layer6 invalid response")       \
	X(L7TOUT, 12, "L7TOUT", FAILED, "Layer7 timeout")              \
	X(L7RSP, 13, "L7RSP", FAILED, "Layer7 invalid response")       \
	X(L7OK, 15, "L7OK", PASSED, "Layer7 check passed")             \
	X(L7OKC, 16, "L7OKC", CONDPASS, "Layer7 check conditionally passed") \
	X(L7STS, 17, "L7STS", FAILED, "Layer7 wrong status")           \
	X(PROCERR, 18, "PROCERR", FAILED, "External check error")      \
	X(PROCTOUT, 19, "PROCTOUT", FAILED, "External check timeout")  \
	X(PROCOK, 20, "PROCOK", PASSED, "External check passed")

enum check_status {
#define X(id, number, code, result, text) CHECK_STATUS_##id,
	CHECK_STATUSES(X)
#undef X
	CHECK_STATUS_COUNT
};

#define CHECK_INFO_MAX 128

/* What one check ended with. */
struct check_report {
	enum check_status status;
	int code;                  /* of the application (an HTTP status); 0: none */
	uint32_t duration_ms;
	char info[CHECK_INFO_MAX]; /* details in words, NUL-terminated; "" when there are none */
};

int check_status_number(enum check_status s);
const char *check_status_code(enum check_status s);
const char *check_status_text(enum check_status s);
enum check_result check_status_result(enum check_status s);
/* By its code ("L7OK"); CHECK_STATUS_UNKNOWN when there is none of that name. */
enum check_status check_status_find(struct slice code);
/* By its number in `show servers state`; CHECK_STATUS_UNKNOWN likewise. */
enum check_status check_status_by_number(int number);
/* Whether an end of this kind comes with a code of the application (0 included). */
bool check_status_has_code(enum check_status s);

#endif
