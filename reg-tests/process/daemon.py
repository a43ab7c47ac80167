# SPDX-License-Identifier: Apache-2.0
"""-D: the command returns once all is bound, the pid file names the process in the background, -sf and -st end it."""
import os
import select
import signal
import socket
import subprocess

from _usher import WAIT_S

PROGRAM = os.environ['HAPROXY_PROGRAM']
FLAGS = os.environ.get('HAPROXY_ARGS', '').split()


def start(*args):
    """Runs to the end of the command in front; the pid in the file."""
    r = subprocess.run([PROGRAM, *FLAGS, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       pass_fds=[fe.fileno()], env=dict(os.environ, fe=str(fe.fileno())), timeout=WAIT_S, text=True)
    assert r.returncode == 0, r.stdout
    return int(open('pid').read())


def wait_end(pid_fd):
    assert select.select([pid_fd], [], [], WAIT_S)[0], 'the process did not end'
    os.close(pid_fd)


fe = socket.create_server(('127.0.0.1', 0), backlog=64)
open('a.cfg', 'w').write('''
global
    maxconn 100
    pidfile pid
listen l
    bind "fd@${fe}"
    timeout client 10s
    tcp-request content use-service echo
''')
first = start('-D', '-f', 'a.cfg')
watch = os.pidfd_open(first)
try:
    c = socket.create_connection(fe.getsockname(), timeout=WAIT_S)
    c.sendall(b'hello')
    assert c.recv(5) == b'hello'
    # Nothing of the background process holds our streams or our session.
    assert os.readlink(f'/proc/{first}/fd/1') == '/dev/null'
    assert os.getsid(first) != os.getsid(0)
    # A second one sends the first to its end; the open connection is served to its own.
    second = start('-D', '-p', 'pid', '-f', 'a.cfg', '-sf', str(first))
    watch_second = os.pidfd_open(second)
    assert second != first
    c.sendall(b'more')
    assert c.recv(4) == b'more'
    c.close()
    wait_end(watch)
    third = start('-D', '-f', 'a.cfg', '-st', str(second))
    wait_end(watch_second)
    watch = os.pidfd_open(third)
    os.kill(third, signal.SIGTERM)
    wait_end(watch)
finally:
    for pid in {int(open('pid').read()), first}:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

# What goes wrong before the background shows in front.
r = subprocess.run([PROGRAM, '-D', '-p', 'no/where', '-f', 'a.cfg'], env=dict(os.environ, fe=str(fe.fileno())), pass_fds=[fe.fileno()],
                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=WAIT_S)
assert r.returncode == 1 and 'no/where' in r.stdout, r.stdout
