# SPDX-License-Identifier: Apache-2.0
"""What the lines about balancing may say, and what is said about those that may not."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'conf'))
from _conf import check


def backend(lines, status=0, *parts, mode='tcp'):
    check(f'defaults\n mode {mode}\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nlisten l\n bind 127.0.0.1:1\n '
          + lines + '\n server s 127.0.0.1:1\n', status, *parts)


for line in ['roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'random', 'random()', 'random(1)', 'hash src', 'hash src,ipmask(24)',
             'hash src ipmask(24)', 'hash int(4)', 'rdp-cookie', 'rdp-cookie(msts)', 'source\n balance leastconn']:
    backend('balance ' + line)
for line in ['uri', 'uri len 3 depth 2', 'uri whole path-only', 'url_param id', 'hdr(Host)', 'hdr(host) use_domain_only']:
    backend('balance ' + line, mode='http')
    backend('balance ' + line, 0, "needs 'mode http'")
for line, said in [
    ('', 'expected an algorithm'), ('roundrobin(2)', 'takes no argument'), ('leastconn x', 'one too many'), ('leastcon', "mean 'leastconn'"),
    ('qqqqqqq', 'expected an algorithm'), ('random(0)', 'from 1'), ('random(x)', 'from 1'), ('random(2', r"'\)'"), ('random(2)x', r"'\)'"),
    ('hash', 'expected a sample expression'), ('hash nosuch', 'nosuch'), ('hash src,nosuch', 'nosuch'), ('hash src dst', 'dst'), ('hash(src)', 'word of its own'),
    ('hash res.len', 'res.len'), ('rdp-cookie()', 'name of a cookie'), ('rdp-cookie x', 'one too many'), ('uri len', 'length'),
    ('uri len 0', 'from 1'), ('uri deep', "'depth'"), ('uri(x)', 'as words'), ('url_param', 'name of a parameter'), ('url_param a check_post b', 'number of bytes'),
    ('url_param a b', 'one too many'), ('hdr', 'header field'), ('hdr()', 'header field'), ('hdr(a b)', r"'\)'"), ('hdr(host) domain', 'one too many'),
]:
    backend('balance ' + line, 1, r't\.cfg:8\] : .*' + said, mode='http')

for line in ['map-based', 'consistent', 'map-based sdbm', 'map-based djb2 avalanche', 'consistent crc32', 'consistent none', 'map-based none avalanche']:
    backend('balance source\n hash-type ' + line)
for line, said in [('', 'map-based'), ('avalanche', 'map-based'), ('map-based md5', 'sdbm'), ('consistent avalanche', 'sdbm'),
                   ('map-based wt6', 'does not have this hash function'), ('map-based sdbm x', "'avalanche'"), ('map-based sdbm avalanche x', 'one too many')]:
    backend('balance source\n hash-type ' + line, 1, r't\.cfg:9\] : .*' + said)

for line in ['0', '101', '150']:
    backend('balance source\n hash-type consistent\n hash-balance-factor ' + line)
for line, said in [('', 'percentage'), ('100', '0, or more than 100'), ('-1', 'percentage'), ('x', 'percentage')]:
    backend('balance source\n hash-balance-factor ' + line, 1, r't\.cfg:9\] : .*' + said)
for line in ['always', 'maxconn', 'maxqueue']:
    backend('balance source\n hash-preserve-affinity ' + line)
backend('balance source\n hash-preserve-affinity', 1, "expected 'always'")
backend('balance source\n hash-preserve-affinity never', 1, "at 'never': expected 'always'")
for line in ['id', 'addr', 'addr-port']:
    backend(f'balance source\n hash-type consistent\n default-server hash-key {line}\n server t 127.0.0.1:2 hash-key {line}')
backend('balance source\n server t 127.0.0.1:2 hash-key name', 1, "at 'name': expected 'id'")
backend('balance source\n server t 127.0.0.1:2 hash-key', 1, "expected 'id'")

# What defaults say holds for the proxies behind them; a line of their own takes its place.
check("""defaults
 mode tcp
 timeout connect 1s
 timeout client 1s
 timeout server 1s
 balance hash src,ipmask(24)
 hash-type consistent djb2 avalanche
 hash-balance-factor 120
listen l
 bind 127.0.0.1:1
 server s 127.0.0.1:1
backend b
 balance random
 server s 127.0.0.1:1
""", 0, '!WARNING')
