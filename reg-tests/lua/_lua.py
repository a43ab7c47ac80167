# SPDX-License-Identifier: Apache-2.0
"""What the drivers of this folder share: a script in a file of its own, and requests to a frontend that runs it."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import Origin, Usher, read_head_lines  # noqa: E402

LOADS = ('lua-load', 'lua-load-per-thread')
DEFAULTS = '''
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
'''


def script(text, name='test.lua'):
    with open(name, 'w') as f:
        f.write(text)
    return os.path.abspath(name)


def ask(usher, path, extra='', fe='fe', method='GET', begin=b''):
    """(status, {name: last value}, body); status 0: the connection ended without an answer."""
    with usher.connect(fe) as c:
        c.sendall(begin + f'{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{extra}\r\n'.encode())
        f = c.makefile('rb')
        lines = read_head_lines(f)
        if lines is None:
            return 0, {}, ''
        fields = dict((n.lower(), v) for n, v in (line.decode('latin-1').split(': ', 1) for line in lines[1:]))
        return int(lines[0].split()[1]), fields, f.read().decode('latin-1')


def echo():
    """An origin that answers with the request's head as its body."""
    def serve(client):
        f = client.makefile('rb')
        head = read_head_lines(f)
        if head:
            body = b'\n'.join(head)
            client.sendall(b'HTTP/1.1 200 OK\r\nX-Origin: yes\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: close\r\n'
                           b'Content-Length: %d\r\n\r\n%s' % (len(body), body))
    return Origin(serve)


__all__ = ['DEFAULTS', 'LOADS', 'Origin', 'Usher', 'ask', 'echo', 'script']
