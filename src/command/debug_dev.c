/* SPDX-License-Identifier: Apache-2.0
 *
 * debug dev: ways to make the running process fail, wait or talk, to see whether what should notice does: the watchdog, the
 * supervisor, log collectors, readers of core files. For admins in expert mode. One thread, which some of them hold up.
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/clock.h"
#include "core/log.h"
#include "proxy/command.h"

#define EXPERT .level = CLI_ADMIN, .mode = CLI_EXPERT
#define HOLD_MS_MAX 3600000
#define WRITE_MAX (1 << 30)

/* The first word as a number up to `most`, or `otherwise` when there is none. */
static bool take_number(struct cli *c, int64_t otherwise, int64_t most, int64_t *n)
{
	*n = otherwise;
	if (c->arg_count == 0)
		return true;
	if (!slice_to_i64(slice_of(c->args[0]), n) || *n < 0 || *n > most)
		return cli_refuse(c, "Expected a number from 0 to %" PRId64 ".", most);
	return true;
}

static bool exit_start(struct cli *c)
{
	int64_t status;

	if (!take_number(c, 0, 255, &status))
		return false;
	_exit((int)status);
}
COMMAND(debug_dev_exit) = {
	.keyword = "debug dev exit", .usage = "debug dev exit [<status>]", .text = "end the process at once", EXPERT, .start = exit_start,
};

static bool panic_start(struct cli *c)
{
	(void)c;
	abort();
}
COMMAND(debug_dev_panic) = {
	.keyword = "debug dev panic", .usage = "debug dev panic", .text = "abort, with a core file where those are written", EXPERT,
	.start = panic_start,
};

static bool delay_start(struct cli *c)
{
	int64_t ms;

	if (!take_number(c, 100, HOLD_MS_MAX, &ms))
		return false;
	for (uint64_t until_us = clock_read_us() + (uint64_t)ms * 1000, now_us; (now_us = clock_read_us()) < until_us;)
		usleep((useconds_t)(until_us - now_us < 500000 ? until_us - now_us : 500000));
	return true;
}
COMMAND(debug_dev_delay) = {
	.keyword = "debug dev delay", .usage = "debug dev delay [<ms>]", .text = "let this thread sleep so long", EXPERT,
	.start = delay_start,
};

static bool loop_start(struct cli *c)
{
	int64_t ms;

	if (!take_number(c, 100, HOLD_MS_MAX, &ms))
		return false;
	for (uint64_t until_us = clock_read_us() + (uint64_t)ms * 1000; clock_read_us() < until_us;)
		;
	return true;
}
COMMAND(debug_dev_loop) = {
	.keyword = "debug dev loop", .usage = "debug dev loop [<ms>]", .text = "let this thread compute so long", EXPERT,
	.start = loop_start,
};

static bool log_start(struct cli *c)
{
	struct strbuf text = STRBUF_EMPTY;

	for (int i = 0; i < c->arg_count; i++) {
		if (i)
			strbuf_add_byte(&text, ' ');
		strbuf_add_escaped(&text, slice_of(c->args[i]), '#', "");
	}
	log_send(NULL, true, &(struct log_message){ .level = LOG_LEVEL_DEBUG, .text = strbuf_slice(&text) });
	strbuf_free(&text);
	return true;
}
COMMAND(debug_dev_log) = {
	.keyword = "debug dev log", .usage = "debug dev log <text>", .text = "send this to the log of 'global', with level debug", EXPERT,
	.start = log_start,
};

static bool sym_start(struct cli *c)
{
	Dl_info known;

	if (c->arg_count == 0)
		return cli_refuse(c, "Expected an address.");
	uintptr_t at = (uintptr_t)strtoull(c->args[0], NULL, 16);
	if (at == 0 || !dladdr((void *)at, &known) || !known.dli_fname)
		return cli_refuse(c, "0x%" PRIxPTR ": no code is there.", at);
	strbuf_addf(&c->out, "0x%" PRIxPTR " is %s+0x%" PRIxPTR, at, known.dli_fname, at - (uintptr_t)known.dli_fbase);
	if (known.dli_sname)
		strbuf_addf(&c->out, " (%s+0x%" PRIxPTR ")", known.dli_sname, at - (uintptr_t)known.dli_saddr);
	strbuf_add_byte(&c->out, '\n');
	return true;
}
COMMAND(debug_dev_sym) = {
	.keyword = "debug dev sym", .usage = "debug dev sym <address>", .text = "tell what code is at an address", EXPERT,
	.start = sym_start,
};

/* The state is how many bytes are left. */
static bool write_start(struct cli *c)
{
	int64_t n;

	if (!take_number(c, 128, WRITE_MAX, &n))
		return false;
	c->state = (void *)(intptr_t)n;
	return true;
}

static enum command_result write_run(struct cli *c)
{
	static const char line[] = "123456789012345678901234567890123456789012345678901234567890123\n";
	size_t left = (size_t)(intptr_t)c->state, n = left < sizeof(line) - 1 ? left : sizeof(line) - 1;

	strbuf_add(&c->out, line, n);
	c->state = (void *)(left - n);
	return left == n ? COMMAND_DONE : COMMAND_MORE;
}
COMMAND(debug_dev_write) = {
	.keyword = "debug dev write", .usage = "debug dev write [<bytes>]", .text = "answer with so many bytes", EXPERT,
	.start = write_start, .run = write_run,
};
