/* SPDX-License-Identifier: Apache-2.0
 *
 * Digests by OpenSSL: sha1, sha2([<bits>]), digest(<algorithm>), hmac(<algorithm>,<key>). Algorithms
 * are fetched once, when the configuration is read; the key is base64, constant or in a variable.
 * Any thread.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "rule/boot.h"
#include "rule/operand.h"

static void md_free(void *md) { EVP_MD_free(md); }

/* Fetches by name into a->priv. */
static bool digest_fetch(struct args *a, const char *name, struct strbuf *err)
{
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);

	if (!md) {
		strbuf_addf(err, "OpenSSL has no digest '%s'", name);
		return false;
	}
	boot_defer(md_free, md);
	a->priv = md;
	return true;
}

static bool sha1_check(struct args *a, struct strbuf *err) { return digest_fetch(a, "SHA1", err); }

static bool sha2_check(struct args *a, struct strbuf *err)
{
	int64_t bits = a->v[0].type == ARG_INT ? a->v[0].num : 256;
	char name[16];

	if (bits != 224 && bits != 256 && bits != 384 && bits != 512) {
		strbuf_add_str(err, "the bits must be 224, 256, 384 or 512");
		return false;
	}
	snprintf(name, sizeof(name), "SHA%d", (int)bits);
	return digest_fetch(a, name, err);
}

static bool digest_check(struct args *a, struct strbuf *err) { return digest_fetch(a, a->v[0].str.ptr, err); }

static bool digest_convert(const struct args *a, struct eval *ev, struct value *v)
{
	unsigned char *out = arena_alloc(ev->arena, EVP_MAX_MD_SIZE);
	unsigned int n;

	if (!out || !EVP_Digest(v->bytes.ptr, v->bytes.len, out, &n, a->priv, NULL))
		return false;
	*v = value_bin(slice_make(out, n));
	return true;
}

static bool hmac_check(struct args *a, struct strbuf *err)
{
	return digest_fetch(a, a->v[0].str.ptr, err) && operand_check_base64(&a->v[1], err);
}

static bool hmac_convert(const struct args *a, struct eval *ev, struct value *v)
{
	unsigned char *out = arena_alloc(ev->arena, EVP_MAX_MD_SIZE);
	struct slice key;
	unsigned int n;

	if (!out || !operand_get_base64(&a->v[1], ev, &key) || key.len > INT32_MAX)
		return false;
	if (!HMAC(a->priv, key.ptr, (int)key.len, (const unsigned char *)v->bytes.ptr, v->bytes.len, out, &n))
		return false;
	*v = value_bin(slice_make(out, n));
	return true;
}

CONVERTER(sha1) = { .keyword = "sha1", .usage = "sha1", .in = VALUE_BIN, .out = VALUE_BIN, .check = sha1_check,
	.convert = digest_convert };
CONVERTER(sha2) = { .keyword = "sha2", .usage = "sha2([<bits>])", .args = ";i", .in = VALUE_BIN, .out = VALUE_BIN,
	.check = sha2_check, .convert = digest_convert };
CONVERTER(digest) = { .keyword = "digest", .usage = "digest(<algorithm>)", .args = "s", .in = VALUE_BIN,
	.out = VALUE_BIN, .check = digest_check, .convert = digest_convert };
CONVERTER(hmac) = { .keyword = "hmac", .usage = "hmac(<algorithm>,<key>)", .args = "ss", .in = VALUE_BIN,
	.out = VALUE_BIN, .check = hmac_check, .convert = hmac_convert };
