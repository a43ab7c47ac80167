#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a session of the runtime socket asks for itself: prompt and its modes, set severity-output, wait; and set var."""
import os
import re
import socket
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import Origin, Usher, echo, read_all  # noqa: E402

web = Origin(echo)
CONFIG = f'''
global
    nbthread 2
    stats socket unix@cli.sock level admin
    stats socket unix@grave.sock level admin severity-output number
    stats timeout 1s
defaults
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend fe
    bind "fd@${{fe}}"
    default_backend be
backend be
    server old 127.0.0.1:{web.port}
'''


def say(text, path='cli.sock'):
    """The answers to lines, said at once and ended."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(text.encode())
        s.shutdown(socket.SHUT_WR)
        return read_all(s).decode()


with Usher(CONFIG, sockets=['fe']) as usher:
    with usher.connect('fe') as c:  # it is up
        c.sendall(b'x')
        assert c.recv(1) == b'x'

    # Modes: without one only the first line counts; i stays, p prompts as well, n leaves.
    two = 'show cli level\noperator;show cli level\n'
    assert say(two) == 'admin\n\n'
    assert say('prompt i\n' + two) == '\nadmin\n\n\noperator\n\n', say('prompt i\n' + two)
    assert say('prompt p\n' + two) == say('prompt\n' + two) == '\n> admin\n\n> \n> operator\n\n> '
    assert say('prompt i\nprompt n\n' + two) == '\n\n'
    assert re.fullmatch(r'\n(\[0:00:00:\d\d\]> )admin\n\n\1', say('prompt timed\nshow cli level\n'))
    assert say('prompt p timed\nprompt timed\n').endswith('\n> ')
    assert say('prompt x\n').startswith('Expected: prompt [n | i | p | timed]')

    # How grave: errors, warnings, information; data has no mark.
    assert say('set severity-output number;disable server be/none;show version\n').startswith('\n[3]: No such server.\n\n[6]: ')
    assert say('set severity-output string;disable server be/none;set server be/old addr 127.0.0.1;no such\n').split('\n[')[1:3] == [
        'err]: No such server.\n', "warning]: no need to change the addr by 'stats socket command'\n"]
    assert say('set severity-output string;set severity-output none;show cli level\n') == '\n\nadmin\n\n'
    assert say('set severity-output\n') == "one of 'none', 'number', 'string' is a required argument\n\n"
    assert say('show cli level\n', 'grave.sock') == '[6]: admin\n\n'
    assert say('show backend\n', 'grave.sock').startswith('# name')
    assert say('show ssl ocsp-updates\n', 'grave.sock').startswith("[6]: Unknown command: 'show ssl ocsp-updates'")

    # wait: longer than a session may be silent; until a server has lost its clients; or not at all.
    began = time.monotonic()
    assert say('wait 1500;show cli level\n') == 'Done.\n\nadmin\n\n'
    assert time.monotonic() - began >= 1.5
    assert say('wait 1h srv-removable be/old\n') == 'Only servers in maintenance mode can be deleted.\n\n'
    assert say('add server be/new 127.0.0.1:%d;enable server be/new;disable server be/old\n' % web.port).startswith('New server registered.')
    client = usher.connect('fe')
    client.sendall(b'y')
    assert client.recv(1) == b'y'
    assert say('disable server be/new;wait 50 srv-removable be/new;del server be/new\n') == (
        '\nServer still has connections attached to it, cannot remove it.\n\nServer still has connections attached to it, cannot remove it.\n\n')
    assert say('shutdown sessions server be/new;wait 1h srv-removable be/new;del server be/new\n') == '\nDone.\n\nServer deleted.\n\n'
    client.close()
    assert say('wait 1h srv-removable be/new\n') == 'No such server.\n\n'
    assert say('wait\n') == say('wait -h\n') == 'Expected: wait <delay> [srv-removable <backend>/<server>]\n\n'
    assert say('wait 5z\n') == "Invalid delay '5z'.\n\n"
    assert say('wait 5 be-removable be\n') == "usher waits for 'srv-removable' alone.\n\n"
    # Who leaves while it waits is forgotten: more of them than may be there at once.
    for _ in range(12):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect('cli.sock')
            s.sendall(b'wait 1h\n')
    assert say('show cli level\n') == 'admin\n\n'

    def with_var(*commands):
        return say('experimental-mode on;' + ';'.join(commands) + '\n')[1:]

    assert say('set var proc.x int(5)\n') == 'This command is restricted to experimental mode only.\n\n'
    assert with_var('set var proc.x int(5)', 'get var proc.x') == '\nproc.x: type=sint value=<5>\n\n'
    assert with_var('set var proc.x expr str(a\\ b),upper', 'get var proc.x') == '\nproc.x: type=str value=<A B>\n\n'
    assert with_var('set var proc.x fmt <%[var(proc.x)]>', 'get var proc.x') == '\nproc.x: type=str value=<<A B>>\n\n'
    assert with_var('set var txn.x int(1)') == "'set var': cannot set variable 'txn.x', only scope 'proc' is permitted here.\n\n"
    assert with_var('set var') == 'Missing process-wide variable identifier.\n\n'
    assert with_var('set var proc.x') == "Missing either 'expr', 'fmt' or expression.\n\n"
    assert with_var('set var proc.x int(1) 2') == "'set var': arg type must be either 'expr' or 'fmt' but got 'int(1)'.\n\n"
    for bad in ('set var proc.x src', 'set var proc.x nosuch', 'set var proc.x fmt %[src]', 'set var proc.a-b int(1)', 'set var proc.x env(NO_SUCH_NAME)'):
        said = with_var(bad)
        assert len(said.strip()) > 10, (bad, said)
    assert with_var('get var proc.x') == 'proc.x: type=str value=<<A B>>\n\n'
