/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests of HTTP checks: how they are written in a configuration and composed in a round. Start-up,
 * and checks' threads.
 */
#include "http_check.h"

#include "proxy/global.h"
#include "rule/boot.h"
#include "rule/format.h"
#include "wire/http1.h"

/* ---- what is sent ---- */

static const char *method_of(const struct http_check_request *q)
{
	while (q && q->method == NULL)
		q = q->under;
	return q ? q->method : "OPTIONS";
}

static const char *version_of(const struct http_check_request *q)
{
	while (q && q->version == NULL)
		q = q->under;
	return q ? q->version : "HTTP/1.0";
}

/* Manual, http-check send-state. */
static void add_state(struct check *c, struct strbuf *out)
{
	struct server *srv = c->srv;
	const struct endpoint *e = server_endpoint(srv);
	struct proxy_load all;
	char addr[ADDR_TEXT_MAX], room[GLOBAL_NODE_MAX];

	proxy_load_read(srv->px, &all);
	strbuf_add_str(out, "X-Haproxy-Server-State: ");
	health_status_text(srv, out);
	if (e->kind == ENDPOINT_INET) {
		addr_format_ip(&e->addr, addr);
		strbuf_addf(out, "; address=%s; port=%u", addr, e->addr.port);
	} else {
		strbuf_add_str(out, "; address=unix; port=unix");
	}
	strbuf_addf(out, "; name=%s/%s; node=%s; weight=%d/%llu; scur=%u/%llu; qcur=%u\r\n", srv->px->name, srv->name,
		global_node(room), server_usable(srv) ? __atomic_load_n(&srv->weight, __ATOMIC_RELAXED) : 0,
		(unsigned long long)all.weight, gauge_now(&srv->conns), (unsigned long long)all.conns, gauge_now(&srv->queue_len));
}

/* A name for a server that was given none: HTTP/1.1 wants one (RFC 9110 section 7.2). */
static void add_host(const struct check *c, struct strbuf *out)
{
	const struct endpoint *e = server_endpoint(c->srv);

	strbuf_add_str(out, "Host: ");
	if (e->kind == ENDPOINT_INET && e->host)
		strbuf_add_str(out, e->host);
	else if (e->kind == ENDPOINT_INET)
		endpoint_format(e, out);
	else
		strbuf_add_str(out, "localhost");
	strbuf_add_str(out, "\r\n");
}

static void add_headers(const struct http_check_request *q, struct eval *ev, struct strbuf *out)
{
	for (; q; q = q->under) {
		for (size_t i = 0; i < q->n; i++) {
			strbuf_addf(out, "%s: ", q->headers[i].name);
			format_write(q->headers[i].value, ev, out);
			strbuf_add_str(out, "\r\n");
		}
	}
}

static bool has_host(const struct http_check_request *q)
{
	return q && (q->has_host || has_host(q->under));
}

static bool has_connection(const struct http_check_request *q)
{
	return q && (q->has_connection || has_connection(q->under));
}

static bool compose(const struct checkseq_step *step, struct check *c, struct strbuf *out)
{
	const struct http_check_request *q = step->arg, *at = q;
	const char *version = version_of(q);
	bool modern = strcmp(version, "HTTP/1.0") != 0;
	struct eval ev = checkseq_eval(c);
	struct strbuf body = STRBUF_EMPTY;

	strbuf_addf(out, "%s ", method_of(q));
	while (at && at->uri == NULL)
		at = at->under;
	if (at)
		format_write(at->uri, &ev, out);
	else
		strbuf_add_byte(out, '/');
	strbuf_addf(out, " %s\r\n", version);
	if (modern && !has_host(q))
		add_host(c, out);
	add_headers(q, &ev, out);
	if (c->srv->px->set.http_check_send_state)
		add_state(c, out);
	if (q && q->body) {
		format_write(q->body, &ev, &body);
		strbuf_addf(out, "Content-Length: %zu\r\n", body.len);
	}
	if (modern && !has_connection(q))
		strbuf_add_str(out, "Connection: close\r\n");
	strbuf_add_str(out, "\r\n");
	strbuf_add_slice(out, strbuf_slice(&body));
	strbuf_free(&body);
	c->run->method = http_method_of(slice_of(method_of(q)));
	return !out->truncated;
}

/* ---- what is written ---- */

static bool take_format(struct conf_line *l, struct proxy *px, const char *what, bool is_format, struct format **out)
{
	const char *text = conf_need(l, what);

	if (text == NULL)
		return false;
	*out = is_format ? format_parse(l, text, PHASE_CHECK, px) : format_literal(text);
	return *out != NULL;
}

