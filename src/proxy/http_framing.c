/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields of the frame, and those that do not travel. One thread.
 */
#include "proxy/http_framing.h"

const char *http_reason_given(unsigned status)
{
	static const char *const classes[] = { "Other", "Informational", "Success", "Redirection", "Client Error", "Server Error" };
	const char *reason = status == 418 ? "I'm a teapot" : http_reason(status);

	return *reason ? reason : classes[status / 100 < 6 ? status / 100 : 0];
}

void http_strip_hop_by_hop(struct http_head *h)
{
	for (int i = h->n - 1; i >= 0; i--) {
		switch (h->fields[i].id) {
		case HTTP_FIELD_CONNECTION:
		case HTTP_FIELD_KEEP_ALIVE:
		case HTTP_FIELD_PROXY_CONNECTION:
			http_head_remove(h, i);
			break;
		}
	}
}

void http_strip_framing(struct http_head *h)
{
	http_head_remove_all(h, SLICE("content-length"));
	http_head_remove_all(h, SLICE("transfer-encoding"));
}

bool http_add_length(struct stream *s, struct http_head *h, uint64_t len)
{
	char digits[24];
	struct strbuf text;

	strbuf_init_fixed(&text, digits, sizeof(digits));
	strbuf_add_u64(&text, len);
	struct slice value = arena_copy(&s->arena, strbuf_slice(&text));
	return value.ptr && http_head_add(h, SLICE("content-length"), value);
}

void http_restore_framing(struct stream *s, struct http_head *h)
{
	http_strip_framing(h);
	if (h->chunked)
		http_head_add(h, SLICE("transfer-encoding"), SLICE("chunked"));
	else if (h->has_length)
		http_add_length(s, h, h->content_length);
}
