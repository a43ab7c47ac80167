/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of a server line about TLS with it (proxy/tls_connect.h). What needs HTTP/2, 0-RTT or SOCKS is refused by
 * name. One thread: start-up, and orders that read words.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/cert_files.h"
#include "proxy/global.h"
#include "proxy/server.h"
#include "proxy/tls_words.h"
#include "rule/fetch.h"

#define SWITCH(ident, word, statement) \
	static bool parse_##ident(struct conf_line *l, void *owner) \
	{ \
		struct tls_connect_settings *tls = &((struct server_settings *)owner)->tls; \
		(void)l; \
		statement; \
		return true; \
	} \
	KEYWORD(server_##ident) = { .keyword = word, .usage = word, .where = IN_ANY_SERVER, .parse = parse_##ident }

SWITCH(ssl, "ssl", tls->common.on = tls->prepared = true);
SWITCH(no_ssl, "no-ssl", tls->common.on = false);
SWITCH(ssl_reuse, "ssl-reuse", tls->no_reuse = false);
SWITCH(no_ssl_reuse, "no-ssl-reuse", tls->no_reuse = true);
SWITCH(check_ssl, "check-ssl", (tls->check_on = true, tls->check_off = false));
SWITCH(no_check_ssl, "no-check-ssl", (tls->check_on = false, tls->check_off = true));
SWITCH(no_verifyhost, "no-verifyhost", tls->verifyhost = NULL);

#define TEXT(ident, word, argument, field) \
	KEYWORD(server_##ident) = { .keyword = word, .usage = word " " argument, .where = IN_ANY_SERVER, .type = SETTING_STR, \
		.offset = offsetof(struct server_settings, tls.field) }

TEXT(verifyhost, "verifyhost", "<name>", verifyhost);
TEXT(ciphers, "ciphers", "<ciphers>", common.ciphers);
TEXT(ciphersuites, "ciphersuites", "<ciphersuites>", common.ciphersuites);
TEXT(curves, "curves", "<curves>", common.curves);
TEXT(sigalgs, "sigalgs", "<algorithms>", common.sigalgs);
TEXT(client_sigalgs, "client-sigalgs", "<algorithms>", common.client_sigalgs);

static bool parse_alpn(struct conf_line *l, void *owner)
{
	return tls_take_alpn(l, &((struct server_settings *)owner)->tls.common.alpn);
}
KEYWORD(server_alpn) = { .keyword = "alpn", .usage = "alpn <name>[,<name>]*", .where = IN_ANY_SERVER, .parse = parse_alpn };

static bool parse_check_alpn(struct conf_line *l, void *owner)
{
	return tls_take_alpn(l, &((struct server_settings *)owner)->tls.check_alpn);
}
KEYWORD(server_check_alpn) = { .keyword = "check-alpn", .usage = "check-alpn <name>[,<name>]*", .where = IN_ANY_SERVER,
	.parse = parse_check_alpn };

static bool parse_check_sni(struct conf_line *l, void *owner)
{
	return tls_take_name(l, &((struct server_settings *)owner)->tls.check_sni);
}
KEYWORD(server_check_sni) = { .keyword = "check-sni", .usage = "check-sni <name>", .where = IN_ANY_SERVER, .parse = parse_check_sni };

/* Files are read while the paths of this line begin where they do; what is wrong with them is said when the line is made. */
#define AUTHORITIES(ident, word, field, is_crl) \
	static bool parse_##ident(struct conf_line *l, void *owner) \
	{ \
		const char *path = ((struct server_settings *)owner)->tls.common.field = conf_need(l, "a file"); \
		if (path) \
			tls_read_authorities(path, is_crl); \
		return path; \
	} \
	KEYWORD(server_##ident) = { .keyword = word, .usage = word " <file>", .where = IN_ANY_SERVER, .parse = parse_##ident }

AUTHORITIES(ca_file, "ca-file", ca_file, false);
AUTHORITIES(crl_file, "crl-file", crl_file, true);

static bool parse_server_crt(struct conf_line *l, void *owner)
{
	const char *path = ((struct server_settings *)owner)->tls.crt = conf_need(l, "a file");
	struct strbuf joined = STRBUF_EMPTY, err = STRBUF_EMPTY;

	if (path == NULL)
		return false;
	cert_files_lock();
	cert_file_get(tls_path(global.crt_base, path, &joined), &err);
	cert_files_unlock();
	strbuf_free(&joined);
	strbuf_free(&err);
	return true;
}
KEYWORD(server_crt) = { .keyword = "crt", .usage = "crt <file>", .where = IN_ANY_SERVER, .parse = parse_server_crt };

static bool parse_sni(struct conf_line *l, void *owner)
{
	struct expr **sni = &((struct server_settings *)owner)->tls.sni;

	return (*sni = expr_take(l, PHASE_SOURCE, NULL)) != NULL;
}
KEYWORD(server_sni) = { .keyword = "sni", .usage = "sni <expression>", .where = IN_ANY_SERVER, .parse = parse_sni };

static bool parse_verify(struct conf_line *l, void *owner)
{
	enum tls_verify *verify = &((struct server_settings *)owner)->tls.common.verify;

	if (conf_take_if(l, "none"))
		*verify = TLS_VERIFY_NONE;
	else if (conf_take_if(l, "required"))
		*verify = TLS_VERIFY_REQUIRED;
	else
		return conf_need(l, "'none' or 'required'") && conf_fail(l, "expected 'none' or 'required'");
	return true;
}
KEYWORD(server_verify) = { .keyword = "verify", .usage = "verify {none | required}", .where = IN_ANY_SERVER, .parse = parse_verify };

static bool parse_option(struct conf_line *l, void *owner)
{
	return tls_word_parse(l, &((struct server_settings *)owner)->tls.common);
}
#define OPTION(ident, word, argument) \
	KEYWORD(server_##ident) = { .keyword = word, .usage = word argument, .where = IN_ANY_SERVER, .parse = parse_option }
OPTION(ssl_min_ver, "ssl-min-ver", " <version>");
OPTION(ssl_max_ver, "ssl-max-ver", " <version>");
OPTION(no_sslv3, "no-sslv3", "");
OPTION(no_tlsv10, "no-tlsv10", "");
OPTION(no_tlsv11, "no-tlsv11", "");
OPTION(no_tlsv12, "no-tlsv12", "");
OPTION(no_tlsv13, "no-tlsv13", "");
OPTION(force_sslv3, "force-sslv3", "");
OPTION(force_tlsv10, "force-tlsv10", "");
OPTION(force_tlsv11, "force-tlsv11", "");
OPTION(force_tlsv12, "force-tlsv12", "");
OPTION(force_tlsv13, "force-tlsv13", "");
OPTION(no_tls_tickets, "no-tls-tickets", "");
OPTION(tls_tickets, "tls-tickets", "");
