/* SPDX-License-Identifier: Apache-2.0
 *
 * The cursor over one line's words, and the arguments every keyword takes: numbers, times, sizes.
 * Faults name the word they stand on. One thread: start-up only.
 */
#include <inttypes.h>
#include <stdlib.h>
#include "base/units.h"
#include "conf/line.h"

const char *conf_peek(const struct conf_line *l)
{
	return l->at < l->count ? l->words[l->at] : NULL;
}

const char *conf_take(struct conf_line *l)
{
	return l->at < l->count ? l->words[l->at++] : NULL;
}

bool conf_take_if(struct conf_line *l, const char *z)
{
	const char *word = conf_peek(l);
	if (!word || strcmp(word, z) != 0)
		return false;
	l->at++;
	return true;
}

const char *conf_need(struct conf_line *l, const char *what)
{
	const char *word = conf_take(l);
	if (!word)
		conf_fail(l, "expected %s, but the line ends", what);
	return word;
}

bool conf_need_int(struct conf_line *l, const char *what, int64_t min, int64_t max, int64_t *out)
{
	const char *word = conf_need(l, what);
	if (!word)
		return false;
	int64_t n;
	if (!slice_to_i64(slice_of(word), &n))
		return conf_fail(l, "expected %s, in digits alone", what);
	if (n < min || n > max)
		return conf_fail(l, "expected %s from %" PRId64 " to %" PRId64, what, min, max);
	*out = n;
	return true;
}

bool conf_need_time(struct conf_line *l, const char *what, uint32_t *out_ms)
{
	const char *word = conf_need(l, what);
	if (!word)
		return false;
	switch (unit_time_ms(slice_of(word), 1000, out_ms)) {
	case UNIT_OK:
		return true;
	case UNIT_OVERFLOW:
		return conf_fail(l, "%s is too long, the most is 2147483647 ms (about 24.8 days)", what);
	case UNIT_UNDERFLOW:
		return conf_fail(l, "%s is too short, the least that is not zero is 1 ms", what);
	case UNIT_BAD:
		break;
	}
	return conf_fail(l, "expected %s, a time such as 500, 30s or 2h (units us ms s m h d)", what);
}

bool conf_need_size(struct conf_line *l, const char *what, uint64_t max, uint64_t *out)
{
	const char *word = conf_need(l, what);
	if (!word)
		return false;
	enum unit_result r = unit_size(slice_of(word), out);
	if (r == UNIT_BAD)
		return conf_fail(l, "expected %s, a size such as 16384, 16k or 1m (units k m g)", what);
	if (r != UNIT_OK || *out > max)
		return conf_fail(l, "%s is too large, the most is %" PRIu64 " bytes", what, max);
	return true;
}

bool conf_end(struct conf_line *l)
{
	/* "" at the end is what an unset "$VAR" leaves; it has always been allowed there. */
	while (conf_take_if(l, ""))
		;
	return !conf_take(l) || conf_fail(l, "this word is one too many, the line should end before it");
}

/* Where the fault stands, as words of the line: the first, and the last taken when it is another; nothing when none
 * was taken. */
static void line_add_place(const struct conf_line *l, struct strbuf *b)
{
	if (l->count == 0 || l->at == 0)
		return;
	strbuf_addf(b, "'%s%s'", l->no ? "no " : l->dflt ? "default " : "", l->words[0]);
	if (l->at > 1)
		strbuf_addf(b, " at '%s'", l->words[l->at - 1]);
	strbuf_add_str(b, ": ");
}

bool conf_names(const struct conf_line *l, const char *word)
{
	return l->at > 0 && l->count > 0 && strcmp(l->words[l->at - 1], word) == 0;
}

static void line_say(const struct conf_line *l, enum diag_level level, const char *fmt, va_list ap)
{
	struct strbuf b = STRBUF_EMPTY;
	line_add_place(l, &b);
	strbuf_vaddf(&b, fmt, ap);
	diag_at(level, l->file, l->line, "%s", b.ptr ? b.ptr : fmt);
	strbuf_free(&b);
}

bool conf_fail(struct conf_line *l, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	line_say(l, DIAG_ALERT, fmt, ap);
	va_end(ap);
	l->failed = true;
	return false;
}

void conf_warn(struct conf_line *l, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	line_say(l, DIAG_WARNING, fmt, ap);
	va_end(ap);
}

char *conf_rest(struct conf_line *l)
{
	struct strbuf b = STRBUF_EMPTY;
	for (const char *word; (word = conf_take(l));) {
		if (b.len)
			strbuf_add_byte(&b, ' ');
		strbuf_add_str(&b, word);
	}
	return strbuf_take(&b);
}
