# SPDX-License-Identifier: Apache-2.0
"""Every timeout ends what it bounds, and nothing that it does not."""
# tsan
import socket
import threading
import time

from _usher import Deaf, Origin, Usher, echo, read_all


def silent(client):  # reads all, says nothing, and does not end by itself
    read_all(client)
    held.append(client.dup())


def speak_and_end(client):
    client.sendall(b'x')
    client.shutdown(socket.SHUT_WR)
    read_all(client)
    speaker_left.set()


def talk_on(client):  # something now and again, whatever the client does
    for _ in range(12):
        client.sendall(b'x')
        time.sleep(0.05)


def answer_late(client):
    time.sleep(0.3)
    client.sendall(client.recv(100))


held, speaker_left = [], threading.Event()
quiet, speaker, echoing = Origin(silent), Origin(speak_and_end), Origin(echo)
chatter, late = Origin(talk_on), Origin(answer_late)
full = Deaf()

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
listen chatter
    bind "fd@${{chatter}}"
    timeout client 200ms
    timeout server 200ms
    server s 127.0.0.1:{chatter.port}
listen longtunnel
    bind "fd@${{longtunnel}}"
    timeout client 50ms
    timeout server 50ms
    timeout tunnel 20s
    server s 127.0.0.1:{late.port}
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
    server s 127.0.0.1:{full.port}
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


with Usher(config, sockets=['client', 'server', 'tunnel', 'clientfin', 'serverfin', 'connect', 'all', 'chatter', 'longtunnel']) as usher:
    standing = usher.connect('all')
    standing.sendall(b'1')
    assert standing.recv(1) == b'1'
    for name in ('client', 'server', 'tunnel', 'connect'):
        with usher.connect(name) as c:
            assert ends(c) == b'', name
    # What one side says keeps the connection for both, and the tunnel's limit takes the place of theirs.
    with usher.connect('chatter') as c:
        assert ends(c) == b'x' * 12
    with usher.connect('longtunnel') as c:
        c.sendall(b'late')
        assert ends(c) == b'late'
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
