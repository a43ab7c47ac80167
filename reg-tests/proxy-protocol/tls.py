#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The client's TLS in headers: what servers hear of it (send-proxy-v2-ssl, send-proxy-v2-ssl-cn, their no- forms, the options of
proxy-v2-options), what is heard of it in front of us (fc_pp_ssl, fc_pp_ssl_verify, fc_pp_ssl_verified, fc_pp_tlv), what becomes of
it (fc_scheme, option forwarded), and that connections to servers are shared under the same header only. With haproxy at hand
the headers must be the same, where its are right."""
import os
import queue
import shutil
import socket
import ssl
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(sys.path[0], '..', 'process'))
import _usher  # noqa: E402
from _authority import Authority  # noqa: E402
from _pp import AUTHORITY, CRC32C, SSL, UNIQUE_ID, Heard, inet, tlv, v2  # noqa: E402
from _usher import Origin, Usher, WAIT_S, read_all, read_head  # noqa: E402

HAPROXY = shutil.which('haproxy')
ALPN, VERSION, CN, CIPHER, SIGNATURE, KEY = 1, 0x21, 0x22, 0x23, 0x24, 0x25
CLIENT_SSL, CERT_CONN, CERT_SESS = 1, 2, 4
authority = Authority()
site, rsa = authority.server('example.com'), authority.server('rsa.example', key='rsa')
alice, stranger = authority.client('alice'), Authority().client('stranger')
CERTIFICATES = f'verify optional ca-file {authority.root} ca-ignore-err all crt-ignore-err all'
ALL = 'ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c,unique-id'
SERVERS = {
    'plain': 'send-proxy-v2',
    'ssl': 'send-proxy-v2-ssl',
    'cn': 'send-proxy-v2-ssl-cn',
    'option': 'send-proxy-v2 proxy-v2-options ssl',
    'cipher': 'send-proxy-v2 proxy-v2-options ssl-cipher',
    'all': 'send-proxy-v2 proxy-v2-options ' + ALL,
    'none': 'send-proxy-v2-ssl no-send-proxy-v2-ssl',
    'none2': 'send-proxy-v2-ssl-cn no-send-proxy-v2-ssl-cn',
    'nothing': 'send-proxy-v2-ssl no-send-proxy-v2',
}
OURS = {  # words that haproxy does not have
    'less': 'send-proxy-v2 proxy-v2-options ssl,cert-key,authority no-proxy-v2-options authority,cert-key',
    'passed': 'send-proxy-v2-ssl proxy-v2-pass all',
    'passed2': 'send-proxy-v2 proxy-v2-pass SSL,AUTHORITY',
    'dropped': 'send-proxy-v2-ssl proxy-v2-drop SSL',
    'said': 'send-proxy-v2 set-proxy-v2-tlv-fmt(0xE1) "%[fc_pp_ssl] %[fc_pp_ssl_verify] %[fc_pp_ssl_verified] %[fc_scheme] '
            '%[dst_port] %[fc_pp_tlv(SSL_VERSION)] %[fc_pp_tlv(SSL_CN)] %[fc_pp_tlv(SSL_CIPHER)] %[fc_pp_tlv(SSL_SIG_ALG)] '
            '%[fc_pp_tlv(SSL_KEY_ALG)] %[ssl_fc]"',
}
got = queue.Queue()
origin = Origin(lambda s: got.put(read_all(s)))


def config(servers):
    text = f'defaults\n mode tcp\n timeout client {WAIT_S}s\n timeout connect {WAIT_S}s\n timeout server {WAIT_S}s\n unique-id-format id-%[src]\n'
    for name, words in servers.items():
        text += f'listen {name}\n bind "fd@${{{name}}}" ssl crt {site.pem}\n bind "fd@${{{name}_rsa}}" ssl crt {rsa.pem}\n'
        text += f' bind "fd@${{{name}_crt}}" ssl crt {site.pem} {CERTIFICATES} alpn h2\n'
        text += f' bind "fd@${{{name}_clear}}"\n bind "fd@${{{name}_both}}" accept-proxy ssl crt {site.pem}\n'
        text += f' bind "fd@${{{name}_proxied}}" accept-proxy\n server s 127.0.0.1:{origin.port} {words}\n'
    return text


def names_of(servers):
    return [n + how for n in servers for how in ('', '_rsa', '_crt', '_clear', '_both', '_proxied')]


def client(usher, name, server_name=None, most=None, first=b'', certificate=None, alpn=None, again=None):
    context = again[0] if again else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if certificate:
        context.load_cert_chain(certificate.pem)
    if alpn:
        context.set_alpn_protocols(alpn)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if most and not again:
        context.maximum_version = most
    s = usher.connect(name)
    s.sendall(first)
    return s if name.endswith(('_clear', 'proxied')) else context.wrap_socket(
        s, server_hostname=server_name, session=again[1] if again else None)


def hears(usher, name, *words, **more):
    """What the server heard, and the client's cipher."""
    with client(usher, name, *words, **more) as s:
        cipher = None
        if isinstance(s, ssl.SSLSocket):
            cipher, hears.session = s.cipher()[0], (s.context, s.session)
        s.sendall(b'body')
        s.shutdown(socket.SHUT_WR)
        data = got.get(timeout=WAIT_S)
        assert data.endswith(b'body'), data
        return data, cipher


