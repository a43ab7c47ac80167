#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Persistence by cookie: `cookie` in all its modes, server cookies, force-persist, ignore-persist, option persist, dynamic cookies
and their commands, drain and maintenance. What stands in the tables is what the server saw, what the client got and the log's
%tsc; with haproxy at hand the same tables are asked of it."""
import os
import re
import shutil
import socket
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
import _usher  # noqa: E402
from _usher import Origin, Usher, free_ports, read_head  # noqa: E402

HAPROXY = shutil.which('haproxy')
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind('log.sock')
log.settimeout(20)


def origin(name):
    """Answers with what the fields X-Set of the request say, its own name, and the request's head as body."""
    def serve(client):
        f = client.makefile('rb')
        while True:
            head = read_head(f)
            if head is None:
                return
            head = head[:-2]
            own = b''.join(line[7:] for line in head.splitlines(True) if line.lower().startswith(b'x-set: '))
            client.sendall(b'HTTP/1.1 200 OK\r\nX-Server: %s\r\n%sContent-Length: %d\r\n\r\n%s' % (name.encode(), own, len(head), head))
    return Origin(serve)


web = {name: origin(name) for name in ('s1', 's2', 's3')}
dead = free_ports()


def server(name, words='', cookie=None):
    return f'    server {name} 127.0.0.1:{web[name].port} cookie {cookie or "c" + name} {words}\n'


both = server('s1') + server('s2')
modes = {
    'passive': 'cookie SRV', 'passind': 'cookie SRV indirect', 'rewrite': 'cookie SRV rewrite', 'insert': 'cookie SRV insert',
    'insind': 'cookie SRV insert indirect', 'inspsv': 'cookie SRV insert preserve', 'prefix': 'cookie SRV prefix',
    'prefind': 'cookie SRV prefix indirect', 'post': 'cookie SRV insert indirect postonly', 'nocache': 'cookie SRV insert nocache',
    'attrs': 'cookie SRV insert httponly secure domain .a.com domain b.com attr SameSite=None attr X',
    'dates': 'cookie SRV insert indirect maxidle 1000 maxlife 5000', 'idle': 'cookie SRV insert maxidle 1000',
}
sections = {name: f'{line}\n{both}' for name, line in modes.items()}
down = 'cookie SRV insert indirect\n'
sections |= {
    'bare': f'cookie SRV insert\n    server s1 127.0.0.1:{web["s1"].port}\n',
    'use': f'{down}    use-server s2 if {{ path /s2 }}\n{both}',
    'down': down + server('s1') + server('s2', 'disabled'),
    'persist': f'{down}    option persist\n' + server('s1') + server('s2', 'disabled'),
    'nobody': f'{down}    retries 1\n' + server('s1') + f'    server s2 127.0.0.1:{dead} cookie cs2\n',
    'redispatch': f'{down}    retries 1\n    option redispatch\n' + server('s1') + f'    server s2 127.0.0.1:{dead} cookie cs2\n',
    'persistdead': f'{down}    retries 1\n    option persist\n' + server('s1') + f'    server s2 127.0.0.1:{dead} cookie cs2 disabled\n',
    'force': f'{down}    force-persist if {{ path /force }}\n    ignore-persist unless {{ path / }}\n' + server('s1') + server('s2', 'disabled'),
    'forcedead': f'{down}    retries 1\n    option redispatch\n    force-persist if {{ path /force }}\n' + server('s1') +
                 f'    server s2 127.0.0.1:{dead} cookie cs2 disabled\n',
    'ignore': f'cookie SRV prefix\n    ignore-persist if {{ path /ignore }}\n    balance first\n{both}',
    'twins': down + server('s1') + server('s2', 'disabled') + server('s3', cookie='cs2'),
    'backup': down + server('s1') + server('s2', 'backup'),
    'weight': down + server('s1') + server('s2', 'weight 0'),
    'rules': f'{down}    http-request deny if {{ path /deny }}\n    http-request set-header cookie SRV=cs2 if {{ path /cookie }}\n'
             f'    http-response set-header X-Early %[res.fhdr(set-cookie)]\n'
             f'    http-after-response set-header X-Late %[res.fhdr(set-cookie)]\n    http-response set-header X-Id %[srv_id],%[srv_name]\n'
             f'    balance first\n{both}',
    'drain': f'{down}    use-server s2 if {{ path /s2 }}\n{both}',
}
CONFIG = f'''
global
    nbthread 1
    stats socket unix@cli.sock level admin
    log {os.getcwd()}/log.sock format raw local0 info
defaults cookies
    mode http
    timeout connect 500ms
    timeout client 20s
    timeout server 20s
    log global
    log-format "@ %s %ST %tsc"
''' + ''.join(
    f'listen {name} from cookies\n    bind "fd@${{{name}}}"\n    {text}' for name, text in sections.items()) + f'''
defaults inherits from cookies
    cookie SRV insert indirect dynamic
    dynamic-cookie-key secret
    default-server cookie wide
listen dynamic from inherits
    bind "fd@${{dynamic}}"
    server s1 127.0.0.1:{web["s1"].port}
listen made from cookies
    bind "fd@${{made}}"
    cookie SRV insert indirect dynamic
    dynamic-cookie-key secret
    server s1 127.0.0.1:{web["s1"].port}
    server s2 127.0.0.1:{web["s2"].port} cookie own
    server v6 [::1]:8080 weight 0
'''
NAMES = [*sections, 'dynamic', 'made']

