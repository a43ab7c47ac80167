/* SPDX-License-Identifier: Apache-2.0
 *
 * `log`, `no log`, `log-tag` and `log-send-hostname`: where lines go and what they are signed with.
 * The words of a target are read in core/log_parse.c. One thread: start-up only.
 */
#include <stdlib.h>
#include <unistd.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "core/log.h"
#include "proxy/global.h"
#include "proxy/log_profile.h"
#include "proxy/proxy.h"
#include "rule/boot.h"

/* The list with t behind it, as a new list: the old one may be another section's too. */
static struct log_target **list_with(struct log_target **old, struct log_target *t)
{
	size_t n = 0;

	while (old && old[n])
		n++;
	struct log_target **list = boot_alloc((n + 2) * sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = old[i];
	list[n] = t;
	return list;
}

static bool add_target(struct conf_line *l, struct log_target ***list)
{
	struct strbuf err = STRBUF_EMPTY;
	int bad, first = l->at;
	struct log_target *t = log_target_parse(l->words + first, l->count - first, &bad, &err);

	/* The fault is said of the word it stands on. */
	l->at = t || first + bad >= l->count ? l->count : first + bad + 1;
	if (t && t->profile_name)
		log_profile_want(t, l->file, l->line);
	if (t)
		*list = list_with(*list, t);
	else
		conf_fail(l, "log : %s", err.ptr);
	strbuf_free(&err);
	return t != NULL;
}

static bool parse_global(struct conf_line *l, void *owner)
{
	struct global *g = owner;

	if (l->no) {
		g->log_targets = log_global = NULL;
		return conf_end(l);
	}
	if (conf_take_if(l, "global"))
		return conf_fail(l, "'log global' is for proxies; here stands a target");
	if (!add_target(l, &g->log_targets))
		return false;
	log_global = g->log_targets;
	return true;
}
KEYWORD(global_log) = { .keyword = "log", .where = IN_GLOBAL, .parse = parse_global, .may_no = true,
	.usage = "log <target> [len <length>] [format <format>] [sample <ranges>:<size>] [profile <name>] <facility> "
	         "[<max level> [<min level>]]" };

static bool parse_proxy(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	if (l->no) {
		px->set.log_targets = NULL;
		px->set.log_global = false;
		return conf_end(l);
	}
	if (conf_peek(l) && strcmp(conf_peek(l), "global") == 0 && l->at + 1 == l->count) {
		conf_take(l);
		px->set.log_global = true;
		return true;
	}
	return add_target(l, &px->set.log_targets);
}
KEYWORD(proxy_log) = { .keyword = "log", .where = IN_PROXY, .parse = parse_proxy, .may_no = true,
	.usage = "[no] log {global | <target> [len <length>] [format <format>] [sample <ranges>:<size>] [profile <name>] "
	         "<facility> [<max level> [<min level>]]}" };

static bool parse_global_tag(struct conf_line *l, void *owner)
{
	struct global *g = owner;
	const char *word = conf_need(l, "a tag");

	if (!word)
		return false;
	free(g->log_tag);
	g->log_tag = strdup(word);
	ASSERT(g->log_tag);
	log_tag = g->log_tag;
	return true;
}
KEYWORD(global_log_tag) = { .keyword = "log-tag", .usage = "log-tag <tag>", .where = IN_GLOBAL, .parse = parse_global_tag };

static bool parse_tag(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "a tag");

	if (word)
		((struct proxy *)owner)->set.log_tag = (char *)boot_copy(slice_of(word)).ptr;
	return word != NULL;
}
KEYWORD(proxy_log_tag) = { .keyword = "log-tag", .usage = "log-tag <tag>", .where = IN_PROXY, .parse = parse_tag };

static bool parse_hostname(struct conf_line *l, void *owner)
{
	struct global *g = owner;
	const char *word = conf_take(l);
	char name[256] = "";

	if (!word && (gethostname(name, sizeof(name) - 1) != 0 || !name[0]))
		return conf_fail(l, "the system has no hostname; write one behind it");
	free(g->log_hostname);
	g->log_hostname = strdup(word ? word : name);
	ASSERT(g->log_hostname);
	log_hostname = g->log_hostname;
	return true;
}
KEYWORD(log_send_hostname) = { .keyword = "log-send-hostname", .usage = "log-send-hostname [<name>]", .where = IN_GLOBAL,
	.parse = parse_hostname };
