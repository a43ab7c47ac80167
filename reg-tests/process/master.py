# SPDX-License-Identifier: Apache-2.0
"""The master: its socket (show proc, reload, @<worker>), state that survives a reload, mworker-max-reloads, exit codes."""
# tsan
import os
import select
import signal
import socket
import subprocess

from _load import await_true
from _usher import PROGRAM, WAIT_S, Origin, Usher, ask_cli, read_all, echo

origin = Origin(echo)
CONFIG = f'''
global
    nbthread 2
    mworker-max-reloads 2
    stats socket "fd@${{cli}}" level admin
    description "${{HAPROXY_MWORKER}} ${{HAPROXY_MASTER_CLI}}"
defaults
    mode tcp
    timeout connect 10s
    timeout client 20s
    timeout server 20s
listen fe
    bind "fd@${{fe}}"
    server s 127.0.0.1:{origin.port} weight 10
'''


def rows(text):
    """{'master': [pid], 'workers': [...], 'old workers': [...]}"""
    found, part = {}, 'master'
    for line in text.splitlines()[1:]:
        if line.startswith('#'):
            part = line[2:]
        elif line:
            found.setdefault(part, []).append(int(line.split()[0]))
    return found


def await_end(*pids):
    for fd in pids:
        assert select.select([fd], [], [], WAIT_S)[0], 'a process did not end'
        os.close(fd)


with Usher(CONFIG, sockets=['fe', 'cli'], args=['-W', '-p', 'pid', '-S', 'unix@m.sock,mode,600,level,operator']) as usher:
    usher.connect('fe').close()  # served once there is a worker
    with usher.connect('fe') as c:
        c.sendall(b'x')
        assert c.recv(1) == b'x'
    # The worker accepts before the master has written its own number down.
    await_true('a pidfile', lambda: os.path.exists('pid'))
    seen = rows(ask_cli('m.sock', 'show proc'))
    assert seen['master'] == [usher.process.pid] == [int(open('pid').read())], seen
    assert len(seen['workers']) == 1 and 'old workers' not in seen
    assert os.stat('m.sock').st_mode & 0o777 == 0o600
    # Its level goes with a command to the worker; reload needs more.
    assert ask_cli('m.sock', '@1 show cli level') == 'operator\n\n'
    assert ask_cli('m.sock', 'reload') == 'Permission denied\n\n'
    assert 'Unknown command' in ask_cli('m.sock', 'show stat')
    assert "Can't find" in ask_cli('m.sock', '@!1 show stat')
    assert usher.stop(signal.SIGINT) == 130

# The first worker may be asked before the master knows that it accepts; here, before it has read its configuration.
os.unlink('m.sock')
os.mkfifo('slow.map')
SLOW = CONFIG + """
frontend slow
    mode http
    bind "fd@${slow}"
    http-request return status 200 hdr v %[path,map(slow.map)]
"""
with Usher(SLOW, sockets=['fe', 'cli', 'slow'], args=['-W', '-S', 'unix@m.sock']) as usher:
    await_true('the socket of the master', lambda: socket.socket(socket.AF_UNIX).connect_ex('m.sock') == 0)
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(WAIT_S)
        s.connect('m.sock')
        s.sendall(b'@1 show info\n')
        s.shutdown(socket.SHUT_WR)
        ask_cli('m.sock', 'show proc')  # the master has seen the other command before
        with open('slow.map', 'w') as f:
            f.write('a b\n')
        assert '\nPid: ' in read_all(s).decode()

