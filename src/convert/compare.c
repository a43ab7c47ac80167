/* SPDX-License-Identifier: Apache-2.0
 *
 * iif(<true>,<false>), strcmp(<var>) and secure_memcmp(<var>). Any thread.
 */
#include "rule/operand.h"

static bool iif_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)ev;
	*v = value_str(a->v[v->num ? 0 : 1].str);
	return true;
}

static bool strcmp_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice x = v->bytes, y;
	int order;

	if (!operand_get_bytes(&a->v[0], ev, &y))
		return false;
	order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);
	if (order == 0)
		order = (x.len > y.len) - (x.len < y.len);
	*v = value_int(order);
	return true;
}

static bool secure_memcmp_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice other;

	if (!operand_get_bytes(&a->v[0], ev, &other))
		return false;
	*v = value_bool(slice_eq_secret(v->bytes, other));
	return true;
}

CONVERTER(iif) = { .keyword = "iif", .usage = "iif(<true>,<false>)", .args = "ss", .in = VALUE_BOOL, .out = VALUE_STR,
	.convert = iif_convert };
CONVERTER(strcmp) = { .keyword = "strcmp", .usage = "strcmp(<var>)", .args = "v", .in = VALUE_STR, .out = VALUE_INT,
	.convert = strcmp_convert };
CONVERTER(secure_memcmp) = { .keyword = "secure_memcmp", .usage = "secure_memcmp(<var>)", .args = "v", .in = VALUE_BIN,
	.out = VALUE_BOOL, .convert = secure_memcmp_convert };
