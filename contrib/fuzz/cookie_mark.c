/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of the values of persistence cookies. Asserted beyond "no bad memory": the server's mark is the value's
 * beginning up to its first '|', and what is written reads back the same.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "wire/cookie_mark.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 2 * (COOKIE_DATE_LEN + 1));

	ASSERT(copy);
	if (size)
		memcpy(copy, data, size);
	struct cookie_mark m = cookie_mark_parse(slice_make(copy, size));
	ASSERT(m.server.ptr == copy && m.server.len <= size && slice_find_byte(m.server, '|') < 0);
	ASSERT(m.server.len == size || copy[m.server.len] == '|');
	ASSERT(m.last <= 0x3fffffff && m.first <= 0x3fffffff);
	char *p = copy + m.server.len;
	*p++ = '|';
	cookie_date_write(m.last, p);
	p += COOKIE_DATE_LEN;
	*p++ = '|';
	cookie_date_write(m.first, p);
	p += COOKIE_DATE_LEN;
	struct cookie_mark again = cookie_mark_parse(slice_make(copy, (size_t)(p - copy)));
	ASSERT(again.server.len == m.server.len && again.last == m.last && again.first == m.first);
	free(copy);
	return 0;
}
