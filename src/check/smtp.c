/* SPDX-License-Identifier: Apache-2.0
 *
 * `option smtpchk [<hello> <domain>]`: the greeting, the answer to HELO or EHLO and to QUIT begin
 * with a 2 (RFC 5321 section 4.2). The answer to the hello is what a success says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "conf/keyword.h"
#include "proxy/check.h"
#include "rule/boot.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The last line of a reply: "250 text", behind lines as "250-text". False: it is not there yet, or (in *bad) no reply. */
static bool last_line(struct slice got, struct slice *line, bool *bad)
{
	for (;;) {
		ptrdiff_t end = slice_find(got, SLICE("\n"));
		*bad = (got.len > 0 && !is_digit(got.ptr[0])) || (got.len > 1 && !is_digit(got.ptr[1])) ||
			(got.len > 2 && !is_digit(got.ptr[2]));
		if (*bad || end < 0)
			return false;
		*line = slice_make(got.ptr, (size_t)end);
		if (line->len && line->ptr[line->len - 1] == '\r')
			line->len--;
		if (line->len < 4 || line->ptr[3] != '-') {
			*bad = line->len < 3;
			return !*bad;
		}
		got = slice_from(got, (size_t)end + 1);
	}
}

static enum checkseq_look look(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
	struct check_report *r)
{
	struct slice line;
	bool bad;

	(void)step, (void)c;
	if (!last_line(got, &line, &bad)) {
		if (bad || last)
			checkseq_tell(r, got);
		return bad || last ? CHECKSEQ_BROKEN : CHECKSEQ_MORE;
	}
	r->code = atoi((char[]){ line.ptr[0], line.ptr[1], line.ptr[2], '\0' });
	r->status = line.ptr[0] == '2' ? CHECK_STATUS_L7OK : CHECK_STATUS_L7STS;
	checkseq_tell(r, line.len > 4 ? slice_from(line, 4) : SLICE(""));
	return line.ptr[0] == '2' ? CHECKSEQ_MATCH : CHECKSEQ_MISMATCH;
}

static struct slice *hello_line(const char *hello, const char *domain)
{
	struct slice *line = boot_alloc(sizeof(*line));
	struct strbuf b = STRBUF_EMPTY;

	strbuf_addf(&b, "%s %s\r\n", hello, domain);
	*line = boot_copy(strbuf_slice(&b));
	strbuf_free(&b);
	return line;
}

static bool parse(struct conf_line *l, void *owner)
{
	static const struct slice quit = { "QUIT\r\n", 6 };
	struct checkseq *seq = checkseq_new();
	const char *hello = "HELO", *domain = "localhost";

	if (conf_peek(l)) {
		const char *word = conf_take(l);
		domain = conf_need(l, "a domain name");
		if (domain == NULL)
			return false;
		if (strcmp(word, "EHLO") == 0)
			hello = "EHLO";
	}
	checkseq_add_expect(seq, look, NULL);
	checkseq_add_send(seq, checkseq_compose_bytes, hello_line(hello, domain));
	checkseq_add_expect(seq, look, NULL)->expect.tells = true;
	checkseq_add_send(seq, checkseq_compose_bytes, (void *)&quit);
	checkseq_add_expect(seq, look, NULL);
	checkseq_use(owner, seq);
	return true;
}
KEYWORD(option_smtpchk) = { .keyword = "option smtpchk", .usage = "option smtpchk [<hello> <domain>]", .where = IN_BE, .parse = parse };
