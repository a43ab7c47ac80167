#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""expert-mode and experimental-mode: of one session, for admins; what needs them is refused without and not listed. debug dev does
what it says: a thread that is held up shows as stuck in show threads, while another answers."""
# tsan
import os
import re
import select
import signal
import socket
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import WAIT_S, Usher, ask_cli, read_all  # noqa: E402

log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(('127.0.0.1', 0))
log.settimeout(WAIT_S)

CONFIG = f'''
global
    nbthread 2
    watchdog-after 100ms
    log 127.0.0.1:{log.getsockname()[1]} format raw local0
    stats socket unix@cli.sock level admin
    stats socket fd@${{cli}} level admin
'''


def ask(*commands):
    return ask_cli('cli.sock', *commands)


def heard(word):
    while word not in (said := log.recv(65536).decode()):
        pass
    return said


SHAPE = re.compile(r'([ *>]) Thread (\d) : id=0x[0-9a-f]+ act=[01] rq=[01] rqsz=\d+ tid=(\d+)\n'
                   r'      1/(\d)    stuck=([01]) harmless=[01] stuck_ms=(\d+)\n'
                   r' +cpu_ns: now=\d+\n +loops=\d+ loop_us=\d+ idle=\d+%\n')


def stuck(how):
    """The threads while one is held up; again when the question came to that very thread and waited with it."""
    while True:
        with socket.socket(socket.AF_UNIX) as held:
            held.connect('cli.sock')
            held.sendall(f'expert-mode on;{how} 2000\n'.encode())
            found = None
            while not found and len(select.select([held], [], [], 0)[0]) == 0:
                threads = SHAPE.findall(ask('show threads'))
                found = [t for t in threads if t[0] == '>']
            read_all(held)
            if found:
                return found[0], [t for t in threads if t is not found[0]]


with Usher(CONFIG, sockets=['cli']) as usher:
    ask_cli(usher.address('cli'), 'show version')  # it is up
    assert ask('expert-mode', 'experimental-mode') == 'expert-mode is OFF\n\nexperimental-mode is OFF\n\n'
    assert ask('expert-mode on', 'expert-mode', 'experimental-mode', 'expert-mode off', 'expert-mode') == \
        '\nexpert-mode is ON\n\nexperimental-mode is OFF\n\n\nexpert-mode is OFF\n\n'
    assert ask('experimental-mode on', 'experimental-mode') == '\nexperimental-mode is ON\n\n'
    assert ask('expert-mode maybe') == "Expected 'on' or 'off'.\n\n"
    # A mode is its session's, and ends with the level that allows it.
    assert ask('expert-mode') == 'expert-mode is OFF\n\n'
    assert ask('expert-mode on', 'operator', 'expert-mode', 'debug dev exit').endswith('Permission denied\n\nPermission denied\n\n')
    assert ask('debug dev exit') == 'This command is restricted to expert mode only.\n\n'
    assert 'debug dev' not in ask('help') and 'debug dev exit' in ask('expert-mode on', 'help')

    assert ask('echo one   two', 'echo', 'echo three') == 'one two\n\n\nthree\n\n'
    assert ask('expert-mode on', 'debug dev write 100000').count('0') == 100000 // 64 * 6 + 100000 % 64 // 10
    assert ask('expert-mode on', 'debug dev write 0') == '\n\n'
    for word in ('-1', 'x', '99999999999'):
        assert 'Expected a number' in ask('expert-mode on', f'debug dev loop {word}'), word
    ask('expert-mode on', 'debug dev log a word to\\; all')
    assert heard('a word') == 'a word to; all\n'
    libc = next(line for line in ask('show libs').splitlines() if 'libc.so' in line)
    said = ask('expert-mode on', f'debug dev sym {libc.split("-")[0]}')
    assert 'libc.so' in said, said
    assert 'no code is there' in ask('expert-mode on', 'debug dev sym 0x10')

    threads = SHAPE.findall(ask('show threads'))
    assert [t[1] for t in threads] == ['1', '2'] and sorted(t[0] for t in threads) == [' ', '*'], threads
    assert {int(t[2]) for t in threads} <= {int(n) for n in os.listdir(f'/proc/{usher.process.pid}/task')}
    for how in ('debug dev delay', 'debug dev loop'):
        one, others = stuck(how)
        assert one[4] == '1' and int(one[5]) >= 100 and [t[4] for t in others] == ['0'], (one, others)
        heard('is stuck')
        heard('turns again')

for order, status in (('debug dev exit 7', 7), ('debug dev panic', -signal.SIGABRT)):
    usher = Usher(CONFIG, sockets=['cli']).__enter__()
    with socket.create_connection(usher.address('cli'), timeout=WAIT_S) as s:
        s.sendall(f'expert-mode on;{order}\n'.encode())
        assert usher.process.wait(WAIT_S) == status, (order, usher.process.returncode)
