/* SPDX-License-Identifier: Apache-2.0
 *
 * Policies as objects: making them, asking them, and giving listeners theirs. The words of a
 * `proxy-policy` section are keyword/section_policy.c. Frozen after boot.
 */
#include "proxy/pp_policy.h"

#include <stdlib.h>
#include "base/assert.h"
#include "base/units.h"
#include "conf/diag.h"
#include "proxy/listener.h"

struct pp_policy_list pp_policies = STAILQ_HEAD_INITIALIZER(pp_policies);

static struct pp_rule require_all = { .verdict = PP_REQUIRE, .text = (char *)"all" };
static struct pp_rule optional_all = { .verdict = PP_OPTIONAL, .text = (char *)"all" };

#define DEFAULTS .depth = 1, .versions = PP_V1 | PP_V2, .max_header = PP_MAX_DEFAULT, .header_timeout_ms = PP_HEADER_TIMEOUT_MS

struct pp_policy pp_policy_accept_proxy = { .name = "accept-proxy", DEFAULTS, .peers.of_all = &require_all,
	.rules = TAILQ_HEAD_INITIALIZER(pp_policy_accept_proxy.rules) };
struct pp_policy pp_policy_optional = { .name = "optional", DEFAULTS, .peers.of_all = &optional_all,
	.rules = TAILQ_HEAD_INITIALIZER(pp_policy_optional.rules) };

const char *pp_verdict_name(enum pp_verdict v)
{
	static const char *const names[] = { "reject", "require", "optional", "ignore", "raw" };

	ASSERT(v < COUNT_OF(names));
	return names[v];
}

struct pp_policy *pp_policy_new(const char *name, const char *file, int line)
{
	struct pp_policy *p = calloc(1, sizeof(*p));

	ASSERT(p != NULL);
	*p = (struct pp_policy){ .name = name, .file = file, .line = line, DEFAULTS };
	TAILQ_INIT(&p->rules);
	STAILQ_INSERT_TAIL(&pp_policies, p, link);
	return p;
}

struct pp_policy *pp_policy_find(const char *name)
{
	struct pp_policy *p;

	if (strcmp(name, pp_policy_optional.name) == 0)
		return &pp_policy_optional;
	STAILQ_FOREACH(p, &pp_policies, link)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

struct pp_rule *pp_policy_add_rule(struct pp_policy *p, enum pp_verdict verdict, int line)
{
	struct pp_rule *r = calloc(1, sizeof(*r)), *last = TAILQ_LAST(&p->rules, pp_rules);

	ASSERT(r != NULL);
	r->verdict = verdict;
	r->line = line;
	r->order = last ? last->order + 1 : 0;
	TAILQ_INSERT_TAIL(&p->rules, r, link);
	return r;
}

static bool looks_like_name(struct slice text)
{
	if (slice_find_byte(text, '/') >= 0 || slice_find_byte(text, ':') >= 0)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if ((text.ptr[i] | 0x20) >= 'a' && (text.ptr[i] | 0x20) <= 'z')
			return true;
	return false;
}

bool pp_peers_add(struct pp_peers *peers, struct slice text, struct pp_rule *rule, struct strbuf *err)
{
	struct addr_net net;

	if (slice_is(text, "all")) {
		if (peers->of_all == NULL)
			peers->of_all = rule;
	} else if (slice_is(text, "unix")) {
		if (peers->of_unix == NULL)
			peers->of_unix = rule;
	} else if (!addr_net_parse(text, &net)) {
		if (looks_like_name(text))
			strbuf_addf(err, "'%.*s': DNS names as prefixes are not here yet; expected an address, a network, 'all', 'unix' or -f <file>",
				SLICE_FMT(text));
		else
			strbuf_addf(err, "'%.*s' is not an address or network", SLICE_FMT(text));
		return false;
	} else {
		bool added = radix_add(&peers->nets, &net, rule);
		ASSERT(added);
	}
	return true;
}

const struct pp_rule *pp_peers_find(const struct pp_peers *peers, const struct addr *a)
{
	const struct pp_rule *r = NULL;

	if (addr_is_inet(a)) {
		const struct radix_entry *e = radix_first(&peers->nets, a);
		if (e)
			r = e->value;
	} else {
		r = peers->of_unix;
	}
	return peers->of_all && (r == NULL || peers->of_all->order < r->order) ? peers->of_all : r;
}

enum pp_verdict pp_policy_verdict(const struct pp_policy *p, const struct addr *peer)
{
	const struct pp_rule *r = pp_peers_find(&p->peers, peer);

	return r ? r->verdict : PP_REJECT;
}

static bool expects_proxy(const struct proxy *px)
{
	for (size_t i = 0; i < px->set.req_conn.n; i++)
		if (strcmp(px->set.req_conn.rules[i]->action->keyword, "expect-proxy") == 0)
			return true;
	return false;
}

const struct pp_policy *pp_policy_of(const struct listener *l)
{
	if (l->set.policy == NULL && expects_proxy(l->px))
		return &pp_policy_accept_proxy;
	return l->set.policy;
}

static struct pp_policy *find_named(const struct listener *l)
{
	struct pp_policy *p = pp_policy_find(l->set.policy_name), *other;
	const char *names[64] = { "optional" };
	size_t n = 1;

	if (p)
		return p;
	STAILQ_FOREACH(other, &pp_policies, link)
		if (n < COUNT_OF(names))
			names[n++] = other->name;
	const char *near = nearest_word(slice_of(l->set.policy_name), names, n);
	diag_at(DIAG_ALERT, l->file, l->line, "'bind': there is no proxy-policy '%s'%s%s%s", l->set.policy_name,
		near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	return NULL;
}

static bool resolve_listener(struct listener *l)
{
	if (l->set.accept_proxy)
		l->set.policy = &pp_policy_accept_proxy;
	if (l->set.policy_name == NULL)
		return true;
	struct pp_policy *p = find_named(l);
	l->set.policy = p;
	if (p == NULL)
		return false;
	if (expects_proxy(l->px)) {
		diag_at(DIAG_ALERT, l->file, l->line, "'bind': 'proxy-policy' and a rule 'expect-proxy' contradict each other: "
			"a policy says by itself who sends a header");
		return false;
	}
	return true;
}

bool pp_policies_resolve(void)
{
	struct proxy *px;
	struct listener *l;
	bool ok = true;

	TAILQ_FOREACH(px, &proxies, link)
		TAILQ_FOREACH(l, &px->listeners, link)
			if (!resolve_listener(l))
				ok = false;
	return ok;
}

static void free_rule(struct pp_rule *r)
{
	if (r) {
		free(r->text);
		free(r);
	}
}

void pp_policies_free(void)
{
	struct pp_policy *p;
	struct pp_rule *r;

	while ((p = STAILQ_FIRST(&pp_policies)) != NULL) {
		STAILQ_REMOVE_HEAD(&pp_policies, link);
		while ((r = TAILQ_FIRST(&p->rules)) != NULL) {
			TAILQ_REMOVE(&p->rules, r, link);
			free_rule(r);
		}
		radix_free(&p->peers.nets);
		for (int level = 0; level <= PP_DEPTH_MAX; level++) {
			radix_free(&p->trust[level].nets);
			free_rule(p->trust_line[level]);
		}
		free(p);
	}
}
