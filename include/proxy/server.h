/* SPDX-License-Identifier: Apache-2.0
 *
 * A server of a backend. Settings are frozen once it is in its backend's list; state (health, admin, weight) is atomics,
 * changed through health.h, which tells the balancer.
 */
#ifndef USHER_PROXY_SERVER_H
#define USHER_PROXY_SERVER_H

#include <pthread.h>
#include <sys/queue.h>
#include "conn/conn.h"
#include "conn/endpoint.h"
#include "proxy/check_status.h"
#include "proxy/counters.h"
#include "proxy/tls_connect.h"
#include "rule/boot.h"

struct proxy;
struct check;
struct check_place;
struct queue;
struct pp_send;

enum server_hash_key { HASH_KEY_ID, HASH_KEY_ADDR, HASH_KEY_ADDR_PORT };

enum server_observe { OBSERVE_NONE, OBSERVE_LAYER4, OBSERVE_LAYER7 };
/* Manual, on-error. */
enum server_on_error { ON_ERROR_FAIL_CHECK, ON_ERROR_FASTINTER, ON_ERROR_SUDDEN_DEATH, ON_ERROR_MARK_DOWN };
/* What a server is before its first check has ended. */
enum server_init_state { INIT_UP, INIT_DOWN, INIT_FULLY_UP, INIT_FULLY_DOWN };

/* What default-server passes on. Row types as conf/keyword.h wants them. */
struct server_settings {
	/* What the table of statistics shows comes first, a cache line of it. */
	bool backup, disabled, tfo, check;
	int64_t weight;              /* 0-256, default 1 */
	int64_t maxconn, minconn, maxqueue; /* 0: none */
	int64_t pool_max_conn;       /* idle links kept; -1: no limit, 0: none */
	int64_t rise, fall;          /* of checks; 2, 3 */
	int64_t id;                  /* 0: by order */
	enum server_hash_key hash_key; /* hash-key: what its places on the hash ring are made from */
	struct endpoint source;      /* kind INET with family set when given */
	bool has_source;
	char *interface;
	const char *cookie;          /* owned for ever; its mark in persistence cookies; NULL: none */
	int64_t tcp_ut_ms;
	/* checks */
	bool check_send_proxy, check_send_proxy_off;
	uint32_t inter_ms, fastinter_ms, downinter_ms; /* 2000; 0: inter */
	int64_t check_port;
	bool agent_check;
	uint32_t agent_inter_ms;     /* 0: inter */
	int64_t agent_port;
	struct endpoint agent_addr;
	bool has_agent_addr;
	char *agent_send;            /* borrows, for ever; NULL: nothing is said to the agent */
	char *track;                 /* borrows, for ever: "[<backend>/]<server>"; NULL: none */
	enum server_observe observe; /* what traffic says of its health */
	int64_t error_limit;         /* 10: so many errors in a row, then on_error */
	enum server_on_error on_error;
	enum server_init_state init_state;
	uint32_t slowstart_ms;       /* 0: none */
	bool shutdown_sessions;      /* on-marked-down */
	bool shutdown_backups;       /* on-marked-up: the streams on backup servers */
	struct endpoint check_addr;
	bool has_check_addr;
	uint32_t pool_purge_delay_ms; /* 5000 */
	int64_t max_reuse;           /* requests on a link after its first; -1: no limit */
	/* PROXY header to the server */
	int send_proxy;              /* 0 none, 1, 2 */
	bool pp_crc32c, pp_authority, pp_unique_id; /* proxy-v2-options */
	uint8_t pp_ssl;              /* PP_SSL_* (pp_ssl.h); 0: no SSL TLV */
	struct pp_send *pp_send;     /* TLV list: set-proxy-v2-tlv-fmt, pass lists; NULL: none; frozen after boot */
	struct tls_connect_settings tls;
};

#define SERVER_MAGIC 0x73727672u

/* Admin state bits; atomics. */
#define SERVER_MAINT 1u      /* an operator or agent: no traffic, no checks */
#define SERVER_DRAIN 2u      /* the same: no new traffic but persistence, checks go on */
#define SERVER_MAINT_VIA 4u  /* the server it tracks is so */
#define SERVER_DRAIN_VIA 8u
#define SERVER_IN_MAINT (SERVER_MAINT | SERVER_MAINT_VIA)
#define SERVER_IN_DRAIN (SERVER_DRAIN | SERVER_DRAIN_VIA)

