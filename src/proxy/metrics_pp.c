/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics of PROXY headers, which HAProxy has none of: usher_proxy_protocol_*, by frontend and listener. Listeners that
 * have never to do with a header are left out. Any thread.
 */
#include "proxy/metrics.h"

#include <stddef.h>
#include <stdio.h>
#include "base/assert.h"

#define PREFIX "usher_proxy_protocol_"
#define AT(field) offsetof(struct counters, pp_##field)

/* Series of one metric stand together; the label of a metric is the same in all of them. */
static const struct series {
	const char *metric, *text, *label, *value;
	size_t at;
} series[] = {
	{ "headers_total", "connections that came with a PROXY header that was taken", "kind", "v1", AT(v1) },
	{ "headers_total", "", "kind", "v2", AT(v2) },
	{ "headers_total", "", "kind", "local", AT(local) },
	{ "missing_total", "connections that came without a header", "verdict", "allowed", AT(missing_allowed) },
	{ "missing_total", "", "verdict", "refused", AT(missing_refused) },
	{ "ignored_total", "connections whose header was thrown away", NULL, NULL, AT(ignored) },
	{ "probes_total", "connections that ended without a byte", NULL, NULL, AT(probe) },
	{ "health_replies_total", "health checks with a LOCAL header that were answered", "answer", "up", AT(health_up) },
	{ "health_replies_total", "", "answer", "down", AT(health_down) },
	{ "shadow_total", "connections that shadow mode let in, by what they would have been refused for", "reason", "missing", AT(shadow_missing) },
	{ "shadow_total", "", "reason", "rejected", AT(shadow_rejected) },
	{ "shadow_total", "", "reason", "version", AT(shadow_version) },
	{ "shadow_total", "", "reason", "error", AT(shadow_errors) },
	/* The reasons of faulty headers follow (pp.h). */
	{ "errors_total", "connections refused for their header", "reason", "rejected", AT(rejected) },
	{ "errors_total", "", "reason", "version-refused", AT(version_refused) },
	{ "errors_total", "", "reason", "timeout", AT(timeout) },
	{ "errors_total", "", "reason", "truncated", AT(truncated) },
};

static void add_line(struct strbuf *out, const struct listener *l, const struct series *s, const char *value, uint64_t n)
{
	char number[32];

	snprintf(number, sizeof(number), "sock-%d", stats_listener_number(l));
	strbuf_add_str(out, PREFIX);
	strbuf_add_str(out, s->metric);
	strbuf_add_byte(out, '{');
	metrics_label(out, "proxy", l->px->name);
	strbuf_add_byte(out, ',');
	metrics_label(out, "listener", l->set.name ? l->set.name : number);
	if (s->label) {
		strbuf_add_byte(out, ',');
		metrics_label(out, s->label, value);
	}
	strbuf_add_str(out, "} ");
	strbuf_add_u64(out, n);
	strbuf_add_byte(out, '\n');
}

static bool takes_headers(const struct listener *l, const struct counters *c)
{
	if (l->set.policy || l->set.accept_proxy)
		return true;
	for (size_t i = 0; i < COUNT_OF(series); i++)
		if (*(const uint64_t *)((const char *)c + series[i].at))
			return true;
	return false;
}

/* The lines of one listener for the metric that begins at `first`. */
static void add_listener(struct strbuf *out, const struct listener *l, const struct counters *c, unsigned first)
{
	unsigned i = first;

	for (; i < COUNT_OF(series) && strcmp(series[i].metric, series[first].metric) == 0; i++)
		add_line(out, l, &series[i], series[i].value, *(const uint64_t *)((const char *)c + series[i].at));
	if (i < COUNT_OF(series))
		return;
	for (unsigned r = 1; r < PP_REASON_COUNT; r++)
		if (r != PP_VERSION_REFUSED)
			add_line(out, l, &series[first], pp_reason_name((enum pp_reason)r), c->pp_errors[r]);
}

/* The next listener of all; false behind the last, and then it begins anew. */
static bool next_listener(struct metrics_walk *w)
{
	const struct proxy *px = w->px ? w->px : TAILQ_FIRST(&proxies);
	const struct listener *l = w->listener ? TAILQ_NEXT(w->listener, link) : px ? TAILQ_FIRST(&px->listeners) : NULL;

	while (px && (l == NULL || px->internal)) {
		px = TAILQ_NEXT(px, link);
		l = px ? TAILQ_FIRST(&px->listeners) : NULL;
	}
	w->px = px;
	w->listener = l;
	return l != NULL;
}

bool metrics_next_pp(struct metrics_walk *w, struct strbuf *out)
{
	const struct series *s = &series[w->at];
	struct counters c;

	if (w->at >= COUNT_OF(series))
		return false;
	if (!metrics_wanted(&w->filter, PREFIX, s->metric) || !next_listener(w)) {
		while (w->at < COUNT_OF(series) && strcmp(series[w->at].metric, s->metric) == 0)
			w->at++;
		w->headed = false;
		return true;
	}
	counters_sum(&w->listener->counters, &c);
	if (!takes_headers(w->listener, &c))
		return true;
	if (!w->headed)
		metrics_head(out, PREFIX, s->metric, "counter", s->text);
	w->headed = true;
	add_listener(out, w->listener, &c, w->at);
	return true;
}
