/* SPDX-License-Identifier: Apache-2.0
 *
 * Sinks and batches; see log_sink.h. Datagram sockets are not connected: a syslog server that
 * restarts is found again, and no refusal of an earlier line fails a later one. A sink that is
 * a stream is written under its lock, so that lines of two threads never mix.
 */
#include "core/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/addr.h"
#include "base/environment.h"
#include "core/log.h"
#include "core/log_ring.h"
#include "core/loop.h"

#define BATCH_BYTES (2 * 65536) /* at least one line of LOG_LEN_MAX fits behind any other */
#define BATCH_LINES 256
#define RING_BYTES (1u << 20)
#define SEND_CHUNK 64           /* messages of one sendmmsg */
/* Lines of equal length leave as one message that the kernel cuts into datagrams (UDP_SEGMENT). So many at most, of so many
 * bytes each (what any path takes whole) and together. */
#define SEGMENTS_MAX 64
#define SEGMENT_BYTES_MAX 1200
#define MESSAGE_BYTES_MAX 65000

enum sink_kind {
	SINK_DATAGRAM, /* sendmmsg to `to` */
	SINK_SOCKET,   /* an inherited stream socket */
	SINK_PIPE,     /* a pipe or terminal */
	SINK_FILE,     /* a file or device that never makes a writer wait */
	SINK_RING,     /* memory */
};

struct log_sink {
	struct log_sink *next;
	char *address;              /* owns: as the configuration wrote it */
	unsigned index;             /* into each thread's batches */
	enum sink_kind kind;
	int fd;                     /* -1 until opened, -2 when that failed; atomic */
	int given_fd;               /* "fd@N": N, else -1 */
	struct log_ring *ring;      /* owns, for ever; SINK_RING */
	bool may_block;             /* given_fd could not be reopened: ask before each write */
	struct sockaddr_storage to; /* SINK_DATAGRAM */
	socklen_t to_len;
	uint64_t dropped;           /* atomic: lines */
	bool one_by_one;            /* atomic: lines do not leave as segments of one message */
	pthread_mutex_t lock;       /* guards writing to a stream, and `torn` */
	char *torn;                 /* owns: the rest of a line of which a part was written */
	size_t torn_len;
};

/* What a thread holds for one sink. */
struct batch {
	struct log_sink *sink;
	struct batch *next_dirty;
	bool dirty;
	char *mem;                  /* owns: BATCH_BYTES */
	uint32_t used, lines;
	uint32_t ends[BATCH_LINES]; /* offset behind each line */
};

static struct log_sink *sinks; /* grows at start-up only */
static unsigned sink_count;
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t hook_once = PTHREAD_ONCE_INIT;

static _Thread_local struct batch **batches; /* owns: by sink index */
static _Thread_local unsigned batch_room;
static _Thread_local struct batch *dirty_list;

static void drop(struct log_sink *s, uint64_t lines)
{
	if (lines)
		__atomic_add_fetch(&s->dropped, lines, __ATOMIC_RELAXED);
}

static uint64_t dropped_by(const struct log_sink *s)
{
	return __atomic_load_n(&s->dropped, __ATOMIC_RELAXED);
}

uint64_t log_sinks_dropped(void)
{
	uint64_t sum = 0;

	for (const struct log_sink *s = sinks; s; s = s->next)
		sum += dropped_by(s);
	return sum;
}

bool log_sink_is_ring(const struct log_sink *s)
{
	return s->ring != NULL;
}

bool log_sink_report(unsigned nth, struct log_sink_report *out)
{
	static const char *const names[] = { "datagram", "socket", "fd", "file", "buffer" };
	const struct log_sink *s = sinks;

	while (s && s->index != nth)
		s = s->next;
	if (s == NULL)
		return false;
	*out = (struct log_sink_report){ .address = s->address, .kind = names[s->kind], .dropped = dropped_by(s), .ring = s->ring,
		.fd = __atomic_load_n(&s->fd, __ATOMIC_ACQUIRE) };
	return true;
}

/* ---- addresses ---- */

