/* SPDX-License-Identifier: Apache-2.0
 *
 * The pump. Reads fill a small buffer; three full ones in a row mean a long body, and from then
 * on bytes go by splice through a large pipe, or through a large buffer where no pipe is to be
 * had. When the source runs dry for real, pipe and buffer go back to their caches. What was
 * read already always leaves first.
 */
#include "proxy/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/clock.h"
#include "core/thread.h"
#include "proxy/global.h"

#define PIPE_SIZE (1024 * 1024)
/* A smaller one is no better than a large buffer: past pipe-user-pages-soft pipes are born at 8 KiB. */
#define PIPE_SIZE_LEAST (256 * 1024)
/* Of the process, shared out among its threads: spare pipes count against that limit too. */
#define PIPES_SPARE_MAX 64
#define PIPES_SPARE_LEAST 4
/* How long a thread that could not have a pipe does without. */
#define SCARCE_MS 500
#define LONG_BODY_READS 3
/* A turn of one pump moves at most about this much, so that one long body cannot keep the others waiting. */
#define TURN_BYTES (8u * 1024 * 1024)

/* Short bodies are copied behind their head: one area is sent more cheaply than two. */
#define JOINED_MAX 2048

struct pipe {
	struct pipe *next;
	int fds[2];
	uint32_t size;
};
static _Thread_local struct pipe *spare_pipes;
static _Thread_local int spare_count;
static _Thread_local uint64_t scarce_until_ms;
static int pipes_open, pipes_spare; /* atomics: of all threads */

static void add(int *count, int n)
{
	__atomic_fetch_add(count, n, __ATOMIC_RELAXED);
}

static void pipe_free(struct pipe *p)
{
	close(p->fds[0]);
	close(p->fds[1]);
	free(p);
	add(&pipes_open, -1);
}

static struct pipe *pipe_new(void)
{
	struct pipe *p = malloc(sizeof(*p));

	if (p == NULL)
		return NULL;
	if (pipe2(p->fds, O_NONBLOCK | O_CLOEXEC) < 0) {
		free(p);
		return NULL;
	}
	add(&pipes_open, 1);
	int size = fcntl(p->fds[1], F_SETPIPE_SZ, PIPE_SIZE);
	if (size < 0)
		size = fcntl(p->fds[1], F_SETPIPE_SZ, PIPE_SIZE_LEAST);
	if (size < PIPE_SIZE_LEAST) {
		pipe_free(p);
		return NULL;
	}
	p->size = (uint32_t)size;
	return p;
}

static struct pipe *pipe_get(void)
{
	struct pipe *p = spare_pipes;

	if (p) {
		spare_pipes = p->next;
		spare_count--;
		add(&pipes_spare, -1);
		return p;
	}
	if (clock_now_ms < scarce_until_ms)
		return NULL;
	p = pipe_new();
	if (p == NULL)
		scarce_until_ms = clock_now_ms + SCARCE_MS;
	return p;
}

/* A pipe that still holds bytes cannot serve another stream. */
static void pipe_put(struct pipe **p, bool empty)
{
	struct pipe *i = *p;

	*p = NULL;
	if (i == NULL)
		return;
	int most = PIPES_SPARE_MAX / thread_count;
	if (!empty || spare_count >= (most > PIPES_SPARE_LEAST ? most : PIPES_SPARE_LEAST)) {
		pipe_free(i);
		return;
	}
	i->next = spare_pipes;
	spare_pipes = i;
	spare_count++;
	add(&pipes_spare, 1);
}

void pump_pipes_free(void)
{
	while (spare_pipes) {
		struct pipe *p = spare_pipes;
		spare_pipes = p->next;
		pipe_free(p);
	}
	add(&pipes_spare, -spare_count);
	spare_count = 0;
}

void pump_pipes_count(uint64_t *used, uint64_t *spare)
{
	int open = __atomic_load_n(&pipes_open, __ATOMIC_RELAXED), idle = __atomic_load_n(&pipes_spare, __ATOMIC_RELAXED);

	*used = (uint64_t)(open > idle ? open - idle : 0);
	*spare = (uint64_t)idle;
}

