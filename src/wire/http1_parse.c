/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.x heads (RFC 9112), parsed in one pass into slices of the buffer. Every byte is looked at in its order and a
 * fault is the first one met, so a verdict on a part of a head holds for the whole. What the fields mean together is
 * judged at the empty line. No state: any thread.
 */
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "wire/http1.h"
#include "wire/http_char.h"

/* MORE: the bytes ended before the head did. */
enum verdict { DONE, MORE, BAD };

struct parse {
	const char *start, *p, *end; /* p: the next byte to read */
	struct http_head *h;
	struct http1_fault *fault;
	bool said_upgrade, has_upgrade, has_h2c, has_host;
	unsigned codings; /* times that chunked was said */
};

static enum verdict fault_at(struct parse *ps, const char *at, enum http1_reason reason)
{
	*ps->fault = (struct http1_fault){ .reason = reason, .offset = (size_t)(at - ps->start) };
	return BAD;
}

/* The byte at p does not belong here: because of what it is, or else for this reason. */
static enum verdict misfit(struct parse *ps, const char *p, enum http1_reason reason)
{
	ps->p = p;
	if (p == ps->end)
		return MORE;
	if (*p == '\n')
		return fault_at(ps, p, HTTP1_BARE_LF);
	if (*p == '\r' && p + 1 == ps->end)
		return MORE;
	if (*p == '\r' ? p[1] != '\n' : !http_char_is(*p, HTTP_CHAR_VALUE))
		return fault_at(ps, p, HTTP1_CONTROL);
	return fault_at(ps, p, reason);
}

/* The end of a line stands at p, or something that may not stand there. */
static enum verdict line_end(struct parse *ps, const char *p, enum http1_reason reason)
{
	if (ps->end - p >= 2 && p[0] == '\r' && p[1] == '\n') {
		ps->p = p + 2;
		return DONE;
	}
	return misfit(ps, p, reason);
}

/* Sixteen bytes a step where the machine can (every x86-64 can); the tables say the same a byte at a time. */
#ifdef __SSE2__
static inline __m128i load(const char *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }
static inline __m128i equal(__m128i v, char c) { return _mm_cmpeq_epi8(v, _mm_set1_epi8(c)); }
static inline __m128i up_to(__m128i v, char c) { return _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(c)), v); }
static inline unsigned bits(__m128i v) { return (unsigned)_mm_movemask_epi8(v); }
#endif

/* The first byte that cannot stand in a field value. */
static inline const char *skip_value(const char *p, const char *end)
{
#ifdef __SSE2__
	while (end - p >= 16) {
		__m128i v = load(p);
		unsigned stop = bits(_mm_or_si128(up_to(v, 0x1f), equal(v, 0x7f)));

		if (stop == 0) {
			p += 16;
			continue;
		}
		p += __builtin_ctz(stop);
		if (*p != '\t')
			return p;
		p++;
	}
#endif
	while (p < end && http_char_is(*p, HTTP_CHAR_VALUE))
		p++;
	return p;
}

/* The first byte that cannot stand in a request target. */
static inline const char *skip_target(const char *p, const char *end)
{
#ifdef __SSE2__
	while (end - p >= 16) {
		__m128i v = load(p);
		/* Those above ASCII bear the sign. */
		__m128i control = _mm_or_si128(up_to(v, ' '), equal(v, 0x7f));
		unsigned stop = bits(_mm_or_si128(control, _mm_or_si128(equal(v, '#'), v)));

		if (stop)
			return p + __builtin_ctz(stop);
		p += 16;
	}
#endif
	while (p < end && http_char_is(*p, HTTP_CHAR_TARGET))
		p++;
	return p;
}

static inline const char *skip_token(const char *p, const char *end)
{
	while (end - p >= 4 && (http_chars[(uint8_t)p[0]] & http_chars[(uint8_t)p[1]] & http_chars[(uint8_t)p[2]] &
				       http_chars[(uint8_t)p[3]] & HTTP_CHAR_TOKEN))
		p += 4;
	while (p < end && http_char_is(*p, HTTP_CHAR_TOKEN))
		p++;
	return p;
}

/* Where the name of a field line ends, and its number. The known ones need no look at each byte. */
static inline const char *skip_name(const char *p, const char *end, enum http_field_id *id)
{
	const char *from = p;

#ifdef __SSE2__
	for (const char *at = p; end - at >= 16 && at < p + 32; at += 16) {
		unsigned stop = bits(equal(load(at), ':'));

		if (stop == 0)
			continue;
		at += __builtin_ctz(stop);
		*id = http_field_id_of(slice_make(p, (size_t)(at - p)));
		if (*id != HTTP_FIELD_UNKNOWN)
			return at;
		return skip_token(p, at);
	}
#endif
	p = skip_token(p, end);
	*id = http_field_id_of(slice_make(from, (size_t)(p - from)));
	return p;
}

