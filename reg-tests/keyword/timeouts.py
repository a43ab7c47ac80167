# SPDX-License-Identifier: Apache-2.0
"""Every timeout ends what it bounds, and nothing that it does not."""
# tsan
import socket
import threading

from _usher import Origin, Usher, echo, read_all


def silent(client):  # reads all, says nothing, and does not end by itself
    read_all(client)
    held.append(client.dup())


def speak_and_end(client):
    client.sendall(b'x')
    client.shutdown(socket.SHUT_WR)
    read_all(client)
    speaker_left.set()


held, speaker_left = [], threading.Event()
quiet, speaker, echoing = Origin(silent), Origin(speak_and_end), Origin(echo)
full = socket.create_server(('127.0.0.1', 0), backlog=1)  # nobody accepts: a third connection gets no answer
fillers = [socket.socket() for _ in range(4)]
for f in fillers:
    f.setblocking(False)
    f.connect_ex(full.getsockname())

config = f'''
defaults
    mode tcp
    timeout connect 20s
    timeout client 20s
    timeout server 20s
listen client
    bind "fd@${{client}}"
    timeout client 100ms
    server s 127.0.0.1:{quiet.port}
listen server
    bind "fd@${{server}}"
    timeout server 100ms
    server s 127.0.0.1:{quiet.port}
listen tunnel
    bind "fd@${{tunnel}}"
    timeout client 20s
    timeout tunnel 100ms
    server s 127.0.0.1:{quiet.port}
listen clientfin
    bind "fd@${{clientfin}}"
    timeout client-fin 100ms
    server s 127.0.0.1:{speaker.port}
listen serverfin
    bind "fd@${{serverfin}}"
    timeout server-fin 100ms
    server s 127.0.0.1:{quiet.port}
listen connect
    bind "fd@${{connect}}"
    timeout connect 100ms
    retries 0
    server s 127.0.0.1:{full.getsockname()[1]}
listen all
    bind "fd@${{all}}"
    timeout check 20s
    timeout client-hs 20s
    server s 127.0.0.1:{echoing.port}
'''


def ends(c):
    try:
        return read_all(c)
    except ConnectionResetError:
        return b''


with Usher(config, sockets=['client', 'server', 'tunnel', 'clientfin', 'serverfin', 'connect', 'all']) as usher:
    standing = usher.connect('all')
    standing.sendall(b'1')
    assert standing.recv(1) == b'1'
    for name in ('client', 'server', 'tunnel', 'connect'):
        with usher.connect(name) as c:
            assert ends(c) == b'', name
    # The server has ended, the client says nothing and does not end.
    with usher.connect('clientfin') as c:
        assert c.recv(1) == b'x'
        assert c.recv(1) == b''  # the server's end
        assert speaker_left.wait(20)  # and so comes ours
    # The client has ended, the server says nothing and does not end.
    with usher.connect('serverfin') as c:
        c.shutdown(socket.SHUT_WR)
        assert ends(c) == b''
    # Meanwhile the one without short limits lives on.
    standing.sendall(b'2')
    assert standing.recv(1) == b'2'
    standing.close()
