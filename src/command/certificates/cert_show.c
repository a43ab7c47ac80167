/* SPDX-License-Identifier: Apache-2.0
 *
 * show ssl cert: the files of certificates, and what is in one, or will be once it is committed. Any thread.
 */
#include <openssl/x509.h>
#include <stdlib.h>
#include "base/assert.h"
#include "certificates.h"
#include "conn/tls_staple.h"
#include "proxy/cert_files.h"

static void add_chain(struct strbuf *out, const STACK_OF(X509) *chain)
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *x = sk_X509_value(chain, i);
		strbuf_add_str(out, "Chain Subject: ");
		describe_name(out, X509_get_subject_name(x));
		strbuf_add_str(out, "\nChain Issuer: ");
		describe_name(out, X509_get_issuer_name(x));
		strbuf_add_byte(out, '\n');
	}
}

static void add_one(struct strbuf *out, const struct cert_file *f, bool draft)
{
	const struct tls_cert *c = draft ? f->draft : f->cert;
	bool used = !draft && !LIST_EMPTY(&f->users);

	strbuf_addf(out, "Filename: %s%s\n", draft ? "*" : "", f->path);
	strbuf_addf(out, "Status: %s\n", c == NULL || c->leaf == NULL ? "Empty" : used ? "Used" : "Unused");
	if (c && c->leaf) {
		describe_certificate(out, c->leaf);
		add_chain(out, c->chain);
	}
	strbuf_add_str(out, "OCSP Response Key: ");
	if (c && c->staple)
		describe_staple_key(out, c->staple);
	strbuf_add_byte(out, '\n');
}

/* All their names with this before each; drafts only, or all files. */
static void add_names(struct strbuf *out, const char *title, const char *before, bool drafts)
{
	const struct cert_file *f;
	size_t n = 0, room = 0;
	char **names = NULL;

	TAILQ_FOREACH(f, &cert_files, link) {
		struct strbuf line = STRBUF_EMPTY;
		if (drafts && f->draft == NULL)
			continue;
		if (n == room)
			ASSERT((names = realloc(names, (room = 2 * room + 16) * sizeof(*names))) != NULL);
		strbuf_addf(&line, "%s%s", before, f->path);
		ASSERT((names[n++] = strbuf_take(&line)) != NULL);
	}
	add_sorted(out, title, names, n);
}

/* "<file>.ocsp": what is sent along with the certificate of a file. */
static struct cert_file *find_by_response(const char *word)
{
	static const struct slice ending = { ".ocsp", 5 };
	struct slice name = slice_of(word);
	char *path = slice_ends(name, ending) ? slice_dup(slice_make(name.ptr, name.len - ending.len)) : NULL;
	struct cert_file *f = path ? cert_file_find(path) : NULL;

	free(path);
	return f && f->cert && f->cert->staple ? f : NULL;
}

static bool show_start(struct cli *c)
{
	const char *word = c->arg_count ? c->args[0] : NULL;
	bool draft = word && *word == '*';
	struct strbuf text = STRBUF_EMPTY;

	cert_files_lock();
	struct cert_file *f = word ? cert_file_find(word + draft) : NULL, *response = word && f == NULL ? find_by_response(word) : NULL;
	if (f && (!draft || f->draft)) {
		add_one(&text, f, draft);
	} else if (word == NULL) {
		add_names(&text, "# transaction\n", "*", true);
		add_names(&text, "# filename\n", "", false);
	}
	if (response) {
		tls_staples_lock();
		describe_response(&text, response->cert->staple);
		tls_staples_unlock();
	}
	cert_files_unlock();
	if (word && text.len == 0 && response == NULL)
		return cli_refuse(c, "Can't display the certificate: Not found or the certificate is a bundle!");
	return answer_start(c, &text);
}

COMMAND(show_ssl_cert) = {
	.keyword = "show ssl cert", .usage = "show ssl cert [[*]<file>]", .text = "list the certificates' files, or show what is in one",
	.level = CLI_OPERATOR, .start = show_start, .run = answer_run, .end = answer_end,
};
