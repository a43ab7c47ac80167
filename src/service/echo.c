/* SPDX-License-Identifier: Apache-2.0
 *
 * service echo: sends back what the client sends, until the client ends. For trying a chain of
 * balancers, and for tests. One thread.
 */
#include "proxy/service.h"

static enum service_result echo_run(struct stream *s)
{
	struct slice in = service_input(s);
	size_t room = service_room(s, 0);

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
	.run = echo_run,
};
