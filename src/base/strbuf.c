/* SPDX-License-Identifier: Apache-2.0
 *
 * Text under construction, growing or in the caller's memory. A fixed buffer keeps what
 * fits and then takes nothing more: a piece that was cut is never followed by a later one.
 * One thread per strbuf.
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/assert.h"
#include "base/strbuf.h"

void strbuf_init_fixed(struct strbuf *b, char *mem, size_t cap)
{
	ASSERT(cap >= 1);
	*b = (struct strbuf){ .ptr = mem, .cap = cap, .fixed = true };
	mem[0] = '\0';
}

bool strbuf_reserve(struct strbuf *b, size_t n)
{
	size_t need, cap = b->cap ? b->cap : 64;

	if (b->cap > b->len && n < b->cap - b->len)
		return true;
	if (b->fixed || __builtin_add_overflow(b->len, n, &need) || need >= SIZE_MAX / 2)
		return false;
	while (cap <= need)
		cap *= 2;
	char *mem = realloc(b->ptr, cap);
	if (!mem)
		return false;
	b->ptr = mem;
	b->cap = cap;
	return true;
}

void strbuf_add(struct strbuf *b, const void *bytes, size_t len)
{
	if (b->truncated)
		return;
	if (len >= b->cap - b->len && !strbuf_reserve(b, len)) {
		b->truncated = true;
		len = b->cap ? b->cap - b->len - 1 : 0;
	}
	if (!b->ptr)
		return;
	if (len)
		memcpy(b->ptr + b->len, bytes, len);
	b->len += len;
	b->ptr[b->len] = '\0';
}

void strbuf_add_slice(struct strbuf *b, struct slice s) { strbuf_add(b, s.ptr, s.len); }
void strbuf_add_str(struct strbuf *b, const char *z) { strbuf_add(b, z, strlen(z)); }

/* Two digits at a time: a division costs more than all the rest. */
size_t strbuf_put_u64(char *to, uint64_t n)
{
	static const char pairs[] =
		"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
		"5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
	size_t len = 1;

	for (uint64_t limit = 10; n >= limit; limit *= 10)
		if (++len == STRBUF_DIGITS_MAX)
			break;
	char *at = to + len;
	for (; n >= 100; n /= 100) {
		at -= 2;
		memcpy(at, pairs + n % 100 * 2, 2);
	}
	if (n >= 10)
		memcpy(to, pairs + n * 2, 2);
	else
		*to = (char)('0' + n);
	return len;
}

void strbuf_add_u64(struct strbuf *b, uint64_t n)
{
	char digits[STRBUF_DIGITS_MAX];

	if (n < 10)
		strbuf_add_byte(b, (char)('0' + n));
	else
		strbuf_add(b, digits, strbuf_put_u64(digits, n));
}

void strbuf_add_i64(struct strbuf *b, int64_t n)
{
	if (n < 0)
		strbuf_add_byte(b, '-');
	strbuf_add_u64(b, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap)
{
	va_list again;

	if (b->truncated)
		return;
	va_copy(again, ap);
	int n = vsnprintf(b->ptr ? b->ptr + b->len : NULL, b->cap - b->len, fmt, ap);
	if (n < 0) {
		b->truncated = true;
		if (b->ptr)
			b->ptr[b->len] = '\0';
	} else if ((size_t)n < b->cap - b->len) {
		b->len += (size_t)n;
	} else if (strbuf_reserve(b, (size_t)n)) {
		vsnprintf(b->ptr + b->len, b->cap - b->len, fmt, again);
		b->len += (size_t)n;
	} else {
		b->truncated = true;
		if (b->ptr && b->fixed)
			b->len = b->cap - 1;
		else if (b->ptr)
			b->ptr[b->len] = '\0';
	}
	va_end(again);
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(b, fmt, ap);
	va_end(ap);
}

void strbuf_add_hex(struct strbuf *b, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		strbuf_add(b, (char[]){ digits[at[i] >> 4], digits[at[i] & 15] }, 2);
}

void strbuf_add_escaped(struct strbuf *b, struct slice s, char esc, const char *also)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t plain = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c >= 0x20 && c < 0x7f && !(also && strchr(also, c)))
			continue;
		strbuf_add(b, s.ptr + plain, i - plain);
		strbuf_add(b, (char[]){ esc, digits[c >> 4], digits[c & 15] }, 3);
		plain = i + 1;
	}
	if (plain < s.len)
		strbuf_add(b, s.ptr + plain, s.len - plain);
}

char *strbuf_take(struct strbuf *b)
{
	ASSERT(!b->fixed);
	char *text = b->ptr ? b->ptr : calloc(1, 1);
	*b = STRBUF_EMPTY;
	return text;
}

void strbuf_free(struct strbuf *b)
{
	if (!b->fixed)
		free(b->ptr);
	*b = STRBUF_EMPTY;
}
