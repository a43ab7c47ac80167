/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads and the processors they run on. Start-up only.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "core/cpu.h"
#include "proxy/global.h"

KEYWORD(global_nbthread) = {
	.keyword = "nbthread", .usage = "nbthread <number>", .where = IN_GLOBAL, .type = SETTING_INT,
	.offset = offsetof(struct global, nbthread), .min = 1, .max = THREADS_MAX,
};

/* Marked numbers, of threads or of processors. */
struct marks {
	bool on[CPU_SETSIZE > THREADS_MAX ? CPU_SETSIZE : THREADS_MAX];
	int count;
	bool open; /* written as "all", "2-" and so on: as many as there are */
};

static void marks_set(struct marks *m, int from, int to)
{
	for (int i = from; i <= to; i++) {
		m->count += !m->on[i];
		m->on[i] = true;
	}
}

/* "3", "1-4", "2-": two bounds within [low, high]. */
static bool range_read(struct slice s, int low, int high, struct marks *out)
{
	uint64_t a, b;
	ptrdiff_t dash = slice_find_byte(s, '-');
	if (!slice_to_u64(dash < 0 ? s : slice_make(s.ptr, (size_t)dash), &a))
		return false;
	b = a;
	if (dash >= 0) {
		s = slice_from(s, (size_t)dash + 1);
		b = (uint64_t)high;
		if (s.len && !slice_to_u64(s, &b))
			return false;
		out->open |= !s.len;
	}
	if (a > b || a < (uint64_t)low || b > (uint64_t)high)
		return false;
	/* Threads count from 1, marks from 0. */
	marks_set(out, (int)a - low, (int)b - low);
	return true;
}

/* "all", "odd", "even" or a range, of threads counted from 1. */
static bool threads_read(struct slice s, struct marks *out)
{
	bool odd = slice_is(s, "odd"), even = slice_is(s, "even");
	if (!odd && !even && !slice_is(s, "all"))
		return range_read(s, 1, THREADS_MAX, out);
	for (int i = even; i < THREADS_MAX; i += odd || even ? 2 : 1)
		marks_set(out, i, i);
	out->open = true;
	return true;
}

/* One word of processors: ranges, perhaps several with commas. */
static bool cpus_read(struct slice s, struct marks *out)
{
	for (;;) {
		ptrdiff_t comma = slice_find_byte(s, ',');
		if (!range_read(comma < 0 ? s : slice_make(s.ptr, (size_t)comma), 0, CPU_SETSIZE - 1, out))
			return false;
		if (comma < 0)
			return true;
		s = slice_from(s, (size_t)comma + 1);
	}
}

/* Each marked thread gets all marked processors, or with `one_each` the next of them. */
static void map_apply(struct cpu_map *map, const struct marks *threads, const struct marks *cpus, bool one_each)
{
	int next = 0;
	for (int t = 0; t < THREADS_MAX; t++) {
		if (!threads->on[t])
			continue;
		CPU_ZERO(&map->thread[t]);
		if (one_each) {
			while (next < CPU_SETSIZE && !cpus->on[next])
				next++;
			if (next < CPU_SETSIZE)
				CPU_SET(next++, &map->thread[t]);
			continue;
		}
		for (int c = 0; c < CPU_SETSIZE; c++) {
			if (cpus->on[c])
				CPU_SET(c, &map->thread[t]);
		}
	}
}

/* "1", "1/1-4", "all/odd": the group must hold 1, the only one there is; all its threads are meant without a "/". */
static bool place_read(struct conf_line *l, struct slice place, struct marks *threads, bool *ours)
{
	struct marks groups = { 0 };
	ptrdiff_t slash = slice_find_byte(place, '/');
	if (!threads_read(slash < 0 ? place : slice_make(place.ptr, (size_t)slash), &groups))
		return conf_fail(l, "expected a thread group such as 1, or all, then perhaps a slash and threads");
	*ours = groups.on[0];
	if (!threads_read(slash < 0 ? SLICE("all") : slice_from(place, (size_t)slash + 1), threads))
		return conf_fail(l, "expected threads behind the slash: all, odd, even, or a range from 1 to %d", THREADS_MAX);
	return true;
}

static bool cpu_map_parse(struct conf_line *l, void *owner)
{
	struct global *g = owner;
	struct marks threads = { 0 }, cpus = { 0 };
	bool ours = false;
	const char *word = conf_need(l, "[auto:]<group>[/<threads>]");
	if (!word)
		return false;
	bool one_each = slice_starts(slice_of(word), SLICE("auto:"));
	if (!place_read(l, slice_from(slice_of(word), one_each ? 5 : 0), &threads, &ours))
		return false;
	if (!conf_peek(l))
		return conf_fail(l, "expected processors, such as 0-3");
	while ((word = conf_take(l))) {
		if (!cpus_read(slice_of(word), &cpus))
			return conf_fail(l, "expected processors from 0 to %d, such as 2 or 0-3", CPU_SETSIZE - 1);
	}
	if (one_each && !threads.open && !cpus.open && threads.count != cpus.count)
		return conf_fail(l, "auto: needs as many processors as threads, here are %d and %d", cpus.count, threads.count);
	if (!ours)
		return true;
	if (!g->cpu_map) {
		g->cpu_map = calloc(1, sizeof(*g->cpu_map));
		ASSERT(g->cpu_map);
	}
	map_apply(g->cpu_map, &threads, &cpus, one_each);
	return true;
}

KEYWORD(global_cpu_map) = {
	.keyword = "cpu-map", .usage = "cpu-map [auto:]<group>[/<threads>] <processors>...", .where = IN_GLOBAL, .parse = cpu_map_parse,
};
