/* SPDX-License-Identifier: Apache-2.0
 *
 * Every engine against a plain reading of what it promises: patterns come and go by chance, and after each change
 * texts are looked up that may hold some of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/assert.h"
#include "core/epoch.h"
#include "rule/match.h"
#include "rule/regex.h"

int pattern_test(void);

#define LIVE_MAX 400
#define ROUNDS 6000

/* One engine with its naive counterpart. */
struct subject {
	struct matcher matcher;
	bool nocase;
	void (*make)(char *text);                       /* a pattern by chance */
	void (*make_value)(char *text, struct value *v); /* a value by chance; text is its memory */
	bool (*hits)(const struct subject *s, const char *pattern, const struct value *v);
	long (*rank)(const char *pattern);              /* NULL: the first wins; else the highest */
};

static uint64_t seed;
static unsigned below(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static void letters(char *text, const char *alphabet, unsigned min, unsigned max)
{
	unsigned n = min + below(max - min + 1);

	for (unsigned i = 0; i < n; i++)
		text[i] = alphabet[below((unsigned)strlen(alphabet))];
	text[n] = 0;
}

static void make_word(char *text) { letters(text, "abAB", 1, 1 + below(12)); }
static void make_path(char *text)
{
	do
		letters(text, "ab./", 1, 8);
	while (text[strspn(text, "./")] == 0);
}
static void make_hex(char *text)
{
	letters(text, "6a", 2, 8);
	text[strlen(text) / 2 * 2] = 0;
}
static void text_value(char *text, struct value *v)
{
	letters(text, "abAB./", 0, 24);
	*v = value_str(slice_of(text));
}
static void word_value(char *text, struct value *v)
{
	letters(text, "abAB", 0, 20);
	*v = value_str(slice_of(text));
}
static void byte_value(char *text, struct value *v)
{
	letters(text, "f\xaa\xa6j", 0, 4);
	*v = value_bin(slice_of(text));
}
static void make_net(char *text)
{
	if (below(4))
		sprintf(text, "%u.%u.%u.%u/%u", below(2), below(2) * 128, below(4) * 64, below(256), 7 + below(26));
	else
		sprintf(text, "%s%x:%x/%u", below(2) ? "2001:db8::" : "::ffff:", below(2), below(65536), 90 + below(39));
}
static void net_value(char *text, struct value *v)
{
	*v = value_addr((struct addr){ 0 });
	sprintf(text, "%u.%u.%u.%u", below(2), below(2) * 128, below(4) * 64, below(256));
	if (below(3) == 0)
		sprintf(text, "2001:db8::%x:%x", below(2), below(65536));
	assert_true(addr_parse_ip(slice_of(text), &v->addr));
}
static void make_range(char *text)
{
	unsigned low = below(100), kind = below(8);

	if (kind < 3)
		sprintf(text, "%u", low);
	else if (kind == 3)
		sprintf(text, ":%u", low / 20);
	else if (kind == 4)
		sprintf(text, "%u:", 95 + low / 20);
	else
		sprintf(text, "%u:%u", low, low + below(6));
}
static void number_value(char *text, struct value *v)
{
	(void)text;
	*v = value_int(below(106));
}

static bool same(const struct subject *s, struct slice a, struct slice b)
{
	return s->nocase ? slice_eq_nocase(a, b) : slice_eq(a, b);
}

static bool is_whole(const struct subject *s, const char *pattern, const struct value *v)
{
	return same(s, slice_of(pattern), v->bytes);
}
static bool is_hex(const struct subject *s, const char *pattern, const struct value *v)
{
	struct strbuf b = STRBUF_EMPTY;
	bool is;

	(void)s;
	strbuf_add_hex(&b, v->bytes.ptr, v->bytes.len);
	is = slice_eq(strbuf_slice(&b), slice_of(pattern));
	strbuf_free(&b);
	return is;
}
static bool is_at(const struct subject *s, struct slice p, const struct value *v, size_t at)
{
	return at + p.len <= v->bytes.len && same(s, p, slice_make(v->bytes.ptr + at, p.len));
}
static bool is_head(const struct subject *s, const char *pattern, const struct value *v)
{
	return is_at(s, slice_of(pattern), v, 0);
}
static bool is_tail(const struct subject *s, const char *pattern, const struct value *v)
{
	size_t n = strlen(pattern);

	return n <= v->bytes.len && is_at(s, slice_of(pattern), v, v->bytes.len - n);
}
static bool is_inside(const struct subject *s, const char *pattern, const struct value *v)
{
	for (size_t at = 0; at < v->bytes.len; at++)
		if (is_at(s, slice_of(pattern), v, at))
			return true;
	return false;
}
static bool is_part(const struct subject *s, const char *pattern, const struct value *v)
{
	const char *borders = s->matcher.borders;
	struct slice p = slice_of(pattern), t = v->bytes;

	p = slice_from(p, strspn(pattern, borders));
	while (strchr(borders, p.ptr[p.len - 1]))
		p.len--;
	for (size_t at = 0; at < t.len; at++) {
		size_t end = at + p.len;

		if (is_at(s, p, v, at) && (at == 0 || strchr(borders, t.ptr[at - 1])) &&
			(end == t.len || strchr(borders, t.ptr[end])))
			return true;
	}
	return false;
}
static bool is_net(const struct subject *s, const char *pattern, const struct value *v)
{
	struct addr mapped = { .family = AF_INET6, .ip = { [10] = 0xff, [11] = 0xff } };
	struct addr_net net;

	(void)s;
	assert_true(addr_net_parse(slice_of(pattern), &net));
	memcpy(mapped.ip + 12, v->addr.ip, 4);
	return addr_net_has(&net, &v->addr) || (v->addr.family == AF_INET && addr_net_has(&net, &mapped));
}
static bool is_range(const struct subject *s, const char *pattern, const struct value *v)
{
	long low = 0, high = 1000, n = s->matcher.by_length ? (long)v->bytes.len : (long)v->num;

	if (!strchr(pattern, ':'))
		return n == atol(pattern);
	if (sscanf(pattern, ":%ld", &high) != 1)
		assert_true(sscanf(pattern, "%ld:%ld", &low, &high) >= 1);
	return n >= low && n <= high;
}

static long longest(const char *pattern) { return (long)strlen(pattern); }
static long smallest(const char *pattern)
{
	struct addr_net net;

	assert_true(addr_net_parse(slice_of(pattern), &net));
	return net.addr.family == AF_INET ? net.bits + 96 : net.bits;
}

#define WITH(...) { .keyword = "t", __VA_ARGS__ }
static const struct subject subjects[] = {
	{ WITH(.engine = &pattern_whole), false, make_word, word_value, is_whole, NULL },
	{ WITH(.engine = &pattern_whole), true, make_word, word_value, is_whole, NULL },
	{ WITH(.engine = &pattern_whole, .hex = true), false, make_hex, byte_value, is_hex, NULL },
	{ WITH(.engine = &pattern_ends), false, make_word, word_value, is_head, longest },
	{ WITH(.engine = &pattern_ends), true, make_word, word_value, is_head, longest },
	{ WITH(.engine = &pattern_ends, .at_end = true), false, make_word, word_value, is_tail, NULL },
	{ WITH(.engine = &pattern_ends, .at_end = true), true, make_word, word_value, is_tail, NULL },
	{ WITH(.engine = &pattern_inside), false, make_word, text_value, is_inside, NULL },
	{ WITH(.engine = &pattern_inside), true, make_word, text_value, is_inside, NULL },
	{ WITH(.engine = &pattern_regex), false, make_word, text_value, is_inside, NULL },
	{ WITH(.engine = &pattern_regex), true, make_word, text_value, is_inside, NULL },
	{ WITH(.engine = &pattern_parts, .borders = "/"), false, make_path, text_value, is_part, NULL },
	{ WITH(.engine = &pattern_parts, .borders = "./"), true, make_path, text_value, is_part, NULL },
	{ WITH(.engine = &pattern_net), false, make_net, net_value, is_net, smallest },
	{ WITH(.engine = &pattern_range), false, make_range, number_value, is_range, NULL },
	{ WITH(.engine = &pattern_range, .by_length = true), false, make_range, word_value, is_range, NULL },
};

static struct pattern *live[LIVE_MAX];
static unsigned n_live;

static const struct pattern *expected(const struct subject *s, const struct value *v)
{
	const struct pattern *best = NULL;

	for (unsigned i = 0; i < n_live; i++) {
		const struct pattern *p = live[i];

		if (!s->hits(s, p->key, v))
			continue;
		long gain = best && s->rank ? s->rank(p->key) - s->rank(best->key) : 0;
		if (!best || gain > 0 || (gain == 0 && p->id < best->id))
			best = p;
	}
	return best;
}

/* Adds more than it removes at first, and then the other way round. */
static void change(const struct subject *s, struct pattern_index *x, unsigned round)
{
	struct strbuf err = STRBUF_EMPTY;
	char text[128];

	if (n_live < LIVE_MAX && below(5) < (round < ROUNDS / 2 ? 3u : 2u)) {
		s->make(text);
		live[n_live] = pattern_new(slice_of(text), NULL, 0);
		if (!x->matcher->engine->add(x, live[n_live], &err))
			fail_msg("'%s' is refused: %s", text, err.ptr);
		assert_int_equal(err.len, 0);
		n_live++;
	} else if (n_live) {
		unsigned i = below(n_live);

		x->matcher->engine->del(x, live[i]);
		epoch_retire(live[i], pattern_free);
		live[i] = live[--n_live];
	}
}

static void run_subject(const struct subject *s)
{
	struct pattern_index *x = pattern_index_new(&s->matcher, s->nocase);
	unsigned hits = 0, misses = 0;
	struct arena arena = ARENA_EMPTY;
	char text[128];
	struct value v;

	n_live = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		change(s, x, round);
		s->make_value(text, &v);
		const struct pattern *got = s->matcher.engine->find(x, &v, &arena, NULL), *want = expected(s, &v);
		if (got != want)
			fail_msg("engine %td, round %u: '%s' gives '%s', not '%s'", s - subjects, round, text,
				got ? got->key : "(nothing)", want ? want->key : "(nothing)");
		*(want ? &hits : &misses) += 1;
		if (round % 500 == 0)
			epoch_collect(1);
	}
	/* The test says something only when both were common. */
	assert_true(hits > ROUNDS / 50 && misses > ROUNDS / 50);
	assert_true(pattern_index_free(&x, &(size_t){ SIZE_MAX }));
	while (n_live)
		pattern_free(live[--n_live]);
	epoch_collect(1);
	arena_free(&arena);
}

