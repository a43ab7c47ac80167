#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names in certificates that are not what they look like: BMPString, T61String, and such with a NUL or a line's end in them, for
ssl_c_s_dn, proxy-v2-options cert-cn, verifyhost and the choice of a certificate."""
import ssl
import struct
from _client import V13, ask, context, shake
from _authority import Authority, resigned
from _usher import Origin, Usher, WAIT_S, read_head

a = Authority()
site = a.server('site.example')


def entry(tag, text):
    return b'\x55\x04\x03' + bytes([tag, len(text)]) + text


UTF8, PRINTABLE, T61, IA5, BMP = 0x0c, 0x13, 0x14, 0x16, 0x1e
alice = a.client('alicia')
NAMES = {  # in the certificate: what fetches give of it, what servers hear of it
    (UTF8, b'alicia'): (b'alicia', b'alicia'),
    (PRINTABLE, b'alicia'): (b'alicia', b'alicia'),
    (BMP, b'alicia'): ('慬楣楡'.encode(), '慬楣楡'.encode()),
    (BMP, b'\0b\0o\0b'): (b'bob', b'bob'),
    (T61, b'alici\xe9'): ('alicié'.encode(), 'alicié'.encode()),
    (UTF8, b'al\0cia'): (b'al\0cia', None),
    (IA5, b'al\r\nia'): (b'al\r\nia', b'al\r\nia'),
    (UTF8, b'a/CN=b'): (b'a/CN=b', b'a/CN=b'),
}


class Headers:
    """The SSL_CN that PROXY headers carry."""
    def __init__(self):
        self.seen = []
        self.origin = Origin(self.serve)

    def serve(self, s):
        f = s.makefile('rb')
        head = f.read(16)
        rest = f.read(struct.unpack('!H', head[14:16])[0])
        self.seen.append(self.find(rest[12:]))
        while (head := read_head(f)):
            lines = head.split(b'\r\n')[1:-2]
            assert all(b': ' in line for line in lines) and b'\0' not in head, head
            s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')

    def find(self, tlvs):
        while tlvs:
            kind, n = tlvs[0], struct.unpack('!H', tlvs[1:3])[0]
            value, tlvs = tlvs[3:3 + n], tlvs[3 + n:]
            if kind == 0x20:
                return self.find(value[5:])
            if kind == 0x22:
                return value
        return None


headers = Headers()
evil = resigned(a.server('good.example0.evil.example', 'other.example'), b'\x82\x1agood.example0.evil.example',
                b'\x82\x1agood.example\0.evil.example')
serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
serving.load_cert_chain(evil.pem)


def serve(s):
    try:
        with serving.wrap_socket(s, server_side=True) as t:
            f = t.makefile('rb')
            while read_head(f):
                t.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
    except ssl.SSLError:
        pass


liar = Origin(serve)
CONFIG = f'''
global
    log stderr local0 info
    nbthread 1
defaults
    mode http
    log global
    log-format "cn=%[ssl_c_s_dn(CN)] dn=%[ssl_c_s_dn] x=%[ssl_c_s_dn(,0,rfc2253)]"
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
    retries 0
frontend web
    bind fd@${{web}} ssl crt {site.pem} crt {evil.pem} verify required ca-file {a.root}
    http-request return status 200 content-type text/plain lf-string "%[ssl_c_s_dn(CN),hex]" if {{ path / }}
    http-request return status 200 content-type text/plain string "alice" if {{ path /who }} {{ ssl_c_s_dn(CN) alicia al }}
    http-request return status 200 content-type text/plain string "nobody" if {{ path /who }}
    http-request set-header X-Name "%[ssl_c_s_dn]"
    use_backend %[path,field(2,/)]
backend headers
    server s 127.0.0.1:{headers.origin.port} send-proxy-v2-ssl-cn
backend good
    server s 127.0.0.1:{liar.port} ssl verify required ca-file {a.root} verifyhost good.example
backend other
    server s 127.0.0.1:{liar.port} ssl verify required ca-file {a.root} verifyhost other.example
'''
with Usher(CONFIG, sockets=['web']) as usher:
    for (tag, text), (given, told) in NAMES.items():
        who = resigned(alice, entry(UTF8, b'alicia'), entry(tag, text))
        ctx = context(a.root, least=V13, most=V13, certificate=who)
        with shake(usher, 'web', 'site.example', ctx) as s:
            status, body = ask(s)
            assert body == (given or b'').hex().upper().encode(), (tag, text, body)
            assert ask(s, b'/who')[1] == (b'alice' if given == b'alicia' else b'nobody'), (tag, text)
            headers.seen.clear()
            status, body = ask(s, b'/headers')
            assert status == b'HTTP/1.1 200 OK' and headers.seen[0] == told, (tag, text, status, headers.seen)
    ctx = context(a.root, least=V13, most=V13, certificate=alice)
    with shake(usher, 'web', 'site.example', ctx) as s:
        assert b'503' in ask(s, b'/good')[0] and ask(s, b'/other') == (b'HTTP/1.1 200 OK', b'ok')
    # Nor is it chosen for the name before the NUL.
    for name, certificate in ('good.example', site), ('other.example', evil):
        with shake(usher, 'web', name, ctx) as s:
            assert s.getpeercert()['serialNumber'] == certificate.field('serial'), name
log = usher.log()
assert '\0' not in log and 'al#0D#0Aia' in log, log
