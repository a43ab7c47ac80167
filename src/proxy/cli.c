/* SPDX-License-Identifier: Apache-2.0
 *
 * The runtime socket's engine: lines, payloads, words, levels and the running command. One thread.
 */
#include "proxy/cli.h"

#include <stdlib.h>
#include "base/assert.h"
#include "conf/haproxy_names.h"
#include "core/clock.h"
#include "proxy/command.h"

REGISTRY_DEFINE(command)

bool cli_is_master;

static bool command_is_here(const struct command *cmd)
{
	return cmd->scope == COMMAND_EVERYWHERE || (cmd->scope == COMMAND_IN_MASTER) == cli_is_master;
}

struct cli *cli_new(enum cli_level level, void (*wake)(void *owner), void *owner)
{
	struct cli *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->magic = CLI_MAGIC;
	c->level = level;
	c->give_to = -1;
	c->wake = wake;
	c->owner = owner;
	return c;
}

static void end_command(struct cli *c)
{
	const struct command *cmd = c->running;

	c->running = NULL;
	if (cmd && cmd->end)
		cmd->end(c);
	c->state = NULL;
}

static void drop_payload(struct cli *c)
{
	free(c->payload_end);
	free(c->payload_command);
	strbuf_free(&c->payload_text);
	c->payload_end = c->payload_command = NULL;
	c->payload = SLICE("");
}

void cli_free(struct cli **pc)
{
	struct cli *c = *pc;

	*pc = NULL;
	if (c == NULL)
		return;
	CHECK_OBJ(c, CLI_MAGIC);
	end_command(c);
	drop_payload(c);
	strbuf_free(&c->out);
	free(c->line);
	free(c->words_memory);
	c->magic = 0;
	free(c);
}

void cli_wake(struct cli *c)
{
	CHECK_OBJ(c, CLI_MAGIC);
	c->wake(c->owner);
}

void cli_grade(struct cli *c, enum cli_grade grade)
{
	const char *name = grade == CLI_ERROR ? "err" : grade == CLI_WARNING ? "warning" : "info";

	if (c->severity == CLI_SEVERITY_NUMBER)
		strbuf_addf(&c->out, "[%d]: ", grade);
	else if (c->severity == CLI_SEVERITY_STRING)
		strbuf_addf(&c->out, "[%s]: ", name);
}

bool cli_severity_find(const char *word, enum cli_severity *out)
{
	static const char *const names[] = { [CLI_SEVERITY_NONE] = "none", [CLI_SEVERITY_NUMBER] = "number",
		[CLI_SEVERITY_STRING] = "string" };

	for (size_t i = 0; word && i < COUNT_OF(names); i++) {
		if (strcmp(word, names[i]) == 0) {
			*out = (enum cli_severity)i;
			return true;
		}
	}
	return false;
}

bool cli_refuse(struct cli *c, const char *fmt, ...)
{
	va_list ap;

	cli_grade(c, CLI_ERROR);
	va_start(ap, fmt);
	strbuf_vaddf(&c->out, fmt, ap);
	va_end(ap);
	strbuf_add_byte(&c->out, '\n');
	return false;
}

const char *cli_level_name(enum cli_level level)
{
	return level == CLI_ADMIN ? "admin" : level == CLI_OPERATOR ? "operator" : "user";
}

const char *cli_mode_name(unsigned mode)
{
	return mode == CLI_EXPERT ? "expert" : "experimental";
}

void cli_lower(struct cli *c, enum cli_level level)
{
	c->level = level;
	c->modes = 0;
}

bool cli_allows(struct cli *c, enum cli_level level)
{
	return c->level >= level || cli_refuse(c, "Permission denied");
}

/* ---- words ---- */

/* Splits at blanks; a backslash takes the next byte as it is. Works in place; -1: too many. */
static int split_words(char *text, const char **words)
{
	int n = 0;
	char *from = text, *to;

	for (;;) {
		while (*from == ' ' || *from == '\t')
			from++;
		if (*from == 0)
			break;
		if (n == CLI_WORDS_MAX)
			return -1;
		words[n++] = to = from;
		while (*from && *from != ' ' && *from != '\t') {
			if (*from == '\\' && from[1])
				from++;
			*to++ = *from++;
		}
		bool more = *from != 0;
		*to = 0;
		from += more;
	}
	words[n] = NULL;
	return n;
}

/* The end of the command that text begins with: its ';', or the end. */
static char *command_end(char *text)
{
	for (; *text && *text != ';'; text++)
		if (*text == '\\' && text[1])
			text++;
	return text;
}

/* "... <<" or "... <<END" as the last word: cuts it off and gives the line that ends the payload. */
static char *take_payload_mark(char *text)
{
	size_t len = strlen(text);

	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	size_t from = len;
	while (from && text[from - 1] != ' ' && text[from - 1] != '\t')
		from--;
	if (len - from < 2 || memcmp(text + from, "<<", 2) != 0)
		return NULL;
	char *end = slice_dup(slice_make(text + from + 2, len - from - 2));
	text[from] = 0;
	return end;
}

/* ---- one command ---- */