static bool set_unix(struct log_sink *s, const char *path, bool abstract, struct strbuf *err)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&s->to;
	size_t len = strlen(path), lead = abstract ? 1 : 0;

	if (len == 0 || len + lead >= sizeof(un->sun_path)) {
		strbuf_addf(err, "socket path '%s' must have 1 to %zu bytes", path, sizeof(un->sun_path) - 1 - lead);
		return false;
	}
	s->one_by_one = true;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path + lead, path, len);
	s->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + lead + len + !abstract);
	return true;
}

static bool set_fd(struct log_sink *s, struct slice number, struct strbuf *err)
{
	uint64_t n;

	if (!slice_to_u64(number, &n) || n > INT_MAX) {
		strbuf_addf(err, "'%.*s' is not a descriptor number", SLICE_FMT(number));
		return false;
	}
	s->given_fd = (int)n;
	return true;
}

/* Looks a host name up, once, at start. */
static bool set_host(struct log_sink *s, const char *host, int family, uint16_t port, struct strbuf *err)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_DGRAM }, *found;
	int why = getaddrinfo(host, NULL, &hints, &found);

	if (why) {
		strbuf_addf(err, "cannot find host '%s': %s", host, gai_strerror(why));
		return false;
	}
	struct addr a;
	bool ok = addr_from_sockaddr(&a, found->ai_addr);
	freeaddrinfo(found);
	a.port = port;
	s->to_len = ok ? addr_to_sockaddr(&a, &s->to) : 0;
	return ok;
}

/* "host", "host:port", "v6:port", "[v6]:port" and, where no port can be meant, "v6". */
static bool set_inet(struct log_sink *s, const char *text, int family, struct strbuf *err)
{
	struct slice all = slice_of(text), host = all, port_text = SLICE("514");
	struct addr a;
	uint64_t port;
	const char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');

	if (colon && (!bracket || colon > bracket)) {
		struct slice before = slice_make(text, (size_t)(colon - text));
		/* The last ':' starts the port, as HAProxy has it, unless that leaves no address. */
		if (slice_find_byte(before, ':') < 0 || addr_parse_ip(before, &a) || bracket || !addr_parse_ip(all, &a)) {
			host = before;
			if (colon[1])
				port_text = slice_of(colon + 1);
		}
	}
	if (!slice_to_u64(port_text, &port) || port < 1 || port > 65535) {
		strbuf_addf(err, "port '%.*s' in '%s' must be a number between 1 and 65535", SLICE_FMT(port_text), text);
		return false;
	}
	if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = slice_make(host.ptr + 1, host.len - 2);
	if (host.len == 0 || slice_is(host, "*")) {
		strbuf_addf(err, "an address is missing in '%s'", text);
		return false;
	}
	if (!addr_parse_ip(host, &a)) {
		char *name = slice_dup(host);
		bool ok = name && set_host(s, name, family, (uint16_t)port, err);
		free(name);
		return ok;
	}
	if (family != AF_UNSPEC && a.family != family) {
		strbuf_addf(err, "'%.*s' is not an address of this family", SLICE_FMT(host));
		return false;
	}
	a.port = (uint16_t)port;
	s->to_len = addr_to_sockaddr(&a, &s->to);
	return true;
}

static bool set_ring(struct log_sink *s, struct slice name, struct strbuf *err)
{
	if (!slice_is(name, "buf0")) {
		strbuf_addf(err, "there is no ring '%.*s': the only one is ring@buf0", SLICE_FMT(name));
		return false;
	}
	s->kind = SINK_RING;
	s->ring = log_ring_new(RING_BYTES);
	if (s->ring == NULL)
		strbuf_add_str(err, "out of memory");
	return s->ring != NULL;
}

