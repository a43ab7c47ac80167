# SPDX-License-Identifier: Apache-2.0
"""Servers that go and come: what is logged, where traffic goes, what a check says, what operators order."""
# tsan
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'process'))
from _usher import WAIT_S, Deaf, Usher, ask_cli  # noqa: E402


class Server:
    """A port of our own that listens or refuses, and remembers how each connection began."""

    def __init__(self, name):
        self.name, self.began = name, []
        self.keeper = self.bind(0)  # never listens, but the port stays ours
        self.port = self.keeper.getsockname()[1]
        self.more = threading.Condition()

    @staticmethod
    def bind(port):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.bind(('127.0.0.1', port))
        return s

    def up(self):
        self.socket = self.bind(self.port)
        self.socket.listen(100)
        threading.Thread(target=self.accept, args=(self.socket,), daemon=True).start()
        return self

    def down(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def accept(self, listening):
        while True:
            try:
                client = listening.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            first = client.recv(200)
            if first.endswith(b'who'):
                client.sendall(self.name.encode())
        except OSError:
            first = b''
        with self.more:
            self.began.append(first)
            self.more.notify_all()
        client.close()

    def first_bytes(self):
        with self.more:
            assert self.more.wait_for(lambda: self.began, WAIT_S), 'no check came'
            return set(self.began)


log_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log_socket.bind(('127.0.0.1', 0))
log_socket.settimeout(WAIT_S)
lines = []


def logged(text):
    """Waits for a line that ends in the text; lines before it are kept in `lines`."""
    while True:
        line = log_socket.recv(9000).decode().rstrip('\n')
        level, line = int(line[1:line.index('>')]) % 8, line[line.index(']: ') + 3:]
        lines.append(f'{level} {line}')
        if text in line:
            return lines[-1]


def ask(*commands):
    return ask_cli('cli.sock', *commands)


def who(usher, name='fe'):
    with usher.connect(name) as c:
        try:
            c.sendall(b'who')
            return c.recv(100).decode()
        except ConnectionResetError:
            return ''


one, two, spare = Server('one').up(), Server('two'), Server('spare').up()
v1, v2, aside, told = (Server(n).up() for n in ('v1', 'v2', 'aside', 'told'))
full = Deaf()

config = f'''
global
    log 127.0.0.1:{log_socket.getsockname()[1]} local0
    stats socket unix@cli.sock level admin
    spread-checks 5
    max-spread-checks 40ms
defaults
    mode tcp
    log global
    timeout connect 10s
    timeout client 20s
    timeout server 20s
    default-server inter 50ms rise 2 fall 3
listen fe
    bind "fd@${{fe}}"
    server one 127.0.0.1:{one.port} check
    server two 127.0.0.1:{two.port} check fastinter 20ms downinter 30ms
    server spare 127.0.0.1:{spare.port} check backup
backend hang
    option log-health-checks
    timeout check 100ms
    server full 127.0.0.1:{full.port} check
    server none unix@nobody.sock check
backend headers
    server v1 127.0.0.1:{v1.port} check send-proxy
    server v2 127.0.0.1:{v2.port} check send-proxy-v2
    server aside 127.0.0.1:1 check port {aside.port} send-proxy-v2
    server told 127.0.0.1:1 check addr 127.0.0.1:{told.port} send-proxy-v2 check-send-proxy
    server never 127.0.0.1:1 no-check
'''

LEFT = '0 sessions active, 0 requeued, 0 remaining in queue.'
REFUSED = 'reason: Layer4 connection problem, info: "Connection refused", check duration: '

with Usher(config, sockets=['fe']) as usher:
    # The first failure takes down what nobody has ever seen up.
    line = logged('Server fe/two is DOWN')
    assert line.startswith('1 Server fe/two is DOWN, ' + REFUSED), line
    assert line.endswith('ms. 1 active and 1 backup servers left. ' + LEFT), line
    assert {who(usher) for _ in range(4)} == {'one'}

    # ... later it takes three in a row; then the backup stands in.
    one.down()
    line = logged('Server fe/one is DOWN')
    assert line.endswith('ms. 0 active and 1 backup servers left. Running on backup. ' + LEFT), line
    assert who(usher) == 'spare'
    spare.down()
    line = logged('Server fe/spare is DOWN')
    assert line.startswith('1 Backup Server fe/spare is DOWN, ' + REFUSED), line
    assert logged('no server') == '0 proxy fe has no server available!'
    assert who(usher) == ''
    assert "[ALERT]" in usher.log() and "proxy 'fe' has no server available!" in usher.log()

    # Up again after two good ones.
    two.up()
    line = logged('Server fe/two is UP')
    assert line.startswith('5 Server fe/two is UP, reason: Layer4 check passed, check duration: '), line
    assert line.endswith('ms. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.'), line
    assert who(usher) == 'two'
    one.up()
    logged('Server fe/one is UP')
    assert {who(usher) for _ in range(4)} == {'one', 'two'}

    # Each check is told once where the option says so: by its own line.
    told_lines = [x for x in lines if ' hang/' in x]
    assert any('Health check for server hang/full failed, reason: Layer4 timeout, check duration: ' in x for x in told_lines)
    assert any(x.startswith('1 Server hang/full is DOWN. ') for x in told_lines), told_lines
    assert any('hang/none failed, reason: Socket error, info: "General socket error (No such file or directory)"' in x
               for x in told_lines), told_lines
    assert sum('Health check for server hang/full' in x for x in lines) == 1, lines

    # Operators.
    ask('set server fe/one state drain')
    assert logged('fe/one') == ('5 Server fe/one enters drain state. 1 active and 0 backup servers online. '
                                '0 sessions requeued, 0 total in queue.')
    assert {who(usher) for _ in range(3)} == {'two'}
    ask('disable server fe/two')
    # Who was served a moment ago may not have left yet.
    line = logged('fe/two')
    assert line.startswith('1 Server fe/two is going DOWN for maintenance. 0 active and 0 backup servers left. '), line
    assert line.endswith(LEFT[1:]), line
    assert logged('no server') == '0 proxy fe has no server available!'
    ask('set server fe/one state ready')
    assert logged('fe/one') == '5 Server fe/one is UP (leaving forced drain).'
    assert who(usher) == 'one'
    ask('enable server fe/two', 'set server fe/one weight 0%')
    assert logged('fe/two') == '5 Server fe/two is UP/READY (leaving forced maintenance).'
    assert {who(usher) for _ in range(3)} == {'two'}
    assert ask('get weight fe/one') == '0 (initial 1)\n\n'
    ask('set weight fe/one 3', 'disable health fe/one', 'set server fe/one health down')
    assert logged('fe/one').startswith('1 Server fe/one is DOWN, changed from CLI. ')
    assert {who(usher) for _ in range(3)} == {'two'}
    ask('enable health fe/one')
    logged('Server fe/one is UP')

    # The machine's form of all that.
    state = {r.split()[3]: r.split() for r in ask('show servers state').split('\n')[2:] if r}
    assert state['one'][5:9] == ['2', '0', '3', '1'] and state['one'][10:13] == ['6', '3', '4'], state
    assert state['full'][5] == '0' and state['full'][10] == '7', state
    assert state['none'][4] == '-' and state['none'][5] == '0' and state['none'][10] == '5', state
    assert state['aside'][18] == '1' and state['aside'][21] == str(aside.port), state
    assert state['told'][22] == '127.0.0.1', state
    assert state['never'][10:14] == ['1', '0', '2', '0'], state

    # What checks begin with.
    signature = b'\r\n\r\n\0\r\nQUIT\n'
    assert v1.first_bytes() == {b'PROXY UNKNOWN\r\n'}, v1.began
    assert v2.first_bytes() == {signature + b'\x20\0\0\0'}, v2.began
    assert aside.first_bytes() == {b''}, aside.began
    assert told.first_bytes() == {signature + b'\x20\0\0\0'}, told.began
