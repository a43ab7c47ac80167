/* SPDX-License-Identifier: Apache-2.0
 *
 * The first bytes of a Remote Desktop connection: the cookie in an X.224 connection request
 * ([MS-RDPBCGR] 2.2.1.1, in a TPKT of RFC 1006). Pure: no state.
 */
#ifndef USHER_WIRE_RDP_H
#define USHER_WIRE_RDP_H

#include "base/slice.h"

/* The cookie's name and value, borrowed from `in`. >0: bytes up to the cookie's end; 0: more bytes are needed; <0: there is no
 * cookie, -1 - n is the offset of the byte that says so. */
int rdp_cookie(struct slice in, struct slice *name, struct slice *value);

#endif
