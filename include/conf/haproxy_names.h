/* SPDX-License-Identifier: Apache-2.0
 *
 * The names HAProxy gives to things, whether usher has them or not: what lets a refusal tell a
 * keyword that is not here yet from a typing slip, and say what to use instead. Constants; any thread.
 */
#ifndef USHER_CONF_HAPROXY_NAMES_H
#define USHER_CONF_HAPROXY_NAMES_H

#include <stdbool.h>
#include "base/slice.h"

enum haproxy_kind {
	HAPROXY_SECTION,   /* "peers" */
	HAPROXY_GLOBAL,    /* a keyword of `global` */
	HAPROXY_PROXY,     /* of defaults, frontend, listen, backend; words joined by blanks: "option httplog", "http-request deny" */
	HAPROXY_BIND,      /* a word of a bind line */
	HAPROXY_SERVER,    /* a word of a server line */
	HAPROXY_ACTION,    /* what a rule does: "set-header"; without a name or number in parentheses */
	HAPROXY_FETCH,
	HAPROXY_CONVERTER,
	HAPROXY_ALIAS,     /* of log-format: "%ci" */
	HAPROXY_SERVICE,   /* behind use-service: "prometheus-exporter" */
	HAPROXY_COMMAND,   /* of the runtime socket: "show table" */
};

bool haproxy_has_name(enum haproxy_kind kind, struct slice name);
/* What to use instead of a name that usher lacks, to stand behind the words that say so: ": use 'timeout client'"; "" when
 * nothing is known. It stands until this thread's next call. */
const char *haproxy_instead(enum haproxy_kind kind, struct slice name);
/* Only earlier versions of HAProxy have this keyword; haproxy_instead() is then "gone since ...", to stand
 * behind "is". */
bool haproxy_gave_up(enum haproxy_kind kind, struct slice name);

#endif
