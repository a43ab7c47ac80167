# SPDX-License-Identifier: Apache-2.0
"""What tcp-check and http-check rules come to over the option that asks for them and the defaults section: warnings and
refusals, what is sent, how the first round ends. All as HAProxy 2.6 does it, in other words."""
# tsan
import os
import re
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'process'))
from _usher import PROGRAM, WAIT_S, Origin, Usher, read_head  # noqa: E402

TIMES = ' timeout connect 5s\n timeout server 5s\n timeout client 5s\n'


def complaints(text):
    with open('c.cfg', 'w') as f:
        f.write('defaults\n mode http\n' + TIMES + text.replace('; ', '\n ') + '\n server s 127.0.0.1:1 check\nfrontend f\n bind 127.0.0.1:1\n')
    p = subprocess.run([PROGRAM, '-c', '-f', 'c.cfg'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return p.returncode, p.stdout


HTTP, TCP = "has http-check rules and no 'option httpchk'", "has tcp-check rules and no 'option tcp-check'"
X, Y = 'http-check expect status 200', 'tcp-check expect string x'
for text, warnings in [
        (f'backend b; {X}', [HTTP]), (f'backend b; {Y}', [TCP]), (f'backend b; {X}; {Y}', [HTTP, TCP]),
        (f'backend b; option tcp-check; {X}', [HTTP]), (f'backend b; option httpchk; {Y}', [TCP]),
        (f'backend b; option redis-check; {X}; {Y}', [HTTP, TCP]), (f'backend b; option redis-check; {X}; option httpchk', []),
        (f'backend b; option httpchk; {X}; option tcp-check; {Y}', []), (f'backend b; option httpchk; {X}; option tcp-check; {X}', [HTTP]),
        (f'backend b; option httpchk; option tcp-check; {X}; option httpchk', []),
        (f'option httpchk\nbackend b; {X}', []), (f'option httpchk\nbackend b; option tcp-check; {X}', [HTTP]),
        (f'option tcp-check\nbackend b; {X}', [HTTP]), (f' {X}\nbackend b', []), (f' {X}\nbackend b; {X}', [HTTP]),
        ('backend b; http-check disable-on-404; http-check send-state', [])]:
    status, said = complaints(text)
    assert status == 0 and said.count('[WARNING]') == len(warnings) and all(w in said for w in warnings), (text, said)
SEND, CONNECT = 'http-check send uri /', 'http-check connect'
for text, fault in [
        (f'{SEND}; {X}; {SEND}', "an 'http-check connect' is missing"), (f'{X}; {SEND}', "'http-check send' stands before the 'http-check expect'"),
        (f'{CONNECT}; {SEND}; {SEND}', "an 'http-check connect' is missing"), (f'{CONNECT}; {X}', "an 'http-check send' is missing"),
        (f'{CONNECT}; {CONNECT}', 'nothing is asked on the connection before'), (f'{SEND}; {CONNECT}', 'begins with one'),
        ('http-check expect staus 200', "did you mean 'status'?"), ('http-check expect ! all', "expected 'status', 'rstatus'"),
        ('http-check expect', 'expected what to expect, but the line ends'),
        ('http-check send hdr host a hdr Host b', 'one Host')]:
    status, said = complaints('backend b; option httpchk; ' + text)
    assert status == 1 and fault in said, (text, said)
assert 'its servers are asked nothing' in complaints(f'option httpchk GET /d\nbackend b; {X}')[1]

# The defaults section's lines, the backend's; what its server hears first (None: nothing), how the round ends.
OK, BAD = 'Layer7 check passed, code: 200', 'Layer7 wrong status, code: 200, info: "Fine"'
CASES = [
    ('option httpchk GET /d; http-check send hdr a b', '', b'GET /d HTTP/1.0|a: b|', OK),
    ('option httpchk GET /d; http-check send uri /x', 'option httpchk; ' + X, b'OPTIONS / HTTP/1.0|', OK),
    ('option httpchk GET /d; http-check send uri /x; http-check expect status 404', 'option httpchk', b'OPTIONS / HTTP/1.0|', OK),
    # The defaults' request belongs to their rules, and goes with them.
    ('option httpchk; http-check send uri /x', X, None, 'Layer7 timeout'),
    ('option httpchk GET /d', X, None, 'Layer7 timeout'),
    ('option httpchk GET /d', 'http-check set-var(check.x) int(1)', None, 'Layer4 check passed'),
    ('option httpchk GET /d; ' + X, 'http-check send hdr a b', b'OPTIONS / HTTP/1.0|a: b|', OK),
    ('option httpchk GET /d', CONNECT + '; http-check send hdr a b', b'OPTIONS / HTTP/1.0|a: b|', OK),
    ('', 'option httpchk GET /x; ' + CONNECT, b'GET /x HTTP/1.0|', OK),
    ('', 'option httpchk GET /x; http-check send meth HEAD', b'HEAD /x HTTP/1.0|', OK),
    # Between an option and the first request, the later line counts.
    ('', 'http-check send uri /y; option httpchk GET /x', b'GET /x HTTP/1.0|', OK),
    ('', 'option httpchk GET /x; http-check send uri /y; option httpchk', b'GET /y HTTP/1.0|', OK),
    ('', X + '; option httpchk GET /x; http-check comment c', b'GET /x HTTP/1.0|', OK),
    ('', 'option httpchk GET /x; option tcp-check; option httpchk', b'OPTIONS / HTTP/1.0|', OK),
    ('', 'option httpchk; option tcp-check; http-check expect status 404; option httpchk', b'OPTIONS / HTTP/1.0|', BAD),
    ('option tcp-check; tcp-check send a\\r\\n\\r\\n; tcp-check expect string zz', 'tcp-check expect string Fine', None,
     'Layer7 timeout, info: " at step 1 of tcp-check (expect string \'Fine\')"'),
]
heard = {}


def origin(i):
    def serve(s):
        head = read_head(s.makefile('rb'))
        heard.setdefault(i, head and head.replace(b'\r\n', b'|')[:-1])
        s.sendall(b'HTTP/1.0 200 Fine\r\nContent-Length: 0\r\n\r\n')
    return Origin(serve)


log_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log_socket.bind(('127.0.0.1', 0))
log_socket.settimeout(WAIT_S)
config = f'global\n log 127.0.0.1:{log_socket.getsockname()[1]} local0\n'
for i, (defaults, lines, _, end) in enumerate(CASES):
    config += f'defaults\n mode http\n log global\n option log-health-checks\n{TIMES} timeout check {"1s" if "timeout" in end else "20s"}\n'
    config += f' {defaults}\nbackend b{i}\n {lines}\n'.replace('; ', '\n ') + f' server s 127.0.0.1:{origin(i).port} check inter 1s\n'
ended = {}
with Usher(config + 'frontend f\n bind "fd@${fe}"\n', sockets=['fe']) as usher:
    while len(ended) < len(CASES):
        match = re.search(r'Health check for server b(\d+)/s \w+, reason: (.*), check duration', log_socket.recv(9000).decode())
        if match:
            ended.setdefault(int(match[1]), match[2])
for i, (defaults, lines, wanted, end) in enumerate(CASES):
    assert ended[i] == end, (defaults, lines, ended[i], end)
    assert heard.get(i) == wanted, (defaults, lines, heard.get(i), wanted)
