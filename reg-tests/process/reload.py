# SPDX-License-Identifier: Apache-2.0
"""Reloads under load: threads 4, 2, 8; binds added and removed; a broken configuration; two reloads at once; a worker
killed while it starts. Every connection that is made is served."""
# tsan
import os
import signal
import socket
import subprocess

from _load import Load, await_true, reserve, show_log
from _usher import PROGRAM, WAIT_S

NOTIFY = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
NOTIFY.bind('notify.sock')
NOTIFY.settimeout(WAIT_S)


reserved = [reserve() for _ in range(2)]
PORT, EXTRA = (s.getsockname()[1] for s in reserved)
UNIX = os.path.join(os.getcwd(), 'fe.sock')


def configure(threads, binds, extra=''):
    text = f'global\n    nbthread {threads}\n{extra}defaults\n    mode tcp\n    timeout client 20s\n'
    for i, bind in enumerate(binds):
        text += f'listen l{i}\n    bind {bind}\n    tcp-request content use-service echo\n'
    with open('usher.cfg.new', 'w') as f:
        f.write(text)
    os.rename('usher.cfg.new', 'usher.cfg')


FIXED = [f'127.0.0.1:{PORT}', f'unix@{UNIX}', '"fd@${inherited}"']
OPTIONAL = f'127.0.0.1:{EXTRA}'


def await_ready(status=b'Ready.'):
    """The next READY=1 of the master."""
    while True:
        said = NOTIFY.recv(4096)
        if b'READY=1' in said and not b'RELOADING' in said:
            assert b'STATUS=' + status in said, (said, show_log())
            return


def workers():
    return [int(p) for p in subprocess.run(['pgrep', '-P', str(master.pid)], stdout=subprocess.PIPE, text=True).stdout.split()]


inherited = socket.create_server(('127.0.0.1', 0), backlog=1024)
configure(4, FIXED)
with open('log', 'wb') as log:
    master = subprocess.Popen([PROGRAM, *os.environ.get('HAPROXY_ARGS', '').split(), '-Ws', '-p', 'pid', '-f', 'usher.cfg'],
                              stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[inherited.fileno()],
                              env=dict(os.environ, NOTIFY_SOCKET='notify.sock', inherited=str(inherited.fileno())))
try:
    await_ready()
    assert int(open('pid').read()) == master.pid
    first = workers()
    assert len(first) == 1
    held = socket.create_connection(('127.0.0.1', PORT), timeout=WAIT_S)
    held.sendall(b'held')
    assert held.recv(4) == b'held'
    load = [Load(socket.AF_INET, ('127.0.0.1', PORT)) for _ in range(3)]
    load += [Load(socket.AF_UNIX, UNIX), Load(socket.AF_INET, inherited.getsockname())]

    def reload(how=signal.SIGUSR2, status=b'Ready.'):
        master.send_signal(how)
        await_ready(status)
        for l in load:
            l.check()

    # Fewer and more threads: every socket of the group is accepted by somebody.
    for threads in (2, 8, 4, 1, 8, 2, 4):
        configure(threads, FIXED)
        reload(signal.SIGHUP if threads == 1 else signal.SIGUSR2)

    # The first worker still serves its connection, and nobody else lives but the current one.
    held.sendall(b'held')
    assert held.recv(4) == b'held'
    await_true('two workers', lambda: len(workers()) == 2 and first[0] in workers())
    held.close()
    await_true('one worker', lambda: len(workers()) == 1)

    # A bind comes and goes, under load that may be refused but never cut off.
    optional = Load(socket.AF_INET, ('127.0.0.1', EXTRA), may_refuse=True)
    for times in range(3):
        configure(4, FIXED + [OPTIONAL])
        reload()
        optional.check()
        configure(2, FIXED)
        reload()
        refused = optional.refused
        await_true('still there', lambda: optional.refused > refused)
        assert not optional.faults, optional.faults[:5]
    optional.finish()

    # A broken configuration costs a line and nothing else.
    await_true('one worker', lambda: len(workers()) == 1)
    before = workers()
    configure(4, FIXED, '    bogus\n')
    reload(status=b'Reload failed!')
    assert 'bogus' in show_log()
    await_true('the old worker alone', lambda: workers() == before)

    # Nor does a port that cannot be had, though other sockets were bound before it.
    taken = socket.create_server(('127.0.0.1', 0))
    configure(8, FIXED + [f'127.0.0.1:{taken.getsockname()[1]}'])
    reload(status=b'Reload failed!')
    await_true('the old worker alone', lambda: workers() == before)

    # Two reloads at once: one behind the other.
    configure(4, FIXED)
    master.send_signal(signal.SIGUSR2)
    master.send_signal(signal.SIGHUP)
    reload()
    await_true('one worker', lambda: len(workers()) == 1)
    NOTIFY.setblocking(False)
    try:
        while NOTIFY.recv(4096):
            pass
    except BlockingIOError:
        NOTIFY.settimeout(WAIT_S)

    # A worker killed when it has bound its sockets and waits for its turn: the old one is stopped meanwhile, so that its
    # state does not come.
    configure(8, FIXED)
    old = workers()[0]
    for times in range(2):
        os.kill(old, signal.SIGSTOP)
        master.send_signal(signal.SIGUSR2)
        await_true('a second worker', lambda: len(workers()) == 2)
        new = next(p for p in workers() if p != old)
        await_true('its threads', lambda: len(os.listdir(f'/proc/{new}/task')) >= 8)
        os.kill(new, signal.SIGKILL)
        os.kill(old, signal.SIGCONT)
        await_ready(b'Reload failed!')
        for l in load:
            l.check()
        assert workers() == [old]
    reload()

    # A drain of all: what is under way is served to its end.
    held = socket.create_connection(('127.0.0.1', PORT), timeout=WAIT_S)
    held.sendall(b'held')
    assert held.recv(4) == b'held'
    for l in load:
        l.over = True
    for l in load:
        l.finish()
    master.send_signal(signal.SIGUSR1)
    inherited.close()
    def gone():
        try:
            socket.create_connection(('127.0.0.1', PORT), timeout=WAIT_S).close()
        except OSError:
            return True
    await_true('still listening', gone)
    held.sendall(b'held')
    assert held.recv(4) == b'held'
    assert master.poll() is None
    held.close()
    assert master.wait(WAIT_S) == 0
    print(sum(l.served for l in load), 'connections served')
finally:
    for pid in workers() + [master.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    master.wait()
