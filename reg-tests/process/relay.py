# SPDX-License-Identifier: Apache-2.0
"""Bytes both ways: small and large, half-closes from either side, resets, weights and the end of the process."""
# tsan
import hashlib
import os
import socket
import struct
import threading

from _usher import Origin, Usher, echo, read_all


def talk_first(client):  # sends its end before it reads anything
    client.sendall(b'greeting')
    client.shutdown(socket.SHUT_WR)
    seen.append(read_all(client))
    done.set()


def answer_at_end(client):  # answers only when the client has sent everything
    digest = hashlib.sha256(read_all(client)).hexdigest()
    client.sendall(digest.encode())


def reset(client):
    client.recv(1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


seen, done = [], threading.Event()
origins = {'echo': Origin(echo), 'first': Origin(talk_first), 'atend': Origin(answer_at_end), 'reset': Origin(reset),
           'heavy': Origin(lambda s: s.sendall(b'h')), 'light': Origin(lambda s: s.sendall(b'l'))}
config = '''
defaults
    mode tcp
    timeout connect 10s
    timeout client 20s
    timeout server 20s
'''
for name in ('echo', 'first', 'atend', 'reset'):
    config += f'listen {name}\n    bind "fd@${{{name}}}"\n    server s 127.0.0.1:{origins[name].port}\n'
config += f'''listen weights
    bind "fd@${{weights}}"
    balance roundrobin
    server heavy 127.0.0.1:{origins["heavy"].port} weight 3
    server light 127.0.0.1:{origins["light"].port} weight 1
'''

with Usher(config, sockets=['echo', 'first', 'atend', 'reset', 'weights']) as usher:
    # Small, back and forth on one connection.
    with usher.connect('echo') as c:
        for i in range(100):
            c.sendall(b'%d' % i)
            assert c.recv(100) == b'%d' % i, i

    # Large, both directions at once, then the half-close travels through.
    body = os.urandom(1 << 20) * 24
    with usher.connect('echo') as c:
        def send():
            c.sendall(body)
            c.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        back = read_all(c)
        sender.join()
        assert back == body, len(back)

    # The client's end reaches the server, whose answer still comes.
    with usher.connect('atend') as c:
        c.sendall(body)
        c.shutdown(socket.SHUT_WR)
        assert read_all(c).decode() == hashlib.sha256(body).hexdigest()

    # The server's end reaches the client, whose bytes still go.
    with usher.connect('first') as c:
        assert read_all(c) == b'greeting'
        c.sendall(body)
        c.shutdown(socket.SHUT_WR)
        assert done.wait(20) and seen == [body]

    # A server that resets: the client's connection ends, one way or the other.
    with usher.connect('reset') as c:
        c.sendall(b'x')
        try:
            assert read_all(c) == b''
        except ConnectionResetError:
            pass

    # Weights are exact.
    got = b''
    for i in range(40):
        with usher.connect('weights') as c:
            got += read_all(c)
    assert got.count(b'h') == 30 and got.count(b'l') == 10, got

    # Connections that live when the process is told to leave end with it, and nothing is left behind.
    living = [usher.connect('echo') for i in range(8)]
    for c in living:
        c.sendall(b'x')
        assert c.recv(1) == b'x'
    assert usher.stop() in (0, -15), usher.log()
    for c in living:
        c.close()