C1, C2, NONE = 'SRV=cs1', 'SRV=cs2', None
OWN = 'Set-Cookie: SRV=own; path=/x'
NEW1, NEW2 = 'SRV=cs1; path=/', 'SRV=cs2; path=/'
# (section, path, the request's cookie, what the server sets, its server or None for any, status, %tsc, the cookies it saw,
# what the client gets set); '*' in the last stands for the cookie of whatever server it was
CASES = [
    ('passive', '/', C2, OWN, 's2', 200, '----', C2, 'SRV=own; path=/x'),
    ('passind', '/', NONE, OWN, None, 200, '--NP', NONE, 'SRV=own; path=/x'),
    ('passind', '/', C2, OWN, 's2', 200, '--VD', C2, NONE),
    ('rewrite', '/', NONE, NONE, None, 200, '--NN', NONE, NONE),
    ('rewrite', '/', C2, OWN, 's2', 200, '--VR', C2, 'SRV=cs2; path=/x'),
    ('rewrite', '/', 'SRV=no', 'Set-Cookie: SRV="a;b", c=1', None, 200, '--IR', 'SRV=no', '*, c=1'),
    ('rewrite', '/', C1, 'Set-Cookie: a=1; SRV=x', 's1', 200, '--VN', C1, 'a=1; SRV=x'),
    ('rewrite', '/', C1, 'Set-Cookie: SRV; expires=Thu, SRV=1', 's1', 200, '--VN', C1, 'SRV; expires=Thu, SRV=1'),
    ('insert', '/', NONE, NONE, None, 200, '--NI', NONE, '*; path=/'),
    ('insert', '/', C2, OWN, 's2', 200, '--VD', C2, NONE),
    ('insert', '/', 'srv=cs1', NONE, None, 200, '--NI', 'srv=cs1', '*; path=/'),
    ('bare', '/', NONE, NONE, 's1', 200, '--NI', NONE, 'SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/'),
    ('insind', '/', 'a=1; SRV=cs2; b=2', NONE, 's2', 200, '--VN', 'a=1; b=2', NONE),
    ('insind', '/', 'a="SRV=cs1;x" ;c;  SRV=cs2;  b=2', NONE, 's2', 200, '--VN', 'a="SRV=cs1;x" ;c; b=2', NONE),
    ('insind', '/', '$Version=1; SRV=cs2; $Path=/; b=2', NONE, 's2', 200, '--VN', '$Version=1; b=2', NONE),
    ('insind', '/', '$Version=1; SRV=cs2; $Path=/', NONE, 's2', 200, '--VN', NONE, NONE),
    ('insind', '/', 'SRV=zz; SRV=cs2; SRV=cs1; q=1', NONE, 's2', 200, '--VN', 'q=1', NONE),
    ('insind', '/', 'SRV="cs1"', NONE, None, 200, '--II', NONE, '*; path=/'),
    ('insind', '/', 'SRV=cs1 x', 'Set-Cookie2: SRV=2', None, 200, '--II', NONE, '*; path=/'),
    ('inspsv', '/', NONE, OWN, None, 200, '--NP', NONE, 'SRV=own; path=/x'),
    ('inspsv', '/', NONE, NONE, None, 200, '--NI', NONE, '*; path=/'),
    ('prefix', '/', 'a=1; SRV=cs2~in~ner; b=2', OWN, 's2', 200, '--VR', 'a=1; SRV=in~ner; b=2', 'SRV=cs2~own; path=/x'),
    ('prefix', '/', 'SRV=zz~x; SRV=cs2~y', NONE, 's2', 200, '--VN', 'SRV=x; SRV=y', NONE),
    ('prefix', '/', C2, 'Set-Cookie: SRV=', 's2', 200, '--VR', C2, 'SRV=cs2~'),
    ('prefind', '/', 'SRV=cs2~in', OWN, 's2', 200, '--VD', 'SRV=in', NONE),
    ('post', '/', NONE, OWN, None, 200, '--ND', NONE, NONE),
    ('post', 'POST', NONE, NONE, None, 200, '--NI', NONE, '*; path=/'),
    ('nocache', '/', NONE, 'Cache-Control: max-age=10', None, 200, '--NI', NONE, '*; path=/ private'),
    ('nocache', '/', NONE, 'ETag: "x"', None, 200, '--NI', NONE, '*; path=/ private'),
    ('nocache', '/', NONE, 'Cache-Control: max-age=10, private', None, 200, '--NI', NONE, '*; path=/'),
    ('nocache', '/', NONE, 'Pragma: no-cache', None, 200, '--NI', NONE, '*; path=/'),
    ('nocache', 'POST', NONE, 'Cache-Control: max-age=10', None, 200, '--NI', NONE, '*; path=/'),
    ('nocache', '/', NONE, NONE, None, 200, '--NI', NONE, '*; path=/'),
    ('nocache', '/', C1, 'ETag: "x"', 's1', 200, '--VN', C1, NONE),
    ('attrs', '/', NONE, NONE, None, 200, '--NI', NONE, '*; path=/; domain=.a.com; domain=b.com; HttpOnly; Secure; SameSite=None; X'),
    ('dates', '/', NONE, NONE, None, 200, '--NI', NONE, '*|now|now; path=/'),
    ('dates', '/', C1, NONE, 's1', 200, '--VU', NONE, 'SRV=cs1|now|now; path=/'),
    ('dates', '/', 'SRV=cs1|now|now', NONE, 's1', 200, '--VN', NONE, NONE),
    ('dates', '/', 'SRV=cs1|-900|-4900', NONE, 's1', 200, '--VU', NONE, 'SRV=cs1|now|-4900; path=/'),
    ('dates', '/', 'SRV=cs1|-1100|-1200', NONE, None, 200, '--EI', NONE, '*|now|now; path=/'),
    ('dates', '/', 'SRV=cs1|-900|-5100', NONE, None, 200, '--OI', NONE, '*|now|now; path=/'),
    ('dates', '/', 'SRV=cs1|+90000|now', NONE, None, 200, '--EI', NONE, '*|now|now; path=/'),
    ('dates', '/', 'SRV=cs1|+80000|now', NONE, 's1', 200, '--VN', NONE, NONE),
    ('dates', '/', 'SRV=cs1|-1100|now; SRV=cs2|now|now', NONE, 's2', 200, '--VN', NONE, NONE),
    ('idle', '/', NONE, NONE, None, 200, '--NI', NONE, '*|now; path=/'),
    ('idle', '/', 'SRV=cs1|now', NONE, 's1', 200, '--VN', 'SRV=cs1|now', NONE),
    ('insind', '/', 'SRV=cs1|now|now', NONE, 's1', 200, '--VU', NONE, NEW1),
    ('use', '/s2', C1, OWN, 's2', 200, '--UD', NONE, NONE),
    ('use', '/s2', NONE, NONE, 's2', 200, '--NN', NONE, NONE),
    ('use', '/', C1, NONE, 's1', 200, '--VN', NONE, NONE),
    ('down', '/', C2, NONE, 's1', 200, '--DI', NONE, NEW1),
    ('down', '/', 'SRV=cs2; SRV=cs1', NONE, 's1', 200, '--VN', NONE, NONE),
    ('down', '/', 'SRV=zz; SRV=cs2', NONE, 's1', 200, '--DI', NONE, NEW1),
    ('persist', '/', C2, OWN, 's2', 200, '--DD', NONE, NONE),
    ('nobody', '/', C2, NONE, 's2', 503, 'SCVN', NONE, NONE),
    ('redispatch', '/', C2, NONE, 's1', 200, '--DI', NONE, NEW1),
    ('persistdead', '/', C2, NONE, 's2', 503, 'SCDN', NONE, NONE),
    ('force', '/force', C2, NONE, 's2', 200, '--DN', NONE, NONE),
    ('force', '/', C2, NONE, 's1', 200, '--DI', NONE, NEW1),
    ('force', '/other', C2, NONE, 's1', 200, '--UN', NONE, NONE),
    ('forcedead', '/force', C2, NONE, 's2', 503, 'SCDN', NONE, NONE),
    ('ignore', '/ignore', 'SRV=cs2~in', OWN, 's1', 200, '--UN', 'SRV=in', 'SRV=own; path=/x'),
    ('ignore', '/', 'SRV=cs2~in', OWN, 's2', 200, '--VR', 'SRV=in', 'SRV=cs2~own; path=/x'),
    ('twins', '/', C2, NONE, 's3', 200, '--VN', NONE, NONE),
    ('backup', '/', C2, NONE, 's2', 200, '--VN', NONE, NONE),
    ('weight', '/', C2, NONE, 's2', 200, '--VN', NONE, NONE),
    ('rules', '/deny', NONE, NONE, '<NOSRV>', 403, 'PRNN', NONE, 'late='),
    ('rules', '/cookie', C1, NONE, 's2', 200, '--VN', NONE, 'early= id=2,s2 late='),
    ('rules', '/', NONE, NONE, 's1', 200, '--NI', NONE, f'{NEW1} early= id=1,s1 late={NEW1}'),
    ('dynamic', '/', NONE, NONE, 's1', 200, '--NI', NONE, 'SRV=wide; path=/'),
]
# Not asked of haproxy, which keeps the blanks before what it cuts out.
DIFFERENT = {'a="SRV=cs1;x" ;c;  SRV=cs2;  b=2'}

DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'


def written(date):
    """A date as cookies have it, from seconds from now or 'now', which is a little later: it must not grow old on the way."""
    n = (int(time.time()) + (30 if date == 'now' else int(date)) + 3) // 4
    return '|' + ''.join(DIGITS[n >> 6 * i & 63] for i in (4, 3, 2, 1, 0))


def read(date):
    """The other way round, in whole hundreds of seconds."""
    n = 0
    for c in date:
        n = n * 64 + DIGITS.index(c)
    ago = round((n * 4 - time.time()) / 100) * 100
    return '|now' if ago == 0 else f'|{ago:+d}'


def fields(head):
    return [tuple(line.split(': ', 1)) for line in head.decode().split('\r\n')[1:] if ': ' in line]


def ask(program, section, path='/', cookie=None, own=None):
    """Server, status, %tsc, the cookies that the server saw, and what the client got."""
    method, path = ('POST', '/') if path == 'POST' else ('GET', path)
    cookie = cookie and re.sub(r'\|(now|[+-]\d+)', lambda m: written(m[1]), cookie)
    request = f'{method} {path} HTTP/1.1\r\nHost: h\r\n'
    request += f'Cookie: {cookie}\r\n' if cookie else ''
    request += f'X-Set: {own}\r\n' if own else ''
    with program.connect(section) as c:
        c.sendall(f'{request}\r\n'.encode())
        f = c.makefile('rb')
        head = read_head(f)
        got = fields(head)
        seen = fields(f.read(int(dict((k.lower(), v) for k, v in got)['content-length']))) if b'X-Server' in head or b'x-server' in head else []
    line = ''
    while not line.startswith('@ '):  # servers that come and go have lines too
        line = log.recv(1 << 16).decode()
    server, status, state = line[2:].split()
    answer = [v for k, v in got if k.lower().startswith('set-cookie')]
    answer += [v for k, v in got if k.lower() == 'cache-control' and v == 'private' and section == 'nocache']
    answer += [f'{k[2:].lower()}={v}' for k, v in got if k.lower() in ('x-early', 'x-late', 'x-id')]
    saw = [v for k, v in seen if k.lower() == 'cookie']
    assert server in ('<NOSRV>',) or status != '200' or ('x-server', server) in [(k.lower(), v) for k, v in got], (server, got)
    text = re.sub(r'\|([A-Za-z0-9+/]{5})', lambda m: read(m[1]), ' '.join(answer))
    saw = re.sub(r'\|([A-Za-z0-9+/]{5})', lambda m: read(m[1]), ' '.join(saw))
    return server, int(status), state, saw or None, text or None


