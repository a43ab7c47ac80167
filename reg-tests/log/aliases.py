#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every log-format alias of tcp mode, its value compared with what both ends of the connection know."""
import os
import re
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import Usher  # noqa: E402

ALIASES = ('%ci %cp %fi %fp %si %sp %bi %bp %f %ft %b %s %t %T %Tl %Ts %ms %Th %Tw %Tc %Td %Tt %Tu %B %U %ts '
           '%tsc %ST %ac %fc %bc %sc %rc %sq %bq %lc %rt %ID %H %pid %{+X}ci %{+X}cp %{+X}Ts %{+X}pid %{+X}rt '
           '%{+X}B %{+Q}b %{+Q}B %{+Q}t %{+E}s').split()

log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(('127.0.0.1', 0))
log.settimeout(20)
origin = socket.create_server(('127.0.0.1', 0))
CONFIG = f'''
global
    nbthread 1
    log 127.0.0.1:{log.getsockname()[1]} format raw local0
defaults
    mode tcp
    log global
    timeout client 20s
    timeout server 20s
    timeout connect 5s
frontend tcp
    bind "fd@${{fe}}"
    log-format "{'|'.join(ALIASES)}"
    unique-id-format "%{{+X}}o %ci:%cp_%fi:%fp_%Ts_%rt"
    default_backend be
backend be
    server s1 127.0.0.1:{origin.getsockname()[1]}
'''


def visit(usher):
    """One connection; returns the line's fields by alias, the client's port and the port the server saw."""
    with usher.connect('fe') as c:
        server, seen = origin.accept()
        with server:
            c.sendall(b'question')
            assert server.recv(100) == b'question'
            server.sendall(b'answer')
            assert c.recv(100) == b'answer'
        assert c.recv(1) == b''
        port = c.getsockname()[1]
    fields = log.recv(9999).decode().rstrip('\n').split('|')
    assert len(fields) == len(ALIASES), fields
    return dict(zip((a[1:] for a in ALIASES), fields)), port, seen[1]


def main():
    os.environ['TZ'] = 'XXX-5:30'
    with Usher(CONFIG, sockets=['fe']) as usher:
        begin = int(time.time())
        for number in range(2):
            v, port, seen = visit(usher)
            end = int(time.time())
            seconds = int(v['Ts'])
            assert begin <= seconds <= end, (begin, seconds, end)
            month = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split()

            def date(east):
                t = time.gmtime(seconds + east)
                return f'{t.tm_mday:02}/{month[t.tm_mon - 1]}/{t.tm_year}:' + time.strftime('%H:%M:%S', t)

            fe_port = usher.address('fe')[1]
            want = {
                'ci': '127.0.0.1', 'cp': port, 'fi': '127.0.0.1', 'fp': fe_port,
                'si': '127.0.0.1', 'sp': origin.getsockname()[1], 'bi': '127.0.0.1', 'bp': seen,
                'f': 'tcp', 'ft': 'tcp', 'b': 'be', 's': 's1',
                't': date(19800) + '.' + v['ms'], 'T': date(0) + ' +0000', 'Tl': date(19800) + ' +0530',
                'Th': 0, 'B': 6, 'U': 8, 'ts': '--', 'tsc': '----', 'ST': 0,
                'ac': 1, 'fc': 1, 'bc': 0, 'sc': 0, 'rc': 0, 'sq': 0, 'bq': 0, 'lc': number, 'rt': number,
                'ID': f'7F000001:{port:04X}_7F000001:{fe_port:04X}_{seconds:04X}_{number:04X}',
                'H': socket.gethostname(), 'pid': usher.process.pid,
                '{+X}ci': '7F000001', '{+X}cp': f'{port:04X}', '{+X}Ts': f'{seconds:X}',
                '{+X}pid': f'{usher.process.pid:04X}', '{+X}rt': f'{number:04X}', '{+X}B': 6,
                '{+Q}b': '"be"', '{+Q}B': 6, '{+Q}t': v["t"], '{+E}s': 's1',
            }
            for alias, value in want.items():
                if v[alias] != str(value):
                    sys.exit(f'%{alias}: got {v[alias]!r}, wanted {value!r}')
            assert re.fullmatch(r'\d{3}', v['ms']), v['ms']
            for alias in 'Tw Tc Td Tt Tu'.split():
                assert re.fullmatch(r'\d+', v[alias]), (alias, v[alias])
            # What is past one millisecond of rounding each adds up.
            parts = sum(int(v[a]) for a in 'Th Tw Tc Td'.split())
            assert parts <= int(v['Tt']) <= parts + 4, v
            assert v['Tu'] == v['Tt']
        usher.stop()


main()
