/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of log lines from words to wire: targets read from words, headers of every shape, levels,
 * sampling and length, and each kind of sink with a reader at its other end. The lines wanted were
 * read off HAProxy 2.6.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/assert.h"
#include "core/log.h"
#include "core/log_sink.h"
#include "core/log_time.h"
#include "core/loop.h"

static char got[70000];

/* A target from a line of words; fails the test when it is refused. */
static struct log_target *target(const char *line)
{
	char text[256], *words[16], *save = NULL;
	int count = 0, bad;
	struct strbuf err = STRBUF_EMPTY;

	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[count++] = w;
	struct log_target *t = log_target_parse(words, count, &bad, &err);
	if (!t)
		fail_msg("'%s' refused: %s", line, err.ptr);
	strbuf_free(&err);
	return t;
}

/* What a line is refused with, and the index of the word. */
static void assert_refused(const char *line, int want_bad, const char *want)
{
	char text[256], *words[16], *save = NULL;
	int count = 0, bad = -1;
	struct strbuf err = STRBUF_EMPTY;

	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[count++] = w;
	assert_null(log_target_parse(words, count, &bad, &err));
	if (!strstr(err.ptr, want))
		fail_msg("'%s': got '%s', wanted '%s'", line, err.ptr, want);
	assert_int_equal(bad, want_bad);
	strbuf_free(&err);
}

static void reads_targets(void **state)
{
	struct log_target *t = target("127.0.0.1:5140 len 80 format rfc5424 sample 1,3-4:5 local7 notice warning");

	(void)state;
	assert_int_equal(t->len, 80);
	assert_int_equal(t->shape, LOG_SHAPE_RFC5424);
	assert_int_equal(t->facility, 23);
	assert_int_equal(t->max_level, LOG_LEVEL_NOTICE);
	assert_int_equal(t->min_level, LOG_LEVEL_WARNING);
	assert_int_equal(t->range_count, 2);
	assert_int_equal(t->sample_size, 5);
	struct log_sink *sink = t->sink;
	log_target_free(&t);
	assert_null(t);
	t = target("127.0.0.1:5140 kern");
	assert_ptr_equal(t->sink, sink); /* one socket for one address */
	assert_int_equal(t->len, LOG_LEN_DEFAULT);
	assert_int_equal(t->shape, LOG_SHAPE_DEFAULT);
	assert_int_equal(t->max_level, LOG_LEVEL_DEBUG);
	assert_int_equal(t->min_level, LOG_LEVEL_EMERG);
	log_target_free(&t);
	t = target("stdout daemon");
	sink = t->sink;
	log_target_free(&t);
	t = target("fd@1 daemon");
	assert_ptr_equal(t->sink, sink);
	log_target_free(&t);
	static const char *const fine[] = { "10.0.0.1 user", "::1:514 user", "[::1]:514 user", "[::1] user", "2001:db8::99ab user",
		"udp@10.0.0.1:1 user", "udp6@[::1]:1 user", "ipv4@10.0.0.1 user", "/dev/log user", "unix@/x user", "uxdg@x user",
		"abns@x user", "10.0.0.1: user" };
	for (size_t i = 0; i < COUNT_OF(fine); i++) {
		t = target(fine[i]);
		log_target_free(&t);
	}
	struct addrinfo *found;
	if (getaddrinfo("localhost", NULL, NULL, &found) == 0) { /* a bare root directory has no /etc/hosts */
		freeaddrinfo(found);
		t = target("localhost:514 user");
		log_target_free(&t);
	}
}