static bool set_address(struct log_sink *s, const char *text, struct strbuf *err)
{
	static const struct { const char *prefix; int family; } inet[] = {
		{ "udp@", AF_UNSPEC }, { "udp4@", AF_INET }, { "udp6@", AF_INET6 }, { "ipv4@", AF_INET }, { "ipv6@", AF_INET6 },
	};
	static const char *const missing[] = { "tcp@", "tcp4@", "tcp6@", "uxst@", "sockpair@", "backend@" };
	struct slice all = slice_of(text);

	if (slice_is(all, "stdout"))
		return set_fd(s, SLICE("1"), err);
	if (slice_is(all, "stderr"))
		return set_fd(s, SLICE("2"), err);
	if (slice_starts(all, SLICE("fd@")))
		return set_fd(s, slice_from(all, 3), err);
	if (slice_starts(all, SLICE("ring@")))
		return set_ring(s, slice_from(all, 5), err);
	if (slice_starts(all, SLICE("unix@")))
		return set_unix(s, text + 5, false, err);
	if (slice_starts(all, SLICE("uxdg@")))
		return set_unix(s, text + 5, false, err);
	if (slice_starts(all, SLICE("abns@")))
		return set_unix(s, text + 5, true, err);
	if (text[0] == '/')
		return set_unix(s, text, false, err);
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		if (slice_starts(all, slice_of(missing[i]))) {
			strbuf_addf(err, "log targets of the form '%s' are not in this version of usher", missing[i]);
			return false;
		}
	}
	for (size_t i = 0; i < sizeof(inet) / sizeof(inet[0]); i++) {
		if (slice_starts(all, slice_of(inet[i].prefix)))
			return set_inet(s, text + strlen(inet[i].prefix), inet[i].family, err);
	}
	return set_inet(s, text, AF_UNSPEC, err);
}

static void hook_loop(void)
{
	loop_on_turn_end(log_sinks_flush);
}

static struct log_sink *get(const char *address, struct strbuf *err)
{
	for (struct log_sink *s = sinks; s; s = s->next) {
		if (strcmp(s->address, address) == 0)
			return s;
	}
	struct log_sink *s = calloc(1, sizeof(*s));
	if (s)
		s->address = strdup(address);
	if (!s || !s->address) {
		strbuf_add_str(err, "out of memory");
		free(s);
		return NULL;
	}
	s->fd = s->given_fd = -1;
	if (!set_address(s, address, err)) {
		free(s->address);
		free(s);
		return NULL;
	}
	/* "stdout" and "fd@1" are one. */
	for (struct log_sink *o = sinks; o && s->given_fd >= 0; o = o->next) {
		if (o->given_fd == s->given_fd) {
			free(s->address);
			free(s);
			return o;
		}
	}
	pthread_mutex_init(&s->lock, NULL);
	s->index = sink_count++;
	s->next = sinks;
	sinks = s;
	pthread_once(&hook_once, hook_loop);
	return s;
}

struct log_sink *log_sink_get(const char *address, struct strbuf *err)
{
	struct strbuf text = STRBUF_EMPTY;

	if (strchr(address, '$') == NULL)
		return get(address, err);
	environment_expand(slice_of(address), &text);
	struct log_sink *s = get(text.ptr ? text.ptr : "", err);
	strbuf_free(&text);
	return s;
}

/* ---- opening ---- */

static int open_datagram(struct log_sink *s)
{
	int fd = socket(s->to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* Nothing is ever read: what strangers send to the port must not gather. */
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 0 }, sizeof(int));
	return fd;
}

/* O_NONBLOCK belongs to the open file, which a pipe or terminal shares with whoever started us; so it is opened anew, or,
 * where that is not allowed, asked before each write. */
static int open_given(struct log_sink *s)
{
	struct stat st;
	char path[32];

	if (fstat(s->given_fd, &st) != 0)
		return -1;
	if (S_ISSOCK(st.st_mode)) {
		s->kind = SINK_SOCKET;
		return s->given_fd;
	}
	if (!S_ISFIFO(st.st_mode) && !isatty(s->given_fd)) {
		s->kind = SINK_FILE;
		return s->given_fd;
	}
	s->kind = SINK_PIPE;
	if (fcntl(s->given_fd, F_GETFL) & O_NONBLOCK)
		return s->given_fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->given_fd);
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0)
		return fd;
	s->may_block = true;
	return s->given_fd;
}

