/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of the runtime socket: line splitter, payloads and the commands that look at nothing
 * but the model, without sockets. The first byte sets the level and how the input is cut; whatever the cut, the
 * answer must be the same as for the input in one piece.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "core/clock.h"
#include "core/thread.h"
#include "proxy/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ANSWER_MAX (256u * 1024)

/* Commands whose answers tell the time or the environment, or that change something, are left out. */
static bool is_plain(const char *keyword)
{
	static const char *const plain[] = { "help", "operator", "prompt", "quit", "show cli level", "show cli sockets",
		"show schema json", "show stat", "show startup-logs", "show version", "user" };

	for (size_t i = 0; i < COUNT_OF(plain); i++)
		if (strcmp(keyword, plain[i]) == 0)
			return true;
	return false;
}

static void open_once(void)
{
	static bool open;
	size_t kept = 0;

	if (open)
		return;
	open = true;
	clock_update();
	registries_open();
	threads_init(1);
	for (size_t i = 0; i < command_registry.n; i++)
		if (is_plain(registry_keyword(command_registry.sorted[i])))
			command_registry.sorted[kept++] = command_registry.sorted[i];
	command_registry.n = kept;
}

static void no_wake(void *owner)
{
	(void)owner;
}

static void converse(enum cli_level level, struct slice in, size_t step, struct strbuf *said)
{
	struct cli *c = cli_new(level, no_wake, NULL);
	size_t given = 0, done = 0, used;
	enum cli_next next = CLI_READ;

	ASSERT(c != NULL);
	while (next != CLI_END && said->len < ANSWER_MAX) {
		if (next == CLI_READ)
			given = in.len - given > step ? given + step : in.len;
		next = cli_run(c, slice_make(in.ptr + done, given - done), given == in.len, &used);
		ASSERT(used <= given - done && next != CLI_SLEEP);
		ASSERT(c->level <= level);
		/* Nothing is asked for behind the end. */
		ASSERT(next != CLI_READ || given < in.len);
		done += used;
		strbuf_add_slice(said, strbuf_slice(&c->out));
		strbuf_clear(&c->out);
	}
	cli_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf whole = STRBUF_EMPTY, cut = STRBUF_EMPTY;

	if (size < 1 || size > 4096)
		return 0;
	open_once();
	struct slice in = slice_make(data + 1, size - 1);
	enum cli_level level = (enum cli_level)(data[0] % 3);
	converse(level, in, in.len + 1, &whole);
	converse(level, in, 1 + data[0] / 3, &cut);
	if (whole.len < ANSWER_MAX)
		ASSERT(slice_eq(strbuf_slice(&whole), strbuf_slice(&cut)));
	strbuf_free(&whole);
	strbuf_free(&cut);
	return 0;
}
