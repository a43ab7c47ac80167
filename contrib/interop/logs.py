#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that read logs and numbers of HAProxy's read usher's: goaccess with the formats that doc/management.md tells,
haproxy-log-analysis, and prometheus-haproxy-exporter. What is not installed is skipped.

    contrib/interop/logs.py        USHER=./usher
"""
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from run import ROOT, TMP, USHER, WAIT_S, cases_of, need, run_cases  # noqa: E402

DOC = open(os.path.join(ROOT, 'doc', 'management.md')).read()
DOORS = {'plain': 'option httplog', 'clf': 'option httplog clf', 'best': None}
CLIENTS = [('TCP4', '203.0.113.7'), ('TCP6', '2001:db8::7')]
REQUESTS = [b'GET /a?b=c HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11) Firefox/115.0\r\nReferer: http://x.example/y\r\n'
            b'Connection: close\r\n\r\n',
            b'POST /quote"d HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: "quoted" | {braces}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab',
            b'GET /deny HTTP/1.0\r\n\r\n', b'not a request\r\n\r\n']


def conf(log_port, ports):
    best = re.search(r'((?:    capture request header .*\n)+    log-format .*)\n', DOC)[1]
    text = (f'global\n    log 127.0.0.1:{log_port} format rfc3164 local0\n    log-send-hostname lb1\n    stats socket unix@stats.sock\n'
            'defaults\n    mode http\n    log global\n    timeout connect 1s\n    timeout client 5s\n    timeout server 5s\n')
    for name, line in DOORS.items():
        text += (f'listen {name}\n    bind 127.0.0.1:{ports[name]} accept-proxy\n' + (f'    {line}\n' if line else best + '\n') +
                 f'    http-request deny if {{ path /deny }}\n    server s 127.0.0.1:{ports["origin"]}\n')
    return text + (f'frontend origin\n    bind 127.0.0.1:{ports["origin"]}\n    no log\n'
                   '    http-request return content-type text/plain string hello\n')


def ask(port, family, address, request):
    header = f'PROXY {family} {address} {address} 51000 80\r\n'.encode()
    with socket.create_connection(('127.0.0.1', port), timeout=WAIT_S) as s:
        s.sendall(header + request)
        while s.recv(65536):
            pass


def free_ports(n):
    held = [socket.create_server(('127.0.0.1', 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def write_logs(work):
    """Lets usher serve every kind of request at every door; the lines as a syslog daemon would file them, by door."""
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind(('127.0.0.1', 0))
    sink.settimeout(WAIT_S)
    numbers = free_ports(len(DOORS) + 2)
    ports = dict(zip(list(DOORS) + ['origin', 'exporter'], numbers))
    with open('usher.cfg', 'w') as f:
        f.write(conf(sink.getsockname()[1], ports))
    usher = subprocess.Popen([USHER, '-db', '-f', 'usher.cfg'], stdin=subprocess.DEVNULL, stderr=open('usher.err', 'w'))
    end = time.monotonic() + WAIT_S
    while True:
        try:
            socket.create_connection(('127.0.0.1', ports['origin']), timeout=1).close()
            break
        except OSError:
            if usher.poll() is not None or time.monotonic() > end:
                raise AssertionError('usher did not start: ' + open('usher.err').read())
            time.sleep(0.02)
    lines = {}
    for door in DOORS:
        lines[door] = []
        for family, address in CLIENTS:
            for request in REQUESTS:
                ask(ports[door], family, address, request)
                lines[door].append(re.sub(r'^<\d+>', '', sink.recv(65536).decode()).rstrip('\n'))
    return usher, ports, lines


def goaccess(lines, log_format):
    with open('access.log', 'w') as f:
        f.write('\n'.join(lines) + '\n')
    subprocess.run([need('goaccess'), 'access.log', '--no-global-config', '--no-progress', '--date-format=%d/%b/%Y', '--time-format=%H:%M:%S',
                    '--log-format=' + log_format, '-o', 'report.json'], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE, timeout=60)
    return json.load(open('report.json'))


def check_report(report, n, hosts):
    general = report['general']
    assert (general['total_requests'], general['valid_requests']) == (n, n), general
    assert {h['data'] for h in report['hosts']['data']} == set(hosts), report['hosts']
    assert {r['data'] for r in report['requests']['data']} >= {'/a?b=c', '/deny', '<BADREQ>'}, report['requests']


def case_goaccess(lines, ports):
    body = {door: [line.split(']: ', 1)[1] for line in those] for door, those in lines.items()}
    best = re.search(r"^    goaccess .*--log-format='(.*)'$", DOC, re.M)[1]
    report = goaccess(body['best'], best)
    check_report(report, 8, [address for _, address in CLIENTS])
    assert 'Firefox' in json.dumps(report['browsers']) and 'x.example' in json.dumps(report['referring_sites']), report
    assert 'www.example.com' in json.dumps(report['vhosts']), report
    httplog, clf = (re.search(rf'^\| `{DOORS[d]}` \| `(.*)` \|$', DOC, re.M)[1] for d in ('plain', 'clf'))
    check_report(goaccess(body['clf'], clf), 8, [address for _, address in CLIENTS])
    check_report(goaccess(lines['clf'], '%^]: ' + clf), 8, [address for _, address in CLIENTS])
    for those, log_format in ((body['plain'][:4], httplog), (lines['plain'][:4], '%^]: ' + httplog)):
        report = goaccess(those, log_format)
        check_report(report, 4, ['203.0.113.7'])
        assert {v['data'] for v in report['vhosts']['data']} == {'plain/s', 'plain/<NOSRV>'}, report['vhosts']


def case_log_analysis(lines, ports):
    with open('usher.log', 'w') as f:
        f.write('\n'.join(lines['plain']) + '\n')
    out = subprocess.run([need('haproxy_log_analysis'), '-l', 'usher.log', '-c', 'counter,counter_invalid,http_methods,status_codes_counter,'
                          'top_request_paths,server_load,slow_requests'], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         text=True, timeout=60).stdout
    assert re.search(r'counter\n=+\n4\n', out) and re.search(r'counter_invalid\n=+\n4\n', out), out  # it knows no IPv6
    for part in ("'GET': 2", "'POST': 1", "'200': 2", "'403': 1", "'400': 1", "'s': 2", "'<NOSRV>': 2", "('/a?b=c', 1)"):
        assert part in out, (part, out)


def case_prometheus_exporter(lines, ports):
    log = open('exporter.log', 'w')
    exporter = subprocess.Popen([need('prometheus-haproxy-exporter'), '--haproxy.scrape-uri=unix:' + os.path.abspath('stats.sock'),
                                 f'--web.listen-address=127.0.0.1:{ports["exporter"]}'], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        end, text = time.monotonic() + WAIT_S, ''
        while 'haproxy_up' not in text:
            assert time.monotonic() < end, open('exporter.log').read()
            try:
                text = urllib.request.urlopen(f'http://127.0.0.1:{ports["exporter"]}/metrics', timeout=WAIT_S).read().decode()
            except OSError:
                time.sleep(0.05)
        for line in ('haproxy_up 1', 'haproxy_exporter_csv_parse_failures_total 0', 'haproxy_server_up{backend="plain",server="s"} 1',
                     'haproxy_frontend_http_requests_total{frontend="plain"} 8', 'haproxy_server_http_responses_total{backend="clf",code="2xx",server="s"} 4'):
            assert line + '\n' in text, (line, text)
    finally:
        exporter.terminate()
        exporter.wait()


def main():
    start = os.getcwd()
    os.chdir(TMP)
    usher, ports, lines = write_logs(TMP)
    try:
        failed = run_cases('logs', [(name, functools.partial(case, lines, ports)) for name, case in cases_of(globals())])
    finally:
        usher.send_signal(signal.SIGTERM)
        usher.wait()
        os.chdir(start)
    if not failed:
        shutil.rmtree(TMP)
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
