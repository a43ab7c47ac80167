/* SPDX-License-Identifier: Apache-2.0
 *
 * `option mysql-check [user <username> [post-41 | pre-41]]`: the server's handshake, and with a user
 * the answer to an empty password (MySQL client/server protocol, "Connection Phase"). A handshake
 * tells the server's version.
 */
#include <stdio.h>
#include <string.h>
#include "conf/keyword.h"
#include "proxy/check.h"
#include "rule/boot.h"

/* The packet at the front: true and *packet its payload, *rest what is behind. */
static bool take_packet(struct slice got, struct slice *packet, struct slice *rest)
{
	const unsigned char *p = (const unsigned char *)got.ptr;

	if (got.len < 4)
		return false;
	size_t len = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;
	if (got.len - 4 < len)
		return false;
	*packet = slice_make(got.ptr + 4, len);
	*rest = slice_from(got, 4 + len);
	return true;
}

/* An error packet: its number and text. */
static enum checkseq_look refused(struct slice packet, struct check_report *r)
{
	const unsigned char *p = (const unsigned char *)packet.ptr;

	r->status = CHECK_STATUS_L7STS;
	if (packet.len < 3) {
		checkseq_tell(r, SLICE("MySQL error packet cut short"));
		return CHECKSEQ_BROKEN;
	}
	r->code = p[1] | p[2] << 8;
	struct slice text = slice_from(packet, 3);
	/* "#42000" stands before the text once a client has said what it understands. */
	checkseq_tell(r, text.len >= 6 && text.ptr[0] == '#' ? slice_from(text, 6) : text);
	return CHECKSEQ_BROKEN;
}

static enum checkseq_look no_answer(struct slice got, bool last, struct check_report *r)
{
	if (!last)
		return CHECKSEQ_MORE;
	if (got.len)
		checkseq_tell(r, SLICE("incomplete MySQL packet"));
	return CHECKSEQ_BROKEN;
}

static enum checkseq_look no_handshake(struct check_report *r)
{
	checkseq_tell(r, SLICE("this is no MySQL handshake"));
	return CHECKSEQ_BROKEN;
}

static enum checkseq_look greeted(struct slice packet, struct check_report *r)
{
	if (packet.len && (unsigned char)packet.ptr[0] == 0xff)
		return refused(packet, r);
	ptrdiff_t end = packet.len ? slice_find_byte(slice_from(packet, 1), '\0') : -1;
	if (end < 0 || (packet.ptr[0] != 10 && packet.ptr[0] != 9))
		return no_handshake(r);
	checkseq_tell(r, slice_make(packet.ptr + 1, (size_t)end));
	return CHECKSEQ_MATCH;
}

static enum checkseq_look look_greeting(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
	struct check_report *r)
{
	struct slice packet, rest;

	(void)step, (void)c;
	/* The first packet has the number 0; who sends something else may have made up its length, too. */
	if (got.len >= 4 && got.ptr[3] != 0)
		return no_handshake(r);
	return take_packet(got, &packet, &rest) ? greeted(packet, r) : no_answer(got, last, r);
}

/* The handshake, and behind it what the server says to the user. */
static enum checkseq_look look_login(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
	struct check_report *r)
{
	struct slice packet, rest;
	enum checkseq_look look;

	(void)step, (void)c;
	if (!take_packet(got, &packet, &rest))
		return no_answer(got, last, r);
	look = greeted(packet, r);
	if (look != CHECKSEQ_MATCH)
		return look;
	if (!take_packet(rest, &packet, &rest))
		return no_answer(got, last, r);
	return packet.len && (unsigned char)packet.ptr[0] == 0xff ? refused(packet, r) : CHECKSEQ_MATCH;
}

/* A login without a password, and QUIT behind it, so that the server need not wonder where its client went. */
static struct slice *login(const char *user, bool modern)
{
	static const char modern_head[] = "\x0d\xa2\x00\x00"   /* protocol 4.1, secure connection, plugins of authentication... */
		"\x00\x00\x00\x01" "\x21" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"; /* 16 MiB packets, utf8 */
	static const char old_head[] = "\x80\x00" "\x00\x00\x01"; /* flags, 64 KiB packets */
	struct slice *bytes = boot_alloc(sizeof(*bytes));
	struct strbuf body = STRBUF_EMPTY, all = STRBUF_EMPTY;

	if (modern)
		strbuf_add(&body, modern_head, sizeof(modern_head) - 1);
	else
		strbuf_add(&body, old_head, sizeof(old_head) - 1);
	strbuf_add(&body, user, strlen(user) + 1);
	strbuf_add_byte(&body, '\0'); /* no password */
	strbuf_add_byte(&all, (char)body.len);
	strbuf_add_byte(&all, (char)(body.len >> 8));
	strbuf_add(&all, "\0\1", 2);
	strbuf_add_slice(&all, strbuf_slice(&body));
	strbuf_add(&all, "\1\0\0\0\1", 5); /* QUIT */
	*bytes = boot_copy(strbuf_slice(&all));
	strbuf_free(&body);
	strbuf_free(&all);
	return bytes;
}

static bool parse(struct conf_line *l, void *owner)
{
	struct checkseq *seq = checkseq_new();
	const char *user = NULL;
	bool modern = true;

	if (conf_take_if(l, "user")) {
		user = conf_need(l, "a user name");
		if (user == NULL)
			return false;
		modern = !conf_take_if(l, "pre-41");
		conf_take_if(l, "post-41");
	} else if (conf_peek(l)) {
		return conf_fail(l, "expected 'user <username>'");
	}
	/* The greeting is waited for before the login is sent, and looked at once more with the answer. */
	checkseq_add_expect(seq, look_greeting, NULL)->expect.tells = true;
	if (user) {
		checkseq_add_send(seq, checkseq_compose_bytes, login(user, modern))->keeps_input = true;
		checkseq_add_expect(seq, look_login, NULL);
	}
	checkseq_use(owner, seq);
	return true;
}
KEYWORD(option_mysql_check) = { .keyword = "option mysql-check", .usage = "option mysql-check [user <username> [post-41 | pre-41]]",
	.where = IN_BE, .parse = parse };
