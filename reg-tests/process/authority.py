#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The certificates of _authority.py are what they are meant to be: who trusts the root accepts the good ones and refuses each
of the others for its own reason. And TLS that usher passes on by the name in the ClientHello reaches the server of that name, unbroken."""
import ssl
from _authority import Authority, read
from _usher import Origin, Usher

EXPIRED, NOT_YET, PURPOSE, REVOKED, HOST = 10, 9, 26, 23, 62
authority = Authority()
site = authority.server('example.com', '*.example.com', '127.0.0.1')
rsa = authority.server('rsa.example.net', key='rsa')
alice, bob = authority.client('alice'), authority.client('bob')
mallory = authority.client('mallory', purpose='server')


def trust(kind, crl=False):
    context = ssl.SSLContext(kind)
    context.load_verify_locations(authority.root)
    if crl:
        context.load_verify_locations(authority.crl)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    return context


def shake(server_certificate, name, client_certificate=None, crl=False):
    """A handshake in memory: 0, or the verify code with which a side refused the other."""
    server, client = trust(ssl.PROTOCOL_TLS_SERVER, crl), trust(ssl.PROTOCOL_TLS_CLIENT, crl)
    server.load_cert_chain(server_certificate.pem)
    if client_certificate:
        server.verify_mode = ssl.CERT_REQUIRED
        client.load_cert_chain(client_certificate.pem)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [client.wrap_bio(to_client, to_server, server_hostname=name), server.wrap_bio(to_server, to_client, server_side=True)]
    for _ in range(4):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as e:
                return e.verify_code
    return 0


for name in ('example.com', 'www.example.com', '127.0.0.1'):
    assert shake(site, name) == 0, name
assert shake(site, 'a.b.example.com') == HOST and shake(site, 'example.net') == HOST
assert shake(rsa, 'rsa.example.net') == 0
assert shake(authority.server('direct.example', by_root=True), 'direct.example') == 0
assert shake(authority.server('late.example', days=(-20, -10)), 'late.example') == EXPIRED
assert shake(authority.server('soon.example', days=(10, 20)), 'soon.example') == NOT_YET
assert shake(authority.server('wrong.example', purpose='client'), 'wrong.example') == PURPOSE
assert shake(site, 'example.com', alice) == 0
assert shake(site, 'example.com', mallory) == PURPOSE
assert shake(site, 'example.com', authority.client('old', days=(-20, -10))) == EXPIRED
assert shake(site, 'example.com', alice, crl=True) == 0
authority.revoke(alice)
assert shake(site, 'example.com', alice, crl=True) == REVOKED
assert shake(site, 'example.com', bob, crl=True) == 0 and shake(site, 'example.com', alice) == 0
assert authority.server('example.com', '*.example.com', '127.0.0.1') is site
assert alice.field('subject') == 'O = Tests, CN = alice'
parts = read(site.pem).split('-----BEGIN ')
assert [p.split('-----')[0] for p in parts[1:]] == ['CERTIFICATE', 'CERTIFICATE', 'PRIVATE KEY']
assert read(site.pem) == read(site.cert, authority.intermediate, site.key) and read(site.both) == read(site.cert, site.chain)


def speaks(certificate, word):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.pem)

    def serve(s):
        with context.wrap_socket(s, server_side=True) as tls:
            tls.sendall(word + tls.recv(100))
    return Origin(serve)


a, b = speaks(site, b'site '), speaks(rsa, b'rsa ')
CONFIG = f"""
defaults
    mode tcp
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend fe
    bind "fd@${{fe}}"
    tcp-request inspect-delay 20s
    tcp-request content accept if {{ req.ssl_hello_type 1 }}
    tcp-request content reject
    use_backend site if {{ req.ssl_sni -m end -i example.com }}
    use_backend rsa if {{ req.ssl_sni rsa.example.net }}
backend site
    server s 127.0.0.1:{a.port}
backend rsa
    server s 127.0.0.1:{b.port}
"""
with Usher(CONFIG, sockets=['fe']) as usher:
    for name, word in (('www.example.com', b'site hello'), ('EXAMPLE.com', b'site hello'), ('rsa.example.net', b'rsa hello')):
        for most in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = trust(ssl.PROTOCOL_TLS_CLIENT)
            context.maximum_version = most
            with context.wrap_socket(usher.connect('fe'), server_hostname=name) as tls:
                tls.sendall(b'hello')
                assert tls.recv(100) == word, name
    try:
        trust(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(usher.connect('fe'), server_hostname='unknown.example')
        raise AssertionError('served a name that nobody has')
    except (ssl.SSLError, OSError):
        pass
