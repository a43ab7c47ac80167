/* SPDX-License-Identifier: Apache-2.0
 *
 * The words that both sides have; see tls_words.h.
 */
#include "proxy/tls_words.h"

#include <openssl/ssl.h>
#include <string.h>
#include "base/assert.h"
#include "conn/tls_client.h"
#include "conn/tls_trust.h"
#include "proxy/global.h"

static const struct {
	const char *name; /* behind ssl-min-ver */
	const char *off, *force;
	int version;
} versions[] = {
	{ "SSLv3", "no-sslv3", "force-sslv3", SSL3_VERSION },
	{ "TLSv1.0", "no-tlsv10", "force-tlsv10", TLS1_VERSION },
	{ "TLSv1.1", "no-tlsv11", "force-tlsv11", TLS1_1_VERSION },
	{ "TLSv1.2", "no-tlsv12", "force-tlsv12", TLS1_2_VERSION },
	{ "TLSv1.3", "no-tlsv13", "force-tlsv13", TLS1_3_VERSION },
};

static bool take_version(struct conf_line *l, int *version)
{
	const char *word = conf_need(l, "a version: TLSv1.2 or TLSv1.3");

	for (size_t i = 0; word && i < COUNT_OF(versions); i++) {
		if (strcmp(word, versions[i].name) == 0) {
			*version = versions[i].version;
			return true;
		}
	}
	return word ? conf_fail(l, "'%s' is no version; expected SSLv3, TLSv1.0, TLSv1.1, TLSv1.2 or TLSv1.3", word) : false;
}

static bool is_known(const char *word)
{
	static const char *const others[] = { "ssl-min-ver", "ssl-max-ver", "no-tls-tickets", "tls-tickets" };

	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (strcmp(word, others[i]) == 0)
			return true;
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (strcmp(word, versions[i].off) == 0 || strcmp(word, versions[i].force) == 0)
			return true;
	return false;
}

bool tls_word_parse(struct conf_line *l, struct tls_settings *set)
{
	const char *word = l->words[l->at - 1];

	if (strcmp(word, "ssl-min-ver") == 0)
		return take_version(l, &set->min_version);
	if (strcmp(word, "ssl-max-ver") == 0)
		return take_version(l, &set->max_version);
	if (strcmp(word, "no-tls-tickets") == 0 || strcmp(word, "tls-tickets") == 0) {
		set->no_tickets = word[0] == 'n';
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		if (strcmp(word, versions[i].off) == 0)
			set->versions_off |= TLS_VERSION_BIT(versions[i].version);
		else if (strcmp(word, versions[i].force) == 0)
			set->min_version = set->max_version = versions[i].version;
	}
	return true;
}

bool tls_words_parse_all(struct conf_line *l, enum tls_side side, struct tls_settings *set)
{
	const char *word;

	if (conf_peek(l) == NULL)
		return conf_fail(l, "expected options such as 'ssl-min-ver TLSv1.2'");
	while ((word = conf_take(l)) != NULL) {
		if (side == TLS_SERVER && strcmp(word, "prefer-client-ciphers") == 0) {
			set->prefer_client_ciphers = true;
			continue;
		}
		if (!is_known(word))
			return conf_fail(l, "'%s' is no option here; expected ssl-min-ver, ssl-max-ver, no-tlsv10 to no-tlsv13, force-tlsv10 to "
				"force-tlsv13, or no-tls-tickets", word);
		if (!tls_word_parse(l, set))
			return false;
	}
	return true;
}

bool tls_take_alpn(struct conf_line *l, const char **out)
{
	const char *names = conf_need(l, "names of protocols");
	struct strbuf wire = STRBUF_EMPTY;
	bool ok = names && tls_alpn_compose(names, &wire);

	strbuf_free(&wire);
	if (ok)
		*out = names;
	return ok || (names && conf_fail(l, "expected names of 1 to 255 bytes with commas between: http/1.1"));
}

const char *tls_alpn_spoken(const char *names, struct strbuf *memory)
{
	for (struct slice rest = slice_of(names);;) {
		ptrdiff_t comma = slice_find_byte(rest, ',');
		struct slice name = comma < 0 ? rest : slice_make(rest.ptr, (size_t)comma);
		if (!slice_is(name, "h2"))
			strbuf_addf(memory, "%s%.*s", memory->len ? "," : "", SLICE_FMT(name));
		if (comma < 0)
			return memory->len ? memory->ptr : NULL;
		rest = slice_from(rest, (size_t)comma + 1);
	}
}

bool tls_take_name(struct conf_line *l, const char **name)
{
	const char *word = conf_need(l, "a name");
	char clean[TLS_NAME_MAX + 1];

	if (word == NULL)
		return false;
	if (tls_client_name_clean(slice_of(word), clean) <= 0)
		return conf_fail(l, "'%s' can be no host's name", word);
	*name = word;
	return true;
}

static void inherit(const char **text, const char *from)
{
	if (*text == NULL)
		*text = from;
}

void tls_settings_inherit(struct tls_settings *set, const struct tls_settings *defaults)
{
	bool forced = set->min_version && set->min_version == set->max_version;

	if (set->min_version == 0)
		set->min_version = defaults->min_version;
	if (set->max_version == 0)
		set->max_version = defaults->max_version;
	if (!forced)
		set->versions_off |= defaults->versions_off;
	set->no_tickets |= defaults->no_tickets;
	set->prefer_client_ciphers |= defaults->prefer_client_ciphers;
	if (set->verify == TLS_VERIFY_DEFAULT)
		set->verify = defaults->verify;
	inherit(&set->ciphers, defaults->ciphers);
	inherit(&set->ciphersuites, defaults->ciphersuites);
	inherit(&set->curves, defaults->curves);
	inherit(&set->sigalgs, defaults->sigalgs);
	inherit(&set->client_sigalgs, defaults->client_sigalgs);
}

void tls_read_authorities(const char *path, bool is_crl)
{
	struct strbuf joined = STRBUF_EMPTY, err = STRBUF_EMPTY;

	tls_trust_read(tls_path(global.ca_base, path, &joined), is_crl, &err);
	strbuf_free(&joined);
	strbuf_free(&err);
}

const char *tls_path(const char *base, const char *path, struct strbuf *memory)
{
	if (base == NULL || path == NULL || path[0] == '/' || path[0] == '@')
		return path;
	strbuf_addf(memory, "%s/%s", base, path);
	return memory->ptr;
}
