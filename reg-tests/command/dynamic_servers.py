#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers that come and go while the process runs: HAProxy's answers to good and bad orders, what lets a server go and what
keeps it; and under load, with every algorithm that takes new servers, no client loses a request while others walk over
the statistics."""
# tsan
import os
import re
import socket
import sys
import threading
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import WAIT_S, Origin, Usher, read_head  # noqa: E402

ROUNDS = 10
hold = threading.Event()
holding = threading.Semaphore(0)


def serve(s):
    f = s.makefile('rb')
    while head := read_head(f):
        if head.startswith(b'GET /hold '):
            holding.release()
            hold.wait(WAIT_S)
        s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')


web = Origin(serve)
HERE = f'127.0.0.1:{web.port}'
dead = socket.socket()  # bound, not listening
dead.bind(('127.0.0.1', 0))
KINDS = ['roundrobin', 'leastconn', 'random', 'first', 'hdr(x)\n    hash-type consistent']
CONFIG = f'''
global
    nbthread 3
    stats socket "fd@${{cli}}" level admin
    stats timeout 1m
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    timeout queue 20s
frontend fe
    bind "fd@${{fe}}"
    http-request deny if {{ path /never }} {{ srv_is_up(be/ruled) }}
    http-request use-service prometheus-exporter if {{ path /metrics }}
    use_backend %[hdr(backend)] if {{ hdr(backend) -m found }}
    default_backend be
backend be
    default-server weight 7 maxconn 3
    use-server named if {{ path /named }}
    server s1 {HERE} check
    server s2 {HERE} id 17 weight 3
    server named {HERE} disabled
    server ruled {HERE} disabled
    server spare {HERE} disabled
backend fixed
    balance static-rr
    server s1 {HERE} disabled
backend mapped
    balance source
    server s1 {HERE}
backend empty
backend sticky
    cookie C insert
    retries 1
    option redispatch
    server dead 127.0.0.1:{dead.getsockname()[1]} cookie d
    server alive {HERE} cookie a
backend old
    server s1 {HERE} disabled
''' + ''.join(f'backend b{i}\n    balance {kind}\n    cookie C insert\n    dynamic-cookie-key k\n    server s1 {HERE} cookie c1\n'
              for i, kind in enumerate(KINDS))

ANSWERS = '''
add server > Require 'backend/server'.
add server be > Require 'backend/server'.
add server be/ > Require 'backend/server'.
add server be/a > 'server' expects <name> and <addr>[:<port>] as arguments.
add server no/a 127.0.0.1:1 > No such backend.
add server fe/a 127.0.0.1:1 > No such backend.
add server be/s1 127.0.0.1:1 > Already exists a server with the same name in backend.
add server be/b,c 127.0.0.1:1 > character ',' is not permitted in server name 'b,c'.
add server be/b/c 127.0.0.1:1 > character '/' is not permitted in server name 'b/c'.
add server fixed/a 127.0.0.1:1 > Backend must use a dynamic load balancing to support dynamic servers.
add server mapped/a 127.0.0.1:1 > Backend must use a dynamic load balancing to support dynamic servers.
add server be/a 127.0.0.1:99999 > invalid port in address '127.0.0.1:99999'
add server be/a localhost:1 > not an IP address in address 'localhost'
add server be/a 127.0.0.1:1 check addr localhost > 'server' at 'localhost': not an IP address in address 'localhost'
add server be/a fd@0 > an inherited descriptor is no address for a server
add server be/a 127.0.0.1:1 cookie x > 'server' at 'cookie': 'cookie' is not allowed in 'add server', it belongs in
add server be/a 127.0.0.1:1 foo > 'server' at 'foo': unknown keyword 'foo' in 'add server'
add server be/a 127.0.0.1:1 weight 999 > 'server' at '999': expected a number from 0 to 256
add server be/a 127.0.0.1:1 weight > 'server' at 'weight': expected a number, but the line ends
add server be/a 127.0.0.1:1 resolvers x > 'server' at 'resolvers': 'resolvers' is a HAProxy keyword that usher does not have
add server be/a 127.0.0.1:1 id 17 > 'id' : custom id 17 already used ('server s2').
add server be/a 127.0.0.1:1 track no > unable to find required server 'no' for tracking.
add server be/a 127.0.0.1:1 track s2 > unable to use be/s2 for tracking as it does not have any check nor agent enabled.
add server be/a 127.0.0.1:1 track s1 check > unable to enable checks and tracking at the same time!
add server be/a 127.0.0.1:1 agent-check > server 'be/a' has 'agent-check' but no 'agent-port'
add server be/a 127.0.0.1 check > server 'be/a' has 'check' but neither a service port nor 'port' to check
del server > Require 'backend/server'.
del server be > Require 'backend/server'.
del server be/no > No such server.
del server no/s1 > No such backend.
del server be/s2 > Only servers in maintenance mode can be deleted.
del server be/named > This server cannot be removed at runtime due to other configuration elements pointing to it.
del server be/ruled > This server cannot be removed at runtime due to other configuration elements pointing to it.
del server be/spare > Server deleted.
del server be/spare > No such server.
del server fixed/s1 > Server deleted.
del server old/s1 > Server deleted.
add server old/s1 127.0.0.1:1 > New server registered.
add server be/plain 127.0.0.1:1 > New server registered.
add server be/full 127.0.0.1:1 weight 2 maxconn 3 minconn 9 maxqueue 2 inter 5s fall 2 rise 3 slowstart 5s observe layer4 on-error mark-down error-limit 3 on-marked-down shutdown-sessions enabled disabled backup id 100 source 127.0.0.1 tfo pool-max-conn 3 pool-purge-delay 1s pool-low-conn 2 send-proxy-v2 proxy-v2-options crc32c check-send-proxy > New server registered.
add server be/tracks 127.0.0.1:1 track s1 > New server registered.
add server be/more 127.0.0.1:1 track be/tracks > unable to use be/tracks for tracking as it is a dynamic server.
add server be/agent 127.0.0.1:1 agent-check agent-port 1 agent-send "x\\n" agent-inter 1h > New server registered.
'''


def rows(usher, backend):
    return {r[3]: r for r in (line.split() for line in usher.say(f'show servers state {backend}').split('\n')[2:])}


def await_true(what, check):
    until = time.monotonic() + WAIT_S
    while not check():
        assert time.monotonic() < until, what
        time.sleep(0.005)


class Client:
    def __init__(self, usher, **head):
        self.socket = usher.connect('fe')
        self.file = self.socket.makefile('rb')
        self.lines = ''.join(f'{k}: {v}\r\n' for k, v in head.items())

    def ask(self, path='/'):
        self.socket.sendall(f'GET {path} HTTP/1.1\r\nHost: x\r\n{self.lines}\r\n'.encode())

    def answer(self):
        head = read_head(self.file)
        n = int(re.search(rb'(?i)content-length: (\d+)', head).group(1))
        self.file.read(n)
        return head

    def get(self, path='/'):
        self.ask(path)
        return self.answer()


def numbers_and_settings(usher):
    now = rows(usher, 'be')
    assert [now[n][2] for n in ('s1', 's2', 'named', 'plain', 'full', 'tracks', 'agent')] == ['1', '17', '3', '2', '100', '5', '6'], now
    # In maintenance, whatever is said; the configuration's `disabled` shows apart; nothing of default-server.
    assert now['plain'][5:9] == ['0', '1', '1', '1'] and now['full'][5:9] == ['0', '5', '2', '2'], now
    for name in 'plain', 'full', 'tracks', 'agent':
        assert usher.say(f'del server be/{name}') == 'Server deleted.'
    assert set(rows(usher, 'be')) == {'s1', 's2', 'named', 'ruled'}


def comes_serves_and_goes(usher):
    client = Client(usher, backend='empty')
    assert client.get().startswith(b'HTTP/1.1 503')
    assert usher.say(f'add server empty/a {HERE}') == 'New server registered.'
    client = Client(usher, backend='empty')
    assert client.get().startswith(b'HTTP/1.1 503'), 'it begins in maintenance'
    assert usher.say('enable server empty/a') == ''
    client = Client(usher, backend='empty')
    assert client.get().startswith(b'HTTP/1.1 200')
    assert 'empty,a,' in usher.say('show stat') and 'empty/a' in usher.say('show servers conn empty')
    client.ask('/hold')
    assert holding.acquire(timeout=WAIT_S)
    assert usher.say('del server empty/a') == 'Only servers in maintenance mode can be deleted.'
    assert usher.say('disable server empty/a') == ''
    assert usher.say('del server empty/a') == 'Server still has connections attached to it, cannot remove it.'
    hold.set()
    assert client.answer().startswith(b'HTTP/1.1 200')
    hold.clear()
    # The answer is out a moment before its stream is over.
    await_true('it is removed', lambda: usher.say('del server empty/a') == 'Server deleted.')
    assert 'empty,a,' not in usher.say('show stat')
    assert Client(usher, backend='empty').get().startswith(b'HTTP/1.1 503')


def checks(usher):
    assert usher.say(f'add server be/checked {HERE} check inter 20ms fall 1 rise 1') == 'New server registered.'
    assert usher.say(f'add server be/ill 127.0.0.1:{dead.getsockname()[1]} check inter 20ms fall 1 rise 1') == 'New server registered.'
    for name in 'checked', 'ill':
        assert int(rows(usher, 'be')[name][13]) & 6 == 2, 'known, and not asked'
        assert usher.say(f'enable health be/{name}; enable server be/{name}') == ''
    await_true('checks say', lambda: rows(usher, 'be')['checked'][10] == '6' and rows(usher, 'be')['ill'][5] == '0')
    assert 'Server be/ill is DOWN' in usher.log()
    # Tracking begins with what the other is now, and ends with its follower.
    assert usher.say('add server be/t 127.0.0.1:1 track s1; enable server be/t') == 'New server registered.'
    assert usher.say('disable server be/s1; del server be/s1').startswith('This server cannot')
    assert rows(usher, 'be')['t'][6] == '2'
    assert usher.say('enable server be/s1') == ''
    for name in 'checked', 'ill', 't':
        assert usher.say(f'disable server be/{name}; del server be/{name}') == 'Server deleted.'


def named_by_a_stream(usher):
    """A stream that failed on a server and goes on elsewhere still knows it; so it stays in memory, and nothing else."""
    client = Client(usher, backend='sticky', Cookie='C=d')
    client.ask('/hold')
    assert holding.acquire(timeout=WAIT_S)
    for _ in range(3):
        assert usher.say('disable server sticky/dead; del server sticky/dead') == 'Server deleted.'
        assert usher.say(f'add server sticky/dead {HERE}; enable server sticky/dead') == 'New server registered.'
    hold.set()
    assert b'set-cookie: C=a' in client.answer().replace(b'Set-Cookie', b'set-cookie')
    hold.clear()
    assert Client(usher, backend='sticky', Cookie='C=a').get().startswith(b'HTTP/1.1 200')


def many(usher):
    """Past the number from which a backend has an index of names, and back."""
    names = [f'n{i}' for i in range(70)]
    for name in names:
        assert usher.say(f'add server empty/{name} {HERE}') == 'New server registered.'
    assert usher.say('add server empty/n69 127.0.0.1:1').startswith('Already exists')
    for name in names[::2] + names[1::2]:
        assert usher.say(f'del server empty/{name}') == 'Server deleted.', name
        assert usher.say(f'get weight empty/{name}') == 'No such server.'
    assert rows(usher, 'empty') == {}
    assert usher.say(f'add server empty/n1 {HERE}') == 'New server registered.'
    assert usher.say('get weight empty/n1') == '1 (initial 1)'
    assert usher.say('del server empty/n1') == 'Server deleted.'


class Load(threading.Thread):
    def __init__(self, usher, backend, number):
        super().__init__(daemon=True)
        self.usher, self.backend, self.number = usher, backend, number
        self.served, self.bad, self.over = 0, [], False
        self.start()

    def run(self):
        cookie = None
        try:
            while not self.over:
                head = {'backend': self.backend, 'x': f'{self.number}-{self.served}'}
                client = Client(self.usher, **head, **({'Cookie': cookie} if cookie else {}))
                for _ in range(5):
                    got = client.get()
                    if not got.startswith(b'HTTP/1.1 200'):
                        self.bad.append(got)
                    if m := re.search(rb'(?i)set-cookie: ([^;]*)', got):
                        cookie = m.group(1).decode()
                    self.served += 1
                client.socket.close()
        except Exception as e:  # whatever it is, it was a request
            self.bad.append(repr(e))


def under_load(usher):
    over = threading.Event()
    bad = []

    def look():
        try:
            while not over.is_set():
                usher.say('show stat; show servers state; show servers conn; show sess')
                with usher.connect('fe') as s:
                    s.sendall(b'GET /metrics HTTP/1.0\r\n\r\n')
                    while s.recv(1 << 16):
                        pass
        except Exception as e:
            bad.append(repr(e))

    looker = threading.Thread(target=look, daemon=True)
    looker.start()
    loads = [Load(usher, f'b{i}', n) for i in range(len(KINDS)) for n in range(2)]
    for turn in range(ROUNDS):
        for i in range(len(KINDS)):
            for k in 'xy':
                assert usher.say(f'add server b{i}/{k} {HERE} maxconn {turn % 2 * 5} slowstart 1s check inter 50ms') == 'New server registered.'
                assert usher.say(f'enable health b{i}/{k}; enable server b{i}/{k}') == ''
        before = [load.served for load in loads]
        await_true('all are served', lambda: all(load.bad or load.served > n + 5 for load, n in zip(loads, before)))
        for i in range(len(KINDS)):
            for k in 'xy':
                assert usher.say(f'disable server b{i}/{k}') == ''
            for k in 'yx' if turn % 2 else 'xy':
                await_true('removed', lambda: usher.say(f'del server b{i}/{k}') == 'Server deleted.')
    for load in loads:
        load.over = True
    for load in loads:
        load.join(WAIT_S)
    over.set()
    looker.join(WAIT_S)
    assert not bad, bad
    for load in loads:
        assert load.served and not load.bad, (load.backend, load.bad[:3])
    for i in range(len(KINDS)):
        assert set(rows(usher, f'b{i}')) == {'s1'}


with Usher(CONFIG, sockets=['cli', 'fe']) as usher:
    for line in ANSWERS.strip('\n').split('\n'):
        command, _, answer = line.rpartition(' > ')
        said = usher.say(command)
        assert said.startswith(answer.strip()), (command, said)
    numbers_and_settings(usher)
    comes_serves_and_goes(usher)
    checks(usher)
    named_by_a_stream(usher)
    many(usher)
    under_load(usher)
