# SPDX-License-Identifier: Apache-2.0
"""Reloads without a master: -x takes the listening sockets over (it asks with _getsocks), -sf ends the old process, and
every connection that is made is served. Without SO_REUSEPORT the old process makes room for the new one, and takes it
back when that fails."""
# tsan
import os
import signal
import socket
import subprocess

from _load import Load, await_true, reserve, show_log
from _usher import PROGRAM, WAIT_S

NOISE = os.environ.get('HAPROXY_ARGS', '').split()
reserved = [reserve() for _ in range(2)]
PORT, EXTRA = (s.getsockname()[1] for s in reserved)
HERE = os.getcwd()
SOCKET = f'{HERE}/stats.sock'
started = []


def configure(threads, binds, extra='', expose='expose-fd listeners'):
    text = f'global\n    nbthread {threads}\n    stats socket unix@{SOCKET} level admin {expose}\n{extra}'
    text += 'defaults\n    mode tcp\n    timeout client 20s\n'
    for i, bind in enumerate(binds):
        text += f'listen l{i}\n    bind {bind}\n    tcp-request content use-service echo\n'
    with open('usher.cfg', 'w') as f:
        f.write(text)


def start(*args):
    """A process in the background that accepts, or None; told by the command in front."""
    with open('log', 'ab') as log:
        code = subprocess.run([PROGRAM, *NOISE, '-D', '-p', 'pid', '-f', 'usher.cfg', *args], stdin=subprocess.DEVNULL,
                              stdout=log, stderr=log, timeout=WAIT_S).returncode
    if code:
        return None
    started.append(int(open('pid').read()))
    return started[-1]


def alive(pid):
    try:
        return open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


FIXED = [f'127.0.0.1:{PORT}', f'unix@{HERE}/fe.sock', f'abns@usher-test-{os.getpid()}']
try:
    configure(4, FIXED)
    old = start()
    assert old, show_log()
    load = [Load(socket.AF_INET, ('127.0.0.1', PORT)) for _ in range(3)]
    load.append(Load(socket.AF_UNIX, f'{HERE}/fe.sock'))
    optional = Load(socket.AF_INET, ('127.0.0.1', EXTRA), may_refuse=True)
    for threads, more in (2, True), (8, False), (4, True), (1, False), (4, False):
        held = socket.create_connection(('127.0.0.1', PORT), timeout=WAIT_S)
        held.sendall(b'held')
        assert held.recv(4) == b'held'
        configure(threads, FIXED + [f'127.0.0.1:{EXTRA}'] * more)
        new = start('-x', SOCKET, '-sf', str(old))
        assert new, show_log()
        for l in load:
            l.check()
        if more:
            optional.check()
        held.sendall(b'more')
        assert held.recv(4) == b'more' and alive(old)
        held.close()
        await_true('the old process stays', lambda: not alive(old))
        old = new
    assert not optional.faults, optional.faults[:5]
    # The abstract socket went along.
    with socket.socket(socket.AF_UNIX) as c:
        c.settimeout(WAIT_S)
        c.connect(f'\0usher-test-{os.getpid()}'.ljust(108, '\0'))
        c.sendall(b'x')
        assert c.recv(1) == b'x'

    # What goes wrong with -x stops the start, and the old process goes on.
    assert start('-x', f'{HERE}/nobody.sock', '-sf', str(old)) is None and 'cannot connect' in show_log()
    configure(4, FIXED, extra='    bogus\n')
    assert start('-x', SOCKET, '-sf', str(old)) is None
    configure(4, FIXED, expose='')
    new = start('-x', SOCKET, '-sf', str(old))
    assert new
    await_true('the old process stays', lambda: not alive(old))
    assert start('-x', SOCKET, '-sf', str(new)) is None and 'does not hand any out' in show_log()
    for l in load:
        l.check()
        l.finish()
    optional.finish()

    # Addresses that cannot be shared: the old process frees them; when the new one fails it takes them back.
    os.kill(new, signal.SIGTERM)
    await_true('it stays', lambda: not alive(new))
    for s in reserved:
        s.close()
    configure(2, FIXED, extra='    noreuseport\n')
    old = start()
    assert old, show_log()
    taken = socket.create_server(('127.0.0.1', 0))
    configure(2, FIXED + [f'127.0.0.1:{taken.getsockname()[1]}'], extra='    noreuseport\n')
    assert start('-sf', str(old)) is None
    patient = Load(socket.AF_INET, ('127.0.0.1', PORT), may_refuse=True)
    patient.check()
    assert alive(old)
    configure(2, FIXED, extra='    noreuseport\n')
    new = start('-sf', str(old))
    assert new, show_log()
    await_true('the old process stays', lambda: not alive(old))
    patient.check()
    patient.finish()
    # -st does not wait.
    held = socket.create_connection(('127.0.0.1', PORT), timeout=WAIT_S)
    held.sendall(b'held')
    assert held.recv(4) == b'held'
    assert start('-st', str(new)), show_log()
    assert held.recv(1) == b''
    await_true('the old process stays', lambda: not alive(new))
finally:
    for pid in started:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
