/* SPDX-License-Identifier: Apache-2.0
 *
 * Error pages: what stands in the tables of proxies and of http-errors sections, and how a whole message is
 * read from a file. Files are read at start-up, before any chroot. One thread: start-up only; frozen after.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "conf/diag.h"
#include "conn/buf.h"
#include "proxy/http_pages.h"
#include "proxy/proxy.h"
#include "rule/boot.h"
#include "wire/http1.h"

static const uint16_t statuses[HTTP_ERROR_COUNT] = {
#define X(status) status,
	HTTP_ERRORS(X)
#undef X
};

int http_error_of(unsigned status)
{
	for (int i = 0; i < HTTP_ERROR_COUNT; i++)
		if (statuses[i] == status)
			return i;
	return -1;
}

unsigned http_error_status(enum http_error e)
{
	return statuses[e];
}

/* ---- tables ---- */

void http_errors_set(struct http_errors **table, const void *owner, enum http_error e, const struct http_reply *r)
{
	if (*table == NULL || (*table)->owner != owner) {
		struct http_errors *own = boot_alloc(sizeof(*own));
		if (*table)
			*own = **table;
		own->owner = owner;
		*table = own;
	}
	(*table)->by[e] = r;
}

static struct http_errors_section *sections; /* newest first */

struct http_errors_section *http_errors_section_find(const char *name)
{
	for (struct http_errors_section *s = sections; s; s = s->next)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

struct http_errors_section *http_errors_section_new(const char *name, const char *file, int line)
{
	struct http_errors_section *s = boot_alloc(sizeof(*s));

	*s = (struct http_errors_section){ .name = boot_copy(slice_of(name)).ptr, .file = file, .line = line, .next = sections };
	sections = s;
	return s;
}

static struct http_reply *waiting; /* those that name a section */

void http_reply_await_section(struct http_reply *r)
{
	r->next = waiting;
	waiting = r;
}

bool http_replies_resolve(void)
{
	bool ok = true;

	for (struct http_reply *r = waiting; r; r = r->next) {
		const struct http_errors_section *s = http_errors_section_find(r->section);
		int e = http_error_of(r->status);
		if (s == NULL) {
			diag_at(DIAG_ALERT, r->file, r->line, "there is no http-errors section '%s'", r->section);
			ok = false;
		} else if (e >= 0 && s->errors && s->errors->by[e]) {
			r->page = s->errors->by[e]->page;
		}
	}
	waiting = NULL;
	return ok;
}

/* ---- files ---- */

bool http_file_read(struct conf_line *l, const char *path, struct slice *out)
{
	FILE *f = fopen(path, "re");
	struct strbuf text = STRBUF_EMPTY;
	char part[4096];
	size_t n;

	if (f == NULL)
		return conf_fail(l, "cannot read '%s': %s", path, strerror(errno));
	while ((n = fread(part, 1, sizeof(part), f)) > 0 && text.len <= BUF_LARGE_SIZE)
		strbuf_add(&text, part, n);
	bool failed = ferror(f);
	int why = errno;
	fclose(f);
	if (failed)
		conf_fail(l, "cannot read '%s': %s", path, strerror(why));
	else if (text.len > BUF_LARGE_SIZE)
		conf_fail(l, "'%s' is too long: at most %u bytes can be an answer", path, BUF_LARGE_SIZE);
	else
		*out = boot_copy(strbuf_slice(&text));
	strbuf_free(&text);
	return !failed && out->ptr != NULL;
}

/* Where the empty line ends; 0: there is none. Error files are written with editors: lines may end in a bare LF. */
static size_t head_end(struct slice text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.ptr[i] != '\n')
			continue;
		if (text.ptr[i + 1] == '\n')
			return i + 2;
		if (text.ptr[i + 1] == '\r' && i + 2 < text.len && text.ptr[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

/* The head with CRLF behind every line, as the parser wants it. */
static struct slice with_crlf(struct slice head)
{
	struct strbuf text = STRBUF_EMPTY;

	for (size_t i = 0; i < head.len; i++) {
		if (head.ptr[i] == '\r' && i + 1 < head.len && head.ptr[i + 1] == '\n')
			continue;
		if (head.ptr[i] == '\n')
			strbuf_add_byte(&text, '\r');
		strbuf_add_byte(&text, head.ptr[i]);
	}
	struct slice copy = boot_copy(strbuf_slice(&text));
	strbuf_free(&text);
	return copy;
}

static bool parse_page(struct conf_line *l, const char *path, struct slice text, struct http_page *page)
{
	struct http1_fault fault;
	struct http_field *fields = boot_alloc(HTTP_FIELDS_MAX * sizeof(*fields));
	size_t end = head_end(text);

	if (end == 0)
		return conf_fail(l, "'%s' holds no HTTP answer: the empty line behind its head is missing", path);
	struct slice head = with_crlf(slice_make(text.ptr, end));
	http_head_init(&page->head, fields, HTTP_FIELDS_MAX);
	if (http1_read_head(head.ptr, head.len, true, &page->head, &fault) <= 0)
		return conf_fail(l, "'%s' holds no HTTP answer: %s (at byte %zu)", path, http1_reason_text(fault.reason), fault.offset);
	page->body = slice_from(text, end);
	if (page->head.chunked)
		return conf_fail(l, "'%s' must not have Transfer-Encoding: its body is as it stands in the file", path);
	if (page->head.has_length && page->head.content_length != page->body.len)
		return conf_fail(l, "'%s' has a body of %zu bytes, but its Content-Length says %llu", path, page->body.len,
			(unsigned long long)page->head.content_length);
	return true;
}

const struct http_page *http_page_load(struct conf_line *l, const char *path)
{
	struct http_page *page = boot_alloc(sizeof(*page));
	struct slice text = { NULL, 0 };

	if (!http_file_read(l, path, &text))
		return NULL;
	page->empty = text.len == 0;
	return page->empty || parse_page(l, path, text, page) ? page : NULL;
}
