/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS hellos; see tls_hello.h. A reader walks over bytes that are all there and remembers its first fault, so that
 * fields can be taken one after the other and looked at once. Pure: any thread.
 */
#include "wire/tls_hello.h"

#include "base/assert.h"

#define MESSAGE_HEAD_LEN 4
#define MESSAGE_LEN_MAX 131396 /* what the lengths inside a ClientHello allow, version to extensions */
#define RANDOM_LEN 32
#define SESSION_ID_MAX 32
#define SNI_MAX 255
#define V2_HEAD_LEN 11

enum extension {
	EXT_SERVER_NAME = 0, EXT_GROUPS = 10, EXT_POINT_FORMATS = 11, EXT_SIGALGS = 13, EXT_ALPN = 16, EXT_TICKET = 35,
	EXT_VERSIONS = 43, EXT_KEY_SHARE = 51,
};

static int bad_at(size_t offset)
{
	return -1 - (int)offset;
}

static uint16_t number_at(const char *p)
{
	return (uint16_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]);
}

struct reader {
	const char *start; /* borrows: offsets of faults count from here */
	struct slice rest;
	int fault;         /* 0: none so far */
};

static bool reader_fail(struct reader *r)
{
	if (r->fault == 0)
		r->fault = bad_at((size_t)(r->rest.ptr - r->start));
	return false;
}

static bool take(struct reader *r, size_t n, struct slice *out)
{
	if (r->fault || n > r->rest.len)
		return reader_fail(r);
	*out = slice_make(r->rest.ptr, n);
	r->rest = slice_from(r->rest, n);
	return true;
}

static bool take_number(struct reader *r, uint16_t *out)
{
	struct slice two;

	if (!take(r, 2, &two))
		return false;
	*out = number_at(two.ptr);
	return true;
}

/* A length of one or two bytes, and as many bytes: `least` or more, a multiple of `each`. */
static bool take_list(struct reader *r, size_t width, size_t least, size_t each, struct slice *out)
{
	struct reader at = *r;
	struct slice head;
	size_t n = 0;

	if (!take(&at, width, &head))
		return reader_fail(r);
	for (size_t i = 0; i < width; i++)
		n = n << 8 | (uint8_t)head.ptr[i];
	if (n < least || n % each || !take(&at, n, out))
		return reader_fail(r);
	*r = at;
	return true;
}

int tls_record_head(struct slice in, struct tls_record *out)
{
	uint8_t content = in.len ? (uint8_t)in.ptr[0] : TLS_HANDSHAKE;

	if (content < TLS_CHANGE_CIPHER_SPEC || content > TLS_APPLICATION_DATA)
		return bad_at(0);
	if (in.len > 1 && in.ptr[1] != 3)
		return bad_at(1);
	if (in.len < TLS_RECORD_HEAD_LEN)
		return 0;
	*out = (struct tls_record){ content, number_at(in.ptr + 1), number_at(in.ptr + 3) };
	/* Only records of data may be empty; those that are encrypted may be somewhat longer. */
	size_t most = content == TLS_APPLICATION_DATA ? TLS_RECORD_LEN_MAX + 2048 : TLS_RECORD_LEN_MAX;
	if (out->len > most || (out->len == 0 && content != TLS_APPLICATION_DATA))
		return bad_at(3);
	return TLS_RECORD_HEAD_LEN;
}

