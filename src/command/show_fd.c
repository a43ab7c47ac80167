/* SPDX-License-Identifier: Apache-2.0
 *
 * show fd: every descriptor of the process, a line each, in HAProxy's shape. What a descriptor is for is told by its
 * thread (proxy/roll.h) or known to all; whether it is open and what it is, the kernel says. One that nobody owns up to is shown
 * as well. One thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "core/log_sink.h"
#include "core/thread.h"
#include "proxy/command.h"
#include "proxy/roll.h"
#include "proxy/stream.h"

#define AT_ONCE 256 /* numbers that are looked at in one go */
#define NONE_MAPPED UINT32_MAX

/* What is known of a descriptor; behind it stand text_len bytes: "fe=door". */
struct fact {
	int fd, thread; /* -1: every thread's */
	const void *owner;
	const char *kind, *mux;
	int error;
	bool ready_in, ready_out, back, is_conn, tls;
	uint32_t text_len;
};

struct show_fd {
	struct roll *roll;   /* NULL: all were asked */
	struct strbuf facts;
	uint32_t *at;        /* owns: by descriptor, where its fact is */
	int at_count;
	int next, limit;     /* numbers still to be looked at */
};

/* ---- what is known ---- */

static void add_fact(struct strbuf *out, const struct fact *f, const char *label, const char *name, const char *inner)
{
	struct fact with = *f;
	size_t at = out->len;

	strbuf_add(out, &with, sizeof(with));
	strbuf_addf(out, "%s=%s%s%s", label, name, inner ? "/" : "", inner ? inner : "");
	if (out->truncated) {
		out->len = at;
		return;
	}
	with.text_len = (uint32_t)(out->len - at - sizeof(with));
	memcpy(out->ptr + at, &with, sizeof(with));
}

static struct fact conn_fact(const struct conn *c, const void *owner, const char *kind)
{
	return (struct fact){ .fd = c->watch.fd, .thread = thread_id, .owner = owner, .kind = kind, .error = c->error,
		.ready_in = c->can_read, .ready_out = c->can_write, .is_conn = true, .tls = c->tls != NULL };
}

static void add_link(const struct link *l, const char *kind, const char *mux, struct strbuf *out)
{
	struct fact f = conn_fact(&l->conn, l, kind);

	f.back = true;
	f.mux = mux;
	add_fact(out, &f, "sv", l->srv->px->name, l->srv->name);
}

/* On the session's thread. `wanted` is the only number that is asked for, or -1. */
static void tell(struct session *s, const void *wanted, struct strbuf *out)
{
	const char *mux = s->http ? "H1" : "PASS";
	struct fact f = conn_fact(&s->client, s, "session");
	int only = *(const int *)wanted;
	const struct link *l = s->stream ? s->stream->link : NULL;

	f.mux = mux;
	if (f.fd >= 0 && (only < 0 || only == f.fd))
		add_fact(out, &f, "fe", s->fe->name, NULL);
	if (l && l->conn.watch.fd >= 0 && (only < 0 || only == l->conn.watch.fd))
		add_link(l, "link", mux, out);
	LIST_FOREACH(l, &s->links, owned)
		if (only < 0 || only == l->conn.watch.fd)
			add_link(l, "idle-link", mux, out);
}

static void tell_idle(const struct link *l, void *out)
{
	add_link(l, "idle-link", "H1", out);
}

static bool tell_rest(unsigned n, const void *wanted, struct strbuf *out)
{
	(void)wanted;
	return links_each_idle(n * 64, 64, tell_idle, out) == 64;
}

static void add_listener(const struct listener *l, int fd, void *out)
{
	struct fact f = { .fd = fd, .thread = -1, .owner = l, .kind = "listener" };

	add_fact(out, &f, "fe", l->px->name, NULL);
}

