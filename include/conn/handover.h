/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptors on their way from process to process: messages over a unix socket that keeps their
 * bounds (SOCK_SEQPACKET), and the inventory of listening sockets a process was given, each with
 * the key its listener asks for. What the messages mean is known above. One thread.
 */
#ifndef USHER_CONN_HANDOVER_H
#define USHER_CONN_HANDOVER_H

#include "base/strbuf.h"

#define HANDOVER_FDS_MAX 64
#define HANDOVER_BYTES_MAX 32000

struct handover {
	unsigned type;              /* what the parties agreed on */
	size_t len;
	char body[HANDOVER_BYTES_MAX];
	int fds[HANDOVER_FDS_MAX];  /* owned by the receiver; close-on-exec */
	int fd_count;
};

/* Passes one descriptor over a stream socket, with one byte that carries it; and takes it at the other end, -1: none came. */
bool handover_send_fd(int sock, int fd);
int handover_receive_fd(int sock, int wait_ms);
/* Sends one message, waiting up to wait_ms for room. False: the peer is gone or deaf. */
bool handover_send(int sock, unsigned type, struct slice body, const int *fds, int fd_count, int wait_ms);
/* Sends a body of any length in as many messages as it needs. */
bool handover_send_long(int sock, unsigned type, struct slice body, int wait_ms);
enum handover_result { HANDOVER_GOT, HANDOVER_NONE, HANDOVER_END };
/* Takes the next message, waiting up to wait_ms (-1: for ever). NONE: none came; END: the peer closed, or broke the rules. */
enum handover_result handover_receive(int sock, struct handover *m, int wait_ms);

/* A listening socket and its key. */
struct inherited {
	char *key; /* owns */
	int fd;    /* owns, unless taken */
	int from;  /* number in the list it came from */
	bool taken;
};
struct inventory {
	struct inherited *list; /* owns */
	int n;
};
/* What this process was given at its start, before anything is bound. */
extern struct inventory inventory;

void inventory_add(const char *key, int fd, int from);
/* A socket with this key that nobody took yet; the taker owns it. -1: none. */
int inventory_take(const char *key);
/* Closes what nobody took and forgets everything. */
void inventory_free(void);

/* The types of a list of sockets and of its end, wherever one is sent. */
#define HANDOVER_SOCKETS 1
#define HANDOVER_SOCKETS_END 2

/* Batches of (key, descriptor): `type` messages whose body holds the keys, each ended by a newline. */
struct handover_batch {
	int sock;
	unsigned type;
	int wait_ms;           /* for room, at most */
	bool ok;               /* false: a send failed */
	struct strbuf keys;
	int fds[HANDOVER_FDS_MAX];
	int n;
};
void handover_batch_add(struct handover_batch *b, const char *key, int fd);
/* Sends the rest; b->ok tells. */
void handover_batch_flush(struct handover_batch *b);
/* Calls each(key, fd) for a batch's message; what the callee does not keep it closes. False when keys and descriptors do
 * not match: all descriptors are closed then. */
bool handover_batch_read(const struct handover *m, void (*each)(const char *key, int fd, void *arg), void *arg);

#endif
