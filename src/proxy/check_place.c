/* SPDX-License-Identifier: Apache-2.0
 *
 * Places of checks and agents; see check_place.h.
 */
#include "proxy/check_place.h"

#include <stdlib.h>
#include <string.h>
#include "base/assert.h"
#include "core/epoch.h"

static void place_free(void *p)
{
	struct check_place *place = p;

	free((char *)place->send);
	free(place);
}

struct check_place check_place_configured(const struct server *srv, bool agent)
{
	const struct server_settings *set = &srv->set;

	if (agent)
		return (struct check_place){ .has_addr = set->has_agent_addr, .addr = set->agent_addr, .port = set->agent_port,
			.send = set->agent_send };
	return (struct check_place){ .has_addr = set->has_check_addr, .addr = set->check_addr, .port = set->check_port };
}

struct check_place check_place_get(const struct server *srv, bool agent)
{
	const struct check_place *moved = __atomic_load_n(agent ? &srv->agent_moved : &srv->check_moved, __ATOMIC_ACQUIRE);

	return moved ? *moved : check_place_configured(srv, agent);
}

void check_place_set(struct server *srv, bool agent, const struct check_place *to)
{
	struct check_place *moved = malloc(sizeof(*moved)), *old;

	ASSERT(moved != NULL);
	*moved = *to;
	if (to->send) {
		moved->send = strdup(to->send);
		ASSERT(moved->send != NULL);
	}
	old = __atomic_exchange_n(agent ? &srv->agent_moved : &srv->check_moved, moved, __ATOMIC_ACQ_REL);
	if (old)
		epoch_retire(old, place_free);
}

void check_place_drop(struct server *srv)
{
	if (srv->check_moved)
		place_free(srv->check_moved);
	if (srv->agent_moved)
		place_free(srv->agent_moved);
	srv->check_moved = srv->agent_moved = NULL;
}

struct endpoint check_place_target(const struct server *srv, bool agent)
{
	struct check_place own = check_place_get(srv, agent);

	if (!own.has_addr && agent)
		own = check_place_get(srv, false);
	return own.has_addr ? own.addr : *server_endpoint(srv);
}

uint16_t check_place_port(const struct server *srv, bool agent)
{
	struct check_place own = check_place_get(srv, agent);
	const struct endpoint *e = server_endpoint(srv);

	if (own.port)
		return (uint16_t)own.port;
	if (own.has_addr && own.addr.kind == ENDPOINT_INET && own.addr.port == PORT_FIXED)
		return own.addr.addr.port;
	return e->kind == ENDPOINT_INET && e->port == PORT_FIXED ? e->addr.port : 0;
}
