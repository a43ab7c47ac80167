#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where lines go: UNIX sockets, standard output, an inherited pipe that nobody reads (nothing may wait), several targets
with levels and sampling at once, and the lines of a process that stops."""
import os
import re
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import Usher  # noqa: E402


def unix_log(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    s.settimeout(20)
    return s


def want(what, line, pattern):
    if not re.fullmatch(pattern, line):
        sys.exit(f'{what}: got {line!r}, wanted {pattern!r}')


def visit(usher, door):
    with usher.connect(door) as c:
        assert c.recv(1) == b''


def main():
    local, errors, sampled = unix_log('local'), unix_log('errors'), unix_log('sampled')
    nobody_reads, full = os.pipe()
    here = os.getcwd()
    config = f'''
global
    nbthread 2
    log {here}/local format short local0
    log {here}/errors format short local0 err
    log {here}/sampled format raw sample 2:3 local0
    log stdout format raw daemon
    log fd@{full} format raw daemon
    log-send-hostname box
defaults
    mode tcp
    log global
    log-format "%f from %ci"
    option log-separate-errors
    timeout client 20s
    timeout server 20s
    timeout connect 5s
listen good
    bind "fd@${{good}}"
    tcp-request content accept
    use_backend nothing if {{ always_true }}
listen own
    bind "fd@${{own}}"
    no log
    log {here}/local len 80 daemon notice warning
    log {here}/local len 80 format priority daemon
    retries 0
    server s 127.0.0.1:1
backend nothing
'''
    usher = Usher(config, sockets=['good', 'own'])
    usher.listening['full'] = os.fdopen(full, 'wb', buffering=0) # inherited too
    with usher:
        for n in range(6):
            visit(usher, 'good')
            want('short', local.recv(999).decode(), r'<3>good from 127\.0\.0\.1\n')
            want('errors', errors.recv(999).decode(), r'<3>good from 127\.0\.0\.1\n')
        for n in range(2):
            want('sampled', sampled.recv(999).decode(), r'good from 127\.0\.0\.1\n')
        visit(usher, 'own')
        # err is capped to warning by the first; the second takes all.
        want('own', local.recv(999).decode(), r'<28>\w\w\w [ \d]\d \d\d:\d\d:\d\d box usher\[\d+\]: own from 127\.0\.0\.1\n')
        want('own', local.recv(999).decode(), r'<27>own from 127\.0\.0\.1\n')
        errors.setblocking(False)
        sampled.setblocking(False)
        for s in errors, sampled:
            try:
                sys.exit(f'one too many: {s.recv(999)}')
            except BlockingIOError:
                pass
        # More than a pipe holds, and nobody reads it: connections go on.
        while os.read(nobody_reads, 65536).count(b'\n') < 6:
            pass
        for n in range(4):
            visit(usher, 'good')
            local.recv(999)
        usher.process.send_signal(signal.SIGUSR1)
        for name in 'good', 'own', 'nothing':
            line = local.recv(999).decode()
            if name == 'own':
                want('stopped', line, r'<28>\w\w\w .. ........ box usher\[\d+\]: Proxy own stopped \(cumulated.*\n')
                line = local.recv(999).decode()
            want('stopped', line, rf'<(4|28)>Proxy {name} stopped \(cumulated conns: FE: \d+, BE: \d+\)\.\n')
        assert usher.process.wait(20) == 0
    written = [line for line in usher.log().splitlines() if line.startswith('good from')]
    assert len(written) == 10, usher.log()


main()
