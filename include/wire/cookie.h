/* SPDX-License-Identifier: Apache-2.0
 *
 * Cookies in the values of Cookie and Set-Cookie fields (RFC 6265, with the older habits that HAProxy keeps:
 * ',' ends a cookie as ';' does, a quoted part hides both, names in '$' are no cookies). Slices borrow. Any thread.
 */
#ifndef USHER_WIRE_COOKIE_H
#define USHER_WIRE_COOKIE_H

#include "base/slice.h"

struct cookie {
	struct slice name, value; /* without blanks around; the value with its quotes */
	struct slice whole;       /* from the first byte of the name to the last of the value */
};

/* The next cookie of a Cookie value. Pieces without '=' are passed over. False at the end. */
bool cookie_next(struct slice *rest, struct cookie *c);
/* The next cookie of a Set-Cookie value: as above, but what stands between ';' and ',' are attributes. */
bool set_cookie_next(struct slice *rest, struct cookie *c);
/* The first cookie with this name (exact case) in a Cookie value. */
bool cookie_find(struct slice field, struct slice name, struct cookie *c);
/* Writes a Cookie value without the cookies of this name and the '$' attributes behind them; what stood around them is
 * joined by one delimiter and a blank, and the rest stays as it is. out has room for field.len bytes and may be field.ptr.
 * Returns the length, field.len when there was none; 0: no cookie is left, the field should go. */
size_t cookie_cut(struct slice field, struct slice name, char *out);

#endif
