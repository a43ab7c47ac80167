/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSL gives each secret as a line "<label> <client random> <secret>". One thread per connection.
 */
#include "conn/tls_keylog.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include "base/assert.h"
#include "conn/tls_place.h"

#define DIGITS_MAX (2 * EVP_MAX_MD_SIZE)

struct secrets {
	char text[TLS_SECRET_COUNT][DIGITS_MAX];
	uint8_t len[TLS_SECRET_COUNT];
};

bool tls_keylog_on;

static const char *const labels[] = {
#define X(id, label) label,
	TLS_SECRETS(X)
#undef X
};

static void free_secrets(void *secrets)
{
	OPENSSL_cleanse(secrets, sizeof(struct secrets));
	free(secrets);
}

static struct tls_place secrets_place = { .of = CRYPTO_EX_INDEX_SSL, .release = free_secrets };

static struct secrets *secrets_of(const SSL *ssl)
{
	struct secrets *s = SSL_get_ex_data(ssl, tls_place_number(&secrets_place));

	if (s || (s = calloc(1, sizeof(*s))) == NULL)
		return s;
	if (!SSL_set_ex_data((SSL *)ssl, tls_place_number(&secrets_place), s)) {
		free(s);
		return NULL;
	}
	return s;
}

static void on_line(const SSL *ssl, const char *line)
{
	const char *first = strchr(line, ' '), *last = strrchr(line, ' ');

	if (first == NULL)
		return;
	struct slice label = slice_make(line, (size_t)(first - line)), secret = slice_of(last + 1);

	for (size_t i = 0; i < COUNT_OF(labels); i++) {
		struct secrets *s = slice_is(label, labels[i]) && secret.len <= DIGITS_MAX ? secrets_of(ssl) : NULL;
		if (s == NULL)
			continue;
		memcpy(s->text[i], secret.ptr, secret.len);
		s->len[i] = (uint8_t)secret.len;
	}
}

void tls_keylog_enable(SSL_CTX *ctx)
{
	if (tls_keylog_on)
		SSL_CTX_set_keylog_callback(ctx, on_line);
}

struct slice tls_keylog_secret(const SSL *ssl, enum tls_secret which)
{
	const struct secrets *s = tls_keylog_on ? SSL_get_ex_data(ssl, tls_place_number(&secrets_place)) : NULL;

	return s && s->len[which] ? slice_make(s->text[which], s->len[which]) : slice_make(NULL, 0);
}
