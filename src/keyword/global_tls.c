/* SPDX-License-Identifier: Apache-2.0
 *
 * Global settings about TLS: where certificates are, and what server lines do not say. One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/global.h"
#include "proxy/tls_words.h"

#define TEXT(ident, word, argument, field) \
	KEYWORD(global_##ident) = { .keyword = word, .usage = word " " argument, .where = IN_GLOBAL, .type = SETTING_STR, \
		.offset = offsetof(struct global, field) }

TEXT(ca_base, "ca-base", "<directory>", ca_base);
TEXT(crt_base, "crt-base", "<directory>", crt_base);
TEXT(server_ciphers, "ssl-default-server-ciphers", "<ciphers>", tls_servers.ciphers);
TEXT(server_ciphersuites, "ssl-default-server-ciphersuites", "<ciphersuites>", tls_servers.ciphersuites);
TEXT(server_curves, "ssl-default-server-curves", "<curves>", tls_servers.curves);
TEXT(server_sigalgs, "ssl-default-server-sigalgs", "<algorithms>", tls_servers.sigalgs);
TEXT(server_client_sigalgs, "ssl-default-server-client-sigalgs", "<algorithms>", tls_servers.client_sigalgs);

static bool parse_options(struct conf_line *l, void *owner)
{
	return tls_words_parse_all(l, TLS_CLIENT, &((struct global *)owner)->tls_servers);
}
KEYWORD(server_options) = { .keyword = "ssl-default-server-options", .usage = "ssl-default-server-options <option> ...",
	.where = IN_GLOBAL, .parse = parse_options };

static bool parse_verify(struct conf_line *l, void *owner)
{
	struct global *g = owner;

	if (conf_take_if(l, "none"))
		g->tls_servers.verify = TLS_VERIFY_NONE;
	else if (conf_take_if(l, "required"))
		g->tls_servers.verify = TLS_VERIFY_REQUIRED;
	else
		return conf_need(l, "'none' or 'required'") && conf_fail(l, "expected 'none' or 'required'");
	return true;
}
KEYWORD(server_verify) = { .keyword = "ssl-server-verify", .usage = "ssl-server-verify {none | required}", .where = IN_GLOBAL,
	.parse = parse_verify };

static bool take_number(struct conf_line *l, const char *what, int64_t most, uint32_t *out)
{
	int64_t n;

	if (!conf_need_int(l, what, 0, most, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

#define RECORDS(ident, word, argument, what, limit, field) \
	static bool parse_##ident(struct conf_line *l, void *owner) \
	{ \
		(void)owner; \
		return take_number(l, what, limit, &tls_records.field); \
	} \
	KEYWORD(ident) = { .keyword = word, .usage = word " " argument, .where = IN_GLOBAL, .parse = parse_##ident }

RECORDS(records_most, "tune.ssl.hard-maxrecord", "<bytes>", "the bytes of a record", 16384, most);
RECORDS(records_first, "tune.ssl.maxrecord", "<bytes>", "the bytes of a record", 16384, first);
RECORDS(records_idle, "tune.idletimer", "<milliseconds>", "milliseconds", 65535, idle_ms);
