/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of HTTP proxies: how connections are kept, who is told of the client, and http-reuse with the words of a
 * server line about its pool. One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/http_edit.h"
#include "proxy/proxy.h"
#include "rule/boot.h"
#include "rule/fetch.h"
#include "wire/http.h"

/* ---- how connections are kept ---- */

/* The three exclude each other: the last one stands; `no` takes back its own only. */
static bool parse_keep_alive(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	if (!l->no && !l->dflt)
		px->set.httpclose = px->set.http_server_close = false;
	return true;
}
KEYWORD(option_http_keep_alive) = { .keyword = "option http-keep-alive", .usage = "[no] option http-keep-alive", .where = IN_PROXY,
	.parse = parse_keep_alive, .may_no = true };

static bool parse_server_close(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	bool on = !l->no && !l->dflt;

	px->set.http_server_close = on;
	px->set.httpclose = px->set.httpclose && !on;
	return true;
}
KEYWORD(option_http_server_close) = { .keyword = "option http-server-close", .usage = "[no] option http-server-close",
	.where = IN_PROXY, .parse = parse_server_close, .may_no = true };

static bool parse_close(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	bool on = !l->no && !l->dflt;

	px->set.httpclose = on;
	px->set.http_server_close = px->set.http_server_close && !on;
	return true;
}
KEYWORD(option_httpclose) = { .keyword = "option httpclose", .usage = "[no] option httpclose", .where = IN_PROXY,
	.parse = parse_close, .may_no = true };

KEYWORD(option_http_pretend_keepalive) = { .keyword = "option http-pretend-keepalive",
	.usage = "[no] option http-pretend-keepalive", .where = IN_BE, .type = SETTING_FLAG,
	.offset = offsetof(struct proxy, set.http_pretend_keepalive) };
KEYWORD(option_http_ignore_probes) = { .keyword = "option http-ignore-probes", .usage = "[no] option http-ignore-probes",
	.where = IN_FE, .type = SETTING_FLAG, .offset = offsetof(struct proxy, set.http_ignore_probes) };
KEYWORD(option_http_buffer_request) = { .keyword = "option http-buffer-request", .usage = "[no] option http-buffer-request",
	.where = IN_PROXY, .type = SETTING_FLAG, .offset = offsetof(struct proxy, set.http_buffer_request) };
KEYWORD(option_http_use_proxy_header) = { .keyword = "option http-use-proxy-header",
	.usage = "[no] option http-use-proxy-header", .where = IN_FE, .type = SETTING_FLAG,
	.offset = offsetof(struct proxy, set.http_use_proxy_header) };
KEYWORD(option_http_no_delay) = { .keyword = "option http-no-delay", .usage = "[no] option http-no-delay", .where = IN_PROXY,
	.may_no = true, .no_effect = "bytes are never held back for fuller packets" };

/* ---- who is told of the client ---- */

static bool take_header(struct conf_line *l, struct forwarded_addr *f)
{
	f->header = http_edit_need_name(l);
	return f->header != NULL;
}

static bool take_except(struct conf_line *l, struct forwarded_addr *f)
{
	const char *net = conf_need(l, "a network");

	f->has_except = net != NULL;
	if (net && !addr_net_parse(slice_of(net), &f->except))
		return conf_fail(l, "'%s' is no address or network", net);
	return net != NULL;
}

static bool parse_forwarded(struct conf_line *l, struct forwarded_addr *f, bool may_if_none)
{
	*f = (struct forwarded_addr){ .on = !l->no && !l->dflt };
	while (f->on && conf_peek(l)) {
		bool ok;
		if (conf_take_if(l, "except"))
			ok = take_except(l, f);
		else if (conf_take_if(l, "header"))
			ok = take_header(l, f);
		else if (may_if_none && conf_take_if(l, "if-none"))
			ok = f->if_none = true;
		else {
			conf_take(l);
			return conf_fail(l, "expected 'except <network>'%s 'header <name>'%s", may_if_none ? "," : " or",
				may_if_none ? " or 'if-none'" : "");
		}
		if (!ok)
			return false;
	}
	return true;
}

static bool parse_forwardfor(struct conf_line *l, void *owner)
{
	return parse_forwarded(l, &((struct proxy *)owner)->set.forwardfor, true);
}
KEYWORD(option_forwardfor) = { .keyword = "option forwardfor",
	.usage = "[no] option forwardfor [except <network>] [header <name>] [if-none]", .where = IN_PROXY, .parse = parse_forwardfor,
	.may_no = true };

static bool parse_originalto(struct conf_line *l, void *owner)
{
	return parse_forwarded(l, &((struct proxy *)owner)->set.originalto, false);
}
KEYWORD(option_originalto) = { .keyword = "option originalto", .usage = "[no] option originalto [except <network>] [header <name>]",
	.where = IN_PROXY, .parse = parse_originalto, .may_no = true };

