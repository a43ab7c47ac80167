/* SPDX-License-Identifier: Apache-2.0
 *
 * Hexadecimal digits. Pure: any thread.
 */
#ifndef USHER_BASE_HEX_H
#define USHER_BASE_HEX_H

/* The value of a digit in either case, -1 for another byte. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
