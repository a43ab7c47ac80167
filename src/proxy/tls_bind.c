/* SPDX-License-Identifier: Apache-2.0
 *
 * A bind line's certificates: finding their files, making contexts and the table of names, and making that table
 * anew when a certificate is replaced.
 */
#include "proxy/tls_bind.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "conn/tls_server.h"
#include "conn/tls_tickets.h"
#include "proxy/crt_lists.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/listener.h"
#include "proxy/tls_words.h"
#include "rule/boot.h"

/* ---- contexts ---- */

struct line {                            /* what words come to, defaults included; boot memory */
	struct tls_settings set;
	const char *names;               /* the protocols we answer to, NULL: none */
};

/* A certificate that is presented. */
struct slot {
	struct tls_bind_cert cert;
	struct line *own;                /* NULL: it has nothing of its own */
	SSL_CTX *ctx;                    /* owns a use */
};

#define BIND_MAGIC 0x746c7362u
struct tls_bind {
	uint32_t magic;
	const struct listener *listener; /* borrows: the first of its line */
	const struct tls_bind_settings *set; /* borrows */
	struct line common;
	struct tls_tickets *tickets;     /* borrows, for ever; NULL: none */
	struct slot *slots;              /* owns: what the table in use presents, in its order */
	size_t count;
	struct tls_front *front;         /* owns */
	LIST_HEAD(, user) users;         /* own: one for each file */
	struct list_user {
		struct crt_list_user is;
		struct tls_bind *of;
		struct crt_list *list;
	} *lists;                        /* owns: as set->lists */
};

struct user {
	struct cert_user is;
	struct tls_bind *of;
	LIST_ENTRY(user) link;
};

/* What is made while something changes. */
struct change {
	struct slot *slots;              /* owns */
	size_t count;
	struct tls_table *table;         /* owns until it is published */
};

static SSL_CTX *make_context(const struct tls_bind *b, const struct line *line, const struct tls_cert *cert, struct strbuf *err)
{
	SSL_CTX *ctx = tls_context_new(TLS_SERVER, &line->set, err);

	if (ctx == NULL)
		return NULL;
	if (!tls_server_apply(ctx, &line->set, &global.tls, line->names, slice_of(b->listener->px->name), err) ||
	    (cert && !(tls_cert_use(ctx, cert, err) && tls_cert_use_extras(ctx, cert, err)))) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	tls_tickets_use(ctx, b->tickets);
	tls_front_prepare(ctx);
	return ctx;
}

/* Those that are there stay, but that of one file is made anew with this certificate. */
static bool make_contexts(const struct tls_bind *b, struct slot *slots, size_t count, const struct cert_file *changed,
                          const struct tls_cert *next, struct strbuf *err)
{
	for (size_t i = 0; i < count; i++) {
		struct slot *s = &slots[i];
		if (s->ctx && s->cert.file != changed)
			continue;
		SSL_CTX_free(s->ctx);
		s->ctx = make_context(b, s->own ? s->own : &b->common, s->cert.file == changed ? next : s->cert.file->cert, err);
		if (s->ctx == NULL) {
			strbuf_addf(err, " ('%s')", s->cert.file->path);
			return false;
		}
	}
	return true;
}

static void drop_slots(struct slot *slots, size_t count)
{
	for (size_t i = 0; slots && i < count; i++)
		SSL_CTX_free(slots[i].ctx);
	free(slots);
}

/* "!*" takes away what the certificate says itself: nothing, where there are other names. */
static void add_names(struct tls_table *t, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(*names, "!*") != 0)
			tls_table_name(t, *names);
}

/* Filters that only take away: the certificate's own names are what they take from. */
static bool only_refuses(const char *const *names)
{
	for (; *names; names++)
		if (**names != '!')
			return false;
	return true;
}

static bool is_for_nobody(const char *const *names)
{
	for (; *names; names++)
		if (strcmp(*names, "!*") == 0)
			return true;
	return false;
}

