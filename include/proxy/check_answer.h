/* SPDX-License-Identifier: Apache-2.0
 *
 * What a server said to a health check, read as HTTP: for http-check, and for fetches of answers in
 * the rules of any check. Read once for the same bytes. The check's thread.
 */
#ifndef USHER_PROXY_CHECK_ANSWER_H
#define USHER_PROXY_CHECK_ANSWER_H

#include "wire/http1.h"

struct check;

struct check_answer {
	struct slice bytes;        /* borrows: what it was read from */
	int there;                 /* 1: the head is there; 0: not yet; -1: the bytes are no answer */
	struct http_head head;     /* of the final answer: interim ones are passed over */
	struct http1_body framing; /* of its body, at its beginning */
	struct slice body;         /* borrows: what came of it, framing and all */
	bool whole;                /* no more of it can come, but by the connection's end */
	struct http_field fields[];
};

/* `got` is what the check has heard since it last said something. NULL: memory is out. */
const struct check_answer *check_answer_read(struct check *c, struct slice got);
/* What came of the body without chunk framing, in the round's arena where it has to be copied; false: it is broken. */
bool check_answer_body(struct check *c, const struct check_answer *a, struct slice *body);

#endif
