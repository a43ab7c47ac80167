/* SPDX-License-Identifier: Apache-2.0
 *
 * Words about TLS that bind lines, server lines and the lists of global defaults have in common: versions,
 * tickets, ALPN; and where relative paths of certificates begin. One thread: start-up, and orders that read words.
 */
#ifndef USHER_PROXY_TLS_WORDS_H
#define USHER_PROXY_TLS_WORDS_H

#include "conf/line.h"
#include "conn/tls_context.h"

/* The word just taken is one of these: ssl-min-ver, ssl-max-ver, no-sslv3, no-tlsv1x, force-sslv3, force-tlsv1x,
 * no-tls-tickets, tls-tickets. Takes its argument; false after conf_fail(). */
bool tls_word_parse(struct conf_line *l, struct tls_settings *set);
/* All words of `ssl-default-*-options`; false after conf_fail(). */
bool tls_words_parse_all(struct conf_line *l, enum tls_side side, struct tls_settings *set);
/* The next word is a list of protocols, with commas between; false after conf_fail(). */
bool tls_take_alpn(struct conf_line *l, const char **names);
/* Those of these protocols that the engine speaks with servers: all but h2. In *memory; NULL: none. */
const char *tls_alpn_spoken(const char *names, struct strbuf *memory);
/* The next word is a host's name or address to be asked for; false after conf_fail(). */
bool tls_take_name(struct conf_line *l, const char **name);
/* What a line did not say is as the global defaults say. */
void tls_settings_inherit(struct tls_settings *set, const struct tls_settings *defaults);
/* A line names this file of authorities or revocation lists: it is read now, where its paths begin (default-path), for who wants it when all
 * lines are there. What is wrong with it is said then. */
void tls_read_authorities(const char *path, bool is_crl);
/* A path as it is opened: relative ones begin at `base` (NULL: the working directory). `path` itself, or in *memory. */
const char *tls_path(const char *base, const char *path, struct strbuf *memory);

#endif
