/* SPDX-License-Identifier: Apache-2.0
 *
 * The PROXY header toward servers.
 */
#include "proxy/pp_send.h"

static void add_tlvs(struct stream *s, const struct server *srv, struct pp_build *b)
{
	struct session *ses = s->session;
	struct slice authority, id;

	if (srv->set.pp_authority && ses->pp &&
	    pp_tlv_find(slice_make(ses->pp->tlvs, ses->pp->tlvs_len), PP_TYPE_AUTHORITY, 0, &authority))
		pp_build_tlv(b, PP_TYPE_AUTHORITY, authority);
	if (srv->set.pp_unique_id && (id = stream_unique_id(s)).len) {
		if (id.len > PP_UNIQUE_ID_MAX)
			id.len = PP_UNIQUE_ID_MAX;
		pp_build_tlv(b, PP_TYPE_UNIQUE_ID, id);
	}
	if (srv->set.pp_crc32c)
		pp_build_crc32c(b);
}

bool pp_send_compose(struct stream *s, const struct server *srv, struct buf *buf)
{
	struct addr dst = { 0 };
	struct session *ses = s->session;
	size_t n;

	session_dst(ses, &dst);
	if (srv->set.send_proxy == 1) {
		n = pp_build_v1(buf->data + buf->tail, buf_room(buf), &ses->src, &dst);
	} else {
		struct pp_build b;
		bool local = ses->pp && ses->pp->command == PP_LOCAL;
		pp_build_begin(&b, buf->data + buf->tail, buf_room(buf), local ? PP_LOCAL : PP_PROXY, &ses->src, &dst);
		add_tlvs(s, srv, &b);
		n = pp_build_end(&b);
	}
	buf->tail += (uint32_t)n;
	return n > 0;
}

size_t pp_send_compose_check(const struct server *srv, void *bytes, size_t cap)
{
	struct pp_build b;

	if (srv->set.send_proxy == 0)
		return 0;
	if (srv->set.send_proxy == 1)
		return pp_build_v1(bytes, cap, NULL, NULL);
	pp_build_begin(&b, bytes, cap, PP_LOCAL, NULL, NULL);
	return pp_build_end(&b);
}
