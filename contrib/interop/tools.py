#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""People's tools at the runtime socket and the exporter: hatop in a terminal of its own shows screens, takes commands and
takes servers out and in by its keys; socat asks over unix and TCP sockets, and holds a session; promtool reads what a scrape
tells; collectd keeps figures by its curl plugin from the page's CSV, and by its python plugin from the runtime socket as the scripts
that people have for it do. What is not installed is skipped.

    contrib/interop/tools.py [name ...]        USHER=./usher
"""
import csv
import fcntl
import functools
import glob
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from run import TMP, USHER, WAIT_S, cases_of, free_port, need, run_cases, running, write  # noqa: E402

SOCK = os.path.join(TMP, 'stats.sock')
CONFIG = '''
global
    stats socket unix@{sock} level admin
    stats socket 127.0.0.1:{cli} level admin
    node lb1
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend web
    bind 127.0.0.1:{web} accept-proxy
    default_backend app
frontend metrics
    bind 127.0.0.1:{metrics}
    option socket-stats
    stats uri /stats
    http-request use-service prometheus-exporter if {{ path /metrics }}
backend app
    option httpchk GET /metrics
    server one 127.0.0.1:{metrics} check
    server two 127.0.0.1:1 backup weight 20
'''
UP, DOWN, F6, F9, F10 = b'\x1bOA', b'\x1bOB', b'\x1b[17~', b'\x1b[20~', b'\x1b[21~'


def ask(command):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(SOCK)
        s.sendall(command.encode() + b'\n')
        text = b''
        while True:
            block = s.recv(65536)
            if not block:
                return text.decode()
            text += block


def server(name, column):
    rows = csv.DictReader(ask('show stat app 4 -1').lstrip('# ').splitlines())
    return next(row[column] for row in rows if row['svname'] == name)


class Terminal:
    """A program in a terminal; `text` is all it ever drew, without the movements."""

    def __init__(self, command):
        self.text = ''
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM='xterm', LINES='40', COLUMNS='160')
            os.execvp(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 160, 0, 0))

    def press(self, keys):
        os.write(self.fd, keys)

    def read(self, seconds):
        """False when it has ended."""
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                block = os.read(self.fd, 65536)
            except OSError:
                return False
            self.text += re.sub(r'\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>78]', ' ', block.decode('latin1'))
        return True

    def wait(self, what, happened):
        end = time.monotonic() + WAIT_S
        while not happened():
            assert time.monotonic() < end, '%s: never; the screen: %s' % (what, self.text[-2000:])
            assert self.read(0.1), 'it ended: ' + self.text[-2000:]

    def press_until(self, keys, happened):
        for _ in range(WAIT_S):
            self.press(keys)
            end = time.monotonic() + 1
            while time.monotonic() < end and not happened():
                assert self.read(0.1), 'it ended: ' + self.text[-2000:]
            if happened():
                return
        raise AssertionError('%r: never; the screen: %s' % (keys, self.text[-2000:]))

    def shows(self, text):
        self.wait(text, lambda: text in self.text)

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def case_hatop(ports):
    t = Terminal([need('hatop'), '-s', SOCK, '-i', '1'])
    try:
        for text in ('usher Version: ', 'lb1', 'web', 'FRONTEND', 'one', 'two', 'BACKEND', 'OPEN'):
            t.shows(text)
        for screen, text in ((b'2', 'RMAX'), (b'3', '5xx'), (b'4', 'ECONN')):
            t.press_until(screen, lambda: text in t.text)
        t.press(b'1')
        # The selection goes down from the top and up again; on any other line than a server's the key does nothing. Keys that
        # come while it draws are lost.
        name = None
        for i in range(60):
            t.press(UP if i // 10 % 2 else DOWN)
            t.read(0.3)
            t.press(F10)
            end = time.monotonic() + 1
            while name is None and time.monotonic() < end:
                t.read(0.1)
                name = next((n for n in ('one', 'two') if server(n, 'status') == 'MAINT'), None)
            if name:
                break
        assert name, t.text[-2000:]
        t.press_until(F9, lambda: server(name, 'status') != 'MAINT')
        weight = int(server(name, 'weight'))
        t.press_until(F6, lambda: int(server(name, 'weight')) < weight)
        t.press(b'5')
        t.shows('haproxy command line')
        t.press_until(b'disable server app/two\r', lambda: server('two', 'status') == 'MAINT')
        t.press(b'show info\r')
        t.shows('Start_time_sec: ')
        t.press(b'\x1b1')
        t.shows('MAINT')
    finally:
        t.close()
        ask('enable server app/two')


def socat(address, text):
    done = subprocess.run([need('socat'), '-t%d' % WAIT_S, '-', address], input=text, capture_output=True, text=True, timeout=2 * WAIT_S)
    assert done.returncode == 0, done
    return done.stdout


def case_socat(ports):
    for address in ('UNIX-CONNECT:' + SOCK, 'TCP:127.0.0.1:%d' % ports['cli']):
        assert 'Name: usher' in socat(address, 'show info\n')
        assert 'app,two,' in socat(address, 'show stat\n')
        both = socat(address, 'show info; show stat app 4 -1\n')
        assert 'Name: usher' in both and both.rstrip().split('\n')[-1].startswith('app,two,'), both
        assert socat(address, 'disable server app/two; get weight app/two\n').strip().startswith('20 ')
        assert server('two', 'status') == 'MAINT'
        assert socat(address, 'prompt\nenable server app/two\nquit\n').startswith('\n> '), address
        assert server('two', 'status') != 'MAINT'


def case_promtool(ports):
    tool = need('promtool')
    with socket.create_connection(('127.0.0.1', ports['web']), timeout=WAIT_S) as s:
        s.sendall(b'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n')
        while s.recv(65536):
            pass
    for query in ('', '?scope=server', '?scope=proxy-protocol', '?no-maint&metrics=-haproxy_server_status'):
        text = urllib.request.urlopen('http://127.0.0.1:%d/metrics%s' % (ports['metrics'], query), timeout=WAIT_S).read().decode()
        assert 'haproxy_' in text or 'usher_' in text
        done = subprocess.run([tool, 'check', 'metrics'], input=text, capture_output=True, text=True, timeout=WAIT_S)
        faults = [line for line in (done.stdout + done.stderr).splitlines() if line]
        # HAProxy's own name, which its dashboards know.
        faults = [line for line in faults if line != 'haproxy_process_failed_resolutions counter metrics should have "_total" suffix']
        assert not faults, faults


# doc/management.md shows the curl part.
COLLECTD = r'''
BaseDir "{dir}"
PIDFile "{dir}/collectd.pid"
Hostname "lb1"
FQDNLookup false
Interval 1
LoadPlugin csv
<Plugin csv>
    DataDir "{dir}"
</Plugin>
LoadPlugin curl
<Plugin curl>
    <Page "usher">
        URL "http://127.0.0.1:{metrics}/stats;csv"
        <Match>
            Regex "\napp,one,[0-9]+,[0-9]+,([0-9]+),"
            DSType "GaugeLast"
            Type "current_sessions"
            Instance "app-one"
        </Match>
        <Match>
            Regex "\nmetrics,FRONTEND,,,[0-9]*,[0-9]*,[0-9]*,([0-9]+),"
            DSType "DeriveSet"
            Type "total_sessions"
            Instance "metrics"
        </Match>
    </Page>
</Plugin>
LoadPlugin python
<Plugin python>
    ModulePath "{dir}"
    Import "usher_stats"
</Plugin>
'''
COLLECTD_SCRIPT = r'''
import collectd, csv, socket

def ask(command):
    s = socket.socket(socket.AF_UNIX)
    s.connect('{sock}')
    s.sendall(command.encode() + b'\n')
    text = b''.join(iter(lambda: s.recv(8192), b'')).decode()
    s.close()
    return text

def read():
    info = dict(line.split(': ', 1) for line in ask('show info').splitlines() if ': ' in line)
    rows = list(csv.DictReader(ask('show stat').lstrip('# ').splitlines()))
    values = [('info', 'current_connections', info['CurrConns'])]
    values += [(row['pxname'] + '-' + row['svname'], 'total_sessions', row['stot']) for row in rows]
    for where, kind, value in values:
        collectd.Values(plugin='haproxy', plugin_instance=where, type='gauge', type_instance=kind).dispatch(values=[float(value or 0)])

collectd.register_read(read)
'''


def case_collectd(ports):
    program = need('collectd')
    where = os.path.join(TMP, 'collectd')
    os.mkdir(where)
    with open(os.path.join(where, 'usher_stats.py'), 'w') as f:
        f.write(COLLECTD_SCRIPT.format(sock=SOCK))
    with open(os.path.join(where, 'collectd.conf'), 'w') as f:
        f.write(COLLECTD.format(dir=where, **ports))

    def kept(path):
        """The last value of a series, or None."""
        for name in glob.glob(os.path.join(where, 'lb1', path + '-20*')):
            lines = open(name).read().split()
            if len(lines) > 1 and lines[-1].split(',')[1] not in ('nan', '-nan'):
                return float(lines[-1].split(',')[1])
        return None

    with open(os.path.join(where, 'log'), 'wb') as log:
        daemon = subprocess.Popen([program, '-f', '-C', os.path.join(where, 'collectd.conf')], stdout=log, stderr=log)
    try:
        wanted = ['curl-usher/current_sessions-app-one', 'curl-usher/total_sessions-metrics', 'haproxy-info/gauge-current_connections',
                  'haproxy-app-one/gauge-total_sessions', 'haproxy-web-FRONTEND/gauge-total_sessions']
        end = time.monotonic() + 2 * WAIT_S
        while any(kept(path) is None for path in wanted):
            assert time.monotonic() < end, ({path: kept(path) for path in wanted}, open(os.path.join(where, 'log')).read()[-2000:])
            time.sleep(0.2)
    finally:
        daemon.terminate()
        daemon.wait()


def main():
    ports = {name: free_port('127.0.0.1') for name in ('cli', 'web', 'metrics')}
    with running([USHER, '-db', '-f', write('tools.cfg', CONFIG.format(sock=SOCK, **ports))], '127.0.0.1', ports['metrics']):
        failed = run_cases('tools', [(name, functools.partial(case, ports)) for name, case in cases_of(globals())])
    if not failed:
        shutil.rmtree(TMP)
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
