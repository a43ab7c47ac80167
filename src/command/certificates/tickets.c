/* SPDX-License-Identifier: Apache-2.0
 *
 * show tls-keys, set ssl tls-key: the keys that seal and open tickets, of the files that bind lines name. Who has them reads what
 * was said in resumed sessions, so only admins see or set them. Any thread.
 */
#include <stdio.h>
#include "certificates.h"
#include "conn/tls_tickets.h"

/* "#<number>" or a path; NULL: there are none of that name. */
static struct tls_tickets *find(const char *word, unsigned *number)
{
	struct tls_tickets *t;
	uint64_t n = UINT64_MAX;

	if (*word == '#' && !slice_to_u64(slice_of(word + 1), &n))
		return NULL;
	for (*number = 0; (t = tls_tickets_nth(*number)) != NULL; ++*number)
		if (*word == '#' ? *number == n : strcmp(tls_tickets_path(t), word) == 0)
			return t;
	return NULL;
}

static void add_keys(struct strbuf *out, struct tls_tickets *t, unsigned number)
{
	char before[16];

	snprintf(before, sizeof(before), "%u.", number);
	strbuf_addf(out, "# %u (%s)\n", number, tls_tickets_path(t));
	tls_tickets_write(t, before, out);
}

static bool show_start(struct cli *c)
{
	const char *word = c->arg_count ? c->args[0] : NULL;
	struct strbuf text = STRBUF_EMPTY;
	struct tls_tickets *t = NULL;
	unsigned n;

	if (word && !cli_allows(c, CLI_ADMIN))
		return false;
	if (word && strcmp(word, "*") != 0 && (t = find(word, &n)) == NULL)
		return cli_refuse(c, "'show tls-keys' unable to locate referenced filename");
	strbuf_add_str(&text, word ? "# id secret\n" : "# id (file)\n");
	if (t) {
		add_keys(&text, t, n);
		return answer_start(c, &text);
	}
	for (n = 0; (t = tls_tickets_nth(n)) != NULL; n++)
		if (word)
			add_keys(&text, t, n);
		else
			strbuf_addf(&text, "%u (%s)\n", n, tls_tickets_path(t));
	return answer_start(c, &text);
}

COMMAND(show_tls_keys) = {
	.keyword = "show tls-keys", .usage = "show tls-keys [* | #<number> | <file>]", .text = "list the files of tickets' keys, or show the keys",
	.start = show_start, .run = answer_run, .end = answer_end,
};

static bool set_start(struct cli *c)
{
	struct strbuf err = STRBUF_EMPTY;
	unsigned n;

	if (c->arg_count != 2)
		return cli_refuse(c, "'set ssl tls-key' expects a filename and the new TLS key in base64 encoding.");
	struct tls_tickets *t = find(c->args[0], &n);
	if (t == NULL)
		return cli_refuse(c, "'set ssl tls-key' unable to locate referenced filename");
	bool done = tls_tickets_add(t, slice_of(c->args[1]), &err);
	if (done)
		strbuf_add_str(&c->out, "TLS ticket key updated!\n");
	else
		cli_refuse(c, "'set ssl tls-key' received no such key: %s.", err.ptr);
	strbuf_free(&err);
	return done;
}

COMMAND(set_ssl_tls_key) = {
	.keyword = "set ssl tls-key", .usage = "set ssl tls-key {#<number> | <file>} <key>", .text = "add a key of tickets",
	.level = CLI_ADMIN, .start = set_start,
};
