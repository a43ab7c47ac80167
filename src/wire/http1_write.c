/* SPDX-License-Identifier: Apache-2.0
 *
 * Heads onto the wire in HTTP/1.x form. What stands in the table is written as it stands: whoever edits it keeps
 * control bytes out (http_is_token, http_is_field_value). No state: any thread.
 */
#include "wire/http1.h"

struct out {
	char *p, *end;
	bool full;
};

static inline void put(struct out *o, struct slice s)
{
	if ((size_t)(o->end - o->p) < s.len) {
		o->full = true;
		return;
	}
	if (s.len)
		memcpy(o->p, s.ptr, s.len);
	o->p += s.len;
}

static void put_status(struct out *o, unsigned status)
{
	char digits[4] = { (char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10), (char)('0' + status % 10),
		' ' };

	put(o, slice_make(digits, sizeof(digits)));
}

size_t http1_write_head(const struct http_head *h, char *out, size_t cap)
{
	struct out o = { out, out + cap, false };

	if (h->response) {
		put(&o, h->version == 10 ? SLICE("HTTP/1.0 ") : SLICE("HTTP/1.1 "));
		put_status(&o, h->status);
		put(&o, h->reason);
		put(&o, SLICE("\r\n"));
	} else {
		put(&o, h->method_text);
		put(&o, SLICE(" "));
		put(&o, h->target);
		put(&o, h->version == 10 ? SLICE(" HTTP/1.0\r\n") : SLICE(" HTTP/1.1\r\n"));
	}
	for (unsigned i = 0; i < h->n; i++) {
		const struct http_field *f = &h->fields[i];

		/* One bound for the whole line keeps the loop short. */
		if ((size_t)(o.end - o.p) < f->name.len + f->value.len + 4)
			return 0;
		memcpy(o.p, f->name.ptr, f->name.len);
		o.p += f->name.len;
		*o.p++ = ':';
		*o.p++ = ' ';
		if (f->value.len)
			memcpy(o.p, f->value.ptr, f->value.len);
		o.p += f->value.len;
		*o.p++ = '\r';
		*o.p++ = '\n';
	}
	put(&o, SLICE("\r\n"));
	return o.full ? 0 : (size_t)(o.p - out);
}