static bool add_header(struct conf_line *l, struct http_check_request *q, const char *name, struct format *value)
{
	if (!http_is_token(slice_of(name)))
		return conf_fail(l, "'%s' is no name of a header", name);
	/* Manual: framing is ours. */
	if (slice_eq_nocase(slice_of(name), SLICE("content-length")) || slice_eq_nocase(slice_of(name), SLICE("transfer-encoding")))
		return true;
	if (slice_eq_nocase(slice_of(name), SLICE("host"))) {
		if (q->has_host)
			return conf_fail(l, "a request has one Host, and this is the second");
		q->has_host = true;
	}
	q->has_connection |= slice_eq_nocase(slice_of(name), SLICE("connection"));
	q->headers = boot_grow(q->headers, q->n, sizeof(*q->headers));
	q->headers[q->n++] = (struct http_check_header){ name, value };
	return true;
}

static bool take_version(struct conf_line *l, const char *word, const char **out)
{
	if (word == NULL)
		return false;
	*out = word;
	return strcmp(word, "HTTP/1.0") == 0 || strcmp(word, "HTTP/1.1") == 0 ? true :
		conf_fail(l, "'%s' is no version that checks speak; expected HTTP/1.0 or HTTP/1.1", word);
}

static bool take_method(struct conf_line *l, const char *word, const char **out)
{
	*out = word;
	return word && (http_is_token(slice_of(word)) || conf_fail(l, "'%s' is no method", word));
}

/* The old way to add headers: "HTTP/1.1\r\nHost:\ www". */
static bool take_old_headers(struct conf_line *l, struct http_check_request *q, char *text)
{
	while (text && *text) {
		char *end = strstr(text, "\r\n"), *colon;
		if (end)
			*end = '\0';
		if (*text) {
			colon = strchr(text, ':');
			if (colon == NULL)
				return conf_fail(l, "'%s' is no header: it has no colon", text);
			*colon++ = '\0';
			colon += strspn(colon, " \t");
			if (!add_header(l, q, text, format_literal(colon)))
				return false;
		}
		text = end ? end + 2 : NULL;
	}
	return true;
}

bool http_check_take_option(struct conf_line *l, struct proxy *px, struct http_check_request *q)
{
	int words = l->count - l->at;
	char *version, *headers;

	if (words >= 2 && !take_method(l, conf_take(l), &q->method))
		return false;
	if (words >= 1 && !take_format(l, px, "a URI", false, &q->uri))
		return false;
	if (words < 3)
		return true;
	version = (char *)boot_copy(slice_of(conf_take(l))).ptr;
	headers = strstr(version, "\r\n");
	if (headers) {
		*headers = '\0';
		headers += 2;
	}
	return take_version(l, version, &q->version) && take_old_headers(l, q, headers);
}

bool http_check_take_send(struct conf_line *l, struct proxy *px, struct checkseq_step *step, struct http_check_request *q)
{
	bool ok = true;

	while (ok && conf_peek(l)) {
		if (conf_take_if(l, "meth")) {
			ok = take_method(l, conf_need(l, "a method"), &q->method);
		} else if (conf_take_if(l, "uri")) {
			ok = take_format(l, px, "a URI", false, &q->uri);
		} else if (conf_take_if(l, "uri-lf")) {
			ok = take_format(l, px, "a format", true, &q->uri);
		} else if (conf_take_if(l, "ver")) {
			ok = take_version(l, conf_need(l, "a version"), &q->version);
		} else if (conf_take_if(l, "hdr")) {
			const char *name = conf_need(l, "the name of a header");
			struct format *value;
			ok = name && take_format(l, px, "a format", true, &value) && add_header(l, q, name, value);
		} else if (conf_take_if(l, "body")) {
			ok = take_format(l, px, "a body", false, &q->body);
		} else if (conf_take_if(l, "body-lf")) {
			ok = take_format(l, px, "a format", true, &q->body);
		} else if (conf_take_if(l, "comment")) {
			ok = checkseq_parse_comment(l, step);
		} else {
			return conf_fail(l, "'%s' is nothing a request has; expected meth, uri, uri-lf, ver, hdr, body, body-lf or comment",
				conf_take(l));
		}
	}
	return ok;
}

struct checkseq_step *http_check_add_send(struct checkseq *seq, struct http_check_request *q)
{
	return checkseq_add_send(seq, compose, q);
}
