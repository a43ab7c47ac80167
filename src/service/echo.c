/* SPDX-License-Identifier: Apache-2.0
 *
 * service echo: says what usher knows of the client, then sends back what the client sends. The
 * quickstart's demo servers, and a tool to see what arrives behind a chain of balancers. One thread.
 */
#include "proxy/service.h"

static void say_addr(struct strbuf *out, const char *label, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	addr_format(a, text, true);
	strbuf_addf(out, "%-12s %s\n", label, text);
}

static void say_tlv(struct strbuf *out, const struct pp_tlv *tlv)
{
	const char *name = pp_type_name(tlv->type);

	strbuf_addf(out, "  tlv 0x%02x%s%s ", tlv->type, name ? " " : "", name ? name : "");
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

	strbuf_addf(out, "%-12s v%u %s\n", "header", pp->version, pp->command == PP_LOCAL ? "LOCAL" : "PROXY");
	while (pp_tlv_next(&rest, &tlv))
		say_tlv(out, &tlv);
}

static bool echo_start(struct stream *s)
{
	char mem[2048];
	struct strbuf out;
	struct session *session = s->session;
	struct addr dst;

	strbuf_init_fixed(&out, mem, sizeof(mem));
	strbuf_addf(&out, "%-12s %s\n", "frontend", session->fe->name);
	say_addr(&out, "client", &session->src);
	if (session_dst(session, &dst))
		say_addr(&out, "wanted", &dst);
	say_addr(&out, "peer", &session->peer);
	if (session->pp)
		say_header(&out, session->pp);
	else
		strbuf_addf(&out, "%-12s none\n", "header");
	service_write(s, strbuf_slice(&out));
	return true;
}

static enum service_result echo_run(struct stream *s)
{
	struct slice in = service_input(s);
	size_t room = service_room(s);

	if (in.len > room)
		in.len = room;
	if (in.len && service_write(s, in))
		service_consume(s, in.len);
	if (service_input_ended(s))
		return SERVICE_END;
	return service_input(s).len ? SERVICE_MORE : SERVICE_WAIT;
}

SERVICE(echo) = {
	.keyword = "echo",
	.usage = "tcp-request content use-service echo",
	.start = echo_start,
	.run = echo_run,
};
