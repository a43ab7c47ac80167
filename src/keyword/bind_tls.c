/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of a bind line about TLS with its clients. One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "conn/tls_server.h"
#include "conn/tls_tickets.h"
#include "proxy/global.h"
#include "proxy/listener.h"
#include "proxy/tls_bind_files.h"
#include "proxy/tls_words.h"
#include "rule/boot.h"

#define FLAG(ident, word, field) \
	KEYWORD(bind_##ident) = { .keyword = word, .usage = word, .where = IN_BIND, .type = SETTING_FLAG, \
		.offset = offsetof(struct bind_settings, tls.field) }
/* These may stand in a crt-list too, for one certificate. */
#define TEXT(ident, word, argument, field) \
	KEYWORD(bind_##ident) = { .keyword = word, .usage = word " " argument, .where = IN_BIND | IN_CRT_LIST, .type = SETTING_STR, \
		.offset = offsetof(struct bind_settings, tls.common.field) }

FLAG(ssl, "ssl", common.on);
FLAG(strict_sni, "strict-sni", strict_sni);
FLAG(prefer_client_ciphers, "prefer-client-ciphers", common.prefer_client_ciphers);
TEXT(ciphers, "ciphers", "<ciphers>", ciphers);
TEXT(ciphersuites, "ciphersuites", "<ciphersuites>", ciphersuites);
TEXT(curves, "curves", "<curves>", curves);
TEXT(ecdhe, "ecdhe", "<curve>", ecdhe);
TEXT(sigalgs, "sigalgs", "<algorithms>", sigalgs);
TEXT(client_sigalgs, "client-sigalgs", "<algorithms>", client_sigalgs);

