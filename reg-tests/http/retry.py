#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""retry-on with each of its words, disable-l7-retry, option redispatch and option abortonclose: what goes to a server
again, what the client gets, what is logged and counted. Every request ends in exactly one answer."""
# tsan
import os
import socket
import struct
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, ask_cli, read_all, read_head

BUFSIZE = 16384
script = []  # what origins do with the connections to come, in that order; behind the last: "ok"
silence = threading.Semaphore(0)  # an origin that was asked says nothing
seen = []  # (origin, PROXY line or None, head, body) of each request that reached one
PROXIED = b"PROXY TCP4 127.0.0.1 127.0.0.1 "


def answer(status, body=b"ok"):
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def read_body(f, head):
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return f.read(int(line.split(b":")[1]))
        if line.startswith(b"transfer-encoding:"):
            body = b""
            while not body.endswith(b"0\r\n\r\n"):
                part = f.readline()
                if not part:
                    return body
                body += part
            return body
    return b""


def origin(name):
    def serve(s):
        f = s.makefile("rb")
        while True:
            preamble = f.readline() if f.peek(5)[:5] == b"PROXY" else None
            head = read_head(f)
            if head is None:
                return
            act = script.pop(0) if script else "ok"
            seen.append((name, preamble, head, None if act == "unread" else read_body(f, head)))
            if act == "unread":  # an answer before the body has come
                s.sendall(answer(503))
                return
            if isinstance(act, int):
                s.sendall(answer(act, b"no"))
            elif act == "ok":
                s.sendall(answer(200))
            elif act == "close":
                return
            elif act == "reset":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            elif act == "junk":
                s.sendall(b"this is no HTTP\r\n\r\n")
            elif act == "half":
                s.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
                return
            elif act == "hint":
                s.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
                return
            elif act == "silent":
                silence.release()
                read_all(s)
                return
    return serve


one, two = Origin(origin("one")), Origin(origin("two"))
with socket.create_server(("127.0.0.1", 0)) as gone:
    gone_port = gone.getsockname()[1]
log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(("127.0.0.1", 0))
log.settimeout(20)

ON = {"default": "", "none": "retry-on none", "empty": "retry-on empty-response", "junk": "retry-on junk-response",
      "timeout": "retry-on response-timeout", "early": "retry-on 0rtt-rejected", "all": "retry-on all-retryable-errors",
      "conn": "retry-on conn-failure",
      "status": "retry-on 401 403 404 408 425 500 501 502 503 504"}
CONFIG = f"""
global
    nbthread 1
    log 127.0.0.1:{log.getsockname()[1]} format raw local0
    stats socket "fd@${{cli}}" level admin
defaults
    mode http
    log global
    log-format "%b/%s %ST %ts %rc"
    timeout connect 100ms
    timeout client 20s
    timeout server 20s
""" + "".join(f"""
listen {name}
    bind "fd@${{{name}}}"
    {words}
    timeout server {"150ms" if name in ("timeout", "all") else "20s"}
    http-request disable-l7-retry if {{ path /once }}
    server one 127.0.0.1:{one.port}
""" for name, words in ON.items()) + f"""
listen few
    bind "fd@${{few}}"
    retry-on 503
    retries 1
    server one 127.0.0.1:{one.port}
listen stay
    bind "fd@${{stay}}"
    retry-on 503
    server one 127.0.0.1:{one.port}
    server two 127.0.0.1:{two.port}
listen move
    bind "fd@${{move}}"
    retry-on 503 empty-response
    option redispatch
    server one 127.0.0.1:{one.port} send-proxy
    server two 127.0.0.1:{two.port}
listen third
    bind "fd@${{third}}"
    retry-on 503
    retries 6
    option redispatch 3
    use-server one unless {{ always_false }}
    server one 127.0.0.1:{one.port}
    server two 127.0.0.1:{two.port}
listen dead
    bind "fd@${{dead}}"
    retry-on 503
    server gone 127.0.0.1:{gone_port}
listen down
    bind "fd@${{down}}"
    retries 1
    server gone 127.0.0.1:{gone_port}
listen over
    bind "fd@${{over}}"
    retries 2
    option redispatch
    use-server gone unless {{ always_false }}
    server gone 127.0.0.1:{gone_port}
    server two 127.0.0.1:{two.port}
listen leave
    bind "fd@${{leave}}"
    option abortonclose
    server one 127.0.0.1:{one.port}
