/* SPDX-License-Identifier: Apache-2.0
 *
 * show activity: what the threads' loops have been about, a line for each figure: the sum, or the mean of what
 * cannot be added up, and in brackets every thread's. The names are HAProxy's where the figure is. What it
 * reads is atomics: a thread that is stuck is told of like any other. One thread.
 */
#include <inttypes.h>
#include <stddef.h>
#include "core/clock.h"
#include "core/thread.h"
#include "proxy/command.h"
#include "proxy/proxy.h"

#define OF_LOOP(name, field)                                           \
	static uint64_t name(int thread)                               \
	{                                                              \
		return __atomic_load_n(&thread_loops[thread].field, __ATOMIC_RELAXED); \
	}
OF_LOOP(turns, turns)
OF_LOOP(events, events)
OF_LOOP(tasks_woken, tasks_woken)
OF_LOOP(tasks_queued, tasks_queued)
OF_LOOP(turns_awake, turns_awake)
OF_LOOP(polls_with_events, polls_with_events)
OF_LOOP(polls_in_vain, polls_in_vain)
OF_LOOP(turn_us, turn_us)
OF_LOOP(idle_percent, idle_percent)

static uint64_t calls(int thread)
{
	return tasks_woken(thread) + events(thread);
}

static uint64_t asleep(int thread)
{
	return __atomic_load_n(&thread_loops[thread].asleep, __ATOMIC_RELAXED) != 0;
}

static uint64_t accepted(int thread)
{
	const struct proxy *px;
	uint64_t sum = 0;

	TAILQ_FOREACH(px, &proxies, link)
		if (px->caps & PROXY_FE)
			sum += counters_of_thread(&px->fe, thread, offsetof(struct counters, conn));
	return sum;
}

static const struct {
	const char *name;
	uint64_t (*get)(int thread);
	bool is_mean;
} figures[] = {
	{ "ctxsw", calls, false },
	{ "tasksw", tasks_woken, false },
	{ "loops", turns, false },
	{ "wake_tasks", turns_awake, false },
	{ "poll_io", polls_with_events, false },
	{ "poll_exp", polls_in_vain, false },
	{ "avg_loop_us", turn_us, true },
	{ "accepted", accepted, false },
	/* usher's own */
	{ "fd_events", events, false },
	{ "tasks_queued", tasks_queued, false },
	{ "idle_percent", idle_percent, true },
	{ "asleep", asleep, false },
};

static bool show_activity_start(struct cli *c)
{
	struct timeval now = clock_wall_at(clock_now_us);

	strbuf_addf(&c->out, "thread_id: %d (1..%d)\ndate_now: %lld.%06ld\n", thread_id + 1, thread_count, (long long)now.tv_sec,
		(long)now.tv_usec);
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		uint64_t each[THREADS_MAX], sum = 0;
		for (int t = 0; t < thread_count; t++)
			sum += each[t] = figures[i].get(t);
		strbuf_addf(&c->out, "%s: %" PRIu64 " [", figures[i].name, figures[i].is_mean ? sum / (uint64_t)thread_count : sum);
		for (int t = 0; t < thread_count; t++)
			strbuf_addf(&c->out, " %" PRIu64, each[t]);
		strbuf_add_str(&c->out, " ]\n");
	}
	return true;
}

COMMAND(show_activity) = {
	.keyword = "show activity", .usage = "show activity", .text = "show what the threads' loops have been about",
	.start = show_activity_start,
};
