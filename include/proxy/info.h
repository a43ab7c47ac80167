/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts and numbers of the process as a whole, behind `show info`. Names and positions are HAProxy
 * 2.6's; what has no meaning here is left out. Any thread.
 */
#ifndef USHER_PROXY_INFO_H
#define USHER_PROXY_INFO_H

#include "proxy/global.h"
#include "proxy/stats.h"

/* X(id, name, nature, type, text); the position is the place in this list. */
#define INFO_FIELDS(X)                                                                                        \
	X(NAME, "Name", "POS", STR, "name of the program")                                                    \
	X(VERSION, "Version", "POS", STR, "its version")                                                      \
	X(RELEASE_DATE, "Release_date", "POS", STR, "day of the build")                                       \
	X(NBTHREAD, "Nbthread", "CGS", U32, "threads that run (nbthread)")                                    \
	X(NBPROC, "Nbproc", "CGS", U32, "worker processes, always 1")                                         \
	X(PROCESS_NUM, "Process_num", "KGP", U32, "number of this worker, always 1")                          \
	X(PID, "Pid", "SGP", U32, "the process's number in the system")                                       \
	X(UPTIME, "Uptime", "MDP", STR, "time since it started, in words")                                    \
	X(UPTIME_SEC, "Uptime_sec", "MDP", U32, "seconds since it started")                                   \
	X(MEMMAX_MB, "Memmax_MB", "CLP", U32, "most memory it may use, in MB (-m); 0: no limit")              \
	X(POOLALLOC_MB, "PoolAlloc_MB", "MGP", U32, "memory taken from the system, in MB")                    \
	X(POOLUSED_MB, "PoolUsed_MB", "MGP", U32, "memory in use, in MB")                                     \
	X(POOLFAILED, "PoolFailed", "MCP", U32, "allocations that failed")                                    \
	X(ULIMIT_N, "Ulimit-n", "CLP", U32, "limit of descriptors")                                           \
	X(MAXSOCK, "Maxsock", "CLP", U32, "limit of sockets")                                                 \
	X(MAXCONN, "Maxconn", "CLP", U32, "limit of client connections")                                      \
	X(HARD_MAXCONN, "Hard_maxconn", "CLP", U32, "limit of client connections that the descriptors allow") \
	X(CURRCONNS, "CurrConns", "MGP", U32, "client connections now")                                       \
	X(CUMCONNS, "CumConns", "MCP", U32, "client connections since the start")                             \
	X(CUMREQ, "CumReq", "MCP", U32, "requests since the start; a tcp connection is one")                  \
	X(MAXSSLCONNS, "MaxSslConns", "MMP", U32, "limit of TLS connections; 0: none")                        \
	X(CURRSSLCONNS, "CurrSslConns", "MGP", U32, "TLS connections now")                                    \
	X(CUMSSLCONNS, "CumSslConns", "MCP", U32, "TLS connections since the start")                          \
	X(MAXPIPES, "Maxpipes", "CLP", U32, "limit of pipes for splicing; 0: none")                           \
	X(PIPESUSED, "PipesUsed", "MGP", U32, "pipes in use")                                                 \
	X(PIPESFREE, "PipesFree", "MGP", U32, "pipes kept ready")                                             \
	X(CONNRATE, "ConnRate", "MRP", U32, "client connections in the last second")                          \
	X(CONNRATELIMIT, "ConnRateLimit", "CLP", U32, "limit of ConnRate; 0: none")                           \
	X(MAXCONNRATE, "MaxConnRate", "MMP", U32, "highest ConnRate so far")                                  \
	X(SESSRATE, "SessRate", "MRP", U32, "sessions in the last second")                                    \
	X(SESSRATELIMIT, "SessRateLimit", "CLP", U32, "limit of SessRate; 0: none")                           \
	X(MAXSESSRATE, "MaxSessRate", "MMP", U32, "highest SessRate so far")                                  \
	X(SSLRATE, "SslRate", "MRP", U32, "TLS connections in the last second")                               \
	X(SSLRATELIMIT, "SslRateLimit", "CLP", U32, "limit of SslRate; 0: none")                              \
	X(MAXSSLRATE, "MaxSslRate", "MMP", U32, "highest SslRate so far")                                     \
	X(SSLFEKEYRATE, "SslFrontendKeyRate", "MGP", U32, "TLS keys toward clients in the last second")       \
	X(SSLFEMAXKEYRATE, "SslFrontendMaxKeyRate", "MMP", U32, "highest SslFrontendKeyRate so far")          \
	X(SSLFEREUSE, "SslFrontendSessionReuse_pct", "MGP", U32, "percent of TLS sessions that were resumed") \
	X(SSLBEKEYRATE, "SslBackendKeyRate", "MRP", U32, "TLS keys toward servers in the last second")        \
	X(SSLBEMAXKEYRATE, "SslBackendMaxKeyRate", "MMP", U32, "highest SslBackendKeyRate so far")            \
	X(SSLCACHELOOKUPS, "SslCacheLookups", "MCP", U32, "lookups in the TLS session cache")                 \
	X(SSLCACHEMISSES, "SslCacheMisses", "MCP", U32, "lookups that found nothing")                         \
	X(COMPRESSBPSIN, "CompressBpsIn", "MRP", U32, "bytes given to the compressor in the last second")     \
	X(COMPRESSBPSOUT, "CompressBpsOut", "MRP", U32, "bytes the compressor gave in the last second")       \
	X(COMPRESSBPSLIM, "CompressBpsRateLim", "CLP", U32, "limit of CompressBpsOut")                        \
	X(ZLIBUSAGE, "ZlibMemUsage", "MGP", U32, "memory the compressor uses")                                \
	X(ZLIBMAX, "MaxZlibMemUsage", "CLP", U32, "most memory the compressor may use")                       \
	X(TASKS, "Tasks", "MGP", U32, "connections and runtime socket sessions that are served")              \
	X(RUN_QUEUE, "Run_queue", "MGP", U32, "of these, those that have work waiting")                       \
	X(IDLE_PCT, "Idle_pct", "MaP", U32, "percent of the last second that the threads waited")             \
	X(NODE, "node", "COS", STR, "name of the node (node)")                                                \
	X(DESCRIPTION, "description", "COS", STR, "description of the node (description)")                    \
	X(STOPPING, "Stopping", "MGP", U32, "1 while the process drains")                                     \
	X(JOBS, "Jobs", "MGP", U32, "what keeps the process going: connections and listeners")                \
	X(UNSTOPPABLE, "Unstoppable Jobs", "MGP", U32, "of these, those that a drain does not wait for")      \
	X(LISTENERS, "Listeners", "MGP", U32, "listening addresses")                                          \
	X(ACTIVEPEERS, "ActivePeers", "MGP", U32, "peers that are connected and verified")                    \
	X(CONNECTEDPEERS, "ConnectedPeers", "MGP", U32, "peers that are connected")                           \
	X(DROPPEDLOGS, "DroppedLogs", "MGP", U32, "log lines that no sink could take")                        \
	X(BUSYPOLLING, "BusyPolling", "MGP", U32, "1 with busy-polling")                                      \
	X(FAILEDRESOL, "FailedResolutions", "MGP", U32, "DNS resolutions that failed")                        \
	X(BYTESOUT, "TotalBytesOut", "MGP", U64, "bytes sent to clients and servers since the start")         \
	X(SPLICEDOUT, "TotalSplicdedBytesOut", "MGP", U64, "of these, by splice")                             \
	X(BYTESOUTRATE, "BytesOutRate", "MRP", U64, "bytes sent in the last second")                          \
	X(DEBUGCOMMANDS, "DebugCommandsIssued", "MGP", U32, "debug commands given")                           \
	X(RECVLOGS, "CumRecvLogs", "MCP", U32, "log lines received")                                          \
	X(BUILD, "Build info", "POS", STR, "the version once more")                                           \
	X(MEMMAX, "Memmax_bytes", "CLP", U64, "most memory it may use (-m); 0: no limit")                     \
	X(POOLALLOC, "PoolAlloc_bytes", "MGP", U64, "memory taken from the system")                           \
	X(POOLUSED, "PoolUsed_bytes", "MGP", U64, "memory in use")                                            \
	X(START_TIME, "Start_time_sec", "MDP", U32, "when it started, seconds since 1970")                    \
	X(TAINTED, "Tainted", "SGP", STR, "experimental features used, always 0")

enum info_field {
#define X(id, name, nature, type, text) INFO_##id,
	INFO_FIELDS(X)
#undef X
	INFO_FIELD_COUNT
};
extern const struct stats_field info_fields[INFO_FIELD_COUNT];

struct info {
	struct stats_value values[INFO_FIELD_COUNT]; /* STATS_NONE: it has no meaning here */
	char uptime[32], node[GLOBAL_NODE_MAX];
};

void info_fill(struct info *i);

#endif
