/* SPDX-License-Identifier: Apache-2.0
 *
 * set, commit, abort, new, del, show ssl ca-file and crl-file: who is trusted, and who is not any more. What is handed in is a
 * draft, and nobody looks into it before the commit. Any thread.
 */
#include <openssl/x509.h>
#include <stdlib.h>
#include "base/assert.h"
#include "certificates.h"
#include "conn/tls_trust.h"
#include "proxy/cert_files.h"
#include "proxy/tls_connect.h"

/* One word for each of the two kinds. */
struct kind {
	bool is_crl;
	const char *word;   /* of the command */
	const char *name;   /* in answers */
	const char *in_set;
	const char *payload;
};
static const struct kind CA = { false, "ca-file", "CA file", "CA", "CAs" };
static const struct kind CRL = { true, "crl-file", "CRL file", "CRL", "CRLs" };

/* ---- changes ---- */

static bool is_empty(const struct tls_authorities *a, const struct kind *k)
{
	return (k->is_crl ? sk_X509_CRL_num(a->lists) : sk_X509_num(a->certs)) == 0;
}

/* The text as a set; NULL with the reason in err. */
static struct tls_authorities *read_payload(struct slice text, const struct kind *k, struct strbuf *err)
{
	struct tls_authorities *a = tls_authorities_parse(text, err);

	if (a && is_empty(a, k)) {
		strbuf_addf(err, "there are no %s in it", k->payload);
		tls_authorities_free(&a);
	}
	return a;
}

/* `adds`: to what was handed in before, or to what is there. */
static bool set(struct cli *c, const struct kind *k, bool adds)
{
	struct strbuf err = STRBUF_EMPTY;
	struct tls_authorities *draft = NULL;

	if (c->arg_count != 1 || c->payload.len == 0)
		return cli_refuse(c, "'%s ssl %s' expects a filename and %s as a payload", adds ? "add" : "set", k->word, k->payload);
	tls_trust_lock();
	struct tls_trust_file *f = tls_trust_find(c->args[0], k->is_crl);
	if (f && (draft = read_payload(c->payload, k, &err)) != NULL) {
		if (adds)
			tls_authorities_add(draft, f->draft ? f->draft : f->now);
		strbuf_addf(&c->out, "transaction %s for %s %s!\n", f->draft ? "updated" : "created", k->in_set, f->path);
		tls_authorities_free(&f->draft);
		f->draft = draft;
	}
	tls_trust_unlock();
	if (f == NULL)
		cli_refuse(c, "Can't replace a %s which is not referenced by the configuration!\nCan't update %s!", k->name, c->args[0]);
	else if (draft == NULL)
		cli_refuse(c, "Invalid payload: %s\nCan't update %s!", err.ptr, c->args[0]);
	strbuf_free(&err);
	return draft != NULL;
}

/* Contexts toward clients name the authorities they ask for, and what was agreed on under others is not resumed: all are made anew,
 * each with the certificate it has. */
static void remake_contexts(void)
{
	struct strbuf err = STRBUF_EMPTY;
	struct cert_file *f;

	cert_files_lock();
	TAILQ_FOREACH(f, &cert_files, link) {
		struct tls_cert *same = f->cert && !LIST_EMPTY(&f->users) ? tls_cert_keep(f->cert) : NULL;
		if (same && !cert_file_replace(f, same, &err))
			tls_cert_drop(&same);
	}
	cert_files_unlock();
	strbuf_free(&err);
}

static bool commit(struct cli *c, const struct kind *k)
{
	unsigned stores = 0;

	if (c->arg_count != 1)
		return cli_refuse(c, "'commit ssl %s' expects a filename", k->word);
	tls_trust_lock();
	struct tls_trust_file *f = tls_trust_find(c->args[0], k->is_crl);
	bool done = f && f->draft;
	if (done) {
		stores = f->stores;
		tls_trust_commit(f);
		tls_connect_trust_changed(f);
	}
	tls_trust_unlock();
	if (!done)
		return cli_refuse(c, "No ongoing transaction!\nCan't commit %s!", c->args[0]);
	if (stores)
		remake_contexts();
	strbuf_addf(&c->out, "Committing %s", c->args[0]);
	while (stores--)
		strbuf_add_byte(&c->out, '.');
	strbuf_add_str(&c->out, "\nSuccess!\n");
	return true;
}

