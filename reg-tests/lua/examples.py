#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The configurations of examples/lua as they are, on sockets of this test: each knows the client whom a PROXY header names."""
import base64
import hashlib
import hmac
import json
import os
import re
import time
from _lua import Origin, Usher, ask, echo, read_head_lines

WHERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'examples', 'lua')
web = echo()


def config(name):
    text = open(os.path.join(WHERE, name)).read()
    text = re.sub(r'(lua-load\S*) ', rf'\1 {os.path.realpath(WHERE)}/', text)
    return text.replace('bind :8080', 'bind "fd@${fe}"').replace('127.0.0.1:8081', f'127.0.0.1:{web.port}')


def proxy(src):
    family = 'TCP6' if ':' in src else 'TCP4'
    return f'PROXY {family} {src} {"2001:db8::80" if ":" in src else "192.0.2.80"} 4711 80\r\n'.encode()


def told(usher, path, src, extra=''):
    """The status, and the head that the server was sent."""
    status, fields, body = ask(usher, path, extra, begin=proxy(src))
    return status, body.split('\n') if 'x-origin' in fields else fields


# limit: one token in a thousand seconds, so that nothing hangs on how fast this test is.
with Usher(config('limit.cfg').replace('limit.lua 10 20', 'limit.lua 0.001 3'), sockets=['fe']) as usher:
    assert [ask(usher, '/', begin=proxy('192.0.2.1'))[0] for _ in range(5)] == [200, 200, 200, 429, 429], usher.log()
    status, fields, _ = ask(usher, '/', begin=proxy('192.0.2.1'))
    assert status == 429 and 900 <= int(fields['retry-after']) <= 1000, fields
    assert ask(usher, '/', begin=proxy('192.0.2.2'))[0] == 200
    usher.stop()
    assert 'too many requests of 192.0.2.1\n' in usher.log() and 'of 192.0.2.2' not in usher.log(), usher.log()
with Usher(config('whoami.cfg'), sockets=['fe']) as usher:
    status, _, body = ask(usher, '/', begin=proxy('192.0.2.7'))
    assert (status, body) == (200, 'you are: 192.0.2.7 port 4711\nconnected by: 127.0.0.1\nPROXY header: version 1, PROXY\n'), (body, usher.log())

# jwt
SECRET = b'a secret of more than thirty-two bytes'


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=')


def token(claims, head=None, secret=SECRET):
    signed = b'.'.join(part(p if isinstance(p, bytes) else json.dumps(p).encode()) for p in (head or {'alg': 'HS256'}, claims))
    return (signed + b'.' + part(hmac.new(secret, signed, hashlib.sha256).digest())).decode()


now = int(time.time())
good = {'iss': 'https://login.example.com', 'aud': 'shop', 'sub': 'ann', 'exp': now + 600}
os.umask(0o077)
with open('jwt.secret', 'wb') as f:
    f.write(SECRET + b'\n')
