/* SPDX-License-Identifier: Apache-2.0
 *
 * tcp-request content and http-request use-service <name>: a built-in service answers in a server's place. One thread.
 */
#include "conf/haproxy_names.h"
#include "proxy/service.h"

static bool use_service_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	const char *name = conf_need(l, "the name of a service");

	(void)paren;
	if (name == NULL)
		return false;
	r->ptr = (void *)registry_find(&service_registry, slice_of(name));
	if (r->ptr == NULL && slice_starts(slice_of(name), SLICE("lua.")))
		return conf_fail(l, "service '%s' is registered by no script that was loaded before (lua-load)", name);
	const char *instead = r->ptr ? "" : haproxy_instead(HAPROXY_SERVICE, slice_of(name));
	if (*instead)
		return conf_fail(l, "this service is one of HAProxy's that usher does not have yet%s", instead);
	if (r->ptr == NULL) {
		const char *near = registry_nearest(&service_registry, slice_of(name));
		return conf_fail(l, "there is no service of this name%s%s%s", near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	if (strstr(((const struct service *)r->ptr)->usage, "use-service") == NULL)
		return conf_fail(l, "service '%s' stands behind words of its own: %s", name, ((const struct service *)r->ptr)->usage);
	if (((const struct service *)r->ptr)->http != (r->where == RULES_HTTP_REQ))
		return conf_fail(l, "service '%s' stands behind %s", name, r->where == RULES_HTTP_REQ ? "tcp-request content" : "http-request");
	return true;
}

static enum action_result use_service_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	ev->stream->service = r->ptr;
	cur->verdict = VERDICT_ACCEPT;
	return ACTION_STOP;
}

ACTION(use_service) = {
	.keyword = "use-service",
	.usage = "use-service <name>",
	.where = RULES_TCP_REQ_CONT | RULES_HTTP_REQ,
	.parse = use_service_parse,
	.run = use_service_run,
};
