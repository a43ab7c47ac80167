/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of a bind line about TLS with its clients. One thread: start-up only.
 */
#include <stddef.h>
#include "conf/keyword.h"
#include "proxy/listener.h"
#include "rule/boot.h"

KEYWORD(bind_ssl) = { .keyword = "ssl", .usage = "ssl", .where = IN_BIND, .type = SETTING_FLAG,
	.offset = offsetof(struct bind_settings, tls.common.on) };

static bool parse_crt(struct conf_line *l, void *owner)
{
	struct tls_accept_settings *set = &((struct bind_settings *)owner)->tls;
	const char *path = conf_need(l, "a file with a certificate and its key");

	if (path == NULL)
		return false;
	set->certificates = boot_grow(set->certificates, set->certificate_count, sizeof(*set->certificates));
	set->certificates[set->certificate_count++] = boot_copy(slice_of(path)).ptr;
	return true;
}
KEYWORD(bind_crt) = { .keyword = "crt", .usage = "crt <file>", .where = IN_BIND, .parse = parse_crt };
