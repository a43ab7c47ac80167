#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""default-path holds for all files of certificates: ca-file, ca-verify-file, crl-file, crt and tls-ticket-keys of bind lines, ca-file, crl-file
and crt of server lines, files of a crt-list."""
import base64
import os
import ssl
from _client import ask, context, shake
from _authority import Authority, read
from _usher import Origin, Usher, WAIT_S, read_head

a = Authority()
site, alice = a.server('site.example'), a.client('alice')
serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
serving.load_cert_chain(site.pem)
serving.load_verify_locations(a.root)
serving.verify_mode = ssl.CERT_REQUIRED


def serve(s):
    with serving.wrap_socket(s, server_side=True) as t:
        f = t.makefile('rb')
        while read_head(f):
            t.sendall(b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')


origin = Origin(serve)
os.makedirs('away')
for name, text in (('site.pem', read(site.pem)), ('ca.pem', read(a.root)), ('ca.crl', read(a.crl)), ('me.pem', read(alice.pem)),
                   ('list', 'site.pem [verify required ca-file ca.pem] site.example\n'), ('more.pem', read(a.root)),
                   ('keys', ''.join(base64.b64encode(os.urandom(80)).decode() + '\n' for _ in range(3)))):
    with open('away/' + name, 'w') as f:
        f.write(text)
CONFIG = f'''
global
    default-path origin {os.path.realpath('away')}
defaults
    mode http
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
frontend web
    bind fd@${{web}} ssl crt site.pem verify required ca-file ca.pem ca-verify-file more.pem crl-file ca.crl tls-ticket-keys keys
    bind fd@${{list}} ssl crt-list list
    default_backend app
backend app
    server s 127.0.0.1:{origin.port} ssl verify required ca-file ca.pem crl-file ca.crl crt me.pem
'''
with Usher(CONFIG, sockets=['web', 'list']) as usher:
    for where in 'web', 'list':
        with shake(usher, where, 'site.example', context(a.root, certificate=alice)) as s:
            assert ask(s) == (b'HTTP/1.1 200 OK', b'ok'), where
