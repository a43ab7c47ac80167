/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of a bind line about TLS with its clients. One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/listener.h"

KEYWORD(bind_ssl) = { .keyword = "ssl", .usage = "ssl", .where = IN_BIND, .type = SETTING_FLAG,
	.offset = offsetof(struct bind_settings, tls.common.on) };

KEYWORD(bind_strict_sni) = { .keyword = "strict-sni", .usage = "strict-sni", .where = IN_BIND, .type = SETTING_FLAG,
	.offset = offsetof(struct bind_settings, tls.strict_sni) };

static bool add_certificates(struct conf_line *l, void *owner, const struct tls_bind_cert *like)
{
	const char *path = conf_need(l, "a file with a certificate and its key, or a directory of such files");
	struct strbuf err = STRBUF_EMPTY;
	bool ok = path && tls_bind_add_path(&((struct bind_settings *)owner)->tls, path, like, &err);

	if (path && !ok)
		conf_fail(l, "%s", err.ptr);
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
