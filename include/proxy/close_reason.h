/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a connection ended: one table that yields the first character of the log's termination
 * code (manual 8.5), the name in counters and on the runtime socket, and the words.
 */
#ifndef USHER_PROXY_CLOSE_REASON_H
#define USHER_PROXY_CLOSE_REASON_H

/* X(enum, termination character, name, text) */
#define CLOSE_REASONS(X)                                                                         \
	X(NONE, '-', "normal", "both sides ended normally")                                      \
	X(CLIENT_ABORT, 'C', "client-abort", "the client aborted the connection")                \
	X(CLIENT_TIMEOUT, 'c', "client-timeout", "the client was silent too long")               \
	X(SERVER_ABORT, 'S', "server-abort", "the server refused or aborted the connection")     \
	X(SERVER_TIMEOUT, 's', "server-timeout", "the server was silent too long")               \
	X(REFUSED, 'P', "refused", "a rule or limit of the configuration refused it")            \
	X(RESOURCE, 'R', "resource", "a resource ran out")                                       \
	X(INTERNAL, 'I', "internal", "an internal error")                                        \
	X(SERVER_DOWN, 'D', "server-down", "the server went down")                               \
	X(KILLED, 'K', "killed", "an operator ended it")                                         \
	X(LOCAL, 'L', "local", "usher itself answered")

enum close_reason {
#define X(id, code, name, text) CLOSE_##id,
	CLOSE_REASONS(X)
#undef X
	CLOSE_REASON_COUNT
};

/* The log's first termination character, the short name, the words. */
char close_reason_code(enum close_reason r);
const char *close_reason_name(enum close_reason r);
const char *close_reason_text(enum close_reason r);

#endif
