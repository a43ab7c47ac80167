#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""show fd: every descriptor that the kernel says is open has a line that names its owner: listeners, loops, sessions of all
threads, links in use and at rest, log targets; hundreds of them come in pieces while sessions come and go. show events: where
log lines go."""
# tsan
import os
import re
import socket
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import WAIT_S, Usher, ask_cli, read_all  # noqa: E402

origin = socket.create_server(('127.0.0.1', 0), backlog=128)
origin.settimeout(WAIT_S)
lost = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
lost.bind(('127.0.0.1', 0))
ORIGIN_PORT, LOG_PORT = origin.getsockname()[1], lost.getsockname()[1]

CONFIG = f'''
global
    nbthread 2
    log 127.0.0.1:{LOG_PORT} local0
    stats socket unix@cli.sock level admin
    stats socket fd@${{cli}} level admin
defaults
    mode http
    timeout connect 20s
    timeout client 20s
    timeout server 20s
    http-reuse always
frontend door
    bind fd@${{door}}
    default_backend rear
backend rear
    server one 127.0.0.1:{ORIGIN_PORT}
listen plain
    mode tcp
    bind fd@${{plain}}
    server one 127.0.0.1:{ORIGIN_PORT}
'''
LINE = re.compile(r' *(\d+) : st=0x[0-9a-f]{4}\([hH][eE][oO][pP][iI] W:[rR] R:[rR]\)(?: gid=(\d+) tmask=0x([0-9a-f]+))?'
                  r' owner=0x([0-9a-f]+)\((\S+)\)(?: back=([01]) cerr=(\d+))?(?: l\.st=RDY)? fam=(\S+)(?: lport=(\d+))?(?: rport=(\d+))?'
                  r'(?: (?:fe|sv|of|to)=(\S+))?(?: mux=(H1|PASS) xprt=RAW)?$')


def lines(*commands):
    """By descriptor: kind, name, remote port, mux."""
    said = ask_cli('cli.sock', *(commands or ['show fd']))
    found = {}
    for line in filter(None, said.splitlines()):
        m = LINE.match(line)
        assert m, line
        assert int(m[1]) not in found, line
        found[int(m[1])] = (m[5], m[11], m[10] and int(m[10]), m[12])
    return found


def rows(found, kind):
    return [row for row in found.values() if row[0] == kind]


with Usher(CONFIG, sockets=['cli', 'door', 'plain']) as usher:
    ask_cli(usher.address('cli'), 'show version')  # it is up
    assert ask_cli('cli.sock', 'show events').split('\n', 1)[1] == \
        ('    127.0.0.1:%d : type=datagram, 0 dropped, log target (fd#%d)\n\n' % (
            LOG_PORT, next(fd for fd, row in lines().items() if row[0] == 'log')))
    assert ask_cli('cli.sock', f'show events 127.0.0.1:{LOG_PORT}') == 'Nothing to report for this sink\n\n'
    assert ask_cli('cli.sock', 'show events nowhere') == 'No such event sink\n\n'

    client = usher.connect('door')
    client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    server = origin.accept()[0]
    server.settimeout(WAIT_S)
    server.recv(1000)
    seen = lines()
    # All that are open are there but those that came or went between the two looks: this question's own.
    here = {int(n) for n in os.listdir(f'/proc/{usher.process.pid}/fd')}
    assert set(seen) - here <= {fd for fd, row in seen.items() if row[1] == 'GLOBAL' and row[0] == 'session'}, (set(seen), here)
    assert here <= set(seen), (here, set(seen))
    assert ('session', 'door', client.getsockname()[1], 'H1') in seen.values(), seen
    assert ('link', 'rear/one', ORIGIN_PORT, 'H1') in seen.values(), seen
    assert {row[1] for row in rows(seen, 'listener')} == {'GLOBAL', 'door', 'plain'}, seen
    assert sorted(row[1] for row in rows(seen, 'loop')) == ['epoll', 'epoll', 'eventfd', 'eventfd'], seen
    assert [row[1] for row in rows(seen, 'log')] == [f'127.0.0.1:{LOG_PORT}'], seen

    server.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    client.recv(1000)
    while ('idle-link', 'rear/one', ORIGIN_PORT, 'H1') not in lines().values():
        pass
    number = next(fd for fd, row in lines().items() if row[0] == 'idle-link')
    assert list(lines(f'show fd {number}')) == [number]
    assert ask_cli('cli.sock', 'show fd 999') == '\n'
    for word in ('-1', 'x', '99999999999'):
        assert 'Expected' in ask_cli('cli.sock', f'show fd {word}'), word

    stream = usher.connect('plain')
    stream.sendall(b'x')
    other = origin.accept()[0]
    seen = lines()
    assert ('session', 'plain', stream.getsockname()[1], 'PASS') in seen.values(), seen
    assert ('link', 'plain/one', ORIGIN_PORT, 'PASS') in seen.values(), seen

    # Many, while others come and go.
    over = threading.Event()

    def come_and_go():
        while not over.is_set():
            usher.connect('door').close()

    many = [usher.connect('door') for _ in range(400)]
    while len([r for r in rows(lines(), 'session') if r[1] == 'door']) < 400:
        pass
    busy = threading.Thread(target=come_and_go)
    busy.start()
    try:
        for _ in range(5):
            ports = {row[2] for row in rows(lines(), 'session')}
            assert {s.getsockname()[1] for s in many} <= ports
        # Who asks and leaves at once is forgotten.
        for _ in range(20):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect('cli.sock')
                s.sendall(b'show fd\n')
    finally:
        over.set()
        busy.join()
    for s in many:
        s.close()
