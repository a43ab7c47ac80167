#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What fills many records of a handshake: 500 authorities that clients are told of (ca-file), chains of 70 KiB (crt) in both directions."""
import ssl
from _client import V12, V13, ask, context, shake
from _authority import Authority, read
from _usher import WAIT_S, Origin, Usher, read_head

a = Authority()
site, alice = a.server('site.example'), a.client('alice')
root, name = ssl.PEM_cert_to_DER_cert(read(a.root)), b'Root for tests'
assert root.count(name) == 2
others = [ssl.DER_cert_to_PEM_cert(root.replace(name, b'Authority %04d' % i)) for i in range(500)]
for path, text in (('many.pem', ''.join(others) + read(a.root)), ('site.pem', read(site.both) + ''.join(others[:150]) + read(site.key)),
                   ('alice.pem', read(alice.both) + ''.join(others[:150]) + read(alice.key))):
    with open(path, 'w') as f:
        f.write(text)
serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
serving.load_cert_chain('site.pem')
serving.load_verify_locations('many.pem')
serving.verify_mode = ssl.CERT_REQUIRED


def serve(s):
    with serving.wrap_socket(s, server_side=True) as t:
        f = t.makefile('rb')
        while read_head(f):
            t.sendall(b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')


origin = Origin(serve)
CONFIG = f'''
global
    log stderr local0 info
    nbthread 1
defaults
    mode http
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
frontend web
    bind fd@${{told}} ssl crt {site.pem} verify required ca-file many.pem
    bind fd@${{long}} ssl crt site.pem verify required ca-file {a.root}
    bind fd@${{both}} ssl crt site.pem verify required ca-file many.pem
    http-request return status 200 content-type text/plain lf-string "%[ssl_c_s_dn(CN)]" if {{ path / }}
    default_backend app
backend app
    server s 127.0.0.1:{origin.port} ssl verify required ca-file many.pem crt alice.pem no-ssl-reuse
'''


class Long:
    pem = 'alice.pem'


with Usher(CONFIG, sockets=['told', 'long', 'both']) as usher:
    for version in V12, V13:
        for certificate in alice, Long:
            ctx = context(a.root, least=version, most=version, certificate=certificate)
            for where in 'told', 'long', 'both':
                with shake(usher, where, 'site.example', ctx) as s:
                    assert ask(s) == (b'HTTP/1.1 200 OK', b'alice'), (version, certificate.pem, where)
        with shake(usher, 'both', 'site.example', ctx) as s:
            assert ask(s, b'/app') == (b'HTTP/1.1 200 OK', b'ok')