static bool forget(struct cli *c, const struct kind *k)
{
	if (c->arg_count != 1)
		return cli_refuse(c, "'abort ssl %s' expects a filename", k->word);
	tls_trust_lock();
	struct tls_trust_file *f = tls_trust_find(c->args[0], k->is_crl);
	bool had = f && f->draft;
	if (had)
		tls_authorities_free(&f->draft);
	tls_trust_unlock();
	if (!had)
		return cli_refuse(c, "No ongoing transaction!");
	strbuf_addf(&c->out, "Transaction aborted for certificate '%s'!\n", c->args[0]);
	return true;
}

static bool make(struct cli *c, const struct kind *k)
{
	if (c->arg_count != 1)
		return cli_refuse(c, "'new ssl %s' expects a filename", k->word);
	tls_trust_lock();
	bool there = tls_trust_find(c->args[0], k->is_crl) != NULL;
	if (!there)
		tls_trust_add(c->args[0], k->is_crl);
	tls_trust_unlock();
	if (there)
		return cli_refuse(c, "%s '%s' already exists!", k->name, c->args[0]);
	strbuf_addf(&c->out, "New %s created '%s'!\n", k->name, c->args[0]);
	return true;
}

static bool del(struct cli *c, const struct kind *k)
{
	const char *why = NULL;

	if (c->arg_count != 1)
		return cli_refuse(c, "'del ssl %s' expects a %s name", k->word, k->name);
	tls_trust_lock();
	struct tls_trust_file *f = tls_trust_find(c->args[0], k->is_crl);
	if (f == NULL)
		why = "doesn't exist!";
	else if (f->stores)
		why = "in use, can't be deleted!";
	else
		tls_trust_remove(&f);
	tls_trust_unlock();
	if (why)
		return cli_refuse(c, "Can't remove the %s: %s '%s' %s", k->name, k->name, c->args[0], why);
	strbuf_addf(&c->out, "%s '%s' deleted!\n", k->name, c->args[0]);
	return true;
}

/* ---- what is there ---- */

static void add_revoked(struct strbuf *out, X509_CRL *list)
{
	STACK_OF(X509_REVOKED) *all = X509_CRL_get_REVOKED(list);

	strbuf_add_str(out, sk_X509_REVOKED_num(all) > 0 ? "Revoked Certificates:\n" : "No Revoked Certificates.\n");
	for (int i = 0; i < sk_X509_REVOKED_num(all); i++) {
		const X509_REVOKED *r = sk_X509_REVOKED_value(all, i);
		strbuf_add_str(out, "    Serial Number: ");
		describe_serial(out, X509_REVOKED_get0_serialNumber(r));
		strbuf_add_str(out, "\n        Revocation Date: ");
		describe_time(out, X509_REVOKED_get0_revocationDate(r));
		strbuf_add_byte(out, '\n');
	}
}

static void add_list(struct strbuf *out, X509_CRL *list)
{
	strbuf_addf(out, "Version %ld\nSignature Algorithm: %s\nIssuer: ", X509_CRL_get_version(list) + 1,
		OBJ_nid2ln(X509_CRL_get_signature_nid(list)));
	describe_name(out, X509_CRL_get_issuer(list));
	strbuf_add_str(out, "\nLast Update: ");
	describe_time(out, X509_CRL_get0_lastUpdate(list));
	strbuf_add_str(out, "\nNext Update: ");
	if (X509_CRL_get0_nextUpdate(list))
		describe_time(out, X509_CRL_get0_nextUpdate(list));
	else
		strbuf_add_str(out, "NONE");
	strbuf_add_byte(out, '\n');
	add_revoked(out, list);
}