void pump_release(struct pump *p)
{
	buf_put(&p->head);
	buf_put(&p->buf);
	buf_put(&p->copy);
	p->ready = 0;
	pipe_put(&p->pipe, p->piped == 0);
	p->piped = 0;
}

/* What was read before the failure is delivered first. */
static enum pump_result from_failed(struct pump *p)
{
	p->ended = p->failed = true;
	if (pump_deliverable(p))
		return PUMP_WAIT;
	buf_put(&p->buf);
	return PUMP_FROM_FAILED;
}

/* Takes the chunk framing out of what was not judged yet; what is behind the message moves up. */
static ssize_t unchunk(struct pump *p, char *at, size_t len)
{
	size_t used;
	ssize_t n = http1_body_unchunk(p->body, at, len, &used);

	if (n >= 0) {
		memmove(at + n, at + used, len - used);
		p->buf->tail -= (uint32_t)(used - (size_t)n);
	}
	return n;
}

/* Finds out which of the bytes read belong to the message. */
static void judge(struct pump *p)
{
	size_t len = buf_len(p->buf) - p->ready;

	if (p->body == NULL || p->complete)
		return;
	if (len && !p->body->ended) {
		char *at = p->buf->data + p->buf->head + p->ready;
		ssize_t n = p->unchunk ? unchunk(p, at, len) : http1_body_scan(p->body, at, len);
		if (n < 0) {
			p->ended = p->failed = true;
			return;
		}
		p->ready += (uint32_t)n;
	}
	/* Anybody on the way can end a connection: with TLS only the server's own word for it is an end (RFC 9112 9.8). */
	if (p->ended && p->body->kind == HTTP1_BODY_CLOSE && !p->failed && !(p->from && p->from->cut))
		p->body->ended = true;
	p->complete = p->body->ended;
	/* The connection's end in the middle of a message is no end of the message. */
	p->failed = p->failed || (p->ended && !p->complete);
	p->ended = p->ended || p->complete;
}

void pump_frame(struct pump *p, struct http1_body *body, bool take_out_chunks)
{
	p->body = body;
	p->unchunk = take_out_chunks && body->kind == HTTP1_BODY_CHUNKED;
	p->ready = 0;
	p->complete = false;
	judge(p);
}

enum pump_result pump_fill(struct pump *p)
{
	size_t got;

	if (!p->from || !p->from->can_read || p->ended)
		return PUMP_WAIT;
	if (p->buf == NULL && (p->buf = buf_get_small()) == NULL)
		return from_failed(p);
	if (buf_room(p->buf) == 0)
		return PUMP_WAIT;
	switch (p->from->transport->recv(p->from, p->buf->data + p->buf->tail, buf_room(p->buf), &got)) {
	case IO_DONE:
		p->buf->tail += (uint32_t)got;
		p->total += got;
		/* Another full read would find the same: the loop's next event or the next call goes on. */
		if (p->from->eof) {
			p->ended = true;
			p->failed = p->from->error != 0;
		}
		judge(p);
		return PUMP_WAIT;
	case IO_EOF:
		p->ended = true;
		judge(p);
		break;
	case IO_AGAIN:
		break;
	case IO_FAIL:
		return from_failed(p);
	}
	if (buf_len(p->buf) == 0)
		buf_put(&p->buf);
	return PUMP_WAIT;
}

/* Of what does not fit as a whole nothing is kept. */
static void keep(struct pump *p, const struct iovec *iov, int n, size_t sent)
{
	for (int i = 0; i < n && sent; i++) {
		size_t len = sent < iov[i].iov_len ? sent : iov[i].iov_len;
		if (buf_append(p->copy, iov[i].iov_base, len) < len) {
			buf_put(&p->copy);
			return;
		}
		sent -= len;
	}
}

/* Whether `to` hears our end right behind what is deliverable now. */
static bool is_last(const struct pump *p)
{
	if (!p->ended || p->failed || (p->from && p->from->cut))
		return false;
	return p->body ? p->parting && p->complete : !p->keep_open;
}

static enum io flush_buf(struct pump *p, bool *moved)
{
	size_t sent, of_head = buf_len(p->head), of_buf = p->body ? p->ready : buf_len(p->buf);
	struct iovec iov[2];
	int n = 0;

