#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who serves in tcp mode: static-rr, leastconn, first, random, source, hash, rdp-cookie; server lines behind a key; orders."""
# tsan
import os
import socket
import struct
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher

origin = {}
for name in "abcd":
    def serve(client, name=name):
        client.sendall(name.encode())
        client.recv(1 << 16)  # until it is closed: what the client says is kept here
        while client.recv(1 << 16):
            pass
    origin[name] = Origin(serve)


def servers(*words):
    return "".join(f"    server {n} 127.0.0.1:{origin[n].port} {w}\n" for n, w in zip("abcd", words))


WEIGHTS = ("weight 5", "weight 3", "weight 2", "weight 7")
sections = {
    "staticrr": "    balance static-rr\n" + servers("weight 5", "weight 3", "weight 2"),
    "leastconn": "    balance leastconn\n" + servers("weight 3", "weight 1"),
    "first": "    balance first\n" + servers("id 30 maxconn 2", "id 10 maxconn 1", "id 20 maxconn 2"),
    "random": "    balance random(3)\n" + servers("", "weight 2"),
    "bounded": "    balance random(1)\n    hash-balance-factor 110\n" + servers("", ""),
    "source": "    balance source\n" + servers(*WEIGHTS),
    "consistent": "    balance source\n    hash-type consistent\n" + servers(*(["hash-key addr-port"] * 4)),
    "hash": "    tcp-request inspect-delay 10s\n    tcp-request content accept if { req.len ge 4 }\n"
            "    balance hash req.payload(0,4)\n    hash-type map-based crc32 avalanche\n" + servers(*WEIGHTS),
    "line": "    balance source\n    timeout queue 15s\n" + servers("maxconn 1", "maxconn 1"),
    "affinity": "    balance source\n    hash-preserve-affinity maxconn\n" + servers("maxconn 1", "maxconn 1"),
    "rdp": "    tcp-request inspect-delay 10s\n    tcp-request content accept if { req.rdp_cookie_cnt ge 0 }\n"
           "    balance rdp-cookie\n" + servers(*WEIGHTS),
    "rdpname": "    tcp-request inspect-delay 10s\n    acl user req.rdp_cookie(mstshash) eltons\n"
               "    tcp-request content accept if user\n    tcp-request content reject if { rdp_cookie_cnt gt 0 } { rdp_cookie -m found }\n"
               "    balance rdp-cookie(msts)\n" + servers(*WEIGHTS),
}
header = {"source", "consistent", "line", "affinity"}
config = """
global
    nbthread 2
    stats socket "fd@${cli}" level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 20s
    timeout server 20s
""" + "".join(f'listen {name}\n    bind "fd@${{{name}}}"{" accept-proxy" if name in header else ""}\n{body}'
              for name, body in sections.items())

