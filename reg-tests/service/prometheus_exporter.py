# SPDX-License-Identifier: Apache-2.0
"""service prometheus-exporter: names, types and labels of what a scrape tells, what the query chooses, PROXY headers, and an
answer of many servers in pieces."""
import http.client
import os
import re
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'process'))
from _usher import Origin, Usher  # noqa: E402

origin = Origin(lambda s: s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok') if s.recv(4096) else None)
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind(('127.0.0.1', 0))
sink.settimeout(10)
SERVERS = 10000
CONFIG = f'''
global
    log 127.0.0.1:{sink.getsockname()[1]} format raw local0
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend web
    bind "fd@${{web}}"
    log-format "%s %ST"
    log global
    http-request use-service prometheus-exporter if {{ path /metrics }}
    default_backend be
frontend door
    bind "fd@${{door}}" accept-proxy name "the\\"door"
    option socket-stats
    default_backend be
frontend plain
    mode tcp
    bind "fd@${{plain}}"
    default_backend idle
backend be
    server s1 127.0.0.1:{origin.port} weight 7
    server s2 127.0.0.1:{origin.port} disabled
    server s3 127.0.0.1:1 check backup
backend idle
    mode tcp
backend many
''' + ''.join(f'    server m{i} 127.0.0.1:1 disabled\n' for i in range(SERVERS))
HEADERS = [b'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n', b'\r\n\r\n\0\r\nQUIT\n\x20\0\0\0', b'PROXY TCP4 300.0.2.1 192.0.2.2 1 2\r\n']


def parse(text):
    """{metric: type} and {series: value}; every metric stands in one place, behind its own HELP and TYPE."""
    types, series, helped, now = {}, {}, None, None
    for line in text.splitlines():
        if line.startswith('# HELP '):
            helped = line.split()[2]
            assert re.fullmatch(r'# HELP \S+ \S.*', line), line
        elif line.startswith('# TYPE '):
            _, _, now, kind = line.split(' ')
            assert now == helped and now not in types and kind in ('gauge', 'counter', 'histogram'), line
            types[now] = kind
        else:
            name, value = re.fullmatch(r'(\S+?(?:\{.*\})?) (NaN|-?[0-9.]+)', line).groups()
            of = re.sub('_(bucket|count)$', '', name.split('{')[0]) if types[now] == 'histogram' else name.split('{')[0]
            assert of == now and name not in series, line
            series[name] = float(value)
    return types, series


with Usher(CONFIG, sockets=['web', 'door', 'plain']) as usher:
    def ask(target, method='GET'):
        c = http.client.HTTPConnection(*usher.address('web'), timeout=20)
        c.request(method, target)
        r = c.getresponse()
        return r.status, r.headers, r.read().decode()

    def scrape(query):
        status, headers, text = ask('/metrics' + query)
        assert (status, headers['Content-Type'], headers['Cache-Control']) == (200, 'text/plain; version=0.0.4', 'no-cache'), (status, headers)
        return parse(text)

    assert ask('/other')[2] == 'ok' and sink.recv(4096).rstrip().endswith(b's1 200')
    for header in HEADERS:
        with usher.connect('door') as s:
            s.sendall(header + b'GET / HTTP/1.1\r\nConnection: close\r\n\r\n')
            while True:
                try:
                    if not s.recv(4096):
                        break
                except ConnectionResetError:
                    break

    # Everything but the servers, in HAProxy's words.
    types, series = scrape('?scope=global&scope=frontend&scope=backend&scope=listener&scope=proxy-protocol')
    for name, kind in [('haproxy_process_uptime_seconds', 'gauge'), ('haproxy_process_connections_total', 'counter'),
                       ('haproxy_frontend_http_responses_total', 'counter'), ('haproxy_backend_status', 'gauge'),
                       ('haproxy_listener_status', 'gauge'), ('haproxy_backend_agg_server_status', 'gauge'),
                       ('haproxy_backend_queue_time_average_seconds', 'gauge'), ('usher_proxy_protocol_headers_total', 'counter')]:
        assert types.get(name) == kind, (name, types)
    for name, value in [('haproxy_frontend_http_responses_total{proxy="web",code="2xx"}', 1), ('haproxy_backend_status{proxy="be",state="UP"}', 1),
                        ('haproxy_backend_status{proxy="be",state="DOWN"}', 0), ('haproxy_frontend_status{proxy="web",state="UP"}', 1),
                        ('haproxy_listener_status{proxy="door",listener="the\\"door",state="OPEN"}', 1),
                        ('haproxy_backend_agg_server_status{proxy="be",state="MAINT"}', 1),
                        ('haproxy_backend_agg_server_status{proxy="many",state="MAINT"}', SERVERS),
                        ('usher_backend_response_time_seconds_bucket{proxy="be",le="+Inf"}', 1),
                        ('usher_backend_response_time_seconds_count{proxy="be"}', 1),
                        ('usher_backend_response_time_seconds_count{proxy="many"}', 0),
                        ('haproxy_frontend_intercepted_requests_total{proxy="web"}', 1),
                        ('usher_proxy_protocol_headers_total{proxy="door",listener="the\\"door",kind="v1"}', 1),
                        ('usher_proxy_protocol_headers_total{proxy="door",listener="the\\"door",kind="local"}', 1),
                        ('usher_proxy_protocol_errors_total{proxy="door",listener="the\\"door",reason="v1-address"}', 1),
                        ('usher_proxy_protocol_errors_total{proxy="door",listener="the\\"door",reason="crc"}', 0)]:
        assert series.get(name) == value, (name, series.get(name))
    assert sum(n for name, n in series.items() if name.startswith('haproxy_backend_agg_check_status{proxy="be"')) == 1
    assert not any('plain' in name and ('http' in name or 'usher' in name) for name in series)
    assert 'haproxy_process_build_info{version="' in '\n'.join(series)

    assert sink.recv(4096).rstrip().endswith(b'<PROMEX> 200')

    # What the query chooses.
    assert scrape('?scope=server&scope=') == ({}, {})
    assert set(scrape('?scope=*&metrics=haproxy_server_weight,haproxy_process_jobs,-haproxy_server_status')[0]) == \
        {'haproxy_server_weight', 'haproxy_process_jobs'}
    assert 'haproxy_frontend_status' not in scrape('?scope=frontend&metrics=-haproxy_frontend_status')[0]
    _, series = scrape('?scope=s%65rver&no-maint')
    assert {re.search('server="(.*?)"', name)[1] for name in series} == {'s1', 's3'}
    assert series['haproxy_server_weight{proxy="be",server="s1"}'] == 7 and series['haproxy_server_status{proxy="be",server="s1",state="UP"}'] == 1
    assert {re.search('server="(.*?)"', name)[1] for name in series if 'check_status' in name} == {'s3'}
    for query in ('?scope=nothing', '?scope=%zz'):
        assert ask('/metrics' + query)[0] == 400, query
    assert ask('/metrics', 'HEAD')[2] == ''

    # Who leaves early, and who wants it all.
    with usher.connect('web') as s:
        s.sendall(b'GET /metrics HTTP/1.1\r\n\r\n')
        s.recv(1000)
    types, series = scrape('')
    assert len([name for name in series if name.startswith('haproxy_server_weight{')]) == 3 + SERVERS
    assert len(types) > 200, len(types)
