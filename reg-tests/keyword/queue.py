# SPDX-License-Identifier: Apache-2.0
"""Limits and lines: maxconn of servers and frontends, maxqueue, minconn, fullconn, timeout queue, option abortonclose."""
# tsan
import os
import socket
import threading

from _usher import Origin, Usher, ask_cli, WAIT_S, read_all


def greet(client):  # says hello, then holds the connection until the client ends it
    client.sendall(b'hello')
    read_all(client)


def count(client):  # answers one question, and remembers how many were served at once
    global most, now
    with lock:
        now += 1
        most = max(most, now)
    data = client.recv(100)
    with lock:
        now -= 1
    client.sendall(data)


most = now = 0
lock = threading.Lock()
counted = Origin(count)
origin, other = Origin(greet), Origin(lambda s: s.sendall(b'other'))
config = f'''
global
    nbthread 4
    stats socket unix@{os.getcwd()}/stats.sock level admin
defaults
    mode tcp
    timeout connect 10s
    timeout client 20s
    timeout server 20s
    timeout queue 20s
listen few
    bind "fd@${{few}}"
    server s 127.0.0.1:{counted.port} maxconn 3
frontend narrow
    bind "fd@${{narrow}}"
    maxconn 2
    default_backend wide
backend wide
    server s 127.0.0.1:{origin.port}
listen line
    bind "fd@${{line}}"
    server s 127.0.0.1:{origin.port} maxconn 2
listen short
    bind "fd@${{short}}"
    option redispatch
    use-server s if {{ always_true }}
    server s 127.0.0.1:{origin.port} maxconn 1 maxqueue 1
    server other 127.0.0.1:{other.port}
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


def stat(proxy, name, column):
    rows = [r.split(',') for r in ask_cli('stats.sock', 'show stat').splitlines()]
    return int(next(r for r in rows if r[:2] == [proxy, name])[rows[0].index(column)])


def ask(usher, results):
    with usher.connect('few') as c:
        c.sendall(b'question')
        results.append(read_all(c))


with Usher(config, sockets=['few', 'narrow', 'line', 'short', 'impatient', 'leaving', 'dynamic']) as usher:
    # Sixty at once through three slots, on all threads: all are served, never more than three together.
    results = []
    threads = [threading.Thread(target=ask, args=(usher, results)) for _ in range(60)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [b'question'] * 60, results
    assert 1 <= most <= 3, most

    # Without fullconn it is a tenth of what the frontends before it take, here the process's maxconn.
    assert stat('few', 'BACKEND', 'slim') == stat('few', 'FRONTEND', 'slim') // 10 > 1
    assert stat('dynamic', 'BACKEND', 'slim') == 4

    # A full frontend leaves newcomers in the kernel's queue, and takes them as soon as one leaves.
    holders = [usher.connect('narrow') for _ in range(2)]
    for c in holders:
        greeted(c)
    third = usher.connect('narrow')
    with usher.connect('line') as c: # goes all the way meanwhile
        greeted(c)
    assert waits(third)
    holders.pop().close()
    greeted(third)
    third.close()
    holders.pop().close()

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

    # Beyond maxqueue another server is asked: the second waits for the one it wants, the third goes to the other.
    holder = usher.connect('short')
    greeted(holder)
    second = usher.connect('short')
    while stat('short', 's', 'qcur') == 0:
        pass
    with usher.connect('short') as third:
        assert read_all(third) == b'other'
    assert waits(second)
    holder.close()
    greeted(second)
    second.close()
