/* SPDX-License-Identifier: Apache-2.0
 *
 * The master's table of listening sockets; see master_sockets.h. A worker names those it keeps by
 * their place in the table, which does not change while a worker starts.
 */
#include "master_sockets.h"

#include <stdlib.h>
#include <unistd.h>
#include "base/assert.h"
#include "conn/listen.h"
#include "talk.h"

struct socket_row {
	char *key; /* owns */
	int fd;    /* owns */
	bool kept;  /* the worker that starts uses it */
	bool fresh; /* the worker that starts brought it */
};
static struct socket_row *rows; /* owns */
static int row_count;
static int32_t inherited[1024];
static int inherited_count;

bool master_sockets_send(int link)
{
	struct handover_batch b = { .sock = link, .type = TALK_SOCKETS, .wait_ms = TALK_WAIT_MS, .ok = true };

	for (int i = 0; i < row_count; i++)
		handover_batch_add(&b, rows[i].key, rows[i].fd);
	handover_batch_flush(&b);
	return b.ok && handover_send(link, TALK_SOCKETS_END, SLICE(""), NULL, 0, TALK_WAIT_MS);
}

void master_sockets_keep(const struct handover *m)
{
	for (size_t at = 0; at + sizeof(int32_t) <= m->len; at += sizeof(int32_t)) {
		int32_t number;
		memcpy(&number, m->body + at, sizeof(number));
		if (number >= 0 && number < row_count)
			rows[number].kept = true;
	}
}

static void add_row(const char *key, int fd, void *unused)
{
	(void)unused;
	rows = realloc(rows, (size_t)(row_count + 1) * sizeof(*rows));
	ASSERT(rows);
	rows[row_count] = (struct socket_row){ .key = strdup(key), .fd = fd, .fresh = true };
	ASSERT(rows[row_count].key);
	row_count++;
}

void master_sockets_add(const struct handover *m)
{
	handover_batch_read(m, add_row, NULL);
}

void master_sockets_inherited(const struct handover *m)
{
	for (size_t at = 0; at + sizeof(int32_t) <= m->len; at += sizeof(int32_t)) {
		int32_t number;
		bool known = false;
		memcpy(&number, m->body + at, sizeof(number));
		for (int i = 0; i < inherited_count; i++)
			known |= inherited[i] == number;
		if (!known && number > 2 && inherited_count < (int)COUNT_OF(inherited))
			inherited[inherited_count++] = number;
	}
}

/* "unix@/run/x.sock mode ...": the path, or an empty slice. */
static struct slice unix_path(const char *key)
{
	if (strncmp(key, "unix@", 5) != 0)
		return SLICE("");
	const char *end = strstr(key, " mode ");
	return slice_make(key + 5, end ? (size_t)(end - key - 5) : strlen(key) - 5);
}

static bool path_is_used(struct slice path)
{
	for (int i = 0; i < row_count; i++)
		if ((rows[i].kept || rows[i].fresh) && slice_eq(unix_path(rows[i].key), path))
			return true;
	return false;
}

static void retire(const struct socket_row *row)
{
	struct slice path = unix_path(row->key);

	listen_retire(row->fd);
	if (path.len == 0 || path_is_used(path))
		return;
	char *name = slice_dup(path);
	if (name)
		unlink(name);
	free(name);
}

/* Takes rows out in place. */
static void sweep(bool (*stays)(const struct socket_row *))
{
	int to = 0;

	for (int i = 0; i < row_count; i++) {
		if (stays(&rows[i])) {
			rows[to] = rows[i];
			rows[to].kept = rows[to].fresh = false;
			to++;
			continue;
		}
		close(rows[i].fd);
		free(rows[i].key);
	}
	row_count = to;
}

static bool is_wanted(const struct socket_row *row)
{
	return row->kept || row->fresh;
}

static bool is_old(const struct socket_row *row)
{
	return !row->fresh;
}

static bool is_none(const struct socket_row *row)
{
	(void)row;
	return false;
}

void master_sockets_commit(void)
{
	for (int i = 0; i < row_count; i++)
		if (!is_wanted(&rows[i]))
			retire(&rows[i]);
	sweep(is_wanted);
}

void master_sockets_rollback(void)
{
	sweep(is_old);
}

void master_sockets_close(void)
{
	sweep(is_none);
	while (inherited_count)
		close(inherited[--inherited_count]);
}
