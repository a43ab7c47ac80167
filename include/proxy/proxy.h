/* SPDX-License-Identifier: Apache-2.0
 *
 * The model: what frontend, backend, listen and defaults sections become. What a section may
 * inherit from defaults stands in struct proxy_settings and is copied whole; the rest is the
 * proxy's own. Frozen after boot, but for gauges (atomics), counters (per thread) and what a field's comment says.
 */
#ifndef USHER_PROXY_PROXY_H
#define USHER_PROXY_PROXY_H

#include <sys/queue.h>
#include "base/names.h"
#include "proxy/counters.h"
#include "proxy/server.h"
#include "rule/format.h"
#include "rule/ruleset.h"

struct bad_message;
struct balance;
struct cookie_settings;
struct checkseq;
struct expr;
struct http_check_request;
struct http_errors;
struct listener;
struct log_target;
struct persist;
struct queue;
struct stats_page;

enum proxy_mode { MODE_TCP, MODE_HTTP, MODE_HEALTH, MODE_CLI };

/* How links to servers are shared between sessions: manual, http-reuse. */
enum http_reuse { REUSE_SAFE, REUSE_NEVER, REUSE_AGGRESSIVE, REUSE_ALWAYS };

/* `use_backend <name> if ...` and `use-server <name> if ...` */
struct switch_rule {
	char *name;             /* owns */
	struct format *format;  /* a name with %[...] in it, else NULL */
	struct proxy *backend;  /* borrows; use_backend with a fixed name, resolved */
	struct server *server;  /* borrows; use-server with a fixed name, resolved */
	struct cond *cond;      /* NULL: always */
	struct expr_asks asks;  /* of the format */
	const char *file;
	int line;
};
struct switch_rules {
	struct switch_rule *list; /* owns */
	size_t n;
};

/* `option forwardfor` and `option originalto`. */
struct forwarded_addr {
	bool on, if_none;
	bool has_except;
	struct addr_net except;
	const char *header;     /* borrows, for ever; NULL: the usual name */
};

/* `option forwarded`: for each parameter of the header where its text comes from. */
enum forwarded_from { FORWARDED_FROM_NOTHING, FORWARDED_FROM_USUAL, FORWARDED_FROM_EXPR };
struct forwarded_part {
	enum forwarded_from from;
	struct expr *expr;      /* owned for ever */
};
struct forwarded_option {
	bool proto;
	struct forwarded_part host, by, by_port, client, client_port; /* client: "for" */
};

/* A format as the configuration wrote it, and where. */
struct format_text {
	const char *text; /* borrows, for ever; NULL: none */
	const char *file;
	int line;
	const char *of_http; /* "option httplog": what it stands for is of http mode only; NULL: it fits any */
};

enum hash_affinity {
	AFFINITY_ALWAYS,   /* the server the key means, however long its line */
	AFFINITY_MAXQUEUE, /* another one when its line is full */
	AFFINITY_MAXCONN,  /* another one when it has no free slot */
};

/* What `balance`, hash-type and their like say. */
struct balance_settings {
	struct expr *key;          /* owned for ever; balance hash: what is hashed */
	const char *name;          /* boot memory; rdp-cookie(<name>), hdr(<name>), url_param <name> */
	bool check_post;           /* url_param: bodies of POSTs are waited for and looked at */
	int64_t len, depth;        /* uri: 0: no limit */
	bool whole, path_only;     /* uri */
	bool domain_only;          /* hdr: use_domain_only */
	int64_t draws;             /* random(<draws>) */
	bool consistent, avalanche;         /* hash-type */
	uint32_t (*hash)(struct slice key); /* hash-type's function; NULL: sdbm */
	int64_t factor;            /* hash-balance-factor, percent; 0: no bound */
	enum hash_affinity affinity;
};

/* What a frontend keeps of heads for its logs (capture.h). */
struct capture_list {
	struct capture_slot *slots; /* owned for ever */
	unsigned n;
};

enum states_from { STATES_FROM_NOTHING, STATES_FROM_GLOBAL, STATES_FROM_LOCAL };

#define LIMIT_NOBODY (-1)   /* nobody more comes in */