def tlvs(usher, name, *words, **more):
    """TLVs in their order; of SSL: bits, verify, and its TLVs."""
    data, cipher = hears(usher, name, *words, **more)
    out = []
    for kind, value in Heard(data).tlvs:
        if kind == SSL:
            value = value[0], struct.unpack('!I', value[1:5])[0], Heard(v2(1, 0, value[5:])).tlvs
        out.append((kind, value))
    return out, cipher


def look(program):
    """What servers hear; `verify` is not what both say: without a certificate haproxy calls it good."""
    _usher.PROGRAM = program
    verify = 0 if program == HAPROXY else 1
    V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    with Usher(config(SERVERS), sockets=names_of(SERVERS)) as usher:
        for most, word in (V12, b'TLSv1.2'), (V13, b'TLSv1.3'):
            assert tlvs(usher, 'plain', most=most)[0] == []
            for name in 'ssl', 'cn', 'option':
                assert tlvs(usher, name, most=most)[0] == [(SSL, (CLIENT_SSL, verify, [(VERSION, word)]))]
            heard, cipher = tlvs(usher, 'cipher', most=most)
            assert heard == [(SSL, (CLIENT_SSL, verify, [(VERSION, word), (CIPHER, cipher.encode())]))], heard
            for name, key in ('all', b'EC256'), ('all_rsa', b'RSA2048'):
                heard, cipher = tlvs(usher, name, 'www.example.com', most)
                parts = [(VERSION, word), (KEY, key), (SIGNATURE, b'ecdsa-with-SHA256'), (CIPHER, cipher.encode())]
                assert heard == [(CRC32C, b''), (AUTHORITY, b'www.example.com'), (UNIQUE_ID, b'id-127.0.0.1'),
                                 (SSL, (CLIENT_SSL, verify, parts))], heard
            # A certificate, and the same session again.
            parts = [(VERSION, word), (CN, b'alice')]
            assert tlvs(usher, 'cn_crt', certificate=alice, most=most)[0] == [(SSL, (CLIENT_SSL | CERT_CONN | CERT_SESS, 0, parts))]
            if most == V12:
                heard = tlvs(usher, 'cn_crt', again=hears.session)[0]
                assert heard == [(SSL, (CLIENT_SSL | CERT_SESS, 0, parts))], heard
            assert tlvs(usher, 'ssl_crt', certificate=alice, most=most)[0] == [(SSL, (7, 0, parts[:1]))]
            assert tlvs(usher, 'cn_crt', most=most)[0] == [(SSL, (CLIENT_SSL, verify, parts[:1]))]
            bits, result, parts = tlvs(usher, 'cn_crt', certificate=stranger, most=most)[0][0][1]
            assert (bits, parts) == (7, [(VERSION, word), (CN, b'stranger')]) and result == 20, (bits, result, parts)
            assert tlvs(usher, 'plain_crt', alpn=['h2'], most=most)[0] == [(ALPN, b'h2')]
        assert [k for k, _ in tlvs(usher, 'all')[0]] == [CRC32C, UNIQUE_ID, SSL]  # no name was asked for
        for name in 'ssl_clear', 'cn_clear', 'option_clear', 'ssl_proxied':
            heard = tlvs(usher, name, first=v2(0, 0, b'') if 'proxied' in name else b'')[0]
            assert heard == [(SSL, (0, verify, []))], heard
        for name in 'none', 'none2':
            assert hears(usher, name)[0] == b'body'
        if program != HAPROXY:  # which sends a v1 line
            assert hears(usher, 'nothing')[0] == b'body'


