/* SPDX-License-Identifier: Apache-2.0
 *
 * Editing heads. A rule may say what it likes in Content-Length, Transfer-Encoding, Connection and Upgrade: the
 * engine frames the message as it came, and takes from Connection only the wish to close. One thread.
 */
#include "proxy/http_edit.h"

#include "wire/http_char.h"
#include "wire/uri.h"

struct http_head *http_edit_head(const struct eval *ev)
{
	struct http_txn *t = ev->stream->http;

	return ev->response ? &t->res : &t->req;
}

/* ---- the words of a rule ---- */

const char *http_edit_need_name(struct conf_line *l)
{
	const char *name = conf_need(l, "the name of a header");

	if (name && !http_is_token(slice_of(name))) {
		conf_fail(l, "'%s' cannot be the name of a header", name);
		return NULL;
	}
	return name;
}

bool http_edit_need_field(struct conf_line *l, struct rule *r)
{
	const char *name = http_edit_need_name(l), *text = name ? conf_need(l, "the value of the header") : NULL;

	r->ptr = (void *)name;
	r->format = text ? format_parse(l, text, r->phase, r->px) : NULL;
	return r->format != NULL;
}

/* ---- text ---- */

static bool is_fit(char c, enum http_text where)
{
	/* A fragment is for normalize-uri to take out, or written %23 when the request leaves. */
	return where == HTTP_TEXT_FIELD ? http_char_is(c, HTTP_CHAR_VALUE) : http_char_is(c, HTTP_CHAR_TARGET) || c == '#';
}

/* What is not fit is written %XX. */
struct slice http_edit_fit(struct slice s, struct eval *ev, enum http_text where)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t unfit = 0;

	for (size_t i = 0; i < s.len; i++)
		unfit += !is_fit(s.ptr[i], where);
	if (unfit == 0)
		return arena_copy(ev->arena, s);
	char *out = arena_alloc(ev->arena, s.len + 2 * unfit), *p = out;
	for (size_t i = 0; out && i < s.len; i++) {
		if (is_fit(s.ptr[i], where)) {
			*p++ = s.ptr[i];
			continue;
		}
		*p++ = '%';
		*p++ = hex[(uint8_t)s.ptr[i] >> 4];
		*p++ = hex[s.ptr[i] & 15];
	}
	return slice_make(out, out ? s.len + 2 * unfit : 0);
}

static bool all_fit(struct slice s, enum http_text where)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_fit(s.ptr[i], where))
			return false;
	return true;
}

struct slice http_edit_text(const struct format *f, struct eval *ev, enum http_text where)
{
	char mem[HTTP_TEXT_MAX];
	struct strbuf text;
	struct slice constant;

	if (format_is_constant(f, &constant) && all_fit(constant, where))
		return constant;
	strbuf_init_fixed(&text, mem, sizeof(mem));
	format_write(f, ev, &text);
	return text.truncated ? slice_make(NULL, 0) : http_edit_fit(strbuf_slice(&text), ev, where);
}

struct slice http_edit_match_text(const struct format *f, struct eval *ev, enum http_text where, const struct regex_match *m,
	struct slice subject)
{
	char mem[HTTP_TEXT_MAX];
	struct strbuf text;

	strbuf_init_fixed(&text, mem, sizeof(mem));
	format_write_match(f, ev, m, subject, &text);
	return text.truncated ? slice_make(NULL, 0) : http_edit_fit(strbuf_slice(&text), ev, where);
}

/* ---- fields ---- */

static bool says_close(struct slice connection)
{
	return http_list_has(connection, SLICE("close"));
}

/* s with text in the place of `len` bytes from `at` on; ptr is NULL when memory is out. */
static struct slice spliced(struct eval *ev, struct slice s, size_t at, size_t len, struct slice text)
{
	size_t after = s.len - at - len;
	char *p = arena_alloc(ev->arena, at + text.len + after + 1);

	if (p == NULL)
		return slice_make(NULL, 0);
	memcpy(p, s.ptr, at);
	if (text.len)
		memcpy(p + at, text.ptr, text.len);
	memcpy(p + at + text.len, s.ptr + at + len, after);
	return slice_make(p, at + text.len + after);
}

