/* SPDX-License-Identifier: Apache-2.0
 *
 * The Forwarded field (RFC 7239), strict: elements with their parameters, and nodes in their two halves. No blank
 * stands around ';' and '=', a parameter stands once in an element, and what is known has the form the RFC gives
 * it, without escapes. Slices borrow. Any thread.
 */
#ifndef USHER_WIRE_FORWARDED_H
#define USHER_WIRE_FORWARDED_H

#include "base/addr.h"

#define FORWARDED_PARAMS(X) X(FOR, "for") X(BY, "by") X(HOST, "host") X(PROTO, "proto")
enum forwarded_param {
#define X(id, name) FORWARDED_##id,
	FORWARDED_PARAMS(X)
#undef X
	FORWARDED_PARAM_COUNT
};

/* What one proxy said; without the quotes; ptr NULL: it did not. */
struct forwarded_element {
	struct slice params[FORWARDED_PARAM_COUNT];
};

enum forwarded_result { FORWARDED_END, FORWARDED_ELEMENT, FORWARDED_WRONG };
/* The next element of a value. Empty ones, as lists may have, are passed over. */
enum forwarded_result forwarded_next(struct slice *rest, struct forwarded_element *e);
/* The number of a parameter's name (any case), or FORWARDED_PARAM_COUNT. */
enum forwarded_param forwarded_param_of(struct slice name);

/* Splits a node, "192.0.2.1:80", "[2001:db8::1]", "unknown", "_hidden:_port". The name is without brackets; port.ptr is NULL
 * when there is none. False when it is no node. */
bool forwarded_node(struct slice node, struct slice *name, struct slice *port);
/* Writes an address as a node's name, IPv6 in brackets; returns the length; 0: it has none. out has ADDR_TEXT_MAX + 2 bytes. */
size_t forwarded_write_addr(const struct addr *a, char *out);
/* Writes an obfuscated name or port, "_text"; its underscore may be there already. 0: it cannot be one (letters, digits, "._-").
 * out has room for text.len + 1 bytes. */
size_t forwarded_write_hidden(struct slice text, char *out);

#endif
