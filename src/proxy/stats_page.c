/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may see the statistics page, and act on it. Any thread.
 */
#include "proxy/stats_page.h"

#include <openssl/crypto.h>
#include "proxy/http_credentials.h"
#include "wire/uri.h"

/* A target that names its host as well is asked for its path. */
static struct slice asked(const struct stats_page *page, struct slice target)
{
	struct uri u;

	if (page->uri[0] != '/' || slice_starts(target, SLICE("/")))
		return target;
	uri_split(target, &u);
	return u.pathq;
}

bool stats_page_wants(const struct stats_page *page, struct slice target)
{
	return slice_starts(asked(page, target), slice_of(page->uri));
}

struct slice stats_page_options(const struct stats_page *page, struct slice target)
{
	return slice_from(asked(page, target), strlen(page->uri));
}

static bool is_user(const char *known, struct slice user, struct slice password)
{
	struct slice k = slice_of(known);

	return k.len == user.len + 1 + password.len && CRYPTO_memcmp(k.ptr, user.ptr, user.len) == 0 && k.ptr[user.len] == ':' &&
	       CRYPTO_memcmp(k.ptr + user.len + 1, password.ptr, password.len) == 0;
}

bool stats_page_knows_user(const struct stats_page *page, struct eval *ev)
{
	struct slice user, password;
	bool known = page->user_count == 0;

	if (known || http_see_basic(ev, &user, &password) != EVAL_OK)
		return known;
	for (size_t i = 0; i < page->user_count; i++)
		known |= is_user(page->users[i], user, password);
	return known;
}

bool stats_page_may_act(const struct stats_page *page, struct eval *ev)
{
	for (size_t i = 0; i < page->admin_count; i++)
		if (page->admin[i] == NULL || cond_eval(page->admin[i], ev) == EVAL_OK)
			return true;
	return false;
}

bool stats_page_shows(const struct stats_page *page, const struct proxy *own, const struct proxy *px)
{
	for (size_t i = 0; i < page->scope_count; i++)
		if (strcmp(page->scopes[i], ".") == 0 ? px == own : strcmp(page->scopes[i], px->name) == 0)
			return true;
	return page->scope_count == 0;
}

/* "https://lb.example:8404/stats" and "lb.example:8404" are of one site. */
static bool is_of_host(struct slice origin, struct slice host)
{
	ptrdiff_t at = slice_find(origin, SLICE("://"));

	if (at < 0)
		return false;
	origin = slice_from(origin, (size_t)at + 3);
	size_t end = 0;
	while (end < origin.len && origin.ptr[end] != '/' && origin.ptr[end] != '?')
		end++;
	return slice_eq_nocase(slice_make(origin.ptr, end), host);
}

static bool find(const struct http_head *h, const char *name, struct slice *value)
{
	int at = http_head_find_name(h, slice_of(name), 0);

	if (at >= 0)
		*value = h->fields[at].value;
	return at >= 0;
}

bool stats_page_same_site(const struct http_head *h)
{
	struct slice said, host = SLICE("");

	find(h, "host", &host);
	if (find(h, "sec-fetch-site", &said))
		return slice_is(said, "same-origin") || slice_is(said, "none");
	if (find(h, "origin", &said) || find(h, "referer", &said))
		return is_of_host(said, host);
	return true;
}