	if (!p->to->can_write)
		return IO_AGAIN;
	if (of_head && of_buf && of_buf <= JOINED_MAX && buf_room(p->head) >= of_buf) {
		buf_append(p->head, p->buf->data + p->buf->head, of_buf);
		buf_consume(p->buf, of_buf);
		p->ready = 0;
		of_head += of_buf;
		of_buf = 0;
	}
	if (of_head)
		iov[n++] = (struct iovec){ p->head->data + p->head->head, of_head };
	if (of_buf)
		iov[n++] = (struct iovec){ p->buf->data + p->buf->head, of_buf };
	p->to->parting = is_last(p) ? CONN_PARTS : CONN_STAYS;
	enum io r = p->to->transport->sendv(p->to, iov, n, false, &sent);
	p->given += sent;
	*moved |= sent > 0;
	if (p->copy)
		keep(p, iov, n, sent);
	if (of_head) {
		size_t gone = sent < of_head ? sent : of_head;
		buf_consume(p->head, gone);
		sent -= gone;
		if (buf_len(p->head) == 0)
			buf_put(&p->head);
	}
	if (sent) {
		buf_consume(p->buf, sent);
		p->ready -= p->body ? (uint32_t)sent : 0;
	}
	return r;
}

enum pump_result pump_run_head(struct pump *p, bool *moved)
{
	struct iovec iov = { .iov_base = p->head ? p->head->data + p->head->head : NULL, .iov_len = buf_len(p->head) };
	size_t sent;

	if (iov.iov_len == 0 || !p->to->can_write)
		return PUMP_WAIT;
	enum io r = p->to->transport->sendv(p->to, &iov, 1, false, &sent);
	p->given += sent;
	*moved |= sent > 0;
	buf_consume(p->head, sent);
	if (buf_len(p->head) == 0)
		buf_put(&p->head);
	return r == IO_FAIL ? PUMP_TO_FAILED : PUMP_WAIT;
}

/* How much may go by pipe at once: never more than the message has left. */
static size_t splice_share(const struct pump *p)
{
	if (p->body && p->body->kind == HTTP1_BODY_LENGTH && p->body->left < p->pipe->size)
		return (size_t)p->body->left;
	return p->pipe->size;
}

/* Moves bytes by pipe until one side has no more to say. DONE: the turn's share is used up. */
static enum io splice_some(struct pump *p, bool *moved)
{
	uint64_t share = 0;

