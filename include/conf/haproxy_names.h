/* SPDX-License-Identifier: Apache-2.0
 *
 * The names HAProxy gives to things, whether usher has them or not: what lets a refusal tell a
 * keyword that is not here yet from a typing slip. Constants; any thread.
 */
#ifndef USHER_CONF_HAPROXY_NAMES_H
#define USHER_CONF_HAPROXY_NAMES_H

#include <stdbool.h>

enum haproxy_kind {
	HAPROXY_SECTION,   /* "peers" */
	HAPROXY_GLOBAL,    /* a keyword of `global` */
	HAPROXY_PROXY,     /* of defaults, frontend, listen, backend; words joined by blanks: "option httplog" */
	HAPROXY_BIND,      /* a word of a bind line */
	HAPROXY_SERVER,    /* a word of a server line */
	HAPROXY_ACTION,    /* what a rule does: "set-header"; without a name or number in parentheses */
	HAPROXY_FETCH,
	HAPROXY_CONVERTER,
	HAPROXY_COMMAND,   /* of the runtime socket: "show table" */
};

bool haproxy_has_name(enum haproxy_kind kind, const char *name);
bool haproxy_has_section(const char *name);
/* What became of a keyword that only earlier versions of HAProxy have, to stand behind its name; NULL: it is none. */
const char *haproxy_gone_name(enum haproxy_kind kind, const char *name);

#endif
