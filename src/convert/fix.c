/* SPDX-License-Identifier: Apache-2.0
 *
 * fix_is_valid, fix_tag_value(<tag>): whether bytes begin with a FIX message, and one of its values. Any thread.
 */
#include "base/assert.h"
#include "rule/fetch.h"
#include "wire/fix.h"

/* No value while the message may still become one. */
static bool is_valid_convert(const struct args *a, struct eval *ev, struct value *v)
{
	int r = fix_check(v->bytes);

	(void)a;
	(void)ev;
	*v = value_bool(r > 0);
	return r != 0;
}
CONVERTER(fix_is_valid) = { .keyword = "fix_is_valid", .usage = "fix_is_valid", .in = VALUE_BIN, .out = VALUE_BOOL,
	.convert = is_valid_convert };

static bool tag_check(struct args *a, struct strbuf *err)
{
	static const struct { const char *name; enum fix_tag tag; } names[] = {
		{ "BeginString", FIX_BEGIN_STRING }, { "BodyLength", FIX_BODY_LENGTH }, { "MsgType", FIX_MSG_TYPE },
		{ "SenderCompID", FIX_SENDER }, { "TargetCompID", FIX_TARGET }, { "CheckSum", FIX_CHECKSUM },
	};
	struct slice text = a->v[0].str;
	uint64_t n;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (!slice_eq_nocase(text, slice_of(names[i].name)))
			continue;
		a->v[0].num = names[i].tag;
		return true;
	}
	if (slice_to_u64(text, &n) && n > 0 && n <= UINT32_MAX) {
		a->v[0].num = (int64_t)n;
		return true;
	}
	strbuf_addf(err, "'%.*s' is no tag: expected its number", SLICE_FMT(text));
	for (size_t i = 0; i < COUNT_OF(names); i++)
		strbuf_addf(err, "%s %s", i ? "," : ", or", names[i].name);
	return false;
}

static bool tag_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice rest = v->bytes, value;
	uint32_t tag;

	(void)ev;
	while (fix_next(&rest, &tag, &value) == 1) {
		if (tag != a->v[0].num)
			continue;
		*v = value_bin(value);
		return value.len > 0;
	}
	return false;
}
CONVERTER(fix_tag_value) = { .keyword = "fix_tag_value", .usage = "fix_tag_value(<tag>)", .args = "s", .in = VALUE_BIN,
	.out = VALUE_BIN, .check = tag_check, .convert = tag_convert };