/* HTTP/1.x. */
static enum verdict parse_version(struct parse *ps)
{
	static const char shape[] = "HTTP/d.d";
	const char *p = ps->p;
	bool right = ps->end - p >= 8 && memcmp(p, "HTTP/1.", 7) == 0 && (p[7] == '1' || p[7] == '0');

	for (int i = 0; i < 8 && !right; i++)
		if (p + i == ps->end || (shape[i] == 'd' ? !http_char_is(p[i], HTTP_CHAR_DIGIT) : p[i] != shape[i]))
			return misfit(ps, p + i, HTTP1_START_LINE);
	if (p[5] != '1')
		return fault_at(ps, p + 5, HTTP1_VERSION);
	ps->h->version = p[7] == '0' ? 10 : 11; /* a later 1.x is read as the latest we know: RFC 9110 section 2.5 */
	ps->p = p + 8;
	return DONE;
}

static enum verdict parse_request_line(struct parse *ps)
{
	struct http_head *h = ps->h;
	const char *p = ps->p, *end = ps->end, *from = p;
	enum verdict v;

	p = skip_token(p, end);
	if (p == end || *p != ' ' || p == from)
		return misfit(ps, p, HTTP1_METHOD);
	h->method_text = slice_make(from, (size_t)(p - from));
	h->method = (uint8_t)http_method_of(h->method_text);
	from = ++p;
	p = skip_target(p, end);
	if (p == end || *p != ' ' || p == from)
		return misfit(ps, p, p < end && *p == '\r' && p > from ? HTTP1_START_LINE : HTTP1_TARGET);
	h->target = slice_make(from, (size_t)(p - from));
	if (!http1_is_target(h->target, (enum http_method)h->method))
		return fault_at(ps, from, HTTP1_TARGET);
	ps->p = p + 1;
	if ((v = parse_version(ps)) != DONE)
		return v;
	return line_end(ps, ps->p, HTTP1_START_LINE);
}

static enum verdict parse_status_line(struct parse *ps)
{
	struct http_head *h = ps->h;
	enum verdict v = parse_version(ps);
	const char *p = ps->p, *end = ps->end;

	if (v != DONE)
		return v;
	if (p == end || *p != ' ')
		return misfit(ps, p, HTTP1_START_LINE);
	p++;
	for (int i = 0; i < 3; i++, p++) {
		if (p == end || !http_char_is(*p, HTTP_CHAR_DIGIT) || (i == 0 && *p == '0'))
			return misfit(ps, p, HTTP1_STATUS);
		h->status = (uint16_t)(h->status * 10 + (*p - '0'));
	}
	if (p < end && *p == ' ') {
		const char *from = p + 1;

		p = skip_value(from, end);
		h->reason = slice_make(from, (size_t)(p - from));
	} else if (p < end && *p != '\r') {
		return misfit(ps, p, HTTP1_STATUS);
	}
	return line_end(ps, p, HTTP1_START_LINE);
}

/* RFC 9110 section 8.6. Keeps *value to one plain number; *again when the head has that number already. */
static enum http1_reason read_length(struct http_head *h, struct slice *value, bool *again)
{
	struct slice rest = *value, one = { NULL, 0 };

	*again = h->has_length;
	for (;;) {
		ptrdiff_t comma = slice_find_byte(rest, ',');
		struct slice number = slice_trim(comma < 0 ? rest : slice_make(rest.ptr, (size_t)comma));
		uint64_t n;

		if (!slice_to_u64(number, &n))
			return HTTP1_LENGTH;
		if (h->has_length && n != h->content_length)
			return HTTP1_LENGTH_TWICE;
		h->has_length = true;
		h->content_length = n;
		if (!one.ptr)
			one = number;
		if (comma < 0)
			break;
		rest = slice_from(rest, (size_t)comma + 1);
	}
	while (one.len > 1 && one.ptr[0] == '0')
		one = slice_from(one, 1);
	*value = one;
	return HTTP1_OK;
}

/* Keeps *value to the one word that is understood, without empty elements. */
static enum http1_reason read_coding(struct parse *ps, struct slice *value)
{
	struct slice rest = *value, element;
	bool any = false;

	while (http_list_next(&rest, &element)) {
		any = true;
		if (!slice_eq_nocase(element, SLICE("chunked")) || ++ps->codings > 1)
			return HTTP1_CODING;
		*value = element;
	}
	return any ? HTTP1_OK : HTTP1_CODING;
}

static void read_connection(struct parse *ps, struct slice value)
{
	struct slice element;

	while (http_list_next(&value, &element)) {
		if (slice_eq_nocase(element, SLICE("close")))
			ps->h->close = true;
		else if (slice_eq_nocase(element, SLICE("keep-alive")))
			ps->h->keep_alive = true;
		else if (slice_eq_nocase(element, SLICE("upgrade")))
			ps->said_upgrade = true;
	}
}

