/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSL's errors in words. Each thread has its own.
 */
#ifndef USHER_CONN_TLS_REASON_H
#define USHER_CONN_TLS_REASON_H

#include "base/strbuf.h"

/* Adds the words for its oldest error on this thread, and forgets all of them. */
void tls_add_reason(struct strbuf *err);

#endif
