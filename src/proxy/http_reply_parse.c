/* SPDX-License-Identifier: Apache-2.0
 *
 * The words that describe an answer: [status <code>] [content-type <type>] [one of its sources] [hdr <name> <fmt>]*,
 * as `return`, `deny`, `tarpit` and `http-error` share them. One thread: start-up only.
 */
#include "base/assert.h"
#include "conn/buf.h"
#include "proxy/http_edit.h"
#include "proxy/http_pages.h"
#include "proxy/proxy.h"
#include "rule/boot.h"

struct reading {
	struct conf_line *l;
	struct http_reply *r;
	enum http_reply_syntax syntax;
	unsigned phase;
	struct proxy *px;
	bool has_status, plain_status, has_source;
};

static bool read_status(struct reading *rd)
{
	int64_t status;

	if (!conf_need_int(rd->l, "a status", 200, 599, &status))
		return false;
	rd->r->status = (uint16_t)status;
	rd->has_status = true;
	return true;
}

static bool read_source(struct reading *rd, enum http_reply_kind kind)
{
	if (rd->has_source)
		return conf_fail(rd->l, "an answer has one source only, and another stands before");
	rd->has_source = true;
	rd->r->kind = (uint8_t)kind;
	return true;
}

static bool read_format(struct reading *rd, const char *text)
{
	rd->r->format = text ? format_parse(rd->l, text, rd->phase, rd->px) : NULL;
	return rd->r->format != NULL;
}

static bool read_errorfile(struct reading *rd)
{
	const char *path = read_source(rd, HTTP_REPLY_PAGE) ? conf_need(rd->l, "a file") : NULL;

	rd->r->page = path ? http_page_load(rd->l, path) : NULL;
	return rd->r->page != NULL;
}

static bool read_section(struct reading *rd)
{
	rd->r->section = read_source(rd, HTTP_REPLY_SECTION) ? conf_need(rd->l, "the name of an http-errors section") : NULL;
	if (rd->r->section)
		http_reply_await_section(rd->r);
	return rd->r->section != NULL;
}

static bool read_file(struct reading *rd, enum http_reply_kind kind)
{
	const char *path = read_source(rd, kind) ? conf_need(rd->l, "a file") : NULL;

	return path && http_file_read(rd->l, path, &rd->r->body) && (kind == HTTP_REPLY_TEXT || read_format(rd, rd->r->body.ptr));
}

static bool read_string(struct reading *rd, enum http_reply_kind kind)
{
	const char *text = read_source(rd, kind) ? conf_need(rd->l, "a string") : NULL;

	if (text == NULL)
		return false;
	rd->r->body = slice_of(text);
	return kind == HTTP_REPLY_TEXT || read_format(rd, text);
}

/* Fields that say how the message is framed are usher's own to say, and there is a word for the content's type. */
static bool is_own(const char *name)
{
	switch (http_field_id_of(slice_of(name))) {
	case HTTP_FIELD_CONTENT_TYPE:
	case HTTP_FIELD_CONTENT_LENGTH:
	case HTTP_FIELD_TRANSFER_ENCODING:
	case HTTP_FIELD_CONNECTION:
	case HTTP_FIELD_KEEP_ALIVE:
		return true;
	default:
		return false;
	}
}

static bool read_field(struct reading *rd)
{
	const char *name = http_edit_need_name(rd->l), *text;
	struct http_reply *r = rd->r;

	if (name == NULL)
		return false;
	if ((text = conf_need(rd->l, "the value of the header")) == NULL)
		return false;
	if (text[0] == '\0')
		return conf_fail(rd->l, "the value of header '%s' is empty", name);
	struct http_reply_field f = { slice_of(name), format_parse(rd->l, text, rd->phase, rd->px) };
	if (f.value == NULL)
		return false;
	if (is_own(name)) {
		conf_warn(rd->l, "header '%s' always ignored by the http reply.", name);
		return true;
	}
	if (r->field_count == HTTP_FIELDS_MAX)
		return conf_fail(rd->l, "an answer has %u headers at most", HTTP_FIELDS_MAX);
	r->fields = boot_grow(r->fields, r->field_count, sizeof(f));
	r->fields[r->field_count++] = f;
	return true;
}

