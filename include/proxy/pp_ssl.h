/* SPDX-License-Identifier: Apache-2.0
 *
 * The SSL TLV of a header toward servers: how the client spoke TLS with us. One thread per stream.
 */
#ifndef USHER_PROXY_PP_SSL_H
#define USHER_PROXY_PP_SSL_H

#include "proxy/stream.h"

/* What of it a server wants, in server_settings.pp_ssl; any of them asks for the TLV. */
enum {
	PP_SSL_ON = 1,
	PP_SSL_CN = 2,         /* the common name of the client's certificate */
	PP_SSL_CIPHER = 4,
	PP_SSL_SIGNATURE = 8,  /* how our certificate was signed */
	PP_SSL_KEY = 16,       /* what kind of key it has, and how long */
};

/* Its value, from the stream's arena; ptr is NULL when memory is out. Of a client that does not speak TLS with us: no bit is set.
 * `verify` is 0 only when a certificate came and was found good (section 2.2.6 of the specification). */
struct slice pp_ssl_value(struct stream *s, unsigned wanted);

#endif