static struct tls_table *make_table(const struct tls_bind *b, const struct slot *slots, size_t count, const struct cert_file *changed,
                                    const struct tls_cert *next)
{
	struct tls_table *t = tls_table_new(b->set->strict_sni);

	for (size_t i = 0; i < count; i++) {
		const struct tls_bind_cert *c = &slots[i].cert;
		const struct tls_cert *cert = c->file == changed ? next : c->file->cert;
		const struct tls_choice choice = { slots[i].ctx, cert->kind, cert->group, slots[i].own ? &slots[i].own->set : NULL };
		tls_table_add(t, &choice, c->is_default);
		if (c->names == NULL || (only_refuses(c->names) && !is_for_nobody(c->names)))
			add_names(t, (const char *const *)cert->names);
		if (c->names)
			add_names(t, c->names);
	}
	return t;
}

/* ---- changes ---- */

/* The slots as they are, with uses of their own; room for `more` behind them. */
static struct change *begin_change(const struct tls_bind *b, size_t more)
{
	struct change *c = calloc(1, sizeof(*c));

	ASSERT(c != NULL && (c->slots = calloc(b->count + more, sizeof(*c->slots))) != NULL);
	c->count = b->count;
	for (size_t i = 0; i < b->count; i++) {
		c->slots[i] = b->slots[i];
		SSL_CTX_up_ref(c->slots[i].ctx);
	}
	return c;
}

/* NULL when its contexts cannot be made. */
static struct change *finish_change(const struct tls_bind *b, struct change *c, const struct cert_file *changed,
                                    const struct tls_cert *next, struct strbuf *err)
{
	if (make_contexts(b, c->slots, c->count, changed, next, err)) {
		c->table = make_table(b, c->slots, c->count, changed, next);
		return c;
	}
	drop_slots(c->slots, c->count);
	free(c);
	return NULL;
}

static void end_change(struct tls_bind *b, struct change *c, bool commit)
{
	struct slot *over = commit ? b->slots : c->slots;
	size_t count = commit ? b->count : c->count;

	if (commit) {
		tls_front_publish(b->front, c->table);
		b->slots = c->slots;
		b->count = c->count;
	} else {
		tls_table_free(&c->table);
	}
	drop_slots(over, count);
	free(c);
}

/* ---- when a certificate is replaced ---- */

static void *prepare(struct cert_user *u, struct tls_cert *next, struct strbuf *err)
{
	const struct tls_bind *b = CONTAINER_OF(u, struct user, is)->of;

	CHECK_OBJ(b, BIND_MAGIC);
	return finish_change(b, begin_change(b, 0), u->file, next, err);
}

static void settle(struct cert_user *u, void *prepared, bool commit)
{
	end_change(CONTAINER_OF(u, struct user, is)->of, prepared, commit);
}

static void describe(const struct cert_user *u, struct strbuf *out)
{
	const struct listener *l = CONTAINER_OF(u, struct user, is)->of->listener;

	strbuf_addf(out, "bind %s:%d", l->file, l->line);
}

static struct user *user_of(struct tls_bind *b, const struct cert_file *f)
{
	struct user *u;

	LIST_FOREACH(u, &b->users, link)
		if (u->is.file == f)
			break;
	return u;
}

/* Hears of changes of exactly the files it presents. */
static void renew_users(struct tls_bind *b)
{
	struct user *u, *next;

	for (size_t i = 0; i < b->count; i++) {
		if (user_of(b, b->slots[i].cert.file))
			continue;
		ASSERT((u = malloc(sizeof(*u))) != NULL);
		*u = (struct user){ .is = { .prepare = prepare, .settle = settle, .describe = describe }, .of = b };
		LIST_INSERT_HEAD(&b->users, u, link);
		cert_file_use(b->slots[i].cert.file, &u->is);
	}
	for (u = LIST_FIRST(&b->users); u; u = next) {
		bool used = false;
		next = LIST_NEXT(u, link);
		for (size_t i = 0; i < b->count && !used; i++)
			used = b->slots[i].cert.file == u->is.file;
		if (used)
			continue;
		LIST_REMOVE(u, link);
		cert_file_leave(&u->is);
		free(u);
	}
}