/* What was added to the answer since `from` counts as the running command's. */
static void note_said(struct cli *c, size_t from)
{
	if (c->out.len > from) {
		c->said += c->out.len - from;
		c->last = c->out.ptr[c->out.len - 1];
	}
}

static void add_uptime(struct strbuf *out)
{
	unsigned s = (unsigned)((clock_now_ms - clock_start_ms) / 1000);

	strbuf_addf(out, "[%u:%02u:%02u:%02u]", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
}

/* An answer that is not empty ends in a newline; an empty line follows it, and the prompt. */
static void finish_answer(struct cli *c)
{
	end_command(c);
	if (c->ending)
		return;
	if (c->said && c->last != '\n')
		strbuf_add_byte(&c->out, '\n');
	strbuf_add_byte(&c->out, '\n');
	if (c->prompt && c->timed)
		add_uptime(&c->out);
	if (c->prompt)
		strbuf_addf(&c->out, "%s> ", c->relay_to[0] ? c->relay_to + 1 : cli_is_master ? "master" : "");
}

unsigned command_list(struct cli *c, struct slice head)
{
	unsigned n = 0;

	for (size_t i = 0; i < command_registry.n; i++) {
		const struct command *cmd = command_registry.sorted[i]->item;
		if (!command_is_here(cmd) || cmd->level > c->level || (cmd->mode & ~c->modes) || !slice_starts(slice_of(cmd->keyword), head))
			continue;
		strbuf_addf(&c->out, "  %-38s : %s\n", cmd->usage, cmd->text);
		n++;
	}
	return n;
}

/* True when HAProxy has a command of these words: it is named, and nothing else is guessed. */
static bool say_of_haproxy(struct cli *c, const char **words, int n)
{
	struct strbuf name = STRBUF_EMPTY;
	bool is_one = false;

	for (int i = 0; i < n && !is_one; i++) {
		strbuf_addf(&name, "%s%s", i ? " " : "", words[i]);
		is_one = haproxy_has_name(HAPROXY_COMMAND, strbuf_slice(&name));
	}
	if (is_one) {
		cli_grade(c, CLI_INFORMATION);
		strbuf_addf(&c->out, "Unknown command: '%s' is one of HAProxy's that usher does not have yet%s.\n", name.ptr,
			haproxy_instead(HAPROXY_COMMAND, strbuf_slice(&name)));
	}
	strbuf_free(&name);
	return is_one;
}

/* The words that were meant to be a command, joined; what is listed begins as most of them do. */
static void say_unknown(struct cli *c, const char **words, int n)
{
	struct strbuf head = STRBUF_EMPTY;
	unsigned listed = 0;

	if (say_of_haproxy(c, words, n))
		return;
	cli_grade(c, CLI_INFORMATION);
	size_t mark = c->out.len;
	strbuf_add_str(&c->out, "Unknown command, but maybe one of the following ones is a better match:\n");
	for (int use = n > 3 ? 3 : n; use > 0 && listed == 0; use--) {
		strbuf_clear(&head);
		for (int i = 0; i < use; i++)
			strbuf_addf(&head, "%s%s", i ? " " : "", words[i]);
		listed = command_list(c, strbuf_slice(&head));
	}
	const char *near = n && listed == 0 ? registry_nearest(&command_registry, slice_of(words[0])) : NULL;
	if (near)
		listed = command_list(c, slice_of(near));
	strbuf_free(&head);
	if (listed)
		return;
	c->out.len = mark;
	strbuf_add_str(&c->out, "Unknown command. Please enter one of the following commands only:\n");
	command_list(c, SLICE(""));
}

/* In a master: a command for a worker becomes the words "@" and the command as it was written. 0: it is none. */
static int relay_words(struct cli *c, char **text, const char **words)
{
	char *from = *text + strspn(*text, " \t");

	if (!cli_is_master || *from == 0 || (from[0] != '@' && (c->relay_to[0] == 0 || strcmp(from, "quit") == 0)))
		return 0;
	if (from[0] != '@') {
		struct strbuf whole = STRBUF_EMPTY;
		strbuf_addf(&whole, "%s %s", c->relay_to, from);
		free(*text);
		*text = from = strbuf_take(&whole);
		ASSERT(from != NULL);
	}
	words[0] = "@";
	words[1] = from;
	words[2] = NULL;
	return 2;
}

static bool mode_allows(struct cli *c, const struct command *cmd)
{
	return !(cmd->mode & ~c->modes) || cli_refuse(c, "This command is restricted to %s mode only.", cli_mode_name(cmd->mode));
}

static void start_command(struct cli *c, char *text)
{
	size_t from = c->out.len;
	const char *words[CLI_WORDS_MAX + 1];
	int used = 0;

	c->said = 0;
	free(c->words_memory);
	c->words_memory = text;
	int n = relay_words(c, &c->words_memory, words);
	if (n == 0)
		n = split_words(text, words);
	const struct command *cmd = n > 0 ? registry_find_words(&command_registry, words, n, &used) : NULL;
	if (cmd && !command_is_here(cmd))
		cmd = NULL;
	if (n < 0)
		cli_refuse(c, "Too many words");
	else if (cmd == NULL)
		say_unknown(c, words, n);
	else if (cli_allows(c, cmd->level) && mode_allows(c, cmd)) {
		c->arg_count = n - used;
		memcpy(c->args, words + used, (size_t)(n - used + 1) * sizeof(words[0]));
		if (cmd->start == NULL || cmd->start(c))
			c->running = cmd;
	}
	note_said(c, from);
	if (c->running && cmd->run)
		return;
	finish_answer(c);
}

/* The prompt of a payload. */
static void ask_for_more(struct cli *c)
{
	if (c->prompt)
		strbuf_add_str(&c->out, "+ ");
}

/* Takes the next command of the line. */
static void next_command(struct cli *c)
{
	char *text = c->rest, *end = command_end(text);

	c->rest = *end ? end + 1 : NULL;
	*end = 0;
	if (c->rest == NULL && (c->payload_end = take_payload_mark(text)) != NULL) {
		c->payload_command = strdup(text);
		c->ending |= c->payload_command == NULL;
		ask_for_more(c);
		return;
	}
	char *copy = strdup(text);
	if (copy)
		start_command(c, copy);
	else
		c->ending = true;
	if (c->rest == NULL) {
		free(c->line);
		c->line = NULL;
	}
}

static void run_payload_command(struct cli *c)
{
	char *text = c->payload_command;

	c->payload_command = NULL;
	free(c->payload_end);
	c->payload_end = NULL;
	free(c->line);
	c->line = NULL;
	c->payload = strbuf_slice(&c->payload_text);
	start_command(c, text);
}

/* ---- lines ---- */

/* The next line of the input without its end; false: none is whole yet. */
static bool take_line(struct slice in, bool ended, struct slice *line, size_t *used)
{
	ptrdiff_t lf = slice_find_byte(in, '\n');

	if (lf < 0 && !(ended && in.len))
		return false;
	*line = lf < 0 ? in : slice_make(in.ptr, (size_t)lf);
	*used += lf < 0 ? in.len : (size_t)lf + 1;
	if (line->len && line->ptr[line->len - 1] == '\r')
		line->len--;
	return true;
}

static void add_payload_line(struct cli *c, struct slice line)
{
	if (slice_is(line, c->payload_end)) {
		run_payload_command(c);
		return;
	}
	if (c->payload_text.len + line.len >= CLI_PAYLOAD_MAX) {
		cli_refuse(c, "The payload is too long");
		c->ending = true;
		return;
	}
	strbuf_add_slice(&c->payload_text, line);
	strbuf_add_byte(&c->payload_text, '\n');
	ask_for_more(c);
}

static void take_command_line(struct cli *c, struct slice line)
{
	drop_payload(c);
	/* A NUL would hide what stands behind it. */
	c->line = line.len > CLI_LINE_MAX || slice_find_byte(line, 0) >= 0 ? NULL : slice_dup(line);
	if (c->line == NULL) {
		cli_refuse(c, line.len > CLI_LINE_MAX ? "The line is too long" : "The line holds a NUL byte");
		c->ending = true;
		return;
	}
	c->rest = c->line;
	c->had_line = true;
}

static enum cli_next run_piece(struct cli *c)
{
	size_t from = c->out.len;

	while (c->out.len < CLI_PIECE) {
		enum command_result r = c->running->run(c);
		if (r == COMMAND_DONE) {
			note_said(c, from);
			finish_answer(c);
			return CLI_WRITE;
		}
		if (r == COMMAND_WAIT && c->out.len == from)
			return CLI_SLEEP;
		if (r == COMMAND_WAIT)
			break;
	}
	note_said(c, from);
	return CLI_WRITE;
}

enum cli_next cli_run(struct cli *c, struct slice in, bool ended, size_t *used)
{
	struct slice line;

	CHECK_OBJ(c, CLI_MAGIC);
	*used = 0;
	while (c->out.len < CLI_PIECE) {
		if (c->out.truncated)
			return CLI_END; /* memory is out: half an answer is none */
		if (c->running) {
			c->interrupted = ended || in.len > *used || c->rest;
			enum cli_next next = run_piece(c);
			if (c->swallow) {
				c->swallow = false;
				*used = in.len;
			}
			if (next == CLI_SLEEP)
				return c->out.len ? CLI_WRITE : CLI_SLEEP;
			continue;
		}
		if (c->ending)
			return CLI_END;
		if (c->rest) {
			next_command(c);
			continue;
		}
		bool reading_payload = c->payload_end != NULL;
		if (c->had_line && !c->prompt && !c->stays && !reading_payload)
			return CLI_END;
		if (!take_line(slice_from(in, *used), ended, &line, used)) {
			if (in.len - *used > CLI_LINE_MAX) {
				cli_refuse(c, "The line is too long");
				c->ending = true;
				*used = in.len;
				return CLI_END;
			}
			if (ended)
				return CLI_END;
			return c->out.len ? CLI_WRITE : CLI_READ;
		}
		if (reading_payload)
			add_payload_line(c, line);
		else
			take_command_line(c, line);
	}
	return CLI_WRITE;
}
