/* SPDX-License-Identifier: Apache-2.0
 *
 * host_only and port_only: the two halves of a Host field's value (RFC 9110 section 7.2). The host
 * comes in lower case; a port that is missing or no number of 16 bits is 0. Any thread.
 */
#include "rule/fetch.h"

/* Where the host ends: before the last ':' that is not inside brackets. */
static size_t host_length(struct slice s)
{
	for (size_t i = s.len; i-- > 0 && s.ptr[i] != ']';)
		if (s.ptr[i] == ':')
			return i;
	return s.len;
}

static bool host_only_convert(const struct args *a, struct eval *ev, struct value *v)
{
	size_t n = host_length(v->bytes);
	char *out = arena_alloc(ev->arena, n + 1);

	(void)a;
	for (size_t i = 0; out && i < n; i++) {
		char c = v->bytes.ptr[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	v->bytes = slice_make(out, n);
	return out != NULL;
}

static bool port_only_convert(const struct args *a, struct eval *ev, struct value *v)
{
	uint64_t port;

	(void)a, (void)ev;
	if (!slice_to_u64(slice_from(v->bytes, host_length(v->bytes) + 1), &port) || port > 65535)
		port = 0;
	*v = value_int((int64_t)port);
	return true;
}

CONVERTER(host_only) = { .keyword = "host_only", .usage = "host_only", .in = VALUE_STR, .out = VALUE_STR,
	.convert = host_only_convert };
CONVERTER(port_only) = { .keyword = "port_only", .usage = "port_only", .in = VALUE_STR, .out = VALUE_INT,
	.convert = port_only_convert };
