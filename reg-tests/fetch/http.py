#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What fetches find in requests and which values conditions look at. With haproxy at hand every request goes to it too, and
both must find the same; without it the few wanted texts written here must be found."""
import os
import shutil
import socket
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
import _usher  # noqa: E402
from _usher import Origin, Usher  # noqa: E402

HAPROXY = shutil.which('haproxy')

VALUES = '''method path pathq url query query,length base baseq base32 base32+src,hex url32 url32+src,hex url_ip url_port req.ver
req.proto_http http_first_req hdr(x) hdr(x,1) hdr(x,2) hdr(x,-1) hdr(x,-2) hdr(x,-9) hdr(x),length req.fhdr(x) req.fhdr(x,1)
req.fhdr(x,-2) req.hdr(x,3) hdr_cnt(x) req.hdr_cnt req.fhdr_cnt(x) req.fhdr_cnt hdr_ip(x) hdr_ip(x,1) hdr_val(x) hdr_val(x,1)
req.hdr_names req.hdr_names(;) req.hdrs,hex req.hdrs_bin,hex urlp(a) urlp urlp(a,;) url_param(b) urlp_val(a) req.cook(a) cook
req.cook_cnt(a) req.cook_cnt req.cook_val(a) req.cook(b) req.cook(a),length cookie(a) http_auth_type http_auth_user http_auth_pass
http_auth_bearer req.body req.body_len req.body_size req.body_param(a)
req.body_param(b) req.body_param'''.split()
LOGGED = 'capture.req.method capture.req.uri capture.req.ver'.split()
CONDITIONS = '''{ hdr(x) -m str b } | { hdr(x,2) -m str b } | { hdr(x,-1) -m str b } | { req.hdr(x),lower -m str b } |
{ req.fhdr(x) -m str a,b } | { hdr_val(x) 5 } | { hdr_ip(x) 10.0.0.0/8 } | { hdr(x) -m found } | { req.fhdr(x) -m found } |
{ hdr_len(x) 0 } | { hdr_beg(x) a } | { hdr_cnt(x) gt 2 } | { hdr(x),hex2i 255 } | { cook(a) 2 } | { cook 2 } | { urlp(a) 2 } |
{ urlp 2 } | { urlp_val(a) 2 } | { req.body_param -m str 6 } | !{ hdr(x) -m str b } | METH_GET | { method get } | { method foo } |
{ method -m str GET } | HTTP_CONTENT | HTTP_URL_ABS | HTTP_URL_SLASH | HTTP_URL_STAR | HTTP_1.0 | HTTP_1.1 | HTTP |
{ path -m found } | { query -m found } | { query,length 0 } | { base -m found } | { path_beg /a } | { path_end .css } |
{ path_dir img } | { url_sub x=1 } | { path_reg ^/[a-c]+$ } | { hdr_dom(host) ex } | { req.cook_cnt(a) 2 } | { url_len gt 9 }'''
CONDITIONS = [c.strip() for c in CONDITIONS.replace('\n', ' ').split('|')]

REQUESTS = [
    'GET /a/b;p=1?a=12&b=x;a=3&c HTTP/1.1\r\nHost: www.Ex.com:80\r\nX: 1, 2\r\nFoo: bar\r\nX: "a,b", 3abc\r\nX:  10.1.2.3:80\r\n'
    'Cookie: a=5; b="q r"; a=7\r\nCookie: c; a=9\r\nAuthorization: Basic dTpwOnE=\r\n\r\n',
    'GET http://1.2.3.4:8080/x?y HTTP/1.1\r\nHost: 1.2.3.4:8080\r\nX:\r\n\r\n',
    'GET http://ex.com HTTP/1.1\r\nHost: ex.com\r\nX: 1,,2\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: e\r\nX: ,\r\n\r\n',
    'GET /?a=1&a=2?b=3 HTTP/1.0\r\nX: 1, ,2,\r\n\r\n',
    'CONNECT ex.com:444 HTTP/1.1\r\nHost: ex.com:444\r\nX: -5\r\n\r\n',
    'POST /p? HTTP/1.1\r\nHost: e\r\nX: abc\r\nCookie: $V=1; a; b=; =x; c=1,d=2\r\nContent-Length: 9\r\n\r\na=5&b=6&c',
    'POST http://e HTTP/1.1\r\nHost: e\r\nContent-Length: 7\r\n\r\na=5&b=6',
    'GET / HTTP/1.1\r\nHost: e\r\nX: a, b , c\r\n\r\n', 'GET / HTTP/1.1\r\nHost: e\r\nX: b\r\nX: a\r\n\r\n',
    'FOO /?a=1&a=2 HTTP/1.1\r\nHost: e\r\nX: B,5, 11, 10.1.1.1\r\nCookie: a=1; a=2\r\n\r\n',
    'GET /?b=2 HTTP/1.0\r\nX:\r\nCookie: b=2\r\n\r\n', 'GET /? HTTP/1.1\r\nHost: e\r\nX: a,,c\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: e\r\nX: "b,b", b\r\n\r\n', 'GET / HTTP/1.1\r\nHost: e\r\nX: 10, 5abc\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: e\r\nX: "b", x"b,b"\r\n\r\n', 'GET / HTTP/1.1\r\nHost: e\r\nX: ff, zz\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: e\r\nX: "a\\", b\r\n\r\n', 'foo /abc HTTP/1.1\r\nHost: my.ex.org\r\n\r\n',
    'GET /img/x=1/a.css HTTP/1.1\r\nHost: my.ex.org\r\nContent-Length: 0\r\n\r\n', 'GET //a//b/?#', 'GET /a?b?c HTTP/1.1\r\nHost: h\r\n\r\n',
]
REQUESTS = [r for r in REQUESTS if r.endswith('\r\n\r\n') or 'Content-Length' in r]
REQUESTS += [f'GET / HTTP/1.1\r\nHost: e\r\nCookie: {c}\r\n\r\n' for c in
             ('$Version=1', 'a', 'b=', '=x', 'c=1,d=2', 'a=1;a=2', 'a =1 ; b= 2 ', 'a="1;2"; b=3', 'a=1;;b=2', 'a=x', 'A=1', 'a; b=2',
              'a=1; b=2; a=', 'a=1,; b=2', 'a=1; b', ';a=4', 'a==1')]
REQUESTS += [f'GET {t} HTTP/1.1\r\nHost: e\r\n\r\n' for t in
             ('/?a', '/?a=', '/?&a=1', '/?b=a=2', '/?ab=1&a=3', '/;a=4', '/;b=1;a=4', '/;b=1?a=6', '/?=1', '/?&&a=9', '/?a=10;b',
              '/a?x=1?a=2', '/a/../b', '/%41?%61=1', '/?a=%20+', '/a??a=1')]
REQUESTS += [f'GET / HTTP/1.1\r\nHost: e\r\nX: {v}\r\n\r\n' for v in
             ('1.2.3.4:80', '1.2.3.4:x', '::1', '1.2.3.4 ', 'a, 1.2.3.4', '1.2.3.4, a', '1.2.3.4:99999', 'unknown')]
REQUESTS += [f'GET / HTTP/1.1\r\nHost: e\r\nAuthorization: {v}\r\n\r\n' for v in
             ('Basic dTpw', 'basic dTpw', 'Basic  dTpw', 'Bearer abc.def', 'Basic dQ==', 'Basic ###', 'Digest x', 'bearer x')]

# Where HAProxy makes a number of what is none, of bytes below '0', and a name of a method that has no number.
GARBAGE = {'hdr_val(x)', 'hdr_val(x,1)', 'req.cook_val(a)', '{ hdr_val(x) 5 }', 'urlp_val(a)'}


def differs(request, word, ours, theirs):
    if word in GARBAGE:
        return False
    if word == 'method' and request.split()[0].upper() == 'FOO':
        return ours != request.split()[0]
    return ours != theirs


log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(('127.0.0.1', 0))
log.settimeout(20)


def answer(client):
    while client.recv(1 << 16):
        client.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')


origin = Origin(answer)
rules = [f'    tcp-request content set-var(txn.v{i}) {v}\n' for i, v in enumerate(VALUES)]
rules += [f'    tcp-request content set-var(txn.c{i}) int(1) if {c}\n' for i, c in enumerate(CONDITIONS)]
fields = [f'%[{w}]' for w in LOGGED] + [f'%[var(txn.v{i})]' for i in range(len(VALUES))] + [f'%[var(txn.c{i})]' for i in range(len(CONDITIONS))]
CONFIG = f'''
global
    log 127.0.0.1:{log.getsockname()[1]} len 8192 format raw local0
defaults
    mode http
    log global
    timeout client 20s
    timeout server 20s
    timeout connect 5s
frontend fe
    bind "fd@${{fe}}"
{''.join(rules)}
    log-format "{' ~ '.join(fields)}"
    default_backend be
backend be
    server s1 127.0.0.1:{origin.port}
'''


def lines_of(program):
    _usher.PROGRAM = program
    lines = []
    with Usher(CONFIG, sockets=['fe']) as usher:
        for request in REQUESTS:
            with usher.connect('fe') as c:
                c.sendall(request.encode())
                reply = c.recv(1 << 16)
                assert reply.startswith(b'HTTP/1.1 200'), (request, reply)
            lines.append(dict(zip(LOGGED + VALUES + CONDITIONS, log.recv(1 << 16).decode().rstrip('\n').split(' ~ '))))
    return lines


def main():
    ours = lines_of(os.environ['HAPROXY_PROGRAM'])
    first = ours[0]
    assert first['req.hdr(x,3)'] == '"a,b"', first
    assert first['path'] == '/a/b;p=1' and first['req.cook(b)'] == '"q r"' and first['{ hdr(x) -m found }'] == '1', first
    if not HAPROXY:
        return
    theirs = lines_of(HAPROXY)
    wrong = 0
    for request, a, b in zip(REQUESTS, ours, theirs):
        for word in LOGGED + VALUES + CONDITIONS:
            if differs(request, word, a[word], b[word]):
                print(f'{request!r}\n    {word}: usher {a[word]!r}, haproxy {b[word]!r}')
                wrong += 1
    assert wrong == 0, f'{wrong} differences'


main()
