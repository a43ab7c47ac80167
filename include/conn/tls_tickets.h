/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys under which sessions are handed to clients (session tickets). Those of a file stay as it says; the
 * process's own are drawn at random and renewed every few hours, so that nobody who takes them later reads what was said long
 * before. A ring is immutable and swapped whole (core/epoch). Any thread.
 */
#ifndef USHER_CONN_TLS_TICKETS_H
#define USHER_CONN_TLS_TICKETS_H

#include <openssl/types.h>
#include "base/strbuf.h"

struct tls_tickets;

/* The process's own; made at the first call. */
struct tls_tickets *tls_tickets_own(void);
/* Those of a file, read at its first mention: lines of base64, 48 bytes each (AES-128) or 80 (AES-256). The last three count:
 * all open tickets, the middle one seals them. NULL with the reason in err. Start-up only. */
struct tls_tickets *tls_tickets_of_file(const char *path, struct strbuf *err);
/* The nth of those of files, from 0 in the order of their first mention; NULL: there are not so many. And its path. */
struct tls_tickets *tls_tickets_nth(unsigned n);
const char *tls_tickets_path(const struct tls_tickets *t);
/* The keys as lines of a file have them, the oldest first, `before` and their number from 0 and a blank before each. Secret. */
void tls_tickets_write(struct tls_tickets *t, const char *before, struct strbuf *out);
/* A key more, as a line of a file has it: the oldest one goes. False with the reason in err. */
bool tls_tickets_add(struct tls_tickets *t, struct slice base64, struct strbuf *err);
/* Whoever began with this context gets and shows tickets of these keys. */
void tls_tickets_use(SSL_CTX *ctx, struct tls_tickets *t);
/* A key of the process's own is renewed when it is this old (tests; the default is three hours). */
extern uint64_t tls_tickets_renew_ms;

/* The process's own for a successor, one line, secret; nothing when nobody uses them. And taking over what a predecessor wrote,
 * its newline taken off; false: it is none. */
void tls_tickets_save(struct strbuf *out);
bool tls_tickets_load(struct slice line);

#endif
