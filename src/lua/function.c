/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions of scripts as fetches, converters and actions of the rule language, `lua.<name>`. Each has a descriptor like
 * those of leaves, and a reference for each state that registered it: a call goes to the shared state, or to that of its thread.
 */
#include "function.h"

#include <stdlib.h>
#include "core/clock.h"
#include "proxy/denied.h"
#include "proxy/http_reply.h"
#include "rule/boot.h"
#include "rule/fetch.h"

#define ARGS ";sssssssss" /* of fetches and converters */

struct script_fetch {
	struct fetch fetch;
	struct script_function function;
};

struct script_converter {
	struct converter converter;
	struct script_function function;
};

/* One name may be a function in rules of requests and another in those of answers. */
struct variant {
	unsigned where;
	int args;
	struct script_function function;
	struct variant *next; /* owns */
};

struct script_action {
	struct action action;
	struct variant *variants; /* owns */
};

/* What a rule holds. */
struct order {
	const struct variant *variant;
	const char *words[]; /* its arguments */
};

struct script_state *script_function_state(const struct script_function *fn)
{
	return script_state_at(fn->shared ? 0 : thread_id + 1);
}

/* ---- fetches and converters ---- */

/* A call on its way through Lua. */
struct call {
	const struct script_function *function;
	struct script_frame *frame;
	const struct args *args;
	struct value *v;   /* what it is given, and gives */
	bool has_value;
	const struct rule *rule;
};

void script_function_push(lua_State *L, const struct script_function *fn, const struct script_frame *f)
{
	luaL_checkstack(L, ARGS_MAX + 4, "too many arguments");
	lua_rawgeti(L, LUA_REGISTRYINDEX, fn->refs[f->state->number]);
}

static int call_with_args(lua_State *L, struct call *c)
{
	for (int i = 0; i < c->args->count; i++)
		script_push_slice(L, c->args->v[i].str);
	lua_call(L, 1 + c->args->count, 1);
	c->has_value = script_keep_value(L, -1, c->frame->ev, c->v);
	return 0;
}

static int call_fetch(lua_State *L)
{
	struct call *c = lua_touserdata(L, 1);

	script_function_push(L, c->function, c->frame);
	script_handle_push(L, c->frame, SCRIPT_TXN, 0);
	return call_with_args(L, c);
}

static int call_converter(lua_State *L)
{
	struct call *c = lua_touserdata(L, 1);

	script_function_push(L, c->function, c->frame);
	script_push_slice(L, c->v->bytes);
	return call_with_args(L, c);
}

/* False: it has no value. */
static bool sample(const struct script_function *fn, const char *name, const struct args *a, struct eval *ev, lua_CFunction how, struct value *v)
{
	struct script_state *st = script_function_state(fn);
	struct call c = { .function = fn, .args = a, .v = v };

	script_enter(st);
	c.frame = script_frame_begin(st, name, ev, false);
	if (c.frame) {
		c.frame->result = v;
		if (!script_call(c.frame, how, &c, 0) && c.frame->finished)
			c.has_value = c.frame->has_result;
		script_frame_end(c.frame, false);
	}
	script_leave(st);
	return c.has_value;
}

static enum eval_result fetch_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct script_fetch *f = CONTAINER_OF((const struct fetch *)a->leaf, struct script_fetch, fetch);

	if (ev->stream == NULL)
		return EVAL_NONE;
	return sample(&f->function, f->fetch.keyword, a, ev, call_fetch, out) ? EVAL_OK : EVAL_NONE;
}

static bool converter_convert(const struct args *a, struct eval *ev, struct value *v)
{
	const struct script_converter *c = CONTAINER_OF((const struct converter *)a->leaf, struct script_converter, converter);

	return sample(&c->function, c->converter.keyword, a, ev, call_converter, v);
}

/* ---- actions ---- */

