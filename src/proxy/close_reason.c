/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of close reasons, spelled out. Frozen.
 */
#include "proxy/close_reason.h"

#include "base/assert.h"

static const struct row {
	char code;
	const char *name, *text;
} rows[] = {
#define X(id, code, name, text) { code, name, text },
	CLOSE_REASONS(X)
#undef X
};

char close_reason_code(enum close_reason r)
{
	ASSERT(r < CLOSE_REASON_COUNT);
	return rows[r].code;
}

const char *close_reason_name(enum close_reason r)
{
	ASSERT(r < CLOSE_REASON_COUNT);
	return rows[r].name;
}

const char *close_reason_text(enum close_reason r)
{
	ASSERT(r < CLOSE_REASON_COUNT);
	return rows[r].text;
}