/* ---- start-up ---- */

static const char *below(const char *base, const char *path)
{
	struct strbuf joined = STRBUF_EMPTY;
	const char *whole = tls_path(base, path, &joined);

	whole = whole ? boot_copy(slice_of(whole)).ptr : NULL;
	strbuf_free(&joined);
	return whole;
}

/* Texts move to where they stay. */
static void complete(const struct listener *l, struct line *line)
{
	struct tls_settings *set = &line->set;
	struct strbuf names = STRBUF_EMPTY;

	tls_settings_inherit(set, &global.tls_binds);
	if (set->curves == NULL)
		set->curves = set->ecdhe;
	set->ca_file = below(global.ca_base, set->ca_file);
	set->ca_verify_file = below(global.ca_base, set->ca_verify_file);
	set->crl_file = below(global.ca_base, set->crl_file);
	line->names = set->alpn;
	if (line->names && l->px->set.mode == MODE_HTTP) {
		line->names = tls_alpn_spoken(line->names, &names);
		if (line->names == NULL || strlen(line->names) < strlen(set->alpn))
			diag_at(DIAG_DIAG, l->file, l->line, "'bind' in %s '%s': of 'alpn %s', h2 is not answered to: it is not spoken yet",
				proxy_kind(l->px), l->px->name, set->alpn);
		line->names = below(NULL, line->names);
	}
	strbuf_free(&names);
}

/* What a line of a crt-list says, over what the bind line says. */
static void override(struct tls_settings *set, const struct tls_settings *own)
{
	struct tls_settings over = *own;

	if (over.verify == TLS_VERIFY_DEFAULT)
		over.verify = set->verify;
	over.ca_file = over.ca_file ? over.ca_file : set->ca_file;
	over.ca_verify_file = over.ca_verify_file ? over.ca_verify_file : set->ca_verify_file;
	over.crl_file = over.crl_file ? over.crl_file : set->crl_file;
	over.alpn = over.alpn ? over.alpn : set->alpn;
	over.ecdhe = over.ecdhe ? over.ecdhe : set->ecdhe;
	over.no_ca_names |= set->no_ca_names;
	over.ca_ignored = set->ca_ignored;
	over.leaf_ignored = set->leaf_ignored;
	tls_settings_inherit(&over, set);
	*set = over;
}

static struct line *own_line(const struct tls_bind *b, const struct tls_bind_cert *c)
{
	struct line *own = c->own ? boot_alloc(sizeof(*own)) : NULL;

	if (own) {
		own->set = b->set->common;
		override(&own->set, c->own);
		complete(b->listener, own);
	}
	return own;
}

/* ---- when a list is changed ---- */

/* Behind the last one of the list. */
static void put_in(const struct tls_bind *b, struct change *c, struct crt_entry *added, const struct crt_list *list)
{
	size_t at = c->count;

	for (size_t i = 0; i < c->count; i++)
		if (c->slots[i].cert.list == list)
			at = i + 1;
	memmove(c->slots + at + 1, c->slots + at, (c->count - at) * sizeof(*c->slots));
	boot_scope_enter(&added->memory);
	c->slots[at] = (struct slot){ .cert = added->cert, .own = own_line(b, &added->cert) };
	boot_scope_leave();
	c->count++;
}

/* False: it is what clients get who ask for nobody. */
static bool take_out(const struct tls_bind *b, struct change *c, const struct crt_entry *removed, struct strbuf *err)
{
	size_t n = 0;

	if (c->slots[0].cert.entry == removed) {
		strbuf_addf(err, "certificate '%s' cannot be deleted, it is used as default certificate by bind %s:%d", removed->cert.file->path,
			b->listener->file, b->listener->line);
		return false;
	}
	for (size_t i = 0; i < c->count; i++)
		if (c->slots[i].cert.entry == removed)
			SSL_CTX_free(c->slots[i].ctx);
		else
			c->slots[n++] = c->slots[i];
	c->count = n;
	return true;
}

