/* SPDX-License-Identifier: Apache-2.0
 *
 * Global settings about TLS with clients: what bind lines do not say, sessions, ephemeral keys, limits. One thread: start-up only.
 */
#include <stddef.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "conn/tls_cert.h"
#include "conn/tls_server.h"
#include "proxy/global.h"
#include "proxy/tls_words.h"

#define TEXT(ident, word, argument, field) \
	KEYWORD(global_##ident) = { .keyword = word, .usage = word " " argument, .where = IN_GLOBAL, .type = SETTING_STR, \
		.offset = offsetof(struct global, field) }

TEXT(bind_ciphers, "ssl-default-bind-ciphers", "<ciphers>", tls_binds.ciphers);
TEXT(bind_ciphersuites, "ssl-default-bind-ciphersuites", "<ciphersuites>", tls_binds.ciphersuites);
TEXT(bind_curves, "ssl-default-bind-curves", "<curves>", tls_binds.curves);
TEXT(bind_sigalgs, "ssl-default-bind-sigalgs", "<algorithms>", tls_binds.sigalgs);
TEXT(bind_client_sigalgs, "ssl-default-bind-client-sigalgs", "<algorithms>", tls_binds.client_sigalgs);

static bool parse_options(struct conf_line *l, void *owner)
{
	return tls_words_parse_all(l, TLS_SERVER, &((struct global *)owner)->tls_binds);
}
KEYWORD(bind_options) = { .keyword = "ssl-default-bind-options", .usage = "ssl-default-bind-options <option> ...",
	.where = IN_GLOBAL, .parse = parse_options };

#define NUMBER(ident, word, field, least, most) \
	KEYWORD(global_##ident) = { .keyword = word, .usage = word " <number>", .where = IN_GLOBAL, .type = SETTING_INT, \
		.offset = offsetof(struct global, field), .min = least, .max = most }

NUMBER(cachesize, "tune.ssl.cachesize", tls.cache_size, 0, INT32_MAX);
NUMBER(default_dh_param, "tune.ssl.default-dh-param", tls.dh_bits, 2048, 16384);
NUMBER(maxsslconn, "maxsslconn", max_tls_conns, 0, INT32_MAX);
NUMBER(maxsslrate, "maxsslrate", max_rate[PROCESS_RATE_TLS], 0, INT32_MAX);

KEYWORD(force_private_cache) = { .keyword = "tune.ssl.force-private-cache", .usage = "tune.ssl.force-private-cache", .where = IN_GLOBAL,
	.no_effect = "there is one process, and its threads share the sessions" };

/* HAProxy's unit is the second. */
static bool parse_lifetime(struct conf_line *l, void *owner)
{
	int64_t seconds;
	uint32_t ms;
	uint64_t plain;
	const char *word = conf_peek(l);
	uint32_t *out = &((struct global *)owner)->tls.lifetime_s;

	if (word && slice_to_u64(slice_of(word), &plain)) {
		if (!conf_need_int(l, "seconds", 1, INT32_MAX, &seconds))
			return false;
		*out = (uint32_t)seconds;
		return true;
	}
	if (!conf_need_time(l, "a time", &ms))
		return false;
	*out = ms < 1000 ? 1 : ms / 1000;
	return true;
}
KEYWORD(lifetime) = { .keyword = "tune.ssl.lifetime", .usage = "tune.ssl.lifetime <time>", .where = IN_GLOBAL, .parse = parse_lifetime };

static bool parse_dh_file(struct conf_line *l, void *owner)
{
	const char *path = conf_need(l, "a file");
	struct strbuf err = STRBUF_EMPTY;
	EVP_PKEY *dh = path ? tls_read_dh(path, &err) : NULL;

	if (dh)
		((struct global *)owner)->tls.dh = dh;
	else if (path)
		conf_fail(l, "%s", err.ptr);
	strbuf_free(&err);
	return dh != NULL;
}
KEYWORD(dh_param_file) = { .keyword = "ssl-dh-param-file", .usage = "ssl-dh-param-file <file>", .where = IN_GLOBAL, .parse = parse_dh_file };

/* Files that stand beside certificates. */
static bool parse_extra_files(struct conf_line *l, void *owner)
{
	struct tls_extra_files extra = { true, true, true, true, true, tls_extra_files.cut_extension };
	const struct { const char *word; bool *off; } kinds[] = {
		{ "key", &extra.no_key }, { "issuer", &extra.no_issuer }, { "ocsp", &extra.no_response }, { "sctl", &extra.no_scts },
		{ "bundle", &extra.no_bundle },
	};
	const char *word = conf_peek(l);

	(void)owner;
	if (word == NULL)
		return conf_fail(l, "expected 'none', 'all', 'bundle', 'key', 'ocsp', 'sctl' or 'issuer'");
	while ((word = conf_take(l)) != NULL) {
		bool every = strcmp(word, "all") == 0, known = every || strcmp(word, "none") == 0;
		for (size_t i = 0; i < COUNT_OF(kinds); i++)
			if (every || strcmp(word, kinds[i].word) == 0) {
				*kinds[i].off = false;
				known = true;
			}
		if (!known)
			return conf_fail(l, "expected 'none', 'all', 'bundle', 'key', 'ocsp', 'sctl' or 'issuer'");
	}
	tls_extra_files = extra;
	return true;
}
KEYWORD(load_extra_files) = { .keyword = "ssl-load-extra-files", .usage = "ssl-load-extra-files {none | all | bundle | key | ocsp | sctl | "
	"issuer} ...", .where = IN_GLOBAL, .parse = parse_extra_files };

static bool parse_cut_extension(struct conf_line *l, void *owner)
{
	(void)owner;
	tls_extra_files.cut_extension = !l->no;
	return true;
}
KEYWORD(load_extra_del_ext) = { .keyword = "ssl-load-extra-del-ext", .usage = "ssl-load-extra-del-ext", .where = IN_GLOBAL,
	.parse = parse_cut_extension, .may_no = true };
