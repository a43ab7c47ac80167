/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of patterns: files and their faults, numbers, changes of every kind, versions, and look-ups by
 * threads while a list changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/assert.h"
#include "core/epoch.h"
#include "rule/patref_edit.h"
#include "rule/pattern_file.h"
#include "rule/trial.h"

int patref_test(void);

static const struct matcher whole = { .keyword = "whole", .in = VALUE_STR, .engine = &pattern_whole };
static const struct matcher head = { .keyword = "head", .in = VALUE_STR, .engine = &pattern_ends };
static const struct matcher net = { .keyword = "net", .in = VALUE_ADDR, .engine = &pattern_net };
static const struct matcher inside = { .keyword = "inside", .in = VALUE_STR, .engine = &pattern_inside };
static const struct matcher range = { .keyword = "range", .in = VALUE_INT, .engine = &pattern_range };
static const struct patref_which now = { 0 };

static struct strbuf err, out;
static struct arena arena;
static char path[32];

static int give_back(void **state)
{
	(void)state;
	boot_reset();
	strbuf_free(&err);
	strbuf_free(&out);
	arena_free(&arena);
	if (path[0])
		unlink(path);
	path[0] = 0;
	strbuf_free(&diag_state.text);
	return 0;
}

static struct slice file_of(const char *text)
{
	strcpy(path, "/tmp/usher-patref-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return slice_of(path);
}

/* The value of a text by this view; "-" none, "?" no pattern. */
static const char *look(const struct pattern_view *view, const char *text)
{
	struct value v = value_str(slice_of(text));
	const struct pattern *p = value_cast(&v, view->matcher->in, &arena) ? pattern_view_find(view, &v, &arena, NULL) : NULL;

	return !p ? "?" : pattern_value(p) ? pattern_value(p)->text : "-";
}

/* The patterns of a version as "key=value key=value". */
static const char *all(struct patref *r, struct patref_which w)
{
	struct strbuf lines = STRBUF_EMPTY;
	uint64_t from = 0;

	strbuf_clear(&out);
	while (patref_write(r, w, &from, 2, &lines))
		;
	for (struct slice s = strbuf_slice(&lines); s.len;) {
		size_t end = (size_t)slice_find_byte(s, '\n');
		struct slice line = slice_make(s.ptr, end);

		assert_true(slice_starts(line, SLICE("0x")));
		line = slice_from(line, (size_t)slice_find_byte(line, ' ') + 1);
		strbuf_addf(&out, "%s%.*s", out.len ? "|" : "", SLICE_FMT(line));
		s = slice_from(s, end + 1);
	}
	strbuf_free(&lines);
	return out.len ? out.ptr : "";
}

static struct patref *map_of(const char *text)
{
	struct patref *r = patref_of_file(file_of(text), true, false, NULL, &err);

