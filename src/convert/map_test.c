/* SPDX-License-Identifier: Apache-2.0
 *
 * map and its kin by whole expressions; the answers were compared with HAProxy 2.6, whose map_sub forgets
 * what it knew when map_end or map_dir look at the same file. The fetches are those of convert_test.c.
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
#include "rule/trial.h"

int map_test(void);

/* The runner holds no match methods. */
MATCHER(map_str) = { .keyword = "str", .in = VALUE_STR, .engine = &pattern_whole };
MATCHER(map_beg) = { .keyword = "beg", .in = VALUE_STR, .engine = &pattern_ends };
MATCHER(map_end) = { .keyword = "end", .in = VALUE_STR, .engine = &pattern_ends, .at_end = true };
MATCHER(map_sub) = { .keyword = "sub", .in = VALUE_STR, .engine = &pattern_inside };
MATCHER(map_dir) = { .keyword = "dir", .in = VALUE_STR, .engine = &pattern_parts, .borders = "/" };
MATCHER(map_dom) = { .keyword = "dom", .in = VALUE_STR, .engine = &pattern_parts, .borders = ".:/?" };
MATCHER(map_reg) = { .keyword = "reg", .in = VALUE_STR, .engine = &pattern_regex };
MATCHER(map_int) = { .keyword = "int", .in = VALUE_INT, .engine = &pattern_range };
MATCHER(map_ip) = { .keyword = "ip", .in = VALUE_ADDR, .engine = &pattern_net };

static const char REFUSED[] = "refused"; /* when the configuration is read; NULL: no value */

/* The files: what A, B ... stand for in the rows. */
static const char *const texts[] = {
	"key1 value1\nkey2   value two \t\nempty\nkey1 second\n",
	"/api be_api\n/api/v1 be_v1\n/static 7\n.gif pictures\n",
	"^/a/(.*)$ A-\\1\n^/b/(x)(y)? B-\\1-\\2-\\3\\\\\n^/c \\0c\n^/d(.) \\x41\\q\\x4g\n",
	"10.0.0.0/8 ten\n10.1.0.0/16 ten-one\n::1 six\n1.2.3.4 host\n",
	"5 five\n1:10 few\n7 seven\n100: many\n",
	"/api 5\n/api/v1 -6\n1.2.3.4 7\n",
	"a.b 1.2.3.4\n/x 2001:db8::1\n5 9.9.9.9\n1.2.3.0/24 8.8.8.8\n",
	"5 50\n6:9 60\n",
	"5 5.5.5.5\n",
	"1.2.3.4 7\n",
};

