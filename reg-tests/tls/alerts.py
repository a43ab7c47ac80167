#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bind ssl: who breaks the rules behind the handshake hears so, in an alert that leaves at once, and not when something else is to be
said: a record that was tampered with, and a client that wants to shake hands again."""
import os
import ssl
import subprocess
import sys
import threading
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from _client import V12, context
from _authority import Authority
from _usher import Usher, WAIT_S

authority = Authority()
site = authority.server('site.test')
CONFIG = f'''
defaults
    mode http
    timeout client 1h
frontend f
    bind fd@${{f}} ssl crt {site.pem}
    http-request return status 200
'''

with Usher(CONFIG, sockets=['f']) as usher:
    with usher.connect('f') as s:
        s.settimeout(WAIT_S)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context(authority.root, most=V12).wrap_bio(incoming, outgoing, server_hostname='site.test')
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                s.sendall(outgoing.read())
                incoming.write(s.recv(65536))
        s.sendall(outgoing.read())
        tls.write(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
        record = bytearray(outgoing.read())
        record[-1] ^= 1
        s.sendall(record)
        incoming.write(s.recv(65536))
        try:
            tls.read()
            raise AssertionError('read what nobody said')
        except ssl.SSLError as e:
            assert e.reason == 'SSLV3_ALERT_BAD_RECORD_MAC', e
        assert s.recv(100) == b''

    client = subprocess.Popen(['openssl', 's_client', '-connect', '%s:%d' % usher.address('f'), '-tls1_2'], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    limit = threading.Timer(WAIT_S, client.kill)
    limit.start()
    text = b''
    for line in client.stdout:
        text += line
        if b'Extended master secret' in line:
            client.stdin.write(b'R\n')  # s_client's order to begin anew
            client.stdin.flush()
    limit.cancel()
    client.wait()
    assert b'RENEGOTIATING' in text and b'no renegotiation' in text, text
