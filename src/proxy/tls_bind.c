/* SPDX-License-Identifier: Apache-2.0
 *
 * A bind line's certificates: finding their files, making contexts and the table of names, and making that table
 * anew when a certificate is replaced.
 */
#include "proxy/tls_bind.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/assert.h"
#include "conf/diag.h"
#include "conn/tls_server.h"
#include "conn/tls_tickets.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/listener.h"
#include "proxy/tls_words.h"
#include "rule/boot.h"

/* ---- files ---- */

static bool add_file(struct tls_bind_settings *set, const char *path, const struct tls_bind_cert *like, struct strbuf *err)
{
	struct cert_file *f = cert_file_get(path, err);

	if (f == NULL)
		return false;
	set->certs = boot_grow(set->certs, set->cert_count, sizeof(*set->certs));
	set->certs[set->cert_count] = *like;
	set->certs[set->cert_count++].file = f;
	return true;
}

/* Files that stand beside certificates, not for themselves. */
static int is_certificate(const struct dirent *d)
{
	static const char *const others[] = { ".key", ".issuer", ".ocsp", ".sctl" };
	struct slice name = slice_of(d->d_name);

	if (*d->d_name == '.')
		return 0;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (slice_ends(name, slice_of(others[i])))
			return 0;
	return 1;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool add_directory(struct tls_bind_settings *set, const char *path, const struct tls_bind_cert *like, struct strbuf *err)
{
	struct dirent **list;
	int n = scandir(path, &list, is_certificate, by_bytes);
	bool ok = n >= 0;

	if (n < 0)
		strbuf_addf(err, "cannot read the directory '%s': %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		struct strbuf one = STRBUF_EMPTY;
		struct stat st;
		strbuf_addf(&one, "%s/%s", path, list[i]->d_name);
		if (ok && (stat(one.ptr, &st) < 0 || S_ISREG(st.st_mode)))
			ok = add_file(set, one.ptr, like, err);
		strbuf_free(&one);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return ok;
}

/* One name for a file of each kind of key. */
static bool add_bundle(struct tls_bind_settings *set, const char *path, const struct tls_bind_cert *like, bool *found,
                       struct strbuf *err)
{
	static const char *const kinds[] = { ".rsa", ".ecdsa", ".dsa" };
	struct tls_bind_cert each = *like;
	bool ok = true;

	*found = false;
	for (size_t i = 0; ok && i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct strbuf one = STRBUF_EMPTY;
		struct stat st;
		strbuf_addf(&one, "%s%s", path, kinds[i]);
		if (stat(one.ptr, &st) == 0) {
			each.is_default |= *found && set->cert_count == 1;
			*found = true;
			ok = add_file(set, one.ptr, &each, err);
		}
		strbuf_free(&one);
	}
	return ok;
}

bool tls_bind_add_path(struct tls_bind_settings *set, const char *path, const struct tls_bind_cert *like, struct strbuf *err)
{
	struct stat st;
	bool found;

	if (cert_file_find(path))
		return add_file(set, path, like, err);
	if (stat(path, &st) == 0)
		return (S_ISDIR(st.st_mode) ? add_directory : add_file)(set, path, like, err);
	int why = errno;
	if (!tls_extra_files.no_bundle) {
		bool ok = add_bundle(set, path, like, &found, err);
		if (!ok || found)
			return ok;
	}
	strbuf_addf(err, "cannot read the certificate '%s': %s", path, strerror(why));
	return false;
}

/* ---- contexts ---- */

#define BIND_MAGIC 0x746c7362u
struct tls_bind {
	uint32_t magic;
	const struct listener *listener; /* borrows: the first of its line */
	const struct tls_bind_settings *set; /* borrows */
	struct line {                    /* what its words come to, defaults included; boot memory */
		struct tls_settings set;
		const char *names;       /* the protocols we answer to, NULL: none */
	} common, **own;                 /* as certs: NULL where a certificate has nothing of its own */
	struct tls_tickets *tickets;     /* borrows, for ever; NULL: none */
	SSL_CTX **contexts;              /* owns, as certs: what the table in use presents */
	struct tls_front *front;         /* owns */
	struct user {
		struct cert_user is;
		struct tls_bind *of;
	} *users;                        /* owns: one for each file */
};

/* What is made while a certificate is replaced. */
struct change {
	SSL_CTX **contexts;              /* owns, a use of each */
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

/* The contexts as they are, or from scratch; those of one file anew with this certificate. */
static bool make_contexts(const struct tls_bind *b, const struct cert_file *changed, const struct tls_cert *next, SSL_CTX **out,
                          struct strbuf *err)
{
	for (size_t i = 0; i < b->set->cert_count; i++) {
		const struct tls_bind_cert *c = &b->set->certs[i];
		if (b->contexts && c->file != changed) {
			SSL_CTX_up_ref(out[i] = b->contexts[i]);
			continue;
		}
		out[i] = make_context(b, b->own[i] ? b->own[i] : &b->common, c->file == changed ? next : c->file->cert, err);
		if (out[i] == NULL) {
			strbuf_addf(err, " ('%s')", c->file->path);
			return false;
		}
	}
	return true;
}

static void drop_contexts(const struct tls_bind *b, SSL_CTX **contexts)
{
	for (size_t i = 0; contexts && i < b->set->cert_count; i++)
		SSL_CTX_free(contexts[i]);
	free(contexts);
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

static struct tls_table *make_table(const struct tls_bind *b, SSL_CTX **contexts, const struct cert_file *changed,
                                    const struct tls_cert *next)
{
	struct tls_table *t = tls_table_new(b->set->strict_sni);

	for (size_t i = 0; i < b->set->cert_count; i++) {
		const struct tls_bind_cert *c = &b->set->certs[i];
		const struct tls_cert *cert = c->file == changed ? next : c->file->cert;
		const struct tls_choice choice = { contexts[i], cert->kind, cert->group, b->own[i] ? &b->own[i]->set : NULL };
		tls_table_add(t, &choice, c->is_default);
		if (c->names == NULL || (only_refuses(c->names) && !is_for_nobody(c->names)))
			add_names(t, (const char *const *)cert->names);
		if (c->names)
			add_names(t, c->names);
	}
	return t;
}

/* ---- when a certificate is replaced ---- */

static void *prepare(struct cert_user *u, struct tls_cert *next, struct strbuf *err)
{
	const struct tls_bind *b = CONTAINER_OF(u, struct user, is)->of;
	struct change *c = calloc(1, sizeof(*c));

	CHECK_OBJ(b, BIND_MAGIC);
	ASSERT(c != NULL && (c->contexts = calloc(b->set->cert_count, sizeof(*c->contexts))) != NULL);
	if (make_contexts(b, u->file, next, c->contexts, err)) {
		c->table = make_table(b, c->contexts, u->file, next);
		return c;
	}
	drop_contexts(b, c->contexts);
	free(c);
	return NULL;
}

static void settle(struct cert_user *u, void *prepared, bool commit)
{
	struct tls_bind *b = CONTAINER_OF(u, struct user, is)->of;
	struct change *c = prepared;
	SSL_CTX **over = commit ? b->contexts : c->contexts;

	if (commit) {
		tls_front_publish(b->front, c->table);
		b->contexts = c->contexts;
	} else {
		tls_table_free(&c->table);
	}
	drop_contexts(b, over);
	free(c);
}

static void describe(const struct cert_user *u, struct strbuf *out)
{
	const struct listener *l = CONTAINER_OF(u, struct user, is)->of->listener;

	strbuf_addf(out, "bind %s:%d", l->file, l->line);
}

static void use_files(struct tls_bind *b)
{
	const struct tls_bind_settings *set = b->set;

	ASSERT((b->users = calloc(set->cert_count, sizeof(*b->users))) != NULL);
	for (size_t i = 0; i < set->cert_count; i++) {
		bool again = false;
		for (size_t j = 0; j < i && !again; j++)
			again = set->certs[j].file == set->certs[i].file;
		if (again)
			continue;
		b->users[i] = (struct user){ .is = { .prepare = prepare, .settle = settle, .describe = describe }, .of = b };
		cert_file_use(set->certs[i].file, &b->users[i].is);
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

static void complete_all(struct tls_bind *b)
{
	b->common.set = b->set->common;
	b->own = boot_alloc(b->set->cert_count * sizeof(struct line *));
	for (size_t i = 0; i < b->set->cert_count; i++) {
		if (b->set->certs[i].own == NULL)
			continue;
		b->own[i] = boot_alloc(sizeof(struct line));
		b->own[i]->set = b->common.set;
		override(&b->own[i]->set, b->set->certs[i].own);
		complete(b->listener, b->own[i]);
	}
	complete(b->listener, &b->common);
}

static struct tls_front *make_front(const struct listener *l, struct strbuf *err)
{
	const struct tls_bind_settings *set = &l->set.tls;
	struct tls_bind *b = boot_alloc(sizeof(*b));
	SSL_CTX **contexts = calloc(set->cert_count, sizeof(*contexts)), *first;

	ASSERT(contexts != NULL);
	*b = (struct tls_bind){ .magic = BIND_MAGIC, .listener = l, .set = set };
	complete_all(b);
	b->tickets = set->ticket_file ? tls_tickets_of_file(set->ticket_file, err) : tls_tickets_own();
	first = b->tickets ? make_context(b, &b->common, NULL, err) : NULL;
	if (first == NULL || !make_contexts(b, NULL, NULL, contexts, err)) {
		SSL_CTX_free(first);
		drop_contexts(b, contexts);
		return NULL;
	}
	b->contexts = contexts;
	b->front = tls_front_new(first, make_table(b, contexts, NULL, NULL));
	use_files(b);
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
