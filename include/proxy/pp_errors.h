/* SPDX-License-Identifier: Apache-2.0
 *
 * PROXY headers that were wrong, and the last of them kept for `show proxy-errors`. The claimed
 * address stands here as a claim and nowhere else. One lock; a refused connection is not the fast path.
 */
#ifndef USHER_PROXY_PP_ERRORS_H
#define USHER_PROXY_PP_ERRORS_H

#include <sys/time.h>
#include "proxy/listener.h"
#include "wire/pp.h"

/* Why a connection was refused at the header: the codec's reasons, and what only the door can know. */
enum pp_fault {
	PP_FAULT_MISSING = PP_REASON_COUNT, /* no header where one is required */
	PP_FAULT_REJECTED,                  /* the policy rejects this peer */
	PP_FAULT_TIMEOUT,                   /* the header was not complete in time */
	PP_FAULT_TRUNCATED,                 /* the connection ended inside the header */
	PP_FAULT_COUNT
};
/* What HAProxy says of it in its logs, for those who look for that: "Received an invalid PROXY protocol header". */
const char *pp_fault_phrase(unsigned fault);
/* HAProxy's number of that phrase (manual, fc_err); usher's own begin at 200. */
unsigned pp_fault_number(unsigned fault);

#define PP_ERROR_BYTES 48

struct pp_error {
	uint64_t number;               /* from 1, process-wide */
	struct timeval when;           /* wall clock */
	const struct listener *listener; /* borrows */
	struct addr peer;              /* who connected */
	bool claimed;                  /* src and dst hold what the header says */
	bool shadow;                   /* the connection was let in all the same */
	struct addr src, dst;
	uint16_t fault;                /* enum pp_reason or enum pp_fault */
	uint32_t offset;               /* of the offence, from the connection's first byte when level is 1 */
	uint8_t level;                 /* which header in a row, from 1 */
	uint8_t bytes_len;
	uint8_t bytes[PP_ERROR_BYTES]; /* the first of the header */
};

#define PP_ERRORS_KEPT 128

/* Keeps a copy; gives it its number. Any thread. */
void pp_errors_add(struct pp_error *e);
/* The oldest kept one with a number of at least `from`; false when there is none. Any thread. */
bool pp_errors_get(uint64_t from, struct pp_error *out);
/* Forgets all (tests). */
void pp_errors_clear(void);
/* "missing: no PROXY header where one is required, offset 0, claimed 192.0.2.1:1000 -> 192.0.2.2:443, bytes 474554..." */
void pp_error_text(const struct pp_error *e, struct strbuf *out);
/* "number=7 time=21/Nov/2026:15:04:05.678 listener=fe/1 peer=10.0.0.1:4242 claimed=- reason=missing offset=0 header=1
 * shadow=no bytes=474554": what show proxy-errors says, in one line. */
void pp_error_line(const struct pp_error *e, struct strbuf *out);

#endif
