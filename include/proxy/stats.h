/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics: one table of columns and one walk over frontends, listeners, servers and backends,
 * behind `show stat`, and whatever else shows numbers. Names and order are HAProxy's (management
 * guide, 9.1). A walk looks at gauges and summed counters, changes nothing, and may run on any thread.
 */
#ifndef USHER_PROXY_STATS_H
#define USHER_PROXY_STATS_H

#include "proxy/listener.h"

enum stats_type { STATS_NONE, STATS_U32, STATS_U64, STATS_S32, STATS_STR };

/* What a value is, its type known: */
union stats_datum {
	uint64_t u;
	int64_t i;
	const char *s; /* borrows */
};

/* One value; STATS_NONE: this object has none. */
struct stats_value {
	enum stats_type type;
	union {
		uint64_t u;
		int64_t i;
		const char *s; /* borrows */
	};
};

/* A column or a field: `nature` is origin, nature and scope, one letter each (management guide, 9.2). */
struct stats_field {
	const char *name;
	const char *nature;
	enum stats_type type;
	const char *text;
};

/* X(name, nature, type, text) */
#define STATS_COLUMNS(X)                                                                                      \
	X(pxname, "KNS", STR, "name of the proxy")                                                            \
	X(svname, "KNS", STR, "FRONTEND, BACKEND, or the name of the server or listener")                     \
	X(qcur, "MGP", U32, "streams waiting for a server now")                                               \
	X(qmax, "MMP", U32, "most streams that ever waited at a time")                                        \
	X(scur, "MGP", U32, "sessions now")                                                                   \
	X(smax, "MMP", U32, "most sessions at a time")                                                        \
	X(slim, "CLP", U32, "limit: maxconn, or fullconn of a backend")                                       \
	X(stot, "MCP", U64, "sessions since the start")                                                       \
	X(bin, "MCP", U64, "bytes from clients")                                                              \
	X(bout, "MCP", U64, "bytes to clients")                                                               \
	X(dreq, "MCP", U64, "requests denied by rules")                                                       \
	X(dresp, "MCP", U64, "responses denied by rules")                                                     \
	X(ereq, "MCP", U64, "requests that were faulty or ended early")                                       \
	X(econ, "MCP", U64, "connections to servers that failed")                                             \
	X(eresp, "MCP", U64, "responses that were faulty")                                                    \
	X(wretr, "MCP", U64, "connection attempts repeated")                                                  \
	X(wredis, "MCP", U64, "streams given to another server after a failure")                              \
	X(status, "SGP", STR, "OPEN, FULL, STOP; UP, DOWN; the state of a server")                            \
	X(weight, "MaP", U32, "weight of a server; of a backend, the sum of those in use")                    \
	X(act, "SGP", U32, "active servers in use; of a server, 1 when it is no backup")                      \
	X(bck, "SGP", U32, "backup servers in use; of a server, 1 when it is a backup")                       \
	X(chkfail, "MCP", U64, "checks that failed")                                                          \
	X(chkdown, "MCP", U64, "times it went down")                                                          \
	X(lastchg, "MAP", U32, "seconds since it last went up or down")                                       \
	X(downtime, "MCP", U32, "seconds it was down altogether")                                             \
	X(qlimit, "CLS", U32, "maxqueue of the server")                                                       \
	X(pid, "KGP", U32, "number of the worker process, always 1")                                          \
	X(iid, "KGS", U32, "number of the proxy")                                                             \
	X(sid, "KGS", U32, "number of the server or listener")                                                \
	X(throttle, "MaP", U32, "percent of its weight that a server starting slowly has")                    \
	X(lbtot, "MCP", U64, "times the balancer chose it")                                                   \
	X(tracked, "CNS", STR, "server whose state it follows")                                               \
	X(type, "CGS", U32, "0 frontend, 1 backend, 2 server, 3 listener")                                    \
	X(rate, "MRP", U32, "sessions in the last second")                                                    \
	X(rate_lim, "CLP", U32, "limit of sessions per second")                                               \
	X(rate_max, "MMP", U32, "most sessions in a second")                                                  \
	X(check_status, "MOP", STR, "how the last check ended")                     \
	X(check_code, "MOP", U32, "code the last check got")                                                  \
	X(check_duration, "MDP", U64, "milliseconds the last check took")                                     \
	X(hrsp_1xx, "MCP", U64, "responses 1xx")                                                              \
	X(hrsp_2xx, "MCP", U64, "responses 2xx")                                                              \
	X(hrsp_3xx, "MCP", U64, "responses 3xx")                                                              \
	X(hrsp_4xx, "MCP", U64, "responses 4xx")                                                              \
	X(hrsp_5xx, "MCP", U64, "responses 5xx")                                                              \
	X(hrsp_other, "MCP", U64, "responses with another status")                                            \
	X(hanafail, "MCP", U64, "responses that counted as failed checks")                                    \
	X(req_rate, "MRP", U32, "HTTP requests in the last second")                                           \
	X(req_rate_max, "MMP", U32, "most HTTP requests in a second")                                         \
	X(req_tot, "MCP", U64, "HTTP requests since the start")                                               \
	X(cli_abrt, "MCP", U64, "streams the client aborted")                                                 \
	X(srv_abrt, "MCP", U64, "streams the server aborted")                                                 \
	X(comp_in, "MCP", U64, "bytes given to the compressor")                                               \
	X(comp_out, "MCP", U64, "bytes the compressor gave")                                                  \
	X(comp_byp, "MCP", U64, "bytes that passed the compressor by")                                        \
	X(comp_rsp, "MCP", U64, "responses compressed")                                                       \
	X(lastsess, "MAP", S32, "seconds since its last session, -1: none yet")                               \
	X(last_chk, "MOP", STR, "what the last check said")                                                   \
	X(last_agt, "MOP", STR, "what the last agent check said")                                             \
	X(qtime, "MaP", U32, "milliseconds in the queue, average of the last streams")                        \
	X(ctime, "MaP", U32, "milliseconds to connect, average of the last streams")                          \
	X(rtime, "MaP", U32, "milliseconds to the response, average of the last streams; 0 for tcp")          \
	X(ttime, "MaP", U32, "milliseconds altogether, average of the last streams")                          \
	X(agent_status, "MOP", STR, "how the last agent check ended")                                         \
	X(agent_code, "MOP", U32, "code the last agent check got")                                            \
	X(agent_duration, "MDP", U64, "milliseconds the last agent check took")                               \
	X(check_desc, "MOP", STR, "check_status in words")                                                    \
	X(agent_desc, "MOP", STR, "agent_status in words")                                                    \
	X(check_rise, "CGS", U32, "good checks in a row that bring the server up")                            \
	X(check_fall, "CGS", U32, "failed checks in a row that take it down")                                 \
	X(check_health, "CGS", U32, "its health, from 0 to rise + fall - 1; up from rise on")                 \
	X(agent_rise, "CGS", U32, "as check_rise, of the agent")                                              \
	X(agent_fall, "CGS", U32, "as check_fall, of the agent")                                              \
	X(agent_health, "CGS", U32, "as check_health, of the agent")                                          \
	X(addr, "CGS", STR, "address; shown to operators and admins")                                         \
	X(cookie, "CNS", STR, "value of the server's cookie, name of the backend's")                          \
	X(mode, "CGS", STR, "tcp or http")                                                                    \
	X(algo, "CGS", STR, "balancing algorithm; shown to operators and admins")                             \
	X(conn_rate, "MRP", U32, "connections in the last second")                                            \
	X(conn_rate_max, "MMP", U32, "most connections in a second")                                          \
	X(conn_tot, "MCP", U64, "connections since the start")                                                \
	X(intercepted, "MCP", U64, "requests that usher answered itself")                                     \
	X(dcon, "MCP", U64, "connections refused by tcp-request connection")                                  \
	X(dses, "MCP", U64, "sessions refused by tcp-request session")                                        \
	X(wrew, "MCP", U64, "header rewrites that failed")                                                    \
	X(connect, "MCP", U64, "connection attempts")                                                         \
	X(reuse, "MCP", U64, "connections used again")                                                        \
	X(cache_lookups, "MCP", U64, "lookups in the cache")                                                  \
	X(cache_hits, "MCP", U64, "hits in the cache")                                                        \
	X(srv_icur, "MGP", U32, "idle connections that may be used again")                                    \
	X(src_ilim, "CLP", U32, "limit of idle connections")                                                  \
	X(qtime_max, "MMP", U32, "longest time in the queue, milliseconds")                                   \
	X(ctime_max, "MMP", U32, "longest time to connect, milliseconds")                                     \
	X(rtime_max, "MMP", U32, "longest time to the response, milliseconds; 0 for tcp")                     \
	X(ttime_max, "MMP", U32, "longest stream, milliseconds")                                              \
	X(eint, "MCP", U64, "internal errors")                                                                \
	X(idle_conn_cur, "MGP", U32, "idle connections that only their own client may use")                   \
	X(safe_conn_cur, "MGP", U32, "idle connections that any client may use")                              \
	X(used_conn_cur, "MGP", U32, "connections in use")                                                    \
	X(need_conn_est, "MGP", U32, "connections likely to be needed")                                       \
	X(uweight, "MaP", U32, "weight the user gave; of a backend, the sum of those in use")                 \
	X(agg_server_status, "MGP", U32, "all servers' states, for exporters; 0 here")                        \
	X(agg_server_check_status, "MGP", U32, "all servers' checks, for exporters; 0 here")                  \
	X(agg_check_status, "MGP", U32, "all servers' check states, for exporters; 0 here")                   \
	/* what CSV shows behind the column "-" */                                                            \
	X(ssl_sess, "MCP", U64, "TLS sessions")                                                               \
	X(ssl_reused_sess, "MCP", U64, "TLS sessions resumed")                                                \
	X(ssl_failed_handshake, "MCP", U64, "TLS handshakes that failed")                                     \
	X(h2_headers_rcvd, "MCP", U64, "HTTP/2 HEADERS frames")                                               \
	X(h2_data_rcvd, "MCP", U64, "HTTP/2 DATA frames")                                                     \
	X(h2_settings_rcvd, "MCP", U64, "HTTP/2 SETTINGS frames")                                             \
	X(h2_rst_stream_rcvd, "MCP", U64, "HTTP/2 RST_STREAM frames")                                         \
	X(h2_goaway_rcvd, "MCP", U64, "HTTP/2 GOAWAY frames")                                                 \
	X(h2_detected_conn_protocol_errors, "MCP", U64, "HTTP/2 errors of connections")                       \
	X(h2_detected_strm_protocol_errors, "MCP", U64, "HTTP/2 errors of streams")                           \
	X(h2_rst_stream_resp, "MCP", U64, "HTTP/2 RST_STREAM frames sent")                                    \
	X(h2_goaway_resp, "MCP", U64, "HTTP/2 GOAWAY frames sent")                                            \
	X(h2_open_connections, "MGP", U64, "HTTP/2 connections now")                                          \
	X(h2_backend_open_streams, "MGP", U64, "HTTP/2 streams now")                                          \
	X(h2_total_connections, "MCP", U64, "HTTP/2 connections since the start")                             \
	X(h2_backend_total_streams, "MCP", U64, "HTTP/2 streams since the start")                             \
	X(h1_open_connections, "MGP", U64, "HTTP/1 connections now")                                          \
	X(h1_open_streams, "MGP", U64, "HTTP/1 streams now")                                                  \
	X(h1_total_connections, "MCP", U64, "HTTP/1 connections since the start")                             \
	X(h1_total_streams, "MCP", U64, "HTTP/1 streams since the start")                                     \
	X(h1_bytes_in, "MCP", U64, "HTTP/1 bytes received")                                                   \
	X(h1_bytes_out, "MCP", U64, "HTTP/1 bytes sent")                                                      \
	X(h1_spliced_bytes_in, "MCP", U64, "HTTP/1 bytes received by splice")                                 \
	X(h1_spliced_bytes_out, "MCP", U64, "HTTP/1 bytes sent by splice")

