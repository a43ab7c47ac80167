/* SPDX-License-Identifier: Apache-2.0
 *
 * Pages for errors: errorfile, errorfiles, errorloc and its like, http-error, and the http-errors
 * section. One thread: start-up only.
 */
#include "base/assert.h"
#include "conf/keyword.h"
#include "proxy/http_pages.h"
#include "proxy/proxy.h"
#include "rule/boot.h"

/* A status that has an error page; false after a fault. */
static bool take_error(struct conf_line *l, enum http_error *out)
{
	int64_t status;
	int e;

	if (!conf_need_int(l, "a status", 200, 599, &status))
		return false;
	e = http_error_of((unsigned)status);
	if (e < 0)
		return conf_fail(l, "usher makes no answer with status %d of its own", (int)status);
	*out = (enum http_error)e;
	return true;
}

static struct http_reply *page_reply(struct conf_line *l, enum http_error e, const struct http_page *page)
{
	struct http_reply *r = boot_alloc(sizeof(*r));

	*r = (struct http_reply){ .kind = HTTP_REPLY_PAGE, .status = (uint16_t)http_error_status(e), .page = page, .file = l->file,
		.line = l->line };
	return r;
}

static bool take_errorfile(struct conf_line *l, struct http_errors **table, const void *owner)
{
	enum http_error e;
	const char *path = take_error(l, &e) ? conf_need(l, "a file") : NULL;
	const struct http_page *page = path ? http_page_load(l, path) : NULL;

	if (page)
		http_errors_set(table, owner, e, page_reply(l, e, page));
	return page != NULL;
}

static bool parse_errorfile(struct conf_line *l, void *owner)
{
	return take_errorfile(l, &((struct proxy *)owner)->set.errors, owner);
}
KEYWORD(errorfile) = { .keyword = "errorfile", .usage = "errorfile <status> <file>", .where = IN_PROXY, .parse = parse_errorfile };

/* An entry that takes the section's page once that is known, and what stood there before when it has none. */
static void import(struct conf_line *l, struct proxy *px, const char *section, enum http_error e)
{
	struct http_reply *r = page_reply(l, e, NULL);

	r->kind = HTTP_REPLY_SECTION;
	r->section = section;
	r->otherwise = px->set.errors ? px->set.errors->by[e] : NULL;
	http_reply_await_section(r);
	http_errors_set(&px->set.errors, px, e, r);
}

static bool parse_errorfiles(struct conf_line *l, void *owner)
{
	const char *section = conf_need(l, "the name of an http-errors section");
	enum http_error e;

	if (section == NULL)
		return false;
	if (conf_peek(l) == NULL)
		for (int i = 0; i < HTTP_ERROR_COUNT; i++)
			import(l, owner, section, (enum http_error)i);
	while (conf_peek(l)) {
		if (!take_error(l, &e))
			return false;
		import(l, owner, section, e);
	}
	return true;
}
KEYWORD(errorfiles) = { .keyword = "errorfiles", .usage = "errorfiles <section> [<status> ...]", .where = IN_PROXY,
	.parse = parse_errorfiles };

/* errorloc: the browser is sent elsewhere. */
static bool take_errorloc(struct conf_line *l, struct proxy *px, unsigned code)
{
	enum http_error e;
	const char *url = take_error(l, &e) ? conf_need(l, "a URL") : NULL;

	if (url == NULL)
		return false;
	if (!http_is_field_value(slice_of(url)))
		return conf_fail(l, "'%s' cannot stand in a header", url);
	struct http_page *page = boot_alloc(sizeof(*page));
	http_head_init(&page->head, boot_alloc(4 * sizeof(struct http_field)), 4);
	page->head.response = true;
	page->head.version = 11;
	page->head.status = (uint16_t)code;
	page->head.reason = slice_of(http_reason(code));
	page->body = SLICE("");
	http_head_add(&page->head, SLICE("content-length"), SLICE("0"));
	http_head_add(&page->head, SLICE("cache-control"), SLICE("no-cache"));
	http_head_add(&page->head, SLICE("location"), slice_of(url));
	http_errors_set(&px->set.errors, px, e, page_reply(l, e, page));
	return true;
}

static bool parse_errorloc302(struct conf_line *l, void *owner)
{
	return take_errorloc(l, owner, 302);
}
KEYWORD(errorloc) = { .keyword = "errorloc", .usage = "errorloc <status> <url>", .where = IN_PROXY, .parse = parse_errorloc302 };
KEYWORD(errorloc302) = { .keyword = "errorloc302", .usage = "errorloc302 <status> <url>", .where = IN_PROXY,
	.parse = parse_errorloc302 };

static bool parse_errorloc303(struct conf_line *l, void *owner)
{
	return take_errorloc(l, owner, 303);
}
KEYWORD(errorloc303) = { .keyword = "errorloc303", .usage = "errorloc303 <status> <url>", .where = IN_PROXY,
	.parse = parse_errorloc303 };

/* Errors come up on either side of the exchange. */
#define PHASE_ERROR (PHASE_FE_REQ_HTTP | PHASE_BE_REQ_HTTP | PHASE_BE_RES_HTTP | PHASE_FE_RES_HTTP)

static bool parse_http_error(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	struct http_reply *r = http_reply_parse(l, HTTP_REPLY_OF_ERROR, 0, PHASE_ERROR, px);

	if (r == NULL)
		return false;
	enum http_error e = (enum http_error)http_error_of(r->status);
	if (r->kind == HTTP_REPLY_SECTION)
		r->otherwise = px->set.errors ? px->set.errors->by[e] : NULL;
	http_errors_set(&px->set.errors, px, e, r->kind == HTTP_REPLY_ERROR ? NULL : r);
	return true;
}
KEYWORD(http_error) = { .keyword = "http-error",
	.usage = "http-error status <status> [content-type <type>] [<source>] [hdr <name> <format>] ...", .where = IN_PROXY,
	.parse = parse_http_error };

/* ---- the section ---- */

static void *begin_section(struct conf_line *l)
{
	const char *name = conf_need(l, "a name");
	const struct http_errors_section *other;

	if (name == NULL || !conf_end(l))
		return NULL;
	other = http_errors_section_find(name);
	if (other) {
		conf_fail(l, "an http-errors section of this name stands at %s:%d already", other->file, other->line);
		return NULL;
	}
	return http_errors_section_new(name, l->file, l->line);
}
SECTION(http_errors) = { .keyword = "http-errors", .usage = "http-errors <name>", .where = IN_HTTP_ERRORS, .begin = begin_section };

static bool parse_section_errorfile(struct conf_line *l, void *owner)
{
	return take_errorfile(l, &((struct http_errors_section *)owner)->errors, owner);
}
KEYWORD(section_errorfile) = { .keyword = "errorfile", .usage = "errorfile <status> <file>", .where = IN_HTTP_ERRORS,
	.parse = parse_section_errorfile };
