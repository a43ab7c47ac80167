/* SPDX-License-Identifier: Apache-2.0
 *
 * Random numbers that spread load and are no secret: a generator per thread, seeded by the kernel. Any thread.
 */
#ifndef USHER_CORE_RANDOM_H
#define USHER_CORE_RANDOM_H

#include <stdint.h>

uint64_t random_next(void);
/* 0 to range - 1, all equally likely; range at most 2^32, and not 0. */
static inline uint64_t random_below(uint64_t range) { return (random_next() >> 32) * range >> 32; }

#endif
