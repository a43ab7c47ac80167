/* SPDX-License-Identifier: Apache-2.0
 *
 * What a reload hands over of orders about places and limits: `set server addr`, check-addr and its like, `set maxconn`, of
 * operators and agents. Only what is not as configured has a line, and it says how it was configured: where the new
 * configuration says something else, that wins.
 *
 *     moved <backend> <server> <configured> <now>           each "<address>,<port kind>,<port>,<offset>"
 *     asked <backend> <server> check|agent <configured> <now>   each "<address or ->,<port>,<what is sent>"
 *     limit <backend> <server> <configured> <now>
 *     tls <backend> <server> <configured> <now>             each 0 or 1
 *     frontend <name> <configured> <now>
 *     paused <frontend>
 *     marks <backend> <configured> <now>                    each "<0 or 1>,<key>" of its dynamic cookies
 *     process <configured> <now>
 *     rate <enum process_rate> <configured> <now>
 *
 * Lines that begin with another word are passed over: new ones need no new version.
 */
#include "base/assert.h"
#include "core/state.h"
#include "proxy/admission.h"
#include "proxy/check_place.h"
#include "proxy/global.h"
#include "proxy/health.h"
#include "proxy/persist.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define TEXT_MAX 4096

/* ---- places as texts ---- */

/* By the name it was configured with, if any: what a name means may have changed since. */
static void write_address(struct strbuf *out, const struct endpoint *e)
{
	if (e->host)
		strbuf_add_str(out, e->host);
	else
		strbuf_add_ip(out, &e->addr);
	strbuf_addf(out, ",%d,%u,%d", (int)e->port, e->addr.port, e->port_offset);
}

static void write_place(struct strbuf *out, const struct check_place *p)
{
	if (p->has_addr && p->addr.kind == ENDPOINT_INET)
		strbuf_add_ip(out, &p->addr.addr);
	else
		strbuf_add_byte(out, '-');
	strbuf_addf(out, ",%lld,%s", (long long)p->port, p->send ? p->send : "");
}

static bool take_part(struct slice *rest, struct slice *part)
{
	ptrdiff_t comma = slice_find_byte(*rest, ',');

	if (comma < 0)
		return false;
	*part = slice_make(rest->ptr, (size_t)comma);
	*rest = slice_from(*rest, (size_t)comma + 1);
	return true;
}

static bool is_port(int64_t n) { return n >= 0 && n <= 65535; }

static bool read_address(struct slice text, struct endpoint *e)
{
	struct slice ip, kind, port;
	int64_t n[3];

	if (!take_part(&text, &ip) || !take_part(&text, &kind) || !take_part(&text, &port) || !addr_parse_ip(ip, &e->addr) ||
	    !slice_to_i64(kind, &n[0]) || !slice_to_i64(port, &n[1]) || !slice_to_i64(text, &n[2]))
		return false;
	if (n[0] < PORT_NONE || n[0] > PORT_OFFSET || !is_port(n[1]) || n[2] < -65535 || n[2] > 65535)
		return false;
	e->port = (enum endpoint_port)n[0];
	e->addr.port = (uint16_t)n[1];
	e->port_offset = (int)n[2];
	e->host = NULL;
	return true;
}

/* What is sent is borrowed from the text, which ends in NUL. */
static bool read_place(struct slice text, struct check_place *p)
{
	struct slice ip, port;

	*p = (struct check_place){ .addr = { .kind = ENDPOINT_INET, .port = PORT_NONE, .fd = -1 } };
	if (!take_part(&text, &ip) || !take_part(&text, &port) || !slice_to_i64(port, &p->port) || !is_port(p->port))
		return false;
	p->has_addr = !slice_is(ip, "-");
	if (p->has_addr && !addr_parse_ip(ip, &p->addr.addr))
		return false;
	p->send = text.len ? text.ptr : NULL;
	return true;
}

/* ---- saving ---- */

static void begin_line(struct strbuf *out, const char *what, const struct server *srv)
{
	strbuf_addf(out, "%s %s ", what, srv->px->name);
	state_add_text(out, slice_of(srv->name));
	strbuf_add_byte(out, ' ');
}

static void end_line(struct strbuf *out, struct strbuf *was, struct strbuf *now)
{
	state_add_text(out, strbuf_slice(was));
	strbuf_add_byte(out, ' ');
	state_add_text(out, strbuf_slice(now));
	strbuf_add_byte(out, '\n');
	strbuf_free(was);
	strbuf_free(now);
}

static void save_check(const struct server *srv, bool agent, struct strbuf *out)
{
	struct strbuf was = STRBUF_EMPTY, now = STRBUF_EMPTY;
	struct check_place configured = check_place_configured(srv, agent), place = check_place_get(srv, agent);

	/* A path is no place that can be ordered, so it is as configured. */
	if (place.has_addr && place.addr.kind != ENDPOINT_INET)
		place.has_addr = configured.has_addr = false;
	write_place(&was, &configured);
	write_place(&now, &place);
	begin_line(out, "asked", srv);
	strbuf_add_str(out, agent ? "agent " : "check ");
	end_line(out, &was, &now);
}

