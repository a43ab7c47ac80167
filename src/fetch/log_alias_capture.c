/* SPDX-License-Identifier: Apache-2.0
 *
 * log-format aliases of captures: headers as one block (%hr %hs, "{a|b}") or as a list (%hrl %hsl),
 * cookies (%CC %CS). Control bytes, 8-bit bytes and '"', '#', '{', '|', '}' are written '#' and two digits.
 */
#include "proxy/capture.h"
#include "proxy/http_view.h"
#include "rule/fetch.h"

static void add(struct strbuf *out, struct slice text)
{
	strbuf_add_escaped(out, text, '#', "\"#{|}");
}

/* Slots there are; none for what was no request. */
static unsigned slots_of(const struct eval *ev, bool response)
{
	const struct http_txn *t = http_of(ev);

	return t && t->req_parsed ? ev->session->fe->captures[response].n : 0;
}

static bool block(struct eval *ev, bool response, struct strbuf *out)
{
	unsigned n = slots_of(ev, response);

	for (unsigned i = 0; i < n; i++) {
		strbuf_add_byte(out, i ? '|' : '{');
		add(out, capture_get(ev->stream, response, i));
	}
	if (n)
		strbuf_add_byte(out, '}');
	return n > 0;
}

static bool item(struct eval *ev, bool response, unsigned nth, struct strbuf *out)
{
	if (nth >= slots_of(ev, response))
		return false;
	add(out, capture_get(ev->stream, response, nth));
	return true;
}

static bool cookie(struct eval *ev, bool response, struct strbuf *out)
{
	struct slice text = ev->stream ? capture_cookie(ev->stream, response) : SLICE("");

	strbuf_add_escaped(out, text, '#', "\"#");
	return text.len > 0;
}

#define CAPTURES(ident, words, response, side) \
	static bool ident##_block(struct eval *ev, struct strbuf *out) { return block(ev, response, out); } \
	static bool ident##_item(struct eval *ev, unsigned nth, struct strbuf *out) { return item(ev, response, nth, out); } \
	FETCH(alias_##ident) = { .keyword = words, .usage = words " captured " side " headers", .alias = true, \
		.phases = PHASE_SESSION, .get_text = ident##_block, .may_vanish = true }; \
	FETCH(alias_##ident##l) = { .keyword = words "l", .usage = words "l captured " side " headers, one by one", .alias = true, \
		.phases = PHASE_SESSION, .get_item = ident##_item }
#define COOKIE(ident, word, response, side) \
	static bool ident##_text(struct eval *ev, struct strbuf *out) { return cookie(ev, response, out); } \
	FETCH(alias_##ident) = { .keyword = word, .usage = word " captured " side " cookie", .alias = true, .phases = PHASE_SESSION, \
		.get_text = ident##_text }

CAPTURES(hr, "%hr", false, "request");
CAPTURES(hs, "%hs", true, "answer");
COOKIE(CC, "%CC", false, "request");
COOKIE(CS, "%CS", true, "answer");
