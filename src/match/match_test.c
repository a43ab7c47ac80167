/* SPDX-License-Identifier: Apache-2.0
 *
 * The matchers through anonymous ACLs. The answers of the first table were compared with HAProxy
 * 2.6's, which differs in two: it takes 5 for "eq -5" and refuses "-6:-4". The second table has what is refused.
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

int match_test(void);

static enum eval_result get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)ev;
	*out = *(const struct value *)a->priv;
	return EVAL_OK;
}

static bool keep(struct args *a, enum value_type type)
{
	struct value *v = boot_alloc(sizeof(*v));
	struct arena unused = ARENA_EMPTY;

	*v = value_str(a->v[0].str);
	a->priv = v;
	if (type == VALUE_BIN)
		v->type = VALUE_BIN;
	return value_cast(v, type, &unused);
}

static bool keep_str(struct args *a, struct strbuf *err) { (void)err; return keep(a, VALUE_STR); }
static bool keep_int(struct args *a, struct strbuf *err) { (void)err; return keep(a, VALUE_INT); }
static bool keep_bool(struct args *a, struct strbuf *err) { (void)err; return keep(a, VALUE_BOOL); }
static bool keep_addr(struct args *a, struct strbuf *err) { (void)err; return keep(a, VALUE_ADDR); }
static bool keep_bin(struct args *a, struct strbuf *err) { (void)err; return keep(a, VALUE_BIN); }

#define CONSTANT(ident, t, c) FETCH(ident) = { .keyword = #ident, .args = "s", .type = t, .phases = PHASE_ANY, .check = c, .get = get }
CONSTANT(str, VALUE_STR, keep_str);
CONSTANT(int, VALUE_INT, keep_int);
CONSTANT(bool, VALUE_BOOL, keep_bool);
CONSTANT(ipv4, VALUE_ADDR, keep_addr);
CONSTANT(ipv6, VALUE_ADDR, keep_addr);
CONSTANT(raw, VALUE_BIN, keep_bin);

static bool upper_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a, (void)ev;
	v->bytes = SLICE("UPPER");
	return true;
}

CONVERTER(upper) = { .keyword = "upper", .in = VALUE_STR, .out = VALUE_STR, .convert = upper_convert };

static enum eval_result url_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_str(SLICE("/img/a.GIF"));
	return EVAL_OK;
}

FETCH(path) = { .keyword = "path", .type = VALUE_STR, .phases = PHASE_ANY, .get = url_get };

static const struct { const char *acl; bool want; } answers[] = {
	{ "str(abc) abc", true }, { "str(abc) ABC", false }, { "str(abc) -i ABC", true }, { "str(abc) x y abc", true },
	{ "str(abc) -m str -i x ABC", true }, { "str(abc) ab", false }, { "str(abc) abcd", false },
	{ "str(-i) -- -i", true }, { "str(-i) x -i", true }, { "str(ABC) x -i abc", false },
	{ "str(abc) -m beg ab", true }, { "str(abc) -m beg b", false }, { "str(abc) -m beg abcd", false },
	{ "str(abc) -m beg x abc", true }, { "str(aBc) -m beg -i AB", true }, { "str(abc) -m beg a abcd", true },
	{ "str(abc) -m end bc", true }, { "str(abc) -m end ab", false }, { "str(abc) -m end xabc", false },
	{ "str(abC) -m end -i Bc", true }, { "str(abc) -m end zzzz c", true },
	{ "str(abc) -m sub b", true }, { "str(abc) -m sub abc", true }, { "str(abc) -m sub ac", false },
	{ "str(aBc) -m sub -i bC", true }, { "str(abc) -m sub B", false },
	{ "str(/images/png/logo/32x32.png) -m dir /images", true }, { "str(/images/png/logo/32x32.png) -m dir images/png", true },
	{ "str(/images/png/logo/32x32.png) -m dir /png/logo", true }, { "str(/images/png/logo/32x32.png) -m dir logo/32x32.png", true },
	{ "str(/images/png/logo/32x32.png) -m dir 32x32.png", true }, { "str(/images/png/logo/32x32.png) -m dir 32x32", false },
	{ "str(/images/pngs/png) -m dir png", true }, { "str(/images/png/x) -m dir mages", false },
	{ "str(/images/png/x) -m dir -i PNG", true }, { "str(/images/png/x) -m dir png/", true },
	{ "str(http://www1.dc-eu.example.com:80/blah) -m dom http", true }, { "str(http://www1.dc-eu.example.com:80/blah) -m dom .www1", true },
	{ "str(http://www1.dc-eu.example.com:80/blah) -m dom dc-eu.example", true }, { "str(http://www1.dc-eu.example.com:80/blah) -m dom :www1:", true },
	{ "str(http://www1.dc-eu.example.com:80/blah) -m dom dc-eu.example:80", false }, { "str(http://www1.dc-eu.example.com:80/blah) -m dom eu", false },
	{ "str(http://www1.dc-eu.example.com:80/blah) -m dom 80", true }, { "str(http://www1.dc-eu.example.com:80/blah) -m dom dc", false },
	{ "str(A.EXAMPLE) -m dom -i example", true },
	{ "str(abc) -m len 3", true }, { "str(abc) -m len 4:", false }, { "str(abc) -m len gt 2", true }, { "int(100) -m len 3", true },
	{ "str(abc) -m reg ^a.c$", true }, { "str(abc) -m reg ^b", false }, { "str(aBc) -m reg -i bC", true }, { "str(abc) -m reg x b", true },
	{ "str(abc) -m found", true }, { "int(0) -m found", true },
	{ "bool(1)", true }, { "bool(0)", false }, { "int(3) -m bool", true }, { "int(0) -m bool", false }, { "str(0) -m bool", false },
	{ "bool(1) -m int 1", true }, { "bool(1) -m str 1", true },
	{ "int(5) 5", true }, { "int(5) 4 6", false }, { "int(5) 4 5", true }, { "int(5) 1:10", true }, { "int(5) 6:10", false },
	{ "int(5) 5:", true }, { "int(5) :4", false }, { "int(5) :5", true }, { "int(-5) :0", true }, { "int(-5) -- -5", true },
	{ "int(-5) -- -6:-4", true }, { "int(-5) lt 0", true }, { "int(5) gt 5", false }, { "int(5) ge 5", true }, { "int(5) lt 6", true },
	{ "int(5) le 4", false }, { "int(5) eq 5", true }, { "int(5) gt 9 4", true }, { "int(5) eq -5", false }, { "str(5) -m int 5", true },
	{ "int(5) -m reg ^5", true }, { "int(5) -m str 5", true },
	{ "ipv4(10.0.0.12) 10.0.0.12", true }, { "ipv4(10.0.0.12) 10.12", true }, { "ipv4(10.0.0.12) 10.0.0.0/8", true },
	{ "ipv4(10.0.0.12) 10.12/8", true }, { "ipv4(11.0.0.12) 10/8", false }, { "ipv4(10.1.2.3) 192.168.1/22 10.1.2.0/24", true },
	{ "ipv4(127.0.0.5) 127.1/8", true }, { "ipv4(192.168.3.9) 192.168.1/22", true }, { "ipv4(192.168.4.9) 192.168.1/22", false },
	{ "ipv4(1.2.3.4) 0.0.0.0/0", true }, { "ipv4(1.2.3.4) 1.2.3.4/255.255.255.0", true }, { "ipv4(1.2.3.4) 1.2.3.5/31", true }, { "ipv4(1.2.3.4) 1.2.3.6/31", false },
	{ "ipv4(1.2.3.4) ::/0", true }, { "ipv4(1.2.3.4) ::ffff:1.2.3.0/120", true }, { "ipv4(1.2.3.4) ::1", false },
	{ "ipv6(::1) ::1", true }, { "ipv6(::2) ::1", false }, { "ipv6(2001:db8::5) 2001:db8::/32", true }, { "ipv6(2001:db9::5) 2001:db8::/32", false },
	{ "ipv6(2001:db8:ff00::5) 2001:db8:fe00::/39", true }, { "ipv6(2002:102:304::) 1.2.3.4", true }, { "ipv6(::1.2.3.4) 1.2.3.0/24", true },
	{ "ipv6(::ffff:1.2.3.4) 1.2.3.4", true }, { "ipv6(2001:db8::1.2.3.4) 1.2.3.4", false },
	{ "ipv4(1.2.3.4) -m str 1.2.3.4", true }, { "ipv4(1.2.3.4) -m beg 1.2.", true }, { "str(1.2.3.4) -m ip 1.2.3.0/24", true },
	{ "str(nothing) -m ip 0.0.0.0/0", false }, { "int(16909060) -m ip 1.2.3.4", true },
	{ "str(abc) -m bin 616263", true }, { "str(abc) -m bin 6162", false }, { "str(jkl) -m bin 6a6B6c", true },
	{ "int(196609) -m dotted 3.1", true }, { "int(196609) -m dotted 3", false }, { "int(196608) -m dotted 3", true },
	{ "int(196609) -m dotted 3.0:3.3", true }, { "int(196612) -m dotted 3.0:3.3", false }, { "int(196609) -m dotted 3:", true },
	{ "int(196609) -m dotted :3", false }, { "int(196609) -m dotted ge 3.1", true }, { "int(196609) -m dotted gt 3.1", false },
	{ "int(196609) -m dotted lt 3.2", true }, { "int(196609) -m dotted le 3", false }, { "int(196609) -m dotted eq 3.1", true },
	{ "int(4294967295) -m dotted ge 65535.65535", true },
	{ "str(x),upper -m beg UPP", true }, { "str(x),upper UPPER", true },
};

static const struct { const char *acl, *why; } refused[] = {
	{ "int(5) -1", "'-1' is no flag" }, { "int(5) 5x", "a number or a range" }, { "int(5) :", "a number or a range" },
	{ "int(5) 9:1", "a number or a range" }, { "int(5) gt 1:3", "no range" }, { "int(5) gt 9223372036854775807", "no number compares so" },
	{ "int(5) lt -9223372036854775808", "no number compares so" }, { "int(5) le x", "a number or a range" }, { "int(5) 3.1", "a number or a range" },
	{ "int(5) -m dotted 3.1.2", "a version" }, { "int(5) -m dotted 196609", "a version" },
	{ "int(5) -m dotted 3.", "a version" }, { "int(5) -m dotted .3", "a version" }, { "int(5) -m dotted gt 65535.65535", "no number" },
	{ "int(5) -m dotted lt 0", "no number" }, { "int(5) -m dotted gt 3.1:3.2", "no range" },
	{ "raw(a) 61", "a match method is needed (-m str" }, { "raw(a) -m bin 6", "pairs of hexadecimal" }, { "raw(a) -m bin 6x", "pairs of hexadecimal" },
	{ "raw(a) -m int 6", "does not apply" }, { "bool(1) -m ip 1.2.3.4", "does not apply" }, { "str(a) -m foo a", "unknown match method 'foo'" },
	{ "str(a) -m fund", "did you mean 'found'" }, { "str(a) -m reg (", "at offset" }, { "str(a) -f /nonexistent/x", "cannot read patterns" },
	{ "str(a) -u x a", "the ACL's number" }, { "str(a) -i -i2 a", "'-i2' is no flag" },
	{ "ipv4(1.2.3.4) 1.2.3.4.5", "an address or network" }, { "ipv4(1.2.3.4) 1.2.3.4/33", "an address or network" },
	{ "ipv4(1.2.3.4) 256.1", "an address or network" }, { "ipv4(1.2.3.4) 1.16777216", "an address or network" },
	{ "ipv4(1.2.3.4) host.name", "host names are not resolved" }, { "ipv4(1.2.3.4) ::1/129", "an address or network" },
	{ "str(a) -m dom ...", "nothing but delimiters" }, { "str(a) -m", "unknown match method" },
};

static struct arena arena;
static struct eval ev = { .arena = &arena, .phase = PHASE_FE_CONN };

static int start(void **state)
{
	(void)state;
	registries_open();
	diag_state.quiet = true;
	return 0;
}

static int give_back(void **state)
{
	(void)state;
	arena_free(&arena);
	boot_reset();
	return 0;
}

static struct cond *cond_of(const char *criterion)
{
	struct acl_table *table = NULL;
	struct conf_line l;
	char text[512];

	snprintf(text, sizeof(text), "if { %s }", criterion);
	l = trial_line(text);
	strbuf_clear(&diag_state.text);
	return cond_parse(&l, &table, PHASE_FE_CONN, NULL);
}

static void assert_answer(const char *acl, bool want)
{
	struct cond *c = cond_of(acl);

	if (!c)
		fail_msg("%s: %s", acl, diag_state.text.ptr);
	if (cond_eval(c, &ev) != (want ? EVAL_OK : EVAL_NONE))
		fail_msg("{ %s } is not %d", acl, want);
}

static void answers_as_haproxy_gives_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++)
		assert_answer(answers[i].acl, answers[i].want);
}

static void faults_say_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		if (cond_of(refused[i].acl))
			fail_msg("{ %s } is taken", refused[i].acl);
		if (!trial_said(refused[i].why))
			fail_msg("{ %s }: '%s' does not speak of '%s'", refused[i].acl, diag_state.text.ptr, refused[i].why);
	}
}

static void words_imply_a_method(void **state)
{
	(void)state;
	assert_answer("path /img/a.GIF", true);
	assert_answer("path_beg /img", true);
	assert_answer("path_end .gif", false);
	assert_answer("path_end -i .gif", true);
	assert_answer("path_sub a.G", true);
	assert_answer("path_dir img", true);
	assert_answer("path_len 10", true);
	assert_answer("path_reg GIF$", true);
	assert_answer("path_beg -m end GIF", true);
	assert_answer("path_beg,upper UPP", false);
	assert_answer("path_beg,upper UPPER", true);
}

static void many_patterns_of_one_set(void **state)
{
	char text[64];
	struct acl_table *table = NULL;
	struct conf_line l = trial_line("x str(key700) -f /dev/stdin");
	char path[] = "/tmp/usher-patterns-XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");
	struct strbuf err = STRBUF_EMPTY;

	(void)state;
	fputs("# a comment\n\n", f);
	for (int i = 0; i < 1000; i++)
		fprintf(f, "%s%s%d%s\n", i % 2 ? " \t" : "", i % 3 ? "key" : "KEY", i, i % 5 ? "" : "\r");
	fputs("key7 \nlast", f);
	fclose(f);
	l.words[3] = path;
	assert_true(acl_parse(&l, &table, NULL));
	for (int i = 0; i < 3; i++) {
		static const char *const more[] = { "y str(last) -i -f %s", "z str(key699) -f %s", "w str(key699) -i -f %s" };

		snprintf(text, sizeof(text), more[i], path);
		l = trial_line(text);
		assert_true(acl_parse(&l, &table, NULL));
	}
	assert_int_equal(cond_eval(acl_find(&table, SLICE("x"), NULL, &err), &ev), EVAL_OK);
	assert_int_equal(cond_eval(acl_find(&table, SLICE("y"), NULL, &err), &ev), EVAL_OK);
	assert_int_equal(cond_eval(acl_find(&table, SLICE("z"), NULL, &err), &ev), EVAL_NONE);
	assert_int_equal(cond_eval(acl_find(&table, SLICE("w"), NULL, &err), &ev), EVAL_OK);
	unlink(path);
}

int match_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(answers_as_haproxy_gives_them, give_back),
		cmocka_unit_test_teardown(faults_say_why, give_back),
		cmocka_unit_test_teardown(words_imply_a_method, give_back),
		cmocka_unit_test_teardown(many_patterns_of_one_set, give_back),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
