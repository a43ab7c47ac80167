/* SPDX-License-Identifier: Apache-2.0
 *
 * show proxy-policy [<name>]: the lines of each policy, its switches, and what its listeners counted.
 * set proxy-policy <name> shadow {on|off}. One thread; what is read is frozen or summed.
 */
#include <stdlib.h>
#include "proxy/command.h"
#include "proxy/pp_policy.h"

/* Where the walk stands: a policy, then the listeners it serves. */
struct walk {
	struct pp_policy *policy; /* NULL: done */
	struct listener *listener;
	bool head_said, only_one;
};

/* The built-in ones, then the sections in file order. */
static struct pp_policy *first_policy(void)
{
	return &pp_policy_accept_proxy;
}

static struct pp_policy *next_policy(struct pp_policy *p)
{
	if (p == &pp_policy_accept_proxy)
		return &pp_policy_optional;
	return p == &pp_policy_optional ? STAILQ_FIRST(&pp_policies) : STAILQ_NEXT(p, link);
}

static struct pp_policy *find_policy(const char *name)
{
	return strcmp(name, pp_policy_accept_proxy.name) == 0 ? &pp_policy_accept_proxy : pp_policy_find(name);
}

/* The next listener behind l (NULL: the first) that goes by this policy. */
static struct listener *next_listener(const struct pp_policy *p, struct listener *l)
{
	struct proxy *px = l ? l->px : TAILQ_FIRST(&proxies);

	for (l = l ? TAILQ_NEXT(l, link) : px ? TAILQ_FIRST(&px->listeners) : NULL; px;) {
		for (; l; l = TAILQ_NEXT(l, link))
			if (pp_policy_of(l) == p)
				return l;
		px = TAILQ_NEXT(px, link);
		l = px ? TAILQ_FIRST(&px->listeners) : NULL;
	}
	return NULL;
}

static void say_rules(struct strbuf *out, const struct pp_policy *p)
{
	const struct pp_rule *r;

	if (p->file == NULL)
		strbuf_addf(out, "  rule: %s all\n", pp_verdict_name(p->peers.of_all->verdict));
	TAILQ_FOREACH(r, &p->rules, link)
		strbuf_addf(out, "  rule: %s %s\n", pp_verdict_name(r->verdict), r->text);
	for (int level = 2; level <= p->depth; level++)
		strbuf_addf(out, "  depth: %d trust %s\n", level, p->trust_line[level]->text);
}

static void say_policy(struct strbuf *out, const struct pp_policy *p)
{
	strbuf_addf(out, "proxy-policy: %s\n", p->name);
	if (p->file)
		strbuf_addf(out, "  place: %s:%d\n", p->file, p->line);
	else
		strbuf_add_str(out, "  place: built in\n");
	say_rules(out, p);
	strbuf_addf(out, "  version: %s\n", p->versions == PP_V1 ? "v1" : p->versions == PP_V2 ? "v2" : "any");
	strbuf_addf(out, "  header-timeout: %ums\n  max-header: %llu\n", p->header_timeout_ms, (unsigned long long)p->max_header);
	strbuf_addf(out, "  shadow: %s\n  health-reply: %s\n", pp_policy_shadow(p) ? "on" : "off", p->health_reply ? "on" : "off");
}

static void say_listener(struct strbuf *out, const struct listener *l)
{
	struct counters c;

	counters_sum(&l->counters, &c);
	strbuf_addf(out, "  listener: %s/%s", l->px->name, l->set.name ? l->set.name : "");
	if (l->set.name == NULL)
		endpoint_format(&l->endpoint, out);
#define SAY(name, field) strbuf_addf(out, " " name "=%llu", (unsigned long long)c.field)
	SAY("v1", pp_v1);
	SAY("v2", pp_v2);
	SAY("local", pp_local);
	SAY("missing-allowed", pp_missing_allowed);
	SAY("missing-refused", pp_missing_refused);
	SAY("ignored", pp_ignored);
	SAY("rejected", pp_rejected);
	SAY("version-refused", pp_version_refused);
	SAY("timeout", pp_timeout);
	SAY("truncated", pp_truncated);
	for (int r = PP_OK + 1; r < PP_REASON_COUNT; r++)
		if (c.pp_errors[r])
			strbuf_addf(out, " %s=%llu", pp_reason_name(r), (unsigned long long)c.pp_errors[r]);
	SAY("probes", pp_probe);
	SAY("health-up", pp_health_up);
	SAY("health-down", pp_health_down);
	SAY("shadow", pp_shadow);
	SAY("shadow-missing", pp_shadow_missing);
	SAY("shadow-rejected", pp_shadow_rejected);
	SAY("shadow-version", pp_shadow_version);
	SAY("shadow-errors", pp_shadow_errors);
#undef SAY
	strbuf_add_byte(out, '\n');
}

static bool show_start(struct cli *c)
{
	struct walk *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return cli_refuse(c, "Out of memory.");
	w->policy = c->arg_count ? find_policy(c->args[0]) : first_policy();
	w->only_one = c->arg_count > 0;
	if (w->policy == NULL) {
		free(w);
		return cli_refuse(c, "No such proxy-policy.");
	}
	c->state = w;
	return true;
}

static enum command_result show_run(struct cli *c)
{
	struct walk *w = c->state;

	while (w->policy) {
		if (c->out.len >= CLI_PIECE)
			return COMMAND_MORE;
		if (!w->head_said) {
			say_policy(&c->out, w->policy);
			w->head_said = true;
		}
		w->listener = next_listener(w->policy, w->listener);
		if (w->listener) {
			say_listener(&c->out, w->listener);
			continue;
		}
		w->policy = w->only_one ? NULL : next_policy(w->policy);
		w->head_said = false;
	}
	return COMMAND_DONE;
}

static void show_end(struct cli *c)
{
	free(c->state);
}

COMMAND(show_proxy_policy) = {
	.keyword = "show proxy-policy", .usage = "show proxy-policy [<name>]", .text = "show who may send a PROXY header, and counters",
	.level = CLI_OPERATOR, .start = show_start, .run = show_run, .end = show_end,
};

static bool set_start(struct cli *c)
{
	struct pp_policy *p = c->arg_count ? find_policy(c->args[0]) : NULL;
	bool on;

	if (c->arg_count != 3 || strcmp(c->args[1], "shadow") != 0)
		return cli_refuse(c, "Expected: set proxy-policy <name> shadow {on|off}.");
	on = strcmp(c->args[2], "on") == 0;
	if (!on && strcmp(c->args[2], "off") != 0)
		return cli_refuse(c, "Expected 'on' or 'off' behind 'shadow'.");
	if (p == NULL)
		return cli_refuse(c, "No such proxy-policy.");
	__atomic_store_n(&p->shadow, on, __ATOMIC_RELAXED);
	return true;
}

COMMAND(set_proxy_policy) = {
	.keyword = "set proxy-policy", .usage = "set proxy-policy <name> shadow {on | off}",
	.text = "let everybody in and count whom a policy would refuse", .level = CLI_ADMIN, .start = set_start,
};
