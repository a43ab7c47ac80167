# SPDX-License-Identifier: Apache-2.0
"""From start to end: -c and its exit codes, daemon and pidfile, signals, draining with a live connection."""
# tsan
import os
import select
import signal
import socket
import subprocess

from _usher import PROGRAM, WAIT_S, Origin, Usher, echo

ARGS = os.environ.get('HAPROXY_ARGS', '').split()
origin = Origin(echo)
DEFAULTS = '''
defaults
    mode tcp
    timeout connect 10s
    timeout client 20s
    timeout server 20s
'''
SERVE = DEFAULTS + f'''
listen fe
    bind "fd@${{fe}}"
    server s 127.0.0.1:{origin.port}
'''


def run(text, *args, keep=ARGS):
    with open('check.cfg', 'w') as f:
        f.write(text)
    p = subprocess.run([PROGRAM, *keep, *args, '-f', 'check.cfg'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=WAIT_S)
    return p.returncode, p.stdout


def answers(client):
    client.sendall(b'ping')
    return client.recv(4) == b'ping'


def refused(address):
    try:
        socket.create_connection(address, timeout=WAIT_S).close()
    except ConnectionRefusedError:
        return True
    return False


# -c: 0 good, 1 bad, 2 nothing to listen on; what it says.
plain = DEFAULTS + 'listen fe\n    bind 127.0.0.1:1\n    server s 127.0.0.1:1\n'
assert run(plain, '-c') == (0, 'Configuration file is valid\n')
assert run(plain, '-c', '-q') == (0, '')
assert run(plain, '-c', '-q', '-V') == (0, 'Configuration file is valid\n')
assert run('global\n    quiet\n' + plain, '-c') == (0, '')
code, said = run('global\n    bogus\n' + plain, '-c')
assert code == 1 and '[check.cfg:2]' in said and 'Fatal errors found in configuration.' in said, said
code, said = run(DEFAULTS + 'backend be\n    server s 127.0.0.1:1\n', '-c')
assert code == 2 and 'nothing listens' in said, said
silent = DEFAULTS.replace('    timeout client 20s\n', '') + 'listen fe\n    bind 127.0.0.1:1\n    server s 127.0.0.1:1\n'
code, said = run(silent, '-c', keep=[])
assert code == 0 and 'Warnings were found.\nConfiguration file is valid\n' in said, said
code, said = run(silent, '-c', '-dW')
assert code == 1 and 'zero-warning' in said, said

# The same mistakes at start.
code, said = run('global\n    bogus\n' + plain)
assert code == 1, said
code, said = run(DEFAULTS + 'backend be\n    server s 127.0.0.1:1\n')
assert code == 1 and 'nothing listens' in said, said
taken = socket.create_server(('127.0.0.1', 0))
busy = DEFAULTS + f'listen fe\n    bind 127.0.0.1:{taken.getsockname()[1]}\n    server s 127.0.0.1:1\n'
code, said = run(busy)
assert code == 1 and '[check.cfg:' in said and 'cannot bind socket' in said, said
# A daemon's parent knows too.
code, said = run(busy, '-D')
assert code == 1 and 'cannot bind socket' in said, said
code, said = run('global\n    chroot /nowhere/at/all\n' + plain.replace(':1\n', ':0\n', 1), '-D')
assert code == 1, said

# Signals that end it: it dies by them.
for how in signal.SIGTERM, signal.SIGINT:
    with Usher(SERVE, sockets=['fe']) as usher:
        with usher.connect('fe') as c:
            assert answers(c)
            assert usher.stop(how) in (-how, 128 + how), usher.log()
            assert c.recv(1) == b''

# SIGUSR1 with a live connection: no new ones, the old one goes on, its end is the end of the process.
with Usher(DEFAULTS + f'''
listen fe
    bind unix@{os.getcwd()}/fe.sock
    bind "fd@${{fe}}"
    server s 127.0.0.1:{origin.port}
''', sockets=['fe']) as usher:
    with usher.connect('fe') as c:
        assert answers(c)
        usher.process.send_signal(signal.SIGUSR1)
        for i in range(100):
            assert answers(c)
        # The unix socket is nobody's now; a connection made before that was let in is served all the same.
        while True:
            u = socket.socket(socket.AF_UNIX)
            u.settimeout(WAIT_S)
            with u:
                try:
                    u.connect('fe.sock')
                    u.sendall(b'ping')
                    if u.recv(4) != b'ping':
                        break
                except (ConnectionRefusedError, ConnectionResetError, BrokenPipeError):
                    break
        assert usher.process.poll() is None
        assert answers(c)
    assert usher.process.wait(WAIT_S) == 0

# hard-stop-after bounds a drain.
with Usher('global\n    pidfile front.pid\n    hard-stop-after 200ms\n' + SERVE, sockets=['fe']) as usher:
    with usher.connect('fe') as c:
        assert answers(c)
        assert not os.path.exists('front.pid') # a trial run leaves the service's file alone
        usher.process.send_signal(signal.SIGUSR1)
        assert usher.process.wait(WAIT_S) == 0
        assert c.recv(1) == b''

# A daemon: its parent leaves when it is ready, keeps no pipe open, and the file holds the daemon's number.
listening = socket.create_server(('127.0.0.1', 0))
with open('daemon.cfg', 'w') as f:
    f.write(f'global\n    pidfile {os.getcwd()}/other.pid\n    daemon\n' + SERVE)
p = subprocess.Popen([PROGRAM, *ARGS, '-p', 'daemon.pid', '-f', 'daemon.cfg'], stdin=subprocess.DEVNULL,
                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[listening.fileno()],
                     env=dict(os.environ, fe=str(listening.fileno())))
said = p.stdout.read()  # to the end: nobody holds it any more
assert p.wait(WAIT_S) == 0, said
pid = int(open('daemon.pid').read())
assert pid != p.pid and not os.path.exists('other.pid')
address = listening.getsockname()
listening.close()
with socket.create_connection(address, timeout=WAIT_S) as c:
    assert answers(c)
    assert os.readlink(f'/proc/{pid}/fd/0') == os.readlink(f'/proc/{pid}/fd/2') == '/dev/null'
    end = os.pidfd_open(pid)
    os.kill(pid, signal.SIGUSR1)
    assert answers(c)
assert select.select([end], [], [], WAIT_S)[0], 'the daemon did not leave'
assert refused(address)