# One thread, so that lines are in the order of requests.
with Usher(config('jwt.cfg').replace('global\n', 'global\n    nbthread 1\n', 1), sockets=['fe']) as usher:
    bearer = 'X-User: root\r\nAuthorization: Bearer {}\r\n'.format
    for claims in (good, dict(good, aud=['blog', 'shop']), dict(good, nbf=now), dict(good, cip='192.0.2.7')):
        status, head = told(usher, '/', '192.0.2.7', bearer(token(claims)))
        assert status == 200 and 'X-User: ann' in head and 'X-Client: 192.0.2.7' in head, (claims, head, usher.log())
        assert 'X-User: root' not in head and not any('Bearer' in line for line in head), head
    signed, _, signature = token(good).rpartition('.')
    refused = (
        (token(good, secret=b'another secret of so many bytes and more'), 'a wrong signature'),
        (token(good, head={'alg': 'none'}), 'another algorithm'), (token(good, head={'alg': 'RS256'}), 'another algorithm'),
        (token(good, head=b'no json'), 'another algorithm'), (token(good, head={'alg': ['HS256']}), 'another algorithm'),
        (signed + '.', 'no token'), (signed + '.' + signature[:-4], 'a wrong signature'), (signed + '.' + signature + 'AAAA', 'a wrong signature'),
        (signed, 'no token'), ('a b', 'no token'), ('..', 'no token'), (token(b'[]'), 'no end'), (token(b'{"exp": "soon"}'), 'no end'),
        (token(dict(good, exp=now - 600)), 'expired'), (token(dict(good, nbf=now + 600)), 'of the future'),
        (token(dict(good, iss='https://evil.example.com')), 'another issuer'), (token(dict(good, aud=['blog'])), 'for others'),
        (token(dict(good, aud=None)), 'for others'), (token(dict(good, aud={'0': 'shop'})), 'for others'),
        (token(dict(good, cip='192.0.2.8')), 'of another client'))
    for bad, _ in refused:
        status, fields = told(usher, '/', '192.0.2.7', bearer(bad))
        assert status == 401 and fields['www-authenticate'] == 'Bearer error="invalid_token"', (bad, status, fields)
    for nothing in ('', 'Authorization: Basic YTpi\r\n', 'Authorization: Bearer \r\n'):
        status, fields = told(usher, '/', '192.0.2.7', nothing)
        assert status == 401 and fields['www-authenticate'] == 'Bearer', (nothing, fields)
    assert told(usher, '/healthz', '192.0.2.7')[0] == 200
    usher.stop()
    said = [line for line in usher.log().split('\n') if 'is refused' in line][:len(refused)]
    assert len(said) == len(refused) and 'failed' not in usher.log(), usher.log()
    for line, (_, why) in zip(said, refused):
        assert line.startswith('192.0.2.7 is refused: ') and why in line, (why, line)

# canary: the same client meets the same version, and about a tenth of them the new one.


def version(name):
    def serve(client):
        head = read_head_lines(client.makefile('rb'))
        wrong = any(line.lower().startswith(b'x-version') for line in head)
        client.sendall(b'HTTP/1.1 %d OK\r\nX-From: %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n' % (500 if wrong else 200, name))
    return Origin(serve)


stable, canary = version(b'stable'), version(b'canary')


def met(usher, src, asked=''):
    status, fields, _ = ask(usher, '/', f'X-Version: {asked}\r\n' if asked else '', begin=proxy(src))
    assert status == 200 and fields['x-served-by'] == fields['x-from'], (fields, usher.log())
    return fields['x-from']


def canary_config(percent):
    text = config('canary.cfg').replace(f'127.0.0.1:{web.port}', f'127.0.0.1:{stable.port}').replace('127.0.0.1:8082', f'127.0.0.1:{canary.port}')
    return text.replace('canary.lua 10', f'canary.lua {percent}')


clients = [f'198.51.100.{i}' for i in range(1, 151)]
drawn = {}
for percent in 0, 10, 40, 100:
    with Usher(canary_config(percent), sockets=['fe']) as usher:
        drawn[percent] = {c for c in clients if met(usher, c) == 'canary'}
        if percent == 10:
            assert {c for c in clients if met(usher, c) == 'canary'} == drawn[10]
            for src in '192.0.2.9', '2001:db8:1::9':
                assert [met(usher, src, v) for v in ('stable', 'canary')] == ['stable', 'canary']
            outside = next(c for c in clients if c not in drawn[10])
            assert met(usher, outside, 'canary') == 'stable' and met(usher, next(iter(drawn[10])), 'stable') == 'canary'
            assert met(usher, '192.0.2.9', 'mauve') == met(usher, '192.0.2.9')
            # An IPv6 client may have a new address every hour; its network stays.
            assert len({met(usher, f'2001:db8:7:1::{i:x}') for i in range(20)}) == 1
            usher.stop()
            assert 'version=canary why=asked' in usher.log() and f'{outside}:4711 stable1 200 version=stable why=drawn' in usher.log()
