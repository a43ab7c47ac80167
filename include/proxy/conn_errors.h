/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a connection failed, by HAProxy's numbers, names and words (manual, fc_err_str); usher's own numbers begin at 200.
 */
#ifndef USHER_PROXY_CONN_ERRORS_H
#define USHER_PROXY_CONN_ERRORS_H

/* X(enum, number, name, text): those that come up here. */
#define CONN_ERRORS(X)                                                                                    \
	X(NONE, 0, "", "Success")                                                                         \
	X(PROCESS_FDS, 2, "PROC_FDLIM", "Too many sockets on the process")                                \
	X(SYSTEM_FDS, 3, "SYS_FDLIM", "Too many sockets on the system")                                   \
	X(MEMORY, 4, "SYS_MEMLIM", "Out of system buffers")                                               \
	X(PROTOCOL, 5, "NOPROTO", "Protocol or address family not supported")                             \
	X(SOCKET, 6, "SOCK_ERR", "General socket error")                                                  \
	X(PORTS, 9, "FREE_PORTS", "Out of local source ports on the system")                              \
	X(IN_USE, 10, "ADDR_INUSE", "Local source address already in use")                                \
	X(PP_TIMEOUT, 13, "PRX_TIMEOUT", "Timeout while waiting for PROXY protocol header")               \
	X(PP_TRUNCATED, 14, "PRX_TRUNCATED", "Truncated PROXY protocol header received")                  \
	X(PP_MISSING, 15, "PRX_NOT_HDR", "Received something which does not look like a PROXY protocol header") \
	X(PP_INVALID, 16, "PRX_BAD_HDR", "Received an invalid PROXY protocol header")                     \
	X(PP_UNHANDLED, 17, "PRX_BAD_PROTO", "Received an unhandled protocol in the PROXY protocol header") \
	X(TLS_CLOSED, 24, "SSL_EMPTY", "Connection closed during SSL handshake")                          \
	X(TLS_BROKEN, 25, "SSL_ABORT", "Connection error during SSL handshake")                           \
	X(TLS_TIMEOUT, 26, "SSL_TIMEOUT", "Timeout during SSL handshake")                                 \
	X(TLS_LIMIT, 27, "SSL_TOO_MANY", "Too many SSL connections")                                      \
	X(TLS_MEMORY, 28, "SSL_NO_MEM", "Out of memory when initializing an SSL connection")              \
	X(TLS_CA, 30, "SSL_CA_FAIL", "SSL client CA chain cannot be verified")                            \
	X(TLS_LEAF, 31, "SSL_CRT_FAIL", "SSL client certificate not trusted")                             \
	X(TLS_NOT_CONFIGURED, 32, "SSL_MISMATCH", "Server presented an SSL certificate different from the configured one") \
	X(TLS_NOT_EXPECTED, 33, "SSL_MISMATCH_SNI", "Server presented an SSL certificate different from the expected one") \
	X(TLS_HANDSHAKE, 34, "SSL_HANDSHAKE", "SSL handshake failure")                                    \
	X(REFUSED, 46, "EREFUSED", "ECONNREFUSED returned by OS")                                         \
	X(RESET, 47, "ERESET", "ECONNRESET returned by OS")                                               \
	X(UNREACHABLE, 48, "EUNREACH", "ENETUNREACH returned by OS")                                      \
	X(PP_REJECTED, 200, "PRX_REJECTED", "Rejected by the proxy-policy")

enum conn_error {
#define X(id, number, name, text) CONN_ERROR_##id = number,
	CONN_ERRORS(X)
#undef X
};

/* Name and words of a number; of one that is not there: "". */
const char *conn_error_name(unsigned number);
const char *conn_error_text(unsigned number);
/* The number of an errno; 0 only for 0. */
enum conn_error conn_error_number(int error);

#endif