/* Inherited from defaults. Times are milliseconds, 0 = not set. Row types as conf/keyword.h wants them. */
struct proxy_settings {
	enum proxy_mode mode;
	uint32_t timeout_client_ms, timeout_server_ms, timeout_connect_ms, timeout_queue_ms;
	uint32_t timeout_client_fin_ms, timeout_server_fin_ms, timeout_tunnel_ms, timeout_client_hs_ms;
	uint32_t timeout_check_ms, timeout_tarpit_ms, timeout_http_request_ms, timeout_http_keep_alive_ms;
	uint32_t inspect_delay_ms, response_inspect_delay_ms; /* tcp-request / tcp-response inspect-delay; not inherited from unnamed defaults */
	int64_t maxconn;        /* frontend: 0 = the process's; atomic: LIMIT_NOBODY by order */
	int64_t rate_limit;     /* rate-limit sessions: of a frontend, per second; 0: none */
	int64_t fullconn, backlog;
	int64_t retries;        /* default 3 */
	uint32_t retry_on;      /* enum retry_cause, default RETRY_CONN; mode http */
	int64_t redispatch;     /* option redispatch [n]: 0 off; n > 0 every nth retry; -1 the last (default) */
	int64_t clitcpka_cnt, srvtcpka_cnt;
	uint32_t clitcpka_idle_ms, clitcpka_intvl_ms, srvtcpka_idle_ms, srvtcpka_intvl_ms;
	bool clitcpka, srvtcpka, nolinger, smart_accept, smart_connect, splice_auto, splice_request, splice_response;
	bool tcplog, dontlognull, dontlog_normal, logasap, log_separate_errors, proxylog, log_health_checks;
	bool contstats, socket_stats, allbackups, independent_streams, persist, abortonclose, disabled;
	bool httpclose, http_server_close, http_pretend_keepalive, http_ignore_probes, http_buffer_request;
	bool http_use_proxy_header;
	int http_reuse;                   /* enum http_reuse */
	const struct balance *balance;    /* NULL: roundrobin */
	struct balance_settings balancing;
	char *default_backend;            /* owned for ever */
	const char *default_backend_file;
	int default_backend_line;
	struct server_settings server;    /* default-server */
	const struct cookie_settings *cookie; /* boot memory, shared; NULL: no persistence by cookie (persist.h) */
	const char *dynamic_cookie_key;   /* boot memory */
	struct log_target **log_targets;  /* owned for ever; NULL-terminated list or NULL */
	bool log_global;                  /* `log global` */
	char *log_tag;
	struct format_text log_format, log_format_sd, error_log_format, unique_id_format;
	const char *unique_id_header;     /* boot memory; NULL: none */
	char *description;
	struct ruleset req_http, res_http, after_http; /* http-request, http-response, http-after-response */
	struct http_errors *errors;       /* frozen; errorfile and its like; NULL: none. Shared until changed */
	char *monitor_uri;                /* borrows, for ever */
	struct stats_page *stats;         /* owned for ever; the statistics page; NULL: none */
	struct forwarded_addr forwardfor, originalto;
	const struct forwarded_option *forwarded; /* boot memory, shared; `option forwarded`; NULL: off */
	enum states_from states_from;     /* load-server-state-from-file */
	const char *states_file;          /* boot memory; server-state-file-name; NULL: the backend's name */
	/* Health checks. What `option ...-check` means to the servers of a backend, made after the files are read: NULL after
	 * a fault was reported. No function: a connection is enough. */
	const struct checkseq *(*check_talk)(struct proxy *be);
	struct checkseq *check_built_in;  /* owned for ever; check_talk's own: a talk that is ready */
	struct checkseq *check_rules[2];  /* owned for ever, by enum checkseq_rules; NULL: none */
	unsigned check_rules_used;        /* which of them the option in force looks at: 1 << enum checkseq_rules; 0: none */
	struct http_check_request *httpchk; /* owned for ever: what `option httpchk` says of the request; NULL: nothing */
	bool http_check_404, http_check_send_state;
	bool check_runs;                  /* option external-check is in force */
	const char *check_command, *check_path; /* borrow, for ever: external-check command and path; NULL: none */
	struct ruleset req_conn, req_sess, req_cont, res_cont; /* tcp-request connection/session/content, tcp-response content */
	struct acl_table *acls;
};

/* What an operator made of a frontend: paused, it holds its addresses and takes nobody; stopped, it gave them up for good. */
enum frontend_state { FRONTEND_OPEN, FRONTEND_PAUSED, FRONTEND_STOPPED };

/* Sums over the servers of a backend. */
struct proxy_load {
	uint64_t weight;                  /* of those that get traffic */
	uint64_t conns;                   /* streams on all of them */
};

#define PROXY_MAGIC 0x70726f78u
#define PROXY_FE 1u
#define PROXY_BE 2u

struct proxy {
	uint32_t magic;
	unsigned caps;                    /* PROXY_FE | PROXY_BE; 0 for defaults */
	char *name;                       /* owns */
	int64_t order;                    /* the id it has without the keyword `id` */
	int64_t id;                       /* `id` or the order of appearance from 2 (1 is the runtime socket's) */
	const char *file;
	int line;
	struct proxy_settings set;
	const struct proxy *defaults;     /* borrows; the section it took its settings from */
	TAILQ_ENTRY(proxy) link;          /* proxies, in file order */
	struct bad_message *bad_message[2]; /* owns, under the lock of bad_message.c: its last refused request, and answer */
	struct proxy *made_before;        /* every proxy ever made, newest first: they live as long as the process */
	bool internal;                    /* the runtime socket's own */
	unsigned used_by;                 /* a defaults section's: the capabilities of those that began from it */

