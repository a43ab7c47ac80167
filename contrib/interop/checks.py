#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Health checks of real servers: Redis with and without a password, PostgreSQL, and nginx. Each is seen up, hung (SIGSTOP), going on,
dead (killed) and up again after a new start, by usher and by HAProxy at once, which must tell the same state, check_status and
check_code in `show stat`. What is not installed is skipped.

    contrib/interop/checks.py [redis|redis-password|postgresql|nginx ...]        USHER=./usher
"""
import contextlib
import csv
import functools
import glob
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from run import LIBC, TMP, USHER, Missing, free_port, need, nginx_conf, run_cases, write  # noqa: E402

WAIT_S = 20
ROOT = os.geteuid() == 0
USER = 'checker'  # PostgreSQL's
DEAD = ('DOWN', 'L4CON', '', 'Connection refused')
HUNG = ('DOWN', 'L7TOUT', '')
CONFIG = '''
global
    stats socket {sock} level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    timeout check 500ms
    default-server inter 100ms rise 1 fall 1
listen door
    bind 127.0.0.1:{door}
'''


def startup_packet():
    body = struct.pack('>I', 196608) + b'user\0' + USER.encode() + b'\0database\0postgres\0\0'
    return (struct.pack('>I', 4 + len(body)) + body).hex()


class Program:
    """A server on a port of its own. `checks`: name, directives, (status, check_status, check_code) while it is well, and HAProxy's
    where doc/differences.md tells that it says something else; a fourth word stands in last_chk."""

    def __init__(self, name):
        self.port = free_port('127.0.0.1')
        self.dir = os.path.join(TMP, name)
        self.process = None
        os.mkdir(self.dir)
        if ROOT and self.user:
            shutil.chown(self.dir, self.user)
        self.prepare()

    user = None

    def prepare(self):
        pass

    def as_user(self):
        return {'user': self.user, 'group': 'nogroup', 'extra_groups': []} if ROOT and self.user else {}

    def start(self):
        with open(os.path.join(self.dir, 'log'), 'ab') as log:
            self.process = subprocess.Popen(self.command(), cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=lambda: LIBC.prctl(1, signal.SIGKILL), **self.as_user())

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(self.death)
            self.process.wait(WAIT_S)
            self.process = None

    death = signal.SIGKILL

    def log(self):
        with open(os.path.join(self.dir, 'log'), errors='replace') as f:
            return f.read()[-1000:]


class Redis(Program):
    user = 'nobody'
    words = ()
    checks = [
        ('redis-option', 'option redis-check', ('UP', 'L7OK', '0')),
        ('redis-ping', 'option tcp-check\ntcp-check connect\ntcp-check send PING\\r\\n\ntcp-check expect string +PONG', ('UP', 'L7OK', '0')),
        ('redis-role', 'option tcp-check\ntcp-check send info\\ replication\\r\\n\ntcp-check expect rstring role:(master|slave)\n'
         'tcp-check send QUIT\\r\\n\ntcp-check expect string +OK', ('UP', 'L7OK', '0')),
    ]

    def command(self):
        return [need('redis-server'), '--bind', '127.0.0.1', '--port', str(self.port), '--dir', self.dir, '--save', '', '--appendonly', 'no',
                *self.words]


class RedisPassword(Redis):
    words = ('--requirepass', 'sesame')
    checks = [
        ('redis-auth', 'option tcp-check\ntcp-check connect\ntcp-check send AUTH\\ sesame\\r\\n\ntcp-check expect string +OK\n'
         'tcp-check send PING\\r\\n\ntcp-check expect string +PONG', ('UP', 'L7OK', '0')),
        ('redis-wrong', 'option tcp-check\ntcp-check send AUTH\\ mellon\\r\\n\ntcp-check expect ! rstring ^-[A-Z]+', ('DOWN', 'L7RSP', '')),
        ('redis-noauth', 'option redis-check', ('DOWN', 'L7STS', '0', '-NOAUTH Authentication required'),
         ('DOWN', 'L7TOUT', '')),
    ]


class Postgresql(Program):
    user = 'nobody'
    death = signal.SIGQUIT  # with all its children
    checks = [
        ('pgsql-option', 'option pgsql-check user ' + USER, ('UP', 'L7OK', '0')),
        ('pgsql-password', 'option pgsql-check user locked', ('UP', 'L7OK', '0')),
        ('pgsql-rejected', 'option pgsql-check user rejected', ('DOWN', 'L7STS', '0', 'pg_hba.conf rejects connection'),
         ('DOWN', 'L7RSP', '', 'FATAL')),
        ('pgsql-binary', 'option tcp-check\ntcp-check connect\ntcp-check send-binary %s\n'
         'tcp-check expect binary 520000000800000000' % startup_packet(), ('UP', 'L7OK', '0')),
    ]

    def program(self, name):
        found = sorted(glob.glob('/usr/lib/postgresql/*/bin/' + name))
        if not found:
            raise Missing('postgresql')
        return found[-1]

    def prepare(self):
        data = os.path.join(self.dir, 'data')
        subprocess.run([self.program('initdb'), '-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'], check=True, cwd=self.dir,
                       stdin=subprocess.DEVNULL, capture_output=True, **self.as_user())
        with open(os.path.join(data, 'pg_hba.conf'), 'w') as f:
            f.write('host all locked 127.0.0.1/32 scram-sha-256\nhost all rejected 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 trust\n')

    def command(self):
        return [self.program('postgres'), '-D', os.path.join(self.dir, 'data'), '-h', '127.0.0.1', '-p', str(self.port), '-k', self.dir, '-F',
                '-c', 'shared_buffers=1MB']


class Nginx(Program):
    checks = [
        ('http-option', 'option httpchk GET /ready', ('UP', 'L7OK', '200')),
        ('http-status', 'option httpchk\nhttp-check send meth GET uri /ready ver HTTP/1.1 hdr Host localhost\nhttp-check expect status 200-299',
         ('UP', 'L7OK', '200')),
        ('http-string', 'option httpchk\nhttp-check connect\nhttp-check send uri /ready\nhttp-check expect string all\\ is\\ well',
         ('UP', 'L7OK', '200')),
        ('http-wrong-string', 'option httpchk GET /ready\nhttp-check expect string nothing', ('DOWN', 'L7RSP', '')),
        ('http-rstatus', 'option httpchk GET /gone\nhttp-check expect rstatus ^40[4-9]$', ('UP', 'L7OK', '404')),
        ('http-gone', 'option httpchk GET /gone', ('DOWN', 'L7STS', '404')),
        ('http-maintenance', 'option httpchk GET /file\nhttp-check disable-on-404', ('UP', 'L7OK', '200')),
    ]

    def prepare(self):
        with open(os.path.join(self.dir, 'file'), 'w') as f:
            f.write('here\n')

    def command(self):
        conf = nginx_conf('http { TEMP access_log off; server { listen 127.0.0.1:%d; root %s; location = /ready { return 200 "all is well\\n"; }'
                          ' location = /gone { return 404; } } }\n' % (self.port, self.dir))
        return [need('nginx'), '-p', self.dir, '-e', 'stderr', '-c', write('nginx-checks.conf', conf if ROOT else conf.replace('user root; ', ''))]


class Balancer:
    def __init__(self, program, name, backends):
        self.name, self.sock, self.text = name, os.path.join(TMP, name + '.sock'), ''
        conf = CONFIG.format(sock=self.sock, door=free_port('127.0.0.1')) + backends
        self.log = os.path.join(TMP, name + '.log')
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen([program, '-db', '-f', write(name + '.cfg', conf)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=lambda: LIBC.prctl(1, signal.SIGKILL))

    def rows(self):
        """What `show stat` tells of every server; nothing while it is not there yet."""
        assert self.process.poll() is None, '%s ended: %s' % (self.name, open(self.log, errors='replace').read()[-1000:])
        text = b''
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError), socket.socket(socket.AF_UNIX) as s:
            s.connect(self.sock)
            s.sendall(b'show stat -1 4 -1\n')
            while block := s.recv(65536):
                text += block
        return {row['pxname']: row for row in csv.DictReader(text.decode().lstrip('# ').splitlines())}

    def end(self):
        self.process.kill()
        self.process.wait()


def is_as_wanted(row, wanted):
    if row is None:
        return False
    told = row['status'].split(' ')[0], row['check_status'].lstrip('* '), row['check_code']
    return told == wanted[:3] and (len(wanted) < 4 or wanted[3] in row['last_chk'])


def await_state(program, balancers, what, wanted, of_haproxy=None):
    """wanted: (status, check_status, check_code[, words of last_chk]) by the check's name; some are HAProxy's own."""
    columns = ('status', 'check_status', 'check_code', 'last_chk')
    expected = {'usher': wanted, 'haproxy': {**wanted, **(of_haproxy or {})}}
    end = time.monotonic() + WAIT_S
    while True:
        rows = {b.name: b.rows() for b in balancers}
        wrong = [(b, name, w, [rows[b].get(name, {}).get(c) for c in columns])
                 for b in rows for name, w in expected[b].items() if not is_as_wanted(rows[b].get(name), w)]
        if not wrong:
            return
        assert time.monotonic() < end, '%s: %s; its log: %s' % (what, wrong, program.log())
        time.sleep(0.03)  # between two polls


def run_case(kind, name):
    program = kind(name)
    try:
        program.command()
        backends = ''.join('backend %s\n    %s\n    server s 127.0.0.1:%d check\n' % (n, directives.replace('\n', '\n    '), program.port)
                           for n, directives, *_ in kind.checks)
        balancers = []
        try:
            program.start()
            balancers.append(Balancer(USHER, 'usher', backends))
            with contextlib.suppress(Missing):
                balancers.append(Balancer(need('haproxy'), 'haproxy', backends))
            well = {check[0]: check[2] for check in kind.checks}
            others = {check[0]: check[3] for check in kind.checks if len(check) > 3}
            await_state(program, balancers, 'started', well, others)
            program.process.send_signal(signal.SIGSTOP)
            await_state(program, balancers, 'hung', dict.fromkeys(well, HUNG))
            program.process.send_signal(signal.SIGCONT)
            await_state(program, balancers, 'going on', well, others)
            if kind is Nginx:
                page = os.path.join(program.dir, 'file')
                os.rename(page, page + '.away')
                await_state(program, balancers, 'disabled', {'http-maintenance': ('NOLB', 'L7OKC', '404')})
                os.rename(page + '.away', page)
                await_state(program, balancers, 'enabled', well, others)
            program.kill()
            await_state(program, balancers, 'dead', dict.fromkeys(well, DEAD))
            program.start()
            await_state(program, balancers, 'started again', well, others)
        finally:
            for b in balancers:
                b.end()
    finally:
        program.kill()


def main():
    kinds = (('redis', Redis), ('redis-password', RedisPassword), ('postgresql', Postgresql), ('nginx', Nginx))
    failed = run_cases('checks', [(name, functools.partial(run_case, kind, name)) for name, kind in kinds])
    if not failed:
        shutil.rmtree(TMP)
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
