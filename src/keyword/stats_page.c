/* SPDX-License-Identifier: Apache-2.0
 *
 * `stats enable` and its like in proxies: the statistics page. A proxy's words are added to those of
 * its defaults. One thread: start-up only.
 */
#include <string.h>
#include "conf/keyword.h"
#include "proxy/global.h"
#include "proxy/service.h"
#include "proxy/stats_page.h"
#include "rule/boot.h"

#define EVERYWHERE (IN_FE | IN_BE)

/* The proxy's own page; the first word about it makes one, from that of its defaults. */
static struct stats_page *own(struct proxy *px)
{
	const struct stats_page *inherited = px->defaults ? px->defaults->set.stats : NULL;
	struct stats_page *page;

	if (px->set.stats && px->set.stats != inherited)
		return px->set.stats;
	page = boot_alloc(sizeof(*page));
	if (inherited)
		*page = *inherited;
	else
		*page = (struct stats_page){ .uri = "/haproxy?stats", .realm = "HAProxy Statistics",
			.service = registry_find(&service_registry, SLICE("stats-page")) };
	return px->set.stats = page;
}

static const char **add_text(const char **list, size_t n, const char *text)
{
	const char **longer = boot_alloc((n + 1) * sizeof(*longer));

	/* A copy: the list may be shared with the defaults section. */
	if (n)
		memcpy(longer, list, n * sizeof(*longer));
	longer[n] = text;
	return longer;
}

static bool parse_enable(struct conf_line *l, void *owner)
{
	(void)l;
	own(owner);
	return true;
}
KEYWORD(stats_enable) = { .keyword = "stats enable", .usage = "stats enable", .where = EVERYWHERE, .parse = parse_enable };

static bool parse_uri(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "a prefix of URIs");

	if (word)
		own(owner)->uri = word;
	return word != NULL;
}
KEYWORD(stats_uri) = { .keyword = "stats uri", .usage = "stats uri <prefix>", .where = EVERYWHERE, .parse = parse_uri };

static bool parse_realm(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "a realm");

	if (word && !http_is_field_value(slice_of(word)))
		return conf_fail(l, "'%s' cannot stand in a header", word);
	if (word)
		own(owner)->realm = word;
	return word != NULL;
}
KEYWORD(stats_realm) = { .keyword = "stats realm", .usage = "stats realm <realm>", .where = EVERYWHERE, .parse = parse_realm };

static bool parse_auth(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "<user>:<password>");
	struct stats_page *page;

	if (word == NULL)
		return false;
	if (strchr(word, ':') == NULL)
		return conf_fail(l, "expected <user>:<password>");
	page = own(owner);
	page->users = add_text(page->users, page->user_count++, word);
	return true;
}
KEYWORD(stats_auth) = { .keyword = "stats auth", .usage = "stats auth <user>:<password>", .where = EVERYWHERE, .parse = parse_auth };

static bool parse_scope(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "a proxy's name, or '.'");
	struct stats_page *page;

	if (word == NULL)
		return false;
	page = own(owner);
	page->scopes = add_text(page->scopes, page->scope_count++, word);
	return true;
}
KEYWORD(stats_scope) = { .keyword = "stats scope", .usage = "stats scope { <name> | . }", .where = EVERYWHERE, .parse = parse_scope };

static bool parse_admin(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	struct stats_page *page = own(px);
	struct cond **longer = boot_alloc((page->admin_count + 1) * sizeof(struct cond *));

	if (page->admin_count)
		memcpy(longer, page->admin, page->admin_count * sizeof(struct cond *));
	if (conf_peek(l) == NULL)
		return conf_fail(l, "expected 'if' or 'unless' and a condition");
	longer[page->admin_count] = cond_parse(l, &px->set.acls, PHASE_FE_REQ_HTTP | PHASE_BE_REQ_HTTP, px);
	if (longer[page->admin_count] == NULL)
		return false;
	page->admin = longer;
	page->admin_count++;
	return true;
}
KEYWORD(stats_admin) = { .keyword = "stats admin", .usage = "stats admin { if | unless } <condition>", .where = EVERYWHERE,
	.parse = parse_admin };

static bool parse_refresh(struct conf_line *l, void *owner)
{
	const char *word = conf_peek(l);
	uint32_t seconds_ms;

	/* A bare number counts in seconds here. */
	if (word && strspn(word, "0123456789") == strlen(word)) {
		int64_t n;
		if (!conf_need_int(l, "an interval", 0, 86400, &n))
			return false;
		seconds_ms = (uint32_t)n * 1000;
	} else if (!conf_need_time(l, "an interval", &seconds_ms)) {
		return false;
	}
	own(owner)->refresh_ms = seconds_ms;
	return true;
}
KEYWORD(stats_refresh) = { .keyword = "stats refresh", .usage = "stats refresh <delay>", .where = EVERYWHERE, .parse = parse_refresh };

static bool parse_http_request(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	struct stats_page *page = own(px);
	const struct stats_page *inherited = px->defaults ? px->defaults->set.stats : NULL;
	const char *word = conf_peek(l);

	if (word && strcmp(word, "allow") != 0 && strcmp(word, "deny") != 0 && strcmp(word, "auth") != 0)
		return conf_fail(l, "expected 'allow', 'deny' or 'auth'");
	if (inherited && page->rules.rules == inherited->rules.rules)
		page->rules = (struct ruleset){ 0 };
	return rule_parse(l, &page->rules, RULES_HTTP_REQ, PHASE_FE_REQ_HTTP | PHASE_BE_REQ_HTTP, &px->set.acls, px);
}
KEYWORD(stats_http_request) = { .keyword = "stats http-request", .usage = "stats http-request { allow | deny | auth [realm <realm>] } "
	"[{ if | unless } <condition>]", .where = EVERYWHERE, .parse = parse_http_request };

static bool parse_hide_version(struct conf_line *l, void *owner)
{
	(void)l;
	own(owner)->hide_version = true;
	return true;
}
KEYWORD(stats_hide_version) = { .keyword = "stats hide-version", .usage = "stats hide-version", .where = EVERYWHERE,
	.parse = parse_hide_version };

static bool parse_show_legends(struct conf_line *l, void *owner)
{
	(void)l;
	own(owner)->show_legends = true;
	return true;
}
KEYWORD(stats_show_legends) = { .keyword = "stats show-legends", .usage = "stats show-legends", .where = EVERYWHERE,
	.parse = parse_show_legends };

static bool parse_show_node(struct conf_line *l, void *owner)
{
	struct stats_page *page = own(owner);

	page->show_node = true;
	page->node = conf_take(l);
	return true;
}
KEYWORD(stats_show_node) = { .keyword = "stats show-node", .usage = "stats show-node [<name>]", .where = EVERYWHERE,
	.parse = parse_show_node };

static bool parse_show_desc(struct conf_line *l, void *owner)
{
	struct stats_page *page = own(owner);

	page->show_desc = true;
	page->desc = conf_peek(l) ? conf_rest(l) : NULL;
	if (page->desc == NULL && global.description == NULL)
		conf_warn(l, "there is no description to be shown: 'description' in the global section, or one here");
	while (conf_take(l))
		;
	return true;
}
KEYWORD(stats_show_desc) = { .keyword = "stats show-desc", .usage = "stats show-desc [<desc>]", .where = EVERYWHERE,
	.parse = parse_show_desc };

KEYWORD(stats_show_modules) = { .keyword = "stats show-modules", .usage = "stats show-modules", .where = EVERYWHERE,
	.no_effect = "the page shows everything it knows" };
