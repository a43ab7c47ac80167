#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where sessions of clients with certificates end: ca-ignore-err and crt-ignore-err of another line, what was committed before a
reload and what after it (commit ssl crl-file, `stats socket`, the state "tickets")."""
import os
import signal
import socket
from _client import V12, V13, ask, context, shake
from _authority import Authority, read
from _usher import WAIT_S, Usher, ask_cli

a, others = Authority(), Authority()
site, stranger = a.server('site.example'), others.client('stranger')
with open('clients.crl', 'w') as f:
    f.write(read(a.crl))
CONFIG = f'''
global
    log stderr local0 info
    stats socket {os.getcwd()}/cli.sock level admin
defaults
    mode http
    log global
    timeout client {WAIT_S}s
frontend web
    bind fd@${{lax}} ssl crt {site.pem} verify required ca-file {a.root} ca-ignore-err all crt-ignore-err all
    bind fd@${{strict}} ssl crt {site.pem} verify required ca-file {a.root}
    bind fd@${{listed}} ssl crt {site.pem} verify required ca-file {a.root} crl-file clients.crl
    http-request return status 200 content-type text/plain string ok
'''
OK = b'HTTP/1.1 200 OK'


def talk(name, ctx, session=None):
    """Whether it was served, whether it resumed, its session."""
    s = shake(usher, name, 'site.example', ctx, session)
    if isinstance(s, str):
        return False, False, None
    with s:
        return ask(s)[0] == OK, s.session_reused, s.session


def commit():
    text = ''.join(line + '\n' for line in read(a.crl).split('\n') if line)
    said = ask_cli('cli.sock', f'set ssl crl-file clients.crl <<\n{text}') + ask_cli('cli.sock', 'commit ssl crl-file clients.crl')
    assert 'Success' in said, said


NOTIFY = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
NOTIFY.bind('notify.sock')
NOTIFY.settimeout(WAIT_S)


def await_ready():
    while b'READY=1' not in (said := NOTIFY.recv(4096)) or b'RELOADING' in said:
        pass


usher = Usher(CONFIG, sockets=['lax', 'strict', 'listed'], args=['-Ws'], env={'NOTIFY_SOCKET': 'notify.sock'})
with usher:
    await_ready()
    # Whose faults one line lets pass is not let in by another that does not.
    for version in V12, V13:
        ctx = context(a.root, least=version, most=version, certificate=stranger)
        served, _, session = talk('lax', ctx)
        assert served and talk('lax', ctx, session)[:2] == (True, True), version
        served, _, session = talk('lax', ctx)
        assert served and not talk('strict', ctx, session)[0], version
    # The first commit of one process is not the first of the next: who was good under that is looked at again under this.
    for version in V12, V13:
        alice = a.client(f'alice {version}')
        ctx = context(a.root, least=version, most=version, certificate=alice)
        commit()
        served, _, session = talk('listed', ctx)
        assert served, version
        usher.process.send_signal(signal.SIGUSR2)
        await_ready()
        a.revoke(alice)
        commit()
        assert not talk('listed', ctx, session)[0], version
        usher.process.send_signal(signal.SIGUSR2)
        await_ready()