static void refuses_by_the_word(void **state)
{
	(void)state;
	assert_refused("", 0, "expected <address> and <facility>");
	assert_refused("10.0.0.1", 1, "expected a facility");
	assert_refused("10.0.0.1 lokal0", 1, "unknown log facility 'lokal0'");
	assert_refused("10.0.0.1 local0 inf", 2, "unknown log level 'inf'");
	assert_refused("10.0.0.1 local0 info warn", 3, "unknown minimum log level 'warn'");
	assert_refused("10.0.0.1 local0 info err x", 4, "unexpected 'x'");
	assert_refused("10.0.0.1 len", 2, "expected a value behind 'len'");
	assert_refused("10.0.0.1 len 79 local0", 2, "invalid log length '79'");
	assert_refused("10.0.0.1 len 65536 local0", 2, "invalid log length");
	assert_refused("10.0.0.1 format json local0", 2, "unknown log format 'json'");
	assert_refused("10.0.0.1 sample 1-2 local0", 2, "sample size");
	assert_refused("10.0.0.1 sample 1-2:0 local0", 2, "sample size");
	assert_refused("10.0.0.1 sample 0-2:3 local0", 2, "wrong sample range '0-2'");
	assert_refused("10.0.0.1 sample 2-1:3 local0", 2, "wrong sample range '2-1'");
	assert_refused("10.0.0.1 sample 1,:3 local0", 2, "wrong sample range ''");
	assert_refused("10.0.0.1 sample 1-4:3 local0", 2, "at least 4");
	assert_refused("10.0.0.1 sample 3-4,1-3:4 local0", 2, "overlapping");
	assert_refused("10.0.0.1 sample 1:4 sample 2:4 local0", 3, "twice");
	assert_refused("10.0.0.1:0 local0", 0, "port '0'");
	assert_refused("10.0.0.1:65536 local0", 0, "port '65536'");
	assert_refused("10.0.0.1:x local0", 0, "port 'x'");
	assert_refused(":514 local0", 0, "address is missing");
	assert_refused("udp4@::1:514 local0", 0, "not an address of this family");
	assert_refused("fd@x local0", 0, "not a descriptor");
	assert_refused("unix@ local0", 0, "must have 1 to");
	assert_refused("ring@b local0", 0, "the only one is ring@buf0");
	assert_refused("tcp@10.0.0.1:1 local0", 0, "'tcp@' are not in this version");
}

static void names(void **state)
{
	static const char *const levels[] = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };
	/* By their numbers in RFC 5424 section 6.2.1. */
	static const char *const facilities[] = { "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp",
		"cron", "auth2", "ftp", "ntp", "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4",
		"local5", "local6", "local7" };

	(void)state;
	for (int i = 0; i < (int)COUNT_OF(levels); i++)
		assert_int_equal(log_level_from_name(slice_of(levels[i])), i);
	for (int i = 0; i < (int)COUNT_OF(facilities); i++)
		assert_int_equal(log_facility_from_name(slice_of(facilities[i])), i);
	assert_int_equal(log_level_from_name(SLICE("inf")), -1);
	assert_int_equal(log_facility_from_name(SLICE("")), -1);
}

static void dates(void **state)
{
	struct timeval tv = { 1795273156, 5844 };
	struct strbuf b = STRBUF_EMPTY;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	log_time_add_syslog(&b, &tv);
	assert_string_equal(b.ptr, "Nov 21 14:59:16");
	strbuf_clear(&b);
	log_time_add_iso(&b, &tv);
	assert_string_equal(b.ptr, "2026-11-21T14:59:16.005844+00:00");
	strbuf_clear(&b);
	log_time_add_ms(&b, &tv);
	assert_string_equal(b.ptr, "21/Nov/2026:14:59:16.005");
	strbuf_clear(&b);
	log_time_add_local(&b, &tv);
	assert_string_equal(b.ptr, "21/Nov/2026:14:59:16 +0000");
	strbuf_clear(&b);
	/* Another second, another zone; a single-digit day. */
	setenv("TZ", "XXX3:30", 1);
	tzset();
	tv.tv_sec = 1785553445;
	log_time_add_syslog(&b, &tv);
	assert_string_equal(b.ptr, "Jul 31 23:34:05");
	strbuf_clear(&b);
	tv.tv_sec += 86400;
	tv.tv_usec = 999999;
	log_time_add_iso(&b, &tv);
	assert_string_equal(b.ptr, "2026-08-01T23:34:05.999999-03:30");
	strbuf_clear(&b);
	log_time_add_syslog(&b, &tv);
	assert_string_equal(b.ptr, "Aug  1 23:34:05");
	strbuf_clear(&b);
	log_time_add_gmt(&b, &tv);
	assert_string_equal(b.ptr, "02/Aug/2026:03:04:05 +0000");
	strbuf_free(&b);
	setenv("TZ", "UTC", 1);
	tzset();
}

