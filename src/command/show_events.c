/* SPDX-License-Identifier: Apache-2.0
 *
 * show events: where log lines go, and how many of them were lost on the way. One thread; what it reads is atomics.
 */
#include <inttypes.h>
#include "core/log_sink.h"
#include "proxy/command.h"

static void add_sinks(struct strbuf *out)
{
	struct log_sink_report r;

	strbuf_add_str(out, "Supported events sinks are listed below.\n");
	for (unsigned n = 0; log_sink_report(n, &r); n++) {
		strbuf_addf(out, "    %-10s : type=%s, %" PRIu64 " dropped, ", r.address, r.kind, r.dropped);
		if (r.fd >= 0)
			strbuf_addf(out, "log target (fd#%d)\n", r.fd);
		else
			strbuf_add_str(out, "log target (not open)\n");
	}
}

static bool show_events_start(struct cli *c)
{
	struct log_sink_report r;
	unsigned n = 0;

	if (c->arg_count == 0) {
		add_sinks(&c->out);
		return true;
	}
	while (log_sink_report(n, &r) && strcmp(r.address, c->args[0]) != 0)
		n++;
	if (!log_sink_report(n, &r))
		return cli_refuse(c, "No such event sink");
	return cli_refuse(c, "Nothing to report for this sink");
}

COMMAND(show_events) = {
	.keyword = "show events", .usage = "show events [<sink>]", .text = "show where log lines go and how many were lost",
	.level = CLI_OPERATOR, .start = show_events_start,
};
