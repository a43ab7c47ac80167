/* SPDX-License-Identifier: Apache-2.0
 *
 * `option pgsql-check user <username>`: a StartupMessage is answered by an authentication request
 * (PostgreSQL manual, chapter "Frontend/Backend Protocol", message formats).
 */
#include <stdio.h>
#include <string.h>
#include "conf/keyword.h"
#include "proxy/check.h"
#include "rule/boot.h"

/* The field of an ErrorResponse with this code, "" without one. */
static struct slice error_field(struct slice message, char code)
{
	struct slice rest = message.len > 5 ? slice_from(message, 5) : SLICE("");

	while (rest.len > 1) {
		ptrdiff_t end = slice_find_byte(slice_from(rest, 1), '\0');
		size_t len = end < 0 ? rest.len - 1 : (size_t)end;
		if (rest.ptr[0] == code)
			return slice_make(rest.ptr + 1, len);
		rest = slice_from(rest, 1 + len + (end >= 0));
	}
	return SLICE("");
}

static enum checkseq_look look(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
	struct check_report *r)
{
	uint32_t len;

	(void)step, (void)c;
	if (got.len > 0 && got.ptr[0] == 'R' && (got.len >= 9 || last)) {
		checkseq_tell(r, SLICE("PostgreSQL answer cut short"));
		return got.len >= 9 ? CHECKSEQ_MATCH : CHECKSEQ_MISMATCH;
	}
	if (got.len > 0 && got.ptr[0] == 'R')
		return CHECKSEQ_MORE;
	r->status = CHECK_STATUS_L7STS;
	if (got.len == 0 || got.ptr[0] != 'E') {
		if (got.len)
			checkseq_tell(r, SLICE("PostgreSQL unknown error"));
		return CHECKSEQ_BROKEN;
	}
	if (!last) {
		if (got.len < 5)
			return CHECKSEQ_MORE;
		memcpy(&len, got.ptr + 1, 4);
		if (got.len < 1 + (size_t)__builtin_bswap32(len))
			return CHECKSEQ_MORE;
	}
	checkseq_tell(r, error_field(got, 'M'));
	return CHECKSEQ_BROKEN;
}

static struct slice *startup_message(const char *user)
{
	struct slice *message = boot_alloc(sizeof(*message));
	struct strbuf b = STRBUF_EMPTY;
	uint32_t len = (uint32_t)(4 + 4 + sizeof("user") + strlen(user) + 1 + 1);
	uint32_t head[2] = { __builtin_bswap32(len), __builtin_bswap32(0x00030000) };

	strbuf_add(&b, head, sizeof(head));
	strbuf_add(&b, "user", sizeof("user"));
	strbuf_add(&b, user, strlen(user) + 1);
	strbuf_add_byte(&b, '\0');
	*message = boot_copy(strbuf_slice(&b));
	strbuf_free(&b);
	return message;
}

static bool parse(struct conf_line *l, void *owner)
{
	struct checkseq *seq = checkseq_new();
	const char *user;

	if (!conf_take_if(l, "user"))
		return conf_fail(l, "expected 'user <username>'");
	user = conf_need(l, "a user name");
	if (user == NULL)
		return false;
	checkseq_add_send(seq, checkseq_compose_bytes, startup_message(user));
	checkseq_add_expect(seq, look, NULL);
	seq->passed = "PostgreSQL server is ok";
	checkseq_use(owner, seq);
	return true;
}
KEYWORD(option_pgsql_check) = { .keyword = "option pgsql-check", .usage = "option pgsql-check user <username>", .where = IN_BE,
	.parse = parse };
