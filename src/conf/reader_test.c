/* SPDX-License-Identifier: Apache-2.0
 *
 * Sections, keywords, conditional blocks and what is said of faults, with two sections and a
 * few keywords of the test's own. Files and directories are read from a temporary directory.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "conf/reader.h"

int reader_test(void);

struct owner {
	bool flag;
	int64_t number;
	uint32_t time_ms;
	uint64_t size;
	const char *text;
	char seen[64];
	int begun, ended;
};
static struct owner one, two;

static void *begin_one(struct conf_line *l)
{
	(void)l;
	one.begun++;
	return &one;
}
static void *begin_two(struct conf_line *l)
{
	const char *name = conf_need(l, "a name");
	two.begun++;
	return name && strcmp(name, "bad") != 0 ? &two : name ? (conf_fail(l, "a bad name"), NULL) : NULL;
}
static void end_one(void *owner) { ((struct owner *)owner)->ended++; }

static bool parse_list(struct conf_line *l, void *owner)
{
	struct owner *o = owner;
	snprintf(o->seen, sizeof(o->seen), "%s%s", l->no ? "no " : "", l->dflt ? "default " : "");
	for (const char *w; (w = conf_take(l));)
		snprintf(o->seen + strlen(o->seen), sizeof(o->seen) - strlen(o->seen), "<%s>", w);
	return true;
}
static bool parse_bad(struct conf_line *l, void *owner)
{
	(void)owner;
	conf_take(l);
	return conf_fail(l, "never right");
}

SECTION(test_one) = { .keyword = "test-one", .usage = "test-one", .where = IN_GLOBAL, .begin = begin_one, .end = end_one };
static void *begin_side(struct conf_line *l)
{
	(void)l;
	return &two;
}
SECTION(test_front) = { .keyword = "test-front", .usage = "test-front", .where = IN_FRONTEND, .begin = begin_side };
SECTION(test_two) = { .keyword = "test-two", .usage = "test-two <name>", .where = IN_POLICY, .begin = begin_two };

#define ROW(id, kw, w, t, field, lo, hi) \
	KEYWORD(id) = { .keyword = kw, .usage = kw, .where = w, .type = t, .offset = offsetof(struct owner, field), \
		.min = lo, .max = hi }
ROW(test_flag, "test-flag", IN_GLOBAL, SETTING_FLAG, flag, 0, 0);
ROW(test_number, "test-number", IN_GLOBAL, SETTING_INT, number, 1, 10);
ROW(test_number_two, "test-number", IN_POLICY, SETTING_INT, number, 5, 6);
ROW(test_time, "test-time", IN_GLOBAL, SETTING_TIME, time_ms, 10, 0);
ROW(test_size, "test-size", IN_GLOBAL, SETTING_SIZE, size, 0, 65536);
KEYWORD(test_once) = { .keyword = "test-once", .usage = "test-once", .where = IN_GLOBAL, .once = true, .type = SETTING_INT,
	.offset = offsetof(struct owner, number), .min = 0, .max = 99 };
ROW(test_text, "test words text", IN_GLOBAL, SETTING_STR, text, 0, 0);
KEYWORD(test_list) = { .keyword = "test-list", .usage = "test-list", .where = IN_GLOBAL, .parse = parse_list, .may_no = true };
KEYWORD(test_back) = { .keyword = "test-back", .usage = "test-back", .where = IN_BE, .parse = parse_list };
KEYWORD(test_back_only) = { .keyword = "test-back-only", .usage = "test-back-only", .where = IN_BE, .parse = parse_list,
	.misplaced_fails = true };
KEYWORD(test_bad) = { .keyword = "test-bad", .usage = "test-bad", .where = IN_POLICY, .parse = parse_bad };
KEYWORD(test_gone) = { .keyword = "test-gone", .usage = "test-gone", .where = IN_GLOBAL, .no_effect = "a test" };
KEYWORD(test_proc) = { .keyword = "test-proc", .usage = "test-proc", .where = IN_GLOBAL, .process = true, .type = SETTING_INT,
	.offset = offsetof(struct owner, number), .min = 0, .max = 99 };

static int setup(void **state)
{
	(void)state;
	one = two = (struct owner){ 0 };
	strbuf_free(&diag_state.text);
	diag_state = (struct diag){ .quiet = true };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	conf_read_forget();
	one.text = NULL;
	strbuf_free(&diag_state.text);
	diag_state = (struct diag){ 0 };
	return 0;
}

static bool read_text(const char *text)
{
	return conf_read_text("t.cfg", text, strlen(text));
}

static const char *said(void)
{
	return diag_state.text.ptr ? diag_state.text.ptr : "";
}

static void check_said(const char *part)
{
	if (!strstr(said(), part))
		fail_msg("expected \"%s\" in:\n%s", part, said());
}

static void check_alerts(const char *text, unsigned alerts, const char *part)
{
	setup(NULL);
	read_text(text);
	if (diag_state.alerts != alerts)
		fail_msg("expected %u alerts, got %u:\n%s", alerts, diag_state.alerts, said());
	check_said(part);
}

static void test_rows(void **state)
{
	(void)state;
	assert_true(read_text("test-one\n\ttest-flag\n test-number 7\n test-time 2s # two\n test-size 16k\n"
	                      " test words text \"a b\"\n test-list a \"b c\"\n test-gone whatever is here\n"));
	assert_string_equal(said(), "");
	assert_true(one.flag);
	assert_int_equal(one.number, 7);
	assert_int_equal(one.time_ms, 2000);
	assert_int_equal(one.size, 16384);
	assert_string_equal(one.text, "a b");
	assert_string_equal(one.seen, "<a><b c>");
	assert_int_equal(one.begun, 1);
	assert_int_equal(one.ended, 1);
}

/* What `defaults` gave to two sections is one text: either may say another. */
static void test_shared_text(void **state)
{
	(void)state;
	assert_true(read_text("test-one\n test words text old\n"));
	two = one;
	assert_true(read_text("test-one\n test words text new\n"));
	assert_string_equal(one.text, "new");
	assert_string_equal(two.text, "old");
	one = two;
	assert_true(read_text("test-one\n test words text other\n"));
	assert_string_equal(one.text, "other");
	assert_string_equal(two.text, "old");
}

