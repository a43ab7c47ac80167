/* SPDX-License-Identifier: Apache-2.0
 *
 * The keywords of `global`, read as a file.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/assert.h"
#include "conf/reader.h"
#include "core/cpu.h"
#include "proxy/global.h"

int global_test(void);

static struct global at_start;

static int setup(void **state)
{
	(void)state;
	global = at_start;
	strbuf_free(&diag_state.text);
	diag_state = (struct diag){ .quiet = true };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	char **texts[] = { &global.user, &global.group, &global.description, &global.node, &global.localpeer };
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		free(*texts[i]);
	free(global.cpu_map);
	conf_read_forget();
	strbuf_free(&diag_state.text);
	diag_state = (struct diag){ 0 };
	global = at_start;
	return 0;
}

static void read_lines(const char *lines)
{
	struct strbuf text = STRBUF_EMPTY;
	strbuf_addf(&text, "global\n%s\n", lines);
	conf_read_text("g.cfg", text.ptr, text.len);
	strbuf_free(&text);
}

static void take(const char *lines)
{
	read_lines(lines);
	if (diag_state.alerts)
		fail_msg("%s", diag_state.text.ptr);
}

static void refuse(const char *line, const char *part)
{
	unsigned alerts = diag_state.alerts;
	read_lines(line);
	if (diag_state.alerts != alerts + 1 || !strstr(diag_state.text.ptr, part))
		fail_msg("'%s' should give \"%s\": %s", line, part, diag_state.text.ptr);
}

static void test_process(void **state)
{
	(void)state;
	take("daemon\n master-worker no-exit-on-failure\n mworker-max-reloads 3\n pidfile /run/x\n hard-stop-after 30s\n grace 5\n"
	     "close-spread-time infinite");
	assert_true(global.daemon && global.master_worker && global.stay_on_failure);
	assert_int_equal(global.max_reloads, 3);
	assert_string_equal(global.pidfile, "/run/x");
	assert_int_equal(global.hard_stop_after_ms, 30000);
	assert_int_equal(global.grace_ms, 5);
	assert_true(global.close_spread_time_ms == CLOSE_SPREAD_INFINITE);
	take("close-spread-time 2s\n no daemon\n no master-worker");
	assert_int_equal(global.close_spread_time_ms, 2000);
	assert_false(global.daemon || global.master_worker);
	refuse("master-worker x", "at 'x'");
	refuse("hard-stop-after", "but the line ends");
	refuse("close-spread-time soon", "a time or 'infinite'");
}

static void test_identity(void **state)
{
	(void)state;
	take("chroot /var/empty\n user root\n uid 12\n gid 13\n set-dumpable\n insecure-setuid-wanted");
	assert_string_equal(global.chroot, "/var/empty");
	assert_string_equal(global.user, "root");
	assert_int_equal(global.uid, 12);
	assert_int_equal(global.gid, 13);
	assert_true(global.dumpable && global.setuid_wanted && !global.caps_given);
	take("keep-capabilities cap_net_raw,cap_net_bind_service");
	assert_true(global.caps_given && global.caps == (1 << 13 | 1 << 10));
	take("group root");
	assert_int_equal(global.gid, 0);
	take("uid 14");
	assert_int_equal(global.uid, 12); /* the first one counts */
	assert_non_null(strstr(diag_state.text.ptr, "'uid' was given already"));
	conf_read_forget();
	refuse("user no-such-user", "there is no such user");
	refuse("group no-such-group", "there is no such group");
	refuse("gid -1", "from 0 to");
	refuse("keep-capabilities cap_sys_admin", "expected cap_net_bind_service");
	refuse("keep-capabilities cap_net_raw,", "expected cap_net_bind_service");
	refuse("keep-capabilities", "but the line ends");
}

static void test_limits(void **state)
{
	(void)state;
	take("maxconn 5000\n ulimit-n 12000\n fd-hard-limit 20000\n tune.bufsize 32k\n tune.maxaccept 10\n no strict-limits");
	assert_int_equal(global.maxconn, 5000);
	assert_int_equal(global.ulimit_n, 12000);
	assert_int_equal(global.fd_hard_limit, 20000);
	assert_int_equal(global.bufsize, 32768);
	assert_int_equal(global.maxaccept, 10);
	assert_true(global.lenient_limits);
	take("strict-limits\n tune.maxaccept 0");
	assert_false(global.lenient_limits);
	assert_int_equal(global.maxaccept, 10);
	take("tune.maxaccept -1");
	assert_int_equal(global.maxaccept, INT32_MAX);
	refuse("tune.bufsize 100", "too small");
	conf_read_forget();
	refuse("maxconn -5", "from 0 to");
	refuse("maxconn", "expected a number");
}

/* The processors of thread `id`, counted from 1, as "0 2 3". */
static const char *cpus_of(int id)
{
	static char text[64];
	text[0] = '\0';
	for (int c = 0; c < 16; c++) {
		if (global.cpu_map && CPU_ISSET(c, &global.cpu_map->thread[id - 1]))
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d", text[0] ? " " : "", c);
	}
	return text;
}

