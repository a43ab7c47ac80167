/* SPDX-License-Identifier: Apache-2.0
 *
 * The PROXY header toward servers: what a server wants to hear, and composing it for a stream or
 * a check. Settings are frozen after boot; composing is one thread's.
 */
#ifndef USHER_PROXY_PP_SEND_H
#define USHER_PROXY_PP_SEND_H

#include "proxy/stream.h"

/* One step of the list that makes the TLVs of a v2 header; steps run in order on the list so far. */
enum pp_step_kind {
	PP_STEP_PASS, /* received TLVs of these types, unless the list has the type already */
	PP_STEP_DROP, /* takes these types off the list */
	PP_STEP_SET,  /* one TLV of this type, in the place of any other of it */
	PP_STEP_ADD,  /* one TLV more */
};

struct pp_step {
	enum pp_step_kind kind;
	uint8_t type;                /* SET, ADD */
	uint64_t types[4];           /* PASS, DROP: a bit for each type */
	const struct format *format; /* SET, ADD: the value; an empty one is left out */
};

/* Owned by the configuration for ever; a list that grows is a new one, since servers share their default-server's. */
struct pp_send {
	size_t n;
	struct pp_step steps[];
};

/* The list with one step more; from may be NULL. Start-up only. */
struct pp_send *pp_send_append(const struct pp_send *from, const struct pp_step *step);

/* The header srv wants for this stream in a fresh buffer, or NULL when it cannot be made (memory, or TLVs beyond 64 KiB). */
struct buf *pp_send_compose(struct stream *s, const struct server *srv);
/* The header of a health check: LOCAL in v2, UNKNOWN in v1. Returns its length; 0: none wanted. cap >= PP_V1_MAX. */
size_t pp_send_compose_check(const struct server *srv, bool forced, void *bytes, size_t cap);

#endif
