/* SPDX-License-Identifier: Apache-2.0
 *
 * What a process knows of itself: hostname, pid, proc, nbproc, thread, tgroup, uptime, env(), and how busy its loops
 * are. Any thread.
 */
#include "rule/fetch.h"

#include <stdlib.h>
#include <unistd.h>
#include "core/clock.h"
#include "core/thread.h"
#include "rule/boot.h"

static bool hostname_check(struct args *a, struct strbuf *err)
{
	char name[256];

	(void)err;
	if (gethostname(name, sizeof(name)) != 0)
		name[0] = 0;
	name[sizeof(name) - 1] = 0;
	a->v[0].str = boot_copy(slice_of(name));
	return true;
}

static bool env_check(struct args *a, struct strbuf *err)
{
	const char *value = getenv(a->v[0].str.ptr);

	(void)err;
	/* Read once: the environment is the process's, as it was when it started. */
	a->priv = value ? (void *)boot_copy(slice_of(value)).ptr : NULL;
	a->v[0].str = slice_of(a->priv);
	return true;
}

static enum eval_result hostname_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)ev;
	*out = value_str(a->v[0].str);
	return EVAL_OK;
}

static enum eval_result env_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)ev;
	*out = value_str(a->v[0].str);
	return a->priv ? EVAL_OK : EVAL_NONE;
}

static enum eval_result pid_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_int(getpid());
	return EVAL_OK;
}

static enum eval_result one_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_int(1);
	return EVAL_OK;
}

static enum eval_result thread_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_int(thread_id);
	return EVAL_OK;
}

static enum eval_result uptime_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_int((int64_t)(clock_now_ms - clock_start_ms) / 1000);
	return EVAL_OK;
}

static int busy_percent(const struct loop *l)
{
	return 100 - (int)__atomic_load_n(&l->idle_percent, __ATOMIC_RELAXED);
}

static enum eval_result busy_here_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a, (void)ev;
	*out = value_int(loop_self ? busy_percent(loop_self) : 0);
	return loop_self ? EVAL_OK : EVAL_NONE;
}

static enum eval_result busy_all_get(const struct args *a, struct eval *ev, struct value *out)
{
	int sum = 0;

	(void)a, (void)ev;
	for (int i = 0; thread_loops && i < thread_count; i++)
		sum += busy_percent(&thread_loops[i]);
	*out = value_int(sum / thread_count);
	return thread_loops ? EVAL_OK : EVAL_NONE;
}

FETCH(hostname) = { .keyword = "hostname", .usage = "hostname", .type = VALUE_STR, .phases = PHASE_ANY,
	.check = hostname_check, .get = hostname_get };
FETCH(env) = { .keyword = "env", .usage = "env(<name>)", .args = "s", .type = VALUE_STR, .phases = PHASE_ANY,
	.check = env_check, .get = env_get };
FETCH(pid) = { .keyword = "pid", .usage = "pid", .type = VALUE_INT, .phases = PHASE_ANY, .get = pid_get };
/* There is one worker process and one thread group. */
FETCH(proc) = { .keyword = "proc", .usage = "proc", .type = VALUE_INT, .phases = PHASE_ANY, .get = one_get };
FETCH(nbproc) = { .keyword = "nbproc", .usage = "nbproc", .type = VALUE_INT, .phases = PHASE_ANY, .get = one_get };
FETCH(tgroup) = { .keyword = "tgroup", .usage = "tgroup", .type = VALUE_INT, .phases = PHASE_ANY, .get = one_get };
FETCH(thread) = { .keyword = "thread", .usage = "thread", .type = VALUE_INT, .phases = PHASE_ANY, .get = thread_get };
FETCH(uptime) = { .keyword = "uptime", .usage = "uptime", .type = VALUE_INT, .phases = PHASE_ANY & ~PHASE_CONF, .get = uptime_get };
#define BUSY(name, fn) \
	FETCH(name) = { .keyword = #name, .usage = #name, .type = VALUE_INT, .phases = PHASE_ANY & ~PHASE_CONF, .get = fn }
BUSY(cpu_usage_thr, busy_here_get);
BUSY(cpu_usage_grp, busy_all_get);
BUSY(cpu_usage_proc, busy_all_get);
