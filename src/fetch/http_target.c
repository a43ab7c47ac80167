/* SPDX-License-Identifier: Apache-2.0
 *
 * The request's target and its parts: url, path, pathq, query, url_ip, url_port. Values are borrowed
 * from the head. One thread.
 */
#include "proxy/http_view.h"
#include "rule/fetch.h"
#include "wire/uri.h"

static enum eval_result split(struct eval *ev, struct uri *u)
{
	const struct http_head *h;
	enum eval_result r = http_see_head(ev, false, &h);

	if (r == EVAL_OK)
		uri_split(h->target, u);
	return r;
}

static enum eval_result url_get(const struct args *a, struct eval *ev, struct value *out)
{
	const struct http_head *h;
	enum eval_result r = http_see_head(ev, false, &h);

	(void)a;
	if (r == EVAL_OK)
		*out = value_str(h->target);
	return r;
}

static enum eval_result give_path(struct eval *ev, bool with_query, struct value *out)
{
	struct uri u;
	enum eval_result r = split(ev, &u);

	if (r != EVAL_OK)
		return r;
	*out = value_str(with_query ? u.pathq : u.path);
	return out->bytes.len ? EVAL_OK : EVAL_NONE;
}

static enum eval_result path_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return give_path(ev, false, out);
}

static enum eval_result pathq_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)a;
	return give_path(ev, true, out);
}

static bool query_check(struct args *a, struct strbuf *err)
{
	if (a->v[0].type == ARG_NONE || a->v[0].str.len == 0 || slice_is(a->v[0].str, "with_qm"))
		return true;
	strbuf_addf(err, "'%.*s' is not with_qm", SLICE_FMT(a->v[0].str));
	return false;
}

/* with_qm: the question mark too. */
static enum eval_result query_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct uri u;
	enum eval_result r = split(ev, &u);

	if (r != EVAL_OK)
		return r;
	*out = value_str(a->v[0].str.len ? slice_from(u.pathq, u.path.len) : u.query);
	return u.has_query ? EVAL_OK : EVAL_NONE;
}

/* Host and port of an absolute target whose host is an address. Without a port it is 80. */
static enum eval_result server_address(struct eval *ev, struct addr *ip)
{
	struct uri u;
	enum eval_result r = split(ev, &u);
	uint64_t port = 80;

	if (r != EVAL_OK)
		return r;
	if (u.scheme.len == 0 || u.authority.len == 0)
		return EVAL_NONE;
	struct slice host = u.authority;
	size_t end = host.len;
	while (end && host.ptr[end - 1] >= '0' && host.ptr[end - 1] <= '9')
		end--;
	if (end && host.ptr[end - 1] == ':' && slice_to_u64(slice_from(host, end), &port))
		host.len = end - 1;
	if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = slice_make(host.ptr + 1, host.len - 2);
	if (port > UINT16_MAX || !addr_parse_ip(host, ip))
		return EVAL_NONE;
	ip->port = (uint16_t)port;
	return EVAL_OK;
}

static enum eval_result url_ip_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr ip;
	enum eval_result r = server_address(ev, &ip);

	(void)a;
	if (r == EVAL_OK) {
		ip.port = 0;
		*out = value_addr(ip);
	}
	return r;
}

static enum eval_result url_port_get(const struct args *a, struct eval *ev, struct value *out)
{
	struct addr ip;
	enum eval_result r = server_address(ev, &ip);

	(void)a;
	if (r == EVAL_OK)
		*out = value_int(ip.port);
	return r;
}

#define TARGET(name, kind) \
	FETCH(name) = { .keyword = #name, .usage = #name, .type = kind, .phases = PHASE_REQUEST, .get = name##_get }

TARGET(url, VALUE_STR);
TARGET(path, VALUE_STR);
TARGET(pathq, VALUE_STR);
TARGET(url_ip, VALUE_ADDR);
TARGET(url_port, VALUE_INT);
FETCH(query) = { .keyword = "query", .usage = "query[(with_qm)]", .args = ";s", .type = VALUE_STR, .phases = PHASE_REQUEST,
	.check = query_check, .get = query_get };
