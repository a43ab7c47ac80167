# SPDX-License-Identifier: Apache-2.0
"""Every kind of health check against servers that answer well, badly, with nonsense, nothing, or not at all: how the first
round of each ends, in the words of the log. The expected ends are HAProxy 2.6's unless a comment says otherwise."""
# tsan
import os
import re
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'process'))
from _usher import WAIT_S, Origin, Usher  # noqa: E402


def receive_head(s):
    head = b''
    while b'\r\n\r\n' not in head:
        more = s.recv(4096)
        if not more:
            break
        head += more
    return head


requests = []


def http(answer):
    def serve(s):
        requests.append(receive_head(s))
        for part in answer if isinstance(answer, list) else [answer]:
            s.sendall(part)
    return serve


def until_closed(s):
    try:
        while s.recv(4096):
            pass
    except OSError:
        pass


def says(*parts):
    """Sends the first part at once, each other one when something was heard."""
    def serve(s):
        for i, part in enumerate(parts):
            if i and not s.recv(4096):
                return
            s.sendall(part)
        until_closed(s)
    return serve


def answers(*parts):
    return says(b'', *parts)


def hangs_up(s):
    s.shutdown(socket.SHUT_WR)
    until_closed(s)


OK = b'HTTP/1.0 200 OK\r\nX-A: b, c\r\nContent-Length: 11\r\n\r\nhello world'
CHUNKED = [b'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n', b'2\r\nlo\r\n0\r\n\r\n']
SERVERS = {
    'ok': http(OK), 'chunked': http(CHUNKED), 'bad': http(b'HTTP/1.0 503 Service Unavailable\r\nContent-Length: 1\r\n\r\nx'),
    'gone': http(b'HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n'), 'mute': until_closed, 'closes': hangs_up,
    'noise': says(b'garbage\x01\x02\r\n'), 'pong': says(b'+PONG\r\n'), 'redis': answers(b'+PONG\r\n'),
    'loading': answers(b'-LOADING Redis is loading\r\n'),
    'smtp': says(b'220 mx\r\n', b'250-mx\r\n250 hello there\r\n', b'221 bye\r\n'), 'smtp_busy': says(b'421 too busy\r\n'),
    'pgsql': answers(b'R\0\0\0\x08\0\0\0\x05'),
    'pgsql_no': answers(b'E\0\0\0\x2bSFATAL\0C28000\0Mno such user\0Fauth.c\0L1\0\0'),
    'mysql': says(b'\x0e\0\0\0\x0a8.0.36\0abcdef', b'\x07\0\0\x01\0\0\0\x02\0\0\0'),
    'mysql_no': says(b'\x0e\0\0\0\x0a8.0.36\0abcdef', b'\x16\0\0\x01\xff\x15\x04#28000Access denied'),
    'mysql_full': says(b'\x17\0\0\0\xff\x10\x04Too many connections'),
    'ldap': answers(b'\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0'),
    'ldap_no': answers(b'\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x30\x04\0\x04\0'),
    'tls': answers(b'\x16\x03\x03\x00\x02ab'), 'alert': answers(b'\x15\x03\x03\x00\x02\x02\x28'),
}
NO_CODE = 'Layer7 invalid response'
# name, server, the backend's lines, how the check ends
CASES = [
    ('h_ok', 'ok', 'option httpchk', 'Layer7 check passed, code: 200'),
    ('h_chunked', 'chunked', 'option httpchk GET / HTTP/1.1; http-check expect string hello', 'Layer7 check passed, code: 200'),
    ('h_bad', 'bad', 'option httpchk', 'Layer7 wrong status, code: 503, info: "Service Unavailable"'),
    ('h_gone', 'gone', 'option httpchk; http-check disable-on-404', 'Layer7 check conditionally passed, code: 404'),
    ('h_404', 'gone', 'option httpchk GET /x HTTP/1.1; http-check send hdr Host foo',
     'Layer7 wrong status, code: 404, info: "Not Found"'),
    ('h_mute', 'mute', 'option httpchk', 'Layer7 timeout'),
    # HAProxy does not say why.
    ('h_noise', 'noise', 'option httpchk', NO_CODE + ', info: "this is no HTTP answer"'),
    ('h_closes', 'closes', 'option httpchk', NO_CODE + ', info: "connection closed without an answer"'),
    ('h_string', 'ok', 'option httpchk; http-check expect string hello', 'Layer7 check passed, code: 200'),
    ('h_nostring', 'ok', 'option httpchk; http-check expect string nope', NO_CODE + ', info: "HTTP content check did not match"'),
    ('h_rstring', 'ok', 'option httpchk; http-check expect rstring ^hel+', 'Layer7 check passed, code: 200'),
    ('h_unwanted', 'ok', 'option httpchk; http-check expect ! rstring hel+',
     NO_CODE + ', info: "HTTP check matched unwanted content"'),
    ('h_lf', 'ok', 'option httpchk; http-check set-var(check.w) str(world); http-check expect string-lf %[var(check.w)]',
     'Layer7 check passed, code: 200'),
    ('h_status', 'bad', 'option httpchk; http-check expect status 503', 'Layer7 check passed, code: 503'),
    ('h_range', 'bad', 'option httpchk; http-check expect status 200,300-310',
     'Layer7 wrong status, code: 503, info: "Service Unavailable"'),
    ('h_rstatus', 'ok', 'option httpchk; http-check expect rstatus ^5', 'Layer7 wrong status, code: 200, info: "OK"'),
    ('h_hdr', 'ok', 'option httpchk; http-check expect hdr name X-A value c', 'Layer7 check passed, code: 200'),
    ('h_hdr_beg', 'ok', 'option httpchk; http-check expect hdr name -m beg x- value -m reg ^[bc]$', 'Layer7 check passed, code: 200'),
    ('h_fhdr', 'ok', 'option httpchk; http-check expect fhdr name x-a value c comment "b, c it is"',
     'Layer7 wrong status, code: 200, info: "OK comment: b, c it is"'),
    ('h_comment', 'ok', 'option httpchk; http-check expect comment mine status 201',
     'Layer7 wrong status, code: 200, info: "OK comment: mine"'),
    ('h_before', 'ok', 'option httpchk; http-check comment before; http-check expect status 201',
     'Layer7 wrong status, code: 200, info: "OK comment: before"'),
    ('h_onerror', 'ok', 'option httpchk; http-check expect error-status L7RSP on-error "bad %[int(7)]" status 500',
     NO_CODE + ', info: "bad 7"'),
    ('h_body', 'ok', 'option httpchk; http-check send meth POST uri /a ver HTTP/1.1 hdr Host a.b body "some body"',
     'Layer7 check passed, code: 200'),
    ('h_state', 'ok', 'option httpchk; http-check send-state', 'Layer7 check passed, code: 200'),
    ('h_old', 'ok', 'option httpchk GET /old HTTP/1.1\\r\\nHost:\\ www', 'Layer7 check passed, code: 200'),
    ('h_connect', 'ok', 'option httpchk; http-check connect linger; http-check send uri /1; http-check expect status 200; '
     'http-check connect; http-check send uri /2', 'Layer7 check passed, code: 200'),
    # Fetches of answers, in whatever speaks of them.
    ('h_fetch_head', 'ok', 'option httpchk; http-check expect on-success "%[status] %[res.ver] %[res.hdr(x-a)] %[res.fhdr(x-a)] '
     '%[res.hdr_cnt(x-a)] %[res.hdr_val(content-length)] %[shdr(x-a,1)] %[res.hdr_names]" status 200',
     'Layer7 check passed, code: 200, info: "200 1.0 c b, c 2 11 b x-a,content-length"'),
    ('h_fetch_body', 'chunked', 'option httpchk; http-check expect on-success "%[res.body] %[res.body_len] %[res.len] %[res.payload(5,3)]" '
     'string hello', 'Layer7 check passed, code: 200, info: "hello 5 95 1.1"'),
    ('h_fetch_failed', 'bad', 'option httpchk; http-check expect on-error "%[status] of %[res.ver]: %[res.body]" status 200',
     'Layer7 wrong status, code: 503, info: "503 of 1.0: x"'),
    ('h_fetch_code', 'ok', 'option httpchk; http-check expect status-code res.hdr(content-length) fhdr name x-a value-lf "%[res.fhdr(x-a)]"',
     'Layer7 check passed, code: 11'),
    ('h_fetch_var', 'ok', 'option httpchk; http-check connect; http-check send uri /first; http-check expect status 200; '
     'http-check set-var(check.n) res.hdr(content-length); http-check connect; '
     'http-check send meth HEAD uri-lf "/next-%[var(check.n)]-%[res.hdr(x-a)]"; http-check expect on-success "(%[res.body])" status 200',
     'Layer7 check passed, code: 200, info: "()"'),
    ('t_fetch', 'pong', 'option tcp-check; tcp-check expect on-success "%[res.len] %[res.payload(1,4)] %[payload(0,1)] '
     '(%[res.hdr(x)])" string +PONG', 'Layer7 check passed, code: 0, info: "7 PONG + ()"'),
    ('t_fetch_var', 'gone', 'option tcp-check; tcp-check send x\\r\\n\\r\\n; tcp-check expect string Found; tcp-check set-var(check.s) status; '
     'tcp-check expect on-success "%[var(check.s)] %[res.payload_lv(0,1)]" string 404', 'Layer7 check passed, code: 0, info: "404 "'),
    ('t_expect', 'pong', 'option tcp-check; tcp-check expect string +PONG', 'Layer7 check passed, code: 0, info: "(tcp-check)"'),
    ('t_none', 'pong', 'option tcp-check; tcp-check expect string +PING',
     'Layer7 timeout, info: " at step 1 of tcp-check (expect string \'+PING\')"'),
    ('t_closes', 'closes', 'option tcp-check; tcp-check expect string +PING comment c1',
     NO_CODE + ', info: "TCPCHK got an empty response at step 1 comment: \'c1\'"'),
    ('t_send', 'redis', 'option tcp-check; tcp-check connect; tcp-check send PING\\r\\n; tcp-check expect binary 2b504f4e47',
     'Layer7 check passed, code: 0, info: "(tcp-check)"'),
    ('t_send_binary', 'redis', 'option tcp-check; tcp-check send-binary 50494e470d0a; tcp-check expect rbinary ^2B50',
     'Layer7 check passed, code: 0, info: "(tcp-check)"'),
    ('t_send_lf', 'redis', 'option tcp-check; tcp-check set-var(check.q) str(PING); tcp-check send-lf %[var(check.q)]; '
     'tcp-check expect string-lf +PONG', 'Layer7 check passed, code: 0, info: "(tcp-check)"'),
    ('t_send_binary_lf', 'redis', 'option tcp-check; tcp-check set-var-fmt(check.q) 50; tcp-check send-binary-lf %[var(check.q)]; '
     'tcp-check unset-var(check.q); tcp-check expect binary-lf 2b', 'Layer7 check passed, code: 0, info: "(tcp-check)"'),
    ('t_only_send', 'redis', 'option tcp-check; tcp-check connect; tcp-check send x',
     'Layer7 check passed, code: 0, info: "(tcp-check)"'),
    ('t_only_connect', 'mute', 'option tcp-check; tcp-check connect', 'Layer4 check passed, info: "(tcp-check)"'),
    ('t_nothing', 'mute', 'option tcp-check', 'Layer4 check passed'),
    ('t_port', 'mute', 'option tcp-check; tcp-check connect port 1; tcp-check send x',
     'Layer4 connection problem, info: "Connection refused at step 1 of tcp-check (connect port 1)"'),
    ('t_success', 'pong', 'option tcp-check; tcp-check expect on-success "fine %[int(3)]" string +PONG',
     'Layer7 check passed, code: 0, info: "fine 3"'),
    ('t_code', 'pong', 'option tcp-check; tcp-check expect status-code int(42) ok-status L7OKC string +PONG',
     'Layer7 check conditionally passed, code: 42, info: "(tcp-check)"'),
    ('t_minrecv', 'pong', 'option tcp-check; tcp-check expect min-recv 0 string +PING',
     NO_CODE + ', info: "TCPCHK did not match content \'+PING\' at step 1"'),
    ('t_regex', 'pong', 'option tcp-check; tcp-check expect min-recv 0 rstring ^x',
     NO_CODE + ', info: "TCPCHK did not match content (regex) at step 1"'),
    ('t_not', 'pong', 'option tcp-check; tcp-check expect ! string +PONG',
     NO_CODE + ', info: "TCPCHK matched unwanted content \'+PONG\' at step 1"'),
    ('t_tout', 'mute', 'option tcp-check; tcp-check expect tout-status L6TOUT string x',
     'Layer6 timeout, info: " at step 1 of tcp-check (expect string \'x\')"'),
    ('t_comment', 'redis', 'option tcp-check; tcp-check comment pre; tcp-check connect; tcp-check send a; tcp-check comment last; '
     'tcp-check expect string zzz', 'Layer7 timeout, info: " at step 5 of tcp-check (expect string \'zzz\') comment: \'last\'"'),
    ('redis', 'redis', 'option redis-check', 'Layer7 check passed, code: 0, info: "Redis server is ok"'),
    # HAProxy waits for another answer until its time is over.
    ('redis_no', 'loading', 'option redis-check', 'Layer7 wrong status, code: 0, info: "-LOADING Redis is loading"'),
    ('redis_mute', 'mute', 'option redis-check', 'Layer7 timeout'),
    ('smtp', 'smtp', 'option smtpchk', 'Layer7 check passed, code: 250, info: "hello there"'),
    ('smtp_ehlo', 'smtp', 'option smtpchk EHLO me.example', 'Layer7 check passed, code: 250, info: "hello there"'),
    ('smtp_no', 'smtp_busy', 'option smtpchk', 'Layer7 wrong status, code: 421, info: "too busy"'),
    ('smtp_noise', 'noise', 'option smtpchk', NO_CODE + ', info: "garbage#01#02"'),
    ('pgsql', 'pgsql', 'option pgsql-check user x', 'Layer7 check passed, code: 0, info: "PostgreSQL server is ok"'),
    ('pgsql_no', 'pgsql_no', 'option pgsql-check user x', 'Layer7 wrong status, code: 0, info: "no such user"'),
    ('pgsql_noise', 'noise', 'option pgsql-check user x', 'Layer7 wrong status, code: 0, info: "PostgreSQL unknown error"'),
    ('mysql', 'mysql', 'option mysql-check', 'Layer7 check passed, code: 0, info: "8.0.36"'),
    ('mysql_user', 'mysql', 'option mysql-check user x', 'Layer7 check passed, code: 0, info: "8.0.36"'),
    ('mysql_old', 'mysql', 'option mysql-check user x pre-41', 'Layer7 check passed, code: 0, info: "8.0.36"'),
    ('mysql_no', 'mysql_no', 'option mysql-check user x', 'Layer7 wrong status, code: 1045, info: "Access denied"'),
    ('mysql_full', 'mysql_full', 'option mysql-check', 'Layer7 wrong status, code: 1040, info: "Too many connections"'),
    ('ldap', 'ldap', 'option ldap-check', 'Layer7 check passed, code: 0, info: "Success"'),
    ('ldap_no', 'ldap_no', 'option ldap-check', 'Layer7 wrong status, code: 48, info: "See RFC 4511 section 4.1.9"'),
    ('ldap_noise', 'noise', 'option ldap-check', NO_CODE + ', info: "Not LDAPv3 protocol"'),
    ('tls', 'tls', 'option ssl-hello-chk', 'Layer6 check passed'),
    ('tls_alert', 'alert', 'option ssl-hello-chk', 'Layer6 check passed'),
    ('tls_noise', 'noise', 'option ssl-hello-chk', 'Layer6 invalid response, info: "this is no TLS answer"'),
    ('tls_mute', 'mute', 'option ssl-hello-chk', 'Layer6 timeout'),
]

