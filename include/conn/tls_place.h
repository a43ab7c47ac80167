/* SPDX-License-Identifier: Apache-2.0
 *
 * A place beside OpenSSL's objects: what of ours belongs to a connection or a context is put there and freed
 * with it (CRYPTO_get_ex_new_index(3)). Any thread.
 */
#ifndef USHER_CONN_TLS_PLACE_H
#define USHER_CONN_TLS_PLACE_H

#include <openssl/crypto.h>

struct tls_place {
	int of;                      /* CRYPTO_EX_INDEX_SSL or CRYPTO_EX_INDEX_SSL_CTX */
	void (*release)(void *data); /* frees what was put there, never NULL; NULL: it is borrowed */
	int number;                  /* atomic: OpenSSL's number for it, + 1; 0: not made yet */
};

/* The slow way of tls_place_number(). */
int tls_place_make(struct tls_place *p);
/* What SSL_get_ex_data() and its like want; made at the first call. -1 when memory is out: nothing is there, and nothing can be put
 * there. */
static inline int tls_place_number(struct tls_place *p)
{
	int n = __atomic_load_n(&p->number, __ATOMIC_ACQUIRE);

	return n ? n - 1 : tls_place_make(p);
}

#endif
