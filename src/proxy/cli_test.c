/* SPDX-License-Identifier: Apache-2.0
 *
 * The runtime socket's engine without a socket: lines cut anywhere, chains, escapes, payloads,
 * the prompt, levels, long answers in pieces, commands that wait.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "proxy/command.h"

int cli_test(void);

static int started, ended, woken;

/* ---- commands of the test ---- */

static bool say_start(struct cli *c)
{
	for (int i = 0; i < c->arg_count; i++)
		strbuf_addf(&c->out, "[%s]", c->args[i]);
	if (c->payload.len)
		strbuf_addf(&c->out, "{%.*s}", SLICE_FMT(c->payload));
	return true;
}
COMMAND(say) = { .keyword = "say", .usage = "say <word>...", .text = "repeat the words", .start = say_start };

static bool count_start(struct cli *c)
{
	int64_t n = 0;

	if (c->arg_count != 1 || !slice_to_i64(slice_of(c->args[0]), &n))
		return cli_refuse(c, "Expected a number.");
	int *left = malloc(sizeof(*left));
	*left = (int)n;
	c->state = left;
	started++;
	return true;
}

static enum command_result count_run(struct cli *c)
{
	int *left = c->state;

	if (*left == 0)
		return COMMAND_DONE;
	strbuf_addf(&c->out, "%d bottles\n", (*left)--);
	return COMMAND_MORE;
}

static void count_end(struct cli *c)
{
	free(c->state);
	ended++;
}
COMMAND(count) = { .keyword = "count down", .usage = "count down <n>", .text = "count", .level = CLI_OPERATOR,
	.start = count_start, .run = count_run, .end = count_end };

static bool came;

static enum command_result sleep_run(struct cli *c)
{
	if (!came)
		return COMMAND_WAIT;
	strbuf_add_str(&c->out, "awake");
	return COMMAND_DONE;
}
COMMAND(sleep) = { .keyword = "sleep", .usage = "sleep", .text = "wait to be woken", .run = sleep_run };

static bool prompt_start(struct cli *c)
{
	c->prompt = !c->prompt;
	return true;
}
COMMAND(prompt) = { .keyword = "prompt", .usage = "prompt", .text = "prompt", .start = prompt_start };

static bool quit_start(struct cli *c)
{
	c->ending = true;
	return true;
}
COMMAND(quit) = { .keyword = "quit", .usage = "quit", .text = "quit", .start = quit_start };

/* ---- driving it ---- */

static void note_wake(void *owner)
{
	(void)owner;
	woken++;
}

/* Feeds the text in pieces of `step` bytes and collects what is said until the session ends or wants more. */
static enum cli_next talk(struct cli *c, const char *text, size_t step, struct strbuf *said)
{
	struct slice all = slice_of(text);
	size_t given = 0, done = 0, used;
	enum cli_next next;

	do {
		given = given + step < all.len ? given + step : all.len;
		do {
			next = cli_run(c, slice_make(all.ptr + done, given - done), given == all.len, &used);
			done += used;
			strbuf_add_slice(said, strbuf_slice(&c->out));
			strbuf_clear(&c->out);
		} while (next == CLI_WRITE);
	} while (next == CLI_READ && given < all.len);
	return next;
}

/* The whole conversation at one step width must give this. */
static void expect_steps(enum cli_level level, const char *text, const char *answer)
{
	for (size_t step = 1; step < strlen(text) + 2; step++) {
		struct cli *c = cli_new(level, note_wake, NULL);
		struct strbuf said = STRBUF_EMPTY;
		enum cli_next next = talk(c, text, step, &said);
		assert_string_equal(said.ptr ? said.ptr : "", answer);
		assert_int_equal(next, CLI_END);
		strbuf_free(&said);
		cli_free(&c);
		assert_null(c);
	}
}

static void expect(const char *text, const char *answer)
{
	expect_steps(CLI_ADMIN, text, answer);
}

static void test_lines(void **state)
{
	(void)state;
	expect("say one\n", "[one]\n\n");
	expect("say one\r\n", "[one]\n\n");
	expect("say one", "[one]\n\n");
	expect("say\n", "\n");
	expect("  say \t one\t\n", "[one]\n\n");
	expect("say one\nsay two\n", "[one]\n\n");
	expect("say one;say two\n", "[one]\n\n[two]\n\n");
	expect("", "");
}

static void test_escapes(void **state)
{
	(void)state;
	expect("say a\\;b\n", "[a;b]\n\n");
	expect("say a\\ b c\\\\d\n", "[a b][c\\d]\n\n");
	expect("say a\\\n", "[a\\]\n\n");
	expect("say \\<<\n", "[<<]\n\n");
}

static void test_prompt(void **state)
{
	(void)state;
	expect("prompt\nsay x\n\\\nquit\nsay y\n",
		"\n> [x]\n\n> Unknown command. Please enter one of the following commands only:\n"
		"  count down <n>                         : count\n"
		"  prompt                                 : prompt\n"
		"  quit                                   : quit\n"
		"  say <word>...                          : repeat the words\n"
		"  sleep                                  : wait to be woken\n\n> ");
	expect("prompt;prompt\nsay x\n", "\n> \n");
	expect("say 1;quit;say 2\n", "[1]\n\n");
}

static void test_payload(void **state)
{
	(void)state;
	expect("say x <<\none\ntwo;three\n\n", "[x]{one\ntwo;three\n}\n\n");
	expect("say x <<END\none\n\nEND\nsay y\n", "[x]{one\n\n}\n\n");
	expect("say a;say b <<\none\n\n", "[a]\n\n[b]{one\n}\n\n");
	expect("prompt;say b <<\n\nsay c\nquit\n", "\n> + [b]\n\n> [c]\n\n> ");
	expect("prompt\nsay <<\none\ntwo\n\nquit\n", "\n> + + + {one\ntwo\n}\n\n> ");
	expect("say never <<\none\n", "");
	expect("say x<<\n", "[x<<]\n\n");
}

