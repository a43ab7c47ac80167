/* SPDX-License-Identifier: Apache-2.0
 *
 * aes_gcm_dec(<bits>,<nonce>,<key>,<tag>): decrypts by OpenSSL's AES-GCM. Nonce, key and tag are
 * Base64, written here or in variables; bytes that do not fit their tag have no value. Any thread.
 */
#include <openssl/evp.h>
#include <stdio.h>

#include "rule/boot.h"
#include "rule/operand.h"

static void cipher_free(void *cipher) { EVP_CIPHER_free(cipher); }

static bool aes_gcm_check(struct args *a, struct strbuf *err)
{
	int64_t bits = a->v[0].num;
	EVP_CIPHER *cipher;
	char name[16];

	if (bits != 128 && bits != 192 && bits != 256) {
		strbuf_add_str(err, "the bits must be 128, 192 or 256");
		return false;
	}
	snprintf(name, sizeof(name), "AES-%d-GCM", (int)bits);
	cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	if (!cipher) {
		strbuf_addf(err, "OpenSSL has no cipher '%s'", name);
		return false;
	}
	boot_defer(cipher_free, cipher);
	a->priv = cipher;
	return operand_check_base64(&a->v[1], err) && operand_check_base64(&a->v[2], err) &&
	       operand_check_base64(&a->v[3], err);
}

static bool gcm_decrypt(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, struct slice nonce, struct slice key,
	struct slice tag, struct slice in, unsigned char *out)
{
	int n, last;

	return EVP_DecryptInit_ex2(ctx, cipher, NULL, NULL, NULL) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce.len, NULL) > 0 &&
	       EVP_DecryptInit_ex2(ctx, NULL, (const unsigned char *)key.ptr, (const unsigned char *)nonce.ptr, NULL) &&
	       EVP_DecryptUpdate(ctx, out, &n, (const unsigned char *)in.ptr, (int)in.len) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)tag.len, (void *)tag.ptr) > 0 &&
	       EVP_DecryptFinal_ex(ctx, out + n, &last) > 0;
}

static bool aes_gcm_dec_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice nonce, key, tag;
	EVP_CIPHER_CTX *ctx;
	unsigned char *out;
	bool ok;

	if (!operand_get_base64(&a->v[1], ev, &nonce) || !operand_get_base64(&a->v[2], ev, &key) ||
	    !operand_get_base64(&a->v[3], ev, &tag))
		return false;
	/* A short tag would be compared in its length only; less than 12 bytes is no authentication. */
	if (nonce.len == 0 || nonce.len > 128 || key.len != (size_t)a->v[0].num / 8 || tag.len < 12 || tag.len > 16 ||
	    v->bytes.len > INT32_MAX)
		return false;
	out = arena_alloc(ev->arena, v->bytes.len + 16);
	ctx = out ? EVP_CIPHER_CTX_new() : NULL;
	ok = ctx && gcm_decrypt(ctx, a->priv, nonce, key, tag, v->bytes, out);
	EVP_CIPHER_CTX_free(ctx);
	if (ok)
		*v = value_bin(slice_make(out, v->bytes.len));
	return ok;
}

CONVERTER(aes_gcm_dec) = { .keyword = "aes_gcm_dec", .usage = "aes_gcm_dec(<bits>,<nonce>,<key>,<tag>)", .args = "isss",
	.in = VALUE_BIN, .out = VALUE_BIN, .check = aes_gcm_check, .convert = aes_gcm_dec_convert };