	/* frontend */
	TAILQ_HEAD(listener_list, listener) listeners; /* owns */
	struct switch_rules use_backend;
	struct cond **monitor_fail;       /* owned for ever, NULL-terminated, or NULL */
	struct proxy *default_backend;    /* borrows; NULL: itself for a listen section, or none */
	struct format *log_format, *log_format_sd, *error_log_format, *unique_id_format;
	bool log_wants_source;            /* log_format shows %bi or %bp */
	bool log_wants_link;              /* its lines may show what only a connection to a server knows while it is there */
	struct capture_list captures[2];  /* of requests, of answers */
	const char *capture_cookie;       /* owned for ever: the beginning of "name="; NULL: none */
	uint32_t capture_cookie_len;
	uint64_t log_count;               /* atomic: lines written, %lc */
	int64_t hard_maxconn;             /* set.maxconn as it was when the process started */
	struct gauge fe_conns;            /* atomics */
	struct rate fe_conn_rate, fe_sess_rate;
	struct rate fe_limited_rate;      /* what rate_limit counts: connections that their rules let in */
	struct counter_set fe;
	bool fe_full;                     /* atomic: its listeners are paused */
	bool stopping;                    /* atomic: it was shut down: its clients end at their next convenient moment */
	enum frontend_state state;        /* atomic: thread 0 writes it */
	const struct service *service;    /* its connections are served by this, not by servers (the runtime socket) */

	/* backend */
	TAILQ_HEAD(server_list, server) servers; /* owns, in file order; like the next two it changes while all threads are parked */
	int server_count;
	struct names server_names;        /* of a backend with many */
	const struct checkseq *check_talk; /* boot memory: what checks say to its servers; NULL: a fault was reported */
	struct switch_rules use_server;
	struct persist_rule *persist_rules; /* force-persist and ignore-persist; boot memory */
	unsigned persist_rule_count;
	int check_rules_unused[2];        /* the line of its first tcp-check or http-check rule that no option looked at; 0: none */
	struct persist *persist;          /* owns; NULL without `cookie` */
	struct ruleset redirects;         /* the `redirect` keyword; they follow the http-request rules */
	void *balance_state;              /* the algorithm's own: published, see balance.h */
	pthread_mutex_t balance_lock;     /* guards rebuilding balance_state */
	uint64_t balanced_ms;             /* lock balance_lock: when weights had it rebuilt last */
	struct timer balance_timer;       /* of the thread that saw weights move before it was time to rebuild, one at a time */
	bool balance_due;                 /* lock balance_lock: it is armed */
	pthread_mutex_t health_lock;      /* guards every change of its servers' state (health.h); taken before balance_lock */
	struct gauge be_conns;            /* atomics: streams that chose it */
	struct rate be_sess_rate;
	struct gauge queue_len;
	struct queue *queue;              /* owns; who waits for any server */
	struct counter_set be;
	uint64_t last_change_ms;          /* atomic: the backend went up or down */
	uint64_t last_sess_ms;            /* atomic */
	int usable_servers, usable_backups; /* atomics: servers that may get traffic now */
	struct proxy_load load;           /* atomics: as it was last summed up, at load_ms */
	uint64_t load_ms;                 /* atomic; 0: never */
};

TAILQ_HEAD(proxy_list, proxy);
extern struct proxy_list proxies;     /* frontends, backends, listens in file order; frozen after boot */

/* A proxy with the settings of `defaults` (NULL: built-in ones) and a name (copied). caps 0: a defaults section, not listed. */
struct proxy *proxy_new(const char *name, unsigned caps, const struct proxy *defaults, const char *file, int line);
/* Found by nobody from now on; it stays in memory. For tests, whose proxies come and go. */
void proxy_unlist(struct proxy *p);
/* The runtime socket's own frontend: number 1, found by nobody, counted by no limit of the process. */
struct proxy *proxy_new_internal(const char *name, const char *file, int line);
/* By name and capability; NULL when there is none. */
struct proxy *proxy_find(struct slice name, unsigned caps);
/* How many servers traffic goes to now: active ones, or the backups that stand in for them. */
int proxy_usable_servers(const struct proxy *be);
/* The sums over its servers, at most a tenth of a second old: thousands of checks a second may ask for them. Any thread. */
void proxy_load_read(struct proxy *be, struct proxy_load *out);
/* "frontend", "backend", "listen" or "defaults". */
const char *proxy_kind(const struct proxy *p);
/* After all files are read: resolves names, formats and rules, checks what must be there. Reports every fault; false when any. */
bool proxies_resolve(void);
/* What follows from the process's maxconn, which the limits of the system have a say in. After boot's limits. */
void proxies_limit(void);

#endif