with Usher(CONFIG, sockets=['fe', 'cli'], args=['-W', '-S', f'unix@{os.getcwd()}/m.sock']) as usher:
    held = []

    def hold():
        c = usher.connect('fe')
        c.sendall(b'x')
        assert c.recv(1) == b'x'
        held.append(c)

    hold()
    first = rows(ask_cli('m.sock', 'show proc'))['workers'][0]
    first_end = os.pidfd_open(first)
    info = ask_cli(usher.address('cli'), 'show info')
    assert f'description: 1 unix@{os.getcwd()}/m.sock' in info, info
    # What an operator set lives on in the next worker.
    assert ask_cli(usher.address('cli'), 'set server fe/s weight 7') == '\n'
    reply = ask_cli('m.sock', 'reload')
    assert reply.startswith('Success=1\n'), reply
    second = rows(ask_cli('m.sock', 'show proc'))
    assert second['old workers'] == [first] and second['workers'] != [first]
    assert ask_cli('m.sock', '@1 get weight fe/s') == ask_cli(usher.address('cli'), 'get weight fe/s') == '7 (initial 10)\n\n'
    # Modes of a session here are those of its commands there.
    assert ask_cli('m.sock', 'expert-mode on', 'experimental-mode on', '@1 expert-mode;experimental-mode', '@1 debug dev sym 0x10') == \
        '\n\nexpert-mode is ON\n\nexperimental-mode is ON\n\n0x10: no code is there.\n\n'
    assert ask_cli('m.sock', f'@!{first} show version; @{first} show version') == ask_cli('m.sock', 'show version; show version')
    held[0].sendall(b'y')
    assert held[0].recv(1) == b'y'
    # mworker-max-reloads 2: the first worker outlives two reloads, not three.
    hold()
    for expected in ([first, second['workers'][0]], [second['workers'][0]]):
        assert ask_cli('m.sock', 'reload').startswith('Success=1\n')
        if first not in expected:
            await_end(first_end)
        now = rows(ask_cli('m.sock', 'show proc'))['old workers']
        assert [p for p in now if p in (first, second['workers'][0])] == expected, (now, expected)
    assert held[0].recv(1) == b''
    # A reload that fails says why.
    with open('usher.cfg', 'a') as f:
        f.write('    bogus\n')
    reply = ask_cli('m.sock', 'reload')
    assert reply.startswith('Success=0\n--\n') and 'bogus' in reply, reply
    # A session with a prompt may turn to a worker for good.
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(WAIT_S)
        s.connect('m.sock')
        s.sendall(b'prompt\n@1\nget weight fe/s\n@\nquit\n')
        assert read_all(s).decode() == '\nmaster> \n1> 7 (initial 10)\n\n1> \nmaster> '
    assert usher.stop(signal.SIGTERM) == 143

# A worker that dies unasked takes the master with it, with its status; no-exit-on-failure: it is replaced.
for words, survives in ('master-worker', False), ('master-worker no-exit-on-failure', True):
    with Usher(CONFIG.replace('nbthread 2', f'nbthread 2\n    {words}'), sockets=['fe', 'cli'], args=['-S', 'unix@m.sock']) as usher:
        with usher.connect('fe') as c:
            c.sendall(b'x')
            assert c.recv(1) == b'x'
        # It serves a moment before the master hears that it does; until then it is one that never got ready.
        await_true('the worker is ready', lambda: 'Loading success' in usher.log())
        worker = rows(ask_cli('m.sock', 'show proc'))['workers'][0]
        os.kill(worker, signal.SIGKILL)
        if not survives:
            assert usher.process.wait(WAIT_S) == 137
            usher.process.returncode = 0  # as it should be
            continue
        with usher.connect('fe') as c:
            c.sendall(b'x')
            assert c.recv(1) == b'x'
        assert rows(ask_cli('m.sock', 'show proc'))['workers'][0] != worker

# A master that is gone without a word: its worker serves what it has and leaves.
with Usher(CONFIG, sockets=['fe', 'cli'], args=['-W', '-S', 'unix@m.sock']) as usher:
    c = usher.connect('fe')
    c.sendall(b'x')
    assert c.recv(1) == b'x'
    end = os.pidfd_open(rows(ask_cli('m.sock', 'show proc'))['workers'][0])
    usher.process.kill()
    usher.process.wait()
    usher.process.returncode = 0
    c.sendall(b'y')
    assert c.recv(1) == b'y'
    c.close()
    await_end(end)

# -W -D: the command returns when the worker accepts; a bad configuration shows at once; nobody keeps its pipe.
listening = socket.create_server(('127.0.0.1', 0), backlog=64)
env = dict(os.environ, fe=str(listening.fileno()), cli=str(listening.fileno()))
config = CONFIG.replace('    stats socket "fd@${cli}" level admin\n', '')
for text, code in (config + '    bogus\n', 1), (config, 0):
    with open('daemon.cfg', 'w') as f:
        f.write(text)
    p = subprocess.run([PROGRAM, *os.environ.get('HAPROXY_ARGS', '').split(), '-W', '-D', '-p', 'daemon.pid', '-f', 'daemon.cfg'],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, timeout=WAIT_S,
                       pass_fds=[listening.fileno()], text=True)
    assert p.returncode == code, p.stdout
pid = int(open('daemon.pid').read())
end = os.pidfd_open(pid)
with socket.create_connection(listening.getsockname(), timeout=WAIT_S) as c:
    c.sendall(b'x')
    assert c.recv(1) == b'x'
    os.kill(pid, signal.SIGUSR1)
    c.sendall(b'x')
    assert c.recv(1) == b'x'
await_end(end)