static void save_server(const struct server *srv, struct strbuf *out)
{
	struct strbuf was = STRBUF_EMPTY, now = STRBUF_EMPTY;
	int64_t maxconn = LOAD(srv->maxconn);

	if (LOAD(srv->moved)) {
		write_address(&was, &srv->endpoint);
		write_address(&now, server_endpoint(srv));
		begin_line(out, "moved", srv);
		end_line(out, &was, &now);
	}
	if (LOAD(srv->check_moved))
		save_check(srv, false, out);
	if (LOAD(srv->agent_moved))
		save_check(srv, true, out);
	if (maxconn != srv->set.maxconn) {
		begin_line(out, "limit", srv);
		strbuf_addf(out, "%lld %lld\n", (long long)srv->set.maxconn, (long long)maxconn);
	}
	if (server_speaks_tls(srv) != srv->set.tls.common.on) {
		begin_line(out, "tls", srv);
		strbuf_addf(out, "%d %d\n", srv->set.tls.common.on, server_speaks_tls(srv));
	}
}

static void write_marks(struct strbuf *out, bool dynamic, const char *key)
{
	strbuf_addf(out, "%d,%s", dynamic, key);
}

static void write_configured_marks(struct strbuf *out, const struct proxy *px)
{
	write_marks(out, px->set.cookie->dynamic, px->set.dynamic_cookie_key ? px->set.dynamic_cookie_key : "");
}

static void save_proxy(struct proxy *px, struct strbuf *out)
{
	struct strbuf was = STRBUF_EMPTY, now = STRBUF_EMPTY, key = STRBUF_EMPTY;
	int64_t maxconn = LOAD(px->set.maxconn);

	if (px->caps & PROXY_FE && maxconn != px->hard_maxconn)
		strbuf_addf(out, "frontend %s %lld %lld\n", px->name, (long long)px->hard_maxconn, (long long)maxconn);
	if (px->caps & PROXY_FE && LOAD(px->state) == FRONTEND_PAUSED)
		strbuf_addf(out, "paused %s\n", px->name);
	if (px->persist == NULL)
		return;
	bool dynamic = persist_is_dynamic(px, &key);
	write_configured_marks(&was, px);
	write_marks(&now, dynamic, key.ptr ? key.ptr : "");
	strbuf_free(&key);
	if (slice_eq(strbuf_slice(&was), strbuf_slice(&now))) {
		strbuf_free(&was);
		strbuf_free(&now);
		return;
	}
	strbuf_addf(out, "marks %s ", px->name);
	end_line(out, &was, &now);
}

static void orders_save(struct strbuf *out)
{
	struct proxy *px;
	const struct server *srv;
	int64_t most = LOAD(global.maxconn);

	TAILQ_FOREACH(px, &proxies, link) {
		if (px->internal)
			continue;
		save_proxy(px, out);
		TAILQ_FOREACH(srv, &px->servers, link)
			save_server(srv, out);
	}
	if (most != global.hard_maxconn)
		strbuf_addf(out, "process %lld %lld\n", (long long)global.hard_maxconn, (long long)most);
	for (int i = 0; i < PROCESS_RATES; i++)
		if (LOAD(global.max_rate[i]) != global.hard_rate[i])
			strbuf_addf(out, "rate %d %lld %lld\n", i, (long long)global.hard_rate[i], (long long)LOAD(global.max_rate[i]));
}

/* ---- loading ---- */

/* Both must be words; the first one a text that is as `configured`, or nothing is to be done. */
static bool take_change(struct slice *rest, const struct strbuf *configured, char now[static TEXT_MAX], bool *stands)
{
	struct slice was, after;
	char text[TEXT_MAX];

	if (!state_take_word(rest, &was) || !state_take_word(rest, &after))
		return false;
	state_read_text(was, text, sizeof(text));
	state_read_text(after, now, TEXT_MAX);
	*stands = slice_eq(slice_of(text), strbuf_slice(configured));
	return true;
}

static bool take_limits(struct slice *rest, int64_t *was, int64_t *now)
{
	struct slice word[2];

	return state_take_word(rest, &word[0]) && state_take_word(rest, &word[1]) && slice_to_i64(word[0], was) &&
	       slice_to_i64(word[1], now) && *now >= LIMIT_NOBODY && *now <= INT32_MAX;
}

static bool load_moved(struct server *srv, struct slice rest)
{
	struct strbuf configured = STRBUF_EMPTY;
	struct endpoint to = srv->endpoint;
	char now[TEXT_MAX];
	bool stands;

	if (to.kind == ENDPOINT_INET)
		write_address(&configured, &to);
	bool ok = take_change(&rest, &configured, now, &stands);
	strbuf_free(&configured);
	if (!ok || (stands && !read_address(slice_of(now), &to)))
		return false;
	if (stands)
		health_move(srv, &to);
	return true;
}

