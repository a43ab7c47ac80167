/* SPDX-License-Identifier: Apache-2.0
 *
 * show events: where log lines go, and how many of them were lost on the way; the lines of a ring, those that are there and,
 * with -w, those to come. One thread; what it reads is atomics, and the ring has a lock.
 */
#include <inttypes.h>
#include <stdlib.h>
#include "base/assert.h"
#include "core/clock.h"
#include "core/log_ring.h"
#include "core/log_sink.h"
#include "proxy/command.h"
#include "proxy/session.h"

#define LOOK_EVERY_MS 100 /* a follower looks into the ring so often, so that who writes need not know of it */

struct show_events {
	struct cli *cli;
	struct log_ring *ring;    /* borrows, for ever */
	uint64_t at;
	bool follow;
	uint32_t patience_ms;     /* the session's own: a follower may be silent */
	struct timer timer;
};

static void add_sinks(struct strbuf *out)
{
	struct log_sink_report r;

	strbuf_add_str(out, "Supported events sinks are listed below. Add -w(wait), -n(new). Any key to stop\n");
	for (unsigned n = 0; log_sink_report(n, &r); n++) {
		strbuf_addf(out, "    %-10s : type=%s, %" PRIu64 " dropped, ", r.ring ? "buf0" : r.address, r.kind, r.dropped);
		if (r.ring)
			strbuf_add_str(out, "in-memory ring buffer\n");
		else if (r.fd >= 0)
			strbuf_addf(out, "log target (fd#%d)\n", r.fd);
		else
			strbuf_add_str(out, "log target (not open)\n");
	}
}

/* The sink whose lines are asked for; NULL: the answer says why. */
static struct log_ring *take_ring(struct cli *c)
{
	struct log_sink_report r;

	for (unsigned n = 0; log_sink_report(n, &r); n++) {
		if (r.ring && strcmp(c->args[0], "buf0") == 0)
			return r.ring;
		if (strcmp(c->args[0], r.address) != 0)
			continue;
		if (r.ring == NULL)
			cli_refuse(c, "Nothing to report for this sink");
		return r.ring;
	}
	cli_refuse(c, "No such event sink");
	return NULL;
}

static bool take_options(struct cli *c, bool *follow, bool *only_new)
{
	for (int i = 1; i < c->arg_count; i++) {
		const char *word = c->args[i];
		if (word[0] != '-' || word[1] == 0 || strspn(word + 1, "wn") != strlen(word + 1))
			return cli_refuse(c, "unknown option");
		*follow |= strchr(word, 'w') != NULL;
		*only_new |= strchr(word, 'n') != NULL;
	}
	return true;
}

static void on_timer(struct timer *t)
{
	cli_wake(CONTAINER_OF(t, struct show_events, timer)->cli);
}

static bool show_events_start(struct cli *c)
{
	bool follow = false, only_new = false;

	c->state = NULL;
	if (c->arg_count == 0) {
		add_sinks(&c->out);
		return true;
	}
	struct log_ring *ring = take_ring(c);
	if (ring == NULL || !take_options(c, &follow, &only_new))
		return false;
	struct show_events *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return cli_refuse(c, "Out of memory.");
	*s = (struct show_events){ .cli = c, .ring = ring, .at = only_new ? log_ring_end(ring) : 0, .follow = follow,
		.patience_ms = c->patience_ms, .timer.fire = on_timer };
	if (follow)
		c->patience_ms = 0;
	c->state = s;
	return true;
}

static enum command_result show_events_run(struct cli *c)
{
	struct show_events *s = c->state;
	size_t before = c->out.len;

	if (s == NULL)
		return COMMAND_DONE;
	log_ring_read(s->ring, &s->at, CLI_PIECE / 2, &c->out);
	if (c->out.len > before)
		return COMMAND_MORE;
	if (!s->follow || __atomic_load_n(&process_stopping, __ATOMIC_RELAXED))
		return COMMAND_DONE;
	if (c->interrupted) {
		c->swallow = true;
		return COMMAND_DONE;
	}
	timer_bring_forward(&s->timer, clock_now_ms + LOOK_EVERY_MS);
	return COMMAND_WAIT;
}

static void show_events_end(struct cli *c)
{
	struct show_events *s = c->state;

	if (s == NULL)
		return;
	timer_stop(&s->timer);
	c->patience_ms = s->patience_ms;
	free(s);
}

COMMAND(show_events) = {
	.keyword = "show events", .usage = "show events [<sink>] [-w] [-n]", .text = "show where log lines go, and those of a ring",
	.level = CLI_OPERATOR, .start = show_events_start, .run = show_events_run, .end = show_events_end,
};