enum stats_column {
#define X(name, nature, type, text) STAT_##name,
	STATS_COLUMNS(X)
#undef X
	STATS_COLUMN_COUNT
};
#define STATS_STATIC_COUNT STAT_ssl_sess /* columns before "-" */
extern const struct stats_field stats_columns[STATS_COLUMN_COUNT];

enum stats_kind { STATS_FRONTEND, STATS_BACKEND, STATS_SERVER, STATS_LISTENER };

/* One object's values; the strings live as long as the row is not filled again. */
struct stats_row {
	enum stats_kind kind;
	int64_t iid, sid;
	uint8_t has[STATS_COLUMN_COUNT]; /* 1: it has a value of that column, whose type is the column's */
	union stats_datum values[STATS_COLUMN_COUNT]; /* 0 where it has none */
	const struct counter_set *counters; /* its own, of this turn alone */
	struct {
		char status[16], info[CHECK_INFO_MAX];
	} told[2]; /* by the check, by the agent */
	char addr[160], status[160], tracked[160];
};

/* One of its values. */
static inline struct stats_value stats_value_of(const struct stats_row *row, enum stats_column c)
{
	return (struct stats_value){ .type = row->has[c] ? stats_columns[c].type : STATS_NONE, .u = row->values[c].u };
}

#define STATS_WANT_FRONTENDS 1u
#define STATS_WANT_BACKENDS  2u
#define STATS_WANT_SERVERS   4u
#define STATS_WANT_LISTENERS 8u

