/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSL's errors in words; see tls_reason.h.
 */
#include "conn/tls_reason.h"

#include <openssl/err.h>
#include <string.h>

void tls_add_reason(struct strbuf *err)
{
	unsigned long code = ERR_peek_error();
	const char *words = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);

	strbuf_add_str(err, code && words ? words : "no reason given");
	ERR_clear_error();
}
