/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions of scripts as services, `use-service lua.<name>`: one run each for a stream that no server answers. It pauses where it waits
 * for what the client sends, or for room for what it sends; the step of services (proxy/serve.c) calls again. One thread.
 */
#include "function.h"

#include <stdlib.h>
#include "applet.h"
#include "core/clock.h"
#include "proxy/service.h"

struct script_service {
	struct service service;
	struct script_function function;
};

/* On its way into Lua. */
struct call {
	const struct script_service *service;
	struct script_frame *frame;
};

static int over(lua_State *L, int status, lua_KContext unused)
{
	(void)L, (void)status, (void)unused;
	return 0;
}

/* The first that runs in the coroutine. */
static int body(lua_State *L)
{
	const struct call *c = lua_touserdata(L, 1);

	script_function_push(L, &c->service->function, c->frame);
	script_applet_push(L, c->frame);
	lua_callk(L, 1, 0, 0, over);
	return 0;
}

/* It was paused: what it goes on with. The client has not to be busy while a script makes it wait. */
static enum service_result rest(const struct script_frame *f, struct stream *s)
{
	if (f->applet->waits == APPLET_FOR_INPUT)
		return SERVICE_WAIT;
	if (f->applet->waits == APPLET_FOR_ROOM)
		return SERVICE_MORE;
	s->client_active_ms = clock_now_ms;
	if (f->due_ms == 0)
		return SERVICE_MORE;
	if (f->due_ms != SCRIPT_ON_EVENT) {
		s->client_active_ms = f->due_ms;
		timer_bring_forward(&s->timer, f->due_ms);
	}
	return SERVICE_WAIT;
}

static bool may_go_on(const struct script_frame *f, const struct stream *s)
{
	if (f->applet->waits == APPLET_FOR_INPUT)
		return service_input(s).len > 0 || service_input_ended(s);
	return f->applet->waits == APPLET_FOR_ROOM || f->due_ms <= clock_now_ms;
}

static void wake(struct script_frame *f)
{
	struct stream *s = f->owner;

	s->client_active_ms = clock_now_ms; /* it may have been put to the end of the waiting, which came before its time */
	stream_wake(s);
}

/* What the coroutine ended with. */
static enum service_result ended(struct script_frame *f, struct stream *s, int status)
{
	bool finished = f->finished;
	const char *lacks = NULL;

	s->service_state = NULL;
	if (status == LUA_OK || finished)
		lacks = script_applet_lacks(f);
	else
		script_log_failure(f);
	if (lacks)
		script_log_text(s->session->fe, f->name, slice_of(lacks));
	script_frame_end(f, status != LUA_OK);
	if ((status == LUA_OK || finished) && lacks == NULL)
		return SERVICE_END;
	return s->res.ended ? SERVICE_END : SERVICE_FAIL; /* an error page has taken its place */
}

static enum service_result go_on(struct script_frame *f, struct stream *s, int nargs)
{
	f->applet->waits = APPLET_FOR_OTHERS;
	int status = script_frame_run(f, nargs);

	return status == LUA_YIELD ? rest(f, s) : ended(f, s, status);
}

static enum service_result begin(struct script_state *st, const struct script_service *svc, struct stream *s, struct eval *ev)
{
	struct call c = { .service = svc };

	c.frame = script_frame_begin(st, svc->service.keyword, ev, true);
	if (c.frame && !script_applet_begin(c.frame)) {
		script_frame_end(c.frame, false);
		c.frame = NULL;
	}
	if (c.frame == NULL) {
		script_log(s->session->fe, LOG_LEVEL_ERR, SLICE("Lua: not enough memory to begin a service (tune.lua.maxmem)"));
		return SERVICE_FAIL;
	}
	c.frame->limit_ms = script_settings.service_timeout_ms;
	c.frame->limit = "tune.lua.service-timeout";
	c.frame->wake = wake;
	c.frame->owner = s;
	s->service_state = c.frame;
	lua_pushcfunction(c.frame->co, body);
	lua_pushlightuserdata(c.frame->co, &c);
	return go_on(c.frame, s, 1);
}

static struct eval evaluation(struct stream *s)
{
	if (s->http)
		return stream_eval(s, s->be_counted ? PHASE_BE_REQ_HTTP : PHASE_FE_REQ_HTTP);
	return stream_eval(s, s->be_counted ? PHASE_BE_REQ_TCP : PHASE_FE_REQ_TCP);
}

static enum service_result run(struct stream *s)
{
	const struct script_service *svc = CONTAINER_OF(s->service, struct script_service, service);
	struct script_frame *f = s->service_state;
	struct script_state *st = script_function_state(&svc->function);
	struct eval ev = evaluation(s);
	enum service_result r;

	if (f && !may_go_on(f, s))
		return rest(f, s);
	script_enter(st);
	if (f) {
		script_frame_resume(f, &ev);
		r = go_on(f, s, 0);
	} else {
		r = begin(st, svc, s, &ev);
	}
	script_leave(st);
	return r;
}

/* Its stream ended first. */
static void end(struct stream *s)
{
	struct script_frame *f = s->service_state;

	if (f == NULL)
		return;
	script_enter(f->state);
	script_frame_end(f, true);
	script_leave(f->state);
	s->service_state = NULL;
}

struct script_function *script_function_service(lua_State *L, const char *name, bool http, const char *file, int line)
{
	const char *keyword = script_function_keyword(name);
	const struct service *known = registry_find(&service_registry, slice_of(keyword));

	if (known) {
		free((char *)keyword);
		if (known->http != http)
			luaL_error(L, "there is such a service already, of the other mode");
		return script_function_again(L, &CONTAINER_OF(known, struct script_service, service)->function);
	}
	struct script_service *svc = calloc(1, sizeof(*svc));
	struct strbuf log_name = STRBUF_EMPTY;

	if (svc == NULL)
		luaL_error(L, "not enough memory");
	strbuf_addf(&log_name, "<%s>", keyword);
	svc->service = (struct service){ .keyword = keyword, .usage = http ? "http-request use-service" : "tcp-request content use-service",
		.log_name = strbuf_take(&log_name), .http = http, .takes_bodies = http, .run = run, .end = end };
	return script_function_new(L, &service_registry, &svc->service, &svc->function, file, line);
}
