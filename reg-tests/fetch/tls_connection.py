#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What TLS tells of both connections: ssl_fc_... and ssl_bc_..., ssl_fc_sni_end, ssl_fc_sni_reg; %sslv, %sslc and the '~' of %ft.
With haproxy at hand it must say the same."""
import os
import queue
import shutil
import socket
import ssl
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
import _usher  # noqa: E402
from _authority import Authority  # noqa: E402
from _usher import Origin, Usher, WAIT_S, read_head  # noqa: E402

HAPROXY = shutil.which('haproxy')
authority = Authority()
strangers = Authority()
site = authority.server('example.com', 'www.example.com')
log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(('127.0.0.1', 0))
log.settimeout(WAIT_S)
serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
serving.load_cert_chain(site.pem)
serving.maximum_version = ssl.TLSVersion.TLSv1_2
of_server, checked = [], queue.Queue()


def answer(s):
    f = s.makefile('rb')
    while head := read_head(f):
        if b' /check' in head:
            checked.put(head.split()[1].decode())
        s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')


def secure(s):
    with serving.wrap_socket(s, server_side=True) as t:
        of_server.append((t.version(), t.cipher()[0], t.get_channel_binding()))
        answer(t)


plain, tls = Origin(answer), Origin(secure)
FRONT = """ssl_fc ssl_fc_has_early ssl_fc_has_sni ssl_fc_sni ssl_fc_protocol ssl_fc_cipher ssl_fc_alg_keysize
ssl_fc_use_keysize ssl_fc_alpn ssl_fc_is_resumed ssl_fc_unique_id,hex ssl_fc_session_id,hex
ssl_fc_session_key,hex ssl_fc_client_random,hex ssl_fc_server_random,hex""".split()
BACK = """ssl_bc_err,hex ssl_bc_err_str ssl_bc ssl_bc_protocol ssl_bc_cipher ssl_bc_alg_keysize ssl_bc_use_keysize ssl_bc_alpn ssl_bc_is_resumed
ssl_bc_unique_id,hex ssl_bc_session_id,hex ssl_bc_session_key,hex ssl_bc_client_random,hex
ssl_bc_server_random,hex""".split()
EACH = FRONT + BACK
FALSE = 'ssl_fc', 'ssl_fc_has_sni', 'ssl_fc_is_resumed'  # of a connection without TLS
FORMAT = '|'.join(f'%[{e}]' for e in EACH)
CONFIG = f'''
global
    nbthread 1
    log 127.0.0.1:{log.getsockname()[1]} format raw local0
defaults
    mode http
    log global
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
frontend web
    bind "fd@${{web}}" ssl crt {site.pem} ciphers ECDHE-ECDSA-AES256-GCM-SHA384 ciphersuites TLS_AES_256_GCM_SHA384
    bind "fd@${{clear}}"
    log-format "%ft %sslv %sslc %[var(txn.how)]|{FORMAT}"
    acl www ssl_fc_sni_end .example.com
    acl site ssl_fc_sni_reg ^example
    acl named ssl_fc_sni -i WWW.example.com
    http-request set-var(txn.how) str(none)
    http-request set-var(txn.how) str(site) if site
    http-request set-var(txn.how) str(www) if www named
    http-request redirect scheme https if !{{ ssl_fc }} {{ path /secret }}
    use_backend tls if {{ path_beg /tls }}
    use_backend distrusted if {{ path_beg /distrusted }}
    default_backend plain
backend plain
    server s 127.0.0.1:{plain.port}
backend tls
    server s 127.0.0.1:{tls.port} ssl verify none
backend checked
    option httpchk
    http-check connect ssl
    http-check send uri-lf /check/%[ssl_bc]/%[ssl_bc_protocol]/%[ssl_bc_cipher]/%[ssl_bc_is_resumed]
    server s 127.0.0.1:{tls.port} check ssl verify none
backend distrusted
    retries 1
    server s 127.0.0.1:{tls.port} ssl verify required ca-file {strangers.root}
'''


class Client:
    def __init__(self, usher, name, server_name=None, most=None, session=None, alpn=None):
        self.socket = usher.connect(name)
        if name == 'web':
            context = session[0] if session else ssl.create_default_context(cafile=authority.root)
            context.check_hostname = False
            if most:
                context.maximum_version = most
            self.socket = context.wrap_socket(self.socket, server_hostname=server_name, session=session[1] if session else None)
            self.context = context
        self.file = self.socket.makefile('rb')

    def ask(self, path):
        self.socket.sendall(b'GET %s HTTP/1.1\r\nHost: example.com\r\n\r\n' % path.encode())
        head = read_head(self.file)
        line = log.recv(65536).decode().rstrip('\n')
        assert head.startswith((b'HTTP/1.1 200', b'HTTP/1.1 302', b'HTTP/1.1 503')), head
        words, *values = line.split('|')
        return words.split(' '), dict(zip(EACH, values))


def ask_all(program):
    """Each: what is the same for any program, and what must hold."""
    _usher.PROGRAM = program
    said = []
    with Usher(CONFIG, sockets=['web', 'clear']) as usher:
        def look(client, path):
            words, values = client.ask(path)
            said.append((path, words, {k: v for k, v in values.items() if 'random' not in k and 'session' not in k and 'unique' not in k}))
            return words, values

        path = checked.get(timeout=WAIT_S)
        assert path == '/check/1/TLSv1.2/ECDHE-ECDSA-AES256-GCM-SHA384/0', path
        words, values = look(Client(usher, 'clear'), '/')
        assert words[0] == 'web' and words[1:3] == ['-', '-']
        assert all(values[e] == ('0' if e in FALSE else '-') for e in FRONT), values
        assert values['ssl_bc'] == '0', values
        words, values = look(Client(usher, 'clear'), '/distrusted')
        assert values['ssl_bc_err,hex'] == '000000000A000086', values
        assert values['ssl_bc_err_str'] == 'error:0A000086:SSL routines::certificate verify failed', values
        words, values = look(Client(usher, 'clear'), '/secret')
        assert all(values[e] in '-0' for e in BACK), values

        for name in 'example.com', 'www.example.com', None:
            client = Client(usher, 'web', name)
            words, values = look(client, '/')
            assert words[0] == 'web~', words
            assert words[1:3] == ['TLSv1.3', client.socket.cipher()[0]] == [values['ssl_fc_protocol'], values['ssl_fc_cipher']], words
            assert words[3] == {'example.com': 'site', 'www.example.com': 'www', None: 'none'}[name], words
            assert values['ssl_fc_sni'] == (name or '-') and values['ssl_fc_has_sni'] == ('1' if name else '0'), values
            assert values['ssl_fc_alg_keysize'] == values['ssl_fc_use_keysize'] == str(client.socket.cipher()[2]), values
            assert values['ssl_fc_has_early'] == values['ssl_fc_is_resumed'] == '0', values
            for secret in 'session_key', 'client_random', 'server_random':
                assert len(values[f'ssl_fc_{secret},hex']) in (64, 96), (secret, values)

        # TLS 1.2: what both ends see is known; and the second time it is resumed.
        first = Client(usher, 'web', 'example.com', ssl.TLSVersion.TLSv1_2)
        words, values = look(first, '/tls')
        assert values['ssl_fc_protocol'] == 'TLSv1.2' and values['ssl_fc_is_resumed'] == '0', values
        assert bytes.fromhex(values['ssl_fc_unique_id,hex']) == first.socket.get_channel_binding(), values
        version, cipher, binding = of_server[-1]
        assert values['ssl_bc'] == '1' and values['ssl_bc_is_resumed'] == '0', values
        assert (values['ssl_bc_protocol'], values['ssl_bc_cipher']) == (version, cipher), values
        if program != HAPROXY: # which gives the server's last message, where RFC 5929 wants the first
            assert bytes.fromhex(values['ssl_bc_unique_id,hex']) == binding, values
        assert values['ssl_bc_alpn'] == '-' and values['ssl_bc_session_key,hex'] != values['ssl_fc_session_key,hex'], values
        for word in 'session_key', 'client_random', 'server_random':
            assert look(first, '/tls')[1][f'ssl_bc_{word},hex'] != values[f'ssl_fc_{word},hex']
        again = Client(usher, 'web', 'example.com', session=(first.context, first.socket.session))
        assert again.socket.session_reused
        words, values = look(again, '/')
        assert values['ssl_fc_is_resumed'] == '1', values
        assert bytes.fromhex(values['ssl_fc_unique_id,hex']) == again.socket.get_channel_binding(), values
    while not checked.empty():
        checked.get()
    return said


def main():
    ours = ask_all(os.environ['HAPROXY_PROGRAM'])
    if not HAPROXY:
        return
    theirs = ask_all(HAPROXY)
    wrong = [(a, b) for a, b in zip(ours, theirs) if a != b]
    for a, b in wrong:
        differ = {k: (v, b[2][k]) for k, v in a[2].items() if v != b[2][k]}
        print(f'{a[0]}\n    usher   {a[1]}\n    haproxy {b[1]}\n    {differ}')
    assert not wrong


main()
