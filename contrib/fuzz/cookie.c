/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of cookies. Asserted beyond "no bad memory": each lies inside the value, the walk ends, and cutting one
 * out leaves exactly the others, in place or in a copy.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "wire/cookie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(const struct cookie *c, struct slice field)
{
	ASSERT(c->whole.ptr >= field.ptr && c->whole.ptr + c->whole.len <= field.ptr + field.len);
	ASSERT(c->name.ptr >= c->whole.ptr && c->name.len + c->value.len < c->whole.len);
	ASSERT(c->value.ptr + c->value.len <= c->whole.ptr + c->whole.len);
}

static void check_cut(struct slice field, struct slice name)
{
	char *out = malloc(field.len), *in_place = malloc(field.len), *name_copy = malloc(name.len + 1);
	struct cookie c, d;

	ASSERT(out && in_place && name_copy);
	memcpy(name_copy, name.ptr, name.len);
	name.ptr = name_copy;
	size_t len = cookie_cut(field, name, out);
	ASSERT(len < field.len);
	struct slice rest = field, left = slice_make(out, len);
	while (cookie_next(&rest, &c)) {
		if (slice_eq(c.name, name))
			continue;
		ASSERT(cookie_next(&left, &d) && slice_eq(c.name, d.name) && slice_eq(c.value, d.value));
	}
	ASSERT(!cookie_next(&left, &d));
	memcpy(in_place, field.ptr, field.len);
	ASSERT(cookie_cut(slice_make(in_place, field.len), name, in_place) == len && memcmp(in_place, out, len) == 0);
	free(out);
	free(in_place);
	free(name_copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct cookie c, first;

	ASSERT(copy);
	if (size)
		memcpy(copy, data, size);
	struct slice field = slice_make(copy, size), rest = field;
	for (unsigned i = 0; cookie_next(&rest, &c); i++) {
		check_inside(&c, field);
		ASSERT(cookie_find(field, c.name, &first) && slice_eq(first.name, c.name));
		ASSERT(first.whole.ptr <= c.whole.ptr);
		if (i < 50)
			check_cut(field, c.name);
	}
	for (rest = field; set_cookie_next(&rest, &c);)
		check_inside(&c, field);
	ASSERT(rest.len == 0);
	free(copy);
	return 0;
}
