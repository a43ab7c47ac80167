/* SPDX-License-Identifier: Apache-2.0
 *
 * The generator of each thread; see random.h. Any thread.
 */
#include "core/random.h"

#include <sys/random.h>

/* xorshift64*: fast, and good enough to spread load. */
uint64_t random_next(void)
{
	static _Thread_local uint64_t state;

	while (state == 0)
		if (getrandom(&state, sizeof(state), 0) != (ssize_t)sizeof(state))
			state = (uint64_t)(uintptr_t)&state | 1;
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1du;
}
