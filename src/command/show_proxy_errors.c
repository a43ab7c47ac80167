/* SPDX-License-Identifier: Apache-2.0
 *
 * show proxy-errors: the last connections whose PROXY header was wrong or missing, oldest first,
 * a line each. One thread; the ring has its lock.
 */
#include "proxy/command.h"
#include "proxy/pp_errors.h"

static enum command_result show_proxy_errors_run(struct cli *c)
{
	struct pp_error e;

	/* The number behind the last one said is all the state there is. */
	while (pp_errors_get((uint64_t)(uintptr_t)c->state, &e)) {
		if (c->out.len >= CLI_PIECE)
			return COMMAND_MORE;
		pp_error_line(&e, &c->out);
		strbuf_add_byte(&c->out, '\n');
		c->state = (void *)(uintptr_t)(e.number + 1);
	}
	return COMMAND_DONE;
}

COMMAND(show_proxy_errors) = {
	.keyword = "show proxy-errors", .usage = "show proxy-errors", .text = "show the last refused PROXY headers",
	.level = CLI_OPERATOR, .run = show_proxy_errors_run,
};
