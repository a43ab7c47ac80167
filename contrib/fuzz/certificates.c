/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of set, commit and show of ssl cert, ca-file and crl-file: what is handed in as certificates, keys and lists. The
 * first byte says as what, and whether it is text as it comes or the inside of a PEM block. Whatever a certificate says of itself, each line of what is told of it is one of
 * ours, and a commit that was refused changes nothing.
 */
#include <openssl/pem.h>
#include <stdlib.h>
#include "base/assert.h"
#include "core/clock.h"
#include "core/thread.h"
#include "proxy/cert_files.h"
#include "proxy/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_wake(void *owner)
{
	(void)owner;
}

/* What is answered; the caller frees it. */
static struct strbuf ask(struct slice line)
{
	struct cli *c = cli_new(CLI_ADMIN, no_wake, NULL);
	struct strbuf said = STRBUF_EMPTY;
	size_t done = 0, used;
	enum cli_next next;

	ASSERT(c != NULL);
	do {
		next = cli_run(c, slice_from(line, done), true, &used);
		done += used;
		strbuf_add_slice(&said, strbuf_slice(&c->out));
		strbuf_clear(&c->out);
		ASSERT(next != CLI_SLEEP);
	} while (next != CLI_END);
	cli_free(&c);
	return said;
}

static bool says(const char *line, const char *word)
{
	struct strbuf said = ask(slice_of(line));
	bool found = slice_find(strbuf_slice(&said), slice_of(word)) >= 0;

	strbuf_free(&said);
	return found;
}

static void must_be_ours(struct slice line)
{
	static const char *const ours[] = { "Filename: ", "Status: ", "Serial: ", "notBefore: ", "notAfter: ",
		"Subject Alternative Name: ", "Algorithm: ", "SHA1 FingerPrint: ", "Subject: ", "Issuer: ", "Chain Subject: ",
		"Chain Issuer: ", "OCSP Response Key: ", "Can't display the ", " ", "Certificate #", "Certificate Revocation List #",
		"Version ", "Signature Algorithm: ", "Last Update: ", "Next Update: ", "No Revoked Certificates.",
		"Revoked Certificates:" };
	bool known = line.len == 0;

	for (size_t i = 0; i < COUNT_OF(ours); i++)
		known |= slice_starts(line, slice_of(ours[i]));
	ASSERT(known);
	for (size_t i = 0; i < line.len; i++)
		ASSERT((unsigned char)line.ptr[i] >= 0x20 && line.ptr[i] != 0x7f);
}

static void look(const char *order)
{
	struct strbuf said = ask(slice_of(order));
	struct slice rest = strbuf_slice(&said);

	while (rest.len) {
		ptrdiff_t end = slice_find_byte(rest, '\n');
		ASSERT(end >= 0);
		must_be_ours(slice_make(rest.ptr, (size_t)end));
		rest = slice_from(rest, (size_t)end + 1);
	}
	strbuf_free(&said);
}

static void add_block(struct strbuf *out, const char *name, struct slice der)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text;

	PEM_write_bio(b, name, "", (const unsigned char *)der.ptr, (long)der.len);
	long n = BIO_get_mem_data(b, &text);
	strbuf_add(out, text, (size_t)n);
	BIO_free(b);
}

static void hand_in(const char *order, const char *block, struct slice what)
{
	struct strbuf line = STRBUF_EMPTY;

	strbuf_addf(&line, "%s <<\n", order);
	if (block)
		add_block(&line, block, what);
	else
		strbuf_add_slice(&line, what);
	strbuf_add_str(&line, "\n\n");
	struct strbuf said = ask(strbuf_slice(&line));
	strbuf_free(&said);
	strbuf_free(&line);
}

static const struct as {
	const char *make, *set, *block, *show_draft, *commit, *show, *del;
} kinds[] = {
#define KIND(word, suffix, block) { "new ssl " word " x\n", "set ssl " word " x" suffix, block, "show ssl " word " *x\n", \
	"commit ssl " word " x\n", "show ssl " word " x\n", "del ssl " word " x\n" }
	KIND("cert", "", "CERTIFICATE"), KIND("cert", ".key", "PRIVATE KEY"), KIND("ca-file", "", "CERTIFICATE"),
	KIND("crl-file", "", "X509 CRL"),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool open;

	if (!open) {
		clock_update();
		registries_open();
		threads_init(1);
		open = true;
	}
	if (size < 1)
		return 0;
	const struct as *as = &kinds[data[0] >> 1 & 3];
	ASSERT(says(as->make, "New "));
	hand_in(as->set, data[0] & 1 ? as->block : NULL, slice_make(data + 1, size - 1));
	look(as->show_draft);
	bool done = says(as->commit, "Success!");
	look(as->show);
	ASSERT(says(as->show, done ? "Status: Unused" : "Status: Empty"));
	ASSERT(says(as->del, "deleted!"));
	ASSERT(TAILQ_EMPTY(&cert_files));
	return 0;
}
