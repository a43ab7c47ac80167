/* SPDX-License-Identifier: Apache-2.0
 *
 * capture request header, capture response header, capture cookie, declare capture: what a frontend
 * keeps of heads for its logs. One thread: start-up only.
 */
#include "conf/keyword.h"
#include "proxy/capture.h"
#include "rule/boot.h"

#define CAPTURE_LEN_MAX 65536

/* "len <n>" */
static bool take_len(struct conf_line *l, int64_t most, uint32_t *len)
{
	int64_t n;

	if (!conf_take_if(l, "len"))
		return conf_fail(l, "'len' and a number of bytes are expected, not '%s'", conf_peek(l) ? conf_peek(l) : "the end of the line");
	if (!conf_need_int(l, "how many bytes to keep", 1, most, &n))
		return false;
	*len = (uint32_t)n;
	return true;
}

static bool capture_header(struct conf_line *l, struct proxy *fe, bool response)
{
	const char *name = conf_need(l, "a header's name");
	uint32_t len;

	if (!name || !take_len(l, CAPTURE_LEN_MAX, &len))
		return false;
	capture_add(fe, response, boot_copy(slice_of(name)).ptr, len);
	return true;
}

static bool parse_request(struct conf_line *l, void *owner) { return capture_header(l, owner, false); }
static bool parse_response(struct conf_line *l, void *owner) { return capture_header(l, owner, true); }

static bool parse_cookie(struct conf_line *l, void *owner)
{
	struct proxy *fe = owner;
	const char *name = conf_need(l, "the beginning of a cookie's name");

	if (!name || !take_len(l, CAPTURE_LEN_MAX, &fe->capture_cookie_len))
		return false;
	fe->capture_cookie = boot_copy(slice_of(name)).ptr;
	return true;
}

static bool parse_declare(struct conf_line *l, void *owner)
{
	bool response = conf_take_if(l, "response");
	uint32_t len;

	if (!response && !conf_take_if(l, "request"))
		return conf_fail(l, "'request' or 'response' is expected, not '%s'", conf_peek(l) ? conf_peek(l) : "the end of the line");
	if (!take_len(l, CAPTURE_LEN_MAX, &len))
		return false;
	capture_add(owner, response, NULL, len);
	return true;
}

#define KEEP(ident, word, arguments, fn) \
	KEYWORD(ident) = { .keyword = word, .usage = word " " arguments, .where = IN_FRONTEND | IN_LISTEN, .parse = fn }

KEEP(capture_request_header, "capture request header", "<name> len <length>", parse_request);
KEEP(capture_response_header, "capture response header", "<name> len <length>", parse_response);
KEEP(capture_cookie, "capture cookie", "<name> len <length>", parse_cookie);
KEEP(declare_capture, "declare capture", "{request | response} len <length>", parse_declare);
