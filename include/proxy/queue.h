/* SPDX-License-Identifier: Apache-2.0
 *
 * Waiting for a server slot. Each server with a maxconn has a line, each backend has one for
 * streams that any server may take. One lock per line. A freed slot is given to the head of the
 * line before its thread is told by mail; a waiter that died meanwhile gives it back.
 */
#ifndef USHER_PROXY_QUEUE_H
#define USHER_PROXY_QUEUE_H

#include "core/loop.h"
#include "proxy/proxy.h"

struct queue; /* lock inside */

/* Where somebody stands in a line: before those of a higher class, and among its class where it would stand had it come so
 * much later (or earlier, below 0). Both 0 is the usual. In four bytes. */
#define QUEUE_CLASS_MAX 2047
#define QUEUE_OFFSET_MAX_MS 524287
struct queue_rank {
	int32_t class : 12;     /* -QUEUE_CLASS_MAX to QUEUE_CLASS_MAX */
	int32_t offset_ms : 20; /* likewise */
};

/* A place in a line. Made by queue_wait(), freed by queue_leave() or queue_taken(); the line or the mail
 * under way may hold it a little longer than its owner. */
struct queue_entry;

/* Takes a slot of the server: true, or false when its limit is reached. Pairs with queue_slot_free(). Any thread. */
bool queue_slot_take(struct server *srv);
/* Gives a slot back, or hands it to the head of the server's or the backend's line when somebody waits. Any thread. */
void queue_slot_free(struct server *srv);
/* Stands in line for one server, or for any of the backend (srv NULL), with this rank. wake(owner) runs on this thread once a slot was
 * granted or the line dissolved; queue_taken() then tells. NULL: the line is full (maxqueue) or memory is out. */
struct queue_entry *queue_wait(struct proxy *be, struct server *srv, struct queue_rank rank, void *owner, void (*wake)(void *owner));
/* Whether wake() has run. */
bool queue_called(const struct queue_entry *e);
/* How many stood before it when it came. */
unsigned queue_position(const struct queue_entry *e);
/* After wake(): frees the entry and gives the server whose slot is now the caller's, or NULL: choose anew. */
struct server *queue_taken(struct queue_entry **e);
/* Leaves the line; a slot granted meanwhile goes to the next. Nulls the pointer; harmless on NULL. */
void queue_leave(struct queue_entry **e);
/* Offers a server's free slots to those who wait: it came up, or its limit grew. Returns how many got one. Any thread. */
unsigned queue_pull(struct server *srv);
/* The server went down: everybody who waits for it is woken to choose anew. Returns how many. Any thread. */
unsigned queue_dissolve(struct server *srv);
/* Makes the line of a server that nobody finds yet; frees it again, empty and out of sight. */
void queue_open(struct server *srv);
void queue_close(struct server *srv);
/* Makes the lines of a backend and its servers; start-up only. */
void queues_open(struct proxy *be);

#endif