def look_at_ours():
    _usher.PROGRAM = os.environ['HAPROXY_PROGRAM']

    def ssl_tlv(bits, verify, *parts):
        return tlv(SSL, bytes([bits]) + struct.pack('!I', verify) + b''.join(tlv(*p) for p in parts))

    def header(*rest, port=8443):
        return v2(1, 0x11, inet('192.0.2.1', '192.0.2.2', 1111, port) + b''.join(rest))

    with Usher(config(OURS), sockets=names_of(OURS)) as usher:
        # Who spoke TLS in front of us is passed on by the list; but not what we know better.
        theirs = ssl_tlv(7, 0, (VERSION, b'TLSv1.3'), (CN, b'alice'))
        name = tlv(AUTHORITY, b'host.example')
        assert hears(usher, 'passed_proxied', first=header(name, theirs))[0] == header(name, theirs) + b'body'
        assert hears(usher, 'passed_proxied', first=header(name))[0] == header(ssl_tlv(0, 1), name) + b'body'
        assert hears(usher, 'passed2_proxied', first=header(name, theirs))[0] == header(name, theirs) + b'body'
        assert hears(usher, 'passed2_proxied', first=header())[0] == header() + b'body'
        assert hears(usher, 'passed_both', first=header(name, theirs))[0] == header(ssl_tlv(1, 1, (VERSION, b'TLSv1.3')), name) + b'body'
        assert hears(usher, 'passed2_both', first=header(name, theirs))[0] == header(name) + b'body'
        assert hears(usher, 'dropped')[0][14:16] == b'\0\x0c'
        assert tlvs(usher, 'less', 'www.example.com')[0] == [(SSL, (1, 1, [(VERSION, b'TLSv1.3')]))]

        # Certificates are believed only when one came.
        def said(*rest, how='said_proxied', **more):
            return dict(tlvs(usher, how, first=header(*rest, **more))[0])[0xe1].decode()
        assert said() == '0  0 http 8443      0'
        assert said(port=443) == '0  0 https 443      0'
        assert said(ssl_tlv(0, 0)) == '0  0 http 8443      0'
        assert said(ssl_tlv(0, 0), port=443) == '0  0 http 443      0'
        assert said(ssl_tlv(1, 0, (VERSION, b'TLSv1.2'))) == '1  0 https 8443 TLSv1.2     0'
        parts = (VERSION, b'TLSv1.3'), (CN, b'alice'), (CIPHER, b'c'), (SIGNATURE, b'SHA256'), (KEY, b'RSA2048')
        for bits in 3, 5, 7:
            assert said(ssl_tlv(bits, 0, *parts)) == '1 0 1 https 8443 TLSv1.3 alice c SHA256 RSA2048 0'
            assert said(ssl_tlv(bits, 10, *parts)) == '1 10 0 https 8443 TLSv1.3 alice c SHA256 RSA2048 0'
        assert said(how='said_both') == '0  0 https 8443      1'
        heard = dict(tlvs(usher, 'said_proxied', first=v2(0, 0, b''))[0])[0xe1].decode()
        assert heard.startswith('0  0 http '), heard
        heard = dict(tlvs(usher, 'said_clear')[0])[0xe1].decode()
        assert heard.startswith('0  0 http '), heard


