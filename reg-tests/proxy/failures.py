#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who gives up, and what is counted then: clients that leave the line or reset, servers that refuse or hang, with and
without redispatch; backends that are disabled or empty. The numbers are those of HAProxy 2.6 asked the same."""
# tsan
import csv
import io
import os
import socket
import struct
import sys
import threading
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Deaf, Origin, Usher, ask_cli, echo, read_all

heard, resets = [], threading.Event()


def listens(client):  # remembers how its client ended
    client.sendall(b"!")
    try:
        while client.recv(100):
            pass
        heard.append("end")
    except ConnectionResetError:
        heard.append("reset")
    resets.set()


mirror, ear = Origin(echo), Origin(listens)
closed = socket.create_server(("127.0.0.1", 0))
gone = closed.getsockname()[1]
closed.close()
unreachable = Deaf()
hang = unreachable.port

CONFIG = f"""
global
    stats socket {os.getcwd()}/cli
defaults
    mode tcp
    retries 3
    timeout connect 200ms
    timeout queue 20s
    timeout client 20s
    timeout server 20s
listen line
    bind "fd@${{line}}"
    server s 127.0.0.1:{mirror.port} maxconn 1
listen broken
    bind "fd@${{broken}}"
    server s 127.0.0.1:{ear.port}
listen same
    bind "fd@${{same}}"
    server a 127.0.0.1:{gone}
    server b 127.0.0.1:{gone}
listen others
    bind "fd@${{others}}"
    option redispatch
    server a 127.0.0.1:{gone}
    server b 127.0.0.1:{gone}
listen bound
    bind "fd@${{bound}}"
    option redispatch
    use-server a if TRUE
    server a 127.0.0.1:{gone}
    server b 127.0.0.1:{gone}
listen lonely
    bind "fd@${{lonely}}"
    option redispatch
    server a 127.0.0.1:{gone}
    server b 127.0.0.1:{gone} disabled
listen hangs
    bind "fd@${{hangs}}"
    retries 1
    server a 127.0.0.1:{hang}
frontend off
    bind "fd@${{off}}"
    default_backend disabled
backend disabled
    disabled
    server s 127.0.0.1:{mirror.port}
listen empty
    bind "fd@${{empty}}"
    balance roundrobin
"""
NAMES = ["line", "broken", "same", "others", "bound", "lonely", "hangs", "off", "empty"]


def row(proxy, name):
    for r in csv.DictReader(io.StringIO(ask_cli("cli", "show stat").lstrip("# "))):
        if (r["pxname"], r["svname"]) == (proxy, name):
            return {k: int(r[k] or 0) for k in ("stot", "econ", "wretr", "wredis", "lbtot", "cli_abrt", "scur", "qcur")}
    return None


def expect(proxy, name, **numbers):
    found = row(proxy, name)
    assert {k: found[k] for k in numbers} == numbers, f"{proxy}/{name}: {found}, expected {numbers}"


def refused(usher, name):
    begin = time.monotonic()
    with usher.connect(name) as c:
        assert read_all(c) == b"", name
    return time.monotonic() - begin


with Usher(CONFIG, sockets=NAMES) as usher:
    # Who says its end while it waits in line has nothing to wait for; who sent something first does.
    with usher.connect("line") as first:
        first.sendall(b"x")
        assert first.recv(1) == b"x"
        with usher.connect("line") as c:
            c.shutdown(socket.SHUT_WR)
            assert read_all(c) == b""
        expect("line", "BACKEND", cli_abrt=1, qcur=0, scur=1, stot=2)
        with usher.connect("line") as c:
            c.sendall(b"y")
            c.shutdown(socket.SHUT_WR)
            while row("line", "BACKEND")["qcur"] == 0:
                pass
            first.close()
            assert read_all(c) == b"y"
    expect("line", "BACKEND", cli_abrt=1, qcur=0, stot=3)

    # What a client broke off does not look complete to the server.
    c = usher.connect("broken")
    assert c.recv(1) == b"!"
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()
    assert resets.wait(20) and heard == ["reset"], heard

    # The same server after a pause, another one at once; a rule's server is tried again before it is left.
    assert refused(usher, "same") >= 0.6
    expect("same", "a", stot=4, wretr=3, wredis=0, econ=1, lbtot=1)
    expect("same", "b", stot=0)
    refused(usher, "others")
    expect("others", "a", stot=2, wretr=0, wredis=2, econ=0, lbtot=2)
    expect("others", "b", stot=2, wretr=0, wredis=1, econ=1, lbtot=2)
    expect("others", "BACKEND", stot=1, wretr=0, wredis=3, econ=1, lbtot=4)
    refused(usher, "bound")
    expect("bound", "a", stot=3, wretr=2, wredis=1, econ=0, lbtot=0)
    expect("bound", "b", stot=1, wretr=0, wredis=0, econ=1, lbtot=1)
    assert refused(usher, "lonely") >= 0.6
    expect("lonely", "a", stot=4, wretr=3, wredis=0, econ=1, lbtot=1)
    # A server that hung was waited for already: no pause on top.
    # Two waits of 200 ms, each by a clock of whole milliseconds.
    assert refused(usher, "hangs") >= 0.39
    expect("hangs", "a", stot=2, wretr=1, econ=1)

    refused(usher, "off")
    assert row("disabled", "BACKEND") is None
    assert mirror.count == 2, mirror.count
    refused(usher, "empty")
    expect("empty", "BACKEND", stot=1, econ=1)
    for name in NAMES:
        assert row(name, "FRONTEND")["scur"] == 0, name