/* What to show and how far it got. Zero it, set the filter, call stats_next(). */
struct stats_walk {
	int64_t iid, sid;   /* 0: all; sid asks for servers and listeners only */
	unsigned want;      /* STATS_WANT_*, 0: all */
	bool up, no_maint;  /* only servers that are up; only those not in maintenance */
	bool private;       /* addresses and algorithms too */
	/* its own; the model is frozen */
	bool begun;
	const struct proxy *px;
	int stage;
	const struct listener *listener;
	const struct server *server; /* the one of the last row; of this turn alone */
	struct server_place place;
	struct stats_weight {
		uint64_t now, user;
		unsigned servers;
	} weight[2]; /* of the servers that were passed and are in use: active ones, backups */
};

/* Fills the next row; false behind the last. */
bool stats_next(struct stats_walk *w, struct stats_row *row);

/* The row of one object. */
void stats_of_frontend(const struct proxy *px, struct stats_row *row);
void stats_of_listener(const struct listener *l, bool private, struct stats_row *row);
void stats_of_server(const struct server *s, bool private, struct stats_row *row);
/* Looks at all its servers. */
void stats_of_backend(const struct proxy *px, bool private, struct stats_row *row);

/* Its place among those of its proxy, from 1: without a name it is called "sock-1". */
int stats_listener_number(const struct listener *l);

