#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers that die, hang and are restarted under load: what do the clients see?

usage: contrib/chaos/run.py [--rate 5000] [--seconds 15] [--program ./usher] [scenario ...]

usher stands before four nginx; clients on kept connections ask so many requests a second, or as many as the machine
allows. Meanwhile one server is killed (SIGKILL), or one is stopped (SIGSTOP: it hangs, its kernel still accepts), or all
are restarted one after the other, by an end without notice or a graceful one. The table tells what the clients saw and
when the checks noticed. What could be tried again must not fail, and a dead or hanging server must be noticed within
the time its checks are set to. All on 127.0.0.1; takes about a minute. Needs nginx and a C compiler.
"""
import argparse
import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WAIT_S = 10
SERVERS = 4
INTER_MS, TIMEOUT_CHECK_MS, FALL, RISE = 500, 300, 3, 2
# A check that fails takes its timeout, the next begins an interval after the end of the one before; the first may have
# passed a moment before.
NOTICE_MS = FALL * (INTER_MS + TIMEOUT_CHECK_MS)
SLACK_MS = 300  # of a machine that has other things to do
CONFIG = '''
global
    nbthread 2
    stats socket unix@{work}/stats.sock level admin
    spread-checks 0
defaults
    mode http
    timeout connect 1s
    timeout server 1s
    timeout client 10s
    timeout check {timeout}ms
    retries 3
    option redispatch 1
    retry-on conn-failure empty-response response-timeout
frontend door
    bind 127.0.0.1:{door}
    default_backend servers
backend servers
    balance roundrobin
    option httpchk GET /health
    default-server check inter {inter}ms fall {fall} rise {rise}
'''
NGINX = '''
daemon off; master_process off; worker_processes 1; pid {work}/{name}.pid; error_log {work}/{name}.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 100000000; keepalive_timeout 60s;
    client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
    server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ return 200 "{name}\\n"; }} }}
}}
'''


def free_ports(n):
    held = [socket.create_server(('127.0.0.1', 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def wait_for(what, happened):
    end = time.monotonic() + WAIT_S
    while not happened():
        if time.monotonic() > end:
            raise SystemExit(f'chaos: {what}: not within {WAIT_S} s')
        time.sleep(0.01)


def answers(port):
    try:
        socket.create_connection(('127.0.0.1', port), timeout=1).close()
        return True
    except OSError:
        return False


class Server:
    def __init__(self, name, port, work):
        self.name, self.port = name, port
        self.conf = os.path.join(work, name + '.conf')
        with open(self.conf, 'w') as f:
            f.write(NGINX.format(work=work, name=name, port=port))
        self.command = [shutil.which('nginx') or '/usr/sbin/nginx', '-p', work, '-e', 'stderr', '-c', self.conf]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(f'start of {self.name}', lambda: answers(self.port))

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait()


class Chain:
    def __init__(self, options, work):
        self.work, self.options = work, options
        door, *ports = free_ports(1 + SERVERS)
        self.door = door
        self.servers = [Server(f's{i + 1}', port, work) for i, port in enumerate(ports)]
        text = CONFIG.format(work=work, door=door, inter=INTER_MS, timeout=TIMEOUT_CHECK_MS, fall=FALL, rise=RISE)
        with open(os.path.join(work, 'usher.cfg'), 'w') as f:
            f.write(text + ''.join(f'    server {s.name} 127.0.0.1:{s.port}\n' for s in self.servers))
        with open(os.path.join(work, 'usher.log'), 'w') as log:
            self.usher = subprocess.Popen([options.program, '-db', '-f', os.path.join(work, 'usher.cfg')], stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log)
        wait_for('start of the program', lambda: answers(door))

    def stat(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(os.path.join(self.work, 'stats.sock'))
            s.sendall(b'show stat\n')
            text = b''
            while True:
                block = s.recv(65536)
                if not block:
                    break
                text += block
        rows = csv.DictReader(text.decode().lstrip('# ').splitlines())
        return {row['svname']: row for row in rows if row['pxname'] == 'servers'}

    def is_status(self, server, status):
        return self.stat()[server.name]['status'].split()[0] == status

    def await_status(self, server, status):
        began = time.monotonic()
        wait_for(f'{server.name} {status}', lambda: self.is_status(server, status))
        return (time.monotonic() - began) * 1000

    def close(self):
        for process in [self.usher] + [s.process for s in self.servers]:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


def kill_one(chain, result):
    victim = chain.servers[1]
    victim.end(signal.SIGKILL)
    result['noticed_ms'] = chain.await_status(victim, 'DOWN')


def hang_one(chain, result):
    victim = chain.servers[1]
    victim.process.send_signal(signal.SIGSTOP)
    result['noticed_ms'] = chain.await_status(victim, 'DOWN')


def restart_all(how):
    def run(chain, result):
        for server in chain.servers:
            server.end(how)
            time.sleep(0.2)
            server.start()
            # The next goes when this one is known to be back, whether or not it was missed.
            chain.await_status(server, 'UP')
    return run


SCENARIOS = {'calm': (lambda chain, result: None, 'nothing happens'),
             'kill': (kill_one, 'one of four is killed'),
             'hang': (hang_one, 'one of four is stopped'),
             'restart': (restart_all(signal.SIGTERM), 'all restarted at once, one by one'),
             'graceful': (restart_all(signal.SIGQUIT), 'all restarted gracefully, one by one')}


def scenario(name, options, load):
    work = tempfile.mkdtemp(prefix='usher-chaos.')
    chain = Chain(options, work)
    result = {}
    try:
        for server in chain.servers:
            chain.await_status(server, 'UP')
        clients = subprocess.Popen([load, '-p', str(chain.door), '-c', '128', '-d', str(options.seconds), '-r', str(options.rate), '-u', '/'],
                                   stdout=subprocess.PIPE, text=True)
        time.sleep(options.seconds / 5)
        SCENARIOS[name][0](chain, result)
        result.update(json.loads(clients.communicate(timeout=options.seconds + WAIT_S)[0]))
        backend = chain.stat()['BACKEND']
        result.update(retries=int(backend['wretr']), redispatches=int(backend['wredis']))
    finally:
        chain.close()
        shutil.rmtree(work, ignore_errors=True)
    result['errors'] = sum(result[k] for k in ('err_conn', 'err_io', 'err_short', 'non200'))
    late = result.get('noticed_ms', 0) > NOTICE_MS + SLACK_MS
    result['passed'] = result['errors'] == 0 and result['requests'] > 0 and not late
    return result


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split('\n\n')[1].strip())
    parser.add_argument('--rate', type=int, default=5000)
    parser.add_argument('--seconds', type=float, default=12)
    parser.add_argument('--program', default=os.environ.get('USHER', os.path.join(ROOT, 'usher')))
    parser.add_argument('names', nargs='*', choices=[[], *SCENARIOS], metavar='scenario')
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    if not (shutil.which('nginx') or os.path.exists('/usr/sbin/nginx')):
        print('chaos: skipped: nginx is not installed')
        return 77
    build = tempfile.mkdtemp(prefix='usher-chaos.')
    load = os.path.join(build, 'load')
    subprocess.run([os.environ.get('CC', 'cc'), '-O2', '-o', load, os.path.join(ROOT, 'contrib', 'bench', 'load.c')], check=True)
    print(f'checks: inter {INTER_MS} ms, timeout {TIMEOUT_CHECK_MS} ms, fall {FALL}: noticed within {NOTICE_MS} ms at most')
    print(f'{"":40} {"requests":>9} {"a second":>9} {"errors":>7} {"retried":>8} {"moved":>7} {"p99 ms":>8} {"max ms":>8} {"noticed":>9}')
    failed = 0
    try:
        for name in options.names or SCENARIOS:
            r = scenario(name, options, load)
            failed += not r['passed']
            noticed = f'{r["noticed_ms"]:.0f} ms' if 'noticed_ms' in r else '-'
            print(f'{name + ": " + SCENARIOS[name][1]:40} {r["requests"]:9} {r["rps"]:9.0f} {r["errors"]:7} {r["retries"]:8} '
                  f'{r["redispatches"]:7} {r["p99_us"] / 1000:8.1f} {r["max_us"] / 1000:8.1f} {noticed:>9}{"" if r["passed"] else "  FAILED"}',
                  flush=True)
    finally:
        shutil.rmtree(build)
    print('chaos: ' + ('all as it should be' if not failed else f'{failed} not as it should be'))
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