/* What a field says about the message. *skip when the table has it already. */
static enum http1_reason read_field(struct parse *ps, enum http_field_id id, struct slice *value, bool *skip)
{
	switch (id) {
	case HTTP_FIELD_HOST:
		if (ps->h->response)
			break;
		if (ps->has_host || !http1_is_authority(*value, false, false))
			return HTTP1_HOST;
		ps->has_host = true;
		break;
	case HTTP_FIELD_CONTENT_LENGTH: return read_length(ps->h, value, skip);
	case HTTP_FIELD_TRANSFER_ENCODING: return read_coding(ps, value);
	case HTTP_FIELD_CONNECTION: read_connection(ps, *value); break;
	case HTTP_FIELD_UPGRADE:
		ps->has_upgrade = true;
		ps->has_h2c |= http_list_has(*value, SLICE("h2c"));
		break;
	case HTTP_FIELD_EXPECT:
		ps->h->expect_continue |= http_list_has(*value, SLICE("100-continue"));
		break;
	default: break;
	}
	return HTTP1_OK;
}

/* One field line; p stands on its first byte. */
static enum verdict parse_field(struct parse *ps)
{
	struct http_head *h = ps->h;
	enum http_field_id id = HTTP_FIELD_UNKNOWN;
	const char *end = ps->end, *from = ps->p, *p = skip_name(from, end, &id);

	if (p == end || *p != ':' || p == from) {
		if (p == from && p < end && http_is_blank(*p))
			return fault_at(ps, p, HTTP1_OBS_FOLD);
		/* A tab is a control byte elsewhere; here it is the blank before a colon. */
		return misfit(ps, p, HTTP1_FIELD_NAME);
	}
	struct slice name = slice_make(from, (size_t)(p - from)), value;
	for (p++; p < end && http_is_blank(*p); p++)
		;
	from = p;
	p = skip_value(p, end);
	enum verdict v = line_end(ps, p, HTTP1_CONTROL);
	if (v != DONE)
		return v;
	while (p > from && http_is_blank(p[-1]))
		p--;
	value = slice_make(from, (size_t)(p - from));

	bool skip = false;
	enum http1_reason reason = read_field(ps, id, &value, &skip);
	if (reason != HTTP1_OK)
		return fault_at(ps, reason == HTTP1_HOST && ps->has_host ? name.ptr : from, reason);
	if (skip)
		return DONE;
	if (h->n >= h->cap)
		return fault_at(ps, name.ptr, HTTP1_FIELDS);
	http_head_append(h, (struct http_field){ .name = name, .value = value, .id = (uint8_t)id });
	return DONE;
}

/* All fields said their part: what they say together (RFC 9112 sections 3.2, 6.1, 6.3, 9.3). */
static enum verdict conclude(struct parse *ps)
{
	struct http_head *h = ps->h;
	bool old = h->version < 11;

	h->chunked = ps->codings > 0;
	if (h->chunked && old)
		return fault_at(ps, ps->p, HTTP1_CODING_OLD);
	if (h->chunked && h->has_length)
		return fault_at(ps, ps->p, HTTP1_CODING_LENGTH);
	if (!h->response && !old && !ps->has_host)
		return fault_at(ps, ps->p, HTTP1_HOST);
	if (ps->has_host && h->target.ptr[0] != '/') {
		const struct http_field *host = &h->fields[http_head_find(h, HTTP_FIELD_HOST, 0)];
		if (!http1_host_fits(h->target, (enum http_method)h->method, host->value))
			return fault_at(ps, host->name.ptr, HTTP1_HOST);
	}
	h->close |= old && !h->keep_alive;
	/* Requests inside of an h2c tunnel would pass by every rule; nobody needs it any more (RFC 9113 section 3.1). */
	h->upgrade = ps->said_upgrade && ps->has_upgrade && !ps->has_h2c && !old;
	h->expect_continue &= !h->response && !old;
	return DONE;
}

/* Field lines and the empty line behind them. */
static enum verdict parse_fields(struct parse *ps)
{
	enum verdict v;

	for (;;) {
		if (ps->p < ps->end && *ps->p == '\r') {
			const char *at = ps->p;

			if ((v = line_end(ps, at, HTTP1_CONTROL)) != DONE)
				return v;
			const char *behind = ps->p;
			ps->p = at;
			v = conclude(ps);
			ps->p = behind;
			return v;
		}
		if ((v = parse_field(ps)) != DONE)
			return v;
	}
}

static enum verdict parse_head(struct parse *ps, bool response)
{
	http_head_init(ps->h, ps->h->fields, ps->h->cap);
	ps->h->response = response;
	*ps->fault = (struct http1_fault){ .reason = HTTP1_OK };
	enum verdict v = response ? parse_status_line(ps) : parse_request_line(ps);
	return v == DONE ? parse_fields(ps) : v;
}

ssize_t http1_read_head(const char *bytes, size_t len, bool response, struct http_head *h, struct http1_fault *fault)
{
	struct parse ps = { .start = bytes, .p = bytes, .end = bytes + len, .h = h, .fault = fault };
	enum verdict v = parse_head(&ps, response);

	return v == DONE ? ps.p - bytes : v == MORE ? 0 : -1;
}
