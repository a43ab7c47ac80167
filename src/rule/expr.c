/* SPDX-License-Identifier: Apache-2.0
 *
 * Expressions: "src,ipmask(24)" becomes a fetch and an array of converter calls whose types are
 * checked once, here, so that a run is a loop of indirect calls. Compiled at start-up and frozen;
 * evaluated by any thread.
 */
#include "rule/fetch.h"

#include <stdio.h>
#include "rule/boot.h"
#include "conf/haproxy_names.h"

REGISTRY_DEFINE(fetch)
REGISTRY_DEFINE(converter)

struct expr_call {
	const struct converter *conv;
	struct args args;
};

struct expr {
	const struct fetch *fetch;
	struct args args;
	struct expr_call *calls;
	size_t ncalls;
	enum value_type type; /* what it ends in */
};

/* A fetch or converter whose names wait for the whole configuration; with patterns, if it checks those. */
struct expr_pending {
	struct expr_pending *next;
	struct expr *expr;
	size_t call; /* which converter, from 1; 0: the fetch */
	struct slice *patterns;
	size_t npatterns;
	struct proxy *px;
	const char *file; /* NULL: no line */
	int line;
};

static struct expr_pending *pending_first, **pending_last = &pending_first;
_Thread_local const struct conf_line *expr_line;
static const struct expr **asking; /* all that have a fetch which asks */
static size_t asking_n;

static void expr_forget_pending(void *unused)
{
	(void)unused;
	pending_first = NULL;
	pending_last = &pending_first;
}

static void expr_forget_asking(void *unused)
{
	(void)unused;
	asking = NULL;
	asking_n = 0;
}

static void expr_note_asking(const struct expr *e)
{
	if (!asking)
		boot_defer(expr_forget_asking, NULL);
	asking = boot_grow(asking, asking_n, sizeof(*asking));
	asking[asking_n++] = e;
}

size_t expr_asks_mark(void) { return asking_n; }

struct expr_asks expr_asks_since(size_t mark)
{
	struct expr_asks a = { NULL, 0 };

	for (size_t i = mark; i < asking_n; i++) {
		a.list = boot_grow(a.list, a.n, sizeof(*a.list));
		a.list[a.n++] = asking[i];
	}
	return a;
}

bool expr_asks_answered(const struct expr_asks *a, struct eval *ev)
{
	bool answered = true;
	struct value v;

	for (size_t i = 0; i < a->n; i++)
		answered &= expr_eval(a->list[i], ev, &v) != EVAL_WAIT || !ev->awaits;
	return answered;
}

static void expr_resolve_later(struct expr *e, size_t call, struct proxy *px)
{
	struct expr_pending *p = boot_alloc(sizeof(*p));

	if (!pending_first)
		boot_defer(expr_forget_pending, NULL);
	p->expr = e;
	p->call = call;
	p->px = px;
	if (expr_line) {
		p->file = expr_line->file;
		p->line = expr_line->line;
	}
	*pending_last = p;
	pending_last = &p->next;
}

/* The name at *at: up to what ends a keyword of an expression. */
static struct slice expr_name(const char **at)
{
	size_t n = strcspn(*at, "(), \t[]{}");
	struct slice name = slice_make(*at, n);

	*at += n;
	return name;
}

static void expr_name_unknown(enum haproxy_kind haproxy, struct slice name, const struct registry *r, struct strbuf *err)
{
	const char *kind = haproxy == HAPROXY_FETCH ? "fetch" : "converter", *near;

	if (name.len == 0) {
		strbuf_addf(err, "a %s's name is missing", kind);
	} else if (slice_starts(name, SLICE("lua."))) {
		strbuf_addf(err, "%s '%.*s' is registered by no script that was loaded before (lua-load)", kind, SLICE_FMT(name));
	} else if (haproxy_has_name(haproxy, name) || *haproxy_instead(haproxy, name)) {
		strbuf_addf(err, "%s '%.*s' is one of HAProxy's that usher does not have yet%s", kind, SLICE_FMT(name),
			haproxy_instead(haproxy, name));
	} else {
		strbuf_addf(err, "unknown %s '%.*s'", kind, SLICE_FMT(name));
		near = registry_nearest(r, name);
		if (near && near[0] != '%')
			strbuf_addf(err, "; did you mean '%s'?", near);
	}
}

static bool expr_read_args(const char **at, const char *kind, const char *keyword, const char *decl, const void *leaf,
	bool (*check)(struct args *, struct strbuf *), struct args *out, struct strbuf *err)
{
	struct strbuf why = STRBUF_EMPTY;
	bool ok = args_parse(at, decl, out, &why);

	out->leaf = leaf;
	ok = ok && (!check || check(out, &why));

	if (!ok)
		strbuf_addf(err, "%s '%s': %.*s", kind, keyword, SLICE_FMT(strbuf_slice(&why)));
	strbuf_free(&why);
	return ok;
}

