/* SPDX-License-Identifier: Apache-2.0
 *
 * `mode`, `balance`, `default_backend`, `use_backend` and `use-server`. One thread: start-up only.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "proxy/balance.h"
#include "proxy/mode_advice.h"

static bool parse_mode(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "tcp");

	if (word == NULL)
		return false;
	if (strcmp(word, "tcp") == 0) {
		((struct proxy *)owner)->set.mode = MODE_TCP;
		return true;
	}
	if (strcmp(word, "http") == 0) {
		((struct proxy *)owner)->set.mode = MODE_HTTP;
		return true;
	}
	if (strcmp(word, "health") == 0 || strcmp(word, "log") == 0 || strcmp(word, "spop") == 0)
		return conf_fail(l, "usher does not have this mode yet; use 'mode tcp' or 'mode http'");
	return conf_fail(l, "expected 'tcp' or 'http'");
}
KEYWORD(mode) = { .keyword = "mode", .usage = "mode {tcp | http}", .where = IN_PROXY, .parse = parse_mode };

/* Why there is no such algorithm. */
static bool unknown_algorithm(struct conf_line *l, struct slice name)
{
	const char *near = registry_nearest(&balance_registry, name);

	return near ? conf_fail(l, "no such algorithm; did you mean '%s'?", near) :
		conf_fail(l, "expected an algorithm: roundrobin, static-rr, leastconn, first, random, source, hash, uri, url_param, "
			"hdr or rdp-cookie");
}

/* <algorithm> or <algorithm>(<argument>), and words behind it. */
static bool parse_balance(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	const char *word = conf_need(l, "an algorithm");

	if (word == NULL)
		return false;
	struct slice name = slice_of(word), in_parens = { NULL, 0 };
	ptrdiff_t open = slice_find_byte(name, '(');
	if (open >= 0) {
		if (!slice_ends(name, SLICE(")")))
			return conf_fail(l, "expected ')' at the end");
		in_parens = slice_make(name.ptr + open + 1, name.len - (size_t)open - 2);
		name.len = (size_t)open;
	}
	const struct balance *b = registry_find(&balance_registry, name);
	if (b == NULL)
		return unknown_algorithm(l, name);
	if (b->parse == NULL && in_parens.ptr)
		return conf_fail(l, "'%s' takes no argument", b->keyword);
	px->set.balancing.check_post = false;
	if (b->parse && !b->parse(l, px, in_parens))
		return false;
	px->set.balance = b;
	return true;
}
KEYWORD(balance) = { .keyword = "balance", .usage = "balance <algorithm>[(<argument>)] [<argument>]", .where = IN_BE,
	.parse = parse_balance };

static bool parse_default_backend(struct conf_line *l, void *owner)
{
	const char *name = conf_need(l, "the name of a backend");

	if (name == NULL)
		return false;
	struct proxy_settings *set = &((struct proxy *)owner)->set;
	set->default_backend = strdup(name);
	set->default_backend_file = l->file;
	set->default_backend_line = l->line;
	return true;
}
KEYWORD(default_backend) = { .keyword = "default_backend", .usage = "default_backend <backend>", .where = IN_FE,
	.parse = parse_default_backend };

static bool add_rule(struct conf_line *l, struct proxy *px, struct switch_rules *rules, unsigned phase, bool need_cond)
{
	const char *name = conf_need(l, "a name");
	struct switch_rule r = { .file = l->file, .line = l->line };

	if (name == NULL)
		return false;
	r.name = strdup(name);
	size_t mark = expr_asks_mark();
	if (strchr(name, '%') && (r.format = format_parse(l, name, phase, px)) == NULL)
		return false;
	r.asks = expr_asks_since(mark);
	if (conf_peek(l) && (r.cond = cond_parse(l, &px->set.acls, phase, px)) == NULL)
		return false;
	if (need_cond && r.cond == NULL)
		return conf_fail(l, "expected 'if' or 'unless' and a condition behind the name");
	rules->list = realloc(rules->list, (rules->n + 1) * sizeof(r));
	ASSERT(rules->list != NULL);
	rules->list[rules->n++] = r;
	return true;
}

static bool parse_use_backend(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	return add_rule(l, px, &px->use_backend, PHASE_USE_BACKEND, false);
}
KEYWORD(use_backend) = { .keyword = "use_backend", .usage = "use_backend <backend> [{if | unless} <condition>]",
	.where = IN_FE & ~IN_DEFAULTS, .parse = parse_use_backend };

static bool parse_use_server(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	return add_rule(l, px, &px->use_server, PHASE_USE_SERVER, true);
}
KEYWORD(use_server) = { .keyword = "use-server", .usage = "use-server <server> {if | unless} <condition>",
	.where = IN_BE & ~IN_DEFAULTS, .parse = parse_use_server };

static bool parse_acl(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	return mode_may_stand(l, px) && acl_parse(l, &px->set.acls, px);
}
KEYWORD(acl) = { .keyword = "acl", .usage = "acl <name> <criterion> [flags] [operator] <value> ...", .where = IN_PROXY,
	.parse = parse_acl };