static const struct { const char *expr, *want; } rows[] = {
	{ "str(key1),map(A)", "value1" }, { "str(key2),map_str(A)", "value two" }, { "str(empty),map(A,x)", "" },
	{ "str(none),map(A)", NULL }, { "str(none),map(A,x y)", "x y" }, { "str(none),map(A,)", "" },
	{ "str(KEY1),map(A)", NULL }, { "str(key2),map(A),length", "9" }, { "int(5),map_str(F)", NULL },
	{ "str(/api/v1/x),map_beg(B)", "be_v1" }, { "str(/api/v2),map_beg(B)", "be_api" }, { "str(/ap),map_beg(B,-)", "-" },
	{ "str(x/api/v1),map_end(B)", "be_v1" }, { "str(a.gif),map_end(B)", "pictures" }, { "str(a.gifs),map_end(B)", NULL },
	{ "str(x/api/v1/y),map_sub(B)", "be_api" }, { "str(static),map_sub(B)", NULL },
	{ "str(/x/api/y),map_dir(B)", "be_api" }, { "str(/x/api/v1),map_dir(B)", "be_api" }, { "str(/xapi/y),map_dir(B)", NULL },
	{ "str(www.gif.com),map_dom(B)", "pictures" }, { "str(www.gifs.com),map_dom(B,-)", "-" },
	{ "str(/a/foo),map_reg(C)", "A-\\1" }, { "str(/a/foo),map_regm(C)", "A-foo" }, { "str(/b/x),map_regm(C)", "B-x--\\" },
	{ "str(/b/xy),map_regm(C)", "B-x-y-\\" }, { "str(/c),map_regm(C)", "/cc" }, { "str(/d1),map_regm(C)", "Aqx4g" },
	{ "str(/e),map_regm(C)", NULL }, { "str(/e),map_regm(C,\\\\1)", "\\1" },
	{ "ipv4(10.1.2.3),map_ip(D)", "ten-one" }, { "ipv4(10.2.2.3),map_ip(D)", "ten" }, { "ipv6(::1),map_ip(D)", "six" },
	{ "str(1.2.3.4),map_ip(D)", "host" }, { "str(x),map_ip(D,none)", NULL }, { "ipv4(1.1.1.1),map_ip(D,none)", "none" },
	{ "int(5),map_int(E)", "five" }, { "int(7),map_int(E)", "few" }, { "int(11),map_int(E)", NULL },
	{ "int(1000),map_int(E)", "many" }, { "str(5),map_int(E)", "five" },
	{ "str(/api/v1),map_str_int(F),add(1)", "-5" }, { "str(/api/v1x),map_beg_int(F)", "-6" },
	{ "str(x),map_beg_int(F,-3)", "-3" }, { "str(x),map_beg_int(F)", NULL }, { "str(x/api),map_end_int(F)", "5" },
	{ "str(x/apix),map_sub_int(F)", "5" }, { "str(x/api/y),map_dir_int(F)", "5" }, { "str(x.api.y),map_dom_int(F)", "5" },
	{ "str(/api),map_reg_int(F)", "5" }, { "int(8),map_int_int(H)", "60" }, { "ipv4(1.2.3.4),map_ip_int(J)", "7" },
	{ "str(a.b),map_str_ip(G)", "1.2.3.4" }, { "str(/xy),map_beg_ip(G)", "2001:db8::1" }, { "str(/xy),map_end_ip(G,7.7.7.7)", "7.7.7.7" },
	{ "str(y/x),map_end_ip(G)", "2001:db8::1" }, { "str(ya.bz),map_sub_ip(G)", "1.2.3.4" }, { "str(y/x/y),map_dir_ip(G)", "2001:db8::1" },
	{ "str(y.x.y),map_dom_ip(G)", "2001:db8::1" }, { "str(aXb),map_reg_ip(G)", "1.2.3.4" }, { "int(5),map_int_ip(I)", "5.5.5.5" },
	{ "ipv4(1.2.3.4),map_ip_ip(K)", "7.7.7.7" },
	{ "str(a),map", REFUSED }, { "str(a),map()", REFUSED }, { "str(a),map(/nonexistent)", REFUSED }, { "str(a),map(A,b,c)", REFUSED },
	{ "str(a),map_str_int(A)", REFUSED }, { "str(a),map_str_ip(A)", REFUSED }, { "str(a),map_ip(A)", REFUSED },
	{ "str(a),map_int(A)", REFUSED }, { "str(a),map_str_int(F,x)", REFUSED }, { "str(a),map_str_ip(I,x)", REFUSED },
	{ "str(a),map_reg(L)", REFUSED }, { "bool(true),map_ip(D)", REFUSED },
};
static const char *const more_texts[] = { "1.2.3.4 7.7.7.7\n", "( x\n" };

static struct arena arena;
static char paths['L' - 'A' + 1][32];

static void write_file(size_t i, const char *text)
{
	strcpy(paths[i], "/tmp/usher-map-XXXXXX");
	int fd = mkstemp(paths[i]);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static int start(void **state)
{
	(void)state;
	registries_open();
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		write_file(i, texts[i]);
	for (size_t i = 0; i < COUNT_OF(more_texts); i++)
		write_file(COUNT_OF(texts) + i, more_texts[i]);
	return 0;
}

static int give_back(void **state)
{
	(void)state;
	arena_free(&arena);
	boot_reset();
	return 0;
}

static int finish(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		unlink(paths[i]);
	return 0;
}

/* The row with the file's path for its letter, which stands behind the converter's parenthesis. */
static void spell(char text[256], const char *expr)
{
	const char *map = strstr(expr, ",map"), *open = map ? strchr(map, '(') : NULL;

	if (open && open[1] >= 'A' && open[1] <= 'L')
		snprintf(text, 256, "%.*s%s%s", (int)(open + 1 - expr), expr, paths[open[1] - 'A'], open + 2);
	else
		snprintf(text, 256, "%s", expr);
}

static void answers_as_haproxy_gives_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct eval ev = { .arena = &arena, .phase = PHASE_FE_CONN };
		struct strbuf err = STRBUF_EMPTY;
		struct slice got = SLICE("(nothing)");
		struct expr *e;
		struct value v;
		char text[256];

		spell(text, rows[i].expr);
		e = expr_compile(text, PHASE_ANY, NULL, &err);
		if ((e == NULL) != (rows[i].want == REFUSED))
			fail_msg("%s: %s", text, e ? "is taken" : err.ptr);
		strbuf_free(&err);
		if (!e)
			continue;
		bool has = expr_eval(e, &ev, &v) == EVAL_OK;
		assert_true(!has || (v.type == expr_type(e) && value_text(&v, &arena, &got)));
		if (has != (rows[i].want != NULL) || (has && !slice_is(got, rows[i].want)))
			fail_msg("%s gives '%.*s'", text, SLICE_FMT(got));
	}
}

int map_test(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(answers_as_haproxy_gives_them, give_back) };

	return cmocka_run_group_tests_name("convert/map", tests, start, finish);
}
