/* SPDX-License-Identifier: Apache-2.0
 *
 * show threads: how each thread is at this moment, in HAProxy's shape. It reads atomics and clocks and asks
 * no thread, so that those which are stuck are told of as well. One thread.
 */
#include <inttypes.h>
#include <time.h>
#include "core/thread.h"
#include "core/watchdog.h"
#include "proxy/command.h"

static uint64_t cpu_ns(clockid_t clock)
{
	struct timespec t;

	if (clock == 0 || clock_gettime(clock, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void add_thread(struct strbuf *out, int id)
{
	const struct loop *l = &thread_loops[id];
	int tid = __atomic_load_n(&l->tid, __ATOMIC_RELAXED);
	bool asleep = __atomic_load_n(&l->asleep, __ATOMIC_RELAXED);
	unsigned queued = __atomic_load_n(&l->tasks_queued, __ATOMIC_RELAXED), stuck_ms = watchdog_stuck_ms(id);

	strbuf_addf(out, "%c Thread %-2d: id=0x%x act=%d rq=%d rqsz=%u tid=%d\n", stuck_ms ? '>' : id == thread_id ? '*' : ' ', id + 1,
		(unsigned)tid, !asleep, queued != 0, queued, tid);
	strbuf_addf(out, "      1/%-4d stuck=%d harmless=%d stuck_ms=%u\n", id + 1, stuck_ms != 0, asleep, stuck_ms);
	strbuf_addf(out, "             cpu_ns: now=%" PRIu64 "\n", cpu_ns((clockid_t)__atomic_load_n(&l->cpu_clock, __ATOMIC_RELAXED)));
	strbuf_addf(out, "             loops=%" PRIu64 " loop_us=%u idle=%u%%\n", __atomic_load_n(&l->turns, __ATOMIC_RELAXED),
		__atomic_load_n(&l->turn_us, __ATOMIC_RELAXED), __atomic_load_n(&l->idle_percent, __ATOMIC_RELAXED));
}

static bool show_threads_start(struct cli *c)
{
	for (int id = 0; id < thread_count; id++)
		add_thread(&c->out, id);
	return true;
}

COMMAND(show_threads) = {
	.keyword = "show threads", .usage = "show threads", .text = "show how each thread is", .start = show_threads_start,
};