/* The descriptor, opened at need; -2 when it cannot be had. */
static int sink_fd(struct log_sink *s)
{
	int fd = __atomic_load_n(&s->fd, __ATOMIC_ACQUIRE);

	if (fd != -1)
		return fd;
	pthread_mutex_lock(&open_lock);
	fd = s->fd;
	if (fd == -1) {
		fd = s->given_fd >= 0 ? open_given(s) : open_datagram(s);
		__atomic_store_n(&s->fd, fd < 0 ? -2 : fd, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&open_lock);
	return fd < 0 ? -2 : fd;
}

bool log_sinks_open(struct strbuf *err)
{
	bool ok = true;

	for (struct log_sink *s = sinks; s; s = s->next) {
		if (!s->ring && sink_fd(s) < 0) {
			strbuf_addf(err, "%scannot open log target '%s': %s", ok ? "" : "; ", s->address, strerror(errno));
			ok = false;
		}
	}
	return ok;
}

/* ---- sending ---- */

static uint32_t line_start(const struct batch *b, uint32_t line)
{
	return line ? b->ends[line - 1] : 0;
}

/* How many lines from `line` on may leave as one message: those of one length, and one behind them that is shorter. */
static uint32_t lines_alike(const struct batch *b, uint32_t line)
{
	uint32_t start = line_start(b, line), len = b->ends[line] - start, n = 1;

	if (__atomic_load_n(&b->sink->one_by_one, __ATOMIC_RELAXED) || len > SEGMENT_BYTES_MAX)
		return 1;
	while (n < SEGMENTS_MAX && line + n < b->lines) {
		uint32_t next = b->ends[line + n] - b->ends[line + n - 1];
		if (next > len || b->ends[line + n] - start > MESSAGE_BYTES_MAX)
			break;
		n++;
		if (next < len)
			break;
	}
	return n;
}

/* One message of one or more lines, and what it is made of. */
struct parcel {
	struct iovec iov;
	uint32_t lines;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(uint16_t))];
	} control;
};

static void pack(struct parcel *p, const struct batch *b, uint32_t line, struct msghdr *m)
{
	uint32_t start = line_start(b, line);

	p->lines = lines_alike(b, line);
	p->iov = (struct iovec){ b->mem + start, b->ends[line + p->lines - 1] - start };
	*m = (struct msghdr){ .msg_name = &b->sink->to, .msg_namelen = b->sink->to_len, .msg_iov = &p->iov, .msg_iovlen = 1 };
	if (p->lines == 1)
		return;
	uint16_t size = (uint16_t)(b->ends[line] - start);
	p->control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(size)), .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT };
	memcpy(CMSG_DATA(&p->control.head), &size, sizeof(size));
	m->msg_control = &p->control;
	m->msg_controllen = sizeof(p->control);
}

static void send_datagrams(struct batch *b, int fd)
{
	struct mmsghdr head[SEND_CHUNK];
	struct parcel parcels[SEND_CHUNK];

	for (uint32_t line = 0; line < b->lines;) {
		unsigned n = 0;
		for (uint32_t next = line; n < SEND_CHUNK && next < b->lines; n++) {
			pack(&parcels[n], b, next, &head[n].msg_hdr);
			next += parcels[n].lines;
		}
		int sent = sendmmsg(fd, head, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent > 0) {
			for (int i = 0; i < sent; i++)
				line += parcels[i].lines;
		} else if (parcels[0].lines > 1 && (errno == EINVAL || errno == EIO || errno == EMSGSIZE || errno == EOPNOTSUPP)) {
			/* The kernel or the way there does not cut messages up. */
			__atomic_store_n(&b->sink->one_by_one, true, __ATOMIC_RELAXED);
		} else if (errno == EMSGSIZE) {
			drop(b->sink, 1);
			line++;
		} else if (errno != EINTR) {
			drop(b->sink, b->lines - line);
			return;
		}
	}
}

