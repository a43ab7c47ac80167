/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of pattern lists. The first byte chooses the columns, case and a match method; a file's text follows
 * up to a byte 0xff, and then lines of operations as rules and operators order them. Asserted beyond "no bad memory": a
 * refusal says why, what a dump shows is what the list counts, a pattern that is found is in the list, a text that was
 * taken out is gone, and the references of a list only rise.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "core/epoch.h"
#include "rule/boot.h"
#include "rule/patref_edit.h"
#include "rule/pattern_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct patref *list;
static const struct pattern_view *views[2];
static struct arena arena;

static struct slice take_word(struct slice *s)
{
	ptrdiff_t blank = slice_find_byte(*s, ' ');
	struct slice word = blank < 0 ? *s : slice_make(s->ptr, (size_t)blank);

	*s = slice_from(*s, word.len + 1);
	return word;
}

static struct slice take_until(struct slice *s, char end)
{
	ptrdiff_t at = slice_find_byte(*s, end);
	struct slice part = at < 0 ? *s : slice_make(s->ptr, (size_t)at);

	*s = slice_from(*s, part.len + 1);
	return part;
}

static void look(struct slice text)
{
	for (size_t i = 0; i < COUNT_OF(views); i++) {
		struct value v = value_str(text);
		const struct pattern *p;

		if (!views[i] || !views[i]->matcher->engine || !value_cast(&v, views[i]->matcher->in, &arena))
			continue;
		p = pattern_view_find(views[i], &v, &arena, NULL);
		ASSERT(!p || pattern_version_by_id(list->current, p->id) == p);
	}
}

static void count(void)
{
	struct pattern_version *v = list->current;
	size_t shown = 0, all = 0;

	for (; v; v = v == list->current ? list->prepared : v->next) {
		struct strbuf out = STRBUF_EMPTY;
		uint64_t from = 0, before = 0;

		while (patref_write(list, (struct patref_which){ true, v->number }, &from, 1, &out)) {
			ASSERT(from > before && slice_ends(strbuf_slice(&out), SLICE("\n")));
			before = from;
			shown++;
		}
		all += v->live;
		strbuf_free(&out);
	}
	ASSERT(shown == all && all == patref_state(list).count);
}

static void operate(struct slice line)
{
	struct strbuf err = STRBUF_EMPTY;
	struct slice op = take_word(&line), key = take_word(&line);
	struct patref_which w = { op.len > 1, op.len > 1 ? (uint32_t)(op.ptr[1] - '0') : 0 };

	switch (op.len ? op.ptr[0] : 0) {
	case 'a': ASSERT(patref_add(list, w, key, &line, &err) == (err.len == 0)); break;
	case 'n': ASSERT(patref_add(list, w, key, NULL, &err) == (err.len == 0)); break;
	case 's': ASSERT((patref_set(list, key, line, &err) == 0) == (err.len != 0)); break;
	case 'u': patref_put(list, key, line.len ? &line : NULL); break;
	case 'd':
		patref_del(list, key);
		ASSERT(patref_del(list, key) == 0);
		break;
	case 'p': patref_prepare(list); break;
	case 'c': ASSERT(patref_commit(list, w.number, &err) == (err.len == 0)); break;
	case 'x': ASSERT(patref_clear(list, w)); break;
	default: look(key); break;
	}
	look(key);
	strbuf_free(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_line l = { .file = "fuzz", .line = 1 };
	struct strbuf err = STRBUF_EMPTY;
	static bool ready;
	struct slice rest, file;

	if (!ready)
		registries_open();
	ready = true;
	if (size < 2 || size > 4096)
		return 0;
	rest = slice_make(data + 2, size - 2);
	file = take_until(&rest, (char)0xff);
	list = patref_of_line("fuzz", &l, -1, &err);
	list->two_columns = data[0] & 1;
	memset(views, 0, sizeof(views));
	if (pattern_file_parse("fuzz", file, list->two_columns, list->current, &err)) {
		for (size_t i = 0; i < COUNT_OF(views) && err.len == 0; i++)
			views[i] = patref_look(list, matcher_registry.sorted[(data[1] + i * (data[0] >> 4)) % matcher_registry.n]->item,
				data[0] & 2, data[0] & 4 ? VALUE_STR : data[0] & 8 ? VALUE_INT : VALUE_ADDR, false, &err);
	}
	if (err.len == 0) {
		count();
		while (rest.len)
			operate(take_until(&rest, '\n'));
		count();
	}
	strbuf_free(&err);
	arena_free(&arena);
	boot_reset();
	return 0;
}
