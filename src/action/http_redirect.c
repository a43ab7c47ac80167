/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect {location | prefix | scheme}: the client is sent elsewhere. As an action its text is a format, as the
 * keyword of that name it is taken as it stands. One thread.
 */
#include "proxy/http_edit.h"
#include "proxy/http_reply.h"
#include "rule/boot.h"
#include "wire/uri.h"

enum kind { KIND_NONE, KIND_LOCATION, KIND_PREFIX, KIND_SCHEME };

struct redirect {
	enum kind kind;
	unsigned status;
	bool drop_query, append_slash, ignore_empty;
	struct slice text;     /* the keyword's */
	struct format *format; /* the action's */
	struct slice cookie;   /* the value of Set-Cookie; empty: none */
};

/* ---- reading ---- */

static bool take_kind(struct conf_line *l, struct rule *r, struct redirect *d, enum kind kind, const char *what)
{
	const char *text = conf_need(l, what);

	if (text == NULL)
		return false;
	if (r->where == RULES_HTTP_RES && kind != KIND_LOCATION)
		return conf_fail(l, "answers can be redirected by 'location' only");
	d->kind = kind;
	d->text = slice_of(text);
	if (r->where != RULES_REDIRECT && (d->format = format_parse(l, text, r->phase, r->px)) == NULL)
		return false;
	return r->where != RULES_REDIRECT || http_is_field_value(d->text) || conf_fail(l, "'%s' holds a control byte", text);
}

static bool take_code(struct conf_line *l, struct redirect *d)
{
	int64_t code;

	if (!conf_need_int(l, "a status", 301, 308, &code))
		return false;
	d->status = (unsigned)code;
	return (code >= 301 && code <= 303) || code == 307 || code == 308 || conf_fail(l, "expected 301, 302, 303, 307 or 308");
}

static bool take_cookie(struct conf_line *l, struct redirect *d, const char *attributes)
{
	const char *cookie = conf_need(l, "a cookie");
	struct strbuf text = STRBUF_EMPTY;

	if (cookie == NULL)
		return false;
	if (!http_is_field_value(slice_of(cookie)))
		return conf_fail(l, "'%s' cannot be a cookie", cookie);
	strbuf_addf(&text, "%s; path=/;%s", cookie, attributes);
	d->cookie = boot_copy(strbuf_slice(&text));
	strbuf_free(&text);
	return true;
}

static bool take_word(struct conf_line *l, struct rule *r, struct redirect *d)
{
	if (conf_take_if(l, "location"))
		return take_kind(l, r, d, KIND_LOCATION, "the location");
	if (conf_take_if(l, "prefix"))
		return take_kind(l, r, d, KIND_PREFIX, "the prefix");
	if (conf_take_if(l, "scheme"))
		return take_kind(l, r, d, KIND_SCHEME, "the scheme");
	if (conf_take_if(l, "code"))
		return take_code(l, d);
	if (conf_take_if(l, "set-cookie"))
		return take_cookie(l, d, "");
	if (conf_take_if(l, "clear-cookie"))
		return take_cookie(l, d, " Max-Age=0;");
	if (conf_take_if(l, "drop-query"))
		return d->drop_query = true;
	if (conf_take_if(l, "append-slash"))
		return d->append_slash = true;
	if (conf_take_if(l, "ignore-empty"))
		return d->ignore_empty = true;
	conf_take(l);
	return conf_fail(l, "expected 'location', 'prefix', 'scheme', 'code', 'set-cookie', 'clear-cookie', 'drop-query', "
		"'append-slash' or 'ignore-empty'");
}

static bool redirect_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	struct redirect *d = boot_alloc(sizeof(*d));
	const char *word;

	(void)paren;
	d->status = 302;
	while ((word = conf_peek(l)) != NULL && strcmp(word, "if") != 0 && strcmp(word, "unless") != 0)
		if (!take_word(l, r, d))
			return false;
	r->ptr = d;
	return d->kind != KIND_NONE || conf_fail(l, "expected 'location', 'prefix' or 'scheme'");
}

/* ---- answering ---- */

static bool has_byte(struct slice s, char c)
{
	return slice_find_byte(s, c) >= 0;
}

/* The request's path as the location goes on with it. */
static void add_path(const struct redirect *d, struct slice target, struct strbuf *out)
{
	struct uri u;

	uri_split(target, &u);
	struct slice path = d->drop_query ? u.path : u.pathq;
	if (path.len == 0)
		path = SLICE("/");
	strbuf_add_slice(out, path);
	if (d->append_slash && d->drop_query && path.ptr[path.len - 1] != '/' && !has_byte(path, '?'))
		strbuf_add_byte(out, '/');
}

static struct slice compose(const struct redirect *d, struct eval *ev)
{
	const struct http_head *req = &ev->stream->http->req;
	struct slice text = d->format ? http_edit_text(d->format, ev, HTTP_TEXT_FIELD) : d->text;
	char mem[HTTP_TEXT_MAX];
	struct strbuf out;

	if (d->kind == KIND_LOCATION || text.ptr == NULL)
		return text;
	strbuf_init_fixed(&out, mem, sizeof(mem));
	if (d->kind == KIND_SCHEME) {
		int host = http_head_find(req, HTTP_FIELD_HOST, 0);
		strbuf_add_slice(&out, text);
		strbuf_add_str(&out, "://");
		if (host >= 0)
			strbuf_add_slice(&out, req->fields[host].value);
	} else if (!slice_is(text, "/")) {
		strbuf_add_slice(&out, text);
	}
	add_path(d, req->target, &out);
	return out.truncated ? slice_make(NULL, 0) : arena_copy(ev->arena, strbuf_slice(&out));
}

static enum action_result redirect_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	const struct redirect *d = r->ptr;
	struct stream *s = ev->stream;
	struct slice location = compose(d, ev);

	if (location.ptr == NULL)
		return http_edit_failed(ev, cur);
	if (location.len == 0 && d->ignore_empty)
		return ACTION_DONE;
	s->reason = CLOSE_LOCAL;
	http_answer_begin(s, d->status);
	http_answer_add(s, SLICE("content-length"), SLICE("0"));
	http_answer_add(s, SLICE("location"), location);
	/* These may have another answer next time; 301 and 308 are for good. */
	if (d->status == 302 || d->status == 303 || d->status == 307)
		http_answer_add(s, SLICE("cache-control"), SLICE("no-cache"));
	if (d->cookie.len)
		http_answer_add(s, SLICE("set-cookie"), d->cookie);
	http_answer_end(s, SLICE(""));
	return ACTION_STOP;
}

ACTION(redirect) = {
	.keyword = "redirect", .usage = "redirect {location <loc> | prefix <pfx> | scheme <sch>} [code <status>] [<option> ...]",
	.where = RULES_HTTP_REQ | RULES_HTTP_RES | RULES_REDIRECT, .parse = redirect_parse, .run = redirect_run,
};