/* ---- lines ---- */

/* A UDP listener; *address gets "127.0.0.1:port". */
static int udp_listen(char *address, size_t room)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room_for_all = 1 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room_for_all, sizeof(room_for_all));
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	snprintf(address, room, "127.0.0.1:%d", ntohs(sin.sin_port));
	return fd;
}

static const char *receive(int fd)
{
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	got[n > 0 ? n : 0] = '\0';
	return got;
}

static void say(struct log_target *t, enum log_level level, const char *tag, const char *sd, const char *text)
{
	struct log_target *list[] = { t, NULL };
	struct log_message m = { level, slice_of(tag ? tag : ""), slice_of(sd ? sd : ""), slice_of(text) };

	log_send(list, false, &m);
}

/* `line` with every 'D' replaced by a digit of what came, where a digit must stand. */
static void assert_line(const char *line, const char *want)
{
	if (strlen(line) != strlen(want))
		fail_msg("got '%s', wanted '%s'", line, want);
	for (size_t i = 0; want[i]; i++) {
		bool same = want[i] == 'D' ? line[i] >= '0' && line[i] <= '9' : want[i] == line[i];
		if (!same && !(want[i] == 'M'))
			fail_msg("got '%s', wanted '%s'", line, want);
	}
}

static void every_shape(void **state)
{
	static const struct { const char *words, *want; } shapes[] = {
		{ "local0", "<134>MMM MD DD:DD:DD usher[4711]: hello\n" },
		{ "format local local0", "<134>MMM MD DD:DD:DD usher[4711]: hello\n" },
		{ "format rfc3164 local1", "<142>MMM MD DD:DD:DD localhost usher[4711]: hello\n" },
		{ "format rfc5424 local2", "<150>1 DDDD-DD-DDTDD:DD:DD.DDDDDD+00:00 - usher 4711 - [x@1 a=\"b\"] hello\n" },
		{ "format priority local3", "<158>hello\n" },
		{ "format short local4", "<6>hello\n" },
		{ "format timed local5", "<6>DDDD-DD-DDTDD:DD:DD.DDDDDD+00:00 hello\n" },
		{ "format iso local6", "DDDD-DD-DDTDD:DD:DD.DDDDDD+00:00 hello\n" },
		{ "format raw local7", "hello\n" },
	};
	char address[32], line[128];
	int fd = udp_listen(address, sizeof(address));

	(void)state;
	log_set_pid(4711);
	assert_int_equal(log_pid(), 4711);
	log_tag = "usher";
	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		snprintf(line, sizeof(line), "%s %s", address, shapes[i].words);
		struct log_target *t = target(line);
		say(t, LOG_LEVEL_INFO, NULL, "[x@1 a=\"b\"]", "hello");
		assert_line(receive(fd), shapes[i].want);
		log_target_free(&t);
	}
	log_hostname = "here";
	snprintf(line, sizeof(line), "%s local0", address);
	struct log_target *t = target(line);
	say(t, LOG_LEVEL_INFO, "mytag", NULL, "hello");
	assert_line(receive(fd), "<134>MMM MD DD:DD:DD here mytag[4711]: hello\n");
	t->shape = LOG_SHAPE_LOCAL;
	say(t, LOG_LEVEL_INFO, "mytag", NULL, "hello");
	assert_line(receive(fd), "<134>MMM MD DD:DD:DD mytag[4711]: hello\n");
	t->shape = LOG_SHAPE_RFC5424;
	say(t, LOG_LEVEL_ERR, "mytag", NULL, "hello");
	assert_line(receive(fd), "<131>1 DDDD-DD-DDTDD:DD:DD.DDDDDD+00:00 here mytag 4711 - - hello\n");
	log_hostname = NULL;
	log_target_free(&t);
	close(fd);
}

