/* SPDX-License-Identifier: Apache-2.0
 *
 * `bind`: a list of addresses and port ranges, each of which becomes a listener, and the words
 * that say how. The words about the PROXY protocol are in bind_proxy.c. One thread: start-up only.
 */
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "proxy/cli.h"
#include "proxy/listener.h"

/* The number goes to the first address of the line. */
static bool add_listeners(struct conf_line *l, struct proxy *px, struct slice text, struct bind_settings *set)
{
	struct strbuf err = STRBUF_EMPTY;
	struct endpoint e;

	if (!endpoint_parse(text, ENDPOINT_ALLOW_RANGE | ENDPOINT_NEED_PORT | ENDPOINT_ANY_OK, &e, &err)) {
		conf_fail(l, "%s", err.ptr ? err.ptr : "bad address");
		strbuf_free(&err);
		return false;
	}
	strbuf_free(&err);
	if (e.kind != ENDPOINT_INET) {
		listener_new(px, &e, set, l->file, l->line);
		set->id = 0;
		return true;
	}
	for (unsigned port = e.addr.port; port <= e.port_last; port++) {
		struct endpoint one = e;
		one.addr.port = one.port_last = (uint16_t)port;
		listener_new(px, &one, set, l->file, l->line);
		set->id = 0;
	}
	return true;
}

static bool parse_bind(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	struct bind_settings set = { .sock = { .unix_mode = -1, .unix_uid = -1, .unix_gid = -1 } };
	const char *list = conf_need(l, "an address");

	int address_at = l->at;

	if (list == NULL)
		return false;
	if (!keyword_dispatch_words(l, IN_BIND, "a 'bind' line", &set))
		return false;
	if (set.accept_proxy && set.policy_name)
		return conf_fail(l, "'accept-proxy' and 'proxy-policy' cannot stand on one bind line: a policy says it all");
	const struct listener *same = set.id ? listener_by_id(px, set.id) : NULL;
	if (same)
		return conf_fail(l, "the id %lld is that of the 'bind' line at %s:%d", (long long)set.id, same->file, same->line);
	struct slice rest = slice_of(list);
	bool ok = true;
	int end = l->at;
	l->at = address_at; /* where faults stand from here on */
	while (ok) {
		ptrdiff_t comma = slice_find_byte(rest, ',');
		struct slice one = comma < 0 ? rest : slice_make(rest.ptr, (size_t)comma);
		if (one.len == 0)
			return conf_fail(l, "an empty address in the list");
		ok = add_listeners(l, px, one, &set);
		if (comma < 0)
			break;
		rest = slice_from(rest, (size_t)comma + 1);
	}
	if (ok)
		l->at = end;
	return ok;
}
KEYWORD(bind) = { .keyword = "bind", .usage = "bind [<address>]:<port>[-<port>][, ...] [<word> ...]",
	.where = IN_FRONTEND | IN_LISTEN, .parse = parse_bind };

#define BIND_ROW(ident, word, argument, kind, field, ...) \
	KEYWORD(bind_##ident) = { .keyword = word, .usage = word argument, .where = IN_BIND | IN_STATS_SOCKET, .type = kind, \
		.offset = offsetof(struct bind_settings, field), __VA_ARGS__ }

BIND_ROW(name, "name", " <name>", SETTING_STR, name, .min = 0);
BIND_ROW(id, "id", " <number>", SETTING_INT, id, .min = 1, .max = INT32_MAX);
BIND_ROW(maxconn, "maxconn", " <number>", SETTING_INT, maxconn, .min = 0, .max = 100000000);
BIND_ROW(backlog, "backlog", " <number>", SETTING_INT, sock.backlog, .min = 0, .max = 1000000);
BIND_ROW(interface, "interface", " <name>", SETTING_STR, sock.interface, .min = 0);
BIND_ROW(mss, "mss", " <bytes>", SETTING_INT, sock.mss, .min = -65535, .max = 65535);
BIND_ROW(tfo, "tfo", "", SETTING_FLAG, sock.fast_open, .min = 0);
BIND_ROW(v4v6, "v4v6", "", SETTING_FLAG, sock.v4v6, .min = 0);
BIND_ROW(v6only, "v6only", "", SETTING_FLAG, sock.v6only, .min = 0);
BIND_ROW(transparent, "transparent", "", SETTING_FLAG, sock.transparent, .min = 0);
BIND_ROW(defer_accept, "defer-accept", "", SETTING_FLAG, sock.defer_accept, .min = 0);

static bool parse_tcp_ut(struct conf_line *l, void *owner)
{
	uint32_t ms;

	if (!conf_need_time(l, "the user timeout", &ms))
		return false;
	((struct bind_settings *)owner)->sock.user_timeout_ms = ms;
	return true;
}
KEYWORD(bind_tcp_ut) = { .keyword = "tcp-ut", .usage = "tcp-ut <time>", .where = IN_BIND, .parse = parse_tcp_ut };

static bool parse_unix_mode(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "octal permissions");
	char *end;

	if (word == NULL)
		return false;
	long mode = strtol(word, &end, 8);
	if (*word == 0 || *end || mode < 0 || mode > 07777)
		return conf_fail(l, "expected permissions as an octal number such as 660");
	((struct bind_settings *)owner)->sock.unix_mode = mode;
	return true;
}
KEYWORD(bind_mode) = { .keyword = "mode", .usage = "mode <octal>", .where = IN_BIND | IN_STATS_SOCKET, .parse = parse_unix_mode };

