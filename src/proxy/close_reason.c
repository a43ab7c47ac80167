/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of close reasons, spelled out. Frozen.
 */
#include "proxy/close_reason.h"

#include "base/assert.h"

char close_reason_code(enum close_reason r)
{
	static const char codes[] = {
#define X(id, code) code,
		CLOSE_REASONS(X)
#undef X
	};

	ASSERT(r < CLOSE_REASON_COUNT);
	return codes[r];
}
