/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits, identity and processors, each tried in a child so that the runner keeps its own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "core/cpu.h"
#include "core/identity.h"
#include "core/limits.h"

int limits_test(void);

/* Runs fn in a child; its result is the child's status. */
static int in_child(int (*fn)(void))
{
	pid_t pid = fork();
	int status;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void set_fds(rlim_t soft, rlim_t hard)
{
	struct rlimit r = { soft, hard };
	if (setrlimit(RLIMIT_NOFILE, &r) != 0)
		_exit(100);
}

static rlim_t soft_fds(void)
{
	struct rlimit r;
	return getrlimit(RLIMIT_NOFILE, &r) == 0 ? r.rlim_cur : 0;
}

#define EXPECT(cond) do { if (!(cond)) return __LINE__ % 200 + 1; } while (0)

static int fds_for_maxconn(void)
{
	int64_t needed;
	struct limits l = { .maxconn = 100, .other_fds = 50 };
	set_fds(64, 512);
	EXPECT(limits_set_fds(&l, &needed));
	EXPECT(l.fds == 250 && needed == 250 && l.maxconn == 100 && soft_fds() == 250);
	return 0;
}

static int maxconn_from_fds(void)
{
	int64_t needed;
	struct limits l = { .other_fds = 12 };
	set_fds(64, 512);
	EXPECT(limits_set_fds(&l, &needed));
	EXPECT(l.fds == 512 && l.maxconn == 250 && soft_fds() == 512);
	l = (struct limits){ .fd_hard_limit = 112, .other_fds = 12 };
	EXPECT(limits_set_fds(&l, &needed));
	EXPECT(l.fds == 112 && l.maxconn == 50 && soft_fds() == 112);
	l = (struct limits){ .fds = 312, .other_fds = 12 };
	EXPECT(limits_set_fds(&l, &needed));
	EXPECT(l.fds == 312 && l.maxconn == 150 && soft_fds() == 312);
	return 0;
}

static int lower_is_kept(void)
{
	int64_t needed;
	struct limits l = { .maxconn = 10, .other_fds = 10 };
	set_fds(300, 512);
	EXPECT(limits_set_fds(&l, &needed));
	EXPECT(l.fds == 300 && soft_fds() == 300);
	return 0;
}

static int too_few(void)
{
	int64_t needed;
	struct limits l = { .maxconn = 100, .other_fds = 10, .fd_hard_limit = 50 };
	set_fds(40, 512);
	EXPECT(!limits_set_fds(&l, &needed));
	EXPECT(needed == 210 && l.fds == 50 && l.maxconn == 100);
	return 0;
}

static int memory(void)
{
	struct rlimit r;
	EXPECT(limits_set_memory(1 << 30));
	EXPECT(getrlimit(RLIMIT_AS, &r) == 0 && r.rlim_cur == (rlim_t)1 << 50);
	limits_allow_core();
	EXPECT(getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_cur == r.rlim_max);
	return 0;
}

static int identity(void)
{
	struct strbuf err = STRBUF_EMPTY;
	struct identity id = { .chroot = "/", .uid = 65534, .gid = 65534 };
	if (geteuid() != 0) {
		EXPECT(!identity_take(&id, &err));
		EXPECT(strstr(err.ptr, "root directory"));
		strbuf_free(&err);
		return 0;
	}
	EXPECT(identity_take(&id, &err));
	EXPECT(geteuid() == 65534 && getegid() == 65534 && getgroups(0, NULL) == 0);
	id = (struct identity){ .uid = 0, .gid = -1 };
	EXPECT(!identity_take(&id, &err));
	EXPECT(strstr(err.ptr, "cannot change the user"));
	strbuf_free(&err);
	return 0;
}

static int identity_unchanged(void)
{
	struct strbuf err = STRBUF_EMPTY;
	struct identity id = { .uid = -1, .gid = -1 };
	uid_t uid = geteuid();
	EXPECT(identity_take(&id, &err) && geteuid() == uid && err.len == 0);
	id.chroot = "/no/such/place";
	EXPECT(!identity_take(&id, &err) && strstr(err.ptr, "/no/such/place"));
	strbuf_free(&err);
	return 0;
}

static int cpu(void)
{
	static struct cpu_map map;
	cpu_set_t now;
	EXPECT(cpu_count_usable() >= 1);
	EXPECT(cpu_bind_self(NULL, 0) && cpu_bind_self(&map, 3));
	EXPECT(sched_getaffinity(0, sizeof(now), &now) == 0);
	int first = 0;
	while (!CPU_ISSET(first, &now))
		first++;
	CPU_SET(first, &map.thread[3]);
	EXPECT(cpu_bind_self(&map, 3));
	EXPECT(sched_getaffinity(0, sizeof(now), &now) == 0 && CPU_COUNT(&now) == 1);
	EXPECT(cpu_count_usable() == 1);
	return 0;
}

#define IN_CHILD(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		assert_int_equal(in_child(name), 0); \
	}
IN_CHILD(fds_for_maxconn)
IN_CHILD(maxconn_from_fds)
IN_CHILD(lower_is_kept)
IN_CHILD(too_few)
IN_CHILD(memory)
IN_CHILD(identity)
IN_CHILD(identity_unchanged)
IN_CHILD(cpu)

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(identity_find_user("root"), 0);
	assert_int_equal(identity_find_group("root"), 0);
	assert_int_equal(identity_find_user("no such user"), -1);
	assert_int_equal(identity_find_group("no such group"), -1);
}

int limits_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fds_for_maxconn), cmocka_unit_test(test_maxconn_from_fds),
		cmocka_unit_test(test_lower_is_kept), cmocka_unit_test(test_too_few),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_identity), cmocka_unit_test(test_identity_unchanged), cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests_name("core/limits", tests, NULL, NULL);
}
