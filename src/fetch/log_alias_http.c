/* SPDX-License-Identifier: Apache-2.0
 *
 * log-format aliases of the request line, as it came: %r %HM %HU %HP %HPO %HQ %HV. What was no
 * request reads <BADREQ>. Control bytes, 8-bit bytes, '"' and '#' are written '#' and two digits.
 */
#include "proxy/http_view.h"
#include "rule/fetch.h"
#include "wire/uri.h"

static bool bad_request(struct strbuf *out)
{
	strbuf_add_str(out, "<BADREQ>");
	return true;
}

static bool add(struct strbuf *out, struct slice text)
{
	strbuf_add_escaped(out, text, '#', "\"#");
	return true;
}

/* The exchange, when its request was one. */
static const struct http_txn *request_of(const struct eval *ev)
{
	const struct http_txn *t = http_of(ev);

	return t && t->req_parsed ? t : NULL;
}

static struct uri uri_of(const struct http_txn *t)
{
	struct uri u;

	uri_split(t->uri, &u);
	return u;
}

static bool line_text(struct eval *ev, struct strbuf *out)
{
	const struct http_txn *t = request_of(ev);

	return t ? add(out, t->line) : bad_request(out);
}

static bool method_text(struct eval *ev, struct strbuf *out)
{
	const struct http_txn *t = request_of(ev);

	return t ? add(out, t->method_text) : bad_request(out);
}

static bool uri_text(struct eval *ev, struct strbuf *out)
{
	const struct http_txn *t = request_of(ev);

	return t ? add(out, t->uri) : bad_request(out);
}

/* Of the absolute form, scheme and host too. */
static bool without_query_text(struct eval *ev, struct strbuf *out)
{
	const struct http_txn *t = request_of(ev);

	if (t == NULL)
		return bad_request(out);
	ptrdiff_t mark = slice_find_byte(t->uri, '?');
	return add(out, mark < 0 ? t->uri : slice_make(t->uri.ptr, (size_t)mark));
}

static bool path_text(struct eval *ev, struct strbuf *out)
{
	const struct http_txn *t = request_of(ev);

	return t ? add(out, uri_of(t).path) : bad_request(out);
}

/* With its question mark. */
static bool query_text(struct eval *ev, struct strbuf *out)
{
	const struct http_txn *t = request_of(ev);

	if (t == NULL)
		return bad_request(out);
	ptrdiff_t mark = slice_find_byte(t->uri, '?');
	return mark < 0 || add(out, slice_from(t->uri, (size_t)mark));
}

static bool version_text(struct eval *ev, struct strbuf *out)
{
	const struct http_txn *t = request_of(ev);

	if (t == NULL)
		return bad_request(out);
	strbuf_addf(out, "HTTP/%d.%d", t->req.version / 10, t->req.version % 10);
	return true;
}

#define TEXT(ident, word, fn, what) \
	FETCH(alias_##ident) = { .keyword = word, .usage = word " " what, .alias = true, .phases = PHASE_SESSION, .get_text = fn, \
		.check = http_keep_line }

TEXT(r, "%r", line_text, "request line");
TEXT(HM, "%HM", method_text, "method");
TEXT(HU, "%HU", uri_text, "request target");
TEXT(HP, "%HP", without_query_text, "request target without its query");
TEXT(HPO, "%HPO", path_text, "path");
TEXT(HQ, "%HQ", query_text, "query with its question mark");
TEXT(HV, "%HV", version_text, "HTTP version");
