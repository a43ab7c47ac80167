/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading what a PROXY header left with the session. One thread.
 */
#include "proxy/pp_view.h"

#include "conn/tls.h"

#define HTTPS_PORT 443

bool pp_view_ssl(const struct session *s, struct pp_ssl *out)
{
	struct slice value;

	return pp_tlv_find(pp_view_tlvs(s), PP_TYPE_SSL, 0, &value) && pp_ssl_decode(value, out);
}

bool pp_view_client_is_secure(const struct session *s)
{
	struct pp_ssl ssl;

	if (tls_of(&s->client))
		return true;
	if (s->pp == NULL)
		return false;
	if (pp_view_ssl(s, &ssl))
		return ssl.client & PP_CLIENT_SSL;
	return s->pp->has_addr && s->pp->dst.port == HTTPS_PORT;
}
