/* SPDX-License-Identifier: Apache-2.0
 *
 * What the client's PROXY header tells beside the addresses, and how the client itself came: over TLS or not, with
 * us or with who is in front of us. One thread per session.
 */
#ifndef USHER_PROXY_PP_VIEW_H
#define USHER_PROXY_PP_VIEW_H

#include "proxy/session.h"

/* The TLVs of its header; empty when there is none, or it was ignored. */
static inline struct slice pp_view_tlvs(const struct session *s)
{
	return s->pp ? slice_make(s->pp->tlvs, s->pp->tlvs_len) : SLICE("");
}

/* Its SSL TLV; false when there is none. */
bool pp_view_ssl(const struct session *s, struct pp_ssl *out);
/* Whether the client speaks TLS: with us; or else as the SSL TLV says; or else, where a header's addresses are in force, because
 * it went to port 443. */
bool pp_view_client_is_secure(const struct session *s);

#endif
