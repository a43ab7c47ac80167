/* SPDX-License-Identifier: Apache-2.0
 *
 * What the forms of the statistics page order servers to do. Any thread.
 */
#include "proxy/health.h"
#include "proxy/shutdown.h"
#include "proxy/stats_page.h"

bool stats_page_order(struct slice word, struct server *srv)
{
	if (slice_is(word, "ready") || slice_is(word, "enable"))
		health_set_admin(srv, 0);
	else if (slice_is(word, "drain") || slice_is(word, "stop"))
		health_set_admin(srv, SERVER_DRAIN);
	else if (slice_is(word, "maint") || slice_is(word, "disable"))
		health_set_admin(srv, SERVER_MAINT);
	else if (slice_is(word, "dhlth"))
		__atomic_store_n(&srv->checks_off, true, __ATOMIC_RELAXED);
	else if (slice_is(word, "ehlth"))
		__atomic_store_n(&srv->checks_off, srv->check == NULL, __ATOMIC_RELAXED);
	else if (slice_is(word, "hrunn"))
		health_force(srv, true, "CLI");
	else if (slice_is(word, "hdown"))
		health_force(srv, false, "CLI");
	else if (slice_is(word, "hnolb"))
		health_force_stopping(srv, "CLI");
	else if (slice_is(word, "arunn") && srv->agent)
		health_force_agent(srv, true, "CLI");
	else if (slice_is(word, "adown") && srv->agent)
		health_force_agent(srv, false, "CLI");
	else if (slice_is(word, "dagent"))
		__atomic_store_n(&srv->agent_off, true, __ATOMIC_RELAXED);
	else if (slice_is(word, "eagent"))
		__atomic_store_n(&srv->agent_off, false, __ATOMIC_RELAXED);
	else if (slice_is(word, "shutdown"))
		shutdown_server(srv, CLOSE_KILLED);
	else
		return false;
	return true;
}
