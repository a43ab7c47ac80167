/* SPDX-License-Identifier: Apache-2.0
 *
 * Keywords that HAProxy had in earlier versions and has no more: old files still hold them, and
 * their owners are told what took their place. One thread: start-up only.
 */
#include <string.h>
#include "base/assert.h"
#include "conf/haproxy_names.h"

static const struct gone {
	enum haproxy_kind kind;
	const char *name, *advice;
} gone[] = {
	{ HAPROXY_GLOBAL, "nbproc", "is gone since HAProxy 2.5: threads do its work, see 'nbthread'" },
	{ HAPROXY_GLOBAL, "tune.chksize", "is gone from HAProxy: 'tune.bufsize' holds for checks too" },
	{ HAPROXY_GLOBAL, "debug", "is gone from HAProxy: use '-d' on the command line" },
	{ HAPROXY_PROXY, "bind-process", "is gone since HAProxy 2.5, which has one process: remove it" },
	{ HAPROXY_PROXY, "clitimeout", "is gone since HAProxy 2.1: use 'timeout client'" },
	{ HAPROXY_PROXY, "srvtimeout", "is gone since HAProxy 2.1: use 'timeout server'" },
	{ HAPROXY_PROXY, "contimeout", "is gone since HAProxy 2.1: use 'timeout connect'" },
	{ HAPROXY_PROXY, "redispatch", "is gone since HAProxy 2.1: use 'option redispatch'" },
	{ HAPROXY_PROXY, "grace", "is gone since HAProxy 2.5: it stands in 'global' now" },
	{ HAPROXY_PROXY, "monitor-net", "is gone from HAProxy: use a rule on 'src'" },
	{ HAPROXY_PROXY, "appsession", "is gone since HAProxy 1.6: use 'stick' rules" },
	{ HAPROXY_PROXY, "block", "is gone since HAProxy 2.1: use 'http-request deny'" },
	{ HAPROXY_PROXY, "reqadd", "is gone since HAProxy 2.1: use 'http-request add-header'" },
	{ HAPROXY_PROXY, "rspadd", "is gone since HAProxy 2.1: use 'http-response add-header'" },
	{ HAPROXY_PROXY, "option forceclose", "is gone since HAProxy 2.0: remove it" },
	{ HAPROXY_PROXY, "option http-tunnel", "is gone since HAProxy 2.1: remove it" },
	{ HAPROXY_PROXY, "option http_proxy", "is gone since HAProxy 2.5" },
};

/* reqallow, reqdel, reqdeny, reqrep, reqpass, reqtarpit and their forms with i, and those of responses. */
static const char *advice_for_header_rule(const char *name)
{
	static const char *const verbs[] = { "allow", "del", "deny", "pass", "rep", "setbe", "tarpit" };
	bool request = strncmp(name, "req", 3) == 0;

	if (!request && strncmp(name, "rsp", 3) != 0)
		return NULL;
	name += 3 + (name[3] == 'i');
	for (size_t i = 0; i < COUNT_OF(verbs); i++) {
		if (strcmp(name, verbs[i]) == 0)
			return request ? "is gone since HAProxy 2.1: use 'http-request' rules"
				: "is gone since HAProxy 2.1: use 'http-response' rules";
	}
	return NULL;
}

const char *haproxy_gone_name(enum haproxy_kind kind, const char *name)
{
	for (size_t i = 0; i < COUNT_OF(gone); i++) {
		if (gone[i].kind == kind && strcmp(gone[i].name, name) == 0)
			return gone[i].advice;
	}
	return kind == HAPROXY_PROXY ? advice_for_header_rule(name) : NULL;
}
