/* SPDX-License-Identifier: Apache-2.0
 *
 * A certificate as text and bytes. Whose it is does not matter, and nothing in it is believed: names may hold any byte,
 * and who writes them to a log or a header escapes them. Results come from the arena, or are OpenSSL's and live as
 * long as the certificate; a NULL pointer: the certificate has no such thing, or memory is out. Any thread.
 */
#ifndef USHER_CONN_X509_H
#define USHER_CONN_X509_H

#include <openssl/types.h>
#include "base/arena.h"

struct stack_st_X509; /* OpenSSL's list of certificates */

/* The whole of it, and of all in a list one behind the other. */
struct slice x509_der(X509 *cert, struct arena *a);
struct slice x509_list_der(const struct stack_st_X509 *list, struct arena *a);
int x509_version(X509 *cert);         /* 3 */
struct slice x509_serial(X509 *cert); /* the number's bytes, the most significant first */
struct slice x509_sha1(X509 *cert, struct arena *a);
struct slice x509_key_algorithm(X509 *cert);       /* "rsaEncryption", "id-ecPublicKey" */
struct slice x509_key_name(X509 *cert, struct arena *a); /* "RSA2048", "EC256"; of a key without a size: "ED25519" */
struct slice x509_signature_algorithm(X509 *cert); /* "RSA-SHA256", "ecdsa-with-SHA256" */

enum x509_whose { X509_SUBJECT, X509_ISSUER };
/* "/C=DE/O=Tests/CN=alice": every entry in its order, its value as UTF-8. */
struct slice x509_name(X509 *cert, enum x509_whose whose, struct arena *a);
/* "CN=alice,O=Tests,C=DE": RFC 2253, which escapes. */
struct slice x509_name_rfc2253(X509 *cert, enum x509_whose whose, struct arena *a);
/* The value of the nth entry with this short name or dotted number, in letters of any case: from 1 (0 is 1), or from the
 * end: -1 is the last. Borrowed from the certificate, or where it is not UTF-8 there in the arena. */
struct slice x509_name_entry(X509 *cert, enum x509_whose whose, struct slice entry, int64_t nth, struct arena *a);

enum x509_date { X509_NOT_BEFORE, X509_NOT_AFTER };
/* "261121203000Z": year, month, day, hour, minute, second; of a year before 2000 or from 2100 on all four digits. */
struct slice x509_date(X509 *cert, enum x509_date which, struct arena *a);

#endif