/* Sets the highest values back, or (`all`) every counter too; what is counted at that moment may be lost. */
void stats_clear(bool all);

/* The formats. Each adds whole lines (JSON: the object's array alone, no comma). */
void stats_csv_header(struct strbuf *out);
void stats_csv_row(struct strbuf *out, const struct stats_row *row);
void stats_typed_row(struct strbuf *out, const struct stats_row *row, bool texts);
void stats_json_row(struct strbuf *out, const struct stats_row *row);
/* A JSON schema of it, and of `show info json`; ends in a newline. */
extern const char stats_schema[];

/* The parts they are made of, for other tables of fields (proxy/info.h). */
void stats_add_value(struct strbuf *out, const struct stats_value *v);
/* "4.scur.1:MGP:u32:0" with the field's text in quotes behind it, and a newline. */
void stats_typed_field(struct strbuf *out, int pos, const struct stats_field *f, const struct stats_value *v, bool text);
/* A string in its quotes; `ascii`: bytes from 0x7f on as \u00XX too. */
void stats_add_json_string(struct strbuf *out, const char *s, bool ascii);
/* `"field":{...},"processNum":1,"tags":{...},"value":{...}` */
void stats_json_field(struct strbuf *out, int pos, const struct stats_field *f, const struct stats_value *v);

#endif