static bool expr_is_possible_now(const char *kind, const char *keyword, bool boot_only, struct strbuf *err)
{
	if (boot_only && boot_is_scoped()) {
		strbuf_addf(err, "%s '%s' works in the configuration only", kind, keyword);
		return false;
	}
	return true;
}

static bool expr_compile_fetch(struct expr *e, const char **at, unsigned phase, struct proxy *px, struct strbuf *err)
{
	struct slice name = expr_name(at);

	e->fetch = registry_find(&fetch_registry, name);
	if (!e->fetch || e->fetch->alias) {
		expr_name_unknown(HAPROXY_FETCH, name, &fetch_registry, err);
		return false;
	}
	if (!(e->fetch->phases & phase)) {
		strbuf_addf(err, "fetch '%s' has no value at this place", e->fetch->keyword);
		return false;
	}
	if (!expr_is_possible_now("fetch", e->fetch->keyword, e->fetch->boot_only || e->fetch->asks || e->fetch->resolve, err))
		return false;
	if (!expr_read_args(at, "fetch", e->fetch->keyword, e->fetch->args, e->fetch, e->fetch->check, &e->args, err))
		return false;
	if (e->fetch->resolve)
		expr_resolve_later(e, 0, px);
	if (e->fetch->asks)
		expr_note_asking(e);
	e->type = e->fetch->type;
	return true;
}

static bool expr_compile_converter(struct expr *e, const char **at, struct proxy *px, struct strbuf *err)
{
	struct slice name = expr_name(at);
	const struct converter *c = registry_find(&converter_registry, name);
	struct expr_call *call;

	if (!c) {
		expr_name_unknown(HAPROXY_CONVERTER, name, &converter_registry, err);
		return false;
	}
	if (!value_can_cast(e->type, c->in)) {
		strbuf_addf(err, "converter '%s' works on %s, which cannot be made of %s", c->keyword,
			value_type_name(c->in), value_type_name(e->type));
		return false;
	}
	if (!expr_is_possible_now("converter", c->keyword, c->boot_only || c->resolve, err))
		return false;
	e->calls = boot_grow(e->calls, e->ncalls, sizeof(*e->calls));
	call = &e->calls[e->ncalls++];
	call->conv = c;
	if (!expr_read_args(at, "converter", c->keyword, c->args, c, c->check, &call->args, err))
		return false;
	if (c->resolve)
		expr_resolve_later(e, e->ncalls, px);
	if (c->out != VALUE_SAME)
		e->type = c->out;
	else if (c->in > VALUE_SAME)
		e->type = c->in;
	return true;
}

/* Converters joined by commas. */
static bool expr_compile_chain(struct expr *e, const char **at, struct proxy *px, struct strbuf *err)
{
	while (**at == ',') {
		++*at;
		if (!expr_compile_converter(e, at, px, err))
			return false;
	}
	return true;
}

struct expr *expr_compile_at(const char **at, unsigned phase, struct proxy *px, struct strbuf *err)
{
	struct expr *e = boot_alloc(sizeof(*e));

	return expr_compile_fetch(e, at, phase, px, err) && expr_compile_chain(e, at, px, err) ? e : NULL;
}

static bool expr_ended(const char *at, const char *word, struct strbuf *err)
{
	if (*at)
		strbuf_addf(err, "unexpected '%s' at offset %zu", at, (size_t)(at - word));
	return !*at;
}

struct expr *expr_compile(const char *word, unsigned phase, struct proxy *px, struct strbuf *err)
{
	const char *at = word;
	struct expr *e = expr_compile_at(&at, phase, px, err);

	return e && expr_ended(at, word, err) ? e : NULL;
}

/* The word itself is named only where the fault does not stand on it anyway. */
static void expr_say(struct conf_line *l, const char *word, const struct strbuf *err)
{
	if (conf_names(l, word))
		conf_fail(l, "%.*s", SLICE_FMT(strbuf_slice(err)));
	else
		conf_fail(l, "expression '%s': %.*s", word, SLICE_FMT(strbuf_slice(err)));
}

struct expr *expr_parse(struct conf_line *l, const char *word, unsigned phase, struct proxy *px)
{
	struct strbuf err = STRBUF_EMPTY;
	struct expr *e;

	expr_line = l;
	e = expr_compile(word, phase, px, &err);
	expr_line = NULL;
	if (!e)
		expr_say(l, word, &err);
	strbuf_free(&err);
	return e;
}

struct expr *expr_take(struct conf_line *l, unsigned phase, struct proxy *px)
{
	const char *word = conf_need(l, "an expression");
	struct expr *e = word ? expr_parse(l, word, phase, px) : NULL;
	struct strbuf err = STRBUF_EMPTY;

