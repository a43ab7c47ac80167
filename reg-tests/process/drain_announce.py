# SPDX-License-Identifier: Apache-2.0
"""drain-announce: after SIGUSR1 whoever asks after usher's health hears no, and is served; when the time is over it drains. The
time is long in one run, so that everything is seen within it, and short in the other, which must end by itself. A reload shows nothing
of it: health says yes all the time, and the old worker is gone long before that time is over."""
import os
import signal
import subprocess

from _usher import PROGRAM, WAIT_S, Usher, ask_cli, read_head

CONFIG = '''
global
    drain-announce %s
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend f
    bind "fd@${fe}"
    monitor-uri /health
    http-request return status 200 content-type text/plain lf-string "%%[stopping]"
frontend nlb
    mode tcp
    bind "fd@${nlb}" proxy-policy edge
proxy-policy edge
    optional all
    health-reply
'''
LOCAL = b'\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00'


def get(usher, path, name='fe', first=b''):
    with usher.connect(name) as s:
        s.sendall(first + b'GET %s HTTP/1.0\r\n\r\n' % path)
        answer = b''
        while True:
            more = s.recv(4096)
            if not more:
                return answer
            answer += more


with Usher(CONFIG % '600s', sockets=['fe', 'nlb']) as usher:
    assert get(usher, b'/health').startswith(b'HTTP/1.1 200') and get(usher, b'/').endswith(b'\r\n\r\n0')
    assert get(usher, b'/', 'nlb', LOCAL).startswith(b'HTTP/1.0 200')
    usher.process.send_signal(signal.SIGUSR1)
    while not get(usher, b'/health').startswith(b'HTTP/1.1 503'):
        pass
    assert get(usher, b'/').endswith(b'\r\n\r\n1')
    assert get(usher, b'/', 'nlb', LOCAL).startswith(b'HTTP/1.0 503')
with Usher(CONFIG % '10ms', sockets=['fe', 'nlb']) as usher:
    get(usher, b'/')
    usher.process.send_signal(signal.SIGUSR1)
    assert usher.process.wait(WAIT_S) == 0

# By an order on the runtime socket: of a process, of a worker, of a master.
for args, where in (([], 'usher.sock'), (['-W'], 'usher.sock'), (['-W', '-S', 'unix@master.sock'], 'master.sock')):
    with Usher(CONFIG % '600s' + 'global\n    stats socket unix@usher.sock level admin\n', sockets=['fe', 'nlb'], args=args) as usher:
        get(usher, b'/')
        while args and 'Loading success' not in usher.log():
            pass
        assert ask_cli(where, 'drain').strip() == ''
        answer = get(usher, b'/health')
        while answer.startswith(b'HTTP/1.1 200'):
            answer = get(usher, b'/health')
        assert answer.startswith(b'HTTP/1.1 503'), answer
    for path in ('usher.sock', 'master.sock'):
        if os.path.exists(path):
            os.remove(path)
# A reload: the old worker holds a connection, and says neither to it nor to those who ask that it leaves for good.
with Usher(CONFIG % '600s', sockets=['fe', 'nlb'], args=['-W', '-S', 'unix@master.sock']) as usher:
    while 'Loading success' not in usher.log():
        pass
    with usher.connect('fe') as held:
        f = held.makefile('rb')

        def ask():
            held.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
            head = read_head(f)
            return head, f.read(1)
        assert b'onnection: close' not in ask()[0]
        assert 'Success=1' in ask_cli('master.sock', 'reload')
        head, leaving = ask()
        while b'onnection: close' not in head: # the word to drain is on its way
            assert leaving == b'0', head
            for what, name, first in ((b'/health', 'fe', b''), (b'/', 'nlb', LOCAL)):
                answer = get(usher, what, name, first)
                assert b' 200 ' in answer.split(b'\r\n')[0], answer
            head, leaving = ask()
        assert leaving == b'0', head
    for i in range(100):
        assert get(usher, b'/health').startswith(b'HTTP/1.1 200') and get(usher, b'/').endswith(b'\r\n\r\n0')

# Nor does who is followed by a process that was told of it by -sf, without -x; a master tells its worker.
for args in ([], ['-W']):
    with Usher(CONFIG % '600s', sockets=['fe', 'nlb'], args=args) as old:
        get(old, b'/')
        while args and 'Loading success' not in old.log():
            pass
        with open('new.log', 'wb') as log:
            new = subprocess.Popen([PROGRAM, '-f', 'usher.cfg', '-sf', str(old.process.pid)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env=old.env, pass_fds=[s.fileno() for s in old.listening.values()])
        try:
            assert old.process.wait(WAIT_S) == 0
            assert get(old, b'/health').startswith(b'HTTP/1.1 200')
        finally:
            new.terminate()
            new.wait()
