/* SPDX-License-Identifier: Apache-2.0
 *
 * AES by OpenSSL: aes_gcm_enc, aes_gcm_dec(<bits>,<nonce>,<key>,<tag>[,<aad>]), aes_cbc_enc, aes_cbc_dec(<bits>,<nonce>,
 * <key>). Arguments are Base64, written here or in variables; the tag of what is encrypted goes into a variable, as
 * Base64. Bytes that do not fit their tag have no value. Any thread.
 */
#include <openssl/evp.h>
#include <stdio.h>

#include "base/base64.h"
#include "rule/boot.h"
#include "rule/operand.h"
#include "rule/vars.h"

#define TAG_LEN 16
#define TAG_LEN_MIN 12 /* a short tag would be compared in its length only; less is no authentication */
#define BLOCK_LEN 16

enum { BITS, NONCE, KEY, TAG, AAD };

static void cipher_free(void *cipher) { EVP_CIPHER_free(cipher); }

static bool check(struct args *a, const char *mode, struct strbuf *err)
{
	int64_t bits = a->v[BITS].num;
	EVP_CIPHER *cipher;
	char name[16];

	if (bits != 128 && bits != 192 && bits != 256) {
		strbuf_add_str(err, "the bits must be 128, 192 or 256");
		return false;
	}
	snprintf(name, sizeof(name), "AES-%d-%s", (int)bits, mode);
	cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	if (!cipher) {
		strbuf_addf(err, "OpenSSL has no cipher '%s'", name);
		return false;
	}
	boot_defer(cipher_free, cipher);
	a->priv = cipher;
	return operand_check_base64(&a->v[NONCE], err) && operand_check_base64(&a->v[KEY], err) &&
	       (a->v[AAD].type == ARG_NONE || operand_check_base64(&a->v[AAD], err));
}

static bool cbc_check(struct args *a, struct strbuf *err) { return check(a, "CBC", err); }
static bool gcm_enc_check(struct args *a, struct strbuf *err) { return check(a, "GCM", err); }

static bool gcm_dec_check(struct args *a, struct strbuf *err)
{
	return check(a, "GCM", err) && operand_check_base64(&a->v[TAG], err);
}

/* Cipher, key and nonce, and for GCM the bytes that are authenticated besides. */
static EVP_CIPHER_CTX *begin(const struct args *a, struct eval *ev, bool gcm, bool encrypt)
{
	struct slice nonce, key, aad = SLICE("");
	int n;

	if (!operand_get_base64(&a->v[NONCE], ev, &nonce) || !operand_get_base64(&a->v[KEY], ev, &key) ||
	    (a->v[AAD].type != ARG_NONE && !operand_get_base64(&a->v[AAD], ev, &aad)))
		return NULL;
	if (key.len != (size_t)a->v[BITS].num / 8 || (gcm ? nonce.len == 0 || nonce.len > 128 : nonce.len != BLOCK_LEN) ||
	    aad.len > INT32_MAX)
		return NULL;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	if (ctx && EVP_CipherInit_ex2(ctx, a->priv, NULL, NULL, encrypt, NULL) &&
	    (!gcm || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce.len, NULL) > 0) &&
	    EVP_CipherInit_ex2(ctx, NULL, (const unsigned char *)key.ptr, (const unsigned char *)nonce.ptr, encrypt, NULL) &&
	    (aad.len == 0 || EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)aad.ptr, (int)aad.len)))
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

/* The bytes through the cipher, into the arena. A tag is what they must fit, when it is not NULL. */
static bool run(EVP_CIPHER_CTX *ctx, struct eval *ev, const struct slice *tag, struct value *v)
{
	struct slice in = v->bytes;
	unsigned char *out = in.len <= INT32_MAX - BLOCK_LEN ? arena_alloc(ev->arena, in.len + BLOCK_LEN) : NULL;
	int n = 0, last = 0;

	if (out == NULL || (in.len && !EVP_CipherUpdate(ctx, out, &n, (const unsigned char *)in.ptr, (int)in.len)) ||
	    (tag && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)tag->len, (void *)tag->ptr) <= 0) ||
	    EVP_CipherFinal_ex(ctx, out + n, &last) <= 0)
		return false;
	*v = value_bin(slice_make(out, (size_t)(n + last)));
	return true;
}

static bool cbc(const struct args *a, struct eval *ev, bool encrypt, struct value *v)
{
	EVP_CIPHER_CTX *ctx = begin(a, ev, false, encrypt);
	bool ok = ctx && run(ctx, ev, NULL, v);

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static bool cbc_enc_convert(const struct args *a, struct eval *ev, struct value *v) { return cbc(a, ev, true, v); }
static bool cbc_dec_convert(const struct args *a, struct eval *ev, struct value *v) { return cbc(a, ev, false, v); }

static bool gcm_dec_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice tag;

	if (!operand_get_base64(&a->v[TAG], ev, &tag) || tag.len < TAG_LEN_MIN || tag.len > TAG_LEN)
		return false;
	EVP_CIPHER_CTX *ctx = begin(a, ev, true, false);
	bool ok = ctx && run(ctx, ev, &tag, v);
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static bool gcm_enc_convert(const struct args *a, struct eval *ev, struct value *v)
{
	EVP_CIPHER_CTX *ctx = begin(a, ev, true, true);
	char tag[TAG_LEN], text[BASE64_ENCODED_MAX(TAG_LEN)];
	bool ok = ctx && run(ctx, ev, NULL, v) && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag) > 0;

	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		return false;
	const struct value kept = value_str(slice_make(text, base64_encode(slice_make(tag, TAG_LEN), false, text)));
	return eval_var_set(ev, a->v[TAG].var, &kept);
}

CONVERTER(aes_gcm_enc) = { .keyword = "aes_gcm_enc", .usage = "aes_gcm_enc(<bits>,<nonce>,<key>,<var>[,<aad>])", .args = "issv;s",
	.in = VALUE_BIN, .out = VALUE_BIN, .check = gcm_enc_check, .convert = gcm_enc_convert };
CONVERTER(aes_gcm_dec) = { .keyword = "aes_gcm_dec", .usage = "aes_gcm_dec(<bits>,<nonce>,<key>,<tag>[,<aad>])", .args = "isss;s",
	.in = VALUE_BIN, .out = VALUE_BIN, .check = gcm_dec_check, .convert = gcm_dec_convert };
CONVERTER(aes_cbc_enc) = { .keyword = "aes_cbc_enc", .usage = "aes_cbc_enc(<bits>,<nonce>,<key>)", .args = "iss",
	.in = VALUE_BIN, .out = VALUE_BIN, .check = cbc_check, .convert = cbc_enc_convert };
CONVERTER(aes_cbc_dec) = { .keyword = "aes_cbc_dec", .usage = "aes_cbc_dec(<bits>,<nonce>,<key>)", .args = "iss",
	.in = VALUE_BIN, .out = VALUE_BIN, .check = cbc_check, .convert = cbc_dec_convert };
