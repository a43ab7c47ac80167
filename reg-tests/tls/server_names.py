#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sni, ssl-reuse and no-ssl-reuse: the name a server is asked for is the one its certificate must have; neither idle connections nor
sessions serve another name or another server; tickets of TLS 1.3 are used once; a server that forgot them is asked anew."""
import os
import ssl
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _authority import Authority
from _usher import Origin, Usher, WAIT_S, ask_cli, read_head, stat_rows

authority = Authority()
site = authority.server('site.test', '*.site.test', '127.0.0.1')
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
seen = []  # (name asked for, resumed) of each connection


def make_context(version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site.pem)
    context.minimum_version = context.maximum_version = version
    context.sni_callback = lambda s, name, context: asked.append(name)
    return context


contexts = {V12: make_context(V12), V13: make_context(V13)}
asked = []


def origin(version):
    def serve(s):
        with contexts[version].wrap_socket(s, server_side=True) as t:
            seen.append((asked.pop() if asked else None, t.session_reused))
            f = t.makefile('rb')
            while read_head(f):
                t.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
            t.unwrap()  # a server forgets sessions that did not end well
    return Origin(serve)


v12, v13 = origin(V12), origin(V13)
CA = f'ca-file {authority.root}'
CONFIG = f'''
global
    nbthread 1
    stats socket fd@${{cli}} level admin
    log stderr local0 info
defaults
    mode http
    log global
    log-format "%b %ts %ST %[bc_err] %[bc_err_str]"
    retries 0
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
    default-server ssl {CA}
frontend web
    bind fd@${{web}}
    use_backend %[path,bytes(1)]
backend asked
    http-reuse always
    server s 127.0.0.1:{v13.port} sni req.hdr(host)
backend vague
    http-reuse never
    server s 127.0.0.1:{v13.port} sni req.hdr(x-name) no-ssl-reuse verifyhost www.site.test
backend named
    http-reuse never
    server s 127.0.0.1:{v13.port} sni req.hdr(x-name) no-ssl-reuse
backend strict
    http-reuse never
    server s 127.0.0.1:{v13.port} sni req.hdr(x-name) no-ssl-reuse verifyhost other.test
backend lax
    http-reuse never
    server s 127.0.0.1:{v13.port} sni req.hdr(x-name),lower verify none no-ssl-reuse
backend new13
    http-reuse never
    server s 127.0.0.1:{v13.port} sni req.hdr(host)
backend new12
    http-reuse never
    server s 127.0.0.1:{v12.port} sni req.hdr(host)
backend number
    http-reuse never
    server s 127.0.0.1:{v12.port} sni req.hdr(host) no-tls-tickets
backend never
    http-reuse never
    default-server no-ssl-reuse
    server s 127.0.0.1:{v12.port}
backend again
    http-reuse never
    default-server no-ssl-reuse
    server s 127.0.0.1:{v12.port} ssl-reuse
backend two
    http-reuse never
    balance roundrobin
    server a 127.0.0.1:{v12.port}
    server b 127.0.0.1:{v12.port}
'''


def ask(path, host='www.site.test', *fields):
    """The status, and what the server saw of a new connection; None: there was none."""
    seen.clear()
    with usher.connect('web') as s:
        lines = [f'GET /{path} HTTP/1.1', f'Host: {host}', 'Connection: close', *fields, '', '']
        s.sendall('\r\n'.join(lines).encode())
        status = int(read_head(s.makefile('rb')).split()[1])
    return status, seen[0] if seen else None


def column(proxy, server, name):
    rows = stat_rows(usher.say('show stat'))
    return next(int(r[name]) for r in rows if (r['pxname'], r['svname']) == (proxy, server))


with Usher(CONFIG, sockets=['web', 'cli']) as usher:
    # Links are for one name, however it is written.
    assert ask('asked') == (200, ('www.site.test', False))
    for same in 'www.site.test', 'WWW.Site.Test', 'www.site.test:8443', 'www.site.test.', 'www.site.test.:80':
        assert ask('asked', same) == (200, None), same
    assert ask('asked', 'two.site.test') == (200, ('two.site.test', False))
    assert ask('asked', 'two.site.test:80') == (200, None)
    assert ask('asked', '127.0.0.1:80') == (200, (None, False)) and ask('asked', '127.0.0.1') == (200, None)
    for wrong in 'a.b.site.test', 'other.test', '127.0.0.2', '[::1]:443', 'www.site.test' * 20:
        assert ask('asked', wrong)[0] == 503, wrong

    # What sni gives goes before verifyhost, which is for connections without a name.
    assert ask('strict', 'h', 'X-Name: www.site.test') == (200, ('www.site.test', False))
    assert ask('vague', 'h', 'X-Name: other.test')[0] == 503
    assert ask('vague') == (200, (None, False)) and ask('vague', 'h', 'X-Name:') == (200, (None, False))
    assert ask('strict')[0] == 503
    # Who says sni wants the name proved: a client that gives none does not make any certificate good.
    assert ask('named', 'h', 'X-Name: www.site.test') == (200, ('www.site.test', False))
    assert ask('named')[0] == ask('named', 'h', 'X-Name:')[0] == ask('named', 'h', 'X-Name: :443')[0] == 503
    assert ask('lax') == (200, (None, False))
    assert ask('lax', 'h', 'X-Name: OTHER.test') == (200, ('other.test', False))
    assert ask('lax', 'h', 'X-Name: a b')[0] == 503

    # Sessions: of one name, and of one server.
    for backend in 'new13', 'new12', 'number':
        assert ask(backend) == (200, ('www.site.test', False)), backend
        for _ in range(5):
            assert ask(backend) == (200, ('www.site.test', True)), backend
        assert ask(backend, 'two.site.test') == (200, ('two.site.test', False)), backend
        assert ask(backend, 'two.site.test') == (200, ('two.site.test', True)), backend
        assert ask(backend) == (200, ('www.site.test', True)), backend
        # More names than are kept: the first is not among them any more, and the last is.
        for i in range(40):
            assert ask(backend, f'n{i}.site.test') == (200, (f'n{i}.site.test', False)), backend
        assert ask(backend) == (200, ('www.site.test', False)) and ask(backend, 'n39.site.test')[1][1], backend
    for _ in range(3):
        assert ask('never') == (200, (None, False))
    assert [ask('again')[1][1] for _ in range(3)] == [False, True, True]
    assert [ask('two')[1][1] for _ in range(4)] == [False, False, True, True]

    # The server was started anew, and knows nothing of what it said.
    contexts.update({V12: make_context(V12), V13: make_context(V13)})
    for backend in 'new13', 'new12', 'number':
        assert [ask(backend)[1][1] for _ in range(3)] == [False, True, True], backend

    assert column('new12', 's', 'ssl_sess') == column('new12', 'BACKEND', 'ssl_sess') == 1 + 1 + 40 + 1 + 1
    assert column('new12', 's', 'ssl_reused_sess') == 5 + 1 + 1 + 1 + 2
    assert column('asked', 's', 'ssl_failed_handshake') == 4 and column('asked', 's', 'econ') == 5
    info = dict(line.split(': ', 1) for line in ask_cli(usher.address('cli'), 'show info').splitlines() if ': ' in line)
    assert int(info['SslBackendMaxKeyRate']) > 0 and 'SslBackendKeyRate' in info
lines = usher.log()
for line in ('asked SC 503 33 Server presented an SSL certificate different from the expected one',
             'strict SC 503 32 Server presented an SSL certificate different from the configured one'):
    assert line in lines, (line, lines)