	if (!r)
		fail_msg("%s", err.ptr);
	return r;
}

static bool add(struct patref *r, const char *key, const char *value)
{
	struct slice v = slice_of(value);

	strbuf_clear(&err);
	return patref_add(r, now, slice_of(key), value ? &v : NULL, &err);
}

static void put(struct patref *r, const char *key, const char *value)
{
	struct slice v = slice_of(value);

	patref_put(r, slice_of(key), value ? &v : NULL);
}

/* ---- files ---- */

static void lines_of_a_map(void **state)
{
	struct patref *r = map_of("# comment\n\nkey1 value1\nkey2   value two  \t\n\t key3\tv 3\r\n #sharp v\nk4\n   \n key1 dup\nlast v");
	const struct pattern_view *view = patref_look(r, &whole, false, VALUE_STR, false, &err);

	(void)state;
	assert_string_equal(all(r, now), "key1 value1|key2 value two|key3 v 3|#sharp v|k4 |key1 dup|last v");
	assert_string_equal(look(view, "key1"), "value1");
	assert_string_equal(look(view, "key2"), "value two");
	assert_string_equal(look(view, "k4"), "");
	assert_string_equal(look(view, "#"), "?");
}

static void lines_of_an_acl(void **state)
{
	struct patref *r = patref_of_file(file_of("a.com\n#c\n \tB com \r\n\n #x"), false, true, NULL, &err);

	(void)state;
	assert_string_equal(all(r, now), "a.com|B com |#x");
	assert_string_equal(look(patref_look(r, &whole, true, VALUE_ANY, false, &err), "A.COM"), "-");
}

static void a_file_is_read_once(void **state)
{
	struct conf_line l = trial_line("x");
	struct slice name = file_of("a b\n");
	struct patref *r = patref_of_file(name, true, false, &l, &err);
	char want[200];

	(void)state;
	unlink(path);
	l.line = 7;
	assert_ptr_equal(patref_of_file(name, true, true, &l, &err), r);
	assert_true(r->acl && r->two_columns);
	snprintf(want, sizeof(want), "pattern loaded from file '%s' used by map at file 'trial' line 1, by map at file 'trial' line 7",
		r->name);
	assert_string_equal(r->text.ptr, want);
	assert_null(patref_of_file(name, false, true, &l, &err));
	assert_non_null(strstr(err.ptr, "can only be read in one way"));
	assert_null(patref_of_file(SLICE("/nonexistent/file"), true, false, NULL, &err));
	assert_non_null(strstr(err.ptr, "cannot read patterns from '/nonexistent/file': No such file"));
}

static void faults_name_their_lines(void **state)
{
	struct patref *r = map_of("10.0.0.0/8 1\nx 2\n# c\n1.2.3.4 3x\n10.0.0.0/99 4\ny 5\n");

	(void)state;
	assert_null(patref_look(r, &net, false, VALUE_STR, false, &err));
	assert_non_null(strstr(err.ptr, "line 2: 'x': an address"));
	assert_non_null(strstr(err.ptr, "(so are lines 5, 6)"));
	strbuf_clear(&err);
	assert_null(patref_look(r, &whole, false, VALUE_INT, false, &err));
	assert_non_null(strstr(err.ptr, "line 4: '3x' is no integer"));
	strbuf_clear(&err);
	assert_null(patref_look(r, &whole, false, VALUE_ADDR, false, &err));
	assert_non_null(strstr(err.ptr, "line 1: '1' is no address"));
}

/* A script may go on without what it could not have. */
static void what_failed_leaves_nothing(void **state)
{
	struct patref *r = map_of("a 1\nb 2\n");
	const struct pattern_view *view = patref_look(r, &whole, false, VALUE_STR, false, &err);

	(void)state;
	assert_null(patref_look(r, &net, false, VALUE_STR, false, &err));
	assert_true(add(r, "no address", "3"));
	assert_string_equal(look(view, "no address"), "3");
	assert_null(patref_look(r, &net, false, VALUE_STR, false, &err));
	view = patref_look(r, &head, false, VALUE_STR, false, &err);
	assert_string_equal(look(view, "be"), "2");
	for (int i = 0; i < 2; i++) {
		strbuf_clear(&err);
		assert_null(patref_of_file(SLICE("/nonexistent/file"), i == 0, false, NULL, &err));
		assert_non_null(strstr(err.ptr, "No such file"));
	}
	assert_true(patrefs_finish());
	assert_ptr_equal(patref_at(0), r);
	assert_null(patref_at(1));
}

static void a_nul_is_no_text(void **state)
{
	struct pattern_version *v = pattern_version_new(0, NULL);

	(void)state;
	assert_false(pattern_file_parse("f", slice_make("a\nb\0c d\n", 8), true, v, &err));
	assert_string_equal(err.ptr, "file 'f' line 2: the line holds a NUL byte");
	pattern_version_free(v);
}

/* ---- names ---- */

static void numbers_pass_over_taken_ones(void **state)
{
	struct conf_line l = trial_line("x");
	struct patref *r[6];
	static const int64_t given[] = { -1, 1, -1, 0, -1, 70 }, want[] = { 2, 1, 3, 0, 4, 70 };

	(void)state;
	for (int i = 0; i < 6; i++)
		r[i] = patref_of_line("path", &l, given[i], &err);
	assert_null(patref_of_line("path", &l, 70, &err));
	assert_non_null(strstr(err.ptr, "the number 70"));
	assert_true(patrefs_finish());
	for (int i = 0; i < 6; i++)
		assert_int_equal(r[i]->id, want[i]);
	for (size_t i = 1; i < 6; i++)
		assert_true(patref_at(i - 1)->id < patref_at(i)->id);
	assert_null(patref_at(6));
	assert_ptr_equal(patref_find(SLICE("#70")), r[5]);
	assert_string_equal(r[5]->text.ptr, "acl 'path' file 'trial' line 1");
	assert_null(patref_find(SLICE("#")));
	assert_null(patref_find(SLICE("")));
	assert_null(patref_find(SLICE("#7x")));
	assert_null(patref_find(SLICE("70")));
}

static void rules_change_what_others_load(void **state)
{
	struct conf_line l = trial_line("x");
	struct patref *r = patref_of_rule(SLICE("/some/file"), &l), *known = patref_of_rule(file_of("a b\n"), &l);

	(void)state;
	diag_state.quiet = true;
	assert_ptr_equal(patref_of_file(slice_of(path), true, false, NULL, &err), known);
	assert_false(r->loaded);
	assert_false(patrefs_finish());
	assert_true(trial_said("no ACL and no map is loaded from file '/some/file'"));
	assert_null(strstr(diag_state.text.ptr, path));
}

/* ---- changes ---- */

static void entries_come_and_go(void **state)
{
	struct patref *r = map_of("a 1\nb 2\na 3\n");
	const struct pattern_view *view = patref_look(r, &whole, false, VALUE_STR, false, &err);
	const struct pattern_view *heads = patref_look(r, &head, false, VALUE_STR, false, &err);

	(void)state;
	assert_true(add(r, "abc", "4"));
	assert_string_equal(look(heads, "abcd"), "4");
	assert_int_equal(patref_set(r, SLICE("a"), SLICE("5"), &err), 2);
	assert_string_equal(all(r, now), "a 5|b 2|a 5|abc 4");
	assert_int_equal(patref_set(r, SLICE("none"), SLICE("5"), &err), 0);
	assert_string_equal(err.ptr, "entry not found.");
	assert_int_equal(patref_del(r, SLICE("a")), 2);
	assert_int_equal(patref_del(r, SLICE("a")), 0);
	assert_string_equal(look(view, "a"), "?");
	assert_string_equal(look(heads, "abcd"), "4");
	assert_true(patref_clear(r, now));
	assert_string_equal(look(heads, "abcd"), "?");
	assert_string_equal(all(r, now), "");
	assert_true(add(r, "b", "6"));
	assert_string_equal(look(view, "b"), "6");
	assert_int_equal(patref_state(r).count, 1);
}

/* Without a match method that keeps texts the list keeps them itself, from the first change that names one. */
static void texts_are_found_in_any_list(void **state)
{
	struct patref *r = map_of("10.0.0.0/8 1\n10.1.0.0/16 2\n");

	(void)state;
	assert_non_null(patref_look(r, &net, false, VALUE_STR, false, &err));
	assert_false(r->current->has_texts);
	assert_int_equal(patref_set(r, SLICE("10.0.0.0/8"), SLICE("3"), &err), 1);
	assert_true(r->current->has_texts);
	assert_true(add(r, "10.2.0.0/16", "4"));
	assert_int_equal(patref_del(r, SLICE("10.2.0.0/16")), 1);
	assert_int_equal(patref_prepare(r), 1);
	assert_true(patref_add(r, (struct patref_which){ true, 1 }, SLICE("::/0"), NULL, &err));
	assert_true(patref_commit(r, 1, &err));
	assert_true(r->current->has_texts);
	assert_int_equal(patref_del(r, SLICE("::/0")), 1);
	assert_int_equal(patref_del(r, SLICE("10.0.0.0/8")), 0);
	assert_true(patref_clear(r, now));
	put(r, "10.3.0.0/16", "5");
	put(r, "10.3.0.0/16", "6");
	assert_string_equal(all(r, now), "10.3.0.0/16 6");
}

static void entries_by_their_number(void **state)
{
	struct patref *r = map_of("a 1\nb 2\na 3\n");
	uint64_t id = r->current->places[2].id;

	(void)state;
	assert_int_equal(patref_set_id(r, id, SLICE("x"), &err), 1);
	assert_int_equal(patref_del_id(r, r->current->places[0].id), 1);
	assert_string_equal(all(r, now), "b 2|a x");
	assert_int_equal(patref_del_id(r, id), 1);
	assert_int_equal(patref_del_id(r, id), 0);
	assert_int_equal(patref_set_id(r, id, SLICE("x"), &err), 0);
	assert_string_equal(err.ptr, "entry not found.");
}

/* A dump goes on behind the last entry it wrote, whatever became of that one. */
static void dumps_go_on(void **state)
{
	struct patref *r = map_of("a 1\nb 2\nc 3\nd 4\n");
	uint64_t from = 0;

	(void)state;
	strbuf_clear(&out);
	assert_true(patref_write(r, now, &from, 2, &out));
	assert_int_equal(patref_del(r, SLICE("b")) + patref_del(r, SLICE("a")) + patref_del(r, SLICE("c")), 3);
	assert_true(add(r, "e", "5"));
	assert_true(patref_write(r, now, &from, 1, &out));
	for (int i = 0; i < 50; i++) /* the holes are closed */
		assert_true(add(r, "f", "6") && patref_del(r, SLICE("f")) == 1);
	assert_false(patref_write(r, now, &from, 9, &out));
	assert_non_null(strstr(out.ptr, "a 1\n"));
	assert_non_null(strstr(out.ptr, "b 2\n"));
	assert_null(strstr(out.ptr, "c 3\n"));
	assert_non_null(strstr(out.ptr, "d 4\n"));
	assert_non_null(strstr(out.ptr, "e 5\n"));
	assert_null(strstr(strstr(out.ptr, "d 4\n") + 1, "d 4\n"));
}

static void what_no_map_can_take(void **state)
{
	struct patref *r = map_of("10.0.0.0/8 1\n");
	const struct pattern_view *nets = patref_look(r, &net, false, VALUE_INT, false, &err);

	(void)state;
	assert_non_null(patref_look(r, &whole, false, VALUE_STR, false, &err));
	assert_false(add(r, "zz", "2"));
	assert_non_null(strstr(err.ptr, "'zz': an address"));
	assert_false(add(r, "1.2.3.4", "x"));
	assert_string_equal(err.ptr, "unable to parse 'x'.");
	strbuf_clear(&err);
	assert_int_equal(patref_set(r, SLICE("10.0.0.0/8"), SLICE("x"), &err), 0);
	assert_string_equal(err.ptr, "unable to parse 'x'.");
	put(r, "10.0.0.0/8", "y");
	put(r, "zz", "3");
	assert_string_equal(all(r, now), "10.0.0.0/8 1");
	assert_true(add(r, "10.1.0.0/16", "-7"));
	assert_string_equal(look(nets, "10.1.2.3"), "-7");
	assert_string_equal(look(nets, "10.2.2.3"), "1");
}

static void rules_put_and_do_not_repeat(void **state)
{
	struct patref *r = map_of("");
	const struct pattern_view *view = patref_look(r, &head, false, VALUE_STR, false, &err);

	(void)state;
	put(r, "a", "1");
	put(r, "a", "2");
	put(r, "b", NULL);
	put(r, "b", NULL);
	put(r, "", "empty"); /* no beginning */
	assert_string_equal(all(r, now), "a 2|b");
	assert_string_equal(look(view, "axy"), "2");
	assert_string_equal(look(view, "b"), "-");
	put(r, "b", "3");
	put(r, "a", NULL);
	assert_string_equal(all(r, now), "a 2|b 3");
}

static void control_bytes_are_written_plainly(void **state)
{
	struct patref *r = map_of("");

	(void)state;
	patref_put(r, slice_make("a\nb\0c", 5), &SLICE("\x7f\t\xc3\xa9"));
	assert_string_equal(all(r, now), "a\\x0ab\\x00c \\x7f\t\xc3\xa9");
	assert_int_equal(patref_del(r, slice_make("a\nb\0c", 5)), 1);
}

/* ---- versions ---- */

static bool add_at(struct patref *r, uint32_t number, const char *key)
{
	strbuf_clear(&err);
	return patref_add(r, (struct patref_which){ true, number }, slice_of(key), NULL, &err);
}

static void versions_are_prepared_aside(void **state)
{
	struct patref *r = patref_of_file(file_of("old\nboth\n"), false, true, NULL, &err);
	const struct pattern_view *view = patref_look(r, &whole, false, VALUE_ANY, false, &err);

	(void)state;
	assert_false(patref_commit(r, 1, &err));
	assert_false(add_at(r, 1, "x"));
	assert_string_equal(err.ptr, "Version number in the future, please use 'prepare acl' before.");
	assert_int_equal(patref_prepare(r), 1);
	assert_int_equal(patref_prepare(r), 2);
	assert_int_equal(patref_prepare(r), 3);
	assert_true(add_at(r, 1, "one") && add_at(r, 2, "two") && add_at(r, 2, "both") && add_at(r, 3, "three") && add_at(r, 0, "zero"));
	assert_string_equal(all(r, now), "old|both|zero");
	assert_string_equal(all(r, (struct patref_which){ true, 2 }), "two|both");
	assert_string_equal(look(view, "two"), "?");
	assert_int_equal(patref_state(r).count, 7);
	/* A text is taken out of all of them. */
	assert_int_equal(patref_del(r, SLICE("both")), 2);
	assert_true(patref_commit(r, 2, &err));
	assert_string_equal(look(view, "two"), "-");
	assert_string_equal(look(view, "old"), "?");
	assert_string_equal(all(r, (struct patref_which){ true, 1 }), "");
	assert_false(patref_commit(r, 1, &err));
	assert_false(patref_commit(r, 2, &err));
	assert_false(add_at(r, 1, "late"));
	assert_non_null(strstr(err.ptr, "in the past"));
	/* Newer ones stay. */
	assert_true(patref_commit(r, 3, &err));
	assert_string_equal(all(r, now), "three");
	assert_int_equal(patref_state(r).current, 3);
	assert_int_equal(patref_state(r).last_number, 3);
}

static void versions_are_cleared(void **state)
{
	struct patref *r = patref_of_file(file_of("old\n"), false, true, NULL, &err);
	const struct pattern_view *view = patref_look(r, &whole, false, VALUE_ANY, false, &err);
	struct patref_which one = { true, patref_prepare(r) };

	(void)state;
	assert_true(add_at(r, 1, "a") && patref_clear(r, one));
	assert_string_equal(all(r, one), "");
	assert_true(patref_clear(r, (struct patref_which){ true, 99 }));
	assert_string_equal(all(r, now), "old");
	/* One without patterns empties the list. */
	assert_true(patref_commit(r, 1, &err));
	assert_string_equal(look(view, "old"), "?");
	assert_int_equal(patref_state(r).count, 0);
}

static void version_numbers_wrap(void **state)
{
	struct patref *r = map_of("a 1\n");

	(void)state;
	r->current->number = r->last_number = UINT32_MAX;
	assert_int_equal(patref_prepare(r), 0);
	assert_true(add_at(r, 0, "b"));
	assert_false(add_at(r, 1, "b"));
	assert_false(patref_commit(r, 1, &err));
	assert_true(patref_commit(r, 0, &err));
	assert_string_equal(all(r, now), "b");
}

/* ---- threads ---- */

#define THREADS 3
#define KEYS 200

/* A list whose n-th key is made by a format, and the ways it is looked at. */
static struct shared {
	const char *key;                     /* with one number */
	const struct matcher *matchers[3];
	const char *texts[3];                /* what finds the n-th key, by each */
	const struct pattern_view *views[3];
} shared;
static bool done;

static struct slice key_text(char mem[32], const char *format, unsigned n)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(mem, 32, format, n);
#pragma GCC diagnostic pop
	return slice_of(mem);
}

