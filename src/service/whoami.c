/* SPDX-License-Identifier: Apache-2.0
 *
 * service whoami: answers the client's first bytes (or its end) with what usher knows of it: address,
 * peer, PROXY header and TLVs. A client that speaks HTTP gets the text behind an HTTP/1.0 head, so
 * that curl and browsers show it. The quickstart's demo servers. One thread.
 */
#include "proxy/service.h"

#define TEXT_MAX 4096

static void say_addr(struct strbuf *out, const char *label, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	addr_format(a, text, true);
	strbuf_addf(out, "%-9s %s\n", label, text);
}

static void say_tlv(struct strbuf *out, const struct pp_tlv *tlv)
{
	const char *name = pp_type_name(tlv->type);

	strbuf_addf(out, "tlv       0x%02x%s%s ", tlv->type, name ? " " : "", name ? name : "");
	if (tlv->type == PP_TYPE_CRC32C)
		strbuf_add_hex(out, tlv->value.ptr, tlv->value.len);
	else
		strbuf_add_escaped(out, tlv->value, '\\', "\\");
	strbuf_add_byte(out, '\n');
}

static void say_header(struct strbuf *out, const struct pp_info *pp)
{
	struct slice rest = slice_make(pp->tlvs, pp->tlvs_len);
	struct pp_tlv tlv;

	strbuf_addf(out, "header    PROXY protocol v%u %s\n", pp->version, pp->command == PP_LOCAL ? "LOCAL" : "PROXY");
	while (pp_tlv_next(&rest, &tlv))
		say_tlv(out, &tlv);
}

static void say_all(struct strbuf *out, struct session *session)
{
	struct addr dst;

	strbuf_addf(out, "server    %s\n", session->fe->name);
	say_addr(out, "client", &session->src);
	if (session_dst(session, &dst))
		say_addr(out, "wanted", &dst);
	say_addr(out, "peer", &session->peer);
	if (session->pp)
		say_header(out, session->pp);
	else
		strbuf_add_str(out, "header    none\n");
}

/* A request line of HTTP/1: three words, the last of them the version. */
static bool speaks_http(struct slice in)
{
	ptrdiff_t end = slice_find_byte(in, '\n');

	return end > 0 && slice_find(slice_make(in.ptr, (size_t)end), SLICE(" HTTP/1.")) > 0;
}

static enum service_result whoami_run(struct stream *s)
{
	char mem[TEXT_MAX];
	struct strbuf out;
	struct slice in = service_input(s);

	if (in.len == 0 && !service_input_ended(s))
		return SERVICE_WAIT;
	strbuf_init_fixed(&out, mem, sizeof(mem));
	if (speaks_http(in))
		strbuf_add_str(&out, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
	say_all(&out, s->session);
	service_write(s, strbuf_slice(&out));
	if (in.len)
		service_consume(s, in.len);
	return SERVICE_END;
}

SERVICE(whoami) = {
	.keyword = "whoami",
	.usage = "tcp-request content use-service whoami",
	.run = whoami_run,
};
