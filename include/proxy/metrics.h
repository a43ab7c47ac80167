/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics in Prometheus' text format 0.0.4: everything the statistics know under HAProxy's names, and what only
 * usher counts under names of its own. The format wants all series of a metric together, so each metric is a walk
 * over all objects. It looks and changes nothing; any thread.
 */
#ifndef USHER_PROXY_METRICS_H
#define USHER_PROXY_METRICS_H

#include "base/strbuf.h"
#include "proxy/stats.h"

#define METRICS_GLOBAL   1u
#define METRICS_FRONTEND 2u
#define METRICS_LISTENER 4u
#define METRICS_BACKEND  8u
#define METRICS_SERVER   16u
#define METRICS_PROXY_PROTOCOL 32u
#define METRICS_ALL      63u

/* What is asked for. */
struct metrics_filter {
	unsigned scopes;    /* METRICS_* */
	bool no_maint;      /* not the servers in maintenance */
	struct slice names; /* "a,b,-c": these alone; with a '-': all but these. Empty: all. Borrows */
};

/* Zero it, set the filter, call metrics_next(). */
struct metrics_walk {
	struct metrics_filter filter;
	/* its own; the model is frozen */
	unsigned scope, at;
	bool headed;
	struct stats_walk stats;
	struct stats_row row;
	const struct proxy *px;
	const struct listener *listener;
};

/* Adds the lines of the next object of a metric, sometimes none; false behind the last. */
bool metrics_next(struct metrics_walk *w, struct strbuf *out);
/* One parameter of a scrape's query, decoded: "scope" and a scope's name, "metrics" and names. Unknown ones are passed
 * over. False: there is no such scope. */
bool metrics_ask(struct metrics_filter *f, struct slice name, struct slice value);
/* True when the filter lets this metric through. */
bool metrics_wanted(const struct metrics_filter *f, const char *prefix, const char *name);

/* The parts. "# HELP ..." and "# TYPE ..." of prefix and name. */
void metrics_head(struct strbuf *out, const char *prefix, const char *name, const char *type, const char *text);
/* `label="value"`, escaped. */
void metrics_label(struct strbuf *out, const char *label, const char *value);
/* " 12\n": a value and the end of its line; NaN when there is none. */
void metrics_value(struct strbuf *out, const struct stats_value *v);

/* The scopes that are no statistics of objects; each call adds one metric of the process, or of a listener. */
bool metrics_next_process(struct metrics_walk *w, struct strbuf *out);
bool metrics_next_pp(struct metrics_walk *w, struct strbuf *out);

#endif
