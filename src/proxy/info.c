/* SPDX-License-Identifier: Apache-2.0
 *
 * The process's facts, gathered when somebody asks. Any thread.
 */
#include "proxy/info.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "core/clock.h"
#include "core/log.h"
#include "proxy/admission.h"
#include "proxy/global.h"
#include "proxy/pump.h"
#include "proxy/session.h"
#include "proxy/tls_accept.h"

const struct stats_field info_fields[INFO_FIELD_COUNT] = {
#define X(id, name, nature, type, text) { name, nature, STATS_##type, text },
	INFO_FIELDS(X)
#undef X
};

static void put_u(struct info *i, enum info_field f, uint64_t v)
{
	i->values[f] = (struct stats_value){ .type = info_fields[f].type, .u = v };
}

static void put_s(struct info *i, enum info_field f, const char *v)
{
	i->values[f] = (struct stats_value){ .type = STATS_STR, .s = v };
}

static uint64_t resource_limit(int which)
{
	struct rlimit r;

	return getrlimit((__rlimit_resource_t)which, &r) < 0 || r.rlim_cur == RLIM_INFINITY ? 0 : (uint64_t)r.rlim_cur;
}

/* The day of the build, which SOURCE_DATE_EPOCH sets: "2026/11/21". Terminal monitors insist on having one. */
static const char *release_date(void)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec", built[] = __DATE__; /* "Nov  1 2026" */
	static __thread char text[32];
	int month = 0;

	while (month < 11 && memcmp(months + 3 * month, built, 3) != 0)
		month++;
	snprintf(text, sizeof(text), "%.4s/%02d/%02d", built + 7, month + 1, atoi(built + 4));
	return text;
}

static void put_process(struct info *i)
{
	uint64_t up = (clock_now_ms - clock_start_ms) / 1000;

	put_s(i, INFO_NAME, "usher");
	put_s(i, INFO_VERSION, USHER_VERSION);
	put_s(i, INFO_BUILD, USHER_VERSION);
	put_s(i, INFO_RELEASE_DATE, release_date());
	put_u(i, INFO_NBTHREAD, (uint64_t)thread_count);
	put_u(i, INFO_NBPROC, 1);
	put_u(i, INFO_PROCESS_NUM, 1);
	put_u(i, INFO_PID, (uint64_t)getpid());
	snprintf(i->uptime, sizeof(i->uptime), "%ud %uh%02um%02us", (unsigned)(up / 86400), (unsigned)(up / 3600 % 24),
		(unsigned)(up / 60 % 60), (unsigned)(up % 60));
	put_s(i, INFO_UPTIME, i->uptime);
	put_u(i, INFO_UPTIME_SEC, up);
	put_u(i, INFO_START_TIME, (uint64_t)clock_wall_at(clock_start_ms * 1000).tv_sec);
	put_s(i, INFO_NODE, global_node(i->node));
	if (global.description)
		put_s(i, INFO_DESCRIPTION, global.description);
	put_u(i, INFO_STOPPING, __atomic_load_n(&process_stopping, __ATOMIC_RELAXED));
	put_s(i, INFO_TAINTED, "0");
}

static void put_limits(struct info *i)
{
	struct mallinfo2 m = mallinfo2();
	uint64_t memory = resource_limit(RLIMIT_AS), fds = resource_limit(RLIMIT_NOFILE);
	uint64_t taken = m.arena + m.hblkhd, used = m.uordblks + m.hblkhd;

	put_u(i, INFO_MEMMAX_MB, memory >> 20);
	put_u(i, INFO_MEMMAX, memory);
	put_u(i, INFO_POOLALLOC_MB, taken >> 20);
	put_u(i, INFO_POOLALLOC, taken);
	put_u(i, INFO_POOLUSED_MB, used >> 20);
	put_u(i, INFO_POOLUSED, used);
	put_u(i, INFO_ULIMIT_N, fds);
	put_u(i, INFO_MAXSOCK, fds);
	put_u(i, INFO_MAXCONN, (uint64_t)__atomic_load_n(&global.maxconn, __ATOMIC_RELAXED));
	put_u(i, INFO_HARD_MAXCONN, (uint64_t)global.hard_maxconn);
	put_u(i, INFO_MAXPIPES, 0);
	uint64_t pipes_used, pipes_spare;
	pump_pipes_count(&pipes_used, &pipes_spare);
	put_u(i, INFO_PIPESUSED, pipes_used);
	put_u(i, INFO_PIPESFREE, pipes_spare);
}