/* Bits of srv_admin_state, and of srv_check_state and srv_agent_state, in `show servers state`. */
enum {
	SERVER_STATE_FORCED_MAINT = 0x01, SERVER_STATE_INHERITED_MAINT = 0x02, SERVER_STATE_CONFIGURED_MAINT = 0x04,
	SERVER_STATE_FORCED_DRAIN = 0x08, SERVER_STATE_INHERITED_DRAIN = 0x10,
};
enum {
	SERVER_STATE_CHECK_RUNNING = 0x01, SERVER_STATE_CHECK_CONFIGURED = 0x02, SERVER_STATE_CHECK_ENABLED = 0x04,
	SERVER_STATE_CHECK_PAUSED = 0x08, SERVER_STATE_AGENT_IS_ONE = 0x10,
};

#define SERVER_LINE 64 /* bytes of a cache line */

/* In lines: what a walk over ten thousand servers reads stands together, what each stream writes has a line of its own, so
 * that threads which only read do not wait for those that write. */
struct server {
	/* What it is called and where it stands. */
	_Alignas(SERVER_LINE) uint32_t magic;
	uint32_t moves;             /* atomic: how often connections that were made before became no good (links_server_changed()) */
	char *name;                 /* behind it, in the same memory */
	int64_t id;
	TAILQ_ENTRY(server) link;
	uint64_t serial;            /* frozen: the order of all servers ever made */
	struct endpoint *moved;     /* atomic: owns, published: another address given at run time, or NULL */
	struct check *check;        /* owns; NULL without `check` */

	struct endpoint endpoint;   /* as configured; where it is now tells server_endpoint() */

	/* Its state: what is read for each stream, and written when something happens. */
	_Alignas(SERVER_LINE) unsigned admin; /* atomic: SERVER_* */
	int weight;                 /* atomic: the user's weight now, 0-256 */
	int score;                  /* atomic: 0 to rise + fall - 1; from rise on it is up */
	bool up;                    /* atomic: health says so; true without checks */
	bool stopping;              /* atomic: its check passed conditionally: it keeps its clients and gets no new ones */
	bool usable;                /* atomic: gets traffic now (up, not stopping, no admin bit, weight > 0); kept by health.c */
	bool checks_off;            /* atomic: `disable health` */
	int64_t maxconn;            /* atomic: the limit of streams now; 0: none */
	uint64_t warm_since_ms;     /* atomic: it came up then and is not warm yet (warmup.h); 0: it is */
	uint64_t last_change_ms;    /* atomic */
	struct check *agent;        /* owns; NULL without `agent-check` */
	struct server *track;       /* borrows, frozen: the server whose state it takes over, or NULL */
	const char *cookie;         /* atomic, published (persist.h): set.cookie or a dynamic one; NULL: none */

	/* What streams write. */
	_Alignas(SERVER_LINE) struct gauge conns; /* atomics: streams on it now */
	struct rate sess_rate;
	struct gauge queue_len;
	struct gauge idle_conns;    /* atomics: idle links of all threads */
	uint64_t last_sess_ms;      /* atomic: a stream last chose it */
	uint32_t source_turn;       /* atomic: the next port of the range in `source` */
	uint32_t observed_errors;   /* atomic: errors of its traffic in a row */

	/* What streams find their way by. */
	_Alignas(SERVER_LINE) struct proxy *px; /* borrows */
	struct counter_set counters;
	struct queue *queue;        /* owns; NULL without maxconn */
	struct idle_links **idle;   /* atomic: per thread, made at first use (link.h) */
	struct tls_sessions **sessions; /* atomic: per thread, made at first use, as each of them: what may be resumed */
	SSL_CTX *tls;               /* owns, published; NULL: nobody ever speaks TLS with it */
	uint32_t balance_place;     /* the algorithm's own: its place among the backend's servers, from 0 */
	bool tls_on;                /* atomic: its streams speak TLS now */
	bool agent_down;            /* atomic: its agent says it must not serve */
	bool agent_off;             /* atomic: `disable agent` */

	_Alignas(SERVER_LINE) struct server_settings set;

