/* SPDX-License-Identifier: Apache-2.0
 *
 * Process limits by setrlimit().
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include "core/limits.h"

#define FDS_MAX (INT64_C(1) << 30)
#define FDS_UNASKED (INT64_C(1) << 20) /* "unlimited" and the billion of some systems are not to be taken by default */

static int64_t fds_clamp(rlim_t n)
{
	return n == RLIM_INFINITY || n > (rlim_t)FDS_MAX ? FDS_MAX : (int64_t)n;
}

static int64_t fds_needed(int64_t maxconn, int64_t other_fds)
{
	return 2 * maxconn + other_fds;
}

/* The limit after the attempt to reach `wanted`; an administrator's process may raise the hard limit too. */
static int64_t fds_raise(int64_t wanted, struct rlimit now)
{
	struct rlimit want = now;
	if (fds_clamp(now.rlim_cur) == wanted)
		return wanted;
	want.rlim_cur = (rlim_t)wanted;
	if (fds_clamp(now.rlim_max) < wanted)
		want.rlim_max = (rlim_t)wanted;
	if (setrlimit(RLIMIT_NOFILE, &want) == 0)
		return wanted;
	want = now;
	want.rlim_cur = now.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &want) == 0 ? fds_clamp(now.rlim_max) : fds_clamp(now.rlim_cur);
}

bool limits_set_fds(struct limits *l, int64_t *needed)
{
	struct rlimit now;
	if (getrlimit(RLIMIT_NOFILE, &now) != 0)
		now.rlim_cur = now.rlim_max = 1024;
	int64_t most = l->fd_hard_limit && l->fd_hard_limit < FDS_MAX ? l->fd_hard_limit : FDS_MAX;
	int64_t wanted = l->fds;
	if (!wanted && l->maxconn)
		wanted = fds_needed(l->maxconn, l->other_fds);
	if (!wanted) /* neither is given: all that can be had without privileges */
		wanted = fds_clamp(now.rlim_max) < FDS_UNASKED ? fds_clamp(now.rlim_max) : FDS_UNASKED;
	if (wanted > most)
		wanted = most;
	/* Never take away what is there already: descriptors may be open above a lower limit. */
	if (!l->fds && wanted < fds_clamp(now.rlim_cur) && fds_clamp(now.rlim_cur) <= most)
		wanted = fds_clamp(now.rlim_cur);
	l->fds = fds_raise(wanted, now);

	if (!l->maxconn) {
		l->maxconn = (l->fds - l->other_fds) / 2;
		if (l->maxconn < 1)
			l->maxconn = 1;
	}
	*needed = fds_needed(l->maxconn, l->other_fds);
	return l->fds >= *needed;
}

bool limits_set_memory(int64_t megabytes)
{
	struct rlimit r = { (rlim_t)megabytes << 20, (rlim_t)megabytes << 20 };
	return setrlimit(RLIMIT_AS, &r) == 0;
}

void limits_allow_core(void)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_CORE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_CORE, &r);
	}
	prctl(PR_SET_DUMPABLE, 1);
}
