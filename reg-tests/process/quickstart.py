# SPDX-License-Identifier: Apache-2.0
"""examples/quickstart.cfg as the README walks through it, on ports that are free here: the client arrives at the demo
servers in the PROXY header and in X-Forwarded-For, in the log, and the strict door refuses who brings no header."""
import os
import re
import signal
import socket
import time

from _usher import Usher, WAIT_S, free_ports, read_all

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
HEADER = b'PROXY TCP4 203.0.113.7 192.0.2.1 51000 80\r\n'

text = open(os.path.join(ROOT, 'examples', 'quickstart.cfg')).read()
numbers = sorted(set(re.findall(r'127\.0\.0\.1:(\d+)', text)))
first = free_ports(len(numbers))
port = {n: first + i for i, n in enumerate(numbers)}
text = re.sub(r'127\.0\.0\.1:(\d+)', lambda m: f'127.0.0.1:{port[m[1]]}', text)


def ask(door, request=b'GET / HTTP/1.0\r\n\r\n', before=b''):
    with socket.create_connection(('127.0.0.1', port[door]), timeout=WAIT_S) as s:
        s.sendall(before + request)
        try:
            answer = read_all(s).decode()
        except ConnectionResetError:
            answer = ''
        return answer, '%s:%d' % s.getsockname()


def command(line):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(WAIT_S)
        s.connect('quickstart.sock')
        s.sendall(line.encode() + b'\n')
        return read_all(s).decode()


def told(answer, what):
    return re.search(rf'^{what} +(.*)$', answer, re.M)[1]


def wait_for(condition, what):
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


with Usher(text) as usher:
    wait_for(lambda: os.path.exists('quickstart.sock') and command('show version'), 'no start')
    servers = set()
    for _ in range(4):
        answer, mine = ask('8080')
        assert answer.startswith('HTTP/1.1 200'), answer
        assert told(answer, 'client') == mine and told(answer, 'X-Forwarded-For') == '127.0.0.1', answer
        servers.add(told(answer, 'server'))
    assert servers == {'one', 'two', 'three'}, servers

    answer, mine = ask('8080', before=HEADER)
    assert told(answer, 'client') == '203.0.113.7:51000' and told(answer, 'X-Forwarded-For') == '203.0.113.7', answer
    assert told(answer, 'connection from').startswith('127.0.0.1:'), answer
    assert ask('8081', before=HEADER)[0].startswith('HTTP/1.1 200')
    answer, peer = ask('8081')
    assert answer == '', answer
    assert f'listener=door/strict peer={peer} claimed=- reason=missing' in command('show proxy-errors')
    assert ask('8080', b'GET /health HTTP/1.0\r\n\r\n')[0].startswith('HTTP/1.1 200')
    wait_for(lambda: re.search(r'^203\.0\.113\.7:51000 \[.*\] door demo/\w+ .*"GET / HTTP/1.0"$', usher.log(), re.M), usher.log())
    assert '/health' not in usher.log()

    # Whoever starts the missing server sees it join.
    def state(server):
        line = next(l for l in command('show stat').splitlines() if l.startswith(f'demo,{server},'))
        return line.split(',')[17]
    wait_for(lambda: state('yours') == 'DOWN', 'yours is not down')
    with socket.create_server(('127.0.0.1', port['8104'])):
        wait_for(lambda: state('yours') == 'UP', 'yours does not come up')
    for _ in range(8):    # it is gone, and nobody notices
        assert ask('8080')[0].startswith('HTTP/1.1 200')
    assert state('one') == 'UP'
    assert usher.stop(signal.SIGINT) in (-signal.SIGINT, 128 + signal.SIGINT)