static void levels_filter_and_cap(void **state)
{
	char address[32], line[128];
	int fd = udp_listen(address, sizeof(address));

	(void)state;
	snprintf(line, sizeof(line), "%s format short kern notice warning", address);
	struct log_target *t = target(line), *list[] = { t, NULL };
	say(t, LOG_LEVEL_INFO, NULL, NULL, "too little");
	assert_string_equal(receive(fd), "");
	say(t, LOG_LEVEL_NOTICE, NULL, NULL, "a");
	assert_string_equal(receive(fd), "<5>a\n");
	say(t, LOG_LEVEL_EMERG, NULL, NULL, "b");
	assert_string_equal(receive(fd), "<4>b\n");
	assert_true(log_wanted(list, true, LOG_LEVEL_NOTICE));
	assert_false(log_wanted(list, true, LOG_LEVEL_INFO));
	assert_false(log_wanted(NULL, true, LOG_LEVEL_EMERG));
	assert_null(log_global);
	log_global = list;
	assert_true(log_wanted(NULL, true, LOG_LEVEL_ERR));
	assert_false(log_wanted(NULL, false, LOG_LEVEL_ERR));
	struct log_message m = { LOG_LEVEL_ERR, { "", 0 }, { "", 0 }, SLICE("global") };
	log_send(NULL, false, &m);
	assert_string_equal(receive(fd), "");
	log_send(NULL, true, &m);
	assert_string_equal(receive(fd), "<4>global\n");
	log_global = NULL;
	log_target_free(&t);
	close(fd);
}

static void samples(void **state)
{
	char address[32], line[128], seen[32] = "";
	int fd = udp_listen(address, sizeof(address));

	(void)state;
	snprintf(line, sizeof(line), "%s format raw sample 1,3-4:5 kern", address);
	struct log_target *t = target(line);
	for (int i = 0; i < 10; i++) {
		char text[2] = { (char)('0' + i), '\0' };
		say(t, LOG_LEVEL_INFO, NULL, NULL, text);
		receive(fd);
		got[strcspn(got, "\n")] = '\0';
		strcat(seen, got);
	}
	assert_string_equal(seen, "023578");
	log_target_free(&t);
	close(fd);
}

static void the_length_counts_the_header(void **state)
{
	char address[32], line[128], text[200];
	int fd = udp_listen(address, sizeof(address));

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	snprintf(line, sizeof(line), "%s len 80 format short kern", address);
	struct log_target *t = target(line);
	say(t, LOG_LEVEL_INFO, NULL, NULL, text);
	receive(fd);
	assert_int_equal(strlen(got), 81);
	assert_memory_equal(got, "<6>xxx", 6);
	assert_string_equal(got + 79, "x\n");
	text[77] = '\0';
	say(t, LOG_LEVEL_INFO, NULL, NULL, text);
	receive(fd);
	assert_int_equal(strlen(got), 81);
	/* The longest line there can be. */
	log_target_free(&t);
	snprintf(line, sizeof(line), "%s len 65535 format raw kern", address);
	t = target(line);
	char *huge = malloc(70001);
	assert_non_null(huge);
	memset(huge, 'y', 70000);
	huge[70000] = '\0';
	uint64_t dropped = log_dropped();
	say(t, LOG_LEVEL_INFO, NULL, NULL, huge); /* more than a datagram holds */
	assert_int_equal(log_dropped(), dropped + 1);
	huge[65000] = '\0';
	say(t, LOG_LEVEL_INFO, NULL, NULL, huge);
	assert_int_equal(strlen(receive(fd)), 65001);
	free(huge);
	log_target_free(&t);
	close(fd);
}

/* ---- sinks ---- */

static struct loop loop;

