# SPDX-License-Identifier: Apache-2.0
"""maxconn, ulimit-n and strict-limits against the system's limit; identity, processors and grace of a running process."""
import os
import resource
import shutil
import signal
import subprocess

from _usher import PROGRAM, WAIT_S, Usher

LISTEN = '''
listen l
    bind "fd@${fe}"
    timeout client 10s
    tcp-request content use-service whoami
'''


def refused(config, *args, limit):
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        if os.geteuid() == 0:  # root may raise it again: be nobody
            os.setgid(65534)
            os.setuid(65534)
    # Nobody may not look into every folder where a program is built.
    os.chmod('.', 0o755)
    shutil.copy(PROGRAM, 'program')
    open('x.cfg', 'w').write(config + 'listen l\n bind 127.0.0.1:1\n timeout client 1s\n')
    r = subprocess.run(['./program', *args, '-f', 'x.cfg'], preexec_fn=lower, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       timeout=WAIT_S)
    assert r.returncode == 1, r.stdout
    return r.stdout


out = refused('global\n nbthread 1\n maxconn 5000\n', limit=2000)
assert 'maxconn 5000 needs 10' in out and 'the limit is 2000' in out, out
out = refused('global\n nbthread 1\n', '-n', '6000', limit=2000)
assert 'maxconn 6000 needs 12' in out, out
# Checks cost descriptors, servers without them none of their own.
many = 'global\n nbthread 1\n maxconn 500\nbackend b\n' + ''.join(f' server s{i} 127.0.0.1:1 WORDS\n' for i in range(2000))
out = refused(many.replace('WORDS', 'check'), limit=2000)
assert 'maxconn 500 needs 3' in out, out
assert ' needs ' not in refused(many.replace('WORDS', ''), limit=2000)
# As a warning it goes on, to fail at the port it may not bind.
out = refused('global\n nbthread 1\n maxconn 5000\n no strict-limits\n', limit=2000)
assert '[WARNING]' in out and 'maxconn 5000 needs' in out, out


def status(usher, name):
    for line in open(f'/proc/{usher.process.pid}/status'):
        if line.startswith(name + ':'):
            return line.split(':', 1)[1].split()
    return None


def served(usher):
    with usher.connect('fe') as c:
        c.sendall(b'x\n')
        return c.recv(1000)


who = 'user nobody\n group nogroup\n' if os.geteuid() == 0 else ''
with Usher(f'global\n nbthread 1\n maxconn 50\n {who} cpu-map 1 0\n' + LISTEN, ['fe']) as usher:
    assert served(usher)
    if who:
        assert set(status(usher, 'Uid')) == {'65534'} and set(status(usher, 'Gid')) == {'65534'} and status(usher, 'Groups') == []
    assert status(usher, 'NoNewPrivs') == ['1']
    assert os.sched_getaffinity(usher.process.pid) == {0}

# grace: after SIGUSR1 clients are still served; SIGTERM ends the wait.
with Usher('global\n nbthread 1\n grace 1h\n' + LISTEN, ['fe']) as usher:
    assert served(usher)
    usher.process.send_signal(signal.SIGUSR1)
    assert served(usher)