static void put_traffic(struct info *i)
{
	const struct proxy *px;
	const struct listener *l;
	struct counters c;
	uint64_t conns = 0, requests = 0, out = 0, served = 0, listening = 0;

	TAILQ_FOREACH(px, &proxies, link) {
		counters_sum(&px->fe, &c);
		conns += c.conn;
		requests += c.req_total;
		out += c.bytes_out;
		served += gauge_now(&px->fe_conns);
		counters_sum(&px->be, &c);
		out += c.bytes_in;
		TAILQ_FOREACH(l, &px->listeners, link)
			listening += l->group.n > 0;
	}
	put_u(i, INFO_CURRCONNS, gauge_now(&process_conns));
	put_u(i, INFO_CUMCONNS, conns);
	put_u(i, INFO_CUMREQ, requests);
	put_u(i, INFO_CONNRATE, rate_read(&process_conn_rate));
	put_u(i, INFO_CONNRATELIMIT, process_rate_limit(PROCESS_RATE_CONN));
	put_u(i, INFO_MAXCONNRATE, __atomic_load_n(&process_conn_rate.max, __ATOMIC_RELAXED));
	put_u(i, INFO_SESSRATE, rate_read(&process_sess_rate));
	put_u(i, INFO_SESSRATELIMIT, process_rate_limit(PROCESS_RATE_SESS));
	put_u(i, INFO_MAXSESSRATE, __atomic_load_n(&process_sess_rate.max, __ATOMIC_RELAXED));
	put_u(i, INFO_TASKS, served);
	put_u(i, INFO_JOBS, served + listening);
	put_u(i, INFO_UNSTOPPABLE, 0);
	put_u(i, INFO_LISTENERS, listening);
	put_u(i, INFO_DROPPEDLOGS, log_dropped());
	put_u(i, INFO_BUSYPOLLING, 0);
	put_u(i, INFO_BYTESOUT, out);
	put_u(i, INFO_SSLBEKEYRATE, rate_read(&tls_server_keys));
	put_u(i, INFO_SSLBEMAXKEYRATE, __atomic_load_n(&tls_server_keys.max, __ATOMIC_RELAXED));
}

static void put_tls(struct info *i)
{
	uint64_t lookups, misses, all = rate_read(&tls_accept_rate), keys = rate_read(&tls_accept_key_rate);

	tls_fronts_count_lookups(&lookups, &misses);
	put_u(i, INFO_MAXSSLCONNS, (uint64_t)global.max_tls_conns);
	put_u(i, INFO_CURRSSLCONNS, __atomic_load_n(&tls_now, __ATOMIC_RELAXED));
	put_u(i, INFO_CUMSSLCONNS, __atomic_load_n(&tls_total, __ATOMIC_RELAXED));
	put_u(i, INFO_SSLRATE, all);
	put_u(i, INFO_SSLRATELIMIT, (uint64_t)process_rate_limit(PROCESS_RATE_TLS));
	put_u(i, INFO_MAXSSLRATE, __atomic_load_n(&tls_accept_rate.max, __ATOMIC_RELAXED));
	put_u(i, INFO_SSLFEKEYRATE, keys);
	put_u(i, INFO_SSLFEMAXKEYRATE, __atomic_load_n(&tls_accept_key_rate.max, __ATOMIC_RELAXED));
	put_u(i, INFO_SSLFEREUSE, all > keys ? 100 * (all - keys) / all : 0);
	put_u(i, INFO_SSLCACHELOOKUPS, lookups);
	put_u(i, INFO_SSLCACHEMISSES, misses);
}

static void put_threads(struct info *i)
{
	uint64_t idle = 0, queued = 0;

	for (int t = 0; t < thread_count; t++) {
		idle += __atomic_load_n(&thread_loops[t].idle_percent, __ATOMIC_RELAXED);
		queued += __atomic_load_n(&thread_loops[t].tasks_queued, __ATOMIC_RELAXED);
	}
	put_u(i, INFO_IDLE_PCT, idle / (uint64_t)thread_count);
	put_u(i, INFO_RUN_QUEUE, queued);
}

void info_fill(struct info *i)
{
	memset(i, 0, sizeof(*i));
	put_process(i);
	put_limits(i);
	put_traffic(i);
	put_tls(i);
	put_threads(i);
}
