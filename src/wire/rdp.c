/* SPDX-License-Identifier: Apache-2.0
 *
 * The cookie of a Remote Desktop connection request; see rdp.h. Pure: any thread.
 */
#include "wire/rdp.h"

#define HEAD_LEN 11      /* TPKT: version, reserved, length in two bytes; X.224: length, code, two references, class */
#define COOKIE_MAX 512   /* of a name and of a value: far beyond what clients send; the length may claim 64 KiB */

static int bad_at(size_t offset)
{
	return -1 - (int)offset;
}

/* What comes ahead of the cookie; 0: no fault in what is there. */
static int check_head(struct slice in)
{
	static const struct { uint8_t at, least, most; } head[] = {
		{ 0, 3, 3 },         /* the version of TPKT */
		{ 1, 0, 0 },
		{ 4, 6, 254 },       /* the rest of the X.224 header is as long */
		{ 5, 0xe0, 0xe0 },   /* connection request */
	};

	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]) && head[i].at < in.len; i++) {
		uint8_t byte = (uint8_t)in.ptr[head[i].at];
		if (byte < head[i].least || byte > head[i].most)
			return bad_at(head[i].at);
	}
	return 0;
}

/* The run of bytes from `at` to `end`; 0: it stands in *out, else what rdp_cookie() returns. `more` bytes may follow. */
static int take_until(struct slice all, size_t at, char end, bool more, struct slice *out)
{
	size_t i = at;

	for (; i < all.len && all.ptr[i] != end; i++)
		if ((unsigned char)all.ptr[i] < ' ' || i - at >= COOKIE_MAX)
			return bad_at(i);
	*out = slice_make(all.ptr + at, i - at);
	if (i < all.len)
		return 0;
	return more ? 1 : bad_at(i);
}

int rdp_cookie(struct slice in, struct slice *name, struct slice *value)
{
	static const struct slice word = { "Cookie:", 7 };
	int r = check_head(in);

	if (r < 0 || in.len < HEAD_LEN)
		return r;
	/* What the request says of its own length bounds the cookie, whatever else was read already. */
	size_t claimed = (size_t)(uint8_t)in.ptr[2] << 8 | (uint8_t)in.ptr[3], at = HEAD_LEN + word.len;
	if (claimed < at)
		return bad_at(2);
	struct slice all = in.len > claimed ? slice_make(in.ptr, claimed) : in;
	bool more = all.len < claimed;
	struct slice start = slice_from(all, HEAD_LEN);
	size_t n = start.len < word.len ? start.len : word.len;
	if (!slice_eq_nocase(slice_make(start.ptr, n), slice_make(word.ptr, n)))
		return bad_at(HEAD_LEN);
	if (n < word.len)
		return 0;
	while (at < all.len && all.ptr[at] == ' ')
		at++;
	if ((r = take_until(all, at, '=', more, name)) != 0)
		return r < 0 ? r : 0;
	if (name->len == 0)
		return bad_at(at);
	at += name->len + 1;
	if ((r = take_until(all, at, '\r', more, value)) != 0)
		return r < 0 ? r : 0;
	at += value->len + 1;
	if (at >= all.len)
		return more ? 0 : bad_at(at);
	return all.ptr[at] == '\n' ? (int)at + 1 : bad_at(at);
}
