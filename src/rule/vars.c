/* SPDX-License-Identifier: Apache-2.0
 *
 * Variables: names are interned when the configuration is read (scripts may add some later), stores are arrays indexed by the
 * name's number, so a look-up is one bounds check. A store is one thread's; the process store
 * is this file's own, under a mutex, and its values leave it as copies.
 */
#include "rule/vars.h"

#include <pthread.h>
#include <stdlib.h>
#include "base/assert.h"
#include "rule/boot.h"

struct var_slot {
	struct value v;   /* type VALUE_ANY: not set; bytes point into mem */
	char *mem;        /* owns */
	size_t cap;
};

struct var_store {
	unsigned n;
	struct var_slot slots[];
};

struct var_entry {
	struct var_name name;
	struct var_entry *next;
};

static const char *const scope_names[VAR_SCOPES] = {
	[VAR_PROC] = "proc", [VAR_SESS] = "sess", [VAR_TXN] = "txn", [VAR_REQ] = "req", [VAR_RES] = "res",
	[VAR_CHECK] = "check",
};
static struct var_entry *names[VAR_SCOPES]; /* newest first; atomic: added to under names_lock, read without */
static unsigned names_late;                 /* under names_lock */
static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static struct var_store *process_store;     /* lock: process_lock */
static pthread_mutex_t process_lock = PTHREAD_MUTEX_INITIALIZER;

static struct var_entry *newest(int scope)
{
	return __atomic_load_n(&names[scope], __ATOMIC_ACQUIRE);
}

static int var_scope_of(struct slice text)
{
	ptrdiff_t dot = slice_find_byte(text, '.');

	for (int i = 0; dot > 0 && i < VAR_SCOPES; i++)
		if (slice_is(slice_make(text.ptr, (size_t)dot), scope_names[i]))
			return i;
	return -1;
}

const struct var_name *var_name_find(struct slice text)
{
	int scope = var_scope_of(text);

	for (struct var_entry *e = scope < 0 ? NULL : newest(scope); e; e = e->next)
		if (slice_is(text, e->name.text))
			return &e->name;
	return NULL;
}

