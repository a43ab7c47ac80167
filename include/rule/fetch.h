/* SPDX-License-Identifier: Apache-2.0
 *
 * FETCH and CONVERTER: the two kinds expressions are made of (`src,ipmask(24)`), their arguments,
 * and the compiled expression. Frozen after boot.
 */
#ifndef USHER_RULE_FETCH_H
#define USHER_RULE_FETCH_H

#include "conf/line.h"
#include "core/registry.h"
#include "rule/eval.h"

#define ARGS_MAX 12

enum arg_type { ARG_NONE, ARG_INT, ARG_STR, ARG_TIME, ARG_SIZE, ARG_NET, ARG_VAR, ARG_PROXY };

/* One argument after parsing. `ptr` is the leaf's own (set by its check function: a resolved backend, a compiled regex). */
struct arg {
	enum arg_type type; /* ARG_NONE: not given */
	int64_t num;        /* INT; TIME in ms; SIZE in bytes */
	struct slice str;   /* STR, PROXY: the text, NUL-terminated */
	struct addr_net net;
	const struct var_name *var;
	void *ptr;
};

/* The arguments of one use. check functions may change them and keep private data in `priv`. */
struct args {
	struct arg v[ARGS_MAX];
	int count;
	void *priv;
	const void *leaf; /* borrows: the fetch or converter that they are for */
};

/* A place among the several values of one fetch (hdr() of a list); zeroes before the first. What stands in it is the
 * fetch's own, but begun: set once one was given. */
struct fetch_walk {
	bool begun;
	int field;         /* which of several fields */
	struct slice rest; /* what is left of that one; borrows */
};

/* `args` declares the arguments, one letter each: i int, s string, t time, z size, n network, v variable,
 * p proxy name (may be empty: the current one), ';' separates required from optional ones. "" or NULL: none. */
struct fetch {
	const char *keyword;
	const char *usage;     /* "fc_pp_tlv(<id>)" */
	const char *args;
	enum value_type type;
	unsigned phases;       /* PHASE_* where it has a value */
	/* May be NULL. At configuration time: refuse by writing why into err (false). */
	bool (*check)(struct args *a, struct strbuf *err);
	/* May be NULL. After all files are read: resolve names. `px` is the proxy the expression stands in, or NULL. */
	bool (*resolve)(struct args *a, struct proxy *px, struct strbuf *err);
	enum eval_result (*get)(const struct args *a, struct eval *ev, struct value *out);
	/* May be NULL: refuses a pattern that no value of such a fetch can equal; called as resolve is, behind it. */
	bool (*check_pattern)(const struct args *a, struct slice pattern, struct strbuf *err);
	bool boot_only;        /* check or resolve changes what threads share: no expression compiled at run time has it */
	bool asks;             /* get may have to ask somebody and wait (ev->awaits) */
	/* May be NULL: get's value is the only one. Conditions look at each of several until one matches: gives the next;
	 * EVAL_NONE behind the last. */
	enum eval_result (*next)(const struct args *a, struct eval *ev, struct fetch_walk *w, struct value *out);
	bool alias;            /* a log-format alias: keyword is "%ci" and expressions cannot name it */
	bool (*get_text)(struct eval *ev, struct strbuf *out); /* alias only: writes itself, maybe nothing; false means "-" */
	/* alias only, in place of the others: it is a list, each with the flags of the whole, a blank between. Writes the
	 * nth, maybe nothing ("-"); false behind the last. Of an empty list not even the blank before it is written. */
	bool (*get_item)(struct eval *ev, unsigned nth, struct strbuf *out);
	bool may_vanish;       /* alias only: get_text's false means nothing at all, as for an empty list */
	bool plain;            /* alias only, with get_text: a number or date, never quoted nor in hexadecimal */
};
/* get runs only where ev->phase is one of phases. */
#define FETCH(ident) REGISTRY_ADD(fetch, ident)
extern struct registry fetch_registry;

