/* SPDX-License-Identifier: Apache-2.0
 *
 * set rate-limit: other limits by the second on what the whole process takes on. Who waits looks again at once. Any thread.
 */
#include "base/assert.h"
#include "proxy/admission.h"
#include "proxy/cli_names.h"
#include "proxy/command.h"

static const char *const words[PROCESS_RATES] = { "connections", "sessions", "ssl-sessions" };

static bool set_rate_limit_start(struct cli *c)
{
	int64_t n;
	int which = 0;

	if (c->arg_count && strcmp(c->args[0], "http-compression") == 0)
		return cli_refuse(c, "usher does not compress: there is nothing to limit.");
	while (which < PROCESS_RATES && c->arg_count && strcmp(c->args[0], words[which]) != 0)
		which++;
	if (c->arg_count < 2 || which == PROCESS_RATES || strcmp(c->args[1], "global") != 0)
		return cli_refuse(c, "Expected: set rate-limit {connections|sessions|ssl-sessions} global <number>");
	if (c->arg_count < 3)
		return cli_refuse(c, "Expects an integer value.");
	if (!cli_take_number(c, c->args[2], INT32_MAX, &n))
		return false;
	admission_limit_rate((enum process_rate)which, n);
	return true;
}

COMMAND(set_rate_limit) = {
	.keyword = "set rate-limit", .usage = "set rate-limit <what> global <n>",
	.text = "change how much the process takes on in a second", .level = CLI_ADMIN, .start = set_rate_limit_start,
};
