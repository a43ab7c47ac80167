/* SPDX-License-Identifier: Apache-2.0
 *
 * set, commit, abort, new, del ssl cert: another certificate in the place of a file's. What is handed in is a draft, and
 * nobody presents it before the commit; then everybody does, or, when one cannot, nobody. Any thread.
 */
#include "base/assert.h"
#include "certificates.h"
#include "proxy/cert_files.h"

/* ---- set ---- */

/* Names of what stands beside a certificate's file. */
static const struct {
	const char *ending;
	enum tls_cert_part part;
	bool base64;
} beside[] = {
	{ ".key", TLS_CERT_KEY, false }, { ".issuer", TLS_CERT_ISSUER, false }, { ".ocsp", TLS_CERT_RESPONSE, true },
	{ ".sctl", TLS_CERT_SCTS, true },
};

/* A file by its name, or by that of one that stands beside it (*which says which; -1: its own). Under the lock. */
static struct cert_file *find(struct slice name, int *which)
{
	struct strbuf base = STRBUF_EMPTY;
	struct cert_file *f = cert_file_find(name.ptr);

	*which = -1;
	for (size_t i = 0; f == NULL && i < COUNT_OF(beside); i++) {
		if (!slice_ends(name, slice_of(beside[i].ending)))
			continue;
		*which = (int)i;
		strbuf_add(&base, name.ptr, name.len - strlen(beside[i].ending));
		f = cert_file_find(base.ptr);
		if (f == NULL && tls_extra_files.cut_extension) {
			strbuf_add_str(&base, ".crt");
			f = cert_file_find(base.ptr);
		}
	}
	strbuf_free(&base);
	return f;
}

static struct tls_cert *read_part(const struct cert_file *f, int which, struct slice text, struct strbuf *err)
{
	static const struct tls_cert nothing;
	const struct tls_cert *now = f->draft ? f->draft : f->cert ? f->cert : &nothing;
	struct strbuf bytes = STRBUF_EMPTY;
	struct tls_cert *draft = NULL;

	if (which < 0) {
		if ((draft = tls_cert_draft(f->path, text, err)) != NULL)
			tls_cert_draft_after(draft, now);
		return draft;
	}
	if (!beside[which].base64)
		return tls_cert_draft_part(now, beside[which].part, f->path, text, err);
	if (payload_bytes(text, &bytes))
		draft = tls_cert_draft_part(now, beside[which].part, f->path, strbuf_slice(&bytes), err);
	else
		strbuf_add_str(err, "expected base64");
	strbuf_free(&bytes);
	return draft;
}

static bool set_start(struct cli *c)
{
	struct strbuf err = STRBUF_EMPTY;
	const char *word = c->args[0];
	struct tls_cert *draft = NULL;
	int which;
	bool updates = false;

	if (c->arg_count != 1 || c->payload.len == 0)
		return cli_refuse(c, "'set ssl cert' expects a filename and a certificate as a payload");
	cert_files_lock();
	struct cert_file *f = find(slice_of(word), &which);
	if (f == NULL)
		strbuf_add_str(&err, "Can't replace a certificate which is not referenced by the configuration!");
	else
		draft = read_part(f, which, c->payload, &err);
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
	.keyword = "set ssl cert", .usage = "set ssl cert <file>[.key|.issuer|.ocsp|.sctl] <payload>", .text = "prepare another certificate for a file's place",
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
