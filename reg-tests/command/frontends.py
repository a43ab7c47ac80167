#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""disable, enable and shutdown frontend: HAProxy 2.6's answers, states and lines of the log; a paused port refuses and comes back,
while its clients go on; one that was shut down is free for others, and its clients are told; all while traffic comes; and
what a reload or a drain makes of it."""
# tsan
import http.client
import os
import signal
import socket
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import WAIT_S, Usher, ask_cli, free_ports  # noqa: E402

port = free_ports(2)
CONFIG = f'''
global
    nbthread 2
    stats socket unix@cli.sock level admin
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend fe
    bind 127.0.0.1:{port}
    bind abns@usher.test.{os.getpid()}
    bind unix@fe.sock
    http-request return status 200
frontend other
    bind 127.0.0.1:{port + 1}
    http-request return status 200
'''


def say(command):
    return ask_cli('cli.sock', command).rstrip('\n')


def status():
    return say('show stat fe 1 -1').split('\n')[1].split(',')[17]


def ask(where=port, client=None):
    client = client or http.client.HTTPConnection('127.0.0.1', where, timeout=WAIT_S)
    client.request('GET', '/')
    answer = client.getresponse()
    answer.read()
    assert answer.status == 200
    return client, answer


def refused(where=port):
    try:
        socket.create_connection(('127.0.0.1', where), timeout=WAIT_S).close()
        return False
    except ConnectionRefusedError:
        return True


def knock(stop):
    """Clients that come all the time; that some are turned away is what the order is for."""
    while not stop.is_set():
        try:
            ask()
        except OSError:
            pass
        except http.client.HTTPException:
            pass


def up(usher):
    while True:
        try:
            return say('show version')
        except OSError:
            assert usher.process.poll() is None, usher.log()


with Usher(CONFIG) as usher:
    up(usher)
    assert status() == 'OPEN'
    for command in 'disable', 'enable', 'shutdown':
        assert say(f'{command} frontend') == 'A frontend name is expected.'
        assert say(f'{command} frontend no') == 'No such frontend.'
    assert say('enable frontend fe') == 'All sockets are already enabled.'
    kept, _ = ask()
    assert say('disable frontend fe') == ''
    assert status() == 'PAUSED' and refused() and not refused(port + 1)
    assert say('disable frontend fe') == 'All sockets are already disabled.'
    kept, answer = ask(client=kept)
    assert answer.getheader('connection') != 'close'
    assert say('enable frontend #2') == ''
    assert status() == 'OPEN'
    ask()
    for path in ('\0usher.test.%d' % os.getpid()).ljust(108, '\0'), 'fe.sock':
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(WAIT_S)
            s.connect(path)
            s.sendall(b'GET / HTTP/1.0\r\n\r\n')
            assert s.recv(100).startswith(b'HTTP/1.1 200'), path
    for line in 'Paused frontend fe.', 'Resumed frontend fe.':
        assert line in usher.log(), usher.log()

    # Under traffic, from two sides at once.
    stop = threading.Event()
    knocking = [threading.Thread(target=knock, args=(stop,)) for _ in range(2)]
    for t in knocking:
        t.start()
    hasty = [threading.Thread(target=lambda: [say('disable frontend fe;enable frontend fe') for _ in range(15)]) for _ in range(2)]
    for t in hasty:
        t.start()
    for _ in range(20):
        say('show sess')
    for t in hasty:
        t.join()
    say('enable frontend fe')
    stop.set()
    for t in knocking:
        t.join()
    assert status() == 'OPEN'
    ask()

    kept, _ = ask(client=kept)
    assert say('shutdown frontend fe') == ''
    assert status() == 'STOP' and refused() and not refused(port + 1)
    socket.create_server(('127.0.0.1', port)).close()
    kept, answer = ask(client=kept)
    assert answer.getheader('connection') == 'close'
    assert say('shutdown frontend fe') == 'Frontend was already shut down.'
    assert say('disable frontend fe') == 'Frontend was previously shut down, cannot disable.'
    assert say('enable frontend fe') == 'Frontend was previously shut down, cannot enable.'
    assert 'Proxy fe stopped (cumulated conns: FE: ' in usher.log()
    assert say('disable frontend other') == ''
    assert usher.stop(signal.SIGUSR1) == 0
    assert usher.log().count('Proxy fe stopped') == 1 and 'Proxy other stopped' in usher.log()

# A reload takes a paused address over, which stays paused until somebody opens it, and opens one that was given up.
with Usher(CONFIG, args=['-W', '-S', 'unix@master.sock']) as usher:
    up(usher)
    while True:
        try:
            ask_cli('master.sock', 'show proc')
            break
        except OSError:
            pass
    assert say('disable frontend fe;shutdown frontend other') == ''
    assert refused() and refused(port + 1)
    for _ in range(2):
        assert 'Success=1' in ask_cli('master.sock', 'reload')
        ask(port + 1)  # the new worker accepts
        while status() == 'STOP':
            pass  # the old worker still answers who came to it
        assert status() == 'PAUSED' and refused()
    assert say('enable frontend fe') == ''
    ask()
    assert status() == 'OPEN'