static bool load_asked(struct server *srv, struct slice rest)
{
	struct strbuf configured = STRBUF_EMPTY;
	struct check_place place;
	char now[TEXT_MAX];
	struct slice who;
	bool stands;

	if (!state_take_word(&rest, &who))
		return false;
	bool agent = slice_is(who, "agent");
	if (!agent && !slice_is(who, "check"))
		return false;
	place = check_place_configured(srv, agent);
	write_place(&configured, &place);
	bool ok = take_change(&rest, &configured, now, &stands);
	strbuf_free(&configured);
	struct endpoint path = place.addr;
	bool has_path = place.has_addr && path.kind != ENDPOINT_INET;
	if (!ok || !read_place(slice_of(now), &place))
		return false;
	if (has_path && !place.has_addr) {
		place.has_addr = true;
		place.addr = path;
	}
	if (stands && (agent ? srv->agent : srv->check))
		check_place_set(srv, agent, &place);
	return true;
}

static bool load_limit(struct server *srv, struct slice rest)
{
	int64_t was, now;

	if (!take_limits(&rest, &was, &now) || now < 0)
		return false;
	if (was == srv->set.maxconn)
		server_set_maxconn(srv, now);
	return true;
}

static bool load_tls(struct server *srv, struct slice rest)
{
	int64_t was, now;

	if (!take_limits(&rest, &was, &now) || was < 0 || was > 1 || now < 0 || now > 1)
		return false;
	if (srv->tls && was == srv->set.tls.common.on)
		tls_connect_switch(srv, now);
	return true;
}

static bool load_frontend(struct slice rest)
{
	struct slice name;
	int64_t was, now;

	if (!state_take_word(&rest, &name) || !take_limits(&rest, &was, &now))
		return false;
	struct proxy *fe = proxy_find(name, PROXY_FE);
	if (fe && was == fe->hard_maxconn)
		admission_limit_frontend(fe, now);
	return true;
}

static bool load_paused(struct slice rest)
{
	struct slice name;

	if (!state_take_word(&rest, &name))
		return false;
	struct proxy *fe = proxy_find(name, PROXY_FE);
	if (fe)
		listeners_set_frontend(fe, FRONTEND_PAUSED);
	return true;
}

static bool load_marks(struct slice rest)
{
	struct strbuf configured = STRBUF_EMPTY;
	char now[TEXT_MAX];
	struct slice name;
	bool stands;

	if (!state_take_word(&rest, &name))
		return false;
	struct proxy *be = proxy_find(name, PROXY_BE);
	if (be == NULL || be->persist == NULL)
		return true;
	write_configured_marks(&configured, be);
	bool ok = take_change(&rest, &configured, now, &stands);
	strbuf_free(&configured);
	if (!ok || (now[0] != '0' && now[0] != '1') || now[1] != ',')
		return false;
	if (stands)
		persist_renew(be, now[0] == '1' ? PERSIST_DYNAMIC_ON : PERSIST_DYNAMIC_OFF, now[2] ? now + 2 : NULL);
	return true;
}

static bool load_process(struct slice rest)
{
	int64_t was, now;

	if (!take_limits(&rest, &was, &now) || now <= 0)
		return false;
	if (was == global.hard_maxconn && now < was)
		admission_limit_process(now);
	return true;
}

static bool load_rate(struct slice rest)
{
	struct slice word;
	int64_t which, was, now;

	if (!state_take_word(&rest, &word) || !slice_to_i64(word, &which) || which < 0 || !take_limits(&rest, &was, &now) || now < 0)
		return false;
	if (which < PROCESS_RATES && was == global.hard_rate[which])
		admission_limit_rate((enum process_rate)which, now);
	return true;
}

static bool load_line(struct slice line, unsigned version)
{
	static const struct {
		const char *word;
		bool (*load)(struct server *srv, struct slice rest);
	} of_servers[] = { { "moved", load_moved }, { "asked", load_asked }, { "limit", load_limit },
		{ "tls", load_tls } };
	static const struct {
		const char *word;
		bool (*load)(struct slice rest);
	} of_others[] = { { "frontend", load_frontend }, { "paused", load_paused }, { "marks", load_marks },
		{ "process", load_process }, { "rate", load_rate } };
	struct slice what, backend, server;
	char name[256];

	(void)version;
	if (!state_take_word(&line, &what))
		return false;
	for (size_t i = 0; i < COUNT_OF(of_others); i++)
		if (slice_is(what, of_others[i].word))
			return of_others[i].load(line);
	for (size_t i = 0; i < COUNT_OF(of_servers); i++) {
		if (!slice_is(what, of_servers[i].word))
			continue;
		if (!state_take_word(&line, &backend) || !state_take_word(&line, &server))
			return false;
		state_read_text(server, name, sizeof(name));
		struct proxy *px = proxy_find(backend, PROXY_BE);
		struct server *srv = px ? server_find(px, slice_of(name)) : NULL;
		return srv == NULL || of_servers[i].load(srv, line);
	}
	return true;
}

static bool orders_load(unsigned version, struct slice body)
{
	return version == 1 && state_each_line(body, version, load_line);
}

STATE(orders) = { .keyword = "orders", .usage = "addresses of servers, checks and agents, and limits, as ordered at run time",
	.version = 1, .save = orders_save, .load = orders_load };