/* The message's head, of which `have` bytes are there, the last in the record at offset `at`. */
static int check_message_head(const uint8_t *head, size_t have, size_t at, struct tls_message_place *out)
{
	if (have > 0 && head[0] != TLS_CLIENT_HELLO && head[0] != TLS_SERVER_HELLO)
		return bad_at(at + TLS_RECORD_HEAD_LEN);
	if (have < MESSAGE_HEAD_LEN)
		return 0;
	out->type = head[0];
	out->len = (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
	return out->len > MESSAGE_LEN_MAX ? bad_at(at + TLS_RECORD_HEAD_LEN) : MESSAGE_HEAD_LEN;
}

int tls_message_find(struct slice in, struct tls_message_place *out)
{
	uint8_t head[MESSAGE_HEAD_LEN];
	size_t at = 0, before = 0; /* the record's offset; bytes of the message that stand before it */

	*out = (struct tls_message_place){ 0 };
	for (;;) {
		struct tls_record rec;
		struct slice left = slice_from(in, at);
		if (left.len && left.ptr[0] != TLS_HANDSHAKE)
			return bad_at(at);
		int r = tls_record_head(left, &rec);
		if (r <= 0)
			return r < 0 ? r - (int)at : 0;
		struct slice text = slice_from(left, TLS_RECORD_HEAD_LEN);
		if (text.len > rec.len)
			text.len = rec.len;
		out->records++;
		for (size_t i = 0; before + i < MESSAGE_HEAD_LEN && i < text.len; i++)
			head[before + i] = (uint8_t)text.ptr[i];
		size_t have = before + text.len < MESSAGE_HEAD_LEN ? before + text.len : MESSAGE_HEAD_LEN;
		size_t after = before + rec.len;
		if ((r = check_message_head(head, have, at, out)) < 0)
			return r;
		if (r > 0 && out->type == TLS_CLIENT_HELLO && after > MESSAGE_HEAD_LEN + out->len)
			return bad_at(at + 3);
		if (text.len < rec.len)
			return 0;
		at += TLS_RECORD_HEAD_LEN + rec.len;
		before = after;
		if (r > 0 && after >= MESSAGE_HEAD_LEN + out->len)
			break;
	}
	if (out->records == 1)
		out->body = slice_make(in.ptr + TLS_RECORD_HEAD_LEN + MESSAGE_HEAD_LEN, out->len);
	return (int)at;
}

void tls_message_join(struct slice in, const struct tls_message_place *place, char *to)
{
	size_t skip = MESSAGE_HEAD_LEN, left = place->len;

	while (left) {
		ASSERT(in.len > TLS_RECORD_HEAD_LEN);
		size_t len = number_at(in.ptr + 3), n = len > skip ? len - skip : 0;
		if (n > left)
			n = left;
		ASSERT(len && in.len >= TLS_RECORD_HEAD_LEN + len);
		memcpy(to, in.ptr + TLS_RECORD_HEAD_LEN + (len - (len > skip ? len - skip : 0)), n);
		to += n;
		left -= n;
		skip -= len < skip ? len : skip;
		in = slice_from(in, TLS_RECORD_HEAD_LEN + len);
	}
}

/* The one host name of the list; names of other kinds are passed over. */
static bool check_names(struct reader *r, struct slice *list)
{
	struct slice kind, name, host = { 0 };

	while (r->rest.len) {
		if (!take(r, 1, &kind) || !take_list(r, 2, 1, 1, &name))
			return false;
		if (kind.ptr[0] != 0)
			continue;
		for (size_t i = 0; i < name.len; i++)
			if (name.ptr[i] <= ' ' || name.ptr[i] > '~')
				return reader_fail(r);
		if (host.ptr || name.len > SNI_MAX)
			return reader_fail(r);
		host = name;
	}
	*list = host;
	return true;
}

static bool check_alpn(struct reader *r, struct slice *list)
{
	struct slice protocol;

	(void)list;
	while (r->rest.len)
		if (!take_list(r, 1, 1, 1, &protocol))
			return false;
	return true;
}

static bool check_shares(struct reader *r, struct slice *list)
{
	struct slice key;
	uint16_t group;

	(void)list;
	while (r->rest.len)
		if (!take_number(r, &group) || !take_list(r, 2, 1, 1, &key))
			return false;
	return true;
}

/* The extensions that are looked into. Width 0: its bytes as they are; else a list as take_list() reads it, and
 * nothing else. */
static const struct {
	uint16_t id;
	uint8_t width, least, each;
	size_t offset; /* of a slice in struct tls_hello */
	bool (*check)(struct reader *r, struct slice *list);
} extensions[] = {
	{ EXT_SERVER_NAME, 2, 4, 1, offsetof(struct tls_hello, sni), check_names },
	{ EXT_GROUPS, 2, 2, 2, offsetof(struct tls_hello, groups), NULL },
	{ EXT_POINT_FORMATS, 1, 1, 1, offsetof(struct tls_hello, point_formats), NULL },
	{ EXT_SIGALGS, 2, 2, 2, offsetof(struct tls_hello, sigalgs), NULL },
	{ EXT_ALPN, 2, 2, 1, offsetof(struct tls_hello, alpn), check_alpn },
	{ EXT_TICKET, 0, 0, 1, offsetof(struct tls_hello, ticket), NULL },
	{ EXT_VERSIONS, 1, 2, 2, offsetof(struct tls_hello, versions), NULL },
	{ EXT_KEY_SHARE, 2, 0, 1, offsetof(struct tls_hello, key_share), check_shares },
};

static bool take_extension(struct reader *r, unsigned *seen, struct tls_hello *out)
{
	struct slice data, list;
	uint16_t id;
	size_t i = 0;

	if (!take_number(r, &id) || !take_list(r, 2, 0, 1, &data))
		return false;
	while (i < COUNT_OF(extensions) && extensions[i].id != id)
		i++;
	if (i == COUNT_OF(extensions))
		return true;
	struct reader inside = { r->start, data, 0 };
	bool ok = !(*seen & 1u << i) || reader_fail(&inside);
	*seen |= 1u << i;
	list = data;
	if (ok && extensions[i].width)
		ok = take_list(&inside, extensions[i].width, extensions[i].least, extensions[i].each, &list) &&
		     (inside.rest.len == 0 || reader_fail(&inside));
	inside.rest = list;
	ok = ok && (!extensions[i].check || extensions[i].check(&inside, &list));
	if (ok)
		*(struct slice *)((char *)out + extensions[i].offset) = list;
	r->fault = inside.fault;
	return ok;
}

/* GREASE, numbers that mean nothing and are sent so that nobody stumbles over unknown ones: 0x0a0a, 0x1a1a ... */
static bool is_grease(uint16_t n)
{
	return (n & 0x0f0f) == 0x0a0a && n >> 8 == (n & 0xff);
}

static uint16_t highest(const struct tls_hello *h)
{
	uint16_t most = 0;

	for (size_t i = 0; i + 2 <= h->versions.len; i += 2) {
		uint16_t n = number_at(h->versions.ptr + i);
		most = n > most && !is_grease(n) ? n : most;
	}
	return most ? most : h->version;
}

/* What ClientHello and ServerHello begin with. */
static bool take_start(struct reader *r, uint16_t *version, struct slice *random, struct slice *session_id)
{
	if (r->rest.len && r->rest.ptr[0] != 3)
		return reader_fail(r);
	if (!take_number(r, version) || !take(r, RANDOM_LEN, random))
		return false;
	if (r->rest.len && (uint8_t)r->rest.ptr[0] > SESSION_ID_MAX)
		return reader_fail(r);
	return take_list(r, 1, 0, 1, session_id);
}

/* The extensions, the last there is; servers and clients of old send none. */
static bool take_extensions(struct reader *r, struct slice *out)
{
	*out = slice_make(r->rest.ptr, 0);
	if (r->rest.len == 0)
		return true;
	return take_list(r, 2, 0, 1, out) && (r->rest.len == 0 || reader_fail(r));
}

int tls_hello_parse(struct slice body, struct tls_hello *out)
{
	struct reader r = { body.ptr, body, 0 };
	unsigned seen = 0;

	*out = (struct tls_hello){ 0 };
	if (!take_start(&r, &out->version, &out->random, &out->session_id) || !take_list(&r, 2, 2, 2, &out->ciphers) ||
	    !take_list(&r, 1, 1, 1, &out->compressions) || !take_extensions(&r, &out->extensions))
		return r.fault;
	r.rest = out->extensions;
	while (r.rest.len)
		if (!take_extension(&r, &seen, out))
			return r.fault;
	out->version_max = highest(out);
	return (int)body.len;
}

int tls_server_hello_check(struct slice body, uint16_t *version)
{
	struct reader r = { body.ptr, body, 0 };
	struct slice random, session_id, chosen, all;

	/* A suite of two bytes and a compression of one. */
	if (!take_start(&r, version, &random, &session_id) || !take(&r, 3, &chosen) || !take_extensions(&r, &all))
		return r.fault;
	return (int)body.len;
}

/* How long the record is by its parts, which its own length must agree with; 0: they are not as they may be. */
static size_t v2_parts(const char *head)
{
	size_t ciphers = number_at(head + 5), session_id = number_at(head + 7), challenge = number_at(head + 9);

	if (ciphers == 0 || ciphers % 3 || (session_id != 0 && session_id != 16) || challenge < 16 || challenge > 32)
		return 0;
	return V2_HEAD_LEN + ciphers + session_id + challenge;
}

int tls_v2_hello(struct slice in, uint16_t *version)
{
	if (in.len > 0 && !((uint8_t)in.ptr[0] & 0x80))
		return bad_at(0);
	if (in.len > 2 && in.ptr[2] != TLS_CLIENT_HELLO)
		return bad_at(2);
	if (in.len < 5)
		return 0;
	*version = number_at(in.ptr + 3);
	if (*version != 0x0002 && *version != 0x0200 && *version >> 8 != 3)
		return bad_at(3);
	if (in.len < V2_HEAD_LEN)
		return 0;
	size_t len = (size_t)(number_at(in.ptr) & 0x7fff) + 2;
	if (v2_parts(in.ptr) != len)
		return bad_at(5);
	return in.len < len ? 0 : (int)len;
}

bool tls_alpn_next(struct slice *list, struct slice *protocol)
{
	struct reader r = { list->ptr, *list, 0 };
	bool ok = list->len && take_list(&r, 1, 1, 1, protocol);

	*list = r.rest;
	return ok;
}

bool tls_extension_next(struct slice *list, uint16_t *id, struct slice *inside)
{
	struct reader r = { list->ptr, *list, 0 };
	bool ok = list->len && take_number(&r, id) && take_list(&r, 2, 0, 1, inside);

	*list = r.rest;
	return ok;
}

bool tls_key_share_next(struct slice *list, uint16_t *group, struct slice *key)
{
	struct reader r = { list->ptr, *list, 0 };
	bool ok = list->len && take_number(&r, group) && take_list(&r, 2, 1, 1, key);

	*list = r.rest;
	return ok;
}
