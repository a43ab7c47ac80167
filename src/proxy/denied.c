/* SPDX-License-Identifier: Apache-2.0
 *
 * What rules refused, counted; see denied.h.
 */
#include "proxy/denied.h"

void denied_request(struct stream *s)
{
	COUNT(&s->session->fe->fe, denied_req);
	COUNT(&s->session->listener->counters, denied_req);
	if (s->be_counted)
		COUNT(&s->be->be, denied_req);
}

void denied_response(struct stream *s)
{
	COUNT(&s->session->fe->fe, denied_resp);
	COUNT(&s->session->listener->counters, denied_resp);
	COUNT(&s->be->be, denied_resp);
	if (s->server)
		COUNT(&s->server->counters, denied_resp);
}
