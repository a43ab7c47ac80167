/* SPDX-License-Identifier: Apache-2.0
 *
 * set ssl ocsp-response, show ssl ocsp-response: what issuers say of our certificates, as it is sent along with them. Any
 * thread.
 */
#include <openssl/ocsp.h>
#include <stdlib.h>
#include "base/base64.h"
#include "certificates.h"
#include "conn/tls_staple.h"

bool payload_bytes(struct slice text, struct strbuf *out)
{
	struct strbuf digits = STRBUF_EMPTY;

	for (size_t i = 0; i < text.len; i++)
		if (strchr(" \t\r\n", text.ptr[i]) == NULL || text.ptr[i] == '\0')
			strbuf_add_byte(&digits, text.ptr[i]);
	char *bytes = malloc(BASE64_DECODED_MAX(digits.len) + 1);
	ptrdiff_t len = bytes && !digits.truncated ? base64_decode(strbuf_slice(&digits), false, bytes) : -1;
	if (len > 0)
		strbuf_add(out, bytes, (size_t)len);
	strbuf_free(&digits);
	free(bytes);
	return len > 0;
}

/* ---- set ---- */

static bool set_start(struct cli *c)
{
	struct slice text = c->payload.len ? c->payload : slice_of(c->arg_count ? c->args[0] : NULL);
	struct strbuf bytes = STRBUF_EMPTY, err = STRBUF_EMPTY;

	if (text.len == 0 || c->arg_count + (c->payload.len > 0) != 1)
		return cli_refuse(c, "'set ssl ocsp-response' expects response in base64 encoding.");
	if (!payload_bytes(text, &bytes))
		return cli_refuse(c, "'set ssl ocsp-response' received invalid base64 encoded response.");
	bool done = tls_staples_update(strbuf_slice(&bytes), &err);
	strbuf_free(&bytes);
	if (done)
		strbuf_add_str(&c->out, "OCSP Response updated!\n");
	else
		cli_refuse(c, "%s", err.ptr);
	strbuf_free(&err);
	return done;
}

COMMAND(set_ssl_ocsp_response) = {
	.keyword = "set ssl ocsp-response", .usage = "set ssl ocsp-response {<base64> | <payload>}",
	.text = "send this response along with the certificate it speaks of", .level = CLI_ADMIN, .start = set_start,
};

/* ---- show ---- */

static void add_hex(struct strbuf *out, const unsigned char *bytes, int len, const char *format)
{
	for (int i = 0; i < len; i++)
		strbuf_addf(out, format, bytes[i]);
}

void describe_staple_key(struct strbuf *out, const struct tls_staple *s)
{
	add_hex(out, s->id, s->id_len, "%02x");
}

static void add_octets(struct strbuf *out, const char *title, const ASN1_OCTET_STRING *s)
{
	strbuf_addf(out, "   %s: ", title);
	add_hex(out, ASN1_STRING_get0_data(s), ASN1_STRING_length(s), "%02X");
	strbuf_add_byte(out, '\n');
}

static void add_id(struct strbuf *out, const struct tls_staple *s)
{
	const unsigned char *at = s->id;
	OCSP_CERTID *id = d2i_OCSP_CERTID(NULL, &at, s->id_len);
	ASN1_OCTET_STRING *name = NULL, *key = NULL;
	ASN1_INTEGER *serial = NULL;

	if (id == NULL)
		return;
	OCSP_id_get0_info(&name, NULL, &key, &serial, id);
	strbuf_add_str(out, "Certificate ID key : ");
	describe_staple_key(out, s);
	strbuf_add_str(out, "\n Certificate ID:\n");
	add_octets(out, "Issuer Name Hash", name);
	add_octets(out, "Issuer Key Hash", key);
	strbuf_add_str(out, "   Serial Number: ");
	describe_serial(out, serial);
	strbuf_add_byte(out, '\n');
	OCSP_CERTID_free(id);
}

static bool is_same(const struct tls_staple *a, const struct tls_staple *b)
{
	return a->id_len == b->id_len && memcmp(a->id, b->id, (size_t)a->id_len) == 0;
}

/* Several files may hold one certificate. */
static bool came_before(const struct tls_staple *s)
{
	const struct tls_staple *other = tls_staples_first();

	while (other != s && !is_same(other, s))
		other = other->next;
	return other != s;
}

void describe_response(struct strbuf *out, const struct tls_staple *s)
{
	struct slice der = tls_staple_response(s);
	const unsigned char *at = (const unsigned char *)der.ptr;
	OCSP_RESPONSE *r = der.len ? d2i_OCSP_RESPONSE(NULL, &at, (long)der.len) : NULL;
	BIO *b = r ? BIO_new(BIO_s_mem()) : NULL;
	char *text;

	if (b && OCSP_RESPONSE_print(b, r, 0)) {
		long n = BIO_get_mem_data(b, &text);
		for (struct slice rest = slice_make(text, n > 0 ? (size_t)n : 0); rest.len;) {
			ptrdiff_t end = slice_find_byte(rest, '\n');
			struct slice line = end < 0 ? rest : slice_make(rest.ptr, (size_t)end);
			/* An empty line would end the answer. */
			strbuf_add_slice(out, line.len ? line : SLICE(" "));
			strbuf_add_byte(out, '\n');
			rest = slice_from(rest, line.len + (end >= 0));
		}
	}
	BIO_free(b);
	OCSP_RESPONSE_free(r);
}

static bool has_key(const struct tls_staple *s, const char *word)
{
	struct strbuf key = STRBUF_EMPTY;

	describe_staple_key(&key, s);
	bool yes = strcmp(key.ptr, word) == 0;
	strbuf_free(&key);
	return yes;
}

static bool show_start(struct cli *c)
{
	const char *word = c->arg_count ? c->args[0] : NULL;
	struct strbuf text = STRBUF_EMPTY;
	bool found = word == NULL;

	tls_staples_lock();
	if (word == NULL)
		strbuf_add_str(&text, "# Certificate IDs\n");
	for (struct tls_staple *s = tls_staples_first(); s; s = s->next)
		if (word == NULL && !came_before(s)) {
			add_id(&text, s);
		} else if (!found && has_key(s, word)) {
			found = true;
			describe_response(&text, s);
		}
	tls_staples_unlock();
	if (!found)
		return cli_refuse(c, "Certificate ID does not match any certificate.");
	return answer_start(c, &text);
}

COMMAND(show_ssl_ocsp_response) = {
	.keyword = "show ssl ocsp-response", .usage = "show ssl ocsp-response [<id>]",
	.text = "list whose responses are sent along, or show one", .level = CLI_OPERATOR,
	.start = show_start, .run = answer_run, .end = answer_end,
};