/* Key n has a value that begins with its text, or there is none. */
static void *look_on(void *arg)
{
	struct arena mine = ARENA_EMPTY;
	int seat = *(int *)arg;

	for (unsigned i = 0; !__atomic_load_n(&done, __ATOMIC_ACQUIRE); i++) {
		char key[32], text[32];

		epoch_pass(seat);
		key_text(key, shared.key, i % KEYS);
		for (int w = 0; w < 3 && shared.matchers[w]; w++) {
			struct value v = value_str(key_text(text, shared.texts[w], i % KEYS));

			assert_true(value_cast(&v, shared.matchers[w]->in, &mine));
			const struct pattern *p = pattern_view_find(shared.views[w], &v, &mine, NULL);
			assert_true(!p || (strcmp(p->key, key) == 0 && strncmp(pattern_value(p)->text, key, strlen(key)) == 0));
		}
	}
	epoch_sleep(seat);
	arena_free(&mine);
	return NULL;
}

static void change_something(struct patref *r, unsigned i)
{
	char key[32], value[64];

	key_text(key, shared.key, i * 7 % KEYS);
	snprintf(value, sizeof(value), "%s is %u", key, i);
	if (i % 3 == 2)
		patref_del(r, slice_of(key));
	else
		put(r, key, value);
	if (i % 500 == 499) {
		uint32_t number = patref_prepare(r);

		for (unsigned k = 0; k < KEYS; k += 2) {
			struct slice v = key_text(key, shared.key, k);

			assert_true(patref_add(r, (struct patref_which){ true, number }, v, &v, &err));
		}
		assert_true(patref_commit(r, number, &err));
	}
	if (i % 1100 == 1099)
		assert_true(patref_clear(r, now));
}