static bool var_name_valid(struct slice text, struct strbuf *err)
{
	int scope = var_scope_of(text);
	size_t start;

	if (scope < 0) {
		strbuf_addf(err, "variable '%.*s' must start with a scope: proc. sess. txn. req. res. or check.",
			SLICE_FMT(text));
		return false;
	}
	start = strlen(scope_names[scope]) + 1;
	if (start == text.len) {
		strbuf_addf(err, "variable '%.*s' has no name behind its scope", SLICE_FMT(text));
		return false;
	}
	for (size_t i = start; i < text.len; i++) {
		char c = text.ptr[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_')
			continue;
		strbuf_addf(err,
			"variable '%.*s' has a character other than letters, digits, '.' and '_' at offset %zu",
			SLICE_FMT(text), i);
		return false;
	}
	return true;
}

static const struct var_name *var_name_add(struct slice text, struct strbuf *err)
{
	enum var_scope scope = (enum var_scope)var_scope_of(text);
	struct var_entry *e = malloc(sizeof(*e));

	if (!e || !(e->name.text = slice_dup(text))) {
		free(e);
		strbuf_add_str(err, "out of memory");
		return NULL;
	}
	e->name.scope = scope;
	e->name.id = names[scope] ? names[scope]->name.id + 1 : 0;
	e->next = names[scope];
	__atomic_store_n(&names[scope], e, __ATOMIC_RELEASE);
	return &e->name;
}

static const struct var_name *intern(struct slice text, bool late, struct strbuf *err)
{
	const struct var_name *name;

	if (!var_name_valid(text, err))
		return NULL;
	name = var_name_find(text);
	if (name)
		return name;
	pthread_mutex_lock(&names_lock);
	name = var_name_find(text); /* another thread may have been faster */
	if (!name && late && names_late >= VAR_NAMES_LATE_MAX)
		strbuf_addf(err, "variable '%.*s' is one too many: scripts may add %d names", SLICE_FMT(text), VAR_NAMES_LATE_MAX);
	else if (!name && (name = var_name_add(text, err)) != NULL)
		names_late += late;
	pthread_mutex_unlock(&names_lock);
	return name;
}

const struct var_name *var_name_intern(struct slice text, struct strbuf *err)
{
	return intern(text, boot_is_scoped(), err);
}

const struct var_name *var_name_intern_late(struct slice text, struct strbuf *err)
{
	return intern(text, true, err);
}

const struct var_name *var_name_at(enum var_scope scope, unsigned id)
{
	const struct var_entry *e = newest(scope);

	while (e && e->name.id != id)
		e = e->next;
	return e ? &e->name : NULL;
}

static struct var_slot *var_slot_make(struct var_store **store, const struct var_name *name)
{
	unsigned have = *store ? (*store)->n : 0;

	if (name->id >= have) {
		/* The newest name's number bounds the store, so it grows at most once in a steady configuration. */
		unsigned want = newest(name->scope)->name.id + 1;
		struct var_store *grown = realloc(*store, sizeof(*grown) + want * sizeof(struct var_slot));

		if (!grown)
			return NULL;
		memset(grown->slots + have, 0, (want - have) * sizeof(struct var_slot));
		grown->n = want;
		*store = grown;
	}
	return &(*store)->slots[name->id];
}

static bool value_has_bytes(const struct value *v)
{
	return v->type == VALUE_STR || v->type == VALUE_BIN || v->type == VALUE_METHOD;
}

/* Copies the value in; makes the store where there is none. */
static bool var_set(struct var_store **store, const struct var_name *name, const struct value *v)
{
	struct var_slot *slot = var_slot_make(store, name);

	if (!slot)
		return false;
	if (value_has_bytes(v)) {
		if (v->bytes.len > slot->cap) {
			/* v may borrow from this very slot, so the old bytes go last. */
			char *mem = malloc(v->bytes.len);

			if (!mem)
				return false;
			memcpy(mem, v->bytes.ptr, v->bytes.len);
			free(slot->mem);
			slot->mem = mem;
			slot->cap = v->bytes.len;
		} else if (v->bytes.len) {
			memmove(slot->mem, v->bytes.ptr, v->bytes.len);
		}
		slot->v = (struct value){ .type = v->type, .bytes = { slot->mem ? slot->mem : "", v->bytes.len } };
		return true;
	}
	slot->v = *v;
	return true;
}

static void var_unset(struct var_store *store, const struct var_name *name)
{
	if (store && name->id < store->n)
		store->slots[name->id].v.type = VALUE_ANY;
}

static bool var_get(const struct var_store *store, const struct var_name *name, struct value *out)
{
	if (!store || name->id >= store->n || store->slots[name->id].v.type == VALUE_ANY)
		return false;
	*out = store->slots[name->id].v;
	return true;
}

void var_store_free(struct var_store **store)
{
	if (!*store)
		return;
	for (unsigned i = 0; i < (*store)->n; i++)
		free((*store)->slots[i].mem);
	free(*store);
	*store = NULL;
}

void vars_reset(void)
{
	pthread_mutex_lock(&process_lock);
	var_store_free(&process_store);
	names_late = 0;
	for (int i = 0; i < VAR_SCOPES; i++) {
		while (names[i]) {
			struct var_entry *e = names[i];

			names[i] = e->next;
			free((char *)e->name.text);
			free(e);
		}
	}
	pthread_mutex_unlock(&process_lock);
}

bool eval_var_set(struct eval *ev, const struct var_name *name, const struct value *v)
{
	bool ok;

	if (name->scope != VAR_PROC)
		return ev->vars[name->scope] && var_set(ev->vars[name->scope], name, v);
	pthread_mutex_lock(&process_lock);
	ok = var_set(&process_store, name, v);
	pthread_mutex_unlock(&process_lock);
	return ok;
}

void eval_var_unset(struct eval *ev, const struct var_name *name)
{
	if (name->scope != VAR_PROC) {
		if (ev->vars[name->scope])
			var_unset(*ev->vars[name->scope], name);
		return;
	}
	pthread_mutex_lock(&process_lock);
	var_unset(process_store, name);
	pthread_mutex_unlock(&process_lock);
}

bool eval_var_get(struct eval *ev, const struct var_name *name, struct value *out)
{
	bool ok;

	if (name->scope != VAR_PROC)
		return ev->vars[name->scope] && var_get(*ev->vars[name->scope], name, out);
	pthread_mutex_lock(&process_lock);
	ok = var_get(process_store, name, out);
	if (ok && value_has_bytes(out)) {
		out->bytes = arena_copy(ev->arena, out->bytes);
		ok = out->bytes.ptr != NULL;
	}
	pthread_mutex_unlock(&process_lock);
	return ok;
}

static const struct { const char *name; enum var_cond bit; } cond_names[] = {
	{ "ifexists", VAR_IFEXISTS }, { "ifnotexists", VAR_IFNOTEXISTS }, { "ifempty", VAR_IFEMPTY },
	{ "ifnotempty", VAR_IFNOTEMPTY }, { "ifset", VAR_IFSET }, { "ifnotset", VAR_IFNOTSET },
	{ "ifgt", VAR_IFGT }, { "iflt", VAR_IFLT },
};

unsigned var_cond_find(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(cond_names); i++)
		if (slice_is(name, cond_names[i].name))
			return cond_names[i].bit;
	return 0;
}

static bool var_conds_hold(struct eval *ev, const struct var_name *name, unsigned conds, const struct value *v)
{
	bool empty = value_has_bytes(v) && v->bytes.len == 0;
	struct value old;
	bool set = eval_var_get(ev, name, &old);
	/* A process variable exists from the moment the configuration names it. */
	bool exists = set || name->scope == VAR_PROC;

	if ((conds & VAR_IFEXISTS && !exists) || (conds & VAR_IFNOTEXISTS && exists) ||
	    (conds & VAR_IFEMPTY && !empty) || (conds & VAR_IFNOTEMPTY && empty) ||
	    (conds & VAR_IFSET && !set) || (conds & VAR_IFNOTSET && set))
		return false;
	if (!set || old.type != VALUE_INT || v->type != VALUE_INT)
		return true;
	return !(conds & VAR_IFGT && old.num <= v->num) && !(conds & VAR_IFLT && old.num >= v->num);
}

bool eval_var_set_if(struct eval *ev, const struct var_name *name, unsigned conds, const struct value *v)
{
	if (conds && !var_conds_hold(ev, name, conds, v))
		return false;
	return eval_var_set(ev, name, v);
}
