/* SPDX-License-Identifier: Apache-2.0
 *
 * The roof: command line, configuration, then the process that carries traffic. The order below is
 * the order privileges allow: limits, sockets, background, root directory and user, threads.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "background.h"
#include "boot.h"
#include "conf/diag.h"
#include "core/clock.h"
#include "core/registry.h"
#include "proxy/global.h"
#include "proxy/advice.h"
#include "worker.h"

static int serve(const struct options *o)
{
	if (!proxies_have_listener()) {
		diag_say(DIAG_ALERT, "nothing listens: there is no enabled 'bind' line");
		return 1;
	}
	if (!boot_limits(o) || !worker_open(0))
		return 1;
	if ((global.daemon && !background_enter()) || !background_write_pid(global.pidfile))
		return 1;
	boot_relieve(o);
	if (!boot_identity())
		return 1;
	static const struct worker_events events = { .accepting = background_ready };
	return worker_run(&events);
}

int main(int argc, char **argv)
{
	static struct options o; /* its lists live as long as the process */

	background_reserve_stdio();
	clock_update();
	registries_open();
	facts_open();
	int status = options_parse(argc, argv, &o);
	if (status != OPTIONS_RUN)
		return status;
	boot_before_reading(&o);
	if (o.directory && chdir(o.directory) < 0) {
		diag_say(DIAG_ALERT, "cannot change to directory '%s': %s", o.directory, strerror(errno));
		return 1;
	}
	if (!boot_read(&o))
		return 1;
	if (o.dump_classes && !leaves_dump(o.dump_classes))
		return 1;
	return o.check ? boot_check() : serve(&o);
}
