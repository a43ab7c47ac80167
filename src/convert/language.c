/* SPDX-License-Identifier: Apache-2.0
 *
 * language(<list>[,<default>]): of an Accept-Language value (RFC 9110 section 12.5.4) the language
 * with the highest weight that stands in the list, which is separated by semicolons. A range with a
 * variant ("fr-CA") also matches its base language. Any thread.
 */
#include "rule/fetch.h"

/* The list's spelling of a name, or an empty slice. */
static struct slice list_find(struct slice list, struct slice name)
{
	while (list.len) {
		ptrdiff_t end = slice_find_byte(list, ';');
		struct slice one = slice_make(list.ptr, end < 0 ? list.len : (size_t)end);

		if (slice_eq(one, name))
			return one;
		list = slice_from(list, one.len + 1);
	}
	return SLICE("");
}

/* RFC 9110 section 12.4.2: "0", "1", up to three digits behind the point; in thousandths, -1 when it is something else.
 */
static int weight_read(struct slice s)
{
	int weight;

	if (s.len == 0 || s.len > 5 || (s.ptr[0] != '0' && s.ptr[0] != '1') || (s.len > 1 && s.ptr[1] != '.'))
		return -1;
	weight = s.ptr[0] - '0';
	for (size_t i = 2; i < 5; i++) {
		if (i < s.len && (s.ptr[i] < '0' || s.ptr[i] > '9'))
			return -1;
		weight = 10 * weight + (i < s.len ? s.ptr[i] - '0' : 0);
	}
	return weight <= 1000 ? weight : -1;
}

/* One element: its name, and its weight (1000 without one). */
static int element_read(struct slice element, struct slice *name)
{
	ptrdiff_t semicolon = slice_find_byte(element, ';');
	struct slice parameter;

	*name = slice_trim(slice_make(element.ptr, semicolon < 0 ? element.len : (size_t)semicolon));
	if (semicolon < 0)
		return 1000;
	parameter = slice_trim(slice_from(element, (size_t)semicolon + 1));
	if (!slice_starts(parameter, SLICE("q=")) && !slice_starts(parameter, SLICE("Q=")))
		return -1;
	return weight_read(slice_from(parameter, 2));
}

static bool language_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice rest = v->bytes, best = { NULL, 0 };
	int best_weight = 0;

	(void)ev;
	while (rest.len) {
		ptrdiff_t comma = slice_find_byte(rest, ',');
		struct slice element = slice_make(rest.ptr, comma < 0 ? rest.len : (size_t)comma), name, found;
		int weight = element_read(element, &name);
		ptrdiff_t dash = slice_find_byte(name, '-');

		rest = slice_from(rest, element.len + 1);
		if (weight <= best_weight || name.len == 0)
			continue;
		found = list_find(a->v[0].str, name);
		if (found.len == 0 && dash > 0)
			found = list_find(a->v[0].str, slice_make(name.ptr, (size_t)dash));
		if (found.len) {
			best = found;
			best_weight = weight;
		}
	}
	if (!best.ptr && a->v[1].type == ARG_STR)
		best = a->v[1].str;
	*v = value_str(best);
	return best.ptr != NULL;
}

CONVERTER(language) = { .keyword = "language", .usage = "language(<list>[,<default>])", .args = "s;s", .in = VALUE_STR,
	.out = VALUE_STR, .convert = language_convert };
