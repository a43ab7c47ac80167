#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates, authorities and revocation lists are replaced under full handshakes: does one of them fail?

usage: contrib/chaos/certificates.py [--seconds 60] [--rate 20] [--clients 16] [--program ./usher]

Clients make full handshakes and resumed ones, of both versions of TLS, as fast as they get them, on a line that presents the
certificate and reaches a server (usher itself) which asks for one. So many times a second another certificate is set and committed:
toward clients, toward the server, or the files that certificates are held against. After each commit a handshake must show what was
committed. Tells handshakes, faults, and what the memory did after the first fifth. All on 127.0.0.1; needs a C compiler.
"""
import argparse
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, 'reg-tests', 'process'))
from _authority import Authority, read

WAIT_S = 10
CONFIG = '''
global
    nbthread 2
    stats socket unix@{work}/stats.sock level admin
defaults
    mode http
    timeout connect 5s
    timeout server 5s
    timeout client 10s
frontend door
    bind 127.0.0.1:{door} ssl crt {work}/site.pem
    default_backend inner
frontend inside
    bind abns@inside{door} ssl crt {inner} verify required ca-file {work}/ca.pem crl-file {work}/crl.pem
    http-request return status 200 content-type text/plain string ok
backend inner
    http-reuse never
    server s abns@inside{door} ssl verify required ca-file {work}/ca.pem crt {work}/me.pem
'''


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as s:
        return s.getsockname()[1]


class Run:
    def __init__(self, options, work):
        self.options, self.work, self.door, self.commits = options, work, free_port(), 0
        self.authority = a = Authority()
        self.sites = [a.server('one.example'), a.server('two.example')]
        self.selves = [a.client('alice'), a.client('bob')]
        self.put('site', read(self.sites[0].pem))
        self.put('me', read(self.selves[0].pem))
        self.put('ca', read(a.root))
        with open(self.path('crl'), 'w') as f:
            f.write(read(a.crl))
        with open(os.path.join(work, 'usher.cfg'), 'w') as f:
            f.write(CONFIG.format(work=work, door=self.door, inner=a.server('inner.example').pem))
        self.log = open(os.path.join(work, 'usher.log'), 'w')
        self.usher = subprocess.Popen([options.program, '-db', '-f', os.path.join(work, 'usher.cfg')], stdin=subprocess.DEVNULL,
                                      stdout=self.log, stderr=self.log)
        end = time.monotonic() + WAIT_S
        while self.shown() is None:
            if time.monotonic() > end or self.usher.poll() is not None:
                raise SystemExit('certificates: the program does not start\n' + read(os.path.join(work, 'usher.log')))
            time.sleep(0.05)

    def path(self, name):
        return os.path.join(self.work, 'crl.pem' if name == 'crl' else name + '.pem')

    def put(self, name, text):
        with open(self.path(name), 'w') as f:
            f.write(text)

    def shown(self):
        """The serial number that a new handshake shows."""
        context = ssl.create_default_context(cafile=self.authority.root)
        context.check_hostname = False
        try:
            with socket.create_connection(('127.0.0.1', self.door), timeout=WAIT_S) as s:
                with context.wrap_socket(s, server_hostname='any.example') as t:
                    return t.getpeercert()['serialNumber']
        except OSError:
            return None

    def ask(self, text):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(WAIT_S)
            s.connect(os.path.join(self.work, 'stats.sock'))
            s.sendall(text.encode())
            s.shutdown(socket.SHUT_WR)
            parts = []
            while part := s.recv(65536):
                parts.append(part)
            return b''.join(parts).decode()

    def replace(self, kind, name, text):
        lines = ''.join(line + '\n' for line in text.split('\n') if line)
        said = self.ask(f'set ssl {kind} {self.path(name)} <<\n{lines}\n')
        said += self.ask(f'commit ssl {kind} {self.path(name)}\n')
        if 'Success!' not in said:
            raise SystemExit(f'certificates: {kind} {name}: {said}')
        self.commits += 1

    def turn(self, n):
        which = n // 4 % 2
        if n % 4 == 0:
            self.replace('cert', 'site', read(self.sites[which].pem))
            if self.shown() != self.sites[which].field('serial'):
                raise SystemExit('certificates: what was committed is not shown')
        elif n % 4 == 1:
            self.replace('cert', 'me', read(self.selves[which].pem))
        elif n % 4 == 2:
            self.replace('ca-file', 'ca', read(self.authority.root) + (read(self.authority.intermediate) if which else ''))
        else:
            self.replace('crl-file', 'crl', read(self.authority.crl))

    def resident(self):
        with open(f'/proc/{self.usher.pid}/statm') as f:
            return int(f.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') // 1024

    def go(self, load):
        each = max(1, self.options.clients // 4)
        loads = [subprocess.Popen([load, '-p', str(self.door), '-c', str(each), '-d', str(self.options.seconds), '-v', version, '-x', *more],
                                  stdout=subprocess.PIPE, text=True) for version in ('1.2', '1.3') for more in ([], ['-R'])]
        begin, n, early = time.monotonic(), 0, None
        while time.monotonic() < begin + self.options.seconds - 1:
            self.turn(n)
            n += 1
            if early is None and time.monotonic() > begin + self.options.seconds / 5:
                early = self.resident()
            time.sleep(max(0, begin + n / self.options.rate - time.monotonic()))
        late = self.resident()
        results = [json.loads(p.communicate(timeout=WAIT_S)[0]) for p in loads]
        sums = {k: sum(r[k] for r in results) for k in ('requests', 'shakes', 'resumed', 'err_conn', 'err_io', 'err_short', 'non200')}
        faults = sum(sums[k] for k in ('err_conn', 'err_io', 'err_short', 'non200'))
        print(f'{self.commits} commits, {sums["shakes"]} handshakes ({sums["resumed"]} resumed), {sums["requests"]} requests, '
              f'{faults} faults, {early} KiB resident after a fifth and {late} at the end')
        return faults == 0 and sums['requests'] > 0 and self.usher.poll() is None

    def close(self):
        self.usher.terminate()
        self.usher.wait(WAIT_S)
        self.log.close()


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split('\n\n')[1].strip())
    parser.add_argument('--seconds', type=float, default=60)
    parser.add_argument('--rate', type=float, default=20)
    parser.add_argument('--clients', type=int, default=16)
    parser.add_argument('--program', default=os.environ.get('USHER', os.path.join(ROOT, 'usher')))
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    work = tempfile.mkdtemp(prefix='usher-certificates.')
    try:
        load = os.path.join(work, 'tls')
        subprocess.run([os.environ.get('CC', 'cc'), '-O2', '-o', load, os.path.join(ROOT, 'contrib', 'bench', 'tls.c'), '-lssl', '-lcrypto'],
                       check=True)
        run = Run(options, work)
        try:
            passed = run.go(load)
        finally:
            run.close()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print('certificates: ' + ('all as it should be' if passed else 'not as it should be'))
    return not passed


if __name__ == '__main__':
    sys.exit(main())
