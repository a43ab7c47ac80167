#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is not spoken unless it is asked for: TLS 1.0 and 1.1 on both sides, compression, early data; and what a client agreed on
(ssl_fc_curve, ssl_bc_curve, ssl_fc_protocol)."""
import ssl
import subprocess
from _client import V12, V13, ask, context, shake
from _authority import Authority
from _usher import Origin, Usher, WAIT_S, read_head

a = Authority()
site = a.server('site.example', key='rsa')


def answers(version, curve):
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.set_ciphers('ALL:@SECLEVEL=0')
    serving.load_cert_chain(site.pem)
    serving.minimum_version = serving.maximum_version = version
    serving.set_ecdh_curve(curve)

    def serve(s):
        try:
            with serving.wrap_socket(s, server_side=True) as t:
                f = t.makefile('rb')
                while read_head(f):
                    t.sendall(b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
        except ssl.SSLError:
            pass
    return Origin(serve)


new, old = answers(V13, 'secp384r1'), answers(ssl.TLSVersion.TLSv1_1, 'prime256v1')
CONFIG = f'''
global
    log stderr local0 info
defaults
    mode http
    log global
    retries 0
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
    default-server ssl verify required ca-file {a.root}
frontend web
    bind fd@${{web}} ssl crt {site.pem}
    http-request return status 200 content-type text/plain lf-string "%[ssl_fc_protocol] %[ssl_fc_curve] %[ssl_fc_has_early]" if {{ path / }}
    http-response set-header X-Curve %[ssl_bc_curve]
    use_backend %[path,field(2,/)]
backend new
    server s 127.0.0.1:{new.port}
backend old
    server s 127.0.0.1:{old.port}
backend asked
    server s 127.0.0.1:{old.port} ssl-min-ver TLSv1.0 ciphers ALL:@SECLEVEL=0
'''


def client(*words, given=b'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'):
    """All that s_client says of a connection with one request."""
    where = '%s:%d' % usher.address('web')
    p = subprocess.Popen(['openssl', 's_client', '-connect', where, '-CAfile', a.root, '-servername', 'site.example', '-cipher',
                          'ALL:@SECLEVEL=0', '-ign_eof', *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.communicate(given, WAIT_S)[0].decode(errors='replace')


with Usher(CONFIG, sockets=['web']) as usher:
    for word in '-tls1', '-tls1_1':
        said = client(word)
        assert 'alert protocol version' in said and 'HTTP/1.1' not in said, (word, said)
    for word, version in ('-tls1_2', 'TLSv1.2'), ('-tls1_3', 'TLSv1.3'):
        said = client(word, '-comp', '-groups', 'X25519')
        assert 'Compression: NONE' in said and f'{version} X25519 0' in said, said
        said = client(word, '-groups', 'P-256')
        assert f'{version} prime256v1 0' in said, said
    # A session goes on with what it began with.
    for version in V12, V13:
        ctx, session = context(a.root, least=version, most=version), None
        for resumed in False, True:
            with shake(usher, 'web', 'site.example', ctx, session) as s:
                assert s.session_reused == resumed
                assert ask(s)[1].split()[1:] == [b'X25519', b'0'], (version, resumed)
                session = s.session
    # A ticket allows no early data, and who sends some all the same is not heard before the handshake is over.
    said = client('-tls1_3', '-sess_out', 'session')
    assert 'Max Early Data: 0' in said and 'HTTP/1.1 200 OK' in said, said
    with open('early', 'w') as f:
        f.write('GET /new HTTP/1.1\r\nHost: early\r\n\r\n')
    said = client('-tls1_3', '-sess_in', 'session', '-early_data', 'early')
    assert 'Early data was not sent' in said and 'HTTP/1.1 200 OK' in said, said
    # Servers.
    with shake(usher, 'web', 'site.example', context(a.root)) as s:
        s.sendall(b'GET /new HTTP/1.1\r\nHost: h\r\n\r\n')
        head = read_head(s.makefile('rb'))
        assert b'200 OK' in head and b'x-curve: secp384r1' in head.lower(), head
    for path, status in ('/old', b'503'), ('/asked', b'200'):
        with shake(usher, 'web', 'site.example', context(a.root)) as s:
            assert status in ask(s, path.encode())[0], path