log_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
log_socket.bind(('127.0.0.1', 0))
log_socket.settimeout(WAIT_S)
ports = {name: Origin(serve).port for name, serve in SERVERS.items()}
CONFIG = f'''
global
    log 127.0.0.1:{log_socket.getsockname()[1]} local0
    node lb1
defaults
    mode tcp
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    timeout check 1s
    option log-health-checks
    log global
'''
for name, server, lines, _ in CASES:
    CONFIG += f'backend {name}\n' + ''.join(f'    {line}\n' for line in lines.split('; '))
    # What times out does so after timeout check; the rest has longer.
    CONFIG += f'    {"" if "timeout" in _ else "timeout check 20s"}\n    server s 127.0.0.1:{ports[server]} check inter 1s\n'
CONFIG += 'frontend f\n    bind "fd@${fe}"\n'

# A request of its own lets go of the rules of the defaults.
CONFIG += f'''
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    option log-health-checks
    log global
    option httpchk
    http-check send meth HEAD uri /hidden
    http-check expect status 404
backend of_defaults
    server s 127.0.0.1:{ports['ok']} check inter 20s
backend anew
    option httpchk GET /anew
    server s 127.0.0.1:{ports['ok']} check inter 20s
'''
EXPECTED = {name: expected for name, _, _, expected in CASES}
EXPECTED.update(of_defaults='Layer7 wrong status, code: 200, info: "OK"', anew='Layer7 check passed, code: 200')