static void *prepare_list(struct crt_list_user *u, struct crt_entry *added, const struct crt_entry *removed, struct strbuf *err)
{
	struct list_user *lu = CONTAINER_OF(u, struct list_user, is);
	struct change *c = begin_change(lu->of, added != NULL);

	if (added)
		put_in(lu->of, c, added, lu->list);
	if (removed && !take_out(lu->of, c, removed, err)) {
		drop_slots(c->slots, c->count);
		free(c);
		return NULL;
	}
	return finish_change(lu->of, c, NULL, NULL, err);
}

static void settle_list(struct crt_list_user *u, void *prepared, bool commit)
{
	struct list_user *lu = CONTAINER_OF(u, struct list_user, is);

	end_change(lu->of, prepared, commit);
	if (commit)
		renew_users(lu->of);
}

static void use_lists(struct tls_bind *b)
{
	const struct tls_bind_settings *set = b->set;

	ASSERT((b->lists = calloc(set->list_count + 1, sizeof(*b->lists))) != NULL);
	for (size_t i = 0; i < set->list_count; i++) {
		bool again = false;
		for (size_t j = 0; j < i && !again; j++)
			again = set->lists[j] == set->lists[i];
		if (again)
			continue;
		b->lists[i] = (struct list_user){ .is = { .prepare = prepare_list, .settle = settle_list }, .of = b, .list = set->lists[i] };
		LIST_INSERT_HEAD(&set->lists[i]->users, &b->lists[i].is, link);
	}
}

static struct tls_front *make_front(const struct listener *l, struct strbuf *err)
{
	const struct tls_bind_settings *set = &l->set.tls;
	struct tls_bind *b = boot_alloc(sizeof(*b));
	SSL_CTX *first;

	*b = (struct tls_bind){ .magic = BIND_MAGIC, .listener = l, .set = set, .common.set = set->common, .count = set->cert_count };
	ASSERT((b->slots = calloc(b->count, sizeof(*b->slots))) != NULL);
	for (size_t i = 0; i < b->count; i++)
		b->slots[i] = (struct slot){ .cert = set->certs[i], .own = own_line(b, &set->certs[i]) };
	complete(l, &b->common);
	b->tickets = set->ticket_file ? tls_tickets_of_file(set->ticket_file, err) : tls_tickets_own();
	first = b->tickets ? make_context(b, &b->common, NULL, err) : NULL;
	if (first == NULL || !make_contexts(b, b->slots, b->count, NULL, NULL, err)) {
		SSL_CTX_free(first);
		drop_slots(b->slots, b->count);
		return NULL;
	}
	b->front = tls_front_new(first, make_table(b, b->slots, b->count, NULL, NULL));
	renew_users(b);
	use_lists(b);
	return b->front;
}

/* The listeners of one bind line share what it presents. */
static bool is_of_line(const struct listener *l, const struct listener *other)
{
	return other && other->line == l->line && strcmp(other->file, l->file) == 0 && other->set.tls.certs == l->set.tls.certs;
}

static bool resolve_listener(struct listener *l)
{
	const struct tls_bind_settings *set = &l->set.tls;
	const struct listener *before = TAILQ_PREV(l, listener_list, link);
	struct strbuf err = STRBUF_EMPTY;

	if (!set->common.on)
		return true;
	if (is_of_line(l, before)) {
		l->tls = before->tls;
		return true;
	}
	if (set->cert_count == 0)
		strbuf_add_str(&err, "'ssl' needs a certificate: add 'crt <file>'");
	else
		l->tls = make_front(l, &err);
	if (l->tls == NULL)
		diag_at(DIAG_ALERT, l->file, l->line, "'bind' in %s '%s': %s", proxy_kind(l->px), l->px->name, err.ptr);
	strbuf_free(&err);
	return l->tls != NULL;
}

bool tls_bind_resolve(struct proxy *fe)
{
	struct listener *l;
	bool ok = true;

	TAILQ_FOREACH(l, &fe->listeners, link)
		ok = resolve_listener(l) && ok;
	return ok;
}