/* The target's authority is what the server must go by where there is one (RFC 9112 section 3.2.2): it follows Host.
 * False: the host cannot be one, and the server would have to guess. */
static bool follow_host(struct eval *ev, struct slice host)
{
	struct http_head *h = &ev->stream->http->req;
	bool connect = h->method == HTTP_CONNECT;
	struct uri u;

	uri_split(h->target, &u);
	if (u.scheme.len == 0 && !connect)
		return http1_is_authority(host, false, false);
	if (!http1_is_authority(host, true, connect))
		return false;
	if (slice_eq(u.authority, host))
		return true;
	struct slice target = spliced(ev, h->target, (size_t)(u.authority.ptr - h->target.ptr), u.authority.len, host);
	if (target.ptr)
		h->target = target;
	return target.ptr != NULL;
}

/* A field is about to have this value. False: it cannot. */
static bool may_say(struct eval *ev, enum http_field_id id, struct slice value)
{
	return id != HTTP_FIELD_HOST || ev->response || follow_host(ev, value);
}

/* A field was added, or has another value now. */
static void note_field(struct eval *ev, const struct http_field *f)
{
	struct http_txn *t = ev->stream->http;

	switch (f->id) {
	case HTTP_FIELD_CONTENT_LENGTH:
	case HTTP_FIELD_TRANSFER_ENCODING:
		t->rewritten = true;
		break;
	case HTTP_FIELD_CONNECTION:
		if (says_close(f->value) && ev->response)
			t->client_close = true;
		else if (says_close(f->value))
			t->server_close = true;
		break;
	}
}

static void note_removal(struct eval *ev, enum http_field_id id)
{
	struct http_txn *t = ev->stream->http;

	if (id == HTTP_FIELD_CONTENT_LENGTH || id == HTTP_FIELD_TRANSFER_ENCODING)
		t->rewritten = true;
	else if (id == HTTP_FIELD_UPGRADE)
		http_edit_head(ev)->upgrade = false;
}

static bool add_known(struct eval *ev, enum http_field_id id, struct slice name, struct slice value)
{
	struct http_head *h = http_edit_head(ev);

	if (h->n >= http_fields_max() || (id == HTTP_FIELD_HOST && !ev->response && http_head_find(h, id, 0) >= 0))
		return false;
	if (!may_say(ev, id, value) || !http_head_add_known(h, id, name, value))
		return false;
	note_field(ev, &h->fields[h->n - 1]);
	return true;
}

bool http_edit_add(struct eval *ev, struct slice name, struct slice value)
{
	return add_known(ev, http_field_id_of(name), name, value);
}

void http_edit_remove(struct eval *ev, int index)
{
	struct http_head *h = http_edit_head(ev);
	enum http_field_id id = h->fields[index].id;

	http_head_remove(h, index);
	note_removal(ev, id);
}

int http_edit_remove_all(struct eval *ev, struct slice name)
{
	enum http_field_id id = http_field_id_of(name);
	int n = http_head_remove_known(http_edit_head(ev), id, name, 0);

	if (n)
		note_removal(ev, id);
	return n;
}

bool http_edit_replace(struct eval *ev, int index, struct slice value)
{
	struct http_field *f = &http_edit_head(ev)->fields[index];

	if (!may_say(ev, f->id, value))
		return false;
	f->value = value;
	note_field(ev, f);
	return true;
}

bool http_edit_set(struct eval *ev, struct slice name, struct slice value)
{
	struct http_head *h = http_edit_head(ev);
	enum http_field_id id = http_field_id_of(name);
	int first = http_head_find_known(h, id, name, 0);

	if (first < 0)
		return add_known(ev, id, name, value);
	struct http_field field = { .name = name, .value = value, .id = (uint8_t)id };
	if (!may_say(ev, id, value))
		return false;
	http_head_remove_known(h, id, name, first);
	http_head_append(h, field);
	note_field(ev, &field);
	return true;
}

/* ---- the request line ---- */