struct converter {
	const char *keyword;
	const char *usage;
	const char *args;
	enum value_type in, out; /* VALUE_ANY, VALUE_SAME allowed */
	bool (*check)(struct args *a, struct strbuf *err);
	bool (*resolve)(struct args *a, struct proxy *px, struct strbuf *err); /* may be NULL: as for a fetch */
	/* Changes *v in place; false: the expression has no value. */
	bool (*convert)(const struct args *a, struct eval *ev, struct value *v);
	bool boot_only; /* as for a fetch */
};
#define CONVERTER(ident) REGISTRY_ADD(converter, ident)
extern struct registry converter_registry;

struct expr; /* a fetch and its converters, compiled */

/* The line whose expressions are being compiled, for check functions that note where they are used; NULL: none is known. */
extern _Thread_local const struct conf_line *expr_line;

/* Compiles one word such as "src,ipmask(24)". phase: where it will run (one or more bits; the fetch must serve at least one).
 * px is the proxy it stands in (borrowed, for resolve) or NULL. NULL after conf_fail(l, ...). Never freed: lives with the configuration. */
struct expr *expr_parse(struct conf_line *l, const char *word, unsigned phase, struct proxy *px);
/* The same without a line, for callers with their own way to complain; *err gets the reason. */
struct expr *expr_compile(const char *word, unsigned phase, struct proxy *px, struct strbuf *err);
/* In a boot_scope it is compiled at run time: then no name is resolved, and leaves that would have some are refused, as are
 * those that ask or change what threads share. */
/* The same at *at, which is moved behind the expression (one that stands inside a longer text: "%[src]"). */
struct expr *expr_compile_at(const char **at, unsigned phase, struct proxy *px, struct strbuf *err);
/* Takes a whole expression from the line's cursor: one word and any words behind it that are converters
 * ("src ipmask(24)"). NULL after conf_fail(). */
struct expr *expr_take(struct conf_line *l, unsigned phase, struct proxy *px);
/* Parses "(a,b)" at *at by a declaration as struct fetch has it and moves *at behind it; no parenthesis: no arguments.
 * Quotes and escapes as in manual 2.2. */
bool args_parse(const char **at, const char *decl, struct args *out, struct strbuf *err);
/* A `check`: the second argument is a unit of time, s (the default), ms or us; its num becomes how many make a second. */
bool args_take_time_unit(struct args *a, struct strbuf *err);
/* The type the expression ends in. */
enum value_type expr_type(const struct expr *e);
/* Where its fetch has a value (PHASE_*). At any other place expr_eval gives EVAL_NONE. */
unsigned expr_phases(const struct expr *e);
/* Its fetch's keyword, for messages. */
const char *expr_fetch_name(const struct expr *e);
enum eval_result expr_eval(const struct expr *e, struct eval *ev, struct value *out);
/* Its converters alone, on a value from elsewhere; false: it has none. */
bool expr_convert(const struct expr *e, struct eval *ev, struct value *v);
/* Evaluates and casts. */
enum eval_result expr_eval_as(const struct expr *e, enum value_type type, struct eval *ev, struct value *out);
/* The same for conditions: one value after the other, *w zeroed before the first. Values that a converter cannot take are
 * passed over. EVAL_NONE behind the last. */
enum eval_result expr_eval_next(const struct expr *e, enum value_type type, struct eval *ev, struct fetch_walk *w,
	struct value *out);
/* A pattern that an ACL compares this expression's values with, as written; for fetches that check them. */
void expr_note_pattern(const struct expr *e, struct slice pattern);
/* After all files are read: runs every pending fetch.resolve in the order of appearance; reports faults; false when any. */
bool expr_resolve_all(void);

/* The expressions with a fetch that asks which were compiled between two moments of start-up: those of an action or a name,
 * which cannot wait themselves. Whoever runs them looks first whether all answers are there. */
struct expr_asks {
	const struct expr **list; /* boot memory */
	size_t n;
};
size_t expr_asks_mark(void);
struct expr_asks expr_asks_since(size_t mark);
/* False: not yet, ev->awaits is set. Asks for nothing unless ev->may_await. */
bool expr_asks_answered(const struct expr_asks *a, struct eval *ev);

#endif
