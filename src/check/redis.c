/* SPDX-License-Identifier: Apache-2.0
 *
 * `option redis-check`: PING is answered with +PONG. Any other line tells what ails the server.
 */
#include <stdio.h>
#include "conf/keyword.h"
#include "proxy/check.h"

static enum checkseq_look look(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
	struct check_report *r)
{
	(void)step, (void)c;
	if (slice_starts(got, SLICE("+PONG\r\n")))
		return CHECKSEQ_MATCH;
	/* -LOADING, -NOAUTH, -MISCONF: there is no more to wait for. */
	ptrdiff_t end = slice_find(got, SLICE("\r\n"));
	if (end < 0 && !last)
		return CHECKSEQ_MORE;
	r->status = CHECK_STATUS_L7STS;
	checkseq_tell(r, end < 0 ? got : slice_make(got.ptr, (size_t)end));
	return CHECKSEQ_MISMATCH;
}

static bool parse(struct conf_line *l, void *owner)
{
	static const struct slice ping = { "*1\r\n$4\r\nPING\r\n", 14 };
	struct checkseq *seq = checkseq_new();

	(void)l;
	checkseq_add_send(seq, checkseq_compose_bytes, (void *)&ping);
	checkseq_add_expect(seq, look, NULL);
	seq->passed = "Redis server is ok";
	checkseq_use(owner, seq);
	return true;
}
KEYWORD(option_redis_check) = { .keyword = "option redis-check", .usage = "option redis-check", .where = IN_BE, .parse = parse };
