/* SPDX-License-Identifier: Apache-2.0
 *
 * http-request, http-response and http-after-response, the `redirect` keyword, monitor-uri and `monitor
 * fail`. One thread: start-up only.
 */
#include <stddef.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "proxy/mode_advice.h"
#include "rule/boot.h"

/* A proxy's own phases; a defaults section's rules may come to stand on either side. */
static unsigned phases(const struct proxy *px, unsigned fe, unsigned be)
{
	return px->caps == PROXY_FE ? fe : px->caps == PROXY_BE ? be : fe | be;
}

static bool add(struct conf_line *l, struct proxy *px, struct ruleset *set, unsigned where, unsigned fe, unsigned be)
{
	if (!mode_may_stand(l, px))
		return false;
	return rule_parse(l, set, where, phases(px, fe, be), &px->set.acls, px);
}

static bool parse_request(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	mode_warn_order(l, px, STAGE_HTTP_REQUEST);
	return add(l, px, &px->set.req_http, RULES_HTTP_REQ, PHASE_FE_REQ_HTTP, PHASE_BE_REQ_HTTP);
}
KEYWORD(http_request) = { .keyword = "http-request", .usage = "http-request <action> [{if | unless} <condition>]",
	.where = IN_PROXY, .parse = parse_request };

static bool parse_response(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	return add(l, px, &px->set.res_http, RULES_HTTP_RES, PHASE_FE_RES_HTTP, PHASE_BE_RES_HTTP);
}
KEYWORD(http_response) = { .keyword = "http-response", .usage = "http-response <action> [{if | unless} <condition>]",
	.where = IN_PROXY, .parse = parse_response };

static bool parse_after(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	return add(l, px, &px->set.after_http, RULES_HTTP_AFTER, PHASE_FE_RES_HTTP, PHASE_BE_RES_HTTP);
}
KEYWORD(http_after_response) = { .keyword = "http-after-response",
	.usage = "http-after-response <action> [{if | unless} <condition>]", .where = IN_PROXY, .parse = parse_after };

/* The statement is the action of the same name, its texts taken as they stand; the keyword's word is the action's. */
static bool parse_redirect(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;

	l->at--;
	mode_warn_order(l, px, STAGE_REDIRECT);
	return rule_parse(l, &px->redirects, RULES_REDIRECT, phases(px, PHASE_FE_REQ_HTTP, PHASE_BE_REQ_HTTP), &px->set.acls, px);
}
KEYWORD(redirect) = { .keyword = "redirect",
	.usage = "redirect {location <loc> | prefix <pfx> | scheme <sch>} [<option> ...] [{if | unless} <condition>]",
	.where = IN_PROXY & ~IN_DEFAULTS, .parse = parse_redirect };

KEYWORD(monitor_uri) = { .keyword = "monitor-uri", .usage = "monitor-uri <uri>", .where = IN_FE, .type = SETTING_STR,
	.offset = offsetof(struct proxy, set.monitor_uri) };

static bool parse_monitor_fail(struct conf_line *l, void *owner)
{
	struct proxy *px = owner;
	struct cond *c = cond_parse(l, &px->set.acls, PHASE_FE_REQ_HTTP, px);
	size_t n = 0;

	if (c == NULL)
		return false;
	mode_warn_order(l, px, STAGE_MONITOR);
	while (px->monitor_fail && px->monitor_fail[n])
		n++;
	struct cond **list = boot_alloc((n + 2) * sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = px->monitor_fail[i];
	list[n] = c;
	px->monitor_fail = list;
	return true;
}
KEYWORD(monitor_fail) = { .keyword = "monitor fail", .usage = "monitor fail {if | unless} <condition>",
	.where = IN_FE & ~IN_DEFAULTS, .parse = parse_monitor_fail };