static ssize_t write_some(struct log_sink *s, int fd, const char *p, size_t len)
{
	ssize_t n;

	if (s->may_block) {
		struct pollfd room = { .fd = fd, .events = POLLOUT };
		if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT)) {
			errno = EAGAIN;
			return -1;
		}
		if (len > PIPE_BUF)
			len = PIPE_BUF;
	}
	do {
		n = s->kind == SINK_SOCKET ? send(fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL) : write(fd, p, len);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* Writes the rest of a torn line; false while some is left. Holds the lock. */
static bool mend_torn(struct log_sink *s, int fd)
{
	while (s->torn_len) {
		ssize_t n = write_some(s, fd, s->torn, s->torn_len);
		if (n <= 0)
			return false;
		s->torn_len -= (size_t)n;
		memmove(s->torn, s->torn + n, s->torn_len);
	}
	free(s->torn);
	s->torn = NULL;
	return true;
}

/* `from` lies within the line that ends at `end` and was begun; what cannot be kept is lost, the line is not counted. */
static void keep_torn(struct log_sink *s, const char *mem, uint32_t from, uint32_t end)
{
	s->torn = malloc(end - from);
	if (s->torn) {
		s->torn_len = end - from;
		memcpy(s->torn, mem + from, s->torn_len);
	}
}

/* How many lines from `line` on leave in one write: as many as stay whole in a pipe, or all. */
static uint32_t lines_at_once(const struct batch *b, uint32_t line)
{
	uint32_t n = 1, start = line_start(b, line);

	if (b->sink->kind != SINK_PIPE)
		return b->lines - line;
	while (line + n < b->lines && b->ends[line + n] - start <= PIPE_BUF)
		n++;
	return n;
}

static void send_stream(struct batch *b, int fd)
{
	struct log_sink *s = b->sink;
	uint32_t line = 0;

	pthread_mutex_lock(&s->lock);
	bool open = mend_torn(s, fd);
	while (open && line < b->lines) {
		uint32_t until = line + lines_at_once(b, line), at = line_start(b, line), end = b->ends[until - 1];
		while (at < end) {
			ssize_t n = write_some(s, fd, b->mem + at, end - at);
			if (n <= 0) {
				open = false;
				break;
			}
			at += (uint32_t)n;
		}
		while (line < until && b->ends[line] <= at)
			line++;
		if (!open && line < until && at > line_start(b, line)) {
			keep_torn(s, b->mem, at, b->ends[line]);
			line++;
		}
	}
	pthread_mutex_unlock(&s->lock);
	drop(b->sink, b->lines - line);
}

static void batch_send(struct batch *b)
{
	struct log_ring *ring = b->sink->ring;
	int fd = b->lines && !ring ? sink_fd(b->sink) : -2;

	if (ring)
		drop(b->sink, log_ring_add(ring, b->mem, b->ends, b->lines));
	else if (fd < 0)
		drop(b->sink, b->lines);
	else if (b->sink->kind == SINK_DATAGRAM)
		send_datagrams(b, fd);
	else
		send_stream(b, fd);
	b->used = b->lines = 0;
}

void log_sinks_flush(void)
{
	struct batch *b;

	while ((b = dirty_list) != NULL) {
		dirty_list = b->next_dirty;
		b->dirty = false;
		batch_send(b);
	}
}

/* ---- batches ---- */

static struct batch *batch_of(struct log_sink *s)
{
	if (s->index >= batch_room) {
		struct batch **grown = realloc(batches, sink_count * sizeof(struct batch *));
		if (!grown)
			return NULL;
		for (unsigned i = batch_room; i < sink_count; i++)
			grown[i] = NULL;
		batches = grown;
		batch_room = sink_count;
	}
	struct batch *b = batches[s->index];
	if (!b && (b = calloc(1, sizeof(*b))) != NULL) {
		b->sink = s;
		b->mem = malloc(BATCH_BYTES);
		if (!b->mem) {
			free(b);
			return NULL;
		}
		batches[s->index] = b;
	}
	return b;
}

char *log_sink_reserve(struct log_sink *s, size_t len)
{
	struct batch *b = batch_of(s);

	if (!b || len > BATCH_BYTES) {
		drop(s, 1);
		return NULL;
	}
	if (b->lines == BATCH_LINES || BATCH_BYTES - b->used < len)
		batch_send(b);
	return b->mem + b->used;
}

void log_sink_commit(struct log_sink *s, size_t len)
{
	struct batch *b = batches[s->index];

	b->used += (uint32_t)len;
	b->ends[b->lines++] = b->used;
	if (!b->dirty) {
		b->dirty = true;
		b->next_dirty = dirty_list;
		dirty_list = b;
	}
}

void log_sinks_thread_end(void)
{
	log_sinks_flush();
	for (unsigned i = 0; i < batch_room; i++) {
		if (batches[i])
			free(batches[i]->mem);
		free(batches[i]);
	}
	free(batches);
	batches = NULL;
	batch_room = 0;
}
