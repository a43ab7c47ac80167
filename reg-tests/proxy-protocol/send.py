# SPDX-License-Identifier: Apache-2.0
"""What servers hear: every form of header, the options and their order, lists of TLVs, fetches in their values, checks.

The origin tells what it got: it reads to the end and keeps it.
"""
import os
import queue
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(sys.path[0], '..', 'process'))
from _pp import AUTHORITY, CRC32C, NOOP, SSL, UNIQUE_ID, Heard, inet, inet6, tlv, v2  # noqa: E402
from _usher import Origin, Usher, read_all  # noqa: E402

SERVERS = {
    'v1': 'send-proxy',
    'v2': 'send-proxy-v2',
    'both': 'send-proxy send-proxy-v2',
    'back': 'send-proxy send-proxy-v2 no-send-proxy-v2',
    'none': 'send-proxy send-proxy-v2 no-send-proxy-v2 no-send-proxy',
    'options': 'send-proxy-v2 proxy-v2-options unique-id,authority,crc32c',
    'less': 'send-proxy-v2 proxy-v2-options unique-id,authority,crc32c no-proxy-v2-options unique-id,authority',
    'passed': 'send-proxy-v2 proxy-v2-pass 0xEA,UNIQUE_ID',
    'passall': 'send-proxy-v2 proxy-v2-options authority proxy-v2-pass all proxy-v2-drop 0xEA',
    'list': 'send-proxy-v2 proxy-v2-pass all proxy-v2-drop AUTHORITY set-proxy-v2-tlv-fmt(0xEA) own '
            'set-proxy-v2-tlv-fmt(0xE1) one add-proxy-v2-tlv-fmt(0xE1) "two words" set-proxy-v2-tlv-fmt(0xE2) %[fc_pp_tlv(0x77)]',
    'fetches': 'send-proxy-v2 set-proxy-v2-tlv-fmt(0xE1) "%[src]:%[src_port] %[dst]:%[dst_port] %[fc_src]:%[fc_src_port] '
               '%[fc_dst]:%[fc_dst_port] %[fc_peer] %[fc_rcvd_proxy] %[src_is_local] %[dst_is_local] %[fc_src_is_local] '
               '%[fc_dst_is_local]" set-proxy-v2-tlv-fmt(0xE2) "%[fc_pp_authority] %[fc_pp_unique_id] %[fc_pp_tlv(UNIQUE_ID)] '
               '%[fc_pp_tlv(0xEA,2),hex] %[fc_pp_tlv(SSL_CN)] %[pp_aws_vpce] %[pp_azure_linkid] %[pp_gcp_psc]" '
               'set-proxy-v2-tlv-fmt(0xE3) %[fc_peer_port]',
    'inherits': 'proxy-v2-pass AUTHORITY',
}
got = queue.Queue()
origin = Origin(lambda s: got.put(read_all(s)))
config = 'defaults\n mode tcp\n timeout client 20s\n timeout connect 5s\n timeout server 20s\n unique-id-format id-%[src]\n'
for name, words in SERVERS.items():
    config += f'listen {name}\n bind "fd@${{{name}}}" accept-proxy\n bind "unix@{os.getcwd()}/{name}.sock"\n'
    if name == 'inherits':
        config += ' default-server send-proxy-v2 set-proxy-v2-tlv-fmt(0xE1) theirs proxy-v2-options crc32c\n'
    config += f' server s 127.0.0.1:{origin.port} {words}\n'


def keep(heard):
    def serve(s):
        try:
            heard.put(read_all(s))
        except ConnectionResetError:  # how a check that says nothing ends
            heard.put(b'')
    return serve


CHECKS = {
    'check-send-proxy': b'PROXY UNKNOWN\r\n',
    'send-proxy': b'PROXY UNKNOWN\r\n',
    'send-proxy-v2': v2(0, 0, b''),
    'send-proxy-v2 port {port}': b'',
    'send-proxy-v2 addr 127.0.0.1': b'',
    'send-proxy-v2 check-send-proxy port {port}': v2(0, 0, b''),
    'send-proxy-v2 check-send-proxy no-check-send-proxy': v2(0, 0, b''),
    'check-send-proxy no-check-send-proxy': b'',
}
checks = []
for number, words in enumerate(CHECKS):
    heard = queue.Queue()
    checks.append((words, heard, Origin(keep(heard))))
    port = checks[-1][2].port
    config += f'backend check{number}\n server s 127.0.0.1:{port} check inter 100ms {words.format(port=port)}\n'

TLVS = (tlv(AUTHORITY, b'host.example') + tlv(NOOP, bytes(3)) + tlv(UNIQUE_ID, b'theirs') + tlv(0xea, b'\1vpce-1') + tlv(0xea, b'\xff\0') +
        tlv(SSL, b'\1\0\0\0\0' + tlv(0x22, b'client.example')) + tlv(0xee, b'\1' + struct.pack('<I', 3000000000)) +
        tlv(0xe0, struct.pack('>Q', 2**63 + 5)))
V4 = inet('192.0.2.1', '192.0.2.2', 1111, 443)
PLAIN = v2(1, 0x11, V4)
RICH = v2(1, 0x11, V4 + TLVS)


