/* SPDX-License-Identifier: Apache-2.0
 *
 * What a health check's program is told, in HAProxy's words (manual, external-check command): four arguments and an
 * environment of its own, nothing of ours. The check's thread.
 */
#include "proxy/check_program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/assert.h"
#include "proxy/check.h"
#include "proxy/global.h"
#include "proxy/listener.h"

#define NOT_USED "NOT_USED"

static char *own(const struct strbuf *b)
{
	char *text = strdup(b->ptr ? b->ptr : "");

	ASSERT(text != NULL);
	return text;
}

/* The socket that was handed down tells its address itself. */
static bool look_at_socket(const struct listener *l, struct addr *addr, struct strbuf *path)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	const struct sockaddr_un *un = (const struct sockaddr_un *)&ss;

	if (getsockname(l->endpoint.fd, (struct sockaddr *)&ss, &len) != 0)
		return false;
	if (ss.ss_family == AF_UNIX)
		strbuf_add_str(path, un->sun_path);
	return ss.ss_family == AF_UNIX || addr_from_sockaddr(addr, (const struct sockaddr *)&ss);
}

void check_program_set_address(struct check_program *p, const struct proxy *px)
{
	const struct listener *l = TAILQ_FIRST(&px->listeners);
	struct strbuf path = STRBUF_EMPTY;
	char ip[ADDR_TEXT_MAX], port[8];
	struct addr addr = { 0 };

	if (l == NULL)
		return;
	if (l->endpoint.kind == ENDPOINT_INET)
		addr = l->endpoint.addr;
	else if (l->endpoint.kind != ENDPOINT_FD)
		strbuf_add_str(&path, l->endpoint.path);
	else if (!look_at_socket(l, &addr, &path))
		return;
	if (addr_is_inet(&addr)) {
		addr_format_ip(&addr, ip);
		strbuf_add_str(&path, ip);
		snprintf(port, sizeof(port), "%u", addr.port);
		p->port = strdup(port);
		ASSERT(p->port != NULL);
	}
	p->addr = own(&path);
	strbuf_free(&path);
}

/* The words of an environment, in the round's arena. */
struct words {
	const char *v[CHILD_WORDS_MAX + 1];
	int n;
	struct arena *arena;
};

static void put(struct words *w, const char *name, const char *value)
{
	struct strbuf b = STRBUF_EMPTY;

	ASSERT(w->n < CHILD_WORDS_MAX);
	strbuf_addf(&b, "%s=%s", name, value);
	w->v[w->n] = arena_copy(w->arena, slice_make(b.ptr ? b.ptr : "", b.len + 1)).ptr;
	w->n += w->v[w->n] != NULL;
	strbuf_free(&b);
}

static void put_number(struct words *w, const char *name, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	put(w, name, text);
}

/* The server's address as text, and its port; "" on a unix socket. */
static void describe_server(const struct server *srv, struct strbuf *addr, char port[8])
{
	const struct endpoint *e = server_endpoint(srv);
	char ip[ADDR_TEXT_MAX];

	port[0] = '\0';
	if (e->kind == ENDPOINT_INET) {
		addr_format_ip(&e->addr, ip);
		strbuf_add_str(addr, ip);
		snprintf(port, 8, "%u", e->addr.port);
	} else {
		strbuf_add_str(addr, e->path);
	}
}

static void put_all(struct words *w, const struct check_program *p, struct server *srv, const char *addr, const char *port)
{
	const struct proxy *px = srv->px;

	put(w, "HAPROXY_PROXY_ADDR", p->addr ? p->addr : "");
	put(w, "HAPROXY_PROXY_PORT", p->port ? p->port : "");
	put_number(w, "HAPROXY_PROXY_ID", px->id);
	put(w, "HAPROXY_PROXY_NAME", px->name);
	put(w, "HAPROXY_SERVER_ADDR", addr);
	put(w, "HAPROXY_SERVER_PORT", port);
	put_number(w, "HAPROXY_SERVER_ID", srv->id);
	put(w, "HAPROXY_SERVER_NAME", srv->name);
	put_number(w, "HAPROXY_SERVER_CURCONN", gauge_now(&srv->conns));
	put_number(w, "HAPROXY_SERVER_MAXCONN", __atomic_load_n(&srv->maxconn, __ATOMIC_RELAXED));
	put(w, "HAPROXY_SERVER_SSL", "0");
	put(w, "HAPROXY_SERVER_PROTO", px->set.mode == MODE_HTTP ? "h1" : "tcp");
	put(w, "PATH", p->path);
}

bool check_program_begin(struct check *c, const struct check_program *p, void (*ended)(void *check, const struct child_end *end),
	struct check_report *r)
{
	struct words env = { .arena = &c->run->arena };
	struct strbuf addr = STRBUF_EMPTY;
	char port[8];

	*r = (struct check_report){ .status = CHECK_STATUS_SOCKERR };
	if (!global.fork_wanted) {
		snprintf(r->info, sizeof(r->info), "no program is run without 'insecure-fork-wanted'");
		return false;
	}
	if (c->program) {
		snprintf(r->info, sizeof(r->info), "the program of the round before has not ended yet");
		return false;
	}
	describe_server(c->srv, &addr, port);
	put_all(&env, p, c->srv, addr.ptr ? addr.ptr : "", port);
	const char *argv[] = { p->command, p->addr ? p->addr : NOT_USED, p->port ? p->port : NOT_USED, addr.ptr ? addr.ptr : "",
		port[0] ? port : NOT_USED, NULL };
	c->program = child_begin(argv, env.v, p->path, ended, c);
	if (c->program == NULL)
		snprintf(r->info, sizeof(r->info), "%s", strerror(errno));
	strbuf_free(&addr);
	return c->program != NULL;
}

void check_program_judge(const struct child_end *end, struct check_report *r)
{
	*r = (struct check_report){ .status = CHECK_STATUS_PROCERR, .code = end->code };
	if (end->error) {
		r->code = 255;
		snprintf(r->info, sizeof(r->info), "%s", strerror(end->error));
	} else if (end->signal) {
		snprintf(r->info, sizeof(r->info), "ended by signal %d", end->signal);
	} else if (end->code == 0) {
		r->status = CHECK_STATUS_PROCOK;
	}
}