/* What belongs to no session; of this only the runtime sockets' own proxy is not among `proxies`. */
static void add_fixtures(struct strbuf *out)
{
	struct log_sink_report sink;

	for (int t = 0; t < thread_count; t++) {
		const struct loop *l = &thread_loops[t];
		struct fact f = { .fd = l->epoll_fd, .thread = t, .owner = l, .kind = "loop" };
		add_fact(out, &f, "of", "epoll", NULL);
		f.fd = l->wake.fd;
		add_fact(out, &f, "of", "eventfd", NULL);
	}
	listeners_each_socket(add_listener, out);
	for (unsigned n = 0; log_sink_report(n, &sink); n++) {
		struct fact f = { .fd = sink.fd, .thread = -1, .kind = "log" };
		add_fact(out, &f, "to", sink.address, NULL);
	}
}

static const struct fact *fact_at(const struct strbuf *facts, size_t at, struct fact *f)
{
	memcpy(f, facts->ptr + at, sizeof(*f));
	return f;
}

/* Makes the table of facts by descriptor; a later one wins. False: memory is out. */
static bool map_facts(struct show_fd *s)
{
	struct fact f;
	int last = -1;

	for (size_t at = 0; at < s->facts.len; at += sizeof(f) + f.text_len)
		if (fact_at(&s->facts, at, &f)->fd > last)
			last = f.fd;
	s->at = malloc(((size_t)last + 1) * sizeof(*s->at) + 1);
	if (s->at == NULL || s->facts.truncated || s->facts.len >= NONE_MAPPED)
		return false;
	s->at_count = last + 1;
	for (int fd = 0; fd < s->at_count; fd++)
		s->at[fd] = NONE_MAPPED;
	for (size_t at = 0; at < s->facts.len; at += sizeof(f) + f.text_len)
		if (fact_at(&s->facts, at, &f)->fd >= 0)
			s->at[f.fd] = (uint32_t)at;
	return true;
}

/* ---- what the kernel says ---- */

static const char *kind_of_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return "closed";
	if (S_ISFIFO(st.st_mode))
		return "pipe";
	if (S_ISCHR(st.st_mode))
		return "device";
	return S_ISREG(st.st_mode) ? "file" : S_ISDIR(st.st_mode) ? "directory" : "other";
}

static void add_port(struct strbuf *out, const char *label, int fd, int (*name)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;

	if (name(fd, (struct sockaddr *)&ss, &len) == 0 && addr_from_sockaddr(&a, (struct sockaddr *)&ss) && a.family != AF_UNIX && a.port)
		strbuf_addf(out, " %s=%u", label, a.port);
}

/* "fam=ipv4 lport=80 rport=50000" */
static void add_family(struct strbuf *out, int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss), flag_len = sizeof(int);
	int listens = 0;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0) {
		strbuf_addf(out, " fam=%s", kind_of_file(fd));
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &flag_len) == 0 && listens)
		strbuf_add_str(out, " l.st=RDY");
	strbuf_addf(out, " fam=%s", ss.ss_family == AF_INET6 ? "ipv6" : ss.ss_family == AF_INET ? "ipv4" : ss.ss_family == AF_UNIX ? "unix" : "other");
	add_port(out, "lport", fd, getsockname);
	add_port(out, "rport", fd, getpeername);
}

static char flag(bool on, char letter)
{
	return on ? letter : (char)(letter | 0x20);
}

