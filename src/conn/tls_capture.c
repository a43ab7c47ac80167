/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSL shows every message that comes; the first ClientHello of a connection is kept. Its own callback for ClientHello leaves
 * out extensions it does not know. One thread per connection.
 */
#include "conn/tls_capture.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <xxhash.h>
#include "conn/tls_place.h"
#include "wire/tls_hello.h"

#define MESSAGE_HEAD_LEN 4

int64_t tls_capture_room;

static struct tls_place capture_place = { .of = CRYPTO_EX_INDEX_SSL, .release = free };

/* As many of the bytes as there is room for, in whole numbers. */
static struct slice keep(struct tls_capture *c, size_t *used, size_t room, struct slice list, size_t each)
{
	size_t n = room - *used < list.len ? room - *used : list.len;

	n -= n % each;
	struct slice kept = slice_make(c->bytes + *used, n);
	if (n)
		memcpy(c->bytes + *used, list.ptr, n);
	*used += n;
	return kept;
}

static struct slice keep_numbers(struct tls_capture *c, size_t *used, size_t room, struct slice extensions)
{
	struct slice kept = slice_make(c->bytes + *used, 0), inside;
	uint16_t id;

	while (room - *used >= 2 && tls_extension_next(&extensions, &id, &inside)) {
		c->bytes[(*used)++] = (char)(id >> 8);
		c->bytes[(*used)++] = (char)id;
		kept.len += 2;
	}
	return kept;
}

static struct tls_capture *make_capture(const struct tls_hello *h)
{
	size_t whole = h->ciphers.len + h->extensions.len + h->groups.len + h->point_formats.len, used = 0;
	size_t room = whole < (size_t)tls_capture_room ? whole : (size_t)tls_capture_room;
	struct tls_capture *c = malloc(sizeof(*c) + room);

	if (c == NULL)
		return NULL;
	c->version = h->version;
	c->ciphers_hash = XXH64(h->ciphers.ptr, h->ciphers.len, 0);
	c->ciphers = keep(c, &used, room, h->ciphers, 2);
	c->extensions = keep_numbers(c, &used, room, h->extensions);
	c->groups = keep(c, &used, room, h->groups, 2);
	c->point_formats = keep(c, &used, room, h->point_formats, 1);
	return c;
}

static void on_message(int sent, int version, int content, const void *bytes, size_t len, SSL *ssl, void *arg)
{
	struct slice message = slice_make(bytes, len);
	struct tls_capture *c;
	struct tls_hello h;

	(void)version, (void)arg;
	if (sent || content != SSL3_RT_HANDSHAKE || len < MESSAGE_HEAD_LEN || message.ptr[0] != SSL3_MT_CLIENT_HELLO ||
	    tls_capture_of(ssl) || tls_hello_parse(slice_from(message, MESSAGE_HEAD_LEN), &h) < 0)
		return;
	c = make_capture(&h);
	if (c && !SSL_set_ex_data(ssl, tls_place_number(&capture_place), c))
		free(c);
}

void tls_capture_enable(SSL_CTX *ctx)
{
	if (tls_capture_room > 0)
		SSL_CTX_set_msg_callback(ctx, on_message);
}

const struct tls_capture *tls_capture_of(const SSL *ssl)
{
	return tls_capture_room > 0 ? SSL_get_ex_data(ssl, tls_place_number(&capture_place)) : NULL;
}
