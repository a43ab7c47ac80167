/* SPDX-License-Identifier: Apache-2.0
 *
 * What scripts' connections speak TLS with, and httpclient.*: a context that verifies who answers and one that does not. Made
 * at start-up, as files that say whom to trust cannot be read while traffic waits; frozen after.
 */
#include "conn.h"

#include "conf/diag.h"
#include "conf/keyword.h"
#include "conn/tls_context.h"
#include "proxy/global.h"
#include "proxy/tls_words.h"

#include <openssl/ssl.h>

static struct {
	const char *ca_file, *file; /* borrow, for ever; file and line are where it stands */
	int line;
	bool trusts_all;
} settings;
static SSL_CTX *contexts[2]; /* own: which verifies, which does not */

static SSL_CTX *make(enum tls_verify verify, struct strbuf *err)
{
	struct tls_settings set = { .verify = verify };
	struct strbuf ca = STRBUF_EMPTY;

	tls_settings_inherit(&set, &global.tls_servers);
	set.verify = verify;
	if (verify != TLS_VERIFY_NONE)
		set.ca_file = tls_path(global.ca_base, settings.ca_file ? settings.ca_file : "@system-ca", &ca);
	SSL_CTX *ctx = tls_context_new(TLS_CLIENT, &set, err);
	if (ctx)
		SSL_CTX_set_verify(ctx, verify == TLS_VERIFY_NONE ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	strbuf_free(&ca);
	return ctx;
}

void script_tls_open(void)
{
	struct strbuf err = STRBUF_EMPTY;

	if (contexts[0])
		return;
	contexts[0] = make(TLS_VERIFY_REQUIRED, &err);
	if (contexts[0] == NULL && settings.ca_file)
		diag_at(DIAG_ALERT, settings.file, settings.line, "httpclient.ssl.ca-file: %s", err.ptr);
	strbuf_clear(&err);
	contexts[1] = make(TLS_VERIFY_NONE, &err);
	strbuf_free(&err);
}

SSL_CTX *script_tls_context(bool verifies)
{
	return contexts[verifies ? 0 : 1];
}

bool script_tls_trusts_all(void)
{
	return settings.trusts_all;
}

static bool ca_file_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	settings.file = l->file;
	settings.line = l->line;
	settings.ca_file = conf_need(l, "a file of CA certificates");
	return settings.ca_file != NULL;
}

static bool verify_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	settings.trusts_all = conf_take_if(l, "none");
	return settings.trusts_all || conf_take_if(l, "required") || conf_fail(l, "expected 'none' or 'required'");
}

static bool timeout_connect_parse(struct conf_line *l, void *owner)
{
	(void)owner;
	return conf_need_time(l, "a time", &script_settings.connect_ms);
}

KEYWORD(timeout_connect) = { .keyword = "httpclient.timeout.connect", .usage = "httpclient.timeout.connect <time>", .where = IN_GLOBAL,
	.parse = timeout_connect_parse };
KEYWORD(ca_file) = { .keyword = "httpclient.ssl.ca-file", .usage = "httpclient.ssl.ca-file <file>", .where = IN_GLOBAL,
	.parse = ca_file_parse };
KEYWORD(verify) = { .keyword = "httpclient.ssl.verify", .usage = "httpclient.ssl.verify {none | required}", .where = IN_GLOBAL,
	.parse = verify_parse };
