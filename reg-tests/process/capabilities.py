# SPDX-License-Identifier: Apache-2.0
"""What a process may do once its sockets are bound: nothing, or what keep-capabilities says. Needs root."""
import os
import socket
import subprocess
import sys

from _usher import PROGRAM, WAIT_S, Usher

BIND, RAW = 1 << 10, 1 << 13
CONFIG = '''
global
    nbthread 2
    %s
listen l
    bind "fd@${fe}"
    timeout client 10s
    tcp-request content use-service whoami
'''


def capabilities(pid):
    """Of every thread: permitted, effective, inheritable, ambient; and what can ever be had again."""
    sets = []
    for thread in os.listdir(f'/proc/{pid}/task'):
        lines = dict(line.split(':\t', 1) for line in open(f'/proc/{pid}/task/{thread}/status') if ':\t' in line)
        sets.append([int(lines[f'Cap{name}'], 16) for name in ('Prm', 'Eff', 'Inh', 'Amb', 'Bnd')])
    assert all(s == sets[0] for s in sets), sets
    return sets[0]


def of(setting):
    with Usher(CONFIG % setting, ['fe']) as usher:
        with usher.connect('fe') as c:
            c.sendall(b'x\n')
            assert c.recv(1000)
        return capabilities(usher.process.pid)


if os.geteuid() != 0:
    sys.exit(77)
all_of_them = capabilities(os.getpid())
if not all_of_them[1] & BIND:
    sys.exit(77)
assert of('') == all_of_them, 'root stays root'
assert of('uid 65534') == [0, 0, 0, 0, 0]
assert of('uid 65534\n    keep-capabilities cap_net_bind_service') == [BIND, BIND, 0, 0, BIND]
assert of('keep-capabilities none') == [0, 0, 0, 0, 0]
assert of('uid 65534\n    insecure-setuid-wanted')[:4] == [0, 0, 0, 0]

# Not root, but allowed to have any port, as a service of systemd is: bound first, given up then; what is missing is said.
low = next(port for port in range(1023, 512, -1) if socket.socket().connect_ex(('127.0.0.1', port)))
os.chmod('.', 0o755)
with open('program', 'wb') as copy: # nobody may not look into every folder where a program is built
    copy.write(open(PROGRAM, 'rb').read())
os.chmod('program', 0o755)
with open('low.cfg', 'w') as f:
    f.write(f'listen l\n bind 127.0.0.1:{low}\n timeout client 10s\n tcp-request content use-service whoami\n')
with open('want.cfg', 'w') as f:
    f.write('global\n keep-capabilities cap_net_bind_service,cap_net_raw\n')
as_service = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=+net_bind_service',
              '--ambient-caps=+net_bind_service', './program', '-dW', '-f', 'low.cfg']
with subprocess.Popen(as_service, stdin=subprocess.DEVNULL) as process:
    try:
        while True:
            assert process.poll() is None
            try:
                c = socket.create_connection(('127.0.0.1', low), WAIT_S)
                break
            except ConnectionRefusedError:
                continue
        with c:
            c.sendall(b'x\n')
            assert c.recv(1000)
        assert capabilities(process.pid)[:4] == [0, 0, 0, 0]
    finally:
        process.terminate()
r = subprocess.run([*as_service, '-f', 'want.cfg'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
assert r.returncode == 1 and 'cannot keep a capability' in r.stdout, r.stdout