static void add_line(struct strbuf *out, const struct show_fd *s, int fd, short got)
{
	struct fact f = { .thread = -1 };
	uint32_t at = fd < s->at_count ? s->at[fd] : NONE_MAPPED;

	if (at != NONE_MAPPED)
		fact_at(&s->facts, at, &f);
	strbuf_addf(out, "%7d : st=0x%04x(%c%c%c%c%c W:%c R:%c)", fd, (unsigned)got & 0xffffu, flag(got & (POLLHUP | POLLRDHUP), 'H'),
		flag(got & POLLERR, 'E'), flag(got & POLLOUT, 'O'), flag(got & POLLPRI, 'P'), flag(got & POLLIN, 'I'), flag(f.ready_out, 'R'),
		flag(f.ready_in, 'R'));
	if (f.thread >= 0)
		strbuf_addf(out, " gid=%d tmask=0x%" PRIx64, 1 + f.thread / 64, UINT64_C(1) << f.thread % 64);
	strbuf_addf(out, " owner=0x%" PRIxPTR "(%s)", (uintptr_t)f.owner, f.kind ? f.kind : "none");
	if (f.is_conn)
		strbuf_addf(out, " back=%d cerr=%d", f.back, f.error);
	add_family(out, fd);
	if (at != NONE_MAPPED)
		strbuf_addf(out, " %.*s", (int)f.text_len, s->facts.ptr + at + sizeof(f));
	if (f.is_conn)
		strbuf_addf(out, " mux=%s xprt=%s", f.mux, f.tls ? "SSL" : "RAW");
	strbuf_add_byte(out, '\n');
}

static void add_open(struct cli *c, struct show_fd *s)
{
	struct pollfd look[AT_ONCE];
	nfds_t n = 0;

	for (; n < AT_ONCE && s->next < s->limit; n++)
		look[n] = (struct pollfd){ .fd = s->next++, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP };
	if (poll(look, n, 0) < 0 && errno != EINTR)
		s->limit = 0;
	for (nfds_t i = 0; i < n && s->limit; i++)
		if (!(look[i].revents & POLLNVAL))
			add_line(&c->out, s, look[i].fd, look[i].revents);
}

/* ---- the command ---- */

static void wake(void *owner)
{
	cli_wake(owner);
}

static bool show_fd_start(struct cli *c)
{
	struct show_fd *s = calloc(1, sizeof(*s));
	int *wanted = malloc(sizeof(*wanted));
	struct rlimit most = { .rlim_cur = 1024 };
	int64_t only = -1;

	getrlimit(RLIMIT_NOFILE, &most);
	if (s && wanted) {
		s->limit = most.rlim_cur > INT32_MAX ? INT32_MAX : (int)most.rlim_cur;
		if (c->arg_count && slice_to_i64(slice_of(c->args[0]), &only) && only >= 0 && only < s->limit) {
			s->next = (int)only;
			s->limit = s->next + 1;
		} else if (c->arg_count) {
			free(s);
			free(wanted);
			return cli_refuse(c, "Expected the number of a descriptor.");
		}
		*wanted = (int)only;
		s->roll = roll_begin_all(tell, tell_rest, wanted, wake, c);
		wanted = NULL;
	}
	if (s == NULL || s->roll == NULL) {
		free(s);
		free(wanted);
		return cli_refuse(c, "Out of memory.");
	}
	c->state = s;
	return true;
}

static enum command_result show_fd_run(struct cli *c)
{
	struct show_fd *s = c->state;
	size_t before = c->out.len;

	if (s->roll) {
		if (roll_take(s->roll, &s->facts) == ROLL_AWAY)
			return COMMAND_WAIT;
		roll_end(&s->roll);
		add_fixtures(&s->facts);
		if (!map_facts(s)) {
			cli_refuse(c, "Out of memory.");
			return COMMAND_DONE;
		}
	}
	add_open(c, s);
	if (s->next >= s->limit)
		return COMMAND_DONE;
	if (c->out.len > before)
		return COMMAND_MORE;
	/* Nothing was open there: others' turn all the same. */
	cli_wake(c);
	return COMMAND_WAIT;
}

static void show_fd_end(struct cli *c)
{
	struct show_fd *s = c->state;

	roll_end(&s->roll);
	strbuf_free(&s->facts);
	free(s->at);
	free(s);
}

COMMAND(show_fd) = {
	.keyword = "show fd", .usage = "show fd [<number>]", .text = "show what the descriptors are for", .level = CLI_OPERATOR,
	.start = show_fd_start, .run = show_fd_run, .end = show_fd_end,
};
