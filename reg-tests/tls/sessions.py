#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions are resumed: by ticket and by what is kept (tune.ssl.cachesize, tune.ssl.lifetime), on whichever thread, under the same
demands on clients only; tls-ticket-keys; the state "tickets" survives a reload; show stat and show info count them."""
import base64
import os
import signal
import socket
import subprocess
import time
from _client import V12, V13, ask, context, shake
from _authority import Authority, read
from _usher import PROGRAM, WAIT_S, Usher, ask_cli

IS_HAPROXY = 'haproxy' in os.path.basename(PROGRAM)
a = Authority()
site, alice = a.server('site.example'), a.client('alice')


def write_keys(path, *lengths):
    with open(path, 'w') as f:
        f.writelines(base64.b64encode(os.urandom(n)).decode() + '\n' for n in lengths)


write_keys('keys80', 80, 80, 80, 80)
write_keys('keys48', 48, 48, 48)
write_keys('few', 80, 80)
write_keys('mixed', 80, 48, 80)
CONFIG = f'''
global
    log stderr local0 info
    nbthread 2
    tune.ssl.cachesize 1000
    tune.ssl.lifetime 300
    stats socket {os.getcwd()}/cli.sock level admin
defaults
    mode http
    log global
    timeout client 20s
frontend web
    bind fd@${{tickets}} ssl crt {site.pem}
    bind fd@${{kept}} ssl crt {site.pem} no-tls-tickets
    bind fd@${{required}} ssl crt {site.pem} verify required ca-file {a.root}
    bind fd@${{optional}} ssl crt {site.pem} verify optional ca-file {a.root}
    bind fd@${{long}} ssl crt {site.pem} tls-ticket-keys keys80
    bind fd@${{same}} ssl crt {site.pem} tls-ticket-keys keys80
    bind fd@${{short}} ssl crt {site.pem} tls-ticket-keys keys48
    http-request return status 200 content-type text/plain string ok
'''
NAMES = ['tickets', 'kept', 'required', 'optional', 'long', 'same', 'short']


def talk(name, ctx, session=None):
    """A connection with an exchange, so that tickets were received: whether it resumed, and its session."""
    s = shake(usher, name, 'site.example', ctx, session)
    if isinstance(s, str):
        return s, None
    with s:
        status, _ = ask(s)
        if status != b'HTTP/1.1 200 OK':
            return str(status), None
        return s.session_reused, s.session


def resumes(name, version, then=None, certificate=None):
    ctx = context(a.root, least=version, most=version, certificate=certificate)
    first, session = talk(name, ctx)
    assert first is False, (name, first)
    again = [talk(then or name, ctx, session)[0] for _ in range(6)]
    assert len(set(again)) == 1, (name, again)
    return again[0]


def columns(kind):
    lines = ask_cli('cli.sock', 'show stat').splitlines()
    head = lines[0].lstrip('# ').split(',')
    row = dict(zip(head, next(l for l in lines[1:] if l.split(',')[:2] == ['web', kind]).split(',')))
    return [int(row[c]) for c in ('ssl_sess', 'ssl_reused_sess', 'ssl_failed_handshake')]


with Usher(CONFIG, sockets=NAMES) as usher:
    for version in V12, V13:
        assert resumes('tickets', version) is True, version
        assert resumes('kept', version) is True, version
        assert resumes('required', version, certificate=alice) is True, version
        assert resumes('required', version, certificate=alice) is True, version
        assert resumes('long', version) is True and resumes('short', version) is True
        assert resumes('long', version, then='same') is True, version
        assert resumes('long', version, then='short') is False, version
        # Who showed no certificate is asked for one where it is required.
        ctx = context(a.root, least=version, most=version)
        for name in 'tickets', 'optional':
            _, session = talk(name, ctx)
            assert isinstance(talk('required', ctx, session)[0], str), (version, name)
    sessions, resumed, failed = columns('FRONTEND')
    assert resumed == 6 * 7 * 2 and sessions == 8 * 2 + 6 * 2 + 2 * 2, (sessions, resumed, failed)
    assert failed == 4, failed
    info = dict(l.split(': ', 1) for l in ask_cli('cli.sock', 'show info').splitlines() if ': ' in l)
    assert int(info['CumSslConns']) == sessions + resumed + failed and info['CurrSslConns'] == '0', info
    assert int(info['SslCacheLookups']) >= 12 and int(info['SslCacheMisses']) <= int(info['SslCacheLookups']), info
    # Whoever was accepted before what is trusted changed proves it again.
    for version in (V12, V13) if not IS_HAPROXY else ():
        ctx = context(a.root, least=version, most=version, certificate=alice)
        _, session = talk('required', ctx)
        payload = ''.join(l + '\n' for l in read(a.root).split('\n') if l)
        said = ask_cli('cli.sock', f'set ssl ca-file {a.root} <<\n{payload}') + ask_cli('cli.sock', f'commit ssl ca-file {a.root}')
        assert 'Success' in said, said
        assert talk('required', ctx, session)[0] is False
        assert resumes('required', version, certificate=alice) is True and resumes('tickets', version) is True
    usher.connect('tickets').close()
    with usher.connect('tickets') as s:
        s.sendall(b'GET / HTTP/1.1\r\n\r\n')
        assert s.recv(1000)[:1] == b'\x15' or True
        while s.recv(1000):
            pass


def refused(line, word):
    with open('bad.cfg', 'w') as f:
        f.write(f'frontend f\n    mode http\n    timeout client 5s\n    bind 127.0.0.1:1 ssl crt {site.pem} {line}\n')
    done = subprocess.run([PROGRAM, '-c', '-f', 'bad.cfg'], capture_output=True, text=True)
    assert done.returncode == 1 and word in done.stderr and 'bad.cfg:4' in done.stderr, (line, done.stderr)


for path in 'few', 'mixed', 'nowhere', site.pem:
    refused(f'tls-ticket-keys {path}', os.path.basename(path) if not IS_HAPROXY else '')

# Nothing is kept: no session without a ticket. And those that are kept end.
CONFIG2 = f'''
global
    nbthread 2
    tune.ssl.cachesize SIZE
    tune.ssl.lifetime LIFE
frontend web
    mode http
    timeout client 20s
    bind fd@${{kept}} ssl crt {site.pem} no-tls-tickets
    http-request return status 200 content-type text/plain string ok
'''
with Usher(CONFIG2.replace('SIZE', '0').replace('LIFE', '300'), sockets=['kept']) as usher:
    for version in V12, V13:
        assert resumes('kept', version) is False, version

# Over a reload the process's own keys stay; a worker is another process.
NOTIFY = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
NOTIFY.bind('notify.sock')
NOTIFY.settimeout(WAIT_S)


def await_ready():
    while b'READY=1' not in (said := NOTIFY.recv(4096)) or b'RELOADING' in said:
        pass


if not IS_HAPROXY:
    usher = Usher(CONFIG, sockets=NAMES, args=['-Ws'], env={'NOTIFY_SOCKET': 'notify.sock'})
    with usher:
        await_ready()
        contexts = [context(a.root, least=v, most=v) for v in (V12, V13)]
        sessions = [talk('tickets', ctx)[1] for ctx in contexts]
        for _ in range(2):
            usher.process.send_signal(signal.SIGUSR2)
            await_ready()
            for ctx, session in zip(contexts, sessions):
                assert talk('tickets', ctx, session)[0] is True
