#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who serves in http mode: uri, url_param, hdr and hash, request by request on one connection. With haproxy at hand, every
request is sent to it too, and it must choose the same server; without it usher must only be steady."""
import os
import shutil
import socket
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import WAIT_S, Origin, Usher, read_head

HAPROXY = shutil.which("haproxy")
origin = {}
for name in "abcd":
    def serve(client, name=name):
        f = client.makefile("rb")
        while True:
            if read_head(f) is None:
                return
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + name.encode())
    origin[name] = Origin(serve)
servers = "".join(f"    server {n} 127.0.0.1:{origin[n].port} weight {w}\n" for n, w in zip("abcd", (29, 23, 31, 37)))

lines = {
    "uri": "balance uri",
    "uriwhole": "balance uri whole\n    hash-type map-based djb2",
    "uridepth": "balance uri depth 2",
    "urilen": "balance uri len 6\n    hash-type map-based crc32 avalanche",
    "uripath": "balance uri path-only",
    "param": "balance url_param id\n    hash-type map-based sdbm avalanche",
    "hdr": "balance hdr(x-key)",
    "domain": "balance hdr(host) use_domain_only",
    "source": "balance source",
}
config = """
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
""" + "".join(f'listen {name}\n    bind "fd@${{{name}}}"\n    {line}\n{servers}' for name, line in lines.items())

requests = {name: [] for name in lines}
paths = ["/", "/a", "/abc", "/abc/", "/abc/def", "/abc/def/ghi", "/abc//def/x", "/abc?x=/y/z", "/abc/def?q=1", "http://h/abc/def?q", "http://h",
         "/index.html", "/img/logo.png", "/very/deep/in/the/tree.css?v=12"]
for name in ("uri", "uriwhole", "uridepth", "urilen", "uripath"):
    requests[name] = [(p, []) for p in paths]
requests["param"] = [(p, []) for p in ("/?id=4711", "/a?x=1&id=abc&y=2", "/?id=one&id=two", "/?xid=1&id=2zz", "/?id=a;b&c=1",
                                       "/?id==q", "/?&&id=a%20b", "/p?id=q1?z")]
requests["hdr"] = [("/", [f"X-Key: {v}"]) for v in ("abc", "abc, def", '"a,b", c', "  spaced  ", "0", "a longer value", "last,")]
requests["hdr"].append(("/", ["x-key: one", "X-KEY: two"]))
requests["domain"] = [("/", [f"Host: {v}"]) for v in ("www.example.com:8080", "example.com", "localhost", "a.b.c.d.org", "example.co.uk", "10.1.2.3",
                                                      "EXAMPLE.com")]
requests["source"] = [("/", [])]


class Client:
    def __init__(self, address):
        self.s = socket.create_connection(address, timeout=WAIT_S)
        self.f = self.s.makefile("rb")

    def ask(self, path, fields):
        if not any(f.lower().startswith("host:") for f in fields):
            fields = ["Host: h", *fields]
        self.s.sendall(f"GET {path} HTTP/1.1\r\n{''.join(f + chr(13) + chr(10) for f in fields)}\r\n".encode())
        head = read_head(self.f)
        assert head and b" 200 " in head, (path, fields, head)
        return self.f.read(1).decode()

    def close(self):
        self.f.close()
        self.s.close()


def all_of(address):
    got = {}
    for name in lines:
        c = Client(address(name))
        got[name] = "".join(c.ask(*r) for r in requests[name])
        again = "".join(c.ask(*r) for r in requests[name])
        assert again == got[name], f"{name}: {got[name]}, then {again}"
        c.close()
    return got


with Usher(config, sockets=list(lines)) as usher:
    got = all_of(usher.address)
    # Without a key servers take turns: all of them are seen in so many.
    for name, request in (("param", ("/?id=", [])), ("param", ("/", [])), ("hdr", ("/", [])), ("hdr", ("/", ["X-Key:"]))):
        c = Client(usher.address(name))
        assert len({c.ask(*request) for _ in range(40)}) == 4, request
        c.close()

if HAPROXY:
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in lines}
    env = dict(os.environ, **{name: str(s.fileno()) for name, s in sockets.items()})
    with open("haproxy.cfg", "w") as f:
        f.write(config)
    process = subprocess.Popen([HAPROXY, "-db", "-f", "haproxy.cfg"], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, pass_fds=[s.fileno() for s in sockets.values()])
    try:
        theirs = all_of(lambda name: sockets[name].getsockname())
    finally:
        process.kill()
        process.wait()
    for name in lines:
        assert theirs[name] == got[name], f"{name}: haproxy {theirs[name]}, usher {got[name]}"