	expr_line = l;
	while (e && conf_peek(l)) {
		const char *at = word = conf_peek(l);

		if (!registry_find(&converter_registry, expr_name(&at)))
			break;
		at = conf_take(l);
		if (!expr_compile_converter(e, &at, px, &err) || !expr_compile_chain(e, &at, px, &err) ||
			!expr_ended(at, word, &err)) {
			expr_say(l, word, &err);
			e = NULL;
		}
	}
	expr_line = NULL;
	strbuf_free(&err);
	return e;
}

enum value_type expr_type(const struct expr *e) { return e->type; }
unsigned expr_phases(const struct expr *e) { return e->fetch->phases; }
const char *expr_fetch_name(const struct expr *e) { return e->fetch->keyword; }

/* What a fetch's WAIT means to whoever evaluates. */
static enum eval_result expr_no_value(enum eval_result r, const struct eval *ev)
{
	return r == EVAL_WAIT && (!ev->final || ev->awaits) ? EVAL_WAIT : EVAL_NONE;
}

bool expr_convert(const struct expr *e, struct eval *ev, struct value *v)
{
	for (size_t i = 0; i < e->ncalls; i++) {
		const struct expr_call *c = &e->calls[i];

		if (!value_cast(v, c->conv->in, ev->arena) || !c->conv->convert(&c->args, ev, v))
			return false;
	}
	return true;
}

enum eval_result expr_eval(const struct expr *e, struct eval *ev, struct value *out)
{
	enum eval_result r;

	ev->may_change = false;
	/* ACLs are compiled before it is known where they will be used. */
	if (!(e->fetch->phases & ev->phase))
		return EVAL_NONE;
	r = e->fetch->get(&e->args, ev, out);
	if (r != EVAL_OK)
		return expr_no_value(r, ev);
	if (!expr_convert(e, ev, out))
		return ev->may_change && !ev->final ? EVAL_WAIT : EVAL_NONE;
	return EVAL_OK;
}

enum eval_result expr_eval_as(const struct expr *e, enum value_type type, struct eval *ev, struct value *out)
{
	enum eval_result r = expr_eval(e, ev, out);

	if (r == EVAL_OK && !value_cast(out, type, ev->arena))
		return EVAL_NONE;
	return r;
}

enum eval_result expr_eval_next(const struct expr *e, enum value_type type, struct eval *ev, struct fetch_walk *w,
	struct value *out)
{
	enum eval_result r;

	if (!e->fetch->next) {
		if (w->begun)
			return EVAL_NONE;
		w->begun = true;
		return expr_eval_as(e, type, ev, out);
	}
	ev->may_change = false;
	if (!(e->fetch->phases & ev->phase))
		return EVAL_NONE;
	do {
		r = e->fetch->next(&e->args, ev, w, out);
		if (r != EVAL_OK)
			return expr_no_value(r, ev);
	} while (!expr_convert(e, ev, out) || !value_cast(out, type, ev->arena));
	return EVAL_OK;
}

void expr_note_pattern(const struct expr *e, struct slice pattern)
{
	if (!e->fetch->check_pattern)
		return;
	for (struct expr_pending *p = pending_first; p; p = p->next) {
		if (p->expr != e || p->call)
			continue;
		p->patterns = boot_grow(p->patterns, p->npatterns, sizeof(*p->patterns));
		p->patterns[p->npatterns++] = boot_copy(pattern);
	}
}

static bool expr_resolve(struct expr_pending *p, struct strbuf *err)
{
	struct expr_call *call = p->call ? &p->expr->calls[p->call - 1] : NULL;
	const struct fetch *f = p->expr->fetch;
	bool ok = call ? call->conv->resolve(&call->args, p->px, err) : f->resolve(&p->expr->args, p->px, err);

	for (size_t i = 0; ok && i < p->npatterns; i++)
		ok = f->check_pattern(&p->expr->args, p->patterns[i], err);
	return ok;
}

bool expr_resolve_all(void)
{
	bool ok = true;

	for (struct expr_pending *p = pending_first; p; p = p->next) {
		struct strbuf err = STRBUF_EMPTY;

		if (expr_resolve(p, &err))
			continue;
		ok = false;
		const char *kind = p->call ? "converter" : "fetch", *why = err.ptr ? err.ptr : "";
		const char *keyword = p->call ? p->expr->calls[p->call - 1].conv->keyword : p->expr->fetch->keyword;
		if (p->file)
			diag_at(DIAG_ALERT, p->file, p->line, "%s '%s': %s", kind, keyword, why);
		else
			diag_say(DIAG_ALERT, "%s '%s': %s", kind, keyword, why);
		strbuf_free(&err);
	}
	pending_first = NULL;
	pending_last = &pending_first;
	return ok;
}
