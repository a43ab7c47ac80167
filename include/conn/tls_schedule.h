/* SPDX-License-Identifier: Apache-2.0
 *
 * How TLS derives its keys: the key schedule of TLS 1.3 (RFC 8446 7.1), with some twenty secrets a handshake, and the PRF of TLS
 * 1.2 (RFC 5246 5), asked four times. For each OpenSSL looks up a digest by its name and makes objects for it; ours gives the same
 * without. Any thread.
 */
#ifndef USHER_CONN_TLS_SCHEDULE_H
#define USHER_CONN_TLS_SCHEDULE_H

/* What SSL_CTX_new_ex() wants as its properties. NULL: OpenSSL's own it is, because the system's configuration has put another in
 * place of its default provider, which is to be asked then. */
const char *tls_schedule_properties(void);

#endif
