#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that are no good: plain HTTP on a TLS port, records in pieces of a byte, a ClientHello without an end, half a handshake
(timeout client-hs), old versions, renegotiation, maxsslconn, maxsslrate; each is counted, logged in words and known by fc_err."""
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
from _client import V12, V13, ask, context, shake
from _authority import Authority
from _usher import PROGRAM, WAIT_S, Usher, ask_cli, read_all

IS_HAPROXY = 'haproxy' in os.path.basename(PROGRAM)
a = Authority()
site, mallory = a.server('site.example'), a.client('mallory', purpose='server')
stranger = Authority().client('stranger')
CONFIG = f'''
global
    log stderr local0 info
    stats socket {os.getcwd()}/cli.sock level admin
    GLOBAL
defaults
    mode http
    log global
    timeout client 20s
    timeout client-hs 300ms
    error-log-format "%ft e=%[fc_err] %[fc_err_str]"
frontend web
    bind fd@${{web}} ssl crt {site.pem} name web
    bind fd@${{proved}} ssl crt {site.pem} verify required ca-file {a.root}
    bind fd@${{strict}} ssl crt {site.pem} strict-sni
    http-request return status 200 content-type text/plain string ok
'''
NAMES = ['web', 'proved', 'strict']


def configure(line=''):
    return CONFIG.replace('GLOBAL', line)


def failed():
    lines = ask_cli('cli.sock', 'show stat').splitlines()
    row = dict(zip(lines[0].lstrip('# ').split(','), next(l for l in lines if l.startswith('web,FRONTEND')).split(',')))
    return int(row['ssl_failed_handshake'])


def drained(s):
    """Everything until the end; a reset is one too."""
    got = b''
    try:
        while part := s.recv(4096):
            got += part
    except ConnectionError:
        pass
    return got


def hello(version=V13, sni='site.example'):
    """The bytes of a ClientHello."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context(a.root, least=version, most=version).wrap_bio(incoming, outgoing, server_hostname=sni)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def alert(bytes_):
    """The number of the alert that ends what came."""
    assert len(bytes_) >= 7 and bytes_[-7] == 21, bytes_
    return bytes_[-1]


with Usher(configure(), sockets=NAMES) as usher:
    before, words = 0, []

    def one_failed(log):
        """One handshake more failed, and the log says so."""
        global before
        before += 1
        deadline = time.monotonic() + WAIT_S
        while failed() < before or log not in usher.log():
            assert time.monotonic() < deadline, (failed(), before, log, usher.log())
            time.sleep(0.01)
        assert failed() == before, (failed(), before)

    # Plain HTTP.
    with usher.connect('web') as s:
        s.sendall(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
        drained(s)
    one_failed('e=34 SSL handshake failure')
    # Noise.
    with usher.connect('web') as s:
        s.sendall(os.urandom(16).replace(b'\x16', b'\x17') * 10)
        drained(s)
    one_failed('e=34')
    # A record at a time that holds one byte: RFC 8446 5.1 allows it. And each byte in a segment of its own.
    for version in V12, V13:
        bytes_ = hello(version)
        with usher.connect('web') as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for i in range(len(bytes_)):
                s.sendall(bytes_[i:i + 1])
            assert s.recv(1) == b'\x16'
            s.shutdown(socket.SHUT_WR)
            drained(s)
        one_failed('e=24 Connection closed during SSL handshake')
        with usher.connect('web') as s:
            s.sendall(b''.join(bytes_[:3] + struct.pack('!H', 1) + bytes_[i:i + 1] for i in range(5, len(bytes_))))
            assert s.recv(1) == b'\x16'
            s.shutdown(socket.SHUT_WR)
            drained(s)
        one_failed('e=24')
    # One that promises more than there may be, and one that never ends.
    with usher.connect('web') as s:
        s.sendall(b'\x16\x03\x01\x00\x04\x01\xff\xff\xff' + b'\x16\x03\x01\x40\x00' + b'x' * 16384)
        assert alert(drained(s)) in (40, 47, 80)
    one_failed('e=34')
    with usher.connect('web') as s:
        s.sendall(hello()[:-1])
        drained(s)
    one_failed('e=26 Timeout during SSL handshake')
    # Nothing at all is a probe: counted, and not logged.
    with usher.connect('web') as s:
        drained(s)
    before += 1
    # Half a handshake: everything but the client's answer.
    with usher.connect('web') as s:
        s.sendall(hello())
        assert s.recv(1) == b'\x16'
        drained(s)
    one_failed('e=26')
    assert 'CurrSslConns: 0' in ask_cli('cli.sock', 'show info')
    # Unknown names and certificates.
    with usher.connect('strict') as s:
        s.sendall(hello(sni='other.example'))
        assert alert(drained(s)) == 112
    one_failed('e=34')
    for certificate, number in (stranger, 30), (mallory, 31), (None, 34):
        s = shake(usher, 'proved', 'site.example', context(a.root, most=V12, certificate=certificate))
        assert isinstance(s, str), certificate
        one_failed(f'e={number} ')
    # A version that is not spoken any more.
    old = context(a.root, ciphers='DEFAULT@SECLEVEL=0')
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert 'alert protocol version' in shake(usher, 'web', 'site.example', old)
    one_failed('e=34')
    # A client that wants the keys anew.
    host, port = usher.address('web')
    renegotiating = subprocess.Popen(['openssl', 's_client', '-connect', f'{host}:{port}', '-tls1_2'], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, _ = renegotiating.communicate(b'R\n', WAIT_S)
    assert b'no renegotiation' in said, said
    # And the next is served.
    with shake(usher, 'web', 'site.example', context(a.root)) as s:
        assert ask(s)[0] == b'HTTP/1.1 200 OK'

if not IS_HAPROXY:
    with Usher(configure('maxsslconn 2'), sockets=NAMES) as usher:
        ctx = context(a.root)
        with shake(usher, 'web', 'site.example', ctx) as first, shake(usher, 'web', 'site.example', ctx) as second:
            assert ask(first)[0] == ask(second)[0] == b'HTTP/1.1 200 OK'
            assert isinstance(shake(usher, 'web', 'site.example', ctx), str)
            while 'e=27 Too many SSL connections' not in usher.log():
                time.sleep(0.01)
            info = ask_cli('cli.sock', 'show info')
            assert 'MaxSslConns: 2' in info and 'CurrSslConns: 2' in info, info
with Usher(configure('maxsslrate 3'), sockets=NAMES) as usher:
    ctx = context(a.root)
    begun = time.monotonic()
    for _ in range(7):
        with shake(usher, 'web', 'site.example', ctx) as s:
            assert ask(s)[0] == b'HTTP/1.1 200 OK'
    assert time.monotonic() - begun > 0.9, 'seven in less than a second'
    assert 'SslRateLimit: 3' in ask_cli('cli.sock', 'show info')
