/* SPDX-License-Identifier: Apache-2.0
 *
 * `option ldap-check`: an anonymous simple bind is answered with success (RFC 4511 section 4.2).
 */
#include <stdio.h>
#include "conf/keyword.h"
#include "proxy/check.h"

#define TAG_SEQUENCE 0x30
#define TAG_INTEGER 0x02
#define TAG_BIND_RESPONSE 0x61
#define TAG_ENUMERATED 0x0a

/* One BER element at the front with this tag: 1 and *body, *rest; 0 more bytes are needed; -1 it is another. */
static int take(struct slice got, unsigned char tag, struct slice *body, struct slice *rest)
{
	const unsigned char *p = (const unsigned char *)got.ptr;
	size_t len, head = 2;

	if (got.len && p[0] != tag)
		return -1;
	if (got.len < 2)
		return 0;
	len = p[1];
	if (len & 0x80) {
		size_t n = len & 0x7f;
		if (n == 0 || n > 3)
			return -1;
		if (got.len < 2 + n)
			return 0;
		len = 0;
		for (size_t i = 0; i < n; i++)
			len = len << 8 | p[2 + i];
		head += n;
	}
	if (got.len - head < len)
		return 0;
	*body = slice_make(got.ptr + head, len);
	*rest = slice_from(got, head + len);
	return 1;
}

static enum checkseq_look look(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
	struct check_report *r)
{
	struct slice message, rest, id, response, result;
	int there = take(got, TAG_SEQUENCE, &message, &rest);

	(void)step, (void)c;
	if (there == 0 && !last)
		return CHECKSEQ_MORE;
	if (there <= 0 || take(message, TAG_INTEGER, &id, &rest) <= 0 || take(rest, TAG_BIND_RESPONSE, &response, &rest) <= 0 ||
	    take(response, TAG_ENUMERATED, &result, &rest) <= 0 || result.len != 1) {
		if (got.len)
			checkseq_tell(r, SLICE("Not LDAPv3 protocol"));
		return CHECKSEQ_BROKEN;
	}
	if (result.ptr[0] == 0)
		return CHECKSEQ_MATCH;
	r->status = CHECK_STATUS_L7STS;
	r->code = (unsigned char)result.ptr[0];
	checkseq_tell(r, SLICE("See RFC 4511 section 4.1.9"));
	return CHECKSEQ_BROKEN;
}

static bool parse(struct conf_line *l, void *owner)
{
	/* message 1: bind, version 3, no name, simple authentication without a password */
	static const struct slice bind = { "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00", 14 };
	struct checkseq *seq = checkseq_new();

	(void)l;
	checkseq_add_send(seq, checkseq_compose_bytes, (void *)&bind);
	checkseq_add_expect(seq, look, NULL);
	seq->passed = "Success";
	checkseq_use(owner, seq);
	return true;
}
KEYWORD(option_ldap_check) = { .keyword = "option ldap-check", .usage = "option ldap-check", .where = IN_BE, .parse = parse };