/* Everything in it, or (n > 0) the nth. */
static void add_one(struct strbuf *out, const struct tls_trust_file *f, bool draft, uint64_t n)
{
	const struct tls_authorities *a = draft ? f->draft : f->now;
	int count = f->is_crl ? sk_X509_CRL_num(a->lists) : sk_X509_num(a->certs);

	strbuf_addf(out, "Filename: %s%s\nStatus: %s\n", draft ? "*" : "", f->path,
		count == 0 ? "Empty" : !draft && f->stores ? "Used" : "Unused");
	for (int i = 0; i < count; i++) {
		if (n && n != (uint64_t)i + 1)
			continue;
		strbuf_addf(out, " \n%s #%d:\n", f->is_crl ? "Certificate Revocation List" : "Certificate", i + 1);
		if (f->is_crl)
			add_list(out, sk_X509_CRL_value(a->lists, i));
		else
			describe_certificate(out, sk_X509_value(a->certs, i));
	}
}

static char *name_line(const struct tls_trust_file *f, bool draft)
{
	struct strbuf line = STRBUF_EMPTY;
	char *z;

	strbuf_addf(&line, "%s%s", draft ? "*" : "", f->path);
	if (!f->is_crl)
		strbuf_addf(&line, " - %d certificate(s)", sk_X509_num((draft ? f->draft : f->now)->certs));
	ASSERT((z = strbuf_take(&line)) != NULL);
	return z;
}

static void add_names(struct strbuf *out, const char *title, const struct kind *k, bool drafts)
{
	size_t n = 0;
	char **lines = NULL;

	for (const struct tls_trust_file *f = tls_trust_files(); f; f = f->next) {
		if (f->is_crl != k->is_crl || (drafts && f->draft == NULL))
			continue;
		ASSERT((lines = realloc(lines, (n + 1) * sizeof(*lines))) != NULL);
		lines[n++] = name_line(f, drafts);
	}
	add_sorted(out, title, lines, n);
}

/* "<file>:<index>" that is no file's name: cuts the index off. False: it is no number. */
static bool take_index(char *word, const struct kind *k, uint64_t *n)
{
	char *colon = strrchr(word, ':');

	*n = 0;
	if (colon == NULL || tls_trust_find(word + (*word == '*'), k->is_crl))
		return true;
	*colon = '\0';
	return slice_to_u64(slice_of(colon + 1), n) && *n > 0;
}

static bool show_one(struct cli *c, const struct kind *k)
{
	struct strbuf text = STRBUF_EMPTY;
	char *word = slice_dup(slice_of(c->args[0]));
	bool draft = *c->args[0] == '*';
	uint64_t n;

	ASSERT(word != NULL);
	tls_trust_lock();
	bool fits = take_index(word, k, &n);
	const struct tls_trust_file *f = tls_trust_find(word + draft, k->is_crl);
	if (fits && f && (!draft || f->draft))
		add_one(&text, f, draft, n);
	tls_trust_unlock();
	free(word);
	if (!fits)
		return cli_refuse(c, "wrong %s index after colons in '%s'!", k->in_set, c->args[0]);
	if (text.len == 0)
		return cli_refuse(c, "Can't display the %s : Not found!", k->name);
	return answer_start(c, &text);
}

static bool show(struct cli *c, const struct kind *k)
{
	struct strbuf text = STRBUF_EMPTY;

	if (c->arg_count)
		return show_one(c, k);
	tls_trust_lock();
	add_names(&text, "# transaction\n", k, true);
	add_names(&text, "# filename\n", k, false);
	tls_trust_unlock();
	return answer_start(c, &text);
}

/* ---- the commands ---- */

