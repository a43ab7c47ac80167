/* SPDX-License-Identifier: Apache-2.0 */
#ifndef USHER_BASE_HASH_H
#define USHER_BASE_HASH_H

#include "base/slice.h"

/* 32-bit hashes that balancing and converters share, so that both give the same numbers. None is for secrets. */
uint32_t hash_sdbm(struct slice s);
/* Bernstein's, 33 * h + c from 5381. */
uint32_t hash_djb2(struct slice s);
/* CRC-32 as in Ethernet, gzip and PNG (ISO 3309). CRC-32C is base/crc32c.h. */
uint32_t hash_crc32(struct slice s);
/* Spreads every input bit over all output bits (what `hash-type ... avalanche` and crc32(1) do). */
uint32_t hash_avalanche(uint32_t h);

#endif
