/* SPDX-License-Identifier: Apache-2.0
 *
 * Hints about the insides of HAProxy that have no meaning here: accepted without effect, each with
 * its reason, shown by -dK. A keyword whose effect anybody could miss is never in this table.
 * Start-up only.
 */
#include "conf/keyword.h"

/* identifier, keyword, its arguments, why it is without effect */
#define NO_EFFECT(ident, word, args, why) \
	KEYWORD(no_effect_##ident) = { .keyword = word, .usage = word args, .where = IN_GLOBAL, .no_effect = why }

NO_EFFECT(expose_deprecated_directives, "expose-deprecated-directives", "",
          "every keyword that is here may be used");
NO_EFFECT(expose_experimental_directives, "expose-experimental-directives", "",
          "every keyword that is here may be used");
NO_EFFECT(maxpipes, "maxpipes", " <number>",
          "pipes come and go with long transfers, within what the kernel allows the user");
NO_EFFECT(no_memory_trimming, "no-memory-trimming", "",
          "memory is given back as buffers leave, nothing is trimmed after a reload");
NO_EFFECT(noepoll, "noepoll", "",
          "epoll is the only way of waiting there is");
NO_EFFECT(noevports, "noevports", "",
          "there are no event ports on Linux");
NO_EFFECT(nokqueue, "nokqueue", "",
          "there is no kqueue on Linux");
NO_EFFECT(nopoll, "nopoll", "",
          "poll() is not used");
NO_EFFECT(numa_cpu_mapping, "numa-cpu-mapping", "",
          "threads stay where the kernel puts them unless cpu-map binds them");
NO_EFFECT(thread_groups, "thread-groups", " <number>",
          "every thread reaches every other by mail at the same cost; there are no groups");
NO_EFFECT(tune_buffers_limit, "tune.buffers.limit", " <number>",
          "buffers belong to threads and are bounded by connections");
NO_EFFECT(tune_buffers_reserve, "tune.buffers.reserve", " <number>",
          "a connection that gets no buffer is refused whole, none is kept back");
NO_EFFECT(tune_defaults_purge, "tune.defaults.purge", "",
          "defaults take next to no memory once all is read");
NO_EFFECT(tune_disable_fast_forward, "tune.disable-fast-forward", "",
          "bytes go through one buffer or a pipe, there is no other path to disable");
NO_EFFECT(tune_disable_zero_copy_forwarding, "tune.disable-zero-copy-forwarding", "",
          "bytes go through one buffer or a pipe, there is no other path to disable");
NO_EFFECT(tune_epoll_mask_events, "tune.epoll.mask-events", " <event>...",
          "each descriptor is registered once, edge-triggered, with all events");
NO_EFFECT(tune_fd_edge_triggered, "tune.fd.edge-triggered", " on|off",
          "descriptors are always edge-triggered");
NO_EFFECT(tune_h1_zero_copy_fwd_recv, "tune.h1.zero-copy-fwd-recv", " on|off",
          "bytes go through one buffer or a pipe, there is no other path to disable");
NO_EFFECT(tune_h1_zero_copy_fwd_send, "tune.h1.zero-copy-fwd-send", " on|off",
          "bytes go through one buffer or a pipe, there is no other path to disable");
NO_EFFECT(tune_idle_pool_shared, "tune.idle-pool.shared", " on|off",
          "idle connections stay on their thread by design");
NO_EFFECT(tune_listener_default_shards, "tune.listener.default-shards", " <word>",
          "each thread has a listening socket of its own where the address allows it");
NO_EFFECT(tune_listener_multi_queue, "tune.listener.multi-queue", " <word>",
          "each thread has a listening socket of its own where the address allows it");
NO_EFFECT(tune_maxpollevents, "tune.maxpollevents", " <number>",
          "a turn of the loop takes what the kernel has");
NO_EFFECT(tune_memory_hot_size, "tune.memory.hot-size", " <size>",
          "object caches are bounded by count");
NO_EFFECT(tune_pattern_cache_size, "tune.pattern.cache-size", " <number>",
          "look-ups in ACLs and maps have indexes for every match method, and results are not cached");
NO_EFFECT(tune_pipesize, "tune.pipesize", " <size>",
          "pipes are sized by what flows and by what the kernel allows the user");
NO_EFFECT(tune_pool_high_fd_ratio, "tune.pool-high-fd-ratio", " <percent>",
          "idle connections are bounded by pool-max-conn");
NO_EFFECT(tune_pool_low_fd_ratio, "tune.pool-low-fd-ratio", " <percent>",
          "idle connections are bounded by pool-max-conn");
NO_EFFECT(tune_pt_zero_copy_forwarding, "tune.pt.zero-copy-forwarding", " on|off",
          "bytes go through one buffer or a pipe, there is no other path to disable");
NO_EFFECT(tune_recv_enough, "tune.recv_enough", " <size>",
          "a short read is taken for what it is");
NO_EFFECT(tune_ring_queues, "tune.ring.queues", " <number>",
          "logs are batched by each thread, there is no queue to share");
NO_EFFECT(tune_runqueue_depth, "tune.runqueue-depth", " <number>",
          "tasks run in turns of the loop, there is no queue of their own");
NO_EFFECT(tune_sched_low_latency, "tune.sched.low-latency", " on|off",
          "tasks run in turns of the loop, there is no queue of their own");
NO_EFFECT(tune_takeover_other_tg_connections, "tune.takeover-other-tg-connections", " <word>",
          "connections are not taken over between threads");
