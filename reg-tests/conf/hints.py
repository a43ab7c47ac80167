# SPDX-License-Identifier: Apache-2.0
"""Hints about HAProxy's insides are accepted in `global` without effect and without a word, and -dK says so."""
from _conf import LISTENS, check, run

HINTS = '''
expose-deprecated-directives
expose-experimental-directives
maxpipes 10
no-memory-trimming
noepoll
noevports
nokqueue
nopoll
numa-cpu-mapping
thread-groups 1
tune.buffers.limit 100
tune.buffers.reserve 2
tune.defaults.purge
tune.disable-fast-forward
tune.disable-zero-copy-forwarding
tune.epoll.mask-events rdhup
tune.fd.edge-triggered on
tune.h1.zero-copy-fwd-recv off
tune.h1.zero-copy-fwd-send off
tune.idle-pool.shared on
tune.listener.default-shards by-thread
tune.listener.multi-queue on
tune.maxpollevents 200
tune.memory.hot-size 512k
tune.pattern.cache-size 10000
tune.pipesize 65536
tune.pool-high-fd-ratio 20
tune.pool-low-fd-ratio 10
tune.pt.zero-copy-forwarding off
tune.recv_enough 10000
tune.ring.queues 4
tune.runqueue-depth 100
tune.sched.low-latency on
tune.ssl.force-private-cache
tune.takeover-other-tg-connections none
'''.split('\n')
lines = ''.join(f' {hint}\n' for hint in HINTS if hint)
check('global\n' + lines + ' no numa-cpu-mapping\n' + LISTENS, 0, '!ALERT|WARNING|NOTICE', args=['-dW'])
listed = {line.split()[1] for line in run('-dKkeyword').stdout.splitlines() if '  no effect: ' in line and '[global]' in line}
named = {hint.split()[0] for hint in HINTS if hint}
assert listed == named, listed ^ named