	/* What few look at. */
	struct check_report last_check; /* lock px->health_lock */
	struct check_report last_agent; /* lock px->health_lock */
	struct check_place *check_moved, *agent_moved; /* atomics: own, published (check_place.h), or NULL */
	struct server **trackers;   /* owns, frozen, NULL-terminated: those that take over this one's; or NULL */
	uint32_t tracker_count;
	int line;
	const char *file;
	bool added;                 /* frozen: while the process ran */
	bool referenced;            /* frozen: a rule or an expression of the configuration points to it */
	bool gone;                  /* removed, for good; changes while all threads are parked */
	bool known;                 /* atomic: gone, and some stream still has to do with it (server_gone.c) */
	uint8_t unknown_rounds;     /* thread 0's, as the next */
	bool is_warming;            /* thread 0's */
	struct server *next_gone;
	struct server *next_warming; /* thread 0's */
	void *own_words;            /* owns: what settings of one that was added borrow */
	struct boot_scope own_memory; /* the same: what its words compile to */
	struct tls_connect_user *tls_user; /* owns: changes `tls` when our certificate is replaced; NULL: we have none */
};

/* A server appended to a backend, with the backend's default-server settings; name copied. */
struct server *server_new(struct proxy *px, const char *name, const char *file, int line);
/* One that nobody finds yet, without settings. */
struct server *server_make(struct proxy *px, const char *name, const char *file, int line);
/* What a server has that nobody said anything of. */
struct server_settings server_settings_built_in(void);
/* Makes it the last of its backend's servers; takes it out again. Start-up, or while all threads are parked. */
void server_enlist(struct server *s);
void server_unlist(struct server *s);
struct server *server_find(const struct proxy *px, struct slice name);
/* How often servers came or went, of all backends together: while that stays, so do they and their lists. */
uint64_t server_list_changes(void);
/* A place among the servers of a backend that outlives turns. Zeroed, it is before the first. */
struct server_place {
	const struct server *at; /* borrows, while nobody was removed; NULL: the beginning or the end */
	uint64_t serial;         /* of that server: they rise in the list */
	uint64_t removals;       /* how many servers had been removed then */
};
/* Moves on to the next server and gives it; NULL behind the last. */
struct server *server_after(const struct proxy *px, struct server_place *place);
/* Where it is; valid until the thread's turn ends. */
static inline const struct endpoint *server_endpoint(const struct server *s)
{
	const struct endpoint *moved = __atomic_load_n(&s->moved, __ATOMIC_ACQUIRE);

	return moved ? moved : &s->endpoint;
}
/* The words of `source`, for a dial to this server. */
void server_set_source(struct server *s, struct dial *d);
/* The most streams it takes now; 0: no limit. Dynamic between minconn and maxconn (manual: minconn, fullconn). */
uint32_t server_conn_limit(const struct server *s);
struct conf_line;
/* Start-up: the next word is the address that a check or an agent is asked at. False after conf_fail(). */
bool server_take_address(struct conf_line *l, struct endpoint *out);
/* The weight that so many percent (0 to 25600) of the configured one are. */
static inline int server_weight_of(const struct server *s, int64_t percent)
{
	int64_t n = s->set.weight * percent / 100;

	return n > 256 ? 256 : (int)n;
}
/* Sets the limit of streams at run time; who may go on now does. Any thread. */
void server_set_maxconn(struct server *s, int64_t maxconn);
/* Whether a stream that came now would not wait: below that limit, and nobody stands in its line. */
bool server_has_room(const struct server *s);
/* Whether it serves whoever comes: up and in service, its weight does not matter. */
static inline bool server_in_service(const struct server *s)
{
	return __atomic_load_n(&s->up, __ATOMIC_RELAXED) && __atomic_load_n(&s->admin, __ATOMIC_RELAXED) == 0;
}
/* Whether rules and cookies that name it may still send to it: up, and not in maintenance. Draining, it keeps its clients. */
static inline bool server_keeps_clients(const struct server *s)
{
	return __atomic_load_n(&s->up, __ATOMIC_RELAXED) && !(__atomic_load_n(&s->admin, __ATOMIC_RELAXED) & SERVER_IN_MAINT);
}
/* Whether health says it is up and nobody has it in maintenance. */
static inline bool server_running(const struct server *s)
{
	return __atomic_load_n(&s->up, __ATOMIC_RELAXED) && !(__atomic_load_n(&s->admin, __ATOMIC_RELAXED) & SERVER_IN_MAINT);
}
/* Whether connections for streams that are begun now speak TLS. */
static inline bool server_speaks_tls(const struct server *s) { return __atomic_load_n(&s->tls_on, __ATOMIC_RELAXED); }
static inline bool server_usable(const struct server *s) { return __atomic_load_n(&s->usable, __ATOMIC_RELAXED); }

#endif