static bool read_word(struct reading *rd)
{
	struct conf_line *l = rd->l;

	if (conf_take_if(l, "status")) {
		rd->plain_status = true;
		return read_status(rd);
	}
	if (rd->syntax == HTTP_REPLY_OF_DENY && conf_take_if(l, "deny_status"))
		return read_status(rd);
	if (conf_take_if(l, "content-type")) {
		const char *type = conf_need(l, "a content type");
		rd->r->content_type = slice_of(type);
		return type && (http_is_field_value(rd->r->content_type) || conf_fail(l, "'%s' cannot be a content type", type));
	}
	if (conf_take_if(l, "default-errorfiles"))
		return read_source(rd, HTTP_REPLY_ERROR);
	if (conf_take_if(l, "errorfile"))
		return read_errorfile(rd);
	if (conf_take_if(l, "errorfiles"))
		return read_section(rd);
	if (conf_take_if(l, "file"))
		return read_file(rd, HTTP_REPLY_TEXT);
	if (conf_take_if(l, "lf-file"))
		return read_file(rd, HTTP_REPLY_FORMAT);
	if (conf_take_if(l, "string"))
		return read_string(rd, HTTP_REPLY_TEXT);
	if (conf_take_if(l, "lf-string"))
		return read_string(rd, HTTP_REPLY_FORMAT);
	if (conf_take_if(l, "hdr"))
		return read_field(rd);
	conf_take(l);
	return conf_fail(l, "expected %s'content-type', 'default-errorfiles', 'errorfile', 'errorfiles', 'file', 'lf-file', 'string', "
		"'lf-string', 'hdr', 'if' or 'unless'", rd->syntax == HTTP_REPLY_OF_DENY ? "'status', 'deny_status', " : "'status', ");
}

static bool check(struct reading *rd)
{
	struct http_reply *r = rd->r;
	bool payload = (r->kind == HTTP_REPLY_TEXT || r->kind == HTTP_REPLY_FORMAT) && r->body.len;

	if (rd->syntax == HTTP_REPLY_OF_ERROR && !rd->has_status)
		return conf_fail(rd->l, "expected 'status <code>'");
	/* The pages of the proxy and of sections exist for these only. */
	if ((r->kind == HTTP_REPLY_ERROR || r->kind == HTTP_REPLY_PAGE || r->kind == HTTP_REPLY_SECTION ||
	     rd->syntax == HTTP_REPLY_OF_ERROR) && http_error_of(r->status) < 0)
		return conf_fail(rd->l, "there is no error page for status %u", r->status);
	if (payload && r->content_type.len == 0)
		return conf_fail(rd->l, "expected 'content-type <type>', as there is a body");
	if (r->body.len > BUF_LARGE_SIZE)
		return conf_fail(rd->l, "the body is too long: at most %u bytes can be an answer", BUF_LARGE_SIZE);
	return true;
}

struct http_reply *http_reply_parse(struct conf_line *l, enum http_reply_syntax syntax, unsigned status, unsigned phase,
	struct proxy *px)
{
	struct reading rd = { .l = l, .r = boot_alloc(sizeof(*rd.r)), .syntax = syntax, .phase = phase, .px = px };
	const char *word;

	*rd.r = (struct http_reply){ .kind = HTTP_REPLY_STATUS, .status = (uint16_t)status, .file = l->file, .line = l->line };
	while ((word = conf_peek(l)) != NULL && strcmp(word, "if") != 0 && strcmp(word, "unless") != 0)
		if (!read_word(&rd))
			return NULL;
	if (syntax == HTTP_REPLY_OF_DENY && !rd.has_source && !rd.plain_status && rd.r->field_count == 0)
		rd.r->kind = HTTP_REPLY_ERROR;
	return check(&rd) ? rd.r : NULL;
}
