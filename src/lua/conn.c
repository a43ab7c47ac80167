/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections of scripts. An event wakes the run that waits; the bytes are read when that asks for them. The collector of a
 * shared state may find one on any thread: then its own one closes it, by mail.
 */
#include "conn.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include "conn/endpoint.h"
#include "conn/tls_client.h"
#include "core/clock.h"
#include "proxy/tls_share.h"

#define READ_MIN 4096
#define READ_MAX 65536

/* ---- life ---- */

static void *in_memory(struct script_conn *c, size_t size)
{
	void *arg;
	lua_Alloc allocate = lua_getallocf(c->state->lua, &arg);

	return allocate(arg, c->in, c->in_cap, size);
}

static void drop_input(struct script_conn *c)
{
	in_memory(c, 0);
	c->in = NULL;
	c->in_at = c->in_len = c->in_cap = 0;
}

static void on_run_end(struct script_thing *t)
{
	struct script_conn *c = CONTAINER_OF(t, struct script_conn, thing);

	c->frame = NULL;
	conn_close(&c->conn, false);
	drop_input(c);
}

void script_conn_close(struct script_conn *c)
{
	if (c->frame) {
		LIST_REMOVE(&c->thing, link);
		on_run_end(&c->thing);
	}
}

static void on_burial(struct grave *g)
{
	free(CONTAINER_OF(g, struct script_conn, grave));
}

static void bury(struct script_conn *c)
{
	conn_close(&c->conn, false);
	c->grave.free = on_burial;
	loop_bury(&c->grave);
}

static void on_mail(struct mail *m)
{
	bury(CONTAINER_OF(m, struct script_conn, mail));
}

void script_conn_free(struct script_conn **place)
{
	struct script_conn *c = *place;

	*place = NULL;
	if (c == NULL)
		return;
	if (c->frame)
		LIST_REMOVE(&c->thing, link);
	drop_input(c);
	if (c->thread == thread_id) {
		bury(c);
	} else {
		c->mail.deliver = on_mail;
		mail_post(&thread_loops[c->thread], &c->mail);
	}
}

struct script_conn *script_conn_new(lua_State *L)
{
	struct script_frame *f = script_may_wait(L);

	script_check_descriptors(L);
	struct script_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		luaL_error(L, "not enough memory");
	c->frame = f;
	c->state = f->state;
	c->thread = thread_id;
	c->patience_ms = SCRIPT_FOR_EVER;
	c->conn.watch.fd = -1;
	c->thing.end = on_run_end;
	LIST_INSERT_HEAD(&f->things, &c->thing, link);
	return c;
}

bool script_conn_is_open(lua_State *L, const struct script_conn *c)
{
	if (c->frame && c->frame != script_running(L))
		luaL_error(L, "a connection can be used in the run of a function that made it, and nowhere else");
	return c->frame != NULL;
}

/* ---- connecting ---- */

static void on_event(struct watch *w, uint32_t events)
{
	struct script_conn *c = CONTAINER_OF(w, struct script_conn, conn.watch);

	conn_note_events(&c->conn, events);
	if (c->waits)
		script_wake(c->frame);
}

void script_conn_dial(struct script_conn *c, const struct endpoint *to)
{
	conn_dial(&c->conn, &(struct dial){ .to = to }, on_event);
}

static enum io shake(struct script_conn *c, bool *later)
{
	enum io r = tls_share_handshake(&c->conn, later);

	if (r != IO_AGAIN) {
		tls_client_settle(&c->conn, r == IO_DONE);
		c->shaking = false;
	}
	return r;
}

enum io script_conn_connected(struct script_conn *c, bool *later)
{
	*later = false;
	if (c->conn.connecting)
		return IO_AGAIN;
	if (c->conn.error)
		return IO_FAIL;
	return c->shaking ? shake(c, later) : IO_DONE;
}

bool script_conn_tls(struct script_conn *c, SSL_CTX *ctx, struct slice name)
{
	c->shaking = tls_begin(&c->conn, ctx, TLS_CLIENT, NULL, SLICE("")) && tls_client_ask(&c->conn, name, NULL);
	return c->shaking;
}

const char *script_conn_error(const struct script_conn *c)
{
	unsigned long code = c->conn.tls ? tls_failure(&c->conn) : 0;
	long fault = c->conn.tls ? SSL_get_verify_result(tls_of(&c->conn)) : X509_V_OK;
	const char *words;

	if (fault != X509_V_OK && code)
		return X509_verify_cert_error_string(fault);
	words = code ? ERR_reason_error_string(code) : NULL;
	if (words == NULL && c->conn.error)
		words = strerror(c->conn.error);
	return words ? words : "the connection was closed";
}

/* ---- bytes ---- */

static void make_room(lua_State *L, struct script_conn *c)
{
	if (c->in_at && c->in_len == 0)
		c->in_at = 0;
	if (c->in_cap - c->in_at - c->in_len >= READ_MIN)
		return;
	if (c->in_at > c->in_len) {
		memcpy(c->in, c->in + c->in_at, c->in_len);
		c->in_at = 0;
		make_room(L, c);
		return;
	}
	size_t cap = c->in_cap ? c->in_cap * 2 : READ_MIN;
	char *grown = in_memory(c, cap);
	if (grown == NULL)
		luaL_error(L, "not enough memory");
	c->in = grown;
	c->in_cap = cap;
}

enum io script_conn_read(lua_State *L, struct script_conn *c)
{
	size_t room, got = 0;

	if (!c->conn.can_read && !c->conn.eof)
		return IO_AGAIN;
	make_room(L, c);
	room = c->in_cap - c->in_at - c->in_len;
	enum io r = c->conn.transport->recv(&c->conn, c->in + c->in_at + c->in_len, room < READ_MAX ? room : READ_MAX, &got);
	c->in_len += got;
	return r;
}

void script_conn_consume(struct script_conn *c, size_t n)
{
	c->in_at += n;
	c->in_len -= n;
}

enum io script_conn_write(struct script_conn *c, struct slice bytes, size_t *sent)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes.ptr, .iov_len = bytes.len };

	*sent = 0;
	if (!c->conn.can_write)
		return c->conn.error ? IO_FAIL : IO_AGAIN;
	conn_set_nodelay(&c->conn);
	return c->conn.transport->sendv(&c->conn, &iov, 1, false, sent);
}

/* ---- waiting ---- */

void script_conn_begin_wait(struct script_conn *c)
{
	c->due_ms = clock_now_ms + c->patience_ms;
}

bool script_conn_is_late(const struct script_conn *c)
{
	return c->due_ms <= clock_now_ms;
}

int script_conn_wait(lua_State *L, struct script_conn *c, bool later, lua_KContext ctx, lua_KFunction k)
{
	script_may_wait(L);
	c->waits = true;
	return script_wait(L, later ? 0 : c->due_ms, ctx, k);
}
