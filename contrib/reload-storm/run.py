#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reloads under load, with everything counted: does a reload lose a connection?

usage: contrib/reload-storm/run.py [--reloads 200] [--rate 10000] [--program ./usher] [--way master|sf]

Clients make new connections to an echo service of the program under test, as many a second as asked for or as the
machine allows; meanwhile one reload follows the other, with 4, 2 and 8 threads in turn. Every fifth reload of a
master gets a broken configuration. The table at the end counts every connection by what became of it. All on
127.0.0.0/8. Not part of the tests: it takes minutes and all processors.
"""
import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WAIT_S = 15


def free_port():
    """Bound for good, not listening: processes of this user may share it, others not."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(('127.0.0.1', 0))
    return s, s.getsockname()[1]


class Storm:
    def __init__(self, options):
        self.program = os.path.abspath(options.program)
        self.held, self.port = free_port()
        self.took_ms = []
        self.failed = 0

    def configure(self, threads, broken=False):
        with open('usher.cfg.new', 'w') as f:
            f.write(f'''global
    nbthread {threads}
    stats socket unix@{os.getcwd()}/stats.sock level admin expose-fd listeners
    {"no such keyword" if broken else ""}
defaults
    mode tcp
    timeout client 30s
listen echo
    bind 127.0.0.1:{self.port}
    tcp-request content use-service echo
''')
        os.rename('usher.cfg.new', 'usher.cfg')


class MasterStorm(Storm):
    """SIGUSR2 to a master, whose READY=1 says that the reload is over."""

    def start(self):
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind('notify.sock')
        self.notify.settimeout(WAIT_S)
        self.process = subprocess.Popen([self.program, '-Ws', '-f', 'usher.cfg'], stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, env=dict(os.environ, NOTIFY_SOCKET='notify.sock'))
        self.await_ready()

    def await_ready(self):
        while True:
            said = self.notify.recv(4096)
            if b'READY=1' in said and b'RELOADING' not in said:
                return b'STATUS=Ready.' in said

    def reload(self, number):
        broken = number % 5 == 4
        self.configure((4, 2, 8)[number % 3], broken)
        self.process.send_signal(signal.SIGUSR2)
        if self.await_ready() == broken:
            sys.exit(f'reload {number}: not as expected')
        self.failed += broken

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(WAIT_S)


class SuccessorStorm(Storm):
    """A new process each time: -x takes the sockets over, -sf lets the old one finish."""

    def launch(self, *args):
        subprocess.run([self.program, '-D', '-p', 'pid', '-f', 'usher.cfg', *args], stdin=subprocess.DEVNULL, stdout=self.log,
                       stderr=self.log, check=True, timeout=WAIT_S)
        self.pid = int(open('pid').read())

    def start(self):
        self.launch()

    def reload(self, number):
        self.configure((4, 2, 8)[number % 3])
        self.launch('-x', f'{os.getcwd()}/stats.sock', '-sf', str(self.pid))

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--reloads', type=int, default=200)
    parser.add_argument('--rate', type=int, default=10000, help='new connections a second, at most')
    parser.add_argument('--at-once', type=int, default=400, help='connections at a time, at most')
    parser.add_argument('--program', default=os.path.join(ROOT, 'usher'))
    parser.add_argument('--way', choices=('master', 'sf'), default='master')
    options = parser.parse_args()
    storm = (MasterStorm if options.way == 'master' else SuccessorStorm)(options)
    with tempfile.TemporaryDirectory(prefix='reload-storm.') as work:
        os.chdir(work)
        subprocess.run(['cc', '-O2', '-o', 'clients', os.path.join(HERE, 'clients.c')], check=True)
        storm.log = open('log', 'ab')
        storm.configure(4)
        storm.start()
        clients = None
        try:
            clients = subprocess.Popen(['./clients', '-r', str(options.rate), '-c', str(options.at_once), str(storm.port)],
                                       stdout=subprocess.PIPE, text=True)
            clients.stdout.readline()  # a second of load without reloads
            for number in range(options.reloads):
                begin = time.monotonic()
                storm.reload(number)
                storm.took_ms.append((time.monotonic() - begin) * 1000)
                if number % 20 == 19:
                    print(f'{number + 1} reloads', flush=True)
            clients.send_signal(signal.SIGTERM)
            words = clients.communicate(timeout=WAIT_S)[0].splitlines()[-1].split()[1:]
        except BaseException:
            print(open('log').read()[-3000:])
            raise
        finally:
            if clients and clients.poll() is None:
                clients.kill()
            storm.stop()
        os.chdir('/')
    counts = dict(zip(words[::2], (float(w) for w in words[1::2])))
    seconds = counts.pop('seconds')
    slowest = counts.pop('slowest_ms')
    took = sorted(storm.took_ms)
    rows = [('reloads', len(took)), ('  of them broken on purpose', storm.failed),
            ('  ms each: median, longest', f'{took[len(took) // 2]:.0f}, {took[-1]:.0f}'), ('seconds', f'{seconds:.0f}'),
            ('connections served', int(counts['served'])), ('  a second', f'{counts["served"] / seconds:.0f}'),
            ('  slowest, ms', f'{slowest:.0f}')]
    lost = 0
    for name, count in counts.items():
        if name not in ('served', 'local'):
            rows.append((name, int(count)))
            lost += int(count)
    rows.append(('not made, for want of local ports or descriptors', int(counts['local'])))
    rows.append(('LOST', lost))
    for name, value in rows:
        print(f'{name:<50}{value:>12}')
    return lost > 0


sys.exit(main())
