/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of a tcp stream while its content rules look at them, for rules that change them. Input is what rules see;
 * output was taken from its front and goes on first: to the server once there is one, to the client at once. One thread.
 */
#ifndef USHER_PROXY_CHANNEL_H
#define USHER_PROXY_CHANNEL_H

#include "proxy/stream.h"

static inline struct slice channel_input(const struct stream *s, bool response) { return buf_slice(response ? s->res.buf : s->req.buf); }
static inline size_t channel_output(const struct stream *s, bool response) { return buf_len(response ? s->res.head : s->req.head); }
/* Whether more input may come, now or later. */
static inline bool channel_may_receive(const struct stream *s, bool response) { return !(response ? &s->res : &s->req)->ended; }
/* Whether there is no room for more input. */
bool channel_is_full(const struct stream *s, bool response);

/* Text takes the place of len bytes of input from `at` on, which are there. False: it does not fit (tune.bufsize), or memory is
 * out, and nothing has changed. */
bool channel_replace(struct stream *s, bool response, size_t at, size_t len, struct slice text);
/* The first n bytes of input become output; how many: fewer when there are fewer, or output has no room for more. */
size_t channel_forward(struct stream *s, bool response, size_t n);
/* Bytes behind the output, before the input; how many fitted. Toward the client this may stand before any answer. */
size_t channel_send(struct stream *s, bool response, struct slice bytes);

/* Output of the request goes back before its input: who reads the stream here wants all of it. False: it does not fit. */
bool channel_rejoin(struct stream *s);

#endif
