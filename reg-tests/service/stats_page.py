# SPDX-License-Identifier: Apache-2.0
"""The statistics page (service stats-page): who may see it, what it answers, who may give orders and from where."""
import base64
import csv
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'process'))
from _usher import Origin, Usher, ask_cli  # noqa: E402

origin = Origin(lambda s: s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok') if s.recv(4096) else None)
log_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log_socket.bind(('127.0.0.1', 0))
log_socket.settimeout(20)
SERVERS = 3000
CONFIG = f'''
global
    stats socket "fd@${{cli}}" level admin
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend locked
    bind "fd@${{locked}}"
    stats enable
    stats realm 'the <b>"door"'
    stats auth admin:secret
    stats auth guest:word
    stats admin if {{ http_auth_user admin }}
    stats hide-version
    stats show-legends
    stats show-node here
    stats show-desc what it is for
    stats refresh 7
    stats show-modules
    default_backend be
frontend open
    bind "fd@${{open}}"
    log 127.0.0.1:{log_socket.getsockname()[1]} local0
    option httplog
    capture response header content-type len 10
    stats uri /stats
    stats show-node
    stats scope be
    stats http-request deny if {{ hdr(x-no) 1 }}
    stats http-request auth realm rules if {{ hdr(x-auth) 1 }}
    default_backend be
frontend stout
    bind "fd@${{stout}}"
    stats uri /stats
    http-after-response set-header X-0 "{"x" * 7000}"
    http-after-response set-header X-1 "{"x" * 7000}"
    http-after-response set-header X-2 "{"x" * 7000}"
backend be
    server s1 127.0.0.1:{origin.port}
    server s2 127.0.0.1:{origin.port} disabled
frontend big
    bind "fd@${{big}}"
    stats uri /
    stats admin if TRUE
backend many
''' + ''.join(f'    server s{i} 127.0.0.1:1 disabled\n' for i in range(SERVERS))


def basic(who):
    return {'Authorization': 'Basic ' + base64.b64encode(who.encode()).decode()}


with Usher(CONFIG, sockets=['cli', 'locked', 'open', 'big', 'stout']) as usher:
    def ask(where, target, method='GET', body=None, **headers):
        c = http.client.HTTPConnection(*usher.address(where), timeout=20)
        c.request(method, target, body, {k.replace('_', '-'): v for k, v in headers.items()})
        r = c.getresponse()
        return r.status, r.headers, r.read().decode()

    # Who may see it.
    status, headers, _ = ask('locked', '/haproxy?stats')
    assert status == 401 and headers['WWW-Authenticate'] == r'Basic realm="the <b>\"door\""', (status, headers)
    for who in ('admin:wrong', 'admin:secre', 'nobody:secret', 'admin', ''):
        assert ask('locked', '/haproxy?stats', **basic(who))[0] == 401, who
    status, headers, body = ask('locked', '/haproxy?stats', **basic('guest:word'))
    assert status == 200 and headers['Content-Type'].startswith('text/html') and '<title>' in body
    assert "default-src 'none'" in headers['Content-Security-Policy'] and 'http://' not in body.replace('http://www.w3.org', '')
    assert ask('locked', '/other')[2] == 'ok'
    assert ask('open', '/stats', X_No='1')[0] == 403
    status, headers, _ = ask('open', '/stats', X_Auth='1')
    assert status == 401 and headers['WWW-Authenticate'] == 'Basic realm="rules"'
    assert ask('open', '/stats', 'PUT')[0] == 405
    assert ask('open', '/stats', 'HEAD')[2] == ''

    # What it tells.
    _, headers, text = ask('locked', '/haproxy?stats;csv', **basic('guest:word'))
    rows = {(r['pxname'], r['svname']): r for r in csv.DictReader(text.lstrip('# ').splitlines())}
    assert rows['be', 's1']['status'] == 'no check' and rows['be', 's2']['status'] == 'MAINT' and ('big', 'FRONTEND') in rows
    assert headers['Content-Type'] == 'text/plain' and headers['Transfer-Encoding'] == 'chunked'
    assert len(rows) == 4 + 3 + SERVERS + 1
    _, _, text = ask('open', '/stats;csv;norefresh')
    assert {r['pxname'] for r in csv.DictReader(text.lstrip('# ').splitlines())} == {'be'}
    assert len(json.loads(ask('open', '/stats;json')[2])) == 3
    status, headers, text = ask('open', '/stats;json-schema')
    assert status == 200 and headers['Content-Type'] == 'application/json' and text == ask_cli(usher.address('cli'), 'show schema json').rstrip('\n') + '\n'
    assert [each['title'] for each in json.loads(text)['oneOf']] == ['Info', 'Stat']
    data = json.loads(ask('locked', '/haproxy?stats;data', **basic('admin:secret'))[2])
    assert data['page'] == {'uri': '/haproxy?stats', 'admin': True, 'refresh_ms': 7000, 'version': False, 'node': 'here', 'desc': 'what it is for'}
    assert 'Version' not in data['info'] and data['info']['node'] == os.uname().nodename
    assert json.loads(ask('open', '/stats;data')[2])['page']['node'] == os.uname().nodename
    assert not json.loads(ask('locked', '/haproxy?stats;data', **basic('guest:word'))[2])['page']['admin']
    be = [dict(zip(data['columns'], r)) for r in data['rows'] if r[:2] == ['be', 'BACKEND']][0]
    assert sum(be['latency'][1:]) == 1 and be['addr'] is None, be
    _, _, text = ask('big', '/;csv;up')
    assert 'many,s1,' not in text
    with usher.connect('big') as s:  # an old client gets no chunks
        s.sendall(b'GET /;csv HTTP/1.0\r\n\r\n')
        text = b''
        while True:
            more = s.recv(65536)
            if not more:
                break
            text += more
        assert b'chunked' not in text.split(b'\r\n\r\n')[0] and text.endswith(b'\n\n') or text.count(b'\n') > SERVERS

    assert ask('open', '/stats;typed')[2].startswith('S.')

    # A body that nobody asked for is not waited for, nor taken for the next request.
    for page in ('/stats', '/stats;csv'):
        for body in (b'', b'GET /stats HTTP/1.1\r\n\r\n'):
            with usher.connect('open') as s:
                s.sendall(b'GET %s HTTP/1.1\r\nHost: x\r\nContent-Length: 23\r\n\r\n%s' % (page.encode(), body))
                r = http.client.HTTPResponse(s)
                r.begin()
                assert r.status == 200 and r.read()
                s.sendall(b'GET /stats;json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
                rest = b''
                try:
                    while more := s.recv(65536):
                        rest += more
                except ConnectionResetError:
                    pass
                assert rest.count(b'HTTP/1.1 ') == (1 if body else 0), (body, rest[:100])

    # A target in absolute form (RFC 9112 section 3.2.2) is asked for its path.
    assert ask('open', 'http://lb.example/stats;csv')[2].startswith('# pxname')
    assert ask('open', 'http://lb.example/other')[2] == 'ok'

    # Its log has what one of a server's answer has: times (not -1) and captures.
    while b'"GET /stats;json ' not in (line := log_socket.recv(4096)):
        pass
    assert re.search(rb'open open/<STATS> \d+/0/0/\d+/\d+ 200 \d+ - - LR-- .* \{applicatio\} "GET', line), line

    # A head that rules made too long is no answer, and nobody waits for the rest of one.
    for page in ('/stats;csv', '/stats'):
        with usher.connect('stout') as s:
            s.sendall(f'GET {page} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            s.settimeout(10)  # timeout client is 20 s
            assert s.recv(100) == b'', page

    # Orders.
    def order(where, uri, form, **headers):
        status, reply, _ = ask(where, uri, 'POST', urllib.parse.urlencode(form), Content_Type='application/x-www-form-urlencoded', **headers)
        assert status == 303, status
        return reply['Location']

    def state(server):
        rows = csv.DictReader(ask_cli(usher.address('cli'), 'show stat be 4 -1').lstrip('# ').splitlines())
        return next(r['status'] for r in rows if r['svname'] == server)

    iid = next(r['iid'] for r in rows.values() if r['pxname'] == 'be')
    admin, page = basic('admin:secret'), '/haproxy?stats'
    assert order('locked', page, [('s', 's1'), ('action', 'maint'), ('b', '#' + iid)], **admin) == page + ';st=DONE'
    assert state('s1') == 'MAINT'
    assert order('locked', page, [('s', 's1'), ('s', 's2'), ('action', 'ready'), ('b', 'be')], **admin) == page + ';st=DONE'
    assert state('s1') == state('s2') == 'no check'
    assert order('locked', page, [('s', 's1'), ('s', 'none'), ('action', 'drain'), ('b', 'be')], **admin) == page + ';st=PART'
    assert state('s1') == 'DRAIN'
    for word, becomes in (('hnolb', 'NOLB'), ('ready', 'NOLB'), ('hdown', 'DOWN'), ('hrunn', 'no check'), ('drain', 'DRAIN')):
        assert order('locked', page, [('s', 's1'), ('action', word), ('b', 'be')], **admin) == page + ';st=DONE'
        assert state('s1') == becomes, (word, state('s1'))
    for form, result in [([('s', 's1'), ('action', 'explode'), ('b', 'be')], 'ERRP'), ([('action', 'ready'), ('b', 'be')], 'NONE'),
                         ([('s', 's1'), ('action', 'ready')], 'ERRP'), ([('s', 's1'), ('action', 'ready'), ('b', '#9999')], 'ERRP')]:
        assert order('locked', page, form, **admin).endswith(';st=' + result), (form, result)
    # Not from those who may only look, nor from a page of another site; programs say nothing of where they are.
    ready = [('s', 's1'), ('action', 'ready'), ('b', 'be')]
    assert order('locked', page, ready, **basic('guest:word')).endswith(';st=DENY')
    assert order('open', '/stats', ready).endswith(';st=DENY')
    host = '%s:%d' % usher.address('locked')
    for headers in ({'Origin': 'http://evil.example'}, {'Referer': 'http://evil.example/' + host}, {'Sec-Fetch-Site': 'cross-site'}, {'Origin': 'null'},
                    {'Sec-Fetch-Site': 'same-site', 'Origin': 'http://' + host}):
        assert order('locked', page, ready, **admin, **headers).endswith(';st=DENY'), headers
    assert state('s1') == 'DRAIN'
    for headers in ({'Origin': 'http://' + host}, {'Referer': f'http://{host}{page}'}, {'Sec-Fetch-Site': 'same-origin'}):
        assert order('locked', page, ready, **admin, **headers).endswith(';st=DONE'), headers
    assert state('s1') == 'no check'
    assert order('locked', page, [('x', 'y' * 40000)], **admin).endswith(';st=EXCD')

    # Nor is half a form obeyed, whatever its frame.
    form = b'b=be&action=drain&s=s1&x=' + b'y' * 40000
    with usher.connect('locked') as s:
        s.sendall(f'POST {page} HTTP/1.1\r\nHost: x\r\nAuthorization: {admin["Authorization"]}\r\nTransfer-Encoding: chunked\r\n\r\n'.encode()
                  + b'%x\r\n%s\r\n0\r\n\r\n' % (len(form), form))
        assert b';st=EXCD\r\n' in s.recv(4096)
    assert state('s1') == 'no check'

    # In a browser, where there is one: the page fetches, draws, and has no complaint.
    browser = shutil.which('chromium')
    if browser:
        dom = subprocess.run([browser, '--headless=new', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=5000', '--user-data-dir=browser',
                              '--enable-logging=stderr', '--dump-dom', 'http://%s:%d/stats' % usher.address('open')], capture_output=True, text=True, timeout=90)
        assert '<td>' in dom.stdout and 'BACKEND' in dom.stdout and 'FRONTEND' not in dom.stdout.split('<script>')[0], dom.stdout[-2000:]
        assert 'Uncaught' not in dom.stderr and 'Refused' not in dom.stderr, dom.stderr[-2000:]