static void test_prefixes(void **state)
{
	(void)state;
	assert_true(read_text("test-one\n test-flag\n no test-flag\n no test-list x\n"));
	assert_false(one.flag);
	assert_string_equal(one.seen, "no <x>");
	assert_true(read_text("test-one\n default test-list\n"));
	assert_string_equal(one.seen, "default ");
	check_alerts("test-one\nno test-number 3\n", 1, "'no test-number': 'no' cannot stand before this keyword");
	check_alerts("no test-one\n", 1, "'no' cannot stand before a section");
}

static void test_once(void **state)
{
	(void)state;
	assert_true(read_text("test-one\ntest-once 4\ntest-once 5\n"));
	assert_int_equal(one.number, 4);
	check_said("[t.cfg:3] : 'test-once' was given already at t.cfg:2");
	/* The same line read twice is one line. */
	assert_true(read_text("test-one\ntest-once 6\n"));
	assert_int_equal(one.number, 6);
	assert_int_equal(diag_state.warnings, 0);
}

static void test_same_keyword_two_places(void **state)
{
	(void)state;
	assert_true(read_text("test-one\ntest-number 2\ntest-two x\ntest-number 5\n"));
	assert_int_equal(one.number, 2);
	assert_int_equal(two.number, 5);
}

static void test_faults_are_all_shown(void **state)
{
	(void)state;
	check_alerts("test-one\n test-number x\n test-number 11\n test-time 1\n test-size 1m\n test-number 1 2\n test-number\n", 6,
	             "[t.cfg:2] : 'test-number' at 'x': expected a number, in digits alone");
	check_said("[t.cfg:3] : 'test-number' at '11': expected a number from 1 to 10");
	check_said("[t.cfg:4] : 'test-time' at '1': expected a time from 10 to");
	check_said("[t.cfg:5] : 'test-size' at '1m': the size is too large");
	check_said("[t.cfg:6] : 'test-number' at '2': this word is one too many");
	check_said("[t.cfg:7] : 'test-number': expected a number, but the line ends");
}

static void test_unknown_words(void **state)
{
	(void)state;
	check_alerts("test-one\n tset-flag\n", 1, "unknown keyword 'tset-flag' in a 'test-one' section; did you mean 'test-flag'?");
	check_alerts("test-one\n test words txet x\n", 1, "did you mean 'test words text'?");
	check_alerts("test-one\n test-bad\n", 1, "'test-bad' is not allowed in a 'test-one' section, it belongs in 'proxy-policy'");
	check_alerts("test-one\n ssl-engine x\n", 1, "'ssl-engine' is a HAProxy keyword that usher does not have yet");
	check_alerts("test-two x\n option checkcache\n", 1, "'option checkcache' is a HAProxy keyword");
	check_alerts("tset-one\n", 1, "did you mean 'test-one'?");
	check_alerts("zzz\n", 1, "expected a section");
	/* The lines of a section that is not here say nothing more. */
	check_alerts("userlist l\n user a\n group b\ntest-one\n test-flag\n", 1, "a section of HAProxy that usher does not have");
	assert_true(one.flag);
}

static void test_misplaced(void **state)
{
	(void)state;
	assert_true(read_text("test-front\n test-back x\n"));
	assert_int_equal(diag_state.warnings, 1);
	check_said("[t.cfg:2] : 'test-back' is passed over, a 'test-front' section has no use for it");
	assert_string_equal(two.seen, "");
	check_alerts("test-front\n test-back-only\n", 1, "'test-back-only' is not allowed in a 'test-front' section");
	check_alerts("test-one\n test-back x\n", 1, "'test-back' is not allowed");
}

