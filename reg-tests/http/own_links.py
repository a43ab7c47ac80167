#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Connections to servers that belong to one client: http-reuse never, logins by connection (NTLM), max-reuse."""
# tsan
import os
import queue
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, ask_cli, read_head

ended = queue.Queue()  # names of connections to the origins that usher has closed


def origin(name):
    def serve(s):
        mine = f"{name}{servers[name].count}"
        f = s.makefile("rb")
        while head := read_head(f):
            path = head.split()[1]
            login = {b"/ntlm": b"WWW-Authenticate: Basic\r\nWWW-Authenticate: ntlm\r\n", b"/basic": b"WWW-Authenticate: Basic x\r\n",
                     b"/proxy": b"Proxy-Authenticate: NEGOTIATE\r\n"}.get(path, b"")
            status = b"401 No" if login.startswith(b"W") else b"407 No" if login else b"200 OK"
            s.sendall(b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, login, len(mine), mine.encode()))
        ended.put(mine)
    return serve


servers = {name: Origin(origin(name)) for name in "abcdefgh"}
ORIGINS = "\n".join(f"    server {name} 127.0.0.1:{o.port}" for name, o in servers.items())
CONFIG = f"""
global
    nbthread 1
    stats socket "fd@${{cli}}" level admin
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    default-server pool-purge-delay 1h
listen never
    bind "fd@${{never}}"
    http-reuse never
    server a 127.0.0.1:{servers["a"].port}
listen turns
    bind "fd@${{turns}}"
    http-reuse never
{ORIGINS}
listen always
    bind "fd@${{always}}"
    http-reuse always
    server a 127.0.0.1:{servers["a"].port}
    server b 127.0.0.1:{servers["b"].port}
listen thrice
    bind "fd@${{thrice}}"
    http-reuse always
    server a 127.0.0.1:{servers["a"].port} max-reuse 2
listen once
    bind "fd@${{once}}"
    http-reuse never
    server a 127.0.0.1:{servers["a"].port} max-reuse 0
"""


class Client:
    def __init__(self, usher, door):
        self.s = usher.connect(door)
        self.f = self.s.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.f.close()
        self.s.close()

    def get(self, path=b"/"):
        """The name of the connection that answered."""
        self.s.sendall(b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % path)
        head = read_head(self.f).lower()
        length = next(l for l in head.split(b"\r\n") if l.startswith(b"content-length:"))
        return self.f.read(int(length.split(b":")[1])).decode()


def forget():
    for o in servers.values():
        o.count = 0
    while not ended.empty():
        ended.get()


with Usher(CONFIG, sockets=["never", "turns", "always", "thrice", "once", "cli"]) as usher:
    # A client goes on with its own connection, another one does not get it, and it ends with its client.
    with Client(usher, "never") as c, Client(usher, "never") as d:
        assert [c.get(), d.get(), c.get(), d.get(), c.get()] == ["a1", "a2", "a1", "a2", "a1"]
    assert {ended.get(timeout=20), ended.get(timeout=20)} == {"a1", "a2"}
    with Client(usher, "never") as c:
        assert c.get() == "a3"
    assert ended.get(timeout=20) == "a3"

    # With many servers, the five last used are kept.
    forget()
    with Client(usher, "turns") as c:
        names = [c.get() for _ in range(8)]
        assert sorted(names) == [f"{n}1" for n in "abcdefgh"], names
        assert [ended.get(timeout=20) for _ in range(3)] == names[:3]
        # The next turns are those of servers whose connections are gone, and each opens one in the place of the oldest.
        assert c.get() == names[0][0] + "2" and ended.get(timeout=20) == names[3]
    assert {ended.get(timeout=20) for _ in range(5)} == {*names[4:], names[0][0] + "2"}

    # Whoever logged in by his connection keeps it and its server; nobody else comes by it.
    forget()
    for path in (b"/ntlm", b"/proxy"):
        with Client(usher, "always") as c, Client(usher, "always") as d:
            mine = c.get(path)
            assert [c.get() for _ in range(4)] == [mine] * 4
            others = {d.get() for _ in range(4)}
            assert mine not in others and len(others) == 2, (mine, others)
            assert c.get() == mine
        assert ended.get(timeout=20) == mine
    # Other logins bind nothing.
    with Client(usher, "always") as c:
        assert len({c.get(b"/basic") for _ in range(4)}) == 2

    # A connection is used once, and then so often again.
    forget()
    with Client(usher, "thrice") as c, Client(usher, "thrice") as d:
        assert [c.get(), d.get(), c.get(), d.get(), c.get()] == ["a1", "a1", "a1", "a2", "a2"]
    assert ended.get(timeout=20) == "a1"
    forget()
    with Client(usher, "once") as c:
        assert [c.get() for _ in range(3)] == ["a1", "a2", "a3"]
    assert {ended.get(timeout=20) for _ in range(3)} == {"a1", "a2", "a3"}

    # A server that goes out of service takes them with it.
    forget()
    with Client(usher, "never") as c:
        assert c.get() == "a1"
        ask_cli(usher.address("cli"), "disable server never/a")
        assert ended.get(timeout=20) == "a1"
        ask_cli(usher.address("cli"), "enable server never/a")
        assert c.get() == "a2"
