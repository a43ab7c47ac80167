/* SPDX-License-Identifier: Apache-2.0
 *
 * One address of a bind line: its settings and, per thread, the sockets that thread accepts on.
 * Settings are frozen after boot.
 */
#ifndef USHER_PROXY_LISTENER_H
#define USHER_PROXY_LISTENER_H

#include "conn/listen.h"
#include "proxy/proxy.h"
#include "proxy/tls_bind.h"

struct pp_policy;

enum cli_level { CLI_USER, CLI_OPERATOR, CLI_ADMIN };
/* What stands before messages on the runtime socket: nothing, "[3]: ", "[err]: ". */
enum cli_severity { CLI_SEVERITY_NONE, CLI_SEVERITY_NUMBER, CLI_SEVERITY_STRING };

/* What the words of a bind line set; every address of the line gets a copy. */
struct bind_settings {
	struct listen_options sock;     /* what the kernel needs to know */
	char *name;                     /* owns */
	int64_t id;
	int64_t maxconn;                /* 0: none */
	int64_t nice;
	bool accept_proxy;
	char *policy_name;              /* `proxy-policy <name>` */
	const struct pp_policy *policy; /* borrows; resolved; NULL: no PROXY header here unless a rule expects one */
	enum cli_level level;           /* `level` on a stats socket */
	enum cli_severity severity;     /* `severity-output` there */
	bool expose_fd_listeners;
	uint64_t threads;               /* bit mask of allowed threads (thread numbers from 0), 0: all */
	int64_t shards;                 /* sockets: 0 = one per thread where possible, 1 = one shared ... */
	struct tls_bind_settings tls;
};

#define LISTENER_MAGIC 0x6c73746eu
struct listener {
	uint32_t magic;
	struct proxy *px;               /* borrows */
	struct endpoint endpoint;       /* its address, one port */
	struct bind_settings set;
	const char *file;
	int line;
	TAILQ_ENTRY(listener) link;     /* px->listeners */
	struct gauge conns;             /* atomics */
	struct counter_set counters;
	struct listen_group group;      /* its sockets */
	struct tls_front *tls;          /* borrows: its bind line's; NULL: its connections are plain */
	bool paused;                    /* atomic */
	bool lingers;                   /* retired while we drain: closed last; frozen while it matters */
};

/* A listener appended to px->listeners. */
/* The listener of this proxy with this number, or NULL. */
struct listener *listener_by_id(const struct proxy *px, int64_t id);
struct listener *listener_new(struct proxy *px, const struct endpoint *e, const struct bind_settings *set, const char *file, int line);
/* Takes over what the inventory has and opens the rest of the sockets of all listeners of all proxies; a port that is in
 * use is tried again for patience_ms. Reports every fault; false when any. */
bool listeners_open(unsigned patience_ms);
/* Called whenever a port was in use and there is patience left. Start-up only. */
extern void (*listeners_busy_port)(void);
/* Sockets that joined a predecessor's listen from now on: right before the threads start. */
void listeners_begin(void);
/* Accepts on this thread from now on: every socket that is this thread's share. Called on each thread. */
void listeners_start_thread(void);
/* Stops accepting on this thread; sockets stay open. */
void listeners_stop_thread(void);
/* The same, but first takes what waits in the queues: they are about to be closed. */
void listeners_finish_thread(bool also_lingering);
/* Notes which listeners were retired by a successor, who does not want them: they go on for a moment. True when any. */
bool listeners_look_who_lingers(void);
/* Frees the addresses for another process, or takes them back; those that no other process can want stay. No thread
 * accepts meanwhile. */
void listeners_pause(void);
void listeners_resume(void);
/* One frontend of them. Its state is set on thread 0, while no thread accepts there: it pauses, resumes or is given up. */
void listeners_leave_frontend(struct proxy *fe);
void listeners_join_frontend(struct proxy *fe);
void listeners_set_frontend(struct proxy *fe, enum frontend_state to);
/* Every listening socket. */
void listeners_each_socket(void (*each)(const struct listener *l, int fd, void *arg), void *arg);
/* The same, with the key that a successor finds it by. */
void listeners_each_key(void (*each)(const char *key, int fd, void *arg), void *arg);
/* Closes listening sockets (after all threads stopped accepting). */
void listeners_close(bool also_lingering);

#endif
