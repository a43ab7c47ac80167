# SPDX-License-Identifier: Apache-2.0
"""Servers and agents that misbehave, each in every way, before each kind of check: what the log says of it, that it says
something, and what is counted. The statuses are HAProxy's; what stands behind them is ours where HAProxy says nothing."""
# tsan
import os
import re
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'process'))
from _usher import WAIT_S, Origin, Usher, ask_cli, stat_rows  # noqa: E402


def until_closed(s):
    while s.recv(4096):
        pass


def hangs_up(s):
    s.shutdown(socket.SHUT_WR)
    until_closed(s)


def resets(greeting=b''):
    """Only once it was spoken to: a reset that is as quick as connecting could be taken for a failure of that."""
    def serve(s):
        s.sendall(greeting)
        s.recv(1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    return serve


def says(text):
    def serve(s):
        s.sendall(text)
        until_closed(s)
    return serve


def says_forever(text):
    def serve(s):
        while True:
            s.sendall(text * 64)
    return serve


WAYS = {'noise': says(b'\x7fnoise\x01\r\n\r\n'), 'hangs': until_closed, 'closes': hangs_up, 'endless': says_forever(b'more '), 'resets': resets(),
        'smtp_resets': resets(b'220 mx\r\n'), 'login_resets': resets(b'\x0e\0\0\0\x0a8.0.36\0abcdef')}
INVALID, STATUS, TLS = 'L7RSP Layer7 invalid response', 'L7STS Layer7 wrong status, code: 0', 'L6RSP Layer6 invalid response'
RESET = 'SOCKERR Socket error, info: "Connection reset by peer'
CLOSED = ', info: "connection closed without an answer"'
STEP = " at step 2 of tcp-check (expect string 'abc')\""
MORE = 'more ' * 25 + 'mo'
HTTP, MYSQL = INVALID + ', info: "this is no HTTP answer"', INVALID + ', info: "this is no MySQL handshake"'
PGSQL, LDAP = STATUS + ', info: "PostgreSQL unknown error"', INVALID + ', info: "Not LDAPv3 protocol"'
# kind, its lines, whether it says anything, and what is said of noise, a closed connection, an endless answer; who
# hangs has its own word in each.
KINDS = [
    ('http', 'option httpchk', True, HTTP, INVALID + CLOSED, HTTP, 'L7TOUT Layer7 timeout'),
    ('body', 'option httpchk; http-check expect string x', True, HTTP, INVALID + CLOSED, HTTP, 'L7TOUT Layer7 timeout'),
    ('tcp', 'option tcp-check; tcp-check send a; tcp-check expect string abc', True, 'L7TOUT Layer7 timeout, info: "' + STEP,
     INVALID + ', info: "TCPCHK got an empty response at step 2"', INVALID + ', info: "TCPCHK did not match content \'abc\' at step 2"',
     'L7TOUT Layer7 timeout, info: "' + STEP),
    ('redis', 'option redis-check', True, STATUS + ', info: "#7Fnoise#01"', STATUS + CLOSED, STATUS + f', info: "{MORE}"', 'L7TOUT Layer7 timeout'),
    ('mysql', 'option mysql-check', False, MYSQL, INVALID + CLOSED, MYSQL, 'L7TOUT Layer7 timeout'),
    ('login', 'option mysql-check user x', True, MYSQL, INVALID + CLOSED, MYSQL, 'L7TOUT Layer7 timeout'),
    ('pgsql', 'option pgsql-check user x', True, PGSQL, STATUS + CLOSED, PGSQL, 'L7TOUT Layer7 timeout'),
    ('smtp', 'option smtpchk', True, INVALID + ', info: "#7Fnoise#01"', INVALID + CLOSED, INVALID + f', info: "{MORE}"', 'L7TOUT Layer7 timeout'),
    ('ldap', 'option ldap-check', True, LDAP, INVALID + CLOSED, LDAP, 'L7TOUT Layer7 timeout'),
    ('tls', 'option ssl-hello-chk', True, TLS + ', info: "this is no TLS answer"', TLS + CLOSED, TLS + ', info: "this is no TLS answer"', 'L6TOUT Layer6 timeout'),
]
EXPECTED = {}
for kind, _, speaks, noise, closes, endless, hangs in KINDS:
    EXPECTED.update({f'{kind}_noise': noise, f'{kind}_closes': closes, f'{kind}_endless': endless, f'{kind}_hangs': hangs,
                     **({f'{kind}_resets': RESET + (STEP if kind == 'tcp' else '"')} if speaks else {})})
# Agents that make no sense leave everything as it was.
AGENTS = {'noise': ('CHECKED', 'agent reports an error : \x7fnoise\x01'), 'closes': ('L7RSP', 'Empty answer from agent'), 'hangs': ('L7TOUT', ''),
          'resets': ('SOCKERR', 'Connection reset by peer'), 'endless': ('L7TOUT', 'Ignoring incomplete line from agent')}

ports = {name: Origin(serve).port for name, serve in WAYS.items()}
log_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
log_socket.bind(('127.0.0.1', 0))
log_socket.settimeout(WAIT_S)
CONFIG = f'''
global
    log 127.0.0.1:{log_socket.getsockname()[1]} local0
    stats socket "fd@${{cli}}" level admin
    max-spread-checks 200
defaults
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    option log-health-checks
    log global
frontend f
    bind "fd@${{fe}}"
'''
for kind, lines, *_ in KINDS:
    for way in 'noise', 'closes', 'endless', 'hangs', 'resets':
        name = f'{kind}_{way}'
        if name not in EXPECTED:
            continue
        # What times out does so soon; the rest has all the time there is.
        CONFIG += f'backend {name}\n    timeout check {"500ms" if "timeout" in EXPECTED[name] else "20s"}\n'
        CONFIG += ''.join(f'    {line}\n' for line in lines.split('; '))
        CONFIG += f'    server s 127.0.0.1:{ports.get(name, ports[way])} check inter 600s fall 1\n'
for way in AGENTS:
    CONFIG += f'backend agent_{way}\n    timeout check {"500ms" if way == "hangs" else "20s"}\n'
    CONFIG += f'    server s 127.0.0.1:1 agent-check agent-port {ports[way]} agent-send hello agent-inter 600s\n'

ENDED = re.compile(r'Health check for server (\w+)/s failed, reason: (.*), check duration')
ended = {}
with Usher(CONFIG, sockets=['fe', 'cli']) as usher:
    def stat():
        return {r['pxname']: r for r in stat_rows(ask_cli(usher.address('cli'), 'show stat')) if r['svname'] == 's'}

    while len(ended) < len(EXPECTED):
        match = ENDED.search(log_socket.recv(9000).decode())
        if match:
            ended.setdefault(match[1], match[2])
    rows = stat()
    while any(rows[f'agent_{way}']['agent_status'] == 'INI' for way in AGENTS):
        rows = stat()
for name, expected in EXPECTED.items():
    row = rows[name]
    assert row['check_status'] + ' ' + ended[name] == expected, (name, row['check_status'], ended[name], expected)
    assert (row['chkfail'], row['chkdown'], row['status']) == ('1', '1', 'DOWN'), (name, row)
for way, (status, said) in AGENTS.items():
    row = rows[f'agent_{way}']
    assert (row['agent_status'], row['last_agt']) == (status, said) and row['status'] == 'no check' and row['weight'] == '1', (way, row)