static void test_levels(void **state)
{
	(void)state;
	expect_steps(CLI_USER, "count down 1\n", "Permission denied\n\n");
	expect_steps(CLI_OPERATOR, "count down 1\n", "1 bottles\n\n");
	expect_steps(CLI_USER, "count\n",
		"Unknown command. Please enter one of the following commands only:\n"
		"  prompt                                 : prompt\n"
		"  quit                                   : quit\n"
		"  say <word>...                          : repeat the words\n"
		"  sleep                                  : wait to be woken\n\n");
	expect_steps(CLI_ADMIN, "cuont\n",
		"Unknown command. Please enter one of the following commands only:\n"
		"  count down <n>                         : count\n"
		"  prompt                                 : prompt\n"
		"  quit                                   : quit\n"
		"  say <word>...                          : repeat the words\n"
		"  sleep                                  : wait to be woken\n\n");
	expect("count up\n", "Unknown command, but maybe one of the following ones is a better match:\n"
		"  count down <n>                         : count\n\n");
	expect("slepe\n", "Unknown command, but maybe one of the following ones is a better match:\n"
		"  sleep                                  : wait to be woken\n\n");
	assert_int_equal(started, ended);
}

static void test_pieces(void **state)
{
	struct cli *c = cli_new(CLI_ADMIN, note_wake, NULL);
	size_t used, most = 0, lines = 0;
	enum cli_next next;

	(void)state;
	struct slice in = SLICE("count down 100000;say done\n");
	while ((next = cli_run(c, in, false, &used)) == CLI_WRITE) {
		in = slice_from(in, used);
		most = c->out.len > most ? c->out.len : most;
		for (size_t i = 0; i < c->out.len; i++)
			lines += c->out.ptr[i] == '\n';
		strbuf_clear(&c->out);
	}
	assert_int_equal(next, CLI_END);
	assert_true(most < CLI_PIECE + 64);
	for (size_t i = 0; i < c->out.len; i++)
		lines += c->out.ptr[i] == '\n';
	assert_int_equal(lines, 100000 + 1 + 2);
	cli_free(&c);
	/* A client that leaves in the middle. */
	c = cli_new(CLI_ADMIN, note_wake, NULL);
	assert_int_equal(cli_run(c, SLICE("count down 100000\n"), true, &used), CLI_WRITE);
	assert_int_equal(started, ended + 1);
	cli_free(&c);
	assert_int_equal(started, ended);
}

static void test_waiting(void **state)
{
	struct cli *c = cli_new(CLI_ADMIN, note_wake, NULL);
	struct slice in = SLICE("sleep;say x\n");
	size_t used;

	(void)state;
	came = false;
	assert_int_equal(cli_run(c, in, true, &used), CLI_SLEEP);
	assert_int_equal(used, in.len);
	assert_int_equal(cli_run(c, SLICE(""), true, &used), CLI_SLEEP);
	cli_wake(c);
	assert_int_equal(woken, 1);
	came = true;
	assert_int_equal(cli_run(c, SLICE(""), true, &used), CLI_END);
	strbuf_add_byte(&c->out, 0);
	assert_string_equal(c->out.ptr, "awake\n\n[x]\n\n");
	cli_free(&c);
}

static void test_limits(void **state)
{
	struct strbuf text = STRBUF_EMPTY, said = STRBUF_EMPTY;
	struct cli *c = cli_new(CLI_ADMIN, note_wake, NULL);
	size_t used;

	(void)state;
	for (int i = 0; i <= CLI_LINE_MAX; i++)
		strbuf_add_byte(&text, 'x');
	assert_int_equal(cli_run(c, strbuf_slice(&text), false, &used), CLI_END);
	assert_int_equal(used, text.len);
	assert_true(slice_starts(strbuf_slice(&c->out), SLICE("The line is too long\n")));
	cli_free(&c);
	strbuf_clear(&text);
	strbuf_add_str(&text, "say");
	for (int i = 0; i < CLI_WORDS_MAX; i++)
		strbuf_add_str(&text, " w");
	strbuf_add_str(&text, "\n");
	c = cli_new(CLI_ADMIN, note_wake, NULL);
	assert_int_equal(talk(c, text.ptr, 100000, &said), CLI_END);
	assert_string_equal(said.ptr, "Too many words\n\n");
	cli_free(&c);
	strbuf_clear(&said);
	strbuf_clear(&text);
	strbuf_add_str(&text, "say <<\n");
	while (text.len < CLI_PAYLOAD_MAX + 100)
		strbuf_add_str(&text, "a line of the payload\n");
	c = cli_new(CLI_ADMIN, note_wake, NULL);
	assert_int_equal(talk(c, text.ptr, text.len, &said), CLI_END);
	assert_string_equal(said.ptr, "The payload is too long\n");
	cli_free(&c);
	c = cli_new(CLI_ADMIN, note_wake, NULL);
	assert_int_equal(cli_run(c, SLICE("say a\0b\n"), true, &used), CLI_END);
	assert_true(slice_starts(strbuf_slice(&c->out), SLICE("The line holds a NUL byte\n")));
	cli_free(&c);
	strbuf_free(&text);
	strbuf_free(&said);
}

int cli_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines), cmocka_unit_test(test_escapes), cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_payload), cmocka_unit_test(test_levels), cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_waiting), cmocka_unit_test(test_limits),
	};

	registries_open();
	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
