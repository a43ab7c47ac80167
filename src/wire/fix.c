/* SPDX-License-Identifier: Apache-2.0
 *
 * The tag=value encoding of FIX; see fix.h. Pure: any thread.
 */
#include "wire/fix.h"

#include "base/assert.h"

#define SOH '\x01'
#define CHECKSUM_LEN 7        /* "10=nnn" and its end */
#define BODY_MAX (1 << 24)    /* far beyond what a buffer holds */
#define TAG_DIGITS_MAX 10

int fix_next(struct slice *rest, uint32_t *tag, struct slice *value)
{
	ptrdiff_t equals = slice_find_byte(*rest, '='), end;
	struct slice digits = equals < 0 ? *rest : slice_make(rest->ptr, (size_t)equals);
	uint64_t n;

	if (digits.len == 0)
		return rest->len ? -1 : 0;
	if (digits.len > TAG_DIGITS_MAX || !slice_to_u64(digits, &n) || n > UINT32_MAX || (equals >= 0 && n == 0))
		return -1;
	if (equals < 0)
		return 0;
	struct slice text = slice_from(*rest, (size_t)equals + 1);
	if ((end = slice_find_byte(text, SOH)) < 0)
		return 0;
	*tag = (uint32_t)n;
	*value = slice_make(text.ptr, (size_t)end);
	*rest = slice_from(text, (size_t)end + 1);
	return 1;
}

static bool known_version(struct slice v)
{
	static const char *const versions[] = { "FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIXT.1.1" };

	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (slice_is(v, versions[i]))
			return true;
	return false;
}

/* The first two fields, behind which the body begins. As fix_next(). */
static int take_head(struct slice *rest, uint64_t *body_len)
{
	struct slice value;
	uint32_t tag;
	int r = fix_next(rest, &tag, &value);

	if (r != 1)
		return r;
	if (tag != FIX_BEGIN_STRING || !known_version(value))
		return -1;
	if ((r = fix_next(rest, &tag, &value)) != 1)
		return r;
	return tag == FIX_BODY_LENGTH && slice_to_u64(value, body_len) && *body_len <= BODY_MAX ? 1 : -1;
}

/* The body is whole: fields to its very end, the first its type. */
static bool body_is_good(struct slice body)
{
	struct slice value;
	uint32_t tag;

	for (bool first = true; body.len || first; first = false)
		if (fix_next(&body, &tag, &value) != 1 || value.len == 0 || (first ? tag != FIX_MSG_TYPE : tag == FIX_CHECKSUM))
			return false;
	return true;
}

/* The last field: the sum of all bytes before it, in three digits. */
static bool sum_is_good(struct slice before, struct slice field)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < before.len; i++)
		sum = (uint8_t)(sum + (uint8_t)before.ptr[i]);
	char want[CHECKSUM_LEN] = { '1', '0', '=', (char)('0' + sum / 100), (char)('0' + sum / 10 % 10), (char)('0' + sum % 10), SOH };
	return slice_eq(field, slice_make(want, sizeof(want)));
}

int fix_check(struct slice in)
{
	struct slice rest = in;
	uint64_t body_len;
	int r = take_head(&rest, &body_len);

	if (r != 1)
		return r;
	if (rest.len < body_len + CHECKSUM_LEN)
		return 0;
	struct slice body = slice_make(rest.ptr, (size_t)body_len), sum = slice_make(body.ptr + body.len, CHECKSUM_LEN);
	if (!body_is_good(body) || !sum_is_good(slice_make(in.ptr, (size_t)(sum.ptr - in.ptr)), sum))
		return -1;
	return (int)(sum.ptr - in.ptr) + CHECKSUM_LEN;
}