static void engines_do_what_they_promise(void **state)
{
	(void)state;
	seed = 4711;
	for (size_t i = 0; i < COUNT_OF(subjects); i++)
		run_subject(&subjects[i]);
}

static void refusals_change_nothing(void **state)
{
	static const struct { struct matcher m; const char *text, *why; } bad[] = {
		{ WITH(.engine = &pattern_whole, .hex = true), "616", "pairs of" },
		{ WITH(.engine = &pattern_whole, .hex = true), "6x", "pairs of" },
		{ WITH(.engine = &pattern_ends), "", "empty" },
		{ WITH(.engine = &pattern_inside), "", "empty" },
		{ WITH(.engine = &pattern_parts, .borders = "/."), "/./", "nothing but" },
		{ WITH(.engine = &pattern_regex), "a(b", "at offset" },
		{ WITH(.engine = &pattern_net), "10.0.0.0/33", "an address or network" },
		{ WITH(.engine = &pattern_range), "7:3", "a number or a range" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct pattern_index *x = pattern_index_new(&bad[i].m, false);
		struct pattern *p = pattern_new(slice_of(bad[i].text), NULL, 0);
		struct strbuf err = STRBUF_EMPTY;

		assert_false(bad[i].m.engine->add(x, p, &err));
		assert_non_null(strstr(err.ptr, bad[i].why));
		strbuf_clear(&err);
		assert_false(bad[i].m.engine->check(&bad[i].m, false, slice_of(bad[i].text), &err));
		assert_non_null(strstr(err.ptr, bad[i].why));
		strbuf_free(&err);
		assert_true(pattern_index_free(&x, &(size_t){ SIZE_MAX }));
		pattern_free(p);
	}
}

static void values_are_replaced(void **state)
{
	struct slice first = SLICE("one");
	struct pattern *with = pattern_new(SLICE("k"), &first, 7), *without = pattern_new(SLICE("a longer key"), NULL, 0);

	(void)state;
	assert_true(with->id < without->id);
	assert_string_equal(pattern_value(with)->text, "one");
	assert_null(pattern_value(without));
	for (int i = 0; i < 3; i++) {
		assert_true(pattern_set_value(with, SLICE("another")) && pattern_set_value(without, SLICE("")));
		assert_string_equal(pattern_value(with)->text, "another");
		assert_int_equal(pattern_value(without)->len, 0);
	}
	pattern_free(with);
	pattern_free(without);
	epoch_collect(1);
}

/* A large index is given back in pieces. */
static void closing_goes_by_pieces(void **state)
{
	static const struct pattern_engine *const engines[] = { &pattern_inside, &pattern_regex, &pattern_net, &pattern_range };
	static struct pattern *patterns[100];

	(void)state;
	for (size_t e = 0; e < COUNT_OF(engines); e++) {
		const struct matcher m = { .keyword = "t", .engine = engines[e] };
		struct pattern_index *x = pattern_index_new(&m, false);
		struct strbuf err = STRBUF_EMPTY;
		unsigned calls = 1;
		size_t budget = 7;

		for (int i = 0; i < 100; i++) {
			char text[32];

			snprintf(text, sizeof(text), e == 3 && i % 2 ? "%d:%d" : "%d", i, i + 5);
			patterns[i] = pattern_new(slice_of(text), NULL, 0);
			assert_true(m.engine->add(x, patterns[i], &err));
		}
		for (; !pattern_index_free(&x, &budget); calls++, budget = 7)
			assert_int_equal(budget, 0);
		assert_true(calls > 100 / 7);
		assert_null(x);
		for (int i = 0; i < 100; i++)
			pattern_free(patterns[i]);
		epoch_collect(1);
	}
}

int pattern_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engines_do_what_they_promise),
		cmocka_unit_test(refusals_change_nothing),
		cmocka_unit_test(values_are_replaced),
		cmocka_unit_test(closing_goes_by_pieces),
	};

	return cmocka_run_group_tests_name("rule/pattern", tests, NULL, NULL);
}
