# SPDX-License-Identifier: Apache-2.0
"""What operators ordered and checks found survives a reload; what the new configuration says about the same wins."""
import os
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'process'))
from _usher import PROGRAM, WAIT_S, ask_cli  # noqa: E402

notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind('notify.sock')
notify.settimeout(WAIT_S)
origin = socket.create_server(('127.0.0.1', 0))
refusing = socket.socket()  # bound, not listening
refusing.bind(('127.0.0.1', 0))
PORT, REFUSING = origin.getsockname()[1], refusing.getsockname()[1]


def configure(weight=10, disabled='disabled', extra='', maxconn=20):
    # The first is checked at once, the others in half a minute and more.
    with open('new.cfg', 'w') as f:
        f.write(f'''
global
    stats socket unix@cli.sock level admin
    nbthread 2
defaults
    mode tcp
    timeout client 20s
    timeout server 20s
    timeout connect 20s
    default-server inter 120s
listen fe
    bind "fd@${{fe}}"
    server checked 127.0.0.1:{REFUSING} check
    server weighed 127.0.0.1:{PORT} check weight {weight}
    server drained 127.0.0.1:{PORT} check weight 20
    server downed 127.0.0.1:{PORT} check weight 20
    server parked 127.0.0.1:{PORT} {disabled}
    server kept 127.0.0.1:{PORT}
    server moved 127.0.0.1:1 ssl verify none no-ssl check disabled agent-check agent-port 1 agent-inter 120s maxconn {maxconn}
{extra}''')
    os.rename('new.cfg', 'usher.cfg')


def ask(*commands):
    return ask_cli('cli.sock', *commands)


def state():
    """name -> (operational state, admin state, weight)"""
    rows = [r.split() for r in ask('show servers state').split('\n')[2:] if r]
    return {r[3]: tuple(int(n) for n in r[5:8]) for r in rows}


def places():
    """Where the one that was moved is and whether by TLS, with its check and its agent; limits of server, frontend and process."""
    row, = [r for r in (line.split() for line in ask('show servers state').split('\n')[2:]) if r and r[3] == 'moved']
    stat = {tuple(r[:2]): r[6] for r in (line.split(',') for line in ask('show stat').split('\n') if ',' in line)}
    return (row[4], row[18], *row[20:25], stat['fe', 'moved'], stat['fe', 'FRONTEND'],
            next(l for l in ask('show info').split('\n') if l.startswith('Maxconn:')).split()[1])


def pid():
    return int(next(l for l in ask('show info').split('\n') if l.startswith('Pid:')).split()[1])


def await_state(**wanted):
    until = time.monotonic() + WAIT_S
    while True:
        seen = {name: state()[name] for name in wanted}
        if seen == wanted:
            return
        assert time.monotonic() < until, (wanted, seen, open('log').read())
        time.sleep(0.01)


def await_ready():
    while b'READY=1' not in (said := notify.recv(4096)) or b'RELOADING' in said:
        pass


inherited = socket.create_server(('127.0.0.1', 0))
configure()
with open('log', 'wb') as log:
    master = subprocess.Popen([PROGRAM, *os.environ.get('HAPROXY_ARGS', '').split(), '-Ws', '-f', 'usher.cfg'],
                              stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[inherited.fileno()],
                              env=dict(os.environ, NOTIFY_SOCKET='notify.sock', fe=str(inherited.fileno())))


def reload():
    before = pid()
    master.send_signal(signal.SIGUSR2)
    await_ready()
    until = time.monotonic() + WAIT_S
    while pid() == before:
        assert time.monotonic() < until, open('log').read()
        time.sleep(0.01)


try:
    await_ready()
    await_state(checked=(0, 0, 1))
    ask('set server fe/weighed weight 50%', 'set server fe/drained state drain', 'set server fe/downed health down',
        'enable server fe/parked', 'disable server fe/kept')
    orders = dict(checked=(0, 0, 1), weighed=(2, 0, 5), drained=(2, 8, 20), downed=(0, 0, 20), parked=(2, 4, 1), kept=(0, 1, 1))
    await_state(**orders)
    ask('set server fe/moved addr 127.0.0.2 port 2', 'set server fe/moved check-addr 127.0.0.3 port 3',
        'set server fe/moved agent-addr 127.0.0.4 port 4', 'set maxconn server fe/moved 5', 'set maxconn frontend fe 60',
        'set maxconn global 70', 'set server fe/moved ssl on')
    ordered = ('127.0.0.2', '2', '1', '3', '127.0.0.3', '127.0.0.4', '4', '5', '60', '70')
    assert places() == ordered, places()
    # One that was added, and is not in the file, does not pass over a reload.
    assert 'New server registered.' in ask(f'add server fe/added 127.0.0.1:{PORT}')
    orders['added'] = (0, 1, 1)
    await_state(**orders)
    del orders['added']
    for _ in range(2):  # and once more: what was taken over is handed on
        reload()
        await_state(**orders)
        assert places() == ordered, places()
        assert 'added' not in state()

    # The new file speaks about two of them, and has one more.
    configure(weight=30, disabled='', extra=f'    server young 127.0.0.1:{PORT}\n', maxconn=21)
    reload()
    assert places() == (*ordered[:7], '21', *ordered[8:]), places()
    orders.update(weighed=(2, 0, 30), parked=(2, 0, 1), young=(2, 0, 1))
    await_state(**orders)
    configure(weight=30, disabled='disabled')
    reload()
    del orders['young']
    orders.update(parked=(0, 5, 1))
    await_state(**orders)
    # Told silently: the log of this worker has no line about them but those of its own check.
    assert 'fe/drained' not in open('log').read().split('enters drain state')[-1]
finally:
    master.terminate()
    master.wait(WAIT_S)