bool http_edit_target(struct eval *ev, struct slice target)
{
	struct http_head *h = &ev->stream->http->req;
	struct uri was, is;

	/* What a server would have to guess at is not sent. */
	if (h->method == HTTP_CONNECT || !http1_is_target(target, (enum http_method)h->method))
		return false;
	uri_split(h->target, &was);
	uri_split(target, &is);
	h->target = target;
	ev->stream->http->fragment = slice_find_byte(target, '#') >= 0;
	if (is.scheme.len == 0 || slice_eq(was.authority, is.authority))
		return true;
	int host = http_head_find(h, HTTP_FIELD_HOST, 0);
	if (host < 0)
		return http_head_add(h, SLICE("host"), is.authority);
	h->fields[host].value = is.authority;
	return true;
}

bool http_edit_splice_target(struct eval *ev, size_t at, size_t len, struct slice text)
{
	struct slice was = ev->stream->http->req.target, target = spliced(ev, was, at, len, text);
	struct uri before, after;

	if (target.ptr == NULL)
		return false;
	uri_split(was, &before);
	uri_split(target, &after);
	/* A path that begins without a slash would become part of the host. */
	if (before.scheme.len && !slice_eq(before.authority, after.authority))
		return false;
	return http_edit_target(ev, target);
}

/* A part that the target has not stands at its end. */
static bool replace_part(struct eval *ev, struct slice part, struct slice text)
{
	struct slice target = ev->stream->http->req.target;
	size_t before = part.len ? (size_t)(part.ptr - target.ptr) : target.len;

	return http_edit_splice_target(ev, before, part.len, text);
}

bool http_edit_path(struct eval *ev, struct slice path)
{
	struct slice target = ev->stream->http->req.target;
	struct uri u;

	uri_split(target, &u);
	if (u.path.len == 0 && u.scheme.len == 0)
		u.path = target; /* "*" */
	else if (u.path.len == 0 && u.has_query)
		return false;
	return replace_part(ev, u.path, path);
}

bool http_edit_pathq(struct eval *ev, struct slice pathq)
{
	struct slice target = ev->stream->http->req.target;
	struct uri u;

	uri_split(target, &u);
	return replace_part(ev, u.pathq.len || u.scheme.len ? u.pathq : target, pathq);
}

/* The '?' stays once it is there. */
bool http_edit_query(struct eval *ev, struct slice query)
{
	struct slice target = ev->stream->http->req.target;
	struct uri u;

	uri_split(target, &u);
	if (u.has_query)
		return http_edit_splice_target(ev, target.len - u.query.len, u.query.len, query);
	if (query.len == 0)
		return true;
	char *p = arena_alloc(ev->arena, query.len + 1);
	if (p == NULL)
		return false;
	*p = '?';
	memcpy(p + 1, query.ptr, query.len);
	return http_edit_splice_target(ev, target.len, 0, slice_make(p, query.len + 1));
}

bool http_edit_status(struct eval *ev, uint16_t status, struct slice reason)
{
	struct http_head *h = &ev->stream->http->res;

	if (h->status == 101 || ev->stream->http->tunnel)
		return false;
	h->status = status;
	h->reason = reason;
	return true;
}

bool http_edit_method(struct eval *ev, struct slice method)
{
	struct http_head *h = &ev->stream->http->req;
	enum http_method is = http_method_of(method);

	if (!http_is_token(method))
		return false;
	/* How an answer is framed hangs on these: server and client must speak of the same method. But a client that asked for
	 * the head alone may get the head of more; the rest is not read, and the server is told that the connection ends. */
	if (is != h->method && (is == HTTP_HEAD || is == HTTP_CONNECT || h->method == HTTP_CONNECT))
		return false;
	if (is != HTTP_HEAD && ev->stream->http->method == HTTP_HEAD)
		ev->stream->http->server_close = true;
	h->method = (uint8_t)is;
	h->method_text = method;
	return true;
}

/* ---- failures ---- */

enum action_result http_edit_failed(struct eval *ev, struct rule_cursor *cur)
{
	struct stream *s = ev->stream;

	COUNT(&s->session->fe->fe, failed_rewrites);
	COUNT(&s->session->listener->counters, failed_rewrites);
	if (s->be_counted)
		COUNT(&s->be->be, failed_rewrites);
	if (s->server && ev->response)
		COUNT(&s->server->counters, failed_rewrites);
	if (cur->lenient)
		return ACTION_DONE;
	cur->verdict = VERDICT_FAILED;
	return ACTION_STOP;
}
