/* SPDX-License-Identifier: Apache-2.0
 *
 * `proxy-policy <name>`: who may begin a connection with a PROXY header, line by line; the first
 * line that names the peer decides. One thread: start-up only.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "proxy/pp_policy.h"

static void *begin_policy(struct conf_line *l)
{
	const char *name = conf_need(l, "a name");
	const struct pp_policy *other;

	if (name == NULL || !conf_end(l))
		return NULL;
	if (strcmp(name, pp_policy_optional.name) == 0) {
		conf_fail(l, "the policy 'optional' is built in; choose another name");
		return NULL;
	}
	other = pp_policy_find(name);
	if (other) {
		conf_fail(l, "a proxy-policy of this name stands at %s:%d already", other->file, other->line);
		return NULL;
	}
	return pp_policy_new(slice_dup(slice_of(name)), l->file, l->line);
}
SECTION(proxy_policy) = { .keyword = "proxy-policy", .usage = "proxy-policy <name>", .where = IN_POLICY, .begin = begin_policy };

/* One prefix per line; blank lines and what follows a '#' are left out. Every bad line is told. */
static bool add_file(struct conf_line *l, const char *path, struct pp_peers *peers, struct pp_rule *rule)
{
	FILE *f = fopen(path, "re");
	char text[256];
	int line = 0;
	bool ok = true;

	if (f == NULL)
		return conf_fail(l, "cannot read '%s': %s", path, strerror(errno));
	while (fgets(text, sizeof(text), f)) {
		struct strbuf err = STRBUF_EMPTY;
		struct slice s;
		line++;
		text[strcspn(text, "#\r\n")] = 0;
		s = slice_trim(slice_of(text));
		if (s.len && !pp_peers_add(peers, s, rule, &err))
			ok = conf_fail(l, "%s:%d: %s", path, line, err.ptr ? err.ptr : "bad prefix");
		strbuf_free(&err);
	}
	fclose(f);
	return ok;
}

/* Takes prefixes up to the end of the line; at least one. */
static bool take_peers(struct conf_line *l, struct pp_peers *peers, struct pp_rule *rule)
{
	const char *word;
	int at = l->at;

	rule->text = conf_rest(l);
	l->at = at;
	if (conf_peek(l) == NULL)
		return conf_fail(l, "expected an address, a network, 'all', 'unix' or -f <file>");
	while ((word = conf_take(l)) != NULL) {
		struct strbuf err = STRBUF_EMPTY;
		bool ok = true;
		if (strcmp(word, "-f") == 0) {
			word = conf_need(l, "a file of prefixes");
			ok = word && add_file(l, word, peers, rule);
		} else if (!pp_peers_add(peers, slice_of(word), rule, &err)) {
			ok = conf_fail(l, "%s", err.ptr ? err.ptr : "bad prefix");
		}
		strbuf_free(&err);
		if (!ok)
			return false;
	}
	return true;
}

#define RULE(ident, id, about) \
	static bool parse_##ident(struct conf_line *l, void *owner) \
	{ \
		struct pp_policy *p = owner; \
		return take_peers(l, &p->peers, pp_policy_add_rule(p, id, l->line)); \
	} \
	KEYWORD(policy_##ident) = { .keyword = #ident, .usage = #ident " <prefix> ...   " about, .where = IN_POLICY, .parse = parse_##ident }

RULE(require, PP_REQUIRE, "(a header or the door)");
RULE(optional, PP_OPTIONAL, "(with or without a header)");
RULE(ignore, PP_IGNORE, "(a header is read and thrown away)");
RULE(raw, PP_RAW, "(never a header)");
RULE(reject, PP_REJECT, "(closed)");

static bool parse_version(struct conf_line *l, void *owner)
{
	struct pp_policy *p = owner;
	const char *word = conf_need(l, "'v1', 'v2' or 'any'");

	if (word == NULL)
		return false;
	if (strcmp(word, "v1") == 0)
		p->versions = PP_V1;
	else if (strcmp(word, "v2") == 0)
		p->versions = PP_V2;
	else if (strcmp(word, "any") == 0)
		p->versions = PP_V1 | PP_V2;
	else
		return conf_fail(l, "expected 'v1', 'v2' or 'any'");
	return true;
}
KEYWORD(policy_version) = { .keyword = "version", .usage = "version {v1 | v2 | any}", .where = IN_POLICY, .parse = parse_version };

KEYWORD(policy_header_timeout) = { .keyword = "header-timeout", .usage = "header-timeout <time>", .where = IN_POLICY,
	.type = SETTING_TIME, .offset = offsetof(struct pp_policy, header_timeout_ms), .min = 1 };
KEYWORD(policy_max_header) = { .keyword = "max-header", .usage = "max-header <bytes>", .where = IN_POLICY,
	.type = SETTING_SIZE, .offset = offsetof(struct pp_policy, max_header), .min = PP_V2_FIXED, .max = PP_MAX };
KEYWORD(policy_shadow) = { .keyword = "shadow", .usage = "shadow", .where = IN_POLICY,
	.type = SETTING_FLAG, .offset = offsetof(struct pp_policy, shadow) };
KEYWORD(policy_health_reply) = { .keyword = "health-reply", .usage = "health-reply", .where = IN_POLICY,
	.type = SETTING_FLAG, .offset = offsetof(struct pp_policy, health_reply) };

/* depth <n> trust <prefix> ...: the list is that of level n; each level has one line. */
static bool parse_depth(struct conf_line *l, void *owner)
{
	struct pp_policy *p = owner;
	int64_t depth;

	if (!conf_need_int(l, "the depth", 2, PP_DEPTH_MAX, &depth))
		return false;
	if (!conf_take_if(l, "trust")) {
		conf_take(l);
		return conf_fail(l, "expected 'trust' and the prefixes whose header of level %d is believed", (int)depth);
	}
	if (p->trust_line[depth])
		return conf_fail(l, "level %d stands at line %d already", (int)depth, p->trust_line[depth]->line);
	if (depth > 2 && !p->trust_line[depth - 1])
		return conf_fail(l, "'depth %d' needs a 'depth %d trust' before it", (int)depth, (int)depth - 1);
	struct pp_rule *r = calloc(1, sizeof(*r));
	ASSERT(r != NULL);
	r->verdict = PP_OPTIONAL;
	r->line = l->line;
	p->trust_line[depth] = r;
	p->depth = depth;
	return take_peers(l, &p->trust[depth], r);
}
KEYWORD(policy_depth) = { .keyword = "depth", .usage = "depth <n> trust <prefix> ...", .where = IN_POLICY, .parse = parse_depth };
