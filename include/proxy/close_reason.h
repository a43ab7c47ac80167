/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a connection ended: one table that yields the reason and the first character of the log's termination code
 * (manual 8.5).
 */
#ifndef USHER_PROXY_CLOSE_REASON_H
#define USHER_PROXY_CLOSE_REASON_H

/* X(enum, termination character) */
#define CLOSE_REASONS(X) \
	X(NONE, '-')               /* both sides ended normally */                              \
	X(CLIENT_ABORT, 'C')       /* the client aborted the connection */                      \
	X(CLIENT_TIMEOUT, 'c')     /* the client was silent too long */                         \
	X(SERVER_ABORT, 'S')       /* the server refused or aborted the connection */           \
	X(SERVER_TIMEOUT, 's')     /* the server was silent too long */                         \
	X(REFUSED, 'P')            /* a rule or limit of the configuration refused it */        \
	X(RESOURCE, 'R')           /* a resource ran out */                                     \
	X(INTERNAL, 'I')           /* an internal error */                                      \
	X(SERVER_DOWN, 'D')        /* the server went down */                                   \
	X(UP, 'U')                 /* it was on a backup server and an active one came back */ \
	X(KILLED, 'K')             /* an operator ended it */                                   \
	X(LOCAL, 'L')              /* usher itself answered */

enum close_reason {
#define X(id, code) CLOSE_##id,
	CLOSE_REASONS(X)
#undef X
	CLOSE_REASON_COUNT
};

char close_reason_code(enum close_reason r);

#endif