static bool set_ca(struct cli *c) { return set(c, &CA, false); }
static bool add_ca(struct cli *c) { return set(c, &CA, true); }
static bool set_crl(struct cli *c) { return set(c, &CRL, false); }
static bool commit_ca(struct cli *c) { return commit(c, &CA); }
static bool commit_crl(struct cli *c) { return commit(c, &CRL); }
static bool abort_ca(struct cli *c) { return forget(c, &CA); }
static bool abort_crl(struct cli *c) { return forget(c, &CRL); }
static bool new_ca(struct cli *c) { return make(c, &CA); }
static bool new_crl(struct cli *c) { return make(c, &CRL); }
static bool del_ca(struct cli *c) { return del(c, &CA); }
static bool del_crl(struct cli *c) { return del(c, &CRL); }
static bool show_ca(struct cli *c) { return show(c, &CA); }
static bool show_crl(struct cli *c) { return show(c, &CRL); }

COMMAND(set_ssl_ca_file) = {
	.keyword = "set ssl ca-file", .usage = "set ssl ca-file <file> <payload>", .text = "prepare other authorities for a file's place",
	.level = CLI_ADMIN, .start = set_ca,
};
COMMAND(add_ssl_ca_file) = {
	.keyword = "add ssl ca-file", .usage = "add ssl ca-file <file> <payload>", .text = "prepare more authorities for a file's place",
	.level = CLI_ADMIN, .start = add_ca,
};
COMMAND(set_ssl_crl_file) = {
	.keyword = "set ssl crl-file", .usage = "set ssl crl-file <file> <payload>",
	.text = "prepare other revocation lists for a file's place", .level = CLI_ADMIN, .start = set_crl,
};
COMMAND(commit_ssl_ca_file) = {
	.keyword = "commit ssl ca-file", .usage = "commit ssl ca-file <file>", .text = "trust the authorities that were prepared",
	.level = CLI_ADMIN, .start = commit_ca,
};
COMMAND(commit_ssl_crl_file) = {
	.keyword = "commit ssl crl-file", .usage = "commit ssl crl-file <file>", .text = "obey the revocation lists that were prepared",
	.level = CLI_ADMIN, .start = commit_crl,
};
COMMAND(abort_ssl_ca_file) = {
	.keyword = "abort ssl ca-file", .usage = "abort ssl ca-file <file>", .text = "forget the authorities that were prepared",
	.level = CLI_ADMIN, .start = abort_ca,
};
COMMAND(abort_ssl_crl_file) = {
	.keyword = "abort ssl crl-file", .usage = "abort ssl crl-file <file>", .text = "forget the revocation lists that were prepared",
	.level = CLI_ADMIN, .start = abort_crl,
};
COMMAND(new_ssl_ca_file) = {
	.keyword = "new ssl ca-file", .usage = "new ssl ca-file <file>", .text = "make a place for authorities that no file has",
	.level = CLI_ADMIN, .start = new_ca,
};
COMMAND(new_ssl_crl_file) = {
	.keyword = "new ssl crl-file", .usage = "new ssl crl-file <file>", .text = "make a place for revocation lists that no file has",
	.level = CLI_ADMIN, .start = new_crl,
};
COMMAND(del_ssl_ca_file) = {
	.keyword = "del ssl ca-file", .usage = "del ssl ca-file <file>", .text = "remove authorities that nobody trusts",
	.level = CLI_ADMIN, .start = del_ca,
};
COMMAND(del_ssl_crl_file) = {
	.keyword = "del ssl crl-file", .usage = "del ssl crl-file <file>", .text = "remove revocation lists that nobody obeys",
	.level = CLI_ADMIN, .start = del_crl,
};
COMMAND(show_ssl_ca_file) = {
	.keyword = "show ssl ca-file", .usage = "show ssl ca-file [[*]<file>[:<index>]]",
	.text = "list the authorities' files, or show what is in one", .level = CLI_OPERATOR,
	.start = show_ca, .run = answer_run, .end = answer_end,
};
COMMAND(show_ssl_crl_file) = {
	.keyword = "show ssl crl-file", .usage = "show ssl crl-file [[*]<file>[:<index>]]",
	.text = "list the revocation lists' files, or show what is in one", .level = CLI_OPERATOR,
	.start = show_crl, .run = answer_run, .end = answer_end,
};