static void a_batch_leaves_with_the_turn(void **state)
{
	char address[32], line[128];
	int fd = udp_listen(address, sizeof(address));

	(void)state;
	snprintf(line, sizeof(line), "%s format raw kern", address);
	struct log_target *t = target(line);
	loop_init(&loop, 0);
	for (int i = 0; i < 150; i++) {
		char text[8];
		snprintf(text, sizeof(text), "%d", i);
		say(t, LOG_LEVEL_INFO, NULL, NULL, text);
	}
	assert_string_equal(receive(fd), "");
	loop_turn(&loop, 0);
	for (int i = 0; i < 150; i++) {
		char text[8];
		snprintf(text, sizeof(text), "%d\n", i);
		assert_string_equal(receive(fd), text);
	}
	/* More lines than a batch holds leave in between. */
	for (int i = 0; i < 300; i++)
		say(t, LOG_LEVEL_INFO, NULL, NULL, "z");
	for (int i = 0; i < 256; i++)
		assert_string_equal(receive(fd), "z\n");
	assert_string_equal(receive(fd), "");
	log_flush_all();
	for (int i = 0; i < 44; i++)
		assert_string_equal(receive(fd), "z\n");
	assert_string_equal(receive(fd), "");
	loop_free(&loop);
	log_target_free(&t);
	close(fd);
}

/* Whatever their lengths, lines arrive one by one and in order, however they were sent. */
static void lines_of_any_length_stay_apart(void **state)
{
	static const unsigned lengths[] = { 5, 5, 5, 4, 5, 6, 6, 2, 2, 2, 2, 1, 9, 8, 7, 7, 1199, 1199, 1199, 1200, 1200, 3000, 3000, 10, 10 };
	static char text[4000];
	char address[32], line[128];
	int fd = udp_listen(address, sizeof(address));

	(void)state;
	snprintf(line, sizeof(line), "%s len 8000 format raw kern", address);
	struct log_target *t = target(line);
	loop_init(&loop, 0);
	for (unsigned i = 0; i < COUNT_OF(lengths); i++) {
		memset(text, 'a' + (int)i, lengths[i]);
		text[lengths[i]] = '\0';
		say(t, LOG_LEVEL_INFO, NULL, NULL, text);
	}
	loop_turn(&loop, 0);
	for (unsigned i = 0; i < COUNT_OF(lengths); i++) {
		const char *it = receive(fd);
		assert_int_equal(strlen(it), lengths[i] + 1);
		assert_int_equal(strspn(it, (char[]){ (char)('a' + i), '\0' }), lengths[i]);
	}
	/* More than one message may carry. */
	memset(text, 'x', 1100);
	text[1100] = '\0';
	for (int i = 0; i < 70; i++)
		say(t, LOG_LEVEL_INFO, NULL, NULL, text);
	loop_turn(&loop, 0);
	for (int i = 0; i < 70; i++)
		assert_int_equal(strlen(receive(fd)), 1101);
	assert_string_equal(receive(fd), "");
	loop_free(&loop);
	log_target_free(&t);
	close(fd);
}

static void where_messages_are_not_cut_up_lines_go_one_by_one(void **state)
{
	char address[32], line[128];
	int fd = udp_listen(address, sizeof(address)), on = 1, theirs = dup(fd);

	(void)state;
	snprintf(line, sizeof(line), "%s format raw kern", address);
	struct log_target *t = target(line);
	close(theirs); /* the sink's socket gets this number */
	say(t, LOG_LEVEL_INFO, NULL, NULL, "first");
	assert_string_equal(receive(fd), "first\n");
	/* Without checksums the kernel refuses to. */
	assert_int_equal(setsockopt(theirs, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on)), 0);
	uint64_t dropped = log_dropped();
	loop_init(&loop, 0);
	for (int i = 0; i < 100; i++)
		say(t, LOG_LEVEL_INFO, NULL, NULL, "alike");
	loop_turn(&loop, 0);
	for (int i = 0; i < 100; i++)
		assert_string_equal(receive(fd), "alike\n");
	assert_int_equal(log_dropped(), dropped);
	loop_free(&loop);
	log_target_free(&t);
	close(fd);
}