static bool take_part(struct conf_line *l, struct forwarded_part *p, struct proxy *px)
{
	const char *word = conf_need(l, "a sample expression");

	p->from = FORWARDED_FROM_EXPR;
	p->expr = word ? expr_parse(l, word, PHASE_BE_REQ_HTTP, px) : NULL;
	if (p->expr && !value_can_cast(expr_type(p->expr), VALUE_STR))
		return conf_fail(l, "this expression has no value that could be a text");
	return p->expr != NULL;
}

static bool take_forwarded_word(struct conf_line *l, struct forwarded_option *o, struct proxy *px)
{
	const struct {
		const char *word, *expr_word;
		struct forwarded_part *part;
	} parts[] = {
		{ "host", "host-expr", &o->host }, { "by", "by-expr", &o->by }, { "by_port", "by_port-expr", &o->by_port },
		{ "for", "for-expr", &o->client }, { "for_port", "for_port-expr", &o->client_port },
	};

	if (conf_take_if(l, "proto"))
		return o->proto = true;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (conf_take_if(l, parts[i].expr_word))
			return take_part(l, parts[i].part, px);
		if (conf_take_if(l, parts[i].word)) {
			parts[i].part->from = FORWARDED_FROM_USUAL;
			return true;
		}
	}
	conf_take(l);
	return conf_fail(l, "expected 'proto', 'host', 'by', 'by_port', 'for', 'for_port', or one of these but proto with '-expr <expression>'");
}

static bool parse_forwarded_option(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	struct forwarded_option *o = boot_alloc(sizeof(*o));

	px->set.forwarded = NULL;
	if (l->no || l->dflt)
		return true;
	if (conf_peek(l) == NULL) {
		o->proto = true;
		o->client.from = FORWARDED_FROM_USUAL;
	}
	while (conf_peek(l))
		if (!take_forwarded_word(l, o, px))
			return false;
	px->set.forwarded = o;
	return true;
}
KEYWORD(option_forwarded) = { .keyword = "option forwarded",
	.usage = "[no] option forwarded [proto] [host | host-expr <expr>] [by | by-expr <expr>] [by_port | by_port-expr <expr>] "
		"[for | for-expr <expr>] [for_port | for_port-expr <expr>]",
	.where = IN_BE, .parse = parse_forwarded_option, .may_no = true };

static bool parse_unique_id_header(struct conf_line *l, void *owner)
{
	const char *name = http_edit_need_name(l);

	((struct proxy *)owner)->set.unique_id_header = name;
	return name != NULL;
}
KEYWORD(unique_id_header) = { .keyword = "unique-id-header", .usage = "unique-id-header <name>", .where = IN_FE,
	.parse = parse_unique_id_header };

/* ---- idle connections to servers ---- */

static bool parse_reuse(struct conf_line *l, void *owner)
{
	static const struct { const char *word; enum http_reuse how; } words[] = {
		{ "never", REUSE_NEVER }, { "safe", REUSE_SAFE }, { "aggressive", REUSE_AGGRESSIVE }, { "always", REUSE_ALWAYS },
	};
	const char *word = conf_need(l, "'never', 'safe', 'aggressive' or 'always'");

	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i].word) == 0) {
			((struct proxy *)owner)->set.http_reuse = words[i].how;
			return true;
		}
	}
	return word && conf_fail(l, "expected 'never', 'safe', 'aggressive' or 'always'");
}
KEYWORD(http_reuse) = { .keyword = "http-reuse", .usage = "http-reuse {never | safe | aggressive | always}", .where = IN_BE,
	.parse = parse_reuse };

KEYWORD(server_pool_max_conn) = { .keyword = "pool-max-conn", .usage = "pool-max-conn <number>", .where = IN_ANY_SERVER,
	.type = SETTING_INT, .offset = offsetof(struct server_settings, pool_max_conn), .min = -1, .max = INT32_MAX };
KEYWORD(server_pool_purge_delay) = { .keyword = "pool-purge-delay", .usage = "pool-purge-delay <time>", .where = IN_ANY_SERVER,
	.type = SETTING_TIME, .offset = offsetof(struct server_settings, pool_purge_delay_ms) };
KEYWORD(server_max_reuse) = { .keyword = "max-reuse", .usage = "max-reuse <number>", .where = IN_ANY_SERVER,
	.type = SETTING_INT, .offset = offsetof(struct server_settings, max_reuse), .min = -1, .max = INT32_MAX };

/* It only says when a thread may take a connection of another. */
static bool parse_pool_low_conn(struct conf_line *l, void *owner)
{
	int64_t n;

	(void)owner;
	return conf_need_int(l, "a number", 0, INT32_MAX, &n);
}
KEYWORD(server_pool_low_conn) = { .keyword = "pool-low-conn", .usage = "pool-low-conn <number>", .where = IN_ANY_SERVER,
	.parse = parse_pool_low_conn, .no_effect = "threads never take idle connections from each other" };
