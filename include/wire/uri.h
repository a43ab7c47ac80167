/* SPDX-License-Identifier: Apache-2.0
 *
 * Request targets (RFC 9112 section 3.2, RFC 3986): their parts, percent encoding, the parameters of a query, and
 * the normal forms of `normalize-uri`. Slices borrow from the target. Pure: any thread.
 */
#ifndef USHER_WIRE_URI_H
#define USHER_WIRE_URI_H

#include <sys/types.h>
#include "base/slice.h"

/* The parts of a target of any form. Absent ones are empty. */
struct uri {
	struct slice scheme;    /* absolute form, without "://" */
	struct slice authority; /* absolute and authority form: host and port */
	struct slice path;      /* from the first slash to before the '?'; a fragment that was let in belongs to it */
	struct slice query;     /* behind the first '?' */
	struct slice pathq;     /* both, with the '?'; of an absolute form without a path: empty, or from the '?' on */
	bool has_query;         /* a '?' stands there, even with nothing behind it */
};

void uri_split(struct slice target, struct uri *u);

/* Takes percent encoding out, and '+' for a blank when `plus`. out has room for in.len bytes and may be in.ptr. Returns
 * the length, or -1 when a '%' is not followed by two hexadecimal digits. */
ssize_t uri_decode(struct slice in, bool plus, char *out);

/* Where the parameters of a target begin: behind the first delim ('?' usually). False when there is none. */
bool uri_params(struct slice target, char delim, struct slice *rest);
/* The next parameter of rest, "name=value", both as received; they end at '&', ';' or delim. What has no '=' is passed
 * over. False at the end. */
bool uri_param_next(struct slice *rest, char delim, struct slice *name, struct slice *value);
/* The next pair of a form or a query, "a=1&b&c=": what has no '=' has an empty value. As received. False at the end. */
bool uri_pair_next(struct slice *rest, struct slice *name, struct slice *value);

/* Each way to a normal form: X(enum, name, the word of its option or NULL). */
#define URI_NORMALISERS(X)                                             \
	X(FRAGMENT_ENCODE, "fragment-encode", NULL)                    \
	X(FRAGMENT_STRIP, "fragment-strip", NULL)                      \
	X(PATH_MERGE_SLASHES, "path-merge-slashes", NULL)              \
	X(PATH_STRIP_DOT, "path-strip-dot", NULL)                      \
	X(PATH_STRIP_DOTDOT, "path-strip-dotdot", "full")              \
	X(PERCENT_DECODE, "percent-decode-unreserved", "strict")       \
	X(PERCENT_UPPER, "percent-to-uppercase", "strict")             \
	X(QUERY_SORT, "query-sort-by-name", NULL)
enum uri_normaliser {
#define X(id, name, option) URI_##id,
	URI_NORMALISERS(X)
#undef X
	URI_NORMALISER_COUNT
};
const char *uri_normaliser_name(enum uri_normaliser how);
const char *uri_normaliser_option(enum uri_normaliser how);
#define URI_PARAMS_MAX 1024 /* that QUERY_SORT will sort */
/* Writes the whole target anew, scheme and authority unchanged. `option`: full or strict, where there is such a word.
 * out has room for target.len bytes (FRAGMENT_ENCODE: 3 * target.len) and is not the target. Returns the length; -1 when
 * a strict form meets a broken escape, or a query has too many parameters. */
ssize_t uri_normalise(enum uri_normaliser how, bool option, struct slice target, char *out);

#endif
