/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers for places, given once each.
 */
#include "conn/tls_place.h"

#include <pthread.h>

static void free_data(void *parent, void *data, CRYPTO_EX_DATA *all, int number, long place, void *pointer)
{
	const struct tls_place *p = pointer;

	(void)parent, (void)all, (void)number, (void)place;
	if (data && p->release)
		p->release(data);
}

int tls_place_make(struct tls_place *p)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	if (p->number == 0) {
		int n = CRYPTO_get_ex_new_index(p->of, 0, p, NULL, NULL, free_data);
		if (n >= 0)
			__atomic_store_n(&p->number, n + 1, __ATOMIC_RELEASE);
	}
	int number = p->number - 1;
	pthread_mutex_unlock(&lock);
	return number;
}
