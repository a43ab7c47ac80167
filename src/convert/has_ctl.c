/* SPDX-License-Identifier: Apache-2.0
 *
 * has_ctl([<mask>]): whether control characters are in the bytes. Bit n of the mask stands for the byte n below 32, bit
 * 32 for DEL. Any thread.
 */
#include <errno.h>
#include <stdlib.h>

#include "rule/fetch.h"

#define CTL_ALL 0x1ffffffffu
#define CTL_BUT_TAB (CTL_ALL & ~(1ull << '\t'))
#define CTL_HTTP (1ull << '\r' | 1ull << '\n' | 1ull) /* what may not stand in a field's value */

static bool has_ctl_check(struct args *a, struct strbuf *err)
{
	const char *text = a->v[0].str.ptr;
	char *end;

	a->v[0].num = CTL_BUT_TAB;
	if (a->v[0].str.len == 0)
		return true;
	if (slice_is(a->v[0].str, "any") || slice_is(a->v[0].str, "http")) {
		a->v[0].num = text[0] == 'a' ? (int64_t)CTL_ALL : (int64_t)CTL_HTTP;
		return true;
	}
	errno = 0;
	unsigned long long mask = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	a->v[0].num = (int64_t)mask;
	if (errno == 0 && *end == 0 && text[0] >= '0' && text[0] <= '9' && mask <= CTL_ALL)
		return true;
	strbuf_addf(err, "'%s' is not 'any', 'http' or a number of 33 bits", text);
	return false;
}

static bool has_ctl_convert(const struct args *a, struct eval *ev, struct value *v)
{
	uint64_t mask = (uint64_t)a->v[0].num;
	bool has = false;

	(void)ev;
	for (size_t i = 0; i < v->bytes.len && !has; i++) {
		unsigned char c = (unsigned char)v->bytes.ptr[i];
		has = c < 32 ? mask >> c & 1 : c == 127 && mask >> 32;
	}
	*v = value_bool(has);
	return true;
}

CONVERTER(has_ctl) = { .keyword = "has_ctl", .usage = "has_ctl([<mask>])", .args = ";s", .in = VALUE_BIN, .out = VALUE_BOOL,
	.check = has_ctl_check, .convert = has_ctl_convert };
