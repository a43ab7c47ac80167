/* SPDX-License-Identifier: Apache-2.0
 *
 * What a reload hands over of the keys that seal session tickets: clients resume with the new process what they began with
 * the old one. Secret: it goes from memory to memory. Those of files are read again by whoever names them.
 */
#include "conn/tls_tickets.h"
#include "core/state.h"

static bool load_line(struct slice line, unsigned version)
{
	return version == 1 && tls_tickets_load(line);
}

static bool tickets_load(unsigned version, struct slice body)
{
	return state_each_line(body, version, load_line);
}

STATE(tickets) = {
	.keyword = "tickets", .usage = "keys of TLS session tickets", .version = 1, .save = tls_tickets_save, .load = tickets_load,
};
