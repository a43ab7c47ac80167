/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of the state a predecessor hands over: framing, records, and what the model
 * is then like. Whatever was loaded, saving and loading it again must change nothing.
 */
#include <stdint.h>
#include "base/assert.h"
#include "core/clock.h"
#include "core/state.h"
#include "core/thread.h"
#include "proxy/balance.h"
#include "proxy/health.h"
#include "proxy/notice.h"
#include "proxy/queue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct proxy *be;

static void hush(const struct proxy *px, enum log_level level, struct slice text) { (void)px, (void)level, (void)text; }

static void open_once(void)
{
	if (be)
		return;
	clock_update();
	registries_open();
	threads_init(1);
	notice_hook = hush;
	be = proxy_new("be", PROXY_BE, NULL, "fuzz", 1);
	for (int i = 0; i < 2; i++) {
		struct server *s = server_new(be, i ? "s 2" : "s1", "fuzz", 2 + i);
		s->check = s->agent = i ? NULL : (struct check *)s; /* only looked at as "there is one" */
		s->set.slowstart_ms = 10000;
		s->endpoint = (struct endpoint){ .kind = ENDPOINT_INET, .port = PORT_FIXED, .fd = -1 };
		addr_parse_ip(SLICE("10.0.0.1"), &s->endpoint.addr);
		s->endpoint.addr.port = 80;
	}
	queues_open(be);
}

static void check_books(void)
{
	const struct server *s;
	int usable = 0;

	TAILQ_FOREACH(s, &be->servers, link) {
		ASSERT(s->score >= 0 && s->score <= health_full(s) && s->weight >= 0 && s->weight <= 256);
		ASSERT(s->up == (s->score >= s->set.rise));
		usable += s->usable;
	}
	ASSERT(usable == be->usable_servers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf one = STRBUF_EMPTY, two = STRBUF_EMPTY;
	struct state_report r;
	struct server *s;

	open_once();
	counters_clear(&be->be);
	TAILQ_FOREACH(s, &be->servers, link) {
		counters_clear(&s->counters);
		health_init(s);
	}
	balance_update(be);
	state_load_all(slice_make(data, size), NULL);
	check_books();
	state_save_all(&one);
	counters_clear(&be->be);
	TAILQ_FOREACH(s, &be->servers, link) {
		counters_clear(&s->counters);
		s->last_check.status = CHECK_STATUS_INI;
	}
	ASSERT(state_load_all(strbuf_slice(&one), &r) && r.loaded == state_registry.n && r.refused == 0);
	check_books();
	state_save_all(&two);
	ASSERT(slice_eq(strbuf_slice(&one), strbuf_slice(&two)));
	strbuf_free(&one);
	strbuf_free(&two);
	/* Mail that was sent and what was replaced. */
	loop_turn(&thread_loops[0], 0);
	return 0;
}