static void a_unix_server_may_come_late_and_go(void **state)
{
	char dir[] = "/tmp/usher-log-XXXXXX", line[200];
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/log", dir);
	snprintf(line, sizeof(line), "%s format raw kern", un.sun_path);
	struct log_target *t = target(line);
	uint64_t dropped = log_dropped();
	say(t, LOG_LEVEL_INFO, NULL, NULL, "nobody there");
	assert_int_equal(log_dropped(), dropped + 1);
	for (int life = 0; life < 2; life++) {
		int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
		say(t, LOG_LEVEL_INFO, NULL, NULL, "hello");
		assert_string_equal(receive(fd), "hello\n");
		/* A reader that does not read: lines are dropped and counted, never waited for. */
		dropped = log_dropped();
		unsigned sent = 0;
		for (; sent < 100000 && log_dropped() == dropped; sent++)
			say(t, LOG_LEVEL_INFO, NULL, NULL, "flood");
		assert_true(log_dropped() == dropped + 1);
		while (*receive(fd))
			sent--;
		assert_int_equal(sent, 1); /* all but the dropped one arrived */
		close(fd);
		unlink(un.sun_path);
	}
	rmdir(dir);
	log_target_free(&t);
}

/* The same file at a number of its own: sinks are found by number and live for ever. */
static int number(int fd, int wanted)
{
	int copy = fcntl(fd, F_DUPFD, wanted);

	assert_int_equal(copy, wanted);
	close(fd);
	return copy;
}

static size_t read_all(int fd, char *into, size_t room)
{
	size_t len = 0;
	ssize_t n;

	while (len < room && (n = read(fd, into + len, room - len)) > 0)
		len += (size_t)n;
	return len;
}

static void a_full_pipe_loses_whole_lines(void **state)
{
	int ends[2];
	char line[64], text[300];
	static char all[300000];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	ends[1] = number(ends[1], 301);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	snprintf(line, sizeof(line), "fd@%d format raw kern", ends[1]);
	struct log_target *t = target(line);
	uint64_t dropped = log_dropped();
	unsigned sent = 0;
	memset(text, 'p', sizeof(text));
	text[250] = '\0';
	for (; log_dropped() == dropped; sent++)
		say(t, LOG_LEVEL_INFO, NULL, NULL, text);
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0); /* the other writers' pipe is as it was */
	size_t len = read_all(ends[0], all, sizeof(all));
	assert_int_equal(len, (sent - 1) * 251);
	say(t, LOG_LEVEL_INFO, NULL, NULL, "room again");
	len = read_all(ends[0], all, sizeof(all));
	assert_int_equal(len, 11);
	assert_memory_equal(all, "room again\n", 11);
	close(ends[1]);
	close(ends[0]);
	log_target_free(&t);
}

static void a_torn_line_is_mended_first(void **state)
{
	int ends[2], small = 4096;
	char line[64];
	static char all[500000];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ends[1] = number(ends[1], 302);
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	snprintf(line, sizeof(line), "fd@%d len 65535 format raw kern", ends[1]);
	struct log_target *t = target(line);
	char *huge = malloc(60001);
	assert_non_null(huge);
	memset(huge, 'h', 60000);
	huge[60000] = '\0';
	uint64_t dropped = log_dropped();
	say(t, LOG_LEVEL_INFO, NULL, NULL, huge);
	say(t, LOG_LEVEL_INFO, NULL, NULL, huge);
	say(t, LOG_LEVEL_INFO, NULL, NULL, huge);
	uint64_t lost = log_dropped() - dropped;
	size_t len = 0, before;
	assert_true(lost >= 1);
	do {
		before = len;
		len += read_all(ends[0], all + len, sizeof(all) - len);
		say(t, LOG_LEVEL_INFO, NULL, NULL, "short");
		len += read_all(ends[0], all + len, sizeof(all) - len);
	} while (len > before && len < sizeof(all) - 1 && memcmp(all + len - 6, "short\n", 6) != 0);
	/* Only whole lines came out. */
	size_t huge_lines = 0, short_lines = 0;
	for (size_t at = 0; at < len;) {
		char *end = memchr(all + at, '\n', len - at);
		assert_non_null(end);
		size_t n = (size_t)(end - all) - at;
		assert_true((n == 60000 && all[at] == 'h') || (n == 5 && all[at] == 's'));
		huge_lines += n == 60000;
		short_lines += n == 5;
		at += n + 1;
	}
	assert_int_equal(huge_lines, 3 - lost);
	assert_true(short_lines >= 1);
	free(huge);
	close(ends[0]);
	close(ends[1]);
	log_target_free(&t);
}

