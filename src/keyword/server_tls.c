/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of a server line about TLS with it. One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/server.h"

KEYWORD(server_ssl) = { .keyword = "ssl", .usage = "ssl", .where = IN_SERVER, .type = SETTING_FLAG,
	.offset = offsetof(struct server_settings, tls.common.on) };
KEYWORD(server_ca_file) = { .keyword = "ca-file", .usage = "ca-file <file>", .where = IN_SERVER, .type = SETTING_STR,
	.offset = offsetof(struct server_settings, tls.common.ca_file) };

static bool parse_verify(struct conf_line *l, void *owner)
{
	enum tls_verify *verify = &((struct server_settings *)owner)->tls.common.verify;
	const char *word = conf_need(l, "'none' or 'required'");

	if (word == NULL)
		return false;
	if (strcmp(word, "none") == 0)
		*verify = TLS_VERIFY_NONE;
	else if (strcmp(word, "required") == 0)
		*verify = TLS_VERIFY_REQUIRED;
	else
		return conf_fail(l, "expected 'none' or 'required'");
	return true;
}
KEYWORD(server_verify) = { .keyword = "verify", .usage = "verify [none|required]", .where = IN_SERVER, .parse = parse_verify };