static bool parse_user(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "a user");
	struct passwd *pw = word ? getpwnam(word) : NULL;

	if (word && pw == NULL)
		return conf_fail(l, "there is no user of this name");
	if (pw)
		((struct bind_settings *)owner)->sock.unix_uid = pw->pw_uid;
	return pw != NULL;
}
KEYWORD(bind_user) = { .keyword = "user", .usage = "user <name>", .where = IN_BIND | IN_STATS_SOCKET, .parse = parse_user };

static bool parse_group(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "a group");
	struct group *gr = word ? getgrnam(word) : NULL;

	if (word && gr == NULL)
		return conf_fail(l, "there is no group of this name");
	if (gr)
		((struct bind_settings *)owner)->sock.unix_gid = gr->gr_gid;
	return gr != NULL;
}
KEYWORD(bind_group) = { .keyword = "group", .usage = "group <name>", .where = IN_BIND | IN_STATS_SOCKET, .parse = parse_group };

BIND_ROW(uid, "uid", " <number>", SETTING_INT, sock.unix_uid, .min = 0, .max = INT32_MAX);
BIND_ROW(gid, "gid", " <number>", SETTING_INT, sock.unix_gid, .min = 0, .max = INT32_MAX);

static bool parse_level(struct conf_line *l, void *owner)
{
	struct bind_settings *set = owner;
	const char *word = conf_need(l, "a level");

	if (word == NULL)
		return false;
	if (strcmp(word, "user") == 0)
		set->level = CLI_USER;
	else if (strcmp(word, "operator") == 0)
		set->level = CLI_OPERATOR;
	else if (strcmp(word, "admin") == 0)
		set->level = CLI_ADMIN;
	else
		return conf_fail(l, "expected 'user', 'operator' or 'admin'");
	return true;
}
KEYWORD(bind_level) = { .keyword = "level", .usage = "level {user | operator | admin}", .where = IN_BIND | IN_STATS_SOCKET,
	.parse = parse_level };

static bool parse_severity(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "none, number or string");

	return word && (cli_severity_find(word, &((struct bind_settings *)owner)->severity) ||
		        conf_fail(l, "expected none, number or string, not '%s'", word));
}
KEYWORD(bind_severity) = { .keyword = "severity-output", .usage = "severity-output {none | number | string}", .where = IN_BIND | IN_STATS_SOCKET,
	.parse = parse_severity };

static bool parse_expose_fd(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "listeners");

	if (word == NULL)
		return false;
	if (strcmp(word, "listeners") != 0)
		return conf_fail(l, "expected 'listeners'");
	((struct bind_settings *)owner)->expose_fd_listeners = true;
	return true;
}
KEYWORD(bind_expose_fd) = { .keyword = "expose-fd", .usage = "expose-fd listeners", .where = IN_BIND | IN_STATS_SOCKET,
	.parse = parse_expose_fd };

/* "all", "odd", "even", or numbers and ranges from 1; also "1/1-4" with the one thread group there is. */
static bool parse_thread(struct conf_line *l, void *owner)
{
	struct bind_settings *set = owner;
	const char *word = conf_need(l, "a thread or a range");

	if (word == NULL)
		return false;
	if (strncmp(word, "1/", 2) == 0)
		word += 2;
	if (strcmp(word, "all") == 0) {
		set->threads = 0;
		return true;
	}
	if (strcmp(word, "odd") == 0 || strcmp(word, "even") == 0) {
		set->threads |= word[0] == 'o' ? 0x5555555555555555u : 0xaaaaaaaaaaaaaaaau;
		return true;
	}
	char *end;
	unsigned long first = strtoul(word, &end, 10), last = first;
	if (*end == '-')
		last = end[1] ? strtoul(end + 1, &end, 10) : 64;
	if (*end && *end != '-')
		return conf_fail(l, "expected a thread number, a range such as 1-4, 'all', 'odd' or 'even'");
	if (first < 1 || last > 64 || last < first)
		return conf_fail(l, "thread numbers go from 1 to 64");
	for (unsigned long t = first; t <= last; t++)
		set->threads |= (uint64_t)1 << (t - 1);
	return true;
}
KEYWORD(bind_thread) = { .keyword = "thread", .usage = "thread {<n>[-<n>] | all | odd | even}", .where = IN_BIND, .parse = parse_thread };
/* `process` named processes; with one process it names its threads behind "1/". */
static bool parse_process(struct conf_line *l, void *owner)
{
	const char *word = conf_peek(l);

	if (word && (strcmp(word, "all") == 0 || strcmp(word, "1") == 0 || strcmp(word, "odd") == 0)) {
		conf_take(l);
		return true;
	}
	if (word && strncmp(word, "1/", 2) == 0)
		return parse_thread(l, owner);
	conf_take(l);
	return conf_fail(l, "there is one process only: expected '1', 'all' or '1/<threads>'");
}
KEYWORD(bind_process) = { .keyword = "process", .usage = "process {1 | all | 1/<threads>}", .where = IN_BIND, .parse = parse_process };

static bool parse_shards(struct conf_line *l, void *owner)
{
	struct bind_settings *set = owner;

	if (conf_take_if(l, "by-thread")) {
		set->shards = 0;
		return true;
	}
	if (conf_take_if(l, "by-group")) {
		set->shards = 1;
		return true;
	}
	return conf_need_int(l, "the number of sockets", 1, LISTEN_SOCKETS_MAX, &set->shards);
}
KEYWORD(bind_shards) = { .keyword = "shards", .usage = "shards {<number> | by-thread | by-group}", .where = IN_BIND, .parse = parse_shards };