static void test_threads(void **state)
{
	(void)state;
	take("nbthread 4\n cpu-map 1 0-1");
	assert_int_equal(global.nbthread, 4);
	assert_string_equal(cpus_of(1), "0 1");
	assert_string_equal(cpus_of(THREADS_MAX), "0 1");
	take("cpu-map auto:1/1-4 3 2 0-1");
	assert_string_equal(cpus_of(1), "0");
	assert_string_equal(cpus_of(4), "3");
	assert_string_equal(cpus_of(5), "0 1");
	take("cpu-map all/odd 5,7");
	assert_string_equal(cpus_of(3), "5 7");
	assert_string_equal(cpus_of(4), "3");
	take("cpu-map auto:1/even 8-9");
	assert_string_equal(cpus_of(2), "8");
	assert_string_equal(cpus_of(4), "9");
	assert_string_equal(cpus_of(6), "");
	take("cpu-map 2/1 4\n cpu-map 1/256- 6");
	assert_string_equal(cpus_of(1), "5 7");
	assert_string_equal(cpus_of(256), "6");
	refuse("nbthread 0", "from 1 to 256");
	refuse("cpu-map auto:1/1-2 0-3", "auto: needs as many processors as threads, here are 4 and 2");
	refuse("cpu-map x 0", "expected a thread group");
	refuse("cpu-map 1/x 0", "expected threads behind the slash");
	refuse("cpu-map 1/3-2 0", "expected threads behind the slash");
	refuse("cpu-map 1 x", "expected processors from 0");
	refuse("cpu-map 1 99999", "expected processors from 0");
	refuse("cpu-map 1", "expected processors");
	refuse("cpu-map", "[auto:]<group>");
}

static void test_environment(void **state)
{
	(void)state;
	unsetenv("GLOBAL_A");
	take("presetenv GLOBAL_A one\n presetenv GLOBAL_A two\n setenv GLOBAL_B \"${GLOBAL_A}x\"\n setenv GLOBAL_C \"\"");
	assert_string_equal(getenv("GLOBAL_A"), "one");
	assert_string_equal(getenv("GLOBAL_B"), "onex");
	assert_string_equal(getenv("GLOBAL_C"), "");
	take("unsetenv GLOBAL_A GLOBAL_B");
	assert_null(getenv("GLOBAL_A"));
	assert_null(getenv("GLOBAL_B"));
	refuse("setenv A=B c", "cannot be a variable's name");
	refuse("setenv A", "expected its value");
	refuse("unsetenv", "a variable's name");
	refuse("setenv A b c", "one too many");
}

static void test_resetenv(void **state)
{
	(void)state;
	char *path = strdup(getenv("PATH") ? getenv("PATH") : "/bin");
	setenv("PATH", path, 1);
	setenv("GLOBAL_A", "1", 1);
	setenv("GLOBAL_AB", "1", 1);
	take("resetenv PATH GLOBAL_AB NOPE");
	assert_string_equal(getenv("PATH"), path);
	assert_null(getenv("GLOBAL_A"));
	assert_non_null(getenv("GLOBAL_AB"));
	take("resetenv");
	assert_null(getenv("PATH"));
	setenv("PATH", path, 1);
	free(path);
}

static void test_names(void **state)
{
	(void)state;
	take("node a-b.c_1\n description hello \"big world\"\n localpeer me");
	assert_string_equal(global.node, "a-b.c_1");
	assert_string_equal(global.description, "hello big world");
	assert_string_equal(global.localpeer, "me");
	assert_string_equal(getenv("HAPROXY_LOCALPEER"), "me");
	global.localpeer_fixed = true;
	take("localpeer you");
	assert_string_equal(global.localpeer, "me");
	assert_int_equal(diag_state.warnings, 1);
	refuse("node a+b", "letters, digits");
	refuse("node \"\" x", "cannot be empty");
	refuse("description", "expected a text");
}

static void test_switches(void **state)
{
	(void)state;
	take("quiet\n zero-warning\n nosplice\n noreuseport\n stats timeout 2m\n noepoll\n thread-groups 2\n no numa-cpu-mapping");
	assert_true(global.quiet && global.zero_warning && global.no_splice && global.no_reuseport);
	assert_int_equal(global.stats_timeout_ms, 120000);
	refuse("stats timeout 0", "from 1 to");
	refuse("busy-polling", "does not have yet");
}

static void test_first_pass(void **state)
{
	(void)state;
	char path[] = "/tmp/usher-global-XXXXXX";
	int fd = mkstemp(path);
	const char *text = "global\n daemon\n pidfile /run/y\n nbthread 3\n setenv GLOBAL_P 1\n bogus\n listen x\n bind :\n";
	unsetenv("GLOBAL_P");
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	conf_read_process_settings(path);
	close(fd);
	unlink(path);
	assert_true(global.daemon);
	assert_string_equal(global.pidfile, "/run/y");
	assert_int_equal(global.nbthread, 0);
	assert_null(getenv("GLOBAL_P"));
	assert_int_equal(diag_state.alerts, 0);
}

static int open_registries(void **state)
{
	(void)state;
	registries_open();
	at_start = global;
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int global_test(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_process), TEST(test_identity), TEST(test_limits), TEST(test_threads), TEST(test_environment),
		TEST(test_resetenv), TEST(test_names), TEST(test_switches), TEST(test_first_pass),
	};
	return cmocka_run_group_tests_name("keyword/global", tests, open_registries, NULL);
}
