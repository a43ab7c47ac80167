/* SPDX-License-Identifier: Apache-2.0
 *
 * The statistics page: what a proxy says of it (manual, `stats enable` and its like), which requests
 * are for it, and who may act on it. The page itself is service/stats_page.c. Frozen after boot.
 */
#ifndef USHER_PROXY_STATS_PAGE_H
#define USHER_PROXY_STATS_PAGE_H

#include "proxy/proxy.h"

struct eval;
struct http_head;
struct service;

struct stats_page {
	const struct service *service; /* borrows: who answers */
	const char *uri;               /* the beginning of targets that are for it; "/haproxy?stats" */
	const char *realm;             /* "HAProxy Statistics" */
	const char **users;            /* boot memory: "user:password"; any of them */
	size_t user_count;
	const char **scopes;           /* boot memory: names of proxies that are shown, "." the proxy itself; none: all */
	size_t scope_count;
	struct cond **admin;           /* boot memory: any of them lets the client act; NULL: always */
	size_t admin_count;
	struct ruleset rules;          /* stats http-request */
	uint32_t refresh_ms;           /* 0: the page chooses */
	bool hide_version, show_legends, show_node, show_desc;
	const char *node, *desc;       /* NULL: the global ones */
};

/* Whether a request's target is for the page. */
bool stats_page_wants(const struct stats_page *page, struct slice target);
/* What stands behind the page's URI in a target that is for it: ";csv". */
struct slice stats_page_options(const struct stats_page *page, struct slice target);
/* Whether the request says who may see it. Compares in constant time. */
bool stats_page_knows_user(const struct stats_page *page, struct eval *ev);
bool stats_page_may_act(const struct stats_page *page, struct eval *ev);
/* Whether a proxy is shown on a page of `own`. */
bool stats_page_shows(const struct stats_page *page, const struct proxy *own, const struct proxy *px);
/* False when the request, which wants to change something, was sent by a page of another site: the browser says so by
 * Sec-Fetch-Site (W3C Fetch Metadata), Origin (RFC 6454) or Referer. Programs say none of them. */
bool stats_page_same_site(const struct http_head *h);

/* The orders of its forms ("ready", "drain", "dhlth" ...), HAProxy's words. False: there is no such order. */
bool stats_page_order(struct slice word, struct server *srv);

#endif