static void files_are_appended_in_one_piece(void **state)
{
	char path[] = "/tmp/usher-log-XXXXXX", line[64], all[64];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	fd = number(fd, 303);
	assert_int_equal(write(fd, "before\n", 7), 7);
	snprintf(line, sizeof(line), "fd@%d format raw kern", fd);
	struct log_target *t = target(line);
	say(t, LOG_LEVEL_INFO, NULL, NULL, "one");
	say(t, LOG_LEVEL_INFO, NULL, NULL, "two");
	lseek(fd, 0, SEEK_SET);
	size_t len = read_all(fd, all, sizeof(all));
	assert_int_equal(len, 15);
	assert_memory_equal(all, "before\none\ntwo\n", 15);
	close(fd);
	unlink(path);
	log_target_free(&t);
}

static void opening_names_what_is_not_there(void **state)
{
	struct strbuf err = STRBUF_EMPTY;
	struct log_target *t = target("fd@3999 kern");

	(void)state;
	assert_false(log_open(&err));
	assert_non_null(strstr(err.ptr, "cannot open log target 'fd@3999': "));
	uint64_t dropped = log_dropped();
	say(t, LOG_LEVEL_INFO, NULL, NULL, "x");
	assert_int_equal(log_dropped(), dropped + 1);
	strbuf_free(&err);
	log_target_free(&t);
}

static void a_child_has_its_own_number(void **state)
{
	char address[32], line[128], wanted[64];
	int fd = udp_listen(address, sizeof(address)), status;
	struct strbuf err = STRBUF_EMPTY;

	(void)state;
	snprintf(line, sizeof(line), "%s kern", address);
	struct log_target *t = target(line);
	log_open(&err); /* complains of the target of another test */
	strbuf_free(&err);
	loop_init(&loop, 0);
	say(t, LOG_LEVEL_INFO, NULL, NULL, "held");
	pid_t child = fork();
	if (child == 0) {
		say(t, LOG_LEVEL_INFO, NULL, NULL, "child");
		log_flush_all();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_non_null(strstr(receive(fd), ": held\n"));
	snprintf(wanted, sizeof(wanted), "[%ld]: child\n", (long)child);
	assert_non_null(strstr(receive(fd), wanted));
	log_flush_all();
	assert_string_equal(receive(fd), "");
	loop_free(&loop);
	log_target_free(&t);
	close(fd);
}

static int group_teardown(void **state)
{
	(void)state;
	log_sinks_thread_end();
	return 0;
}

int log_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_targets),
		cmocka_unit_test(refuses_by_the_word),
		cmocka_unit_test(names),
		cmocka_unit_test(dates),
		cmocka_unit_test(every_shape),
		cmocka_unit_test(levels_filter_and_cap),
		cmocka_unit_test(samples),
		cmocka_unit_test(the_length_counts_the_header),
		cmocka_unit_test(a_batch_leaves_with_the_turn),
		cmocka_unit_test(lines_of_any_length_stay_apart),
		cmocka_unit_test(where_messages_are_not_cut_up_lines_go_one_by_one),
		cmocka_unit_test(a_unix_server_may_come_late_and_go),
		cmocka_unit_test(a_full_pipe_loses_whole_lines),
		cmocka_unit_test(a_torn_line_is_mended_first),
		cmocka_unit_test(files_are_appended_in_one_piece),
		cmocka_unit_test(opening_names_what_is_not_there),
		cmocka_unit_test(a_child_has_its_own_number),
	};
	return cmocka_run_group_tests_name("core/log", tests, NULL, group_teardown);
}