	while (share < TURN_BYTES) {
		if (p->piped == 0) {
			if (!p->from->can_read || p->ended)
				return IO_AGAIN;
			ssize_t n = splice(p->from->watch.fd, NULL, p->pipe->fds[1], NULL, splice_share(p), SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
			if (n <= 0) {
				if (n < 0 && errno == EINTR)
					continue;
				/* Splice stops for good at an urgent byte: recv() has to find out what is behind it. */
				p->from->can_read = n < 0 && errno == EAGAIN && p->from->urgent;
				if (n == 0) {
					p->ended = p->from->eof = true;
					p->failed = p->from->error != 0;
					judge(p);
					return p->failed ? IO_FAIL : IO_EOF;
				}
				if (errno == EAGAIN)
					return IO_AGAIN;
				p->from->error = errno;
				p->ended = p->failed = true;
				return IO_FAIL;
			}
			p->piped = (uint32_t)n;
			p->total += (uint64_t)n;
			if (p->body && p->body->kind == HTTP1_BODY_LENGTH) {
				p->body->left -= (uint64_t)n;
				p->body->ended = p->body->left == 0;
				judge(p);
			}
			share += (uint64_t)n;
			*moved = true;
		}
		if (!p->to->can_write)
			return IO_AGAIN;
		ssize_t n = splice(p->pipe->fds[0], NULL, p->to->watch.fd, NULL, p->piped, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			p->to->can_write = false;
			if (errno == EAGAIN)
				return IO_AGAIN;
			p->to->error = errno;
			return IO_FAIL;
		}
		p->piped -= (uint32_t)n;
		p->given += (uint64_t)n;
		p->spliced += (uint64_t)n;
		*moved = true;
	}
	return IO_DONE;
}

static bool may_splice(const struct pump *p)
{
	if (p->body && p->body->kind == HTTP1_BODY_CHUNKED)
		return false;
	return !p->no_splice && !global.no_splice && p->from && p->from->transport->can_splice(p->from) && p->to->transport->can_splice(p->to);
}

/* A body that filled small buffers one after the other goes by pipe, else by large buffer. */
static void widen(struct pump *p)
{
	if (p->full_reads < LONG_BODY_READS || p->pipe || p->copy)
		return;
	if (may_splice(p) && (p->pipe = pipe_get()) != NULL)
		buf_put(&p->buf);
	else if (p->buf == NULL || p->buf->cap < BUF_LARGE_SIZE) {
		buf_put(&p->buf);
		p->buf = buf_get_large();
	}
}

static enum pump_result pass_end(struct pump *p)
{
	if (p->failed)
		return PUMP_FROM_FAILED;
	if (!p->flushed) {
		p->flushed = true;
		if (p->body) { /* a message's end is not the connection's, and what is behind it is the next one's */
			pipe_put(&p->pipe, p->piped == 0);
			return PUMP_ENDED;
		}
		pump_release(p);
		/* Nor does the other side hear of an end that nobody vouched for, but that the connection is over; unless it has
		 * said itself that it awaits no more. */
		if (p->from && p->from->cut && !p->to->eof)
			p->to->parting = CONN_BREAKS_OFF;
		if (!p->keep_open)
			conn_shutdown(p->to);
	}
	return PUMP_ENDED;
}

/* Whether TCP_NODELAY is due: the first bytes of a connection leave at once anyway, so only the second write pays for it. */
static void second_write(struct pump *p)
{
	if (!p->to->nodelay && p->given > 0)
		conn_set_nodelay(p->to);
}

static enum pump_result run_pipe(struct pump *p, bool *moved)
{
	switch (splice_some(p, moved)) {
	case IO_DONE:
		return PUMP_MORE;
	case IO_EOF:
	case IO_AGAIN:
		if (p->piped == 0) {
			pipe_put(&p->pipe, true);
			p->full_reads = 1; /* long bodies pause: two more full reads bring the pipe back */
			if (p->ended)
				return pass_end(p);
			if (p->from->can_read)
				return PUMP_MORE;
		}
		return PUMP_WAIT;
	case IO_FAIL:
		break;
	}
	return p->failed ? PUMP_FROM_FAILED : PUMP_TO_FAILED;
}

enum pump_result pump_run(struct pump *p, bool *moved)
{
	bool ignored = false;
	uint64_t share = 0;

	if (moved == NULL)
		moved = &ignored;
	if (p->flushed)
		return PUMP_ENDED;
	for (;;) {
		if (p->pipe)
			return run_pipe(p, moved);
		if (pump_deliverable(p) == 0) {
			if (p->ended)
				return pass_end(p);
			if (p->from == NULL || !p->from->can_read)
				break;
			if (share >= TURN_BYTES)
				return PUMP_MORE;
			widen(p);
			if (p->pipe)
				continue;
			uint64_t before = p->total;
			if (pump_fill(p) == PUMP_FROM_FAILED)
				return PUMP_FROM_FAILED;
			if (p->total == before)
				continue; /* can_read is gone, or the end has come */
			*moved = true;
			share += p->total - before;
			p->full_reads = buf_room(p->buf) == 0 ? (uint8_t)(p->full_reads + (p->full_reads < 255)) : 0;
			if (pump_deliverable(p) == 0)
				continue; /* framing alone, or the end */
		}
		second_write(p);
		switch (flush_buf(p, moved)) {
		case IO_DONE:
			break;
		case IO_FAIL:
			return PUMP_TO_FAILED;
		default:
			/* The receiver is slow: keep reading only while the buffer has room, so that its end is noticed. */
			if (p->buf)
				buf_compact(p->buf);
			if (pump_fill(p) == PUMP_FROM_FAILED)
				return PUMP_FROM_FAILED;
			return PUMP_WAIT;
		}
	}
	if (buf_len(p->buf) == 0)
		buf_put(&p->buf);
	return PUMP_WAIT;
}