assert not drawn[0] and drawn[100] == set(clients) and drawn[10] < drawn[40], drawn
assert 5 <= len(drawn[10]) <= 30 and 40 <= len(drawn[40]) <= 80, (len(drawn[10]), len(drawn[40]))

# jsonlog: whatever bytes came, each line is one of JSON.
with Usher(config('jsonlog.cfg').replace('backend app', 'backend app\n    http-request deny if { path /denied }'), sockets=['fe'], args=['-q']) as usher:
    hostile = [b'plain', b'"quoted\\"', bytes(c for c in range(128, 256)), 'zażółć €\U0001f600'.encode(), b'\xe2\x82', b'\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80',
               b'a\tb', b'</script>', b'x' * 6000, b'\xff' * 3000, b'%s%n']
    for i, agent in enumerate(hostile):
        with usher.connect('fe') as c:
            c.sendall(proxy(f'192.0.2.{i}') + b'GET /%d?q="%%22 HTTP/1.1\r\nHost: h\r\nConnection: close\r\nUser-Agent: %s\r\n\r\n' % (i, agent))
            assert read_head_lines(c.makefile('rb'))[0].split()[1] == b'200', agent
    assert ask(usher, '/denied', begin=proxy('2001:db8::1'))[0] == 403
    with usher.connect('fe') as c:
        c.sendall(proxy('192.0.2.99') + b'GET / HTTP/1.1\r\nHost: h\r\nbad header\r\n\r\n')
        assert b' 400 ' in c.recv(1000)
    usher.stop()
    raw = [line for line in open('usher.log', 'rb').read().split(b'\n') if line.startswith(b'{')]
    lines = [json.loads(line.decode('ascii')) for line in raw]
    by_client = {line['client']: line for line in lines}
    assert len(lines) == len(hostile) + 2 == len(by_client), usher.log()
    for i, agent in enumerate(hostile):
        line = by_client[f'192.0.2.{i}']
        assert line['agent'].replace('�', '') == agent[:1000].decode(errors='ignore'), (agent, line)
        assert (line['uri'], line['host'], line['status'], line['method']) == (f'/{i}?q="%22', 'h', 200, 'GET'), line
        assert (line['port'], line['peer'], line['frontend'], line['backend'], line['server']) == (4711, '127.0.0.1', 'web', 'app', 'app1'), line
        assert line['bytes'] > 0 and abs(time.time() - time.mktime(time.strptime(line['time'][:19], '%Y-%m-%dT%H:%M:%S'))) < 86400, line
    assert by_client['2001:db8::1']['status'] == 403 and by_client['192.0.2.99']['status'] == 400, lines

# auth-subrequest (more in auth_subrequest.vtc)
def authenticate(client):
    head = read_head_lines(client.makefile('rb'))
    good = b'cookie: session=good' in head and b'x-forwarded-for: 192.0.2.7' in head
    client.sendall(b'HTTP/1.1 200 OK\r\nX-User: ann\r\nContent-Length: 0\r\n\r\n' if good else b'HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nwho?')


auth = Origin(authenticate)
with Usher(config('auth-subrequest.cfg').replace('127.0.0.1:8090/check 500', f'127.0.0.1:{auth.port}/check 20000'), sockets=['fe']) as usher:
    assert ask(usher, '/', begin=proxy('192.0.2.7'))[0] == 401
    assert ask(usher, '/', 'Cookie: session=good\r\n', begin=proxy('192.0.2.8'))[0] == 401
    status, head = told(usher, '/', '192.0.2.7', 'X-User: root\r\nCookie: session=good\r\n')
    assert status == 200 and 'X-User: ann' in head and 'X-User: root' not in head, (head, usher.log())
    status, head = told(usher, '/public/', '192.0.2.9')
    assert status == 200, head