static void run_shared(void)
{
	struct patref *r = map_of("");
	pthread_t t[THREADS];
	int seats[THREADS] = { 220, 221, 222 };
	char key[32];

	for (int w = 0; w < 3 && shared.matchers[w]; w++)
		shared.views[w] = patref_look(r, shared.matchers[w], false, VALUE_STR, false, &err);
	done = false;
	for (int i = 0; i < THREADS; i++) {
		epoch_pass(seats[i]);
		assert_int_equal(pthread_create(&t[i], NULL, look_on, &seats[i]), 0);
	}
	for (unsigned i = 0; i < 4000; i++) {
		change_something(r, i);
		if (i % 16 == 0)
			epoch_collect(0);
	}
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	assert_true(patref_clear(r, now));
	put(r, key_text(key, shared.key, 5).ptr, "found");
	for (int w = 0; w < 3 && shared.matchers[w]; w++) {
		assert_string_equal(look(shared.views[w], key_text(key, shared.texts[w], 5).ptr), "found");
		assert_string_equal(look(shared.views[w], key_text(key, shared.texts[w], 6).ptr), "?");
	}
}

static void threads_look_while_texts_change(void **state)
{
	(void)state;
	shared = (struct shared){ "key%03u", { &whole, &head, &inside }, { "key%03u", "key%03ux", "x key%03u" }, { 0 } };
	run_shared();
}

