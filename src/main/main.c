/* SPDX-License-Identifier: Apache-2.0
 *
 * The roof: command line, configuration, then the process that carries traffic.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "conf/diag.h"
#include "conf/reader.h"
#include "core/clock.h"
#include "core/registry.h"
#include "options.h"
#include "process.h"
#include "worker.h"
#include "proxy/advice.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

static bool read_configuration(const struct options *o)
{
	for (int i = 0; i < o->file_count; i++)
		conf_read_path(o->files[i]);
	conf_read_finish();
	/* Names are looked up even after faults, so that all of them show in one run. */
	if (proxies_resolve() && !diag_state.alerts)
		proxies_advise();
	process_merge(o);
	return diag_state.alerts == 0 && !(global.zero_warning && diag_state.warnings);
}

static int refuse(void)
{
	if (diag_state.alerts)
		diag_say(DIAG_ALERT, "config : Fatal errors found in configuration.");
	else
		diag_say(DIAG_ALERT, "config : Some warnings were found and 'zero-warning' is set. Aborting.");
	return 1;
}

int main(int argc, char **argv)
{
	static struct options o; /* its lists live as long as the process */

	clock_update();
	registries_open();
	facts_open();
	int status = options_parse(argc, argv, &o);
	if (status != OPTIONS_RUN)
		return status;
	diag_state.quiet = o.quiet;
	diag_state.diag = o.diag;
	global.localpeer_fixed = o.localpeer != NULL;
	options_export(&o);
	if (o.directory && chdir(o.directory) < 0) {
		diag_say(DIAG_ALERT, "cannot change to directory '%s'", o.directory);
		return 1;
	}
	if (!read_configuration(&o))
		return refuse();
	if (o.dump_classes && !leaves_dump(o.dump_classes))
		return 1;
	if (o.check) {
		bool listens = proxies_have_listener();
		if (!o.quiet)
			puts(listens ? "Configuration file is valid" : "Configuration file has no error but nothing listens: it will not start");
		return listens ? 0 : 2;
	}
	if (!proxies_have_listener()) {
		diag_say(DIAG_ALERT, "nothing listens: there is no enabled 'bind' line");
		return 1;
	}
	if (!process_set_limits(&o) || !worker_open() || !process_detach())
		return 1;
	process_relieve(&o);
	if (!process_become())
		return 1;
	return worker_run();
}
