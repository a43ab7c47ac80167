/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of TLS hellos: parts lie within the body, a verdict never changes with more bytes, and a message spread over
 * records is the same message.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "wire/tls_hello.h"

static void within(struct slice part, struct slice body)
{
	ASSERT(part.ptr == NULL || (part.ptr >= body.ptr && part.ptr + part.len <= body.ptr + body.len));
}

static void look_into(struct slice body)
{
	struct tls_hello h;
	struct slice one;
	uint16_t group;
	int r = tls_hello_parse(body, &h);

	ASSERT(r == (int)body.len || (r < 0 && -1 - r <= (int)body.len));
	if (r < 0)
		return;
	const struct slice parts[] = { h.random, h.session_id, h.ciphers, h.compressions, h.sni, h.alpn, h.versions, h.groups,
		h.point_formats, h.sigalgs, h.key_share, h.ticket };
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		within(parts[i], body);
	ASSERT((h.ciphers.len | h.groups.len | h.sigalgs.len | h.versions.len) % 2 == 0 && h.sni.len <= 255);
	for (; tls_alpn_next(&h.alpn, &one); within(one, body))
		ASSERT(one.len);
	while (tls_key_share_next(&h.key_share, &group, &one))
		within(one, body);
	while (tls_extension_next(&h.extensions, &group, &one))
		within(one, body);
	ASSERT(h.alpn.len == 0 && h.key_share.len == 0 && h.extensions.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_make(data, size);
	struct tls_message_place place;
	uint16_t version;
	int r = tls_message_find(all, &place), v2 = tls_v2_hello(all, &version);

	look_into(all);
	ASSERT(tls_server_hello_check(all, &version) <= (int)size);
	ASSERT(r <= (int)size && -1 - r <= (int)size && v2 <= (int)size && -1 - v2 <= (int)size);
	if (r > 0) {
		/* A copy of just that length, so that a byte too many is seen. */
		char *body = malloc(place.len ? place.len : 1);
		ASSERT(body);
		tls_message_join(all, &place, body);
		ASSERT(place.records > 1 || slice_eq(place.body, slice_make(body, place.len)));
		look_into(slice_make(body, place.len));
		free(body);
	}
	for (size_t n = 0; n < size && n < 1024; n++) {
		int part = tls_message_find(slice_make(data, n), &place), part2 = tls_v2_hello(slice_make(data, n), &version);
		ASSERT((part == 0 || part == r) && (part2 == 0 || part2 == v2));
	}
	return 0;
}
