# SPDX-License-Identifier: Apache-2.0
"""Limits and lines: maxconn, maxqueue, minconn and fullconn of servers, timeout queue, option abortonclose."""
# tsan
import socket

from _usher import Origin, Usher, WAIT_S, read_all


def greet(client):  # says hello, then holds the connection until the client ends it
    client.sendall(b'hello')
    read_all(client)


origin, other = Origin(greet), Origin(lambda s: s.sendall(b'other'))
config = f'''
defaults
    mode tcp
    timeout connect 10s
    timeout client 20s
    timeout server 20s
    timeout queue 20s
listen line
    bind "fd@${{line}}"
    server s 127.0.0.1:{origin.port} maxconn 2
listen short
    bind "fd@${{short}}"
    server s 127.0.0.1:{origin.port} maxconn 1 maxqueue 1
    server other 127.0.0.1:{other.port} backup
listen impatient
    bind "fd@${{impatient}}"
    timeout queue 100ms
    server s 127.0.0.1:{origin.port} maxconn 1
listen leaving
    bind "fd@${{leaving}}"
    option abortonclose
    server s 127.0.0.1:{origin.port} maxconn 1
listen dynamic
    bind "fd@${{dynamic}}"
    fullconn 4
    server s 127.0.0.1:{origin.port} minconn 1 maxconn 4
'''


def greeted(c):
    got = c.recv(5)
    assert got == b'hello', got


def waits(c):
    """True when nothing came: asked once everything that could make it come has happened."""
    c.setblocking(False)
    try:
        c.recv(1)
        return False
    except BlockingIOError:
        return True
    finally:
        c.settimeout(WAIT_S)


with Usher(config, sockets=['line', 'short', 'impatient', 'leaving', 'dynamic']) as usher:
    # Two are served, the third when one of them has left, in their order.
    first, second = usher.connect('line'), usher.connect('line')
    greeted(first)
    greeted(second)
    third = usher.connect('line')
    assert waits(third)
    first.close()
    greeted(third)
    second.close()
    third.close()

    # Nobody waits longer than timeout queue.
    holder = usher.connect('impatient')
    greeted(holder)
    with usher.connect('impatient') as late:
        try:
            assert read_all(late) == b''
        except ConnectionResetError:
            pass
    holder.close()

    # Who leaves the line gives its place back: the next one is served although one before it is gone.
    holder = usher.connect('leaving')
    greeted(holder)
    gone = usher.connect('leaving')
    gone.shutdown(socket.SHUT_WR)
    try:
        assert read_all(gone) == b''
    except ConnectionResetError:
        pass
    gone.close()
    patient = usher.connect('leaving')
    holder.close()
    greeted(patient)
    patient.close()

    # With few streams the limit is minconn; both are served in the end.
    first = usher.connect('dynamic')
    greeted(first)
    second = usher.connect('dynamic')
    first.close()
    greeted(second)
    second.close()

    # Beyond maxqueue another server is asked.
    holder = usher.connect('short')
    greeted(holder)
    holder.close()
