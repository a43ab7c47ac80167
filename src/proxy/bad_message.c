/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeping what was refused; see bad_message.h. One lock.
 */
#include "proxy/bad_message.h"

#include <pthread.h>
#include <stdlib.h>
#include "conn/buf.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t total; /* under lock */

void bad_message_keep(struct stream *s, bool response, struct slice bytes, size_t position, const char *why)
{
	struct proxy *fe = s->session->fe, *be = s->be_counted ? s->be : NULL, *px = response ? s->be : fe;
	struct bad_message *m = malloc(sizeof(*m) + bytes.len), *old;

	if (m == NULL)
		return;
	*m = (struct bad_message){ .response = response, .px = px, .other = response ? fe : be, .srv = response ? s->server : NULL,
		.src = s->session->src, .buffer_len = buf_small_size, .why = why, .position = (uint32_t)position,
		.len = (uint32_t)bytes.len };
	if (bytes.len)
		memcpy(m->bytes, bytes.ptr, bytes.len);
	gettimeofday(&m->when, NULL);
	pthread_mutex_lock(&lock);
	m->event = total++;
	old = px->bad_message[response];
	px->bad_message[response] = m;
	pthread_mutex_unlock(&lock);
	free(old);
}

struct bad_message *bad_message_copy(struct proxy *px, bool response)
{
	struct bad_message *copy = NULL;

	pthread_mutex_lock(&lock);
	const struct bad_message *m = px->bad_message[response];
	if (m && (copy = malloc(sizeof(*m) + m->len)) != NULL)
		memcpy(copy, m, sizeof(*m) + m->len);
	pthread_mutex_unlock(&lock);
	return copy;
}

void bad_message_forget(const struct server *srv)
{
	pthread_mutex_lock(&lock);
	struct bad_message *m = srv->px->bad_message[true];
	if (m && m->srv == srv)
		m->srv = NULL;
	pthread_mutex_unlock(&lock);
}

uint64_t bad_messages_total(void)
{
	pthread_mutex_lock(&lock);
	uint64_t n = total;
	pthread_mutex_unlock(&lock);
	return n;
}
