/* SPDX-License-Identifier: Apache-2.0
 *
 * What a request says to authenticate itself, as it says it: nothing is checked here (auth.h does). One thread.
 */
#ifndef USHER_PROXY_HTTP_CREDENTIALS_H
#define USHER_PROXY_HTTP_CREDENTIALS_H

#include "proxy/http_view.h"

/* Whether the request speaks to usher as to a proxy: `option http-use-proxy-header` is on and the target begins with
 * neither a slash nor an asterisk. Its credentials are Proxy-Authorization then, and 407 asks for them. */
bool http_is_proxied(const struct eval *ev, const struct http_head *h);
/* "Scheme credentials" of a field; false when it has not both. */
bool http_cut_credentials(struct slice field, struct slice *scheme, struct slice *credentials);
/* Those of the request's field. EVAL_NONE: there are none; EVAL_WAIT as http_see_head(). */
enum eval_result http_see_authorization(struct eval *ev, struct slice *scheme, struct slice *credentials);
/* The same for the scheme Basic: user and password, decoded into the arena. */
enum eval_result http_see_basic(struct eval *ev, struct slice *user, struct slice *password);
/* Adds Basic realm="...", with what ends a quoted string escaped (RFC 9110 section 5.6.4), and gives all of b. */
struct slice http_challenge(struct slice realm, struct strbuf *b);

#endif
