/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of the Remote Desktop cookie: slices lie within the input, and a verdict never changes with more bytes.
 */
#include "base/assert.h"
#include "wire/rdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_make(data, size), name, value;
	int r = rdp_cookie(all, &name, &value);

	ASSERT(r <= (int)size && -1 - r <= (int)size);
	if (r > 0) {
		ASSERT(name.ptr >= all.ptr && value.ptr > name.ptr && value.ptr + value.len + 2 == all.ptr + r);
		ASSERT(slice_find_byte(name, '=') < 0 && slice_find_byte(value, '\r') < 0);
	}
	for (size_t n = 0; n < size; n++) {
		int part = rdp_cookie(slice_make(data, n), &name, &value);
		ASSERT(part == 0 || part == r);
	}
	return 0;
}
