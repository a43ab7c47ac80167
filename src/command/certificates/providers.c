/* SPDX-License-Identifier: Apache-2.0
 *
 * show ssl providers: where OpenSSL's algorithms come from. Any thread; OpenSSL locks.
 */
#include <openssl/provider.h>
#include "certificates.h"

static int add_provider(OSSL_PROVIDER *p, void *out)
{
	strbuf_addf(out, "\t- %s\n", OSSL_PROVIDER_get0_name(p));
	return 1;
}

static bool show_start(struct cli *c)
{
	strbuf_add_str(&c->out, "Loaded providers : \n");
	OSSL_PROVIDER_do_all(NULL, add_provider, &c->out);
	return true;
}

COMMAND(show_ssl_providers) = {
	.keyword = "show ssl providers", .usage = "show ssl providers", .text = "list OpenSSL's providers", .start = show_start,
};