static void threads_look_while_ranges_change(void **state)
{
	(void)state;
	shared = (struct shared){ "%1$u0:%1$u8", { &range }, { "%u5" }, { 0 } };
	run_shared();
}

static void threads_look_while_networks_change(void **state)
{
	(void)state;
	shared = (struct shared){ "10.1.%u.0/24", { &net }, { "10.1.%u.77" }, { 0 } };
	run_shared();
}

int patref_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(lines_of_a_map, give_back),
		cmocka_unit_test_teardown(lines_of_an_acl, give_back),
		cmocka_unit_test_teardown(a_file_is_read_once, give_back),
		cmocka_unit_test_teardown(faults_name_their_lines, give_back),
		cmocka_unit_test_teardown(what_failed_leaves_nothing, give_back),
		cmocka_unit_test_teardown(a_nul_is_no_text, give_back),
		cmocka_unit_test_teardown(numbers_pass_over_taken_ones, give_back),
		cmocka_unit_test_teardown(rules_change_what_others_load, give_back),
		cmocka_unit_test_teardown(entries_come_and_go, give_back),
		cmocka_unit_test_teardown(texts_are_found_in_any_list, give_back),
		cmocka_unit_test_teardown(entries_by_their_number, give_back),
		cmocka_unit_test_teardown(dumps_go_on, give_back),
		cmocka_unit_test_teardown(what_no_map_can_take, give_back),
		cmocka_unit_test_teardown(rules_put_and_do_not_repeat, give_back),
		cmocka_unit_test_teardown(control_bytes_are_written_plainly, give_back),
		cmocka_unit_test_teardown(versions_are_prepared_aside, give_back),
		cmocka_unit_test_teardown(versions_are_cleared, give_back),
		cmocka_unit_test_teardown(version_numbers_wrap, give_back),
		cmocka_unit_test_teardown(threads_look_while_texts_change, give_back),
		cmocka_unit_test_teardown(threads_look_while_ranges_change, give_back),
		cmocka_unit_test_teardown(threads_look_while_networks_change, give_back),
	};

	return cmocka_run_group_tests_name("rule/patref", tests, NULL, NULL);
}