listen remain
    bind "fd@${{remain}}"
    timeout server 150ms
    retry-on response-timeout
    server one 127.0.0.1:{one.port}
"""
DOORS = [*ON, "few", "stay", "move", "third", "dead", "down", "over", "leave", "remain", "cli"]
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789"
ONCE = GET.replace(b"/ ", b"/once ", 1)


def post(n):
    """A request of n bytes, its head included."""
    head = b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: %05d\r\n\r\n"
    return head % (n - len(head % 0)) + b"x" * (n - len(head % 0))


# door, what servers do, the request, status, termination, retries as logged, requests that reached a server
CASES = [
    ("default", ["close"], GET, 502, "SH", "0", 1),
    ("default", ["junk"], GET, 502, "PH", "0", 1),
    ("default", [503], GET, 503, "--", "0", 1),
    ("none", ["close"], GET, 502, "SH", "0", 1),
    ("conn", ["close"], GET, 502, "SH", "0", 1),
    ("early", ["close"], GET, 502, "SH", "0", 1),
    ("empty", ["close"], GET, 200, "--", "1", 2),
    ("empty", ["reset", "close", "reset"], POST, 200, "--", "3", 4),
    ("empty", ["close"] * 4, GET, 502, "SH", "3", 4),
    ("empty", ["half"], GET, 502, "SH", "0", 1),
    ("empty", ["junk"], GET, 502, "PH", "0", 1),
    ("empty", [503], GET, 503, "--", "0", 1),
    ("empty", ["hint"], GET, 502, "SH", "0", 1),  # the client has heard something already
    ("junk", ["junk", "half"], POST, 200, "--", "2", 3),
    ("junk", ["junk"] * 4, GET, 502, "PH", "3", 4),
    ("junk", ["close"], GET, 502, "SH", "0", 1),
    ("timeout", ["silent"], POST, 200, "--", "1", 2),
    ("timeout", ["silent"] * 4, GET, 504, "sH", "3", 4),
    ("timeout", ["close"], GET, 502, "SH", "0", 1),
    *(("status", [s], GET, 200, "--", "1", 2) for s in (401, 403, 404, 408, 425, 500, 501, 502, 503, 504)),
    *(("status", [s], GET, s, "--", "0", 1) for s in (200, 301, 400, 410, 429, 505)),
    ("status", [503, 404, 503, 404], GET, 404, "--", "3", 4),  # the last answer stands
    ("all", ["close", "junk", "silent"], POST, 200, "--", "3", 4),
    ("all", [500, 503, 504], GET, 200, "--", "3", 4),
    ("all", [404], GET, 404, "--", "0", 1),
    ("all", [503], ONCE, 503, "--", "0", 1),
    ("all", ["close"], ONCE, 502, "SH", "0", 1),
    ("few", [503, 503], GET, 503, "--", "1", 2),
    ("few", [503], post(BUFSIZE), 200, "--", "1", 2),
    ("few", [503], post(BUFSIZE + 1), 503, "--", "0", 1),  # what does not fit into a buffer goes once
    ("few", [503], post(5 * BUFSIZE), 503, "--", "0", 1),
    ("few", [503], POST.replace(b"Content-Length: 10", b"Transfer-Encoding: chunked")[:-10] + b"3;x\r\nabc\r\n0\r\n\r\n", 200, "--", "1", 2),
    ("third", [503] * 5, GET, 200, "--", "+5", 6),
    ("dead", [], GET, 503, "SC", "0", 0),
    ("down", [], GET, 503, "SC", "1", 0),
    ("over", [], GET, 200, "--", "+2", 1),
]


def line():
    return log.recv(1000).decode().rstrip()


def exchange(usher, door, request, parts=None):
    """One request on a connection of its own: (status, the whole of what came)."""
    with usher.connect(door) as s:
        for part in parts or [request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)]:
            s.sendall(part)
        text = read_all(s)
    heads = [h for h in text.split(b"HTTP/1.1 ")[1:] if not h.startswith(b"1")]
    assert len(heads) == 1, text
    return int(heads[0].split()[0]), text


def counters(usher, proxy, server, wanted=("wretr", "wredis", "eresp", "econ", "cli_abrt", "srv_abrt")):
    rows = ask_cli(usher.address("cli"), "show stat").splitlines()
    names = rows[0][2:].split(",")
    found = next(r.split(",") for r in rows[1:] if r.startswith(f"{proxy},{server},"))
    return {n: int(found[names.index(n)] or 0) for n in wanted}


with Usher(CONFIG, sockets=DOORS) as usher:
    for door, acts, request, status, ended, retries, reached in CASES:
        script[:], seen[:] = acts, []
        got = exchange(usher, door, request)
        logged = line()
        what = (door, acts, request[:40], got, logged, seen)
        assert got[0] == status, what
        assert logged.split()[1:] == [str(status), ended, retries], what
        assert len(seen) == reached and not script, what
        # Every server sees the same bytes.
        assert len({(h, b) for _, _, h, b in seen}) <= 1, what
        if seen and b"Content-Length" in request:
            assert seen[0][3] == request.partition(b"\r\n\r\n")[2], what

    # Attempts at the same server are retries, those at another are redispatches; a junk answer is counted each time.
    assert counters(usher, "junk", "one") == dict(wretr=5, wredis=0, eresp=7, econ=0, cli_abrt=0, srv_abrt=0)
    assert counters(usher, "third", "one") == dict(wretr=2, wredis=2, eresp=0, econ=0, cli_abrt=0, srv_abrt=0)
    assert counters(usher, "timeout", "one") == dict(wretr=4, wredis=0, eresp=2, econ=0, cli_abrt=0, srv_abrt=0)
    assert counters(usher, "down", "gone") == dict(wretr=1, wredis=0, eresp=0, econ=1, cli_abrt=0, srv_abrt=0)

    # Without option redispatch a server keeps its requests; with it another one takes them at once, under its own PROXY header.
    script[:], seen[:] = [503, 503, 503, 503], []
    assert exchange(usher, "stay", GET)[0] == 503 and len({s[0] for s in seen}) == 1
    line()
    for acts in ([503], ["close"]):
        script[:], seen[:] = acts, []
        first = None
        if exchange(usher, "move", GET)[0] == 200:
            first, second = [s[0] for s in seen]
            assert {first, second} == {"one", "two"}, seen
            for name, preamble, head, _ in seen:
                assert (preamble or b"").startswith(PROXIED) == (name == "one"), seen
        assert first and line().split()[1:] == ["200", "--", "+1"]
    # Each attempt is a session of the server that it went to.
    assert [counters(usher, "move", name, ["stot"])["stot"] for name in ("one", "two")] == [2, 2]

    # A request whose body comes bit by bit is kept as well; so is one whose server has answered before its end.
    script[:], seen[:] = [503], []
    with usher.connect("status") as s:
        s.sendall(POST[:-10].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        for i in range(10):
            s.sendall(POST[i - 10:][:1])
        assert read_all(s).startswith(b"HTTP/1.1 200 ")
    assert [b for *_, b in seen] == [b"0123456789"] * 2 and line().endswith("200 -- 1")
    script[:], seen[:] = ["unread"], []
    with usher.connect("status") as s:
        s.sendall(POST[:-5].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        s.sendall(POST[-5:])
        assert read_all(s).startswith(b"HTTP/1.1 200 ")
    assert seen[-1][3] == b"0123456789" and line().endswith("200 -- 1"), seen

    # Retries in a row on one client connection, and links that rest between.
    with usher.connect("status") as s:
        f = s.makefile("rb")
        for acts in ([], [503], [], [404, 503], []):
            script[:] = acts
            s.sendall(GET)
            head = read_head(f)
            assert head.startswith(b"HTTP/1.1 200 ") and f.read(2) == b"ok", head
            assert line().endswith(f"200 -- {len(acts)}")

    # A client that has sent its end: its request is served, unless it is one that does not wait.
    while silence.acquire(blocking=False):
        pass
    script[:] = ["silent"]
    with usher.connect("leave") as s:
        s.sendall(GET)
        assert silence.acquire(timeout=20)
        s.shutdown(socket.SHUT_WR)
        assert read_all(s).startswith(b"HTTP/1.1 400 ")
    assert line() == "leave/one 400 CH 0"
    assert counters(usher, "leave", "one")["cli_abrt"] == 1
    script[:] = ["silent"]
    with usher.connect("remain") as s:
        s.sendall(GET)
        s.shutdown(socket.SHUT_WR)
        assert read_all(s).startswith(b"HTTP/1.1 200 ")
    assert line() == "remain/one 200 -- 1"
