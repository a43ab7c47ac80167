/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line: what varnishtest, systemd units and people's hands give to HAProxy.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "options.h"
#include "conf/diag.h"
#include "core/registry.h"

int options_test(void);

static struct options a;
static char said[16384]; /* on stdout */

static void forget(void)
{
	free(a.files);
	free(a.master_sockets);
	free(a.finish);
	free(a.terminate);
	a = (struct options){ 0 };
	strbuf_free(&diag_state.text);
	diag_state = (struct diag){ .quiet = true };
}

/* Parses a command line of words parted by '|', with stdout kept in `said`. */
static int parse(const char *line)
{
	static char copy[1024];
	char *argv[64] = { "usher" };
	int argc = 1, ends[2];
	forget();
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, "|"); word; word = strtok(NULL, "|"))
		argv[argc++] = word;

	fflush(stdout);
	int out = dup(1);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	dup2(ends[1], 1);
	int status = options_parse(argc, argv, &a);
	fflush(stdout);
	dup2(out, 1);
	close(out);
	close(ends[1]);
	size_t n = 0;
	for (ssize_t got; n < sizeof(said) - 1 && (got = read(ends[0], said + n, sizeof(said) - 1 - n)) > 0;)
		n += (size_t)got;
	said[n] = '\0';
	close(ends[0]);
	return status;
}

static void test_varnishtest(void **state)
{
	(void)state;
	assert_int_equal(parse("-d|-dM|-dI|-dW|-f|/x/cfg"), OPTIONS_RUN);
	assert_true(a.debug && a.poison && a.fork_wanted && a.zero_warning);
	assert_int_equal(a.poison_byte, 0x50);
	assert_int_equal(a.file_count, 1);
	assert_string_equal(a.files[0], "/x/cfg");
	assert_int_equal(parse("-c|-dM|-dI|-dW|-f|/x/cfg"), OPTIONS_RUN);
	assert_true(a.check);
	assert_int_equal(parse("-W|-S|fd@3|-p|/x/pid|-f|c"), OPTIONS_RUN);
	assert_true(a.master && !a.notify);
	assert_string_equal(a.master_sockets[0], "fd@3");
	assert_string_equal(a.pidfile, "/x/pid");
	assert_int_equal(parse("-Ws|-f|c"), OPTIONS_RUN);
	assert_true(a.master && a.notify);
	assert_int_equal(parse("-D|-f|c"), OPTIONS_RUN);
	assert_true(a.daemon);
}

static void test_files(void **state)
{
	(void)state;
	/* Behind "--" nothing is an option. */
	assert_int_equal(parse("-f|a|-f|b|-db|--|c|-V"), OPTIONS_RUN);
	assert_int_equal(a.file_count, 4);
	assert_string_equal(a.files[1], "b");
	assert_string_equal(a.files[2], "c");
	assert_string_equal(a.files[3], "-V");
	assert_null(a.files[4]);
	assert_true(a.foreground);
	assert_false(a.verbose);
}

static void test_joined_flags(void **state)
{
	(void)state;
	assert_int_equal(parse("-cV|-f|x"), OPTIONS_RUN);
	assert_true(a.check && a.verbose);
	assert_int_equal(parse("-q|-V|-f|x"), OPTIONS_RUN);
	assert_false(a.quiet);
	assert_int_equal(parse("-DW|-f|x"), OPTIONS_RUN);
	assert_true(a.daemon && a.master);
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(parse("-n|100|-N|50|-m|64|-L|me|-C|/d|-x|/s|-f|x"), OPTIONS_RUN);
	assert_int_equal(a.maxconn, 100);
	assert_int_equal(a.proxy_maxconn, 50);
	assert_int_equal(a.memory_mb, 64);
	assert_string_equal(a.localpeer, "me");
	assert_string_equal(a.directory, "/d");
	assert_string_equal(a.old_socket, "/s");
	assert_int_equal(parse("-dM0xa5,no-merge|-dS|-dR|-dV|-dD|-f|x"), OPTIONS_RUN);
	assert_int_equal(a.poison_byte, 0xa5);
	assert_true(a.no_splice && a.no_reuseport && a.no_verify && a.diag);
	facts_open();
}

