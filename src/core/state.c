/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of state: "state <keyword> <version> <length>\n", then that many bytes and a newline.
 * Text in front, so that a dump can be read. One thread at a time.
 */
#include "core/state.h"

#include <string.h>

REGISTRY_DEFINE(state)

#define HEAD SLICE("state ")

void state_save_all(struct strbuf *out)
{
	struct strbuf body = STRBUF_EMPTY;

	for (size_t i = 0; i < state_registry.n; i++) {
		const struct state *st = state_registry.sorted[i]->item;

		strbuf_clear(&body);
		st->save(&body);
		if (body.truncated)
			continue;
		strbuf_addf(out, "state %s %u %zu\n", st->keyword, st->version, body.len);
		strbuf_add_slice(out, strbuf_slice(&body));
		strbuf_add_byte(out, '\n');
	}
	strbuf_free(&body);
}

/* Takes what stands before `end` off the front. */
static bool take(struct slice *rest, char end, struct slice *out)
{
	ptrdiff_t at = slice_find_byte(*rest, end);

	if (at < 0)
		return false;
	*out = slice_make(rest->ptr, (size_t)at);
	*rest = slice_from(*rest, (size_t)at + 1);
	return true;
}

static bool take_number(struct slice *rest, char end, uint64_t *out)
{
	struct slice digits;

	return take(rest, end, &digits) && slice_to_u64(digits, out);
}

bool state_load_all(struct slice bytes, struct state_report *report)
{
	struct state_report unused;

	if (report == NULL)
		report = &unused;
	*report = (struct state_report){ 0 };
	while (bytes.len) {
		struct slice name;
		uint64_t version, len;

		if (!slice_starts(bytes, HEAD))
			return false;
		bytes = slice_from(bytes, HEAD.len);
		if (!take(&bytes, ' ', &name) || !take_number(&bytes, ' ', &version) || !take_number(&bytes, '\n', &len) ||
		    version > UINT32_MAX || len >= bytes.len || bytes.ptr[len] != '\n')
			return false;
		const struct state *st = registry_find(&state_registry, name);
		if (st == NULL)
			report->skipped++;
		else if (st->load((unsigned)version, slice_make(bytes.ptr, (size_t)len)))
			report->loaded++;
		else
			report->refused++;
		bytes = slice_from(bytes, (size_t)len + 1);
	}
	return true;
}

/* ---- lines of words ---- */

void state_add_text(struct strbuf *out, struct slice text)
{
	strbuf_add_escaped(out, text, '%', "% ");
	if (text.len == 0)
		strbuf_add_byte(out, '%');
}

void state_read_text(struct slice s, char *out, size_t cap)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	if (slice_is(s, "%"))
		s.len = 0;
	for (size_t i = 0; i < s.len && n + 1 < cap; i++) {
		const char *high, *low;
		if (s.ptr[i] == '%' && i + 2 < s.len && (high = strchr(digits, s.ptr[i + 1])) && (low = strchr(digits, s.ptr[i + 2]))) {
			out[n++] = (char)((high - digits) << 4 | (low - digits));
			i += 2;
		} else {
			out[n++] = s.ptr[i];
		}
	}
	out[n] = 0;
}

bool state_take_word(struct slice *rest, struct slice *word)
{
	ptrdiff_t blank = slice_find_byte(*rest, ' ');

	*word = slice_make(rest->ptr, blank < 0 ? rest->len : (size_t)blank);
	*rest = slice_from(*rest, word->len + 1);
	return word->len > 0;
}

bool state_take_numbers(struct slice *rest, uint64_t *numbers, size_t n)
{
	struct slice word;

	for (size_t i = 0; i < n; i++)
		if (!state_take_word(rest, &word) || !slice_to_u64(word, &numbers[i]))
			return false;
	return true;
}

bool state_each_line(struct slice body, unsigned version, bool (*load)(struct slice line, unsigned version))
{
	while (body.len) {
		ptrdiff_t end = slice_find_byte(body, '\n');
		if (end < 0 || !load(slice_make(body.ptr, (size_t)end), version))
			return false;
		body = slice_from(body, (size_t)end + 1);
	}
	return true;
}
