#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where an edge-triggered engine may stall: a timer left by an earlier step, an answer held up by a slow client, a turn's
share used up while rules wait. Each case ends by itself or hangs."""
# tsan
import os
import select
import socket
import sys
import threading
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Deaf, Origin, Usher, echo, read_all

MEG = 1 << 20


def count(client):  # takes everything, then says how much it was
    n = 0
    while part := client.recv(MEG):
        n += len(part)
    client.sendall(b"%d" % n)


counter, mirror = Origin(count), Origin(echo)
unreachable = Deaf()

CONFIG = f"""
global
    nbthread 2
defaults
    mode tcp
    retries 0
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen late
    bind "fd@${{late}}"
    timeout connect 600ms
    tcp-request inspect-delay 300ms
    tcp-request content accept if WAIT_END
    server s 127.0.0.1:{unreachable.port}
listen queued
    bind "fd@${{queued}}"
    timeout queue 600ms
    tcp-request inspect-delay 300ms
    tcp-request content accept if WAIT_END
    server s 127.0.0.1:{mirror.port} maxconn 1
frontend echoes
    bind "fd@${{echoes}}"
    tcp-request content use-service echo
listen judged
    bind "fd@${{judged}}"
    tcp-response inspect-delay 15s
    tcp-response content accept if WAIT_END
    server s 127.0.0.1:{counter.port}
"""


def write_all(c, total):
    block = bytes(MEG)
    for at in range(0, total, MEG):
        c.sendall(block[:min(MEG, total - at)])


def counted(usher, name, total):
    with usher.connect(name) as c:
        write_all(c, total)
        c.shutdown(socket.SHUT_WR)
        return int(read_all(c))


def ends_in_time(usher, name, limit_s):
    with usher.connect(name) as c:
        c.sendall(b"x")
        time.sleep(0.1)  # the inspection has begun and set its timer; nothing shows it
        c.shutdown(socket.SHUT_WR)  # which ends the inspection
        begin = time.monotonic()
        try:
            assert read_all(c) == b""
        except ConnectionResetError:
            pass
        assert time.monotonic() - begin < limit_s, name


def held_up(usher):  # nothing is read until nothing more can be written
    total, sent = 64 * MEG, 0
    with usher.connect("echoes") as c:
        c.setblocking(False)
        while sent < total and select.select([], [c], [], 0.5)[1]:
            sent += c.send(bytes(65536))
        assert 0 < sent < total
        c.settimeout(20)
        got = 0
        while got < sent:
            part = c.recv(MEG)
            assert part
            got += len(part)
        c.sendall(b"more")
        c.shutdown(socket.SHUT_WR)
        assert read_all(c) == b"more"


names = ["late", "queued", "echoes", "judged"]
with Usher(CONFIG, sockets=names) as usher:
    ends_in_time(usher, "late", 5)
    with usher.connect("queued") as first:
        first.sendall(b"x")  # passes after the delay
        assert first.recv(1) == b"x"
        ends_in_time(usher, "queued", 5)
    held_up(usher)
    threads = [threading.Thread(target=lambda: results.append(counted(usher, "judged", 64 * MEG))) for _ in range(4)]
    results = []
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [64 * MEG] * 4, results