static bool action_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const struct variant *v = CONTAINER_OF(r->action, struct script_action, action)->variants;

	(void)paren;
	while (!(v->where & r->where))
		v = v->next; /* the place was looked at before */
	struct order *o = boot_alloc(sizeof(*o) + (size_t)v->args * sizeof(*o->words));
	o->variant = v;
	for (int i = 0; i < v->args; i++)
		if ((o->words[i] = conf_need(l, "an argument for the script's function")) == NULL)
			return false;
	r->ptr = o;
	return true;
}

static const struct script_function *function_of(const struct rule *r)
{
	const struct order *o = r->ptr;

	return &o->variant->function;
}

static int action_over(lua_State *L, int status, lua_KContext unused)
{
	(void)L, (void)status, (void)unused;
	return 1;
}

/* The first that runs in the coroutine. */
static int action_body(lua_State *L)
{
	const struct call *c = lua_touserdata(L, 1);
	const struct order *o = c->rule->ptr;
	int args = o->variant->args;

	script_function_push(L, c->function, c->frame);
	script_handle_push(L, c->frame, SCRIPT_TXN, 0);
	luaL_checkstack(L, args, "too many arguments");
	for (int i = 0; i < args; i++)
		lua_pushstring(L, o->words[i]);
	lua_callk(L, 1 + args, 1, 0, action_over);
	return 1;
}

static enum action_result stop_with(struct rule_cursor *cur, enum verdict verdict)
{
	cur->verdict = (uint8_t)verdict;
	return ACTION_STOP;
}

/* The message is refused: HTTP with an answer, anything else by the connection's end. */
static enum action_result refuse(const struct rule *r, struct eval *ev, struct rule_cursor *cur, unsigned status)
{
	if (!(r->where & (RULES_HTTP_REQ | RULES_HTTP_RES)))
		return stop_with(cur, r->where & RULES_HTTP_AFTER ? VERDICT_BROKEN : VERDICT_REJECT);
	ev->response ? denied_response(ev->stream) : denied_request(ev->stream);
	ev->stream->reason = CLOSE_REFUSED;
	http_reply_error(ev->stream, ev->response ? 502 : status);
	return ACTION_STOP;
}

static enum action_result result(lua_Integer act, const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	switch (act) {
	case SCRIPT_ACT_DONE:
		if (r->where & RULES_HTTP_RES)
			ev->stream->http->res_exempt = true;
		return stop_with(cur, VERDICT_ACCEPT);
	case SCRIPT_ACT_STOP:
		return stop_with(cur, VERDICT_ACCEPT);
	case SCRIPT_ACT_ERROR:
		return stop_with(cur, VERDICT_BROKEN);
	case SCRIPT_ACT_DENY:
		return refuse(r, ev, cur, 403);
	case SCRIPT_ACT_INVALID:
		return refuse(r, ev, cur, 400);
	case SCRIPT_ACT_ABORT:
		return stop_with(cur, VERDICT_CLOSE);
	default:
		return ACTION_DONE;
	}
}

/* Its stream ended while it waited. */
static void on_stream_end(struct stream_end *e)
{
	struct script_frame *f = CONTAINER_OF(e, struct script_frame, at_end);
	struct script_state *st = f->state;

	script_enter(st);
	script_frame_end(f, true);
	script_leave(st);
}

/* No timeout of the client's or server's strikes while a script makes them wait. */
static void call_again_at(struct stream *s, uint64_t due_ms)
{
	s->client_active_ms = s->server_active_ms = due_ms;
	timer_bring_forward(&s->timer, due_ms);
}

static void arrange_to_be_called(const struct script_frame *f, struct stream *s)
{
	if (f->due_ms == 0)
		stream_wake(s);
	else if (f->due_ms != SCRIPT_ON_EVENT)
		call_again_at(s, f->due_ms);
}

/* act.YIELD: the function is run anew when anything happens to its stream, when its act:wake_time() has passed, or else after a
 * while. Where rules wait for bytes they do so for tcp-request inspect-delay; behind that nothing waits for more. */
#define YIELD_MS 1000

