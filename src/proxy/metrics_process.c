/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics of the process as a whole: `show info` under the names that HAProxy's exporter has for it. Any thread.
 */
#include "base/assert.h"
#include "proxy/info.h"
#include "proxy/metrics.h"

#define GAUGE "gauge"
#define COUNTER "counter"

static const struct fact {
	enum info_field field;
	const char *type, *name;
} facts[] = {
	{ INFO_NBTHREAD, GAUGE, "nbthread" },
	{ INFO_NBPROC, GAUGE, "nbproc" },
	{ INFO_PROCESS_NUM, GAUGE, "relative_process_id" },
	{ INFO_UPTIME_SEC, GAUGE, "uptime_seconds" },
	{ INFO_POOLFAILED, COUNTER, "pool_failures_total" },
	{ INFO_ULIMIT_N, GAUGE, "max_fds" },
	{ INFO_MAXSOCK, GAUGE, "max_sockets" },
	{ INFO_MAXCONN, GAUGE, "max_connections" },
	{ INFO_HARD_MAXCONN, GAUGE, "hard_max_connections" },
	{ INFO_CURRCONNS, GAUGE, "current_connections" },
	{ INFO_CUMCONNS, COUNTER, "connections_total" },
	{ INFO_CUMREQ, COUNTER, "requests_total" },
	{ INFO_MAXSSLCONNS, GAUGE, "max_ssl_connections" },
	{ INFO_CURRSSLCONNS, GAUGE, "current_ssl_connections" },
	{ INFO_CUMSSLCONNS, COUNTER, "ssl_connections_total" },
	{ INFO_MAXPIPES, GAUGE, "max_pipes" },
	{ INFO_PIPESUSED, COUNTER, "pipes_used_total" },
	{ INFO_PIPESFREE, COUNTER, "pipes_free_total" },
	{ INFO_CONNRATE, GAUGE, "current_connection_rate" },
	{ INFO_CONNRATELIMIT, GAUGE, "limit_connection_rate" },
	{ INFO_MAXCONNRATE, GAUGE, "max_connection_rate" },
	{ INFO_SESSRATE, GAUGE, "current_session_rate" },
	{ INFO_SESSRATELIMIT, GAUGE, "limit_session_rate" },
	{ INFO_MAXSESSRATE, GAUGE, "max_session_rate" },
	{ INFO_SSLRATE, GAUGE, "current_ssl_rate" },
	{ INFO_SSLRATELIMIT, GAUGE, "limit_ssl_rate" },
	{ INFO_MAXSSLRATE, GAUGE, "max_ssl_rate" },
	{ INFO_SSLFEKEYRATE, GAUGE, "current_frontend_ssl_key_rate" },
	{ INFO_SSLFEMAXKEYRATE, GAUGE, "max_frontend_ssl_key_rate" },
	{ INFO_SSLFEREUSE, GAUGE, "frontend_ssl_reuse" },
	{ INFO_SSLBEKEYRATE, GAUGE, "current_backend_ssl_key_rate" },
	{ INFO_SSLBEMAXKEYRATE, GAUGE, "max_backend_ssl_key_rate" },
	{ INFO_SSLCACHELOOKUPS, COUNTER, "ssl_cache_lookups_total" },
	{ INFO_SSLCACHEMISSES, COUNTER, "ssl_cache_misses_total" },
	{ INFO_COMPRESSBPSIN, COUNTER, "http_comp_bytes_in_total" },
	{ INFO_COMPRESSBPSOUT, COUNTER, "http_comp_bytes_out_total" },
	{ INFO_COMPRESSBPSLIM, GAUGE, "limit_http_comp" },
	{ INFO_ZLIBUSAGE, GAUGE, "current_zlib_memory" },
	{ INFO_ZLIBMAX, GAUGE, "max_zlib_memory" },
	{ INFO_TASKS, GAUGE, "current_tasks" },
	{ INFO_RUN_QUEUE, GAUGE, "current_run_queue" },
	{ INFO_IDLE_PCT, GAUGE, "idle_time_percent" },
	{ INFO_STOPPING, GAUGE, "stopping" },
	{ INFO_JOBS, GAUGE, "jobs" },
	{ INFO_UNSTOPPABLE, GAUGE, "unstoppable_jobs" },
	{ INFO_LISTENERS, GAUGE, "listeners" },
	{ INFO_ACTIVEPEERS, GAUGE, "active_peers" },
	{ INFO_CONNECTEDPEERS, GAUGE, "connected_peers" },
	{ INFO_DROPPEDLOGS, COUNTER, "dropped_logs_total" },
	{ INFO_BUSYPOLLING, GAUGE, "busy_polling_enabled" },
	{ INFO_FAILEDRESOL, COUNTER, "failed_resolutions" },
	{ INFO_BYTESOUT, COUNTER, "bytes_out_total" },
	{ INFO_SPLICEDOUT, COUNTER, "spliced_bytes_out_total" },
	{ INFO_BYTESOUTRATE, GAUGE, "bytes_out_rate" },
	{ INFO_RECVLOGS, COUNTER, "recv_logs_total" },
	{ INFO_BUILD, GAUGE, "build_info" },
	{ INFO_MEMMAX, GAUGE, "max_memory_bytes" },
	{ INFO_POOLALLOC, GAUGE, "pool_allocated_bytes" },
	{ INFO_POOLUSED, GAUGE, "pool_used_bytes" },
	{ INFO_START_TIME, GAUGE, "start_time_seconds" },
};

bool metrics_next_process(struct metrics_walk *w, struct strbuf *out)
{
	struct info info;

	if (w->at)
		return false;
	w->at++;
	info_fill(&info);
	for (size_t i = 0; i < COUNT_OF(facts); i++) {
		const struct fact *f = &facts[i];
		const struct stats_value *v = &info.values[f->field];
		static const struct stats_value one = { .type = STATS_U32, .u = 1 }, zero = { .type = STATS_U32 };
		if (!metrics_wanted(&w->filter, "haproxy_process_", f->name))
			continue;
		metrics_head(out, "haproxy_process_", f->name, f->type, info_fields[f->field].text);
		strbuf_addf(out, "haproxy_process_%s", f->name);
		if (v->type == STATS_STR) {
			strbuf_add_byte(out, '{');
			metrics_label(out, "version", v->s);
			strbuf_add_byte(out, '}');
			v = &one;
		}
		metrics_value(out, v->type == STATS_NONE ? &zero : v); /* what is not there does not happen: sums stay numbers */
	}
	return true;
}
