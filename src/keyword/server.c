/* SPDX-License-Identifier: Apache-2.0
 *
 * `server` and `default-server`, and the words that say how a server is used. The words about
 * checks and the PROXY protocol are in files of their own. One thread: start-up only.
 */
#include <stddef.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "proxy/proxy.h"

/* "no-check" and its like are keywords of their own; "no" alone never stands before a server word. */
static bool parse_words(struct conf_line *l, struct server_settings *set)
{
	return keyword_dispatch_words(l, IN_SERVER, "a 'server' line", set);
}

static bool parse_server(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	const char *name = conf_need(l, "a name");
	struct strbuf err = STRBUF_EMPTY;
	struct endpoint e = { 0 };

	const struct server *same = name ? server_find(px, slice_of(name)) : NULL;
	if (same)
		conf_fail(l, "a server of this name stands at %s:%d already", same->file, same->line);
	const char *address = name ? conf_need(l, "an address") : NULL;
	if (address == NULL)
		return false;
	if (!endpoint_parse(slice_of(address), ENDPOINT_ALLOW_OFFSET, &e, &err))
		conf_fail(l, "%s", err.ptr ? err.ptr : "bad address");
	strbuf_free(&err);
	struct server *s = server_new(px, name, l->file, l->line);
	s->endpoint = e;
	if (!parse_words(l, &s->set))
		return false;
	return true;
}
KEYWORD(server) = { .keyword = "server", .usage = "server <name> <address>[:[<port>]] [<word> ...]", .where = IN_LISTEN | IN_BACKEND,
	.parse = parse_server,
	.misplaced_fails = true };

static bool parse_default_server(struct conf_line *l, void *owner)
{
	return parse_words(l, &((struct proxy *)owner)->set.server);
}
KEYWORD(default_server) = { .keyword = "default-server", .usage = "default-server <word> ...", .where = IN_BE, .parse = parse_default_server,
	.misplaced_fails = true };

#define SERVER_ROW(ident, word, argument, kind, field, ...) \
	KEYWORD(server_##ident) = { .keyword = word, .usage = word argument, .where = IN_ANY_SERVER, .type = kind, \
		.offset = offsetof(struct server_settings, field), __VA_ARGS__ }

SERVER_ROW(weight, "weight", " <number>", SETTING_INT, weight, .min = 0, .max = 256);
SERVER_ROW(maxconn, "maxconn", " <number>", SETTING_INT, maxconn, .min = 0, .max = 100000000);
SERVER_ROW(minconn, "minconn", " <number>", SETTING_INT, minconn, .min = 0, .max = 100000000);
SERVER_ROW(maxqueue, "maxqueue", " <number>", SETTING_INT, maxqueue, .min = 0, .max = 100000000);
SERVER_ROW(backup, "backup", "", SETTING_FLAG, backup, .min = 0);
SERVER_ROW(disabled, "disabled", "", SETTING_FLAG, disabled, .min = 0);
SERVER_ROW(tfo, "tfo", "", SETTING_FLAG, tfo, .min = 0);
SERVER_ROW(interface, "interface", " <name>", SETTING_STR, interface, .min = 0);
SERVER_ROW(id, "id", " <number>", SETTING_INT, id, .min = 1, .max = INT32_MAX);

#define SERVER_OFF(ident, word, field) \
	static bool parse_##ident(struct conf_line *l, void *owner) \
	{ \
		(void)l; \
		((struct server_settings *)owner)->field = false; \
		return true; \
	} \
	KEYWORD(server_##ident) = { .keyword = word, .usage = word, .where = IN_ANY_SERVER, .parse = parse_##ident }

SERVER_OFF(enabled, "enabled", disabled);
SERVER_OFF(no_backup, "no-backup", backup);
SERVER_OFF(no_tfo, "no-tfo", tfo);

static bool parse_tcp_ut(struct conf_line *l, void *owner)
{
	uint32_t ms;

	if (!conf_need_time(l, "the user timeout", &ms))
		return false;
	((struct server_settings *)owner)->tcp_ut_ms = ms;
	return true;
}
KEYWORD(server_tcp_ut) = { .keyword = "tcp-ut", .usage = "tcp-ut <time>", .where = IN_SERVER, .parse = parse_tcp_ut };

/* source <address>[:<port>[-<port>]] [interface <name>]; `usesrc` comes with transparent proxying. */
static bool parse_source(struct conf_line *l, void *owner)
{
	struct server_settings *set = owner;
	const char *word = conf_need(l, "an address");
	struct strbuf err = STRBUF_EMPTY;

	if (word == NULL)
		return false;
	unsigned flags = ENDPOINT_ANY_OK | ENDPOINT_ALLOW_RANGE | (l->running ? ENDPOINT_NO_RESOLVE : 0);
	bool ok = endpoint_parse(slice_of(word), flags, &set->source, &err) && set->source.kind == ENDPOINT_INET;
	if (!ok)
		conf_fail(l, "%s", err.ptr ? err.ptr : "expected an IP address");
	strbuf_free(&err);
	set->has_source = ok;
	return ok;
}
KEYWORD(server_source) = { .keyword = "source", .usage = "source <address>[:<port>[-<port>]]", .where = IN_ANY_SERVER, .parse = parse_source };
