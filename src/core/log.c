/* SPDX-License-Identifier: Apache-2.0
 *
 * From message to line: level, sampling, header, cut. See log.h; the sending is log_sink.c.
 */
#include "core/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "core/clock.h"
#include "core/log_sink.h"
#include "core/log_time.h"
#include "core/loop.h"

struct log_target **log_global;
const char *log_tag;
const char *log_hostname;
static pid_t pid_number;
static char pid_text[16];

static const char *const level_names[8] = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };
static const char *const facility_names[24] = {
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp",
	"ntp", "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
};

static int find_name(const char *const *names, int n, struct slice name)
{
	for (int i = 0; i < n; i++) {
		if (slice_is(name, names[i]))
			return i;
	}
	return -1;
}

int log_level_from_name(struct slice name) { return find_name(level_names, 8, name); }
int log_facility_from_name(struct slice name) { return find_name(facility_names, 24, name); }

void log_set_pid(pid_t pid)
{
	pid_number = pid;
	snprintf(pid_text, sizeof(pid_text), "%ld", (long)pid);
}

pid_t log_pid(void)
{
	return pid_number ? pid_number : getpid();
}

static void in_child(void)
{
	log_set_pid(getpid());
}

/* What the parent holds leaves before, or it would leave twice. */
static void heed_forks(void)
{
	pthread_atfork(log_sinks_flush, NULL, in_child);
}

bool log_open(struct strbuf *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, heed_forks);
	/* The zone is read now: its file may be out of reach after chroot. */
	tzset();
	if (!pid_text[0])
		log_set_pid(getpid());
	return log_sinks_open(err);
}

void log_flush_all(void) { log_sinks_flush(); }
uint64_t log_dropped(void) { return log_sinks_dropped(); }

/* True when the message's turn is one of the target's ranges. */
static bool sampled(struct log_target *t)
{
	if (!t->ranges)
		return true;
	uint32_t n = __atomic_fetch_add(&t->sample_at, 1, __ATOMIC_RELAXED) % t->sample_size + 1;
	for (uint32_t i = 0; i < t->range_count; i++) {
		if (n >= t->ranges[i].low && n <= t->ranges[i].high)
			return true;
	}
	return false;
}

static void add_priority(struct strbuf *out, unsigned n)
{
	strbuf_add_byte(out, '<');
	strbuf_add_u64(out, n);
	strbuf_add_byte(out, '>');
}

static void add_tag(struct strbuf *out, const struct log_target *t, const struct log_message *m)
{
	if (t->tag.len)
		strbuf_add_slice(out, t->tag);
	else if (m->tag.len)
		strbuf_add_slice(out, m->tag);
	else
		strbuf_add_str(out, log_tag ? log_tag : program_invocation_short_name);
}

static void add_header(struct strbuf *out, const struct log_target *t, unsigned level, const struct log_message *m,
	const struct timeval *now)
{
	enum log_shape shape = t->shape;

	if (shape == LOG_SHAPE_DEFAULT)
		shape = log_hostname ? LOG_SHAPE_RFC3164 : LOG_SHAPE_LOCAL;
	switch (shape) {
	case LOG_SHAPE_DEFAULT:
	case LOG_SHAPE_LOCAL:
	case LOG_SHAPE_RFC3164:
		add_priority(out, t->facility * 8u + level);
		log_time_add_syslog(out, now);
		strbuf_add_byte(out, ' ');
		if (shape == LOG_SHAPE_RFC3164) {
			strbuf_add_str(out, log_hostname ? log_hostname : "localhost");
			strbuf_add_byte(out, ' ');
		}
		add_tag(out, t, m);
		strbuf_add_byte(out, '[');
		strbuf_add_str(out, pid_text);
		strbuf_add(out, "]: ", 3);
		break;
	case LOG_SHAPE_RFC5424:
		add_priority(out, t->facility * 8u + level);
		strbuf_add(out, "1 ", 2);
		log_time_add_iso(out, now);
		strbuf_add_byte(out, ' ');
		strbuf_add_str(out, log_hostname ? log_hostname : "-");
		strbuf_add_byte(out, ' ');
		add_tag(out, t, m);
		strbuf_add_byte(out, ' ');
		strbuf_add_str(out, pid_text);
		strbuf_add(out, " - ", 3);
		strbuf_add_slice(out, m->sd.len ? m->sd : SLICE("-"));
		strbuf_add_byte(out, ' ');
		break;
	case LOG_SHAPE_PRIORITY:
		add_priority(out, t->facility * 8u + level);
		break;
	case LOG_SHAPE_SHORT:
		add_priority(out, level);
		break;
	case LOG_SHAPE_TIMED:
		add_priority(out, level);
		/* fall through */
	case LOG_SHAPE_ISO:
		log_time_add_iso(out, now);
		strbuf_add_byte(out, ' ');
		break;
	case LOG_SHAPE_RAW:
		break;
	}
}

static void send_to(struct log_target *t, const struct log_message *m, const struct timeval *now)
{
	if (m->level > t->max_level || !sampled(t))
		return;
	unsigned level = m->level < t->min_level ? t->min_level : m->level;
	/* One byte more for the newline, one for the NUL of a strbuf. */
	char *mem = log_sink_reserve(t->sink, t->len + 2);
	if (!mem)
		return;
	struct strbuf line;
	strbuf_init_fixed(&line, mem, t->len + 1);
	add_header(&line, t, level, m, now);
	strbuf_add_slice(&line, m->text);
	mem[line.len] = '\n';
	log_sink_commit(t->sink, line.len + 1);
}

/* Before the first of some lines; the moment they bear. */
static struct timeval begin(void)
{
	if (!loop_self)
		clock_update();
	if (!pid_text[0])
		log_set_pid(getpid());
	return clock_wall();
}

void log_send_to(struct log_target *t, const struct log_message *m)
{
	struct timeval now = begin();

	send_to(t, m, &now);
	if (!loop_self)
		log_sinks_flush();
}

void log_send(struct log_target *const *targets, bool global, const struct log_message *m)
{
	global = global && log_global;
	if (!targets && !global)
		return;
	struct timeval now = begin();
	for (; targets && *targets; targets++)
		send_to(*targets, m, &now);
	for (targets = log_global; global && *targets; targets++)
		send_to(*targets, m, &now);
	if (!loop_self)
		log_sinks_flush();
}

bool log_wanted(struct log_target *const *targets, bool global, enum log_level level)
{
	for (; targets && *targets; targets++) {
		if (level <= (*targets)->max_level)
			return true;
	}
	for (targets = global ? log_global : NULL; targets && *targets; targets++) {
		if (level <= (*targets)->max_level)
			return true;
	}
	return false;
}