static void test_section_that_fails(void **state)
{
	(void)state;
	/* Its keywords are looked up, so their slips show too, but none is run. */
	check_alerts("test-two bad\n test-bad x\n tset-bad\n", 2, "'test-two' at 'bad': a bad name");
	check_said("unknown keyword 'tset-bad'");
	check_alerts("test-two\n", 1, "expected a name");
	check_alerts("test-two x y\n", 1, "one too many");
}

static void test_empty_words(void **state)
{
	(void)state;
	unsetenv("READER_NOPE");
	assert_true(read_text("test-one\n test-number 3 \"$READER_NOPE\"\n\"\"\n"));
	check_alerts("test-one\n test-number 3 \"\" x\n", 1, "'x': this word is one too many");
}

static void test_blocks(void **state)
{
	(void)state;
	assert_true(read_text("test-one\n.if 0\n bogus\n .if foo(\n .else\n .endif\n.elif 1\n test-number 4\n.else\n test-number 5\n"
	                      ".endif\n.if 1\n test-flag\n.else\n bogus\n.endif\n"));
	assert_string_equal(said(), "");
	assert_int_equal(one.number, 4);
	assert_true(one.flag);
	check_alerts(".else\n.elif 1\n.endif\n", 3, "'.else': there is no '.if' before it");
	check_alerts("test-one\n.if 1\n.if 1\n", 2, "[t.cfg:2] : '.if': there is no '.endif' for it");
	check_alerts(".if 1\n.else\n.else\n.endif\n", 1, "there is one '.else' already");
	check_alerts(".if 1\n.else\n.elif 1\n.endif\n", 1, "it cannot stand behind '.else'");
	check_alerts(".if foo\n.endif\n", 1, "'.if': expected a number or a predicate at position 1");
	check_alerts(".elsif 1\n", 1, "unknown directive; did you mean '.elif'?");
	check_alerts(".if 1\n.endif x\n", 1, "one too many");
}

static void test_deep_blocks(void **state)
{
	(void)state;
	struct strbuf b = STRBUF_EMPTY;
	for (int i = 0; i < 1000; i++)
		strbuf_add_str(&b, ".if 1\n");
	read_text(b.ptr);
	check_said("nested more than");
	strbuf_free(&b);
}

static void test_messages(void **state)
{
	(void)state;
	assert_true(read_text(".notice \"hello ${.LINE}\"\n.warning there\n.diag unseen\n"));
	check_said("[NOTICE]  ");
	check_said("'hello 1'");
	assert_int_equal(diag_state.warnings, 1);
	assert_null(strstr(said(), "unseen"));
	diag_state.diag = true;
	assert_true(read_text(".diag seen\n"));
	check_said("'seen'");
	check_alerts(".alert stop\n.notice two words\n", 2, "'stop'");
}

static void test_split_errors(void **state)
{
	(void)state;
	check_alerts("test-one\n test-number \"3\n", 1, "[t.cfg:2] : this quote is not closed, at position 14:\n   test-number \"3\n               ^");
	check_alerts("test-one", 1, "the last line has no newline");
}

static void test_first_pass(void **state)
{
	(void)state;
	char path[] = "/tmp/usher-conf-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	const char *text = "test-one\n test-proc 9\n test-flag\n bogus\nbogus\ntest-two bad\n";
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	conf_read_process_settings(path);
	assert_string_equal(said(), "");
	assert_int_equal(diag_state.alerts, 0);
	assert_int_equal(one.number, 9);
	assert_false(one.flag);
	assert_int_equal(two.begun, 0);
	assert_false(conf_read_path(path));
	close(fd);
	unlink(path);
}

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_directory(void **state)
{
	(void)state;
	char dir[] = "/tmp/usher-conf-XXXXXX", path[256];
	assert_non_null(mkdtemp(dir));
	put_file(dir, "b.cfg", "test-one\n test-list \"$.FILE\"\n");
	put_file(dir, "A.cfg", "test-one\n test-number 1\n");
	put_file(dir, "c.conf", "bogus\n");
	put_file(dir, ".d.cfg", "bogus\n");
	assert_true(conf_read_path(dir));
	assert_true(conf_read_finish());
	assert_int_equal(one.begun, 2);
	assert_non_null(strstr(one.seen, "/b.cfg>"));
	const char *names[] = { "b.cfg", "A.cfg", "c.conf", ".d.cfg" };
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	assert_false(conf_read_path(dir));
	check_said("cannot open '/tmp/usher-conf-");
	/* A section ends with its file. */
	check_alerts("test-flag\n", 1, "expected a section");
}

static int open_registries(void **state)
{
	(void)state;
	registries_open();
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int reader_test(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rows), TEST(test_shared_text), TEST(test_prefixes), TEST(test_once), TEST(test_same_keyword_two_places),
		TEST(test_faults_are_all_shown),
		TEST(test_unknown_words), TEST(test_misplaced), TEST(test_section_that_fails), TEST(test_empty_words), TEST(test_blocks),
		TEST(test_deep_blocks), TEST(test_messages), TEST(test_split_errors), TEST(test_first_pass),
		TEST(test_directory),
	};
	return cmocka_run_group_tests_name("conf/reader", tests, open_registries, NULL);
}