static void test_pids(void **state)
{
	(void)state;
	assert_int_equal(parse("-f|x|-sf|12|13|-st|14 15"), OPTIONS_RUN);
	assert_int_equal(a.finish_count, 2);
	assert_int_equal(a.finish[1], 13);
	assert_int_equal(a.terminate_count, 2);
	assert_int_equal(a.terminate[1], 15);
	assert_int_equal(parse("-sf|-f|x"), OPTIONS_RUN);
	assert_int_equal(a.finish_count, 0);
	assert_int_equal(parse("-sf|x|-f|x"), 1);
	assert_int_equal(parse("-sf|-1|-f|x"), 1);
	assert_int_equal(parse("-sf|99999999999|-f|x"), 1);
}

static void test_mistakes(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"", "-Z", "-h", "foo", "-db|foo", "-f", "-n", "-n|x|-f|c", "-n|0|-f|c", "-dX|-f|c", "-n5|-f|c", "-cx|-f|c", "-x", "-cc",
		"-dMq|-f|c", "-dM256|-f|c", "-f|c|-", "-dKnone",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (parse(lines[i]) != 1)
			fail_msg("'%s' was taken", lines[i]);
	}
	parse("-Z");
	assert_non_null(strstr(said, "Usage: usher"));
	assert_non_null(strstr(diag_state.text.ptr, "unknown option '-Z'"));
	parse("my.cfg");
	assert_non_null(strstr(diag_state.text.ptr, "'my.cfg' is no option: a configuration's file stands behind -f"));
}

static void test_answers(void **state)
{
	(void)state;
	assert_int_equal(parse("-v"), 0);
	assert_ptr_equal(strstr(said, "usher version "), said);
	assert_int_equal(parse("-dM|-dI|-dW|-vv"), 0);
	assert_non_null(strstr(said, "\nCompatible with: HAProxy version 3.0\n"));
	assert_non_null(strstr(said, "TARGET  = linux-glibc\n"));
	assert_non_null(strstr(said, "+EPOLL"));
	assert_non_null(strstr(said, "Built with PCRE2 version"));
	assert_int_equal(parse("-dKhelp"), 0);
	assert_non_null(strstr(said, "keyword ("));
	assert_int_equal(parse("-dKsection,cfg|-f|x"), OPTIONS_RUN);
	assert_string_equal(a.dump_classes, "section,cfg");
}

static void test_conditions(void **state)
{
	(void)state;
	assert_int_equal(parse("-dM|-cc|1"), 0);
	assert_int_equal(parse("-cc|0"), 1);
	assert_int_equal(parse("-cc|foo("), 2);
	assert_int_equal(parse("-cc|version_atleast(3.0-dev1)"), 0);
	assert_int_equal(parse("-cc|feature(EPOLL) && !feature(QUIC) && enabled(SPLICE)"), 0);
	assert_int_equal(parse("-dS|-cc|enabled(SPLICE)"), 1);
}

static void test_export(void **state)
{
	(void)state;
	char dir[] = "/tmp/usher-options-XXXXXX", file[64], line[128], expected[192];
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/one.cfg", dir);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	snprintf(line, sizeof(line), "-L|me|-f|%s|-f|%s|-f|/nowhere/x", file, dir);
	assert_int_equal(parse(line), OPTIONS_RUN);
	options_export(&a);
	snprintf(expected, sizeof(expected), "%s;%s", file, file);
	assert_string_equal(getenv("HAPROXY_CFGFILES"), expected);
	assert_string_equal(getenv("HAPROXY_LOCALPEER"), "me");
	assert_int_equal(diag_state.alerts, 0);
	unlink(file);
	rmdir(dir);
}

static int start(void **state)
{
	(void)state;
	registries_open();
	facts_open();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	forget();
	diag_state = (struct diag){ 0 };
	return 0;
}

int options_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_varnishtest), cmocka_unit_test(test_files), cmocka_unit_test(test_joined_flags),
		cmocka_unit_test(test_values), cmocka_unit_test(test_pids), cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_answers), cmocka_unit_test(test_conditions), cmocka_unit_test(test_export),
	};
	return cmocka_run_group_tests_name("main/options", tests, start, stop);
}
