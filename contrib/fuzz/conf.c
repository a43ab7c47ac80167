/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of the configuration language, with two sections and a few keywords of its own: the
 * program's keywords would change the process. Asserted beyond "no bad memory": words quoted anew
 * split into the same words, a condition has an error exactly when it says so, and reading fails
 * exactly when an alert was said.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "conf/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzzed {
	bool flag;
	int64_t number;
	uint32_t time_ms;
	uint64_t size;
	char *text; /* borrows */
};
static struct fuzzed object;

static void *fuzz_begin(struct conf_line *l)
{
	return conf_need(l, "a name") ? &object : NULL;
}
static void fuzz_end(void *owner)
{
	ASSERT(owner == &object);
}
static bool words_parse(struct conf_line *l, void *owner)
{
	ASSERT(owner == &object);
	char *rest = conf_rest(l);
	bool ok = rest[0] != 'x' || conf_fail(l, "words that begin with x");
	free(rest);
	return ok;
}

SECTION(fuzz_a) = { .keyword = "a", .usage = "a <name>", .where = IN_GLOBAL, .begin = fuzz_begin, .end = fuzz_end };
SECTION(fuzz_b) = { .keyword = "b", .usage = "b <name>", .where = IN_POLICY, .begin = fuzz_begin };
#define ROW(ident, word, setting, field, low, high) \
	KEYWORD(ident) = { .keyword = word, .usage = word, .where = IN_GLOBAL, .type = setting, \
		.offset = offsetof(struct fuzzed, field), .min = low, .max = high }
ROW(fuzz_flag, "flag", SETTING_FLAG, flag, 0, 0);
ROW(fuzz_number, "number", SETTING_INT, number, -5, 500);
ROW(fuzz_time, "some time", SETTING_TIME, time_ms, 1, 0);
ROW(fuzz_size, "size", SETTING_SIZE, size, 0, 1 << 20);
ROW(fuzz_text, "text", SETTING_STR, text, 0, 0);
KEYWORD(fuzz_words) = { .keyword = "words", .usage = "words", .where = IN_GLOBAL | IN_POLICY, .parse = words_parse, .may_no = true };
KEYWORD(fuzz_gone) = { .keyword = "gone", .usage = "gone", .where = IN_POLICY, .no_effect = "a test" };

/* Takes the program's own leaves out of a registry. */
static void keep_ours(struct registry *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->sorted[i]->file, __FILE__) == 0)
			r->sorted[kept++] = r->sorted[i];
	}
	r->n = kept;
	ASSERT(kept > 0);
}

static void start(void)
{
	static bool started;
	if (started)
		return;
	started = true;
	registries_open();
	keep_ours(&keyword_registry);
	keep_ours(&section_registry);
	setenv("A", "one two", 1);
	setenv("E", "", 1);
	conf_facts.compatible_version = "3.0.0";
}

static void check_split(const char *text, size_t len)
{
	char **words, **again;
	size_t at;
	const char *error;
	int n = conf_split(text, len, &words, &at, &error);
	if (n < 0) {
		ASSERT(error && at <= len);
		return;
	}
	struct strbuf quoted = STRBUF_EMPTY;
	for (int i = 0; i < n; i++) {
		strbuf_add_byte(&quoted, '\'');
		for (const char *p = words[i]; *p; p++)
			strbuf_add_str(&quoted, *p == '\'' ? "'\\''" : (char[]){ *p, '\0' });
		strbuf_add_str(&quoted, "' ");
	}
	int m = conf_split(quoted.ptr ? quoted.ptr : "", quoted.len, &again, &at, &error);
	ASSERT(m == n && !words[n] && !again[n]);
	for (int i = 0; i < n; i++)
		ASSERT(strcmp(words[i], again[i]) == 0);
	strbuf_free(&quoted);
	free(words);
	free(again);
}

static void check_condition(const char *text)
{
	char *error = NULL;
	int value = conf_condition(text, &error);
	ASSERT(value >= -1 && value <= 1 && (error != NULL) == (value == -1));
	free(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	char *text = slice_dup(slice_make(data, size));
	ASSERT(text);
	check_split(text, size);
	check_condition(text);

	diag_state = (struct diag){ .quiet = true, .diag = true };
	bool ok = conf_read_text("fuzz", text, size);
	ASSERT(ok == (diag_state.alerts == 0) && conf_read_finish() == ok);
	ASSERT(ok || diag_state.text.len > 0);
	strbuf_free(&diag_state.text);
	conf_read_forget();
	object = (struct fuzzed){ 0 };
	free(text);
	return 0;
}
