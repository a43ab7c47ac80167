/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of Forwarded fields. Asserted beyond "no bad memory": the walk ends, what it gives lies inside the value,
 * and nodes are nodes.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "wire/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct forwarded_element e;
	struct slice name, port;

	ASSERT(copy);
	if (size)
		memcpy(copy, data, size);
	struct slice field = slice_make(copy, size), rest = field;
	while (forwarded_next(&rest, &e) == FORWARDED_ELEMENT) {
		for (int i = 0; i < FORWARDED_PARAM_COUNT; i++)
			ASSERT(e.params[i].ptr == NULL || (e.params[i].ptr >= copy && e.params[i].ptr + e.params[i].len <= copy + size));
		ASSERT(e.params[FORWARDED_FOR].ptr == NULL || forwarded_node(e.params[FORWARDED_FOR], &name, &port));
		ASSERT(e.params[FORWARDED_BY].ptr == NULL || forwarded_node(e.params[FORWARDED_BY], &name, &port));
	}
	if (forwarded_node(field, &name, &port))
		ASSERT(name.len > 0 && name.len <= size && port.len < size);
	free(copy);
	return 0;
}
