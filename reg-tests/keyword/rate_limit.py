#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rate-limit sessions: as many as allowed at once, the others later, none lost, on one thread and on several; refused connections do
not count; what the statistics say. maxconnrate, maxsessrate and `set rate-limit`: the same for the whole process."""
import os
import socket
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import Origin, Usher, ask_cli, echo, read_all  # noqa: E402

LIMIT = 10
web = Origin(echo)


def config(threads):
    return f'''
global
    nbthread {threads}
    stats socket unix@cli{threads}.sock level admin
defaults
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    rate-limit sessions {LIMIT}
frontend limited
    bind "fd@${{limited}}"
    option socket-stats
    tcp-request connection reject if {{ src -f refused.lst }}
    default_backend web
frontend one
    bind "fd@${{one}}"
    option socket-stats
    rate-limit sessions 1
    default_backend web
frontend free
    bind "fd@${{free}}"
    rate-limit sessions 0
    default_backend web
backend web
    server s 127.0.0.1:{web.port}
'''


def stat(threads):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(f'cli{threads}.sock')
        s.sendall(b'show stat\n')
        lines = read_all(s).decode().split('\n')
    names = lines[0].lstrip('# ').split(',')
    rows = [dict(zip(names, line.split(','))) for line in lines[1:] if line]
    return {(r['pxname'], 'listener' if r['type'] == '3' else r['svname']): r for r in rows}


def speak(c, text):
    c.sendall(text)
    assert c.recv(100) == text


open('refused.lst', 'w').write('127.0.0.2\n')
for threads in (1, 4):
    with Usher(config(threads), sockets=['limited', 'one', 'free']) as usher:
        # Those that are refused do not use it up.
        for _ in range(3 * LIMIT):
            try:
                with usher.connect('limited', source_address=('127.0.0.2', 0)) as c:
                    assert c.recv(1) == b''
            except ConnectionResetError:
                pass
        began = time.monotonic()
        clients = [usher.connect('limited') for _ in range(2 * LIMIT)]
        for c in clients:
            c.sendall(b'hello')
        for c in clients:
            assert c.recv(100) == b'hello'
        took = time.monotonic() - began
        # Threads that look at the same moment may each let one more in.
        assert took > (LIMIT - threads) / LIMIT * 0.9, took
        # Who is in is not slowed down.
        for c in clients * 10:
            speak(c, b'again')
        for c in clients:
            c.close()
        assert stat(threads)['limited', 'FRONTEND']['rate_lim'] == str(LIMIT)
        assert int(stat(threads)['limited', 'FRONTEND']['stot']) == 2 * LIMIT
        # One in a second: the listener waits in between.
        seen = set()
        one = [usher.connect('one') for _ in range(3)]
        for c in one:
            c.sendall(b'x')
        for c in one:
            c.settimeout(0.05)
            while True:
                seen.add(stat(threads)['one', 'listener']['status'])
                try:
                    assert c.recv(1) == b'x'
                    break
                except TimeoutError:
                    pass
        assert 'WAITING' in seen, seen
        for c in one:
            c.close()
        for _ in range(5 * LIMIT):
            with usher.connect('free') as c:
                speak(c, b'free')

PROCESS = f"""
global
    nbthread 2
    %s
    stats socket "fd@${{cli}}" level admin
defaults
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend a
    bind "fd@${{a}}"
    tcp-request connection reject if {{ src -f refused.lst }}
    default_backend web
frontend b
    bind "fd@${{b}}"
    default_backend web
backend web
    server s 127.0.0.1:{web.port}
"""


def all_served(usher, n):
    """How long n connections take that come at once, half of them at each door."""
    began = time.monotonic()
    clients = [usher.connect('ab'[i % 2]) for i in range(n)]
    for c in clients:
        c.sendall(b'hello')
    for c in clients:
        assert c.recv(100) == b'hello'
        c.close()
    return time.monotonic() - began


for word, what, refused_count in (('maxconnrate', 'connections', True), ('maxsessrate', 'sessions', False)):
    with Usher(PROCESS % f'{word} {LIMIT}', sockets=['a', 'b', 'cli']) as usher:
        def order(command, answer):
            got = ask_cli(usher.address('cli'), command)
            assert got.strip() == answer, (command, got)

        def info(name):
            return next(line.split(': ')[1] for line in ask_cli(usher.address('cli'), 'show info').splitlines() if line.startswith(name + ':'))

        # Clients that rules refuse are connections, but no sessions; the runtime socket is neither.
        began = time.monotonic()
        for _ in range(2 * LIMIT):
            with usher.connect('a', source_address=('127.0.0.2', 0)) as c:
                c.settimeout(5)
                try:
                    assert c.recv(1) == b''
                except ConnectionResetError:
                    pass
        assert not refused_count or time.monotonic() - began > (LIMIT - 2) / LIMIT * 0.9
        assert all_served(usher, 2 * LIMIT) > (LIMIT - 2) / LIMIT * 0.9
        assert info({'connections': 'ConnRateLimit', 'sessions': 'SessRateLimit'}[what]) == str(LIMIT)
        # Who waits comes in when the limit goes; one a second would take a minute.
        order(f'set rate-limit {what} global 1', '')
        late = [usher.connect('b') for _ in range(60)]
        order(f'set rate-limit {what} global 0', '')
        for c in late:
            c.settimeout(10)
            c.sendall(b'x')
            assert c.recv(1) == b'x'
        order('set rate-limit ssl-sessions global 7', '')
        assert info('SslRateLimit') == '7'
        order('set rate-limit sessions global x', "'x' is not a number.")
        order('set rate-limit sessions global -1', 'Value out of range.')
        order('set rate-limit sessions global', 'Expects an integer value.')
        order('set rate-limit sessions', 'Expected: set rate-limit {connections|sessions|ssl-sessions} global <number>')
        order('set rate-limit http-compression global 1', 'usher does not compress: there is nothing to limit.')
