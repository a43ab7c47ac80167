/* SPDX-License-Identifier: Apache-2.0
 *
 * set, commit, abort, new, del ssl cert: another certificate in the place of a file's. What is handed in is a draft, and
 * nobody presents it before the commit; then everybody does, or, when one cannot, nobody. Any thread.
 */
#include "base/assert.h"
#include "certificates.h"
#include "proxy/cert_files.h"

/* ---- set ---- */

enum part { PART_ALL, PART_KEY, PART_OTHER };

/* A file by its name, or by that of one that stands beside it. Under the lock. */
static struct cert_file *find(struct slice name, enum part *part)
{
	static const char *const beside[] = { ".key", ".ocsp", ".sctl", ".issuer" };
	struct strbuf base = STRBUF_EMPTY;
	struct cert_file *f = cert_file_find(name.ptr);

	*part = PART_ALL;
	for (size_t i = 0; f == NULL && i < COUNT_OF(beside); i++) {
		if (!slice_ends(name, slice_of(beside[i])))
			continue;
		*part = i == 0 ? PART_KEY : PART_OTHER;
		strbuf_add(&base, name.ptr, name.len - strlen(beside[i]));
		f = cert_file_find(base.ptr);
		if (f == NULL && tls_extra_files.cut_extension) {
			strbuf_add_str(&base, ".crt");
			f = cert_file_find(base.ptr);
		}
	}
	strbuf_free(&base);
	return f;
}

static struct tls_cert *read_part(const struct cert_file *f, enum part part, struct slice text, struct strbuf *err)
{
	static const struct tls_cert nothing;

	if (part == PART_ALL)
		return tls_cert_draft(f->path, text, err);
	return tls_cert_draft_key(f->draft ? f->draft : f->cert ? f->cert : &nothing, f->path, text, err);
}

static bool set_start(struct cli *c)
{
	struct strbuf err = STRBUF_EMPTY;
	const char *word = c->args[0];
	struct tls_cert *draft = NULL;
	enum part part;
	bool updates = false;

	if (c->arg_count != 1 || c->payload.len == 0)
		return cli_refuse(c, "'set ssl cert' expects a filename and a certificate as a payload");
	cert_files_lock();
	struct cert_file *f = find(slice_of(word), &part);
	if (f == NULL)
		strbuf_add_str(&err, "Can't replace a certificate which is not referenced by the configuration!");
	else if (part == PART_OTHER)
		strbuf_add_str(&err, "OCSP responses, their issuers and SCTs are not presented: only the certificate and its key can be set");
	else
		draft = read_part(f, part, c->payload, &err);
	if (draft) {
		updates = f->draft != NULL;
		tls_cert_drop(&f->draft);
		f->draft = draft;
		strbuf_addf(&c->out, "Transaction %s for certificate %s!\n", updates ? "updated" : "created", f->path);
	}
	cert_files_unlock();
	if (draft == NULL)
		cli_refuse(c, "%s\n%sCan't update %s!", err.ptr, f ? "Can't load the payload\n" : "", word);
	strbuf_free(&err);
	return draft != NULL;
}

COMMAND(set_ssl_cert) = {
	.keyword = "set ssl cert", .usage = "set ssl cert <file>[.key] <payload>", .text = "prepare another certificate for a file's place",
	.level = CLI_ADMIN, .start = set_start,
};

/* ---- commit and abort ---- */

/* Under the lock. */
static bool commit(struct cert_file *f, struct strbuf *err)
{
	struct tls_cert *draft = f ? f->draft : NULL;

	if (draft == NULL)
		strbuf_add_str(err, "No ongoing transaction!");
	else if (draft->leaf == NULL || draft->key == NULL)
		strbuf_add_str(err, "The transaction must contain at least a certificate and a private key!");
	else if (tls_cert_finish(draft, f->path, err) && cert_file_replace(f, draft, err)) {
		f->draft = NULL;
		return true;
	}
	return false;
}

static bool commit_start(struct cli *c)
{
	struct strbuf err = STRBUF_EMPTY;
	const struct cert_user *u;

	if (c->arg_count != 1)
		return cli_refuse(c, "'commit ssl cert' expects a filename");
	cert_files_lock();
	struct cert_file *f = cert_file_find(c->args[0]);
	bool done = commit(f, &err);
	if (done) {
		strbuf_addf(&c->out, "Committing %s", f->path);
		LIST_FOREACH(u, &f->users, link)
			strbuf_add_byte(&c->out, '.');
		strbuf_add_str(&c->out, "\nSuccess!\n");
	}
	cert_files_unlock();
	if (!done)
		cli_refuse(c, "%s\nCan't commit %s!", err.ptr, c->args[0]);
	strbuf_free(&err);
	return done;
}

COMMAND(commit_ssl_cert) = {
	.keyword = "commit ssl cert", .usage = "commit ssl cert <file>", .text = "present the certificate that was prepared",
	.level = CLI_ADMIN, .start = commit_start,
};

static bool abort_start(struct cli *c)
{
	if (c->arg_count != 1)
		return cli_refuse(c, "'abort ssl cert' expects a filename");
	cert_files_lock();
	struct cert_file *f = cert_file_find(c->args[0]);
	bool had = f && f->draft;
	if (had)
		tls_cert_drop(&f->draft);
	cert_files_unlock();
	return had ? (strbuf_addf(&c->out, "Transaction aborted for certificate '%s'!\n", c->args[0]), true) :
		cli_refuse(c, "No ongoing transaction!");
}

COMMAND(abort_ssl_cert) = {
	.keyword = "abort ssl cert", .usage = "abort ssl cert <file>", .text = "forget the certificate that was prepared",
	.level = CLI_ADMIN, .start = abort_start,
};

/* ---- new and del ---- */

static bool new_start(struct cli *c)
{
	if (c->arg_count != 1)
		return cli_refuse(c, "'new ssl cert' expects a filename");
	cert_files_lock();
	bool there = cert_file_find(c->args[0]) != NULL;
	if (!there)
		cert_file_add(c->args[0], NULL);
	cert_files_unlock();
	if (there)
		return cli_refuse(c, "Certificate '%s' already exists!", c->args[0]);
	strbuf_addf(&c->out, "New empty certificate store '%s'!\n", c->args[0]);
	return true;
}

COMMAND(new_ssl_cert) = {
	.keyword = "new ssl cert", .usage = "new ssl cert <file>", .text = "make a place for a certificate that no file has",
	.level = CLI_ADMIN, .start = new_start,
};

static bool del_start(struct cli *c)
{
	const char *why = NULL;

	if (c->arg_count != 1)
		return cli_refuse(c, "'del ssl cert' expects a certificate name");
	cert_files_lock();
	struct cert_file *f = cert_file_find(c->args[0]);
	if (f == NULL)
		why = "doesn't exist!";
	else if (!LIST_EMPTY(&f->users))
		why = "in use, can't be deleted!";
	else
		cert_file_remove(&f);
	cert_files_unlock();
	if (why)
		return cli_refuse(c, "Can't remove the certificate: certificate '%s' %s", c->args[0], why);
	strbuf_addf(&c->out, "Certificate '%s' deleted!\n", c->args[0]);
	return true;
}

COMMAND(del_ssl_cert) = {
	.keyword = "del ssl cert", .usage = "del ssl cert <file>", .text = "remove a certificate that nobody uses", .level = CLI_ADMIN,
	.start = del_start,
};