ENDED = re.compile(r'(?:Health|Agent) check for server (\w+)/s (?:failed|succeeded|conditionally succeeded), reason: (.*), check duration')
ended = {}
with Usher(CONFIG, sockets=['fe']) as usher:
    while len(ended) < len(EXPECTED):
        match = ENDED.search(log_socket.recv(9000).decode())
        if match:
            ended.setdefault(match[1], match[2])
for name, expected in EXPECTED.items():
    assert ended[name] == expected, (name, ended[name], expected)

assert b'OPTIONS / HTTP/1.0\r\n\r\n' in requests
sent = {r.split(b'\r\n')[0]: r for r in requests}
assert b'\r\nHost: foo\r\n' in sent[b'GET /x HTTP/1.1'] and b'\r\nConnection: close\r\n' in sent[b'GET /x HTTP/1.1'], sent
assert b'\r\nHost: www\r\n' in sent[b'GET /old HTTP/1.1'], sent
assert b'\r\nContent-Length: 9\r\n' in sent[b'POST /a HTTP/1.1'] and sent[b'POST /a HTTP/1.1'].endswith(b'\r\n\r\nsome body'), sent
assert b'GET /1 HTTP/1.0' not in sent and b'OPTIONS /1 HTTP/1.0' in sent and b'OPTIONS /2 HTTP/1.0' in sent, sent
# A request of HTTP/1.1 has a Host, asked for or not (RFC 9110 section 7.2); HAProxy leaves it out.
assert b'\r\nHost: 127.0.0.1:%d\r\n' % ports['chunked'] in sent[b'GET / HTTP/1.1'], sent
assert b'HEAD /hidden HTTP/1.0' in sent and b'GET /anew HTTP/1.0' in sent, sent
assert b'HEAD /next-11- HTTP/1.0' in sent, sent
state = [r for r in requests if b'X-Haproxy-Server-State' in r][0]
assert re.search(rb'\r\nX-Haproxy-Server-State: UP 1/3; address=127.0.0.1; port=\d+; name=h_state/s; node=lb1; weight=1/1; scur=0/0; '
                 rb'qcur=0\r\n', state), state
