/* SPDX-License-Identifier: Apache-2.0
 *
 * The key schedule of TLS 1.3 (RFC 8446 7.1): twenty keys and secrets a handshake, for each of which OpenSSL looks up a
 * digest. Ours differs from OpenSSL's in nothing but that its digests were looked up at start-up. Any thread.
 */
#ifndef USHER_CONN_TLS_SCHEDULE_H
#define USHER_CONN_TLS_SCHEDULE_H

/* What SSL_CTX_new_ex() wants as its properties. NULL: OpenSSL's own schedule it is, because the system's configuration has put
 * another in place of its default provider, which is to be asked then. */
const char *tls_schedule_properties(void);

#endif
