# SPDX-License-Identifier: Apache-2.0
"""proxy-policy sections: each line of a policy, v1 and v2, byte by byte, timeouts, chains and probes.

The origin sends back all it got: the v1 header that tells it who the client is, and the bytes behind."""
# tsan
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'process'))
from _usher import Origin, Usher, read_all  # noqa: E402

SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'


def v2(command, family, body):
    return SIGNATURE + bytes([0x20 | command, family]) + struct.pack('>H', len(body)) + body


def tlv(kind, value):
    return bytes([kind]) + struct.pack('>H', len(value)) + value


def inet(src, dst, sport, dport):
    return socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack('>HH', sport, dport)


V1 = b'PROXY TCP4 192.0.2.1 192.0.2.2 1111 443\r\n'
V2 = v2(1, 0x11, inet('192.0.2.1', '192.0.2.2', 1111, 443))
# What an AWS Network Load Balancer sends with its health checks: LOCAL, a TCP4 family byte and no address block.
NLB_CHECK = SIGNATURE + bytes.fromhex('20110054' '030004bce5951f' '04004a') + bytes(74)

with open('nets.lst', 'w') as f:
    f.write('# the balancers\n203.0.113.0/24\n\n127.0.0.0/8  # loopback\n')

NAMES = ['accept', 'require', 'optional', 'ignore', 'raw', 'reject', 'v2only', 'slow', 'silent', 'chain', 'file', 'builtin',
         'health', 'shadow', 'expect', 'small']
POLICIES = {
    'require': 'require 127.0.0.0/8\n reject all',
    'optional': 'raw 10.0.0.0/8\n optional all',
    'ignore': 'ignore all',
    'raw': 'raw 127.0.0.1/32\n require all',
    'reject': 'reject 127.0.0.1\n require all',
    'v2only': 'require all\n version v2',
    'slow': 'require all\n header-timeout 200ms',
    'silent': 'require all',
    'chain': 'require all\n depth 2 trust 192.0.2.0/24\n depth 3 trust 198.51.100.0/24',
    'file': 'require -f nets.lst',
    'health': 'require all\n health-reply',
    'shadow': 'reject all\n shadow',
    'small': 'require all\n max-header 40',
}
origin = Origin(lambda s: s.sendall(read_all(s)))
config = 'defaults\n mode tcp\n timeout client 20s\n timeout connect 5s\n timeout server 20s\n'
for name, text in POLICIES.items():
    config += f'proxy-policy at-{name}\n {text}\n'
for name in NAMES:
    words = {'accept': 'accept-proxy', 'builtin': 'proxy-policy optional', 'expect': ''}.get(name, f'proxy-policy at-{name}')
    config += f'frontend {name}\n bind "fd@${{{name}}}" {words}\n'
    if name == 'silent':
        config += ' timeout client 300ms\n'
    if name == 'expect':
        config += ' tcp-request connection expect-proxy layer4 if { src 127.0.0.0/8 }\n'
    config += ' default_backend origin\n'
config += f'backend origin\n server s 127.0.0.1:{origin.port} send-proxy\n'


def expect(got, *lines):
    for line in lines:
        assert line in got, (line, got)


CLAIMED, REAL = b'PROXY TCP4 192.0.2.1 192.0.2.2 1111 443\r\n', b'PROXY TCP4 127.0.0.1 127.0.0.1 '

