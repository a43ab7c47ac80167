/* SPDX-License-Identifier: Apache-2.0
 *
 * show pools: how many objects of each kind there are and where, in HAProxy's shape. Any thread's figures
 * are atomics (base/pool.h). One thread.
 */
#include <inttypes.h>
#include "base/pool.h"
#include "proxy/command.h"

static bool show_pools_start(struct cli *c)
{
	struct pool_report r;
	uint64_t bytes = 0, cached_bytes = 0;
	unsigned n = 0;

	strbuf_add_str(&c->out, "Dumping pools usage.\n");
	for (; pool_report(n, &r); n++) {
		strbuf_addf(&c->out, "  - Pool %s (%zu bytes) : %" PRIu64 " allocated (%" PRIu64 " bytes), %" PRIu64 " used (~%" PRIu64
			" by thread caches), needed_avg %" PRIu64 ", %" PRIu64 " failures, %u users\n", r.name, r.size, r.made,
			r.made * r.size, r.made, r.cached, r.made - r.cached, r.failures, r.threads);
		bytes += r.made * r.size;
		cached_bytes += r.cached * r.size;
	}
	strbuf_addf(&c->out, "Total: %u pools, %" PRIu64 " bytes allocated, %" PRIu64 " used (~%" PRIu64 " by thread caches).\n", n, bytes,
		bytes, cached_bytes);
	return true;
}

COMMAND(show_pools) = {
	.keyword = "show pools", .usage = "show pools", .text = "show how many objects of each kind there are", .start = show_pools_start,
};
