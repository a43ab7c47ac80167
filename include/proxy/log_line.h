/* SPDX-License-Identifier: Apache-2.0
 *
 * Log lines of streams and sessions: which line is written when, at which level, and the numbers
 * that log-format's aliases show. The aliases are leaves; sending is core/log; what is said of
 * proxies and servers is notice.h. One thread per stream; nothing here waits.
 */
#ifndef USHER_PROXY_LOG_LINE_H
#define USHER_PROXY_LOG_LINE_H

#include "core/log.h"
#include "proxy/log_profile.h"
#include "proxy/stream.h"

/* `option tcplog` */
#define LOG_TCP_FORMAT "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq"

/* `option httplog`, and with `clf` */
#define LOG_HTTP_FORMAT \
	"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
#define LOG_CLF_FORMAT \
	"%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq " \
	"%bq %CC %CS %hrl %hsl"
/* `option httpslog` */
#define LOG_HTTPS_FORMAT \
	LOG_HTTP_FORMAT " %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc"

/* As proxy.log_wants_link, of every proxy: formats of log profiles belong to none. Frozen after boot. */
extern bool log_wants_link;

/* Durations in milliseconds as the manual's 8.4 draws them; -1: that point was not reached. Those of http (idle: Ti, request: TR,
 * response: Tr, active: Ta) are -1 in tcp mode; from its second request on a session counts from the end of the one before. */
struct log_times {
	int64_t handshake, idle, request, queue, connect, response, data, active, total, user;
};
struct log_times log_times(const struct session *s);

/* A stream began (http: its request's head was read): writes the default line ("Connect from ...") when the frontend has no format. */
void log_line_start(struct stream *s);
/* Its server is connected (http: has answered): writes the line now under `option logasap`. */
void log_line_asap(struct stream *s);
/* It is about to close the server's connection: keeps what %bi and %bp will show, when they are wanted. */
void log_line_keep_source(struct stream *s);
/* Whether it is one of those that `option dontlog-normal` still logs. */
bool log_line_went_wrong(const struct stream *s);
/* It ended: writes its line, unless it was written, or the options say not to. */
void log_line_end(struct stream *s);
/* A session failed before it had a stream: "src [date] frontend/listener: text", or error-log-format. s->reason is set. */
void log_line_refused(struct session *s, const char *text);
/* A line besides the usual one, now; `origin` is where the rule stands that wants it. */
void log_line_extra(struct session *s, enum log_origin origin);
/* When the line that is being composed is written; LOG_ORIGIN_ANY outside of log lines. */
enum log_origin log_line_origin(void);
/* Its place in the line of a server, or of its backend, from 1; 0: it never stood there. */
unsigned log_queue_place(const struct stream *s, bool server);
/* "--" while it lives: why and in which state it, or a session without one, ended. */
void log_end_state(const struct session *session, char state[2]);
/* Our address on the server's connection: kept at its end, or still to be asked for. */
bool log_source(const struct stream *s, struct addr *out);
/* `id` of the bind line, or the listener's place among its frontend's, from 1. */
int64_t log_listener_number(const struct listener *l);

/* Compiles a frontend's formats after all files are read; reports faults; false when any. */
bool log_formats_compile(struct proxy *px);

#endif