def hears(usher, name, greeting):
    with usher.connect(name) as c:
        peer, here = c.getsockname(), c.getpeername()
        c.sendall(greeting + b'body')
        c.shutdown(socket.SHUT_WR)
        return got.get(timeout=20), peer, here


with Usher(config, sockets=SERVERS) as usher:
    assert hears(usher, 'v1', PLAIN)[0] == b'PROXY TCP4 192.0.2.1 192.0.2.2 1111 443\r\nbody'
    assert hears(usher, 'v2', PLAIN)[0] == PLAIN + b'body'
    assert hears(usher, 'both', PLAIN)[0] == PLAIN + b'body'
    assert hears(usher, 'back', PLAIN)[0] == b'PROXY TCP4 192.0.2.1 192.0.2.2 1111 443\r\nbody'
    assert hears(usher, 'none', PLAIN)[0] == b'body'

    # IPv6, and IPv4-mapped addresses as what they are; a family each is written in one.
    v6 = inet6('2001:db8::1', '2001:db8::2', 1111, 443)
    assert hears(usher, 'v1', v2(1, 0x21, v6))[0] == b'PROXY TCP6 2001:db8::1 2001:db8::2 1111 443\r\nbody'
    assert hears(usher, 'v2', v2(1, 0x21, v6))[0] == v2(1, 0x21, v6) + b'body'
    mapped = inet6('::ffff:192.0.2.1', '::ffff:192.0.2.2', 1111, 443)
    assert hears(usher, 'v1', v2(1, 0x21, mapped))[0] == b'PROXY TCP4 192.0.2.1 192.0.2.2 1111 443\r\nbody'
    assert hears(usher, 'v2', v2(1, 0x21, mapped))[0] == PLAIN + b'body'
    mixed = inet6('2001:db8::1', '::ffff:192.0.2.2', 1111, 443)
    assert hears(usher, 'v2', v2(1, 0x21, mixed))[0] == v2(1, 0x21, mixed) + b'body'

    # A connection whose header kept the real addresses is announced with those.
    for greeting in (v2(0, 0, b''), b'PROXY UNKNOWN\r\n', v2(1, 0x31, bytes(216))):
        data, peer, here = hears(usher, 'v2', greeting)
        assert data == v2(1, 0x11, inet(peer[0], here[0], peer[1], here[1])) + b'body', data

    # A client without an IP address.
    for name, expected in (('v1', b'PROXY UNKNOWN\r\n'), ('v2', v2(0, 0, b''))):
        with socket.socket(socket.AF_UNIX) as c:
            c.connect(f'{name}.sock')
            c.sendall(b'body')
            c.shutdown(socket.SHUT_WR)
            assert got.get(timeout=20) == expected + b'body'

    # Options come in HAProxy's order whatever theirs.
    h = Heard(hears(usher, 'options', RICH)[0])
    assert h.tlvs == [(CRC32C, b''), (AUTHORITY, b'host.example'), (UNIQUE_ID, b'id-192.0.2.1')], h.tlvs
    assert h.rest == b'body' and h.block == V4
    assert Heard(hears(usher, 'options', PLAIN)[0]).tlvs == [(CRC32C, b''), (UNIQUE_ID, b'id-192.0.2.1')]
    assert Heard(hears(usher, 'less', RICH)[0]).tlvs == [(CRC32C, b'')]

    # Lists: passed on, dropped, replaced, added; what has no value is left out.
    assert Heard(hears(usher, 'passed', RICH)[0]).tlvs == [(UNIQUE_ID, b'theirs'), (0xea, b'\1vpce-1'), (0xea, b'\xff\0')]
    assert Heard(hears(usher, 'passed', PLAIN)[0]).tlvs == []
    kinds = [kind for kind, _ in Heard(hears(usher, 'passall', RICH)[0]).tlvs]
    assert kinds == [AUTHORITY, UNIQUE_ID, SSL, 0xee, 0xe0], kinds
    h = Heard(hears(usher, 'list', RICH)[0])
    assert [t for t in h.tlvs if t[0] not in (SSL, 0xee, 0xe0)] == [(UNIQUE_ID, b'theirs'), (0xea, b'own'), (0xe1, b'one'),
                                                                  (0xe1, b'two words')], h.tlvs
    assert Heard(hears(usher, 'inherits', RICH)[0]).tlvs == [(CRC32C, b''), (0xe1, b'theirs'), (AUTHORITY, b'host.example')]

    # Fetches.
    far = v2(1, 0x11, inet('203.0.113.1', '203.0.113.2', 1111, 443) + TLVS)  # addresses that no machine has
    data, peer, here = hears(usher, 'fetches', far)
    values = dict(Heard(data).tlvs)
    assert values[0xe1] == b'203.0.113.1:1111 203.0.113.2:443 203.0.113.1:1111 203.0.113.2:443 127.0.0.1 1 0 0 0 0', values
    assert values[0xe2] == b'host.example theirs theirs FF00 client.example vpce-1 3000000000 9223372036854775813', values
    assert values[0xe3] == b'%d' % peer[1]
    values = dict(Heard(hears(usher, 'fetches', b'PROXY UNKNOWN\r\n')[0]).tlvs)
    assert b' 127.0.0.1 1 1 1 1 1' in values[0xe1], values

    for words, heard, _ in checks:
        data = heard.get(timeout=20)
        assert data == CHECKS[words], (words, data)