static enum action_result run_anew(const struct script_function *fn, uint64_t due_ms, const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	bool counts_bytes = r->where & (RULES_TCP_REQ_CONT | RULES_TCP_RES_CONT);

	if (r->where & RULES_HTTP_AFTER) {
		script_log_text(ev->session->fe, fn->name, SLICE("act.YIELD has no place in http-after-response"));
		return stop_with(cur, VERDICT_BROKEN);
	}
	if (counts_bytes && ev->final) {
		script_log_text(ev->session->fe, fn->name, SLICE("act.YIELD when its time to wait was over: on with the next rule"));
		return ACTION_DONE;
	}
	if (due_ms == 0 && !counts_bytes)
		due_ms = clock_now_ms + YIELD_MS;
	if (due_ms)
		call_again_at(ev->stream, due_ms);
	return ACTION_YIELD;
}

static void wake(struct script_frame *f)
{
	struct stream *s = f->owner;

	s->client_active_ms = s->server_active_ms = clock_now_ms;
	stream_wake(s);
}

static enum action_result wait(struct script_frame *f, struct stream *s, struct rule_cursor *cur)
{
	if (cur->state == 0) {
		f->wake = wake;
		f->owner = s;
		f->at_end.run = on_stream_end;
		LIST_INSERT_HEAD(&s->at_end, &f->at_end, link);
		cur->state = (uintptr_t)f;
	}
	arrange_to_be_called(f, s);
	return ACTION_YIELD;
}

/* What the coroutine ended with. */
static enum action_result over(struct script_frame *f, int status, const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	lua_Integer act = SCRIPT_ACT_CONTINUE;
	bool closes = f->closes, has_reply = f->has_reply, finished = f->finished;
	uint64_t wake_ms = f->wake_ms;

	if (cur->state)
		LIST_REMOVE(&f->at_end, link);
	cur->state = 0;
	if (status == LUA_OK)
		act = lua_isinteger(f->co, -1) ? lua_tointeger(f->co, -1) : SCRIPT_ACT_CONTINUE;
	else if (!finished)
		script_log_failure(f);
	script_frame_end(f, status != LUA_OK);
	if (closes)
		return has_reply ? ACTION_STOP : stop_with(cur, VERDICT_CLOSE);
	if (status != LUA_OK && !finished)
		return stop_with(cur, VERDICT_BROKEN);
	if (act == SCRIPT_ACT_YIELD)
		return run_anew(function_of(r), wake_ms, r, ev, cur);
	return result(act, r, ev, cur);
}

static enum action_result run(struct script_frame *f, const struct rule *r, struct eval *ev, struct rule_cursor *cur, int nargs)
{
	int status = script_frame_run(f, nargs);

	return status == LUA_YIELD ? wait(f, ev->stream, cur) : over(f, status, r, ev, cur);
}

static enum action_result begin(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct call c = { .function = function_of(r), .rule = r };

	c.frame = script_frame_begin(script_function_state(c.function), c.function->name, ev, true);
	if (c.frame == NULL) {
		script_log(ev->session->fe, LOG_LEVEL_ERR, SLICE("Lua: not enough memory to begin an action (tune.lua.maxmem)"));
		return stop_with(cur, VERDICT_BROKEN);
	}
	c.frame->may_edit = true;
	c.frame->may_wait = r->where != RULES_HTTP_AFTER;
	lua_pushcfunction(c.frame->co, action_body);
	lua_pushlightuserdata(c.frame->co, &c);
	return run(c.frame, r, ev, cur, 1);
}

static enum action_result action_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	struct script_frame *f = (struct script_frame *)cur->state;
	struct script_state *st = script_function_state(function_of(r));
	enum action_result result;

	if (f && f->due_ms != SCRIPT_ON_EVENT && f->due_ms > clock_now_ms) {
		arrange_to_be_called(f, ev->stream);
		return ACTION_YIELD;
	}
	script_enter(st);
	if (f) {
		script_frame_resume(f, ev);
		result = run(f, r, ev, cur, 0);
	} else {
		result = begin(r, ev, cur);
	}
	script_leave(st);
	return result;
}

