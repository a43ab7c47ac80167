/* SPDX-License-Identifier: Apache-2.0
 *
 * The roof: command line, configuration, then the process that carries traffic, alone or as the
 * worker of a master. The order below is the order privileges allow: limits, sockets, background,
 * root directory and user, threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "background.h"
#include "boot.h"
#include "conf/diag.h"
#include "core/clock.h"
#include "core/registry.h"
#include "link.h"
#include "master_cli.h"
#include "conn/handover.h"
#include "proxy/advice.h"
#include "proxy/global.h"
#include "proxy/server_states.h"
#include "takeover.h"
#include "worker.h"

static bool bind_and_read(const struct options *o, bool replaces_others)
{
	if (!boot_read(o))
		return false;
	if (o->dump_classes && !leaves_dump(o->dump_classes))
		return false;
	if (o->check)
		return true;
	if (!proxies_have_listener()) {
		diag_say(DIAG_ALERT, "nothing listens: there is no enabled 'bind' line");
		return false;
	}
	if (!boot_limits(o) || (replaces_others && !takeover_fetch(o)))
		return false;
	if (worker_open(replaces_others ? takeover_patience(o) : 0)) {
		/* A worker that follows another one hears from it. */
		if (replaces_others)
			server_states_load();
		return true;
	}
	takeover_give_up();
	return false;
}

/* From here on the old processes may go: while there are still privileges to tell them. */
static bool replace_others(const struct options *o, bool replaces_others)
{
	if (replaces_others)
		takeover_finish(o);
	return boot_identity();
}

static void accepting_alone(void)
{
	inventory_free(); /* what we did not take is not to live on in our hands */
	background_ready();
}

static int serve_alone(const struct options *o)
{
	static const struct worker_events events = { .accepting = accepting_alone };

	if (!bind_and_read(o, true))
		return 1;
	if (o->check)
		return boot_check();
	/* In front no file is written: a trial run must not overwrite that of the service. */
	if (global.daemon && (!background_enter() || !background_write_pid(global.pidfile)))
		return 1;
	return replace_others(o, true) ? worker_run(&events) : 1;
}

static void worker_accepting(void)
{
	background_ready();
	link_say_accepting();
}

static int serve_master(const struct options *o)
{
	static const struct worker_events events = { .up = link_say_ready, .accepting = worker_accepting };

	if (!link_take_sockets())
		return 1;
	bool ok = bind_and_read(o, link_is_first()) && (!global.daemon || background_prepare()) && link_report_sockets();
	if (ok && replace_others(o, link_is_first()))
		return worker_run(&events);
	link_send_log();
	return 1;
}

static int be_master(const struct options *o, char **argv, int start_directory)
{
	setenv("HAPROXY_MWORKER", "1", 1);
	if ((global.daemon && !background_enter()) || !master_open(o, argv, start_directory) || !master_cli_open(o))
		return 1;
	return master_run();
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
	int start_directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (o.directory && chdir(o.directory) < 0) {
		diag_say(DIAG_ALERT, "cannot change to directory '%s': %s", o.directory, strerror(errno));
		return 1;
	}
	if (link_find())
		return serve_master(&o);
	boot_read_process_settings(&o);
	if (global.master_worker && !o.check)
		return be_master(&o, argv, start_directory);
	if (o.master_socket_count && !o.check && !o.foreground) {
		diag_say(DIAG_ALERT, "option '-S' belongs to a master: add -W");
		return 1;
	}
	close(start_directory);
	return serve_alone(&o);
}