def look_at_http():
    """X-Forwarded-Proto and its like; and who shares a connection to the server."""
    heads = queue.Queue()

    def serve(s):
        fixed = s.recv(16, socket.MSG_WAITALL)
        s.recv(struct.unpack('!H', fixed[14:])[0], socket.MSG_WAITALL)
        f = s.makefile('rb')
        while head := read_head(f):
            heads.put(head.decode().lower())
            s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    http = Origin(serve)
    text = f'''
global
 nbthread 1
defaults
 mode http
 timeout client {WAIT_S}s
 timeout connect {WAIT_S}s
 timeout server {WAIT_S}s
frontend web
 bind "fd@${{web}}" ssl crt {site.pem}
 bind "fd@${{proxied}}" accept-proxy
 http-request redirect scheme https unless {{ fc_scheme https }}
 http-request set-header X-Forwarded-Proto %[fc_scheme]
 http-request set-header X-Forwarded-Port %[dst_port]
 http-request set-src str(192.0.2.9) if {{ path /same }}
 http-request set-src-port int(9) if {{ path /same }}
 http-request set-dst str(192.0.2.8) if {{ path /same }}
 http-request set-dst-port int(8) if {{ path /same }}
 default_backend app
backend app
 option forwarded proto
 http-reuse always
 server s 127.0.0.1:{http.port} send-proxy-v2 proxy-v2-options ssl,authority,ssl-cipher
'''

    def ask(name, path='/', server_name=None, most=None, first=b''):
        with client(usher, name, server_name, most, first) as s:
            s.sendall(b'GET %s HTTP/1.1\r\nHost: example.com\r\n\r\n' % path.encode())
            return read_head(s.makefile('rb')).decode().lower()

    with Usher(text, sockets=('web', 'proxied')) as usher:
        assert ask('web').startswith('http/1.1 200')
        port = usher.address('web')[1]
        head = heads.get(timeout=WAIT_S)
        assert f'\r\nx-forwarded-proto: https\r\nx-forwarded-port: {port}\r\n' in head and '\r\nforwarded: proto=https\r\n' in head, head
        for header in (v2(1, 0x11, inet('192.0.2.1', '192.0.2.2', 1111, 443)),
                       v2(1, 0x11, inet('192.0.2.1', '192.0.2.2', 1111, 444) + tlv(SSL, b'\1\0\0\0\1'))):
            assert ask('proxied', first=header).startswith('http/1.1 200')
            head = heads.get(timeout=WAIT_S)
            assert f'\r\nx-forwarded-proto: https\r\nx-forwarded-port: {443 + header[16 + 11] - 0xbb}\r\n' in head, head
            assert '\r\nforwarded: proto=https\r\n' in head, head
        head = ask('proxied', first=v2(1, 0x11, inet('192.0.2.1', '192.0.2.2', 1111, 80)))
        assert head.startswith('http/1.1 302') and '\r\nlocation: https://example.com/\r\n' in head, head

        V12 = ssl.TLSVersion.TLSv1_2
        count = http.count
        # Each twice: there rest hardly more connections than were needed at a time.
        for server_name, most, new in ((None, None, 1), (None, None, 0), (None, V12, 1), (None, V12, 0), ('a.example', None, 1),
                                       ('a.example', None, 0), ('b.example', None, 1), ('b.example', None, 0), ('b.example', V12, 1)):
            assert ask('web', '/same', server_name, most).startswith('http/1.1 200')
            count += new
            assert http.count == count, (server_name, most, http.count, count)


if __name__ == '__main__':
    look(os.environ['HAPROXY_PROGRAM'])
    look_at_ours()
    look_at_http()
    if HAPROXY:
        look(HAPROXY)
