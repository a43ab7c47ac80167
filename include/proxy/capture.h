/* SPDX-License-Identifier: Apache-2.0
 *
 * Captures: what a frontend keeps of heads for its logs. `capture request header` and its like make
 * slots, numbered from 0 for each side; a stream fills them when a head was read, rules may later.
 * Slots are frozen after boot; what is captured is one thread's.
 */
#ifndef USHER_PROXY_CAPTURE_H
#define USHER_PROXY_CAPTURE_H

#include "proxy/stream.h"
#include "rule/fetch.h"

/* A slot: the header it takes by itself (NULL: rules fill it) and how many bytes it keeps. */
struct capture_slot {
	const char *header;
	uint32_t max_len;
};

/* Makes a slot; its number. Start-up only. */
unsigned capture_add(struct proxy *fe, bool response, const char *header, uint32_t max_len);
/* What a head says goes into the slots: called when it was read, before its rules. */
void capture_head(struct stream *s, bool response);
/* Puts text into a slot, cut at its length. False: there is no such slot, or no memory. */
bool capture_put(struct stream *s, bool response, unsigned slot, struct slice text);
/* What a slot holds; an empty one has ptr NULL. */
struct slice capture_get(const struct stream *s, bool response, unsigned slot);
/* A `check` function for fetches and converters whose first argument is a slot. */
bool capture_check_slot(struct args *a, struct strbuf *err);
/* What `capture cookie` found on that side, "name=value"; empty: nothing. */
struct slice capture_cookie(const struct stream *s, bool response);

#endif
