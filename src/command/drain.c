/* SPDX-License-Identifier: Apache-2.0
 *
 * drain: begins what SIGUSR1 begins. In a worker the master is asked, since the service ends with it. Any thread.
 */
#include <signal.h>
#include <unistd.h>
#include "proxy/command.h"
#include "proxy/session.h"

static bool drain_start(struct cli *c)
{
	(void)c;
	if (process_drain)
		process_drain();
	else
		kill(getpid(), SIGUSR1);
	return true;
}
COMMAND(drain) = {
	.keyword = "drain", .usage = "drain", .text = "drain in stages and leave, as after SIGUSR1", .level = CLI_ADMIN,
	.scope = COMMAND_EVERYWHERE, .start = drain_start,
};
