#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client that is asked for another key share (TLS 1.3, HelloRetryRequest; curves) asks for the same name in its second hello, or
it is refused: what a name was chosen for (strict-sni, a certificate and what goes with it) must not serve another."""
import ctypes
import _client
from _authority import Authority
from _usher import WAIT_S, Usher

a = Authority()
open_, closed = a.server('open.example'), a.server('closed.example')
CONFIG = f'''
global
    log stderr local0 info
defaults
    mode http
    log global
    timeout client {WAIT_S}s
frontend web
    bind fd@${{web}} ssl crt {open_.pem} crt {closed.pem} strict-sni curves P-256
    http-request return status 200 content-type text/plain lf-string "%[ssl_fc_sni]"
'''
lib = ctypes.CDLL('libssl.so.3')
for name in 'TLS_client_method', 'SSL_CTX_new', 'SSL_new', 'BIO_new', 'BIO_s_mem':
    getattr(lib, name).restype = ctypes.c_void_p
HOST_NAME, GROUPS = 55, 92  # SSL_ctrl()'s numbers


class Client:
    """OpenSSL's client, asked for a name and, before its second hello, for another."""

    def __init__(self, socket, groups):
        self.socket = socket
        self.context = ctypes.c_void_p(lib.SSL_CTX_new(ctypes.c_void_p(lib.TLS_client_method())))
        self.ssl = ctypes.c_void_p(lib.SSL_new(self.context))
        self.inward, self.outward = (ctypes.c_void_p(lib.BIO_new(ctypes.c_void_p(lib.BIO_s_mem()))) for _ in range(2))
        lib.SSL_set_bio(self.ssl, self.inward, self.outward)
        lib.SSL_set_connect_state(self.ssl)
        self.control(GROUPS, groups)

    def control(self, number, text):
        assert lib.SSL_ctrl(self.ssl, number, ctypes.c_long(0), text) == 1

    def send(self):
        room = ctypes.create_string_buffer(65536)
        n = lib.BIO_read(self.outward, room, len(room))
        if n > 0:
            self.socket.sendall(room.raw[:n])

    def receive(self):
        """False: the other end has left."""
        got = self.socket.recv(65536)
        lib.BIO_write(self.inward, got, len(got))
        return bool(got)

    def shake(self, first, second):
        """Whether it came to a connection."""
        self.control(HOST_NAME, first)
        done = lib.SSL_do_handshake(self.ssl)
        self.control(HOST_NAME, second)
        while done != 1:
            self.send()
            if lib.SSL_get_error(self.ssl, done) != 2 or not self.receive():  # SSL_ERROR_WANT_READ
                return False
            done = lib.SSL_do_handshake(self.ssl)
        self.send()
        return True

    def ask(self):
        request, room = b'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', ctypes.create_string_buffer(65536)
        lib.SSL_write(self.ssl, request, len(request))
        self.send()
        while (n := lib.SSL_read(self.ssl, room, len(room))) <= 0 and lib.SSL_get_error(self.ssl, n) == 2 and self.receive():
            pass
        return room.raw[:n] if n > 0 else b''

    def free(self):
        lib.SSL_free(self.ssl)
        lib.SSL_CTX_free(self.context)


def answer(first, second, groups=b'X25519:P-256'):
    with usher.connect('web') as s:
        client = Client(s, groups)
        try:
            return client.ask() if client.shake(first, second) else b''
        except OSError:
            return b''
        finally:
            client.free()


with Usher(CONFIG, sockets=['web']) as usher:
    for groups in b'X25519:P-256', b'P-256':
        assert answer(b'open.example', b'open.example', groups).endswith(b'open.example')
        assert answer(b'closed.example', b'closed.example', groups).endswith(b'closed.example')
        assert answer(b'nobody.example', b'nobody.example', groups) == b''
    assert answer(b'open.example', b'OPEN.example').endswith(b'OPEN.example')
    for first, second in (b'open.example', b'closed.example'), (b'open.example', b'nobody.example'), (b'open.example', None):
        assert answer(first, second) == b'', (first, second)
    assert 'SSL handshake failure' in usher.log()
