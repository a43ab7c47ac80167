/* SPDX-License-Identifier: Apache-2.0
 *
 * Captures; see capture.h. What is kept is copied into the stream's arena, as heads leave before the
 * log is written. One thread.
 */
#include "proxy/capture.h"

#include "proxy/http.h"
#include "rule/boot.h"
#include "wire/cookie.h"

unsigned capture_add(struct proxy *fe, bool response, const char *header, uint32_t max_len)
{
	struct capture_list *list = &fe->captures[response];

	list->slots = boot_grow(list->slots, list->n, sizeof(*list->slots));
	list->slots[list->n] = (struct capture_slot){ header, max_len };
	return list->n++;
}

static struct slice keep(struct stream *s, struct slice text, uint32_t max_len)
{
	return arena_copy(&s->arena, slice_make(text.ptr, text.len < max_len ? text.len : max_len));
}

bool capture_put(struct stream *s, bool response, unsigned slot, struct slice text)
{
	const struct capture_list *list = &s->session->fe->captures[response];
	struct http_txn *t = s->http;

	if (t == NULL || slot >= list->n)
		return false;
	if (t->captured[response] == NULL)
		t->captured[response] = arena_zalloc(&s->arena, list->n * sizeof(struct slice));
	if (t->captured[response] == NULL)
		return false;
	t->captured[response][slot] = keep(s, text, list->slots[slot].max_len);
	return t->captured[response][slot].ptr != NULL;
}

struct slice capture_get(const struct stream *s, bool response, unsigned slot)
{
	if (s->http == NULL || s->http->captured[response] == NULL || slot >= s->session->fe->captures[response].n)
		return (struct slice){ NULL, 0 };
	return s->http->captured[response][slot];
}

struct slice capture_cookie(const struct stream *s, bool response)
{
	return s->http ? s->http->captured_cookie[response] : SLICE("");
}

/* The last field of the name, whole. */
static void take_header(struct stream *s, const struct http_head *h, bool response, unsigned slot, const char *header)
{
	int last = -1;

	for (int i = 0; (i = http_head_find_name(h, slice_of(header), i)) >= 0; i++)
		last = i;
	if (last >= 0)
		capture_put(s, response, slot, h->fields[last].value);
}

/* The first cookie whose "name=" begins with the text asked for. */
static void take_cookie(struct stream *s, const struct http_head *h, bool response)
{
	const struct proxy *fe = s->session->fe;
	enum http_field_id id = response ? HTTP_FIELD_SET_COOKIE : HTTP_FIELD_COOKIE;
	struct cookie c;

	for (int i = 0; (i = http_head_find(h, id, i)) >= 0; i++) {
		struct slice rest = h->fields[i].value;
		while (response ? set_cookie_next(&rest, &c) : cookie_next(&rest, &c)) {
			if (!slice_starts(c.whole, slice_of(fe->capture_cookie)))
				continue;
			uint32_t most = global.cookielen < fe->capture_cookie_len ? (uint32_t)global.cookielen : fe->capture_cookie_len;
			s->http->captured_cookie[response] = keep(s, c.whole, most);
			return;
		}
	}
}

void capture_head(struct stream *s, bool response)
{
	const struct proxy *fe = s->session->fe;
	const struct capture_list *list = &fe->captures[response];
	const struct http_head *h = response ? &s->http->res : &s->http->req;

	for (unsigned i = 0; i < list->n; i++)
		if (list->slots[i].header)
			take_header(s, h, response, i, list->slots[i].header);
	if (fe->capture_cookie)
		take_cookie(s, h, response);
}

bool capture_check_slot(struct args *a, struct strbuf *err)
{
	if (a->v[0].num >= 0 && a->v[0].num <= INT32_MAX)
		return true;
	strbuf_add_str(err, "slots are counted from 0");
	return false;
}