def cli(line):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        while True:
            try:
                s.connect('cli.sock')
                break
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.01)
        s.sendall(line.encode() + b'\n')
        return _usher.read_all(s).decode().strip()


def column(backend, server):
    for line in cli('show stat').splitlines():
        words = line.split(',')
        if words[:2] == [backend, server]:
            return words[74]


def check(program, ours):
    for section, path, cookie, own, server, status, state, saw, got in CASES:
        if not ours and cookie in DIFFERENT:
            continue
        answer = ask(program, section, path, cookie, own)
        chosen = answer[0]
        want = (server or chosen, status, state, saw, got and got.replace('*', f'SRV=c{chosen}'))
        assert answer == want, f'{section} {path} {cookie} {own}:\n got {answer}\nwant {want}'

    # Draining, a server keeps its clients; in maintenance it has none.
    assert cli('set server drain/s2 state drain') == ''
    assert ask(program, 'drain', '/', C2)[:3] == ('s2', 200, '--VN') and ask(program, 'drain', '/s2')[0] == 's2'
    assert [ask(program, 'drain')[0] for _ in range(3)] == ['s1'] * 3
    cli('set server drain/s2 state maint')
    assert ask(program, 'drain', '/', C2) == ('s1', 200, '--DI', None, NEW1) and ask(program, 'drain', '/s2')[0] == 's1'

    # Values made of key and address, and changed at run time.
    assert column('made', 'v6') == '7068fe4e8403eb4c' and column('made', 's2') == 'own' and column('made', 'BACKEND') == 'SRV'
    value = column('made', 's1')
    assert re.fullmatch('[0-9a-f]{16}', value)
    assert ask(program, 'made', '/', f'SRV={value}')[:3] == ('s1', 200, '--VN')
    assert ask(program, 'made', '/', 'SRV=own')[:3] == ('s2', 200, '--VN')
    # The address is a part of it.
    port = web["s1"].port
    cli(f'set server made/s1 addr 127.0.0.9 port {port}')
    assert column('made', 's1') != value
    cli(f'set server made/s1 addr 127.0.0.1 port {port}')
    assert column('made', 's1') == value
    assert cli('set dynamic-cookie-key backend made other') == ''
    assert column('made', 's1') not in (value, '')
    assert ask(program, 'made', '/', f'SRV={value}')[2][2] == 'I'
    assert cli('disable dynamic-cookie backend made') == '' and column('made', 's1') == '' and column('made', 's2') == 'own'
    cli('set dynamic-cookie-key backend made secret')
    assert cli('enable dynamic-cookie backend made') == '' and column('made', 's1') == value
    assert cli('enable dynamic-cookie backend') == 'A backend name is expected.'
    assert cli('disable dynamic-cookie backend none') == 'No such backend.'
    assert cli('set dynamic-cookie-key backend made') == 'String value expected.'
    assert cli('operator; set dynamic-cookie-key backend made x').endswith('Permission denied')


for name in [_usher.PROGRAM] + [HAPROXY] * bool(HAPROXY):
    ours = name == _usher.PROGRAM
    _usher.PROGRAM = name
    with Usher(CONFIG, sockets=NAMES) as running:
        check(running, ours)
    if os.path.exists('cli.sock'):
        os.unlink('cli.sock')
