/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of check ends, spelled out. Frozen.
 */
#include "proxy/check_status.h"

#include "base/assert.h"

static const struct row {
	int number;
	const char *code;
	enum check_result result;
	const char *text;
} rows[] = {
#define X(id, number, code, result, text) { number, code, CHECK_RESULT_##result, text },
	CHECK_STATUSES(X)
#undef X
};

static const struct row *row(enum check_status s)
{
	ASSERT(s < CHECK_STATUS_COUNT);
	return &rows[s];
}

int check_status_number(enum check_status s) { return row(s)->number; }
const char *check_status_code(enum check_status s) { return row(s)->code; }
const char *check_status_text(enum check_status s) { return row(s)->text; }
enum check_result check_status_result(enum check_status s) { return row(s)->result; }

enum check_status check_status_find(struct slice code)
{
	for (int s = 0; s < CHECK_STATUS_COUNT; s++)
		if (slice_eq(code, slice_of(rows[s].code)))
			return (enum check_status)s;
	return CHECK_STATUS_UNKNOWN;
}

bool check_status_has_code(enum check_status s)
{
	return s == CHECK_STATUS_L7OK || s == CHECK_STATUS_L7OKC || s == CHECK_STATUS_L7STS ||
		s == CHECK_STATUS_PROCERR || s == CHECK_STATUS_PROCTOUT || s == CHECK_STATUS_PROCOK;
}

enum check_status check_status_by_number(int number)
{
	for (int s = 0; s < CHECK_STATUS_COUNT; s++)
		if (check_status_number((enum check_status)s) == number)
			return (enum check_status)s;
	return CHECK_STATUS_UNKNOWN;
}