with Usher(config, sockets=NAMES) as usher:
    for door in ('accept', 'require', 'file', 'optional', 'builtin', 'expect', 'chain', 'health'):
        for header in (V1, V2):
            expect(usher.exchange(door, header + b'hello'), CLAIMED + b'hello')
        expect(usher.exchange(door, *[bytes([b]) for b in V2 + b'hi']), CLAIMED + b'hi')
        expect(usher.exchange(door, *[bytes([b]) for b in V1 + b'hi']), CLAIMED + b'hi')

    # Without a header: the door, or the protocol's own bytes.
    for door in ('accept', 'require', 'expect', 'v2only', 'slow', 'chain'):
        assert usher.exchange(door, b'hello') == b'', door
    for door in ('optional', 'builtin', 'ignore'):
        expect(usher.exchange(door, b'hello'), REAL, b'\nhello')
        expect(usher.exchange(door, b'PRO'), REAL, b'\nPRO')
    expect(usher.exchange('raw', V1), REAL, V1)
    expect(usher.exchange('ignore', V2 + b'hello'), REAL, b'\nhello')
    for greeting in (b'', b'hello', V2):
        assert usher.exchange('reject', greeting) == b''
    assert usher.exchange('v2only', V1) == b''
    expect(usher.exchange('v2only', V2), CLAIMED)

    # LOCAL, UNKNOWN with a tail, UNSPEC, UNIX and DGRAM keep the real addresses.
    for header in (NLB_CHECK, b'PROXY UNKNOWN ff:: whatever\r\n', b'PROXY UNKNOWN\r\n', v2(1, 0x00, b''), v2(1, 0x31, bytes(216)),
                   v2(1, 0x12, inet('192.0.2.1', '192.0.2.2', 1, 2)), v2(0, 0x11, inet('192.0.2.1', '192.0.2.2', 1, 2))):
        expect(usher.exchange('accept', header + b'hello'), REAL, b'\nhello')

    # Malformed ones are closed without a byte.
    for header in (b'PROXY TCP4 300.0.2.1 192.0.2.2 1 2\r\n', b'PROXY TCP4 192.0.2.1 192.0.2.2 66647 2\r\n', b'PROXY TCP4 x\n',
                   v2(1, 0x11, inet('192.0.2.1', '192.0.2.2', 1, 2) + b'\2\0\7a'), v2(2, 0x11, b''), v2(1, 0x41, b'')):
        assert usher.exchange('accept', header + b'hello') == b'', header

    # Too long for this door.
    assert usher.exchange('small', v2(1, 0x11, inet('192.0.2.1', '192.0.2.2', 1, 2) + tlv(0xe1, bytes(20)))) == b''
    expect(usher.exchange('small', V2), CLAIMED)

    # The clock runs from the first byte, and before it only `timeout client` does: both end by themselves.
    assert usher.exchange('slow', V2[:5], end=False) == b''
    assert usher.exchange('silent', end=False) == b''

    # Headers in a row: as far as each client is trusted.
    second = v2(1, 0x11, inet('198.51.100.7', '192.0.2.2', 7, 443))
    third = v2(1, 0x11, inet('203.0.113.9', '192.0.2.2', 9, 443))
    expect(usher.exchange('chain', V2 + second + b'x'), b'PROXY TCP4 198.51.100.7 192.0.2.2 7 443\r\nx')
    expect(usher.exchange('chain', *[bytes([b]) for b in V2 + second + third + b'x']), b'PROXY TCP4 203.0.113.9 192.0.2.2 9 443\r\nx')
    expect(usher.exchange('chain', V2 + second + third + V1), b'PROXY TCP4 203.0.113.9 192.0.2.2 9 443\r\n' + V1)
    expect(usher.exchange('require', V2 + second), CLAIMED + second)

    # Probes: a LOCAL header is answered here, with HTTP when it asks so.
    assert usher.exchange('health', NLB_CHECK) == b''
    expect(usher.exchange('health', NLB_CHECK, b'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), b'HTTP/1.0 200 OK\r\n')
    assert usher.exchange('health') == b''

    # Shadow: nobody is refused, nobody is believed.
    expect(usher.exchange('shadow', V2 + b'hello'), REAL, b'\nhello')
    expect(usher.exchange('shadow', b'hello'), REAL, b'\nhello')
    expect(usher.exchange('shadow', b'PROXY TCP9 hello\r\n'), REAL, b'\nPROXY TCP9 hello')