/* ---- descriptors ---- */

const char *script_function_keyword(const char *name)
{
	struct strbuf b = STRBUF_EMPTY;

	strbuf_addf(&b, "lua.%s", name);
	return strbuf_take(&b);
}

struct script_function *script_function_again(lua_State *L, struct script_function *fn)
{
	struct script_state *st = script_state_of(L);

	if (fn->shared || st->number == 0 || fn->refs[st->number])
		luaL_error(L, "there is such a function already");
	return fn;
}

struct script_function *script_function_new(lua_State *L, struct registry *r, const void *item, struct script_function *fn, const char *file,
	int line)
{
	fn->name = *(const char *const *)item;
	fn->shared = script_state_of(L)->number == 0;
	file = strdup(file);
	ASSERT(file);
	if (!registry_add(r, item, file, line))
		luaL_error(L, "there is a %s '%s' already", r->kind, fn->name);
	return fn;
}

static void *allocated(lua_State *L, size_t n)
{
	void *p = calloc(1, n);

	if (p == NULL)
		luaL_error(L, "not enough memory");
	return p;
}

struct script_function *script_function_fetch(lua_State *L, const char *name, const char *file, int line)
{
	const char *keyword = script_function_keyword(name);
	const struct fetch *known = registry_find(&fetch_registry, slice_of(keyword));

	if (known) {
		free((char *)keyword);
		return script_function_again(L, &CONTAINER_OF(known, struct script_fetch, fetch)->function);
	}
	struct script_fetch *f = allocated(L, sizeof(*f));
	f->fetch = (struct fetch){ .keyword = keyword, .usage = keyword, .args = ARGS, .type = VALUE_STR, .phases = PHASE_SESSION,
		.get = fetch_get };
	return script_function_new(L, &fetch_registry, &f->fetch, &f->function, file, line);
}

struct script_function *script_function_converter(lua_State *L, const char *name, const char *file, int line)
{
	const char *keyword = script_function_keyword(name);
	const struct converter *known = registry_find(&converter_registry, slice_of(keyword));

	if (known) {
		free((char *)keyword);
		return script_function_again(L, &CONTAINER_OF(known, struct script_converter, converter)->function);
	}
	struct script_converter *c = allocated(L, sizeof(*c));
	c->converter = (struct converter){ .keyword = keyword, .usage = keyword, .args = ARGS, .in = VALUE_STR, .out = VALUE_STR,
		.convert = converter_convert };
	return script_function_new(L, &converter_registry, &c->converter, &c->function, file, line);
}

static struct variant *variant_new(lua_State *L, struct script_action *a, unsigned where, int args)
{
	struct variant *v = allocated(L, sizeof(*v));

	*v = (struct variant){ .where = where, .args = args, .next = a->variants };
	a->variants = v;
	a->action.where |= where;
	return v;
}

struct script_function *script_function_action(lua_State *L, const char *name, unsigned where, int args, const char *file, int line)
{
	const char *keyword = script_function_keyword(name);
	const struct action *known = registry_find(&action_registry, slice_of(keyword));

	if (known == NULL) {
		struct script_action *a = allocated(L, sizeof(*a));
		a->action = (struct action){ .keyword = keyword, .usage = keyword, .parse = action_parse, .run = action_run };
		return script_function_new(L, &action_registry, &a->action, &variant_new(L, a, where, args)->function, file, line);
	}
	free((char *)keyword);
	struct script_action *a = CONTAINER_OF((struct action *)(uintptr_t)known, struct script_action, action);
	if (known->where & where) {
		struct variant *v = a->variants;
		while (!(v->where & where))
			v = v->next;
		return script_function_again(L, &v->function);
	}
	struct variant *v = variant_new(L, a, where, args);
	v->function.name = a->action.keyword;
	v->function.shared = script_state_of(L)->number == 0;
	return &v->function;
}