/* Files of authorities, which are read while the paths of this line begin where they do. */
#define AUTHORITIES(ident, word, field, is_crl) \
	static bool parse_##ident(struct conf_line *l, void *owner) \
	{ \
		const char *path = ((struct bind_settings *)owner)->tls.common.field = conf_need(l, "a file"); \
		if (path) \
			tls_read_authorities(path, is_crl); \
		return path; \
	} \
	KEYWORD(bind_##ident) = { .keyword = word, .usage = word " <file>", .where = IN_BIND | IN_CRT_LIST, .parse = parse_##ident }

AUTHORITIES(ca_file, "ca-file", ca_file, false);
AUTHORITIES(ca_verify_file, "ca-verify-file", ca_verify_file, false);
AUTHORITIES(crl_file, "crl-file", crl_file, true);

KEYWORD(bind_no_ca_names) = { .keyword = "no-ca-names", .usage = "no-ca-names", .where = IN_BIND | IN_CRT_LIST, .type = SETTING_FLAG,
	.offset = offsetof(struct bind_settings, tls.common.no_ca_names) };
static bool parse_ticket_keys(struct conf_line *l, void *owner)
{
	const char *path = ((struct bind_settings *)owner)->tls.ticket_file = conf_need(l, "a file");
	struct strbuf err = STRBUF_EMPTY;

	if (path)
		tls_tickets_of_file(path, &err); /* what is wrong is said when the line is made */
	strbuf_free(&err);
	return path;
}
KEYWORD(bind_tls_ticket_keys) = { .keyword = "tls-ticket-keys", .usage = "tls-ticket-keys <file>", .where = IN_BIND,
	.parse = parse_ticket_keys };

static bool parse_no_strict_sni(struct conf_line *l, void *owner)
{
	(void)l;
	((struct bind_settings *)owner)->tls.strict_sni = false;
	return true;
}
KEYWORD(bind_no_strict_sni) = { .keyword = "no-strict-sni", .usage = "no-strict-sni", .where = IN_BIND, .parse = parse_no_strict_sni };

static bool parse_alpn(struct conf_line *l, void *owner)
{
	return tls_take_alpn(l, &((struct bind_settings *)owner)->tls.common.alpn);
}
KEYWORD(bind_alpn) = { .keyword = "alpn", .usage = "alpn <name>[,<name>]*", .where = IN_BIND | IN_CRT_LIST, .parse = parse_alpn };

static bool parse_no_alpn(struct conf_line *l, void *owner)
{
	(void)l;
	((struct bind_settings *)owner)->tls.common.alpn = NULL;
	return true;
}
KEYWORD(bind_no_alpn) = { .keyword = "no-alpn", .usage = "no-alpn", .where = IN_BIND, .parse = parse_no_alpn };

static bool parse_verify(struct conf_line *l, void *owner)
{
	enum tls_verify *verify = &((struct bind_settings *)owner)->tls.common.verify;

	if (conf_take_if(l, "none"))
		*verify = TLS_VERIFY_NONE;
	else if (conf_take_if(l, "optional"))
		*verify = TLS_VERIFY_OPTIONAL;
	else if (conf_take_if(l, "required"))
		*verify = TLS_VERIFY_REQUIRED;
	else
		return conf_need(l, "'none', 'optional' or 'required'") && conf_fail(l, "expected 'none', 'optional' or 'required'");
	return true;
}
KEYWORD(bind_verify) = { .keyword = "verify", .usage = "verify {none | optional | required}", .where = IN_BIND | IN_CRT_LIST,
	.parse = parse_verify };

static bool parse_ignored(struct conf_line *l, const struct tls_error_set **into)
{
	const char *word = conf_need(l, "'all', or numbers of errors");
	struct tls_error_set *set = word ? boot_alloc(sizeof(*set)) : NULL;

	if (word == NULL)
		return false;
	if (!tls_error_set_parse(word, set))
		return conf_fail(l, "expected 'all', or numbers of errors below %d with commas between", TLS_ERRORS_MAX);
	*into = set;
	return true;
}

static bool parse_ca_ignored(struct conf_line *l, void *owner)
{
	return parse_ignored(l, &((struct bind_settings *)owner)->tls.common.ca_ignored);
}
KEYWORD(bind_ca_ignore_err) = { .keyword = "ca-ignore-err", .usage = "ca-ignore-err {all | <number>[,<number>]*}", .where = IN_BIND,
	.parse = parse_ca_ignored };

static bool parse_leaf_ignored(struct conf_line *l, void *owner)
{
	return parse_ignored(l, &((struct bind_settings *)owner)->tls.common.leaf_ignored);
}
KEYWORD(bind_crt_ignore_err) = { .keyword = "crt-ignore-err", .usage = "crt-ignore-err {all | <number>[,<number>]*}", .where = IN_BIND,
	.parse = parse_leaf_ignored };

static bool parse_option(struct conf_line *l, void *owner)
{
	return tls_word_parse(l, &((struct bind_settings *)owner)->tls.common);
}
#define OPTION(ident, word, argument, places) \
	KEYWORD(bind_##ident) = { .keyword = word, .usage = word argument, .where = places, .parse = parse_option }
OPTION(ssl_min_ver, "ssl-min-ver", " <version>", IN_BIND | IN_CRT_LIST);
OPTION(ssl_max_ver, "ssl-max-ver", " <version>", IN_BIND | IN_CRT_LIST);
OPTION(no_sslv3, "no-sslv3", "", IN_BIND);
OPTION(no_tlsv10, "no-tlsv10", "", IN_BIND);
OPTION(no_tlsv11, "no-tlsv11", "", IN_BIND);
OPTION(no_tlsv12, "no-tlsv12", "", IN_BIND);
OPTION(no_tlsv13, "no-tlsv13", "", IN_BIND);
OPTION(force_sslv3, "force-sslv3", "", IN_BIND);
OPTION(force_tlsv10, "force-tlsv10", "", IN_BIND);
OPTION(force_tlsv11, "force-tlsv11", "", IN_BIND);
OPTION(force_tlsv12, "force-tlsv12", "", IN_BIND);
OPTION(force_tlsv13, "force-tlsv13", "", IN_BIND);
OPTION(no_tls_tickets, "no-tls-tickets", "", IN_BIND);
OPTION(tls_tickets, "tls-tickets", "", IN_BIND);

static bool add_certificates(struct conf_line *l, void *owner, const struct tls_bind_cert *like)
{
	const char *path = conf_need(l, "a file with a certificate and its key, or a directory of such files");
	struct strbuf joined = STRBUF_EMPTY, err = STRBUF_EMPTY;
	bool ok = path && tls_bind_add_path(&((struct bind_settings *)owner)->tls, tls_path(global.crt_base, path, &joined), like, &err);

	if (path && !ok)
		conf_fail(l, "%s", err.ptr);
	strbuf_free(&joined);
	strbuf_free(&err);
	return ok;
}

static bool parse_crt(struct conf_line *l, void *owner)
{
	static const struct tls_bind_cert like;

	return add_certificates(l, owner, &like);
}
KEYWORD(bind_crt) = { .keyword = "crt", .usage = "crt <file or directory>", .where = IN_BIND, .parse = parse_crt };

static bool parse_default_crt(struct conf_line *l, void *owner)
{
	static const struct tls_bind_cert like = { .is_default = true };

	return add_certificates(l, owner, &like);
}
KEYWORD(bind_default_crt) = { .keyword = "default-crt", .usage = "default-crt <file>", .where = IN_BIND, .parse = parse_default_crt };