with Usher(config, sockets=["cli", *sections]) as usher:
    def come(name, first=b"", ip=None):
        """A client that stays: its socket and who serves it."""
        c = usher.connect(name)
        if ip:
            first = f"PROXY TCP{6 if ':' in ip else 4} {ip} {'::1' if ':' in ip else '127.0.0.1'} 1 2\r\n".encode() + first
        if first:
            c.sendall(first)
        return c

    def served(c):
        return c.recv(1).decode()

    def ask(name, first=b"", ip=None):
        with come(name, first, ip) as c:
            return served(c)

    # The order HAProxy has; weights only go and come back.
    assert "".join(ask("staticrr") for _ in range(10)) == "aabacababc"
    assert usher.say("set weight staticrr/a 4") == "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'."
    assert usher.say("set weight staticrr/a 0%") == ""
    assert sorted(ask("staticrr") for _ in range(10)) == sorted("bbcbcbbcbc")
    assert usher.say("set weight staticrr/a 5") == "" and usher.say("get weight staticrr/a") == "5 (initial 5)"

    # Streams that stay: HAProxy's order again. One that leaves makes room.
    staying, got = [], ""
    for _ in range(12):
        staying.append(come("leastconn"))
        got += served(staying[-1])
    assert got == "abaaaabaaaba", got
    assert usher.say("set weight leastconn/b 100") == ""
    staying.append(come("leastconn"))
    assert served(staying[-1]) == "b"
    for c in staying:
        c.close()

    # By number, as long as there is a slot; the sixth waits and is served by whoever gets one.
    staying = [come("first") for _ in range(5)]
    assert sorted(map(served, staying)) == sorted("bccaa")
    last = come("first")
    staying[0].close()
    assert served(last) in "abc"
    for c in [*staying, last]:
        c.close()

    got = [ask("random") for _ in range(60)]
    assert "a" in got and "b" in got
    staying = [come("bounded") for _ in range(20)]
    got = [served(c) for c in staying]
    assert 9 <= got.count("a") <= 11, got
    for c in staying:
        c.close()

    # The servers HAProxy 2.6 chose for these addresses.
    ips = ["10.0.0.1", "192.0.2.77", "203.0.113.255", "1.2.3.4", "172.16.254.3", "8.8.8.8", "198.51.100.23", "2001:db8::1",
           "2001:db8:1:2:3:4:5:6", "fe80::1", "2a00:1450:4001:82a::200e"]
    assert "".join(ask("source", ip=ip) for ip in ips) == "bdaaaccaddb"
    # On the ring only the clients of the server that went are moved, and they come back.
    clients = [f"10.1.{i}.{i * 7 % 250}" for i in range(40)]
    before = [ask("consistent", ip=ip) for ip in clients]
    gone = before[0]
    usher.say(f"disable server consistent/{gone}")
    during = [ask("consistent", ip=ip) for ip in clients]
    assert gone not in during and all(b in (gone, d) for b, d in zip(before, during)), (before, during)
    usher.say(f"enable server consistent/{gone}")
    assert [ask("consistent", ip=ip) for ip in clients] == before

    # A key's client waits for its server although the other is idle, unless told otherwise.
    first = come("line", ip="10.0.0.1")
    home = served(first)
    waiting = come("line", ip="10.0.0.1")
    waiting.settimeout(0.3)
    try:
        assert not served(waiting)
    except socket.timeout:
        pass
    waiting.settimeout(20)
    first.close()
    assert served(waiting) == home
    waiting.close()
    first = come("affinity", ip="10.0.0.1")
    home = served(first) # before the other comes: of two at a time both may find the slot free, and one waits in line
    second = come("affinity", ip="10.0.0.1")
    assert {home, served(second)} == {"a", "b"}
    first.close()
    second.close()

    # crc32 and avalanche of four bytes, over 17 slots.
    for key in (b"abcd", b"wxyz", b"0000"):
        assert len({ask("hash", key + os.urandom(3)) for _ in range(5)}) == 1
    assert len({ask("hash", b"%04d" % i) for i in range(40)}) == 4

    def rdp(cookie):
        line = b"Cookie: " + cookie + b"\r\n"
        return struct.pack(">BBHBBHHB", 3, 0, 11 + len(line), 6 + len(line), 0xe0, 0, 0, 0) + line

    users = [b"alice", b"bob", b"eltons", b"DOMAIN\\user", b"x"]
    assert "".join(ask("rdp", rdp(b"mstshash=" + u)) for u in users) == "bdadb"
    assert "".join(ask("rdp", rdp(b"MSTSHASH=" + u)) for u in users) == "bdadb"
    assert len({ask("rdp", rdp(b"msts=same")) for _ in range(17)}) == 4  # another cookie: in turn
    assert ask("rdp", b"GET / HTTP/1.0\r\n\r\n") in "abcd"
    with come("rdp", rdp(b"mstshash=alice")[:20]) as c:  # in two pieces
        c.sendall(rdp(b"mstshash=alice")[20:])
        assert served(c) == "b"
    assert len({ask("rdpname", rdp(b"mstshash=eltons")) for _ in range(17)}) == 4
    assert ask("rdpname", rdp(b"mstshash=bob")) == ""
