#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""crt-ignore-err, ca-ignore-err: a client certificate whose signature is not its issuer's passes where faults are let pass, also
when the handshake pauses behind it (ssl_c_verify, ssl_c_err)."""
import base64
import ssl
from _client import V12, V13, ask, context, shake
from _authority import Authority, read
from _usher import WAIT_S, Usher

a = Authority()
site, alice = a.server('site.example'), a.client('alice')
der = bytearray(ssl.PEM_cert_to_DER_cert(read(alice.cert)))
der[-1] ^= 1
with open('forged.pem', 'w') as f:
    f.write(ssl.DER_cert_to_PEM_cert(bytes(der)) + read(a.intermediate) + read(alice.key))


class Forged:
    pem = 'forged.pem'


CONFIG = f'''
global
    log stderr local0 info
    nbthread 1
defaults
    mode http
    timeout client {WAIT_S}s
frontend web
    bind fd@${{lax}} ssl crt {site.pem} verify required ca-file {a.root} ca-ignore-err all crt-ignore-err all
    bind fd@${{strict}} ssl crt {site.pem} verify required ca-file {a.root}
    bind fd@${{plain}}
    http-request return status 200 content-type text/plain lf-string "%[ssl_c_verify] %[ssl_c_err]"
'''


def pause():
    """Until the program has looked at what was sent: it has one thread, and comes to this later."""
    with usher.connect('plain') as s:
        ask(s)


def drip(name, version):
    """The answer to a client whose bytes come one at a time, from its certificate on."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    t = context(a.root, least=version, most=version, certificate=Forged).wrap_bio(inward, outward, server_hostname='site.example')
    with usher.connect(name) as s:
        def send():
            data = outward.read()
            for part in (data[:-40], data[-40:]) if len(data) > 1000 else (data,):
                s.sendall(part)
                pause()

        def run(what):
            while True:
                try:
                    done = what()
                    send()
                    return done
                except ssl.SSLWantReadError:
                    send()
                    got = s.recv(65536)
                    inward.write(got) if got else inward.write_eof()
        try:
            run(t.do_handshake)
            run(lambda: t.write(b'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'))
            return run(lambda: t.read(65536))
        except (ssl.SSLError, OSError) as e:
            return str(e).encode()


with Usher(CONFIG, sockets=['lax', 'strict', 'plain']) as usher:
    for version in V12, V13:
        s = shake(usher, 'lax', 'site.example', context(a.root, least=version, most=version, certificate=Forged))
        with s:
            assert ask(s) == (b'HTTP/1.1 200 OK', b'7 7'), version
        said = drip('lax', version)
        assert said.endswith(b'7 7'), (version, said)
        assert b'200 OK' not in drip('strict', version), version
