/* SPDX-License-Identifier: Apache-2.0
 *
 * The checksum of the PROXY protocol's CRC32C TLV. No other polynomial, no other width.
 */
#ifndef USHER_BASE_CRC32C_H
#define USHER_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli, RFC 3720 appendix B.4) of len bytes; `crc` is 0 at first, or the result so far. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);
/* The same without the processor's instruction; for tests. */
uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t len);

#endif
