/* SPDX-License-Identifier: Apache-2.0
 *
 * Integers: add sub mul div mod neg, and or xor cpl, bool not odd even. Results that do not fit
 * stop at the nearest end of 64 bits. The operand is a number or a variable; without a value of
 * it there is none. Any thread.
 */
#include "rule/operand.h"

static bool one_operand(struct args *a, struct strbuf *err) { return operand_check_int(&a->v[0], err); }

static int64_t add(int64_t x, int64_t y)
{
	int64_t r;

	return __builtin_add_overflow(x, y, &r) ? y < 0 ? INT64_MIN : INT64_MAX : r;
}

static int64_t sub(int64_t x, int64_t y)
{
	int64_t r;

	return __builtin_sub_overflow(x, y, &r) ? y < 0 ? INT64_MAX : INT64_MIN : r;
}

static int64_t mul(int64_t x, int64_t y)
{
	int64_t r;

	return __builtin_mul_overflow(x, y, &r) ? (x < 0) != (y < 0) ? INT64_MIN : INT64_MAX : r;
}

/* By zero: the largest number (div) and zero (mod), as the language has it. */
static int64_t divide(int64_t x, int64_t y) { return y == 0 ? INT64_MAX : y == -1 ? sub(0, x) : x / y; }
static int64_t mod(int64_t x, int64_t y) { return y == 0 || y == -1 ? 0 : x % y; }
static int64_t and(int64_t x, int64_t y) { return x & y; }
static int64_t or(int64_t x, int64_t y) { return x | y; }
static int64_t xor(int64_t x, int64_t y) { return x ^ y; }

static bool apply(const struct args *a, struct eval *ev, struct value *v, int64_t (*op)(int64_t, int64_t))
{
	int64_t y;

	if (!operand_get_int(&a->v[0], ev, &y))
		return false;
	v->num = op(v->num, y);
	return true;
}

#define BINARY(ident, name, op) \
	static bool ident##_convert(const struct args *a, struct eval *ev, struct value *v) { return apply(a, ev, v, op); } \
	CONVERTER(ident) = { .keyword = name, .usage = name "(<value>)", .args = "s", .in = VALUE_INT, .out = VALUE_INT, \
		.check = one_operand, .convert = ident##_convert }

BINARY(add, "add", add);
BINARY(sub, "sub", sub);
BINARY(mul, "mul", mul);
BINARY(div, "div", divide);
BINARY(mod, "mod", mod);
BINARY(and, "and", and);
BINARY(or, "or", or);
BINARY(xor, "xor", xor);

#define UNARY(ident, name, out_type, expression) \
	static bool ident##_convert(const struct args *a, struct eval *ev, struct value *v) \
	{ \
		int64_t x = v->num; \
		(void)a, (void)ev; \
		*v = expression; \
		return true; \
	} \
	CONVERTER(ident) = { .keyword = name, .usage = name, .in = VALUE_INT, .out = out_type, .convert = ident##_convert }

UNARY(neg, "neg", VALUE_INT, value_int(sub(0, x)));
UNARY(cpl, "cpl", VALUE_INT, value_int(~x));
UNARY(bool, "bool", VALUE_BOOL, value_bool(x != 0));
UNARY(not, "not", VALUE_BOOL, value_bool(x == 0));
UNARY(odd, "odd", VALUE_BOOL, value_bool(x & 1));
UNARY(even, "even", VALUE_BOOL, value_bool(!(x & 1)));
