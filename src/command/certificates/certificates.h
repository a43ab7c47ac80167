/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands on certificates share. One thread, but for what its lock guards.
 */
#ifndef USHER_COMMAND_CERTIFICATES_H
#define USHER_COMMAND_CERTIFICATES_H

#include <openssl/types.h>
#include "proxy/command.h"

/* The lines "Serial: ..." to "Issuer: ..." of a certificate. */
void describe_certificate(struct strbuf *out, X509 *x);
/* "/O=Example/CN=www", control bytes escaped. */
void describe_name(struct strbuf *out, const X509_NAME *name);
/* "3D7F352F", in whole bytes. */
void describe_serial(struct strbuf *out, const ASN1_INTEGER *serial);
/* "Nov 21 21:53:18 2026 GMT" */
void describe_time(struct strbuf *out, const ASN1_TIME *at);

struct tls_staple;
/* The number a response goes by, in hexadecimal digits. */
void describe_staple_key(struct strbuf *out, const struct tls_staple *s);
/* What a response says, in OpenSSL's words; nothing without one. Under the lock of staples. */
void describe_response(struct strbuf *out, const struct tls_staple *s);
/* The bytes of base64 in words and lines. False: it is none, or nothing. */
bool payload_bytes(struct slice text, struct strbuf *out);

/* An answer that is there whole and leaves in pieces: for start(), run() and end() of a command. The text is taken over. */
bool answer_start(struct cli *c, struct strbuf *text);
enum command_result answer_run(struct cli *c);
void answer_end(struct cli *c);

/* Adds the lines, sorted, behind `title`; without one the title is left out. Frees them. */
void add_sorted(struct strbuf *out, const char *title, char **lines, size_t n);

#endif
