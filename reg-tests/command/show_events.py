#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""show events: where log lines go; `log ring@buf0` keeps them in memory, to be read on the runtime socket: all, the new ones, and
those to come until the client says something."""
# tsan
import os
import re
import signal
import socket
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import WAIT_S, Usher, ask_cli, read_all  # noqa: E402

CONFIG = '''
global
    nbthread 2
    log ring@buf0 local0
    stats socket unix@cli.sock level admin
    stats socket fd@${cli} level admin
defaults
    mode http
    timeout connect 20s
    timeout client 20s
    timeout server 20s
frontend door
    bind fd@${door}
    log global
    option httplog
    http-request return status 200
'''


def ask(*commands):
    return ask_cli('cli.sock', *commands)


class Session:
    def __init__(self, order):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(WAIT_S)
        self.socket.connect('cli.sock')
        self.socket.sendall(order.encode() + b'\n')
        self.said = ''

    def wait_for(self, word):
        while word not in self.said:
            got = self.socket.recv(65536).decode()
            assert got, self.said
            self.said += got

    def end(self):
        self.said += read_all(self.socket).decode()
        self.socket.close()
        return self.said


with Usher(CONFIG, sockets=['cli', 'door']) as usher:
    def visit(path):
        with usher.connect('door') as s:
            s.sendall(f'GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'.encode())
            read_all(s)

    ask_cli(usher.address('cli'), 'show version')  # it is up
    assert ask('show events') == 'Supported events sinks are listed below. Add -w(wait), -n(new). Any key to stop\n' \
        '    buf0       : type=buffer, 0 dropped, in-memory ring buffer\n\n'
    assert ask('show events buf1') == 'No such event sink\n\n'
    assert ask('show events buf0 -x') == ask('show events buf0 w') == ask('show events buf0 -wx') == 'unknown option\n\n'
    assert ask('operator', 'user', 'show events').endswith('Permission denied\n\n')

    visit('/first')
    while 'GET /first' not in (said := ask('show events buf0')):
        pass
    assert re.fullmatch(r'(?:<\d>\S+ .*\n)*<6>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+\d\d:\d\d 127\.0\.0\.1:\d+ \[.*"GET /first HTTP/1.1"\n\n', said), said
    assert ask('show events buf0 -n', 'show version') == '\n' + ask('show version')

    # A follower has what was there and what comes; the end of its input ends it.
    all_of_it, news = Session('show events buf0 -w'), Session('prompt;show events buf0 -nw')
    all_of_it.wait_for('GET /first')
    news.wait_for('> ')
    number = 0
    while '"GET /new' not in news.said:
        number += 1
        visit(f'/new/{number}')
        news.socket.settimeout(0.3)
        try:
            news.wait_for('"GET /new')
        except socket.timeout:
            pass
    news.socket.settimeout(WAIT_S)
    assert 'GET /first' not in news.said
    news.wait_for(f'GET /new/{number} ')
    all_of_it.wait_for(f'GET /new/{number} ')
    all_of_it.socket.shutdown(socket.SHUT_WR)
    said = all_of_it.end()
    assert said.endswith('HTTP/1.1"\n\n') and said.index('GET /first') < said.index(f'GET /new/{number} '), said
    # What interrupts is no command; the next line is one.
    news.socket.sendall(b'show version\n')
    news.wait_for('\n\n> ')
    assert ask('show version').strip() not in news.said
    news.socket.sendall(b'show cli level;quit\n')
    assert '> admin\n\n' in news.end(), news.said

    # The ring holds a MiB: old lines are gone, whole ones are left.
    long = 'y' * 900
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(WAIT_S)
        s.connect('cli.sock')
        s.sendall(b'prompt\nexpert-mode on\n' + f'debug dev log {long}\n'.encode() * 1500 + b'debug dev log the last\nquit\n')
        read_all(s)
    while 'the last' not in ask('show events buf0'):
        pass
    said = ask('show events buf0')
    assert 1000000 < len(said) <= (1 << 20) + 1 and 'GET /first' not in said, len(said)
    assert all(re.match(r'<7>\d{4}-', line) for line in said.splitlines()[:-1]), said[:2000]
    # Following does not keep a process that drains.
    last = Session('prompt;show events buf0 -wn')
    last.wait_for('> ')
    assert usher.stop(signal.SIGUSR1) == 0
    last.end()
