#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What varnishtest cannot do: silent-drop, a client that leaves a tarpit, large requests that are refused, pipelines through
answers of usher's own, and rules that try to change a message's frame."""
# tsan
import os
import socket
import struct
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, WAIT_S, read_head_lines

seen = []
closing, again = [], []


def origin(s):
    f = s.makefile("rb")
    while True:
        head = read_head_lines(f)
        if head is None:
            return
        length = next((int(l.split(b":")[1]) for l in head if l.lower().startswith(b"content-length:")), 0)
        chunked = any(l.lower().startswith(b"transfer-encoding:") for l in head)
        body = b""
        while chunked:
            n = int(f.readline(), 16)
            body += f.read(n)
            f.readline()
            chunked = n > 0
        body += f.read(length)
        again.extend(head[0] for c in closing if c is s)
        seen.append((head, body))
        if head[0].startswith(b"GET /chunked"):
            s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        elif head[0].startswith(b"GET /closing"): # the body is for later
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
            closing.append(s)
        elif head[0].startswith(b"GET /204"):
            s.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        else:
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


web = Origin(origin)
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind(("127.0.0.1", 0))
sink.settimeout(WAIT_S)

CONFIG = f"""
defaults
    mode http
    timeout connect 20s
    timeout client 20s
    timeout server 20s
    timeout tarpit 1h
frontend fe
    bind "fd@${{fe}}"
    log 127.0.0.1:{sink.getsockname()[1]} format raw local0
    log-format "%HU %ST %ts %ci"
    errorloc302 405 http://elsewhere/
    errorfile 503 /dev/null
    http-request set-src str(10.9.8.7) if {{ path /moved }}
    http-request silent-drop if {{ path /drop }}
    http-request early-hint Link </a> if {{ path /tarpit }}
    http-request tarpit if {{ path /tarpit }}
    http-request set-method GET if {{ path_beg /closing }}
    http-request deny if {{ path /deny }}
    http-request deny deny_status 405 if {{ path /loc }}
    http-request deny deny_status 503 if {{ path /nothing }}
    http-request return content-type text/plain string own if {{ path_beg /own }}
    http-request del-header content-length if {{ path_beg /frame }}
    http-request del-header transfer-encoding if {{ path_beg /frame }}
    http-request add-header Content-Length 1 if {{ path_beg /frame }}
    http-request set-header Transfer-Encoding gzip if {{ path_beg /frame }}
    http-request set-var(txn.path) path
    http-response del-header content-length if {{ var(txn.path) -m end /bare }}
    http-response set-header content-length 3 if {{ var(txn.path) -m end /short }}
    http-response set-header transfer-encoding chunked if {{ var(txn.path) -m end /short }}
    http-response set-status 204 if {{ var(txn.path) -m end /to204 }}
    http-response set-status 200 if {{ var(txn.path) -m end /to200 }}
    http-response silent-drop if {{ var(txn.path) -m end /drop }}
    default_backend web
backend web
    http-reuse always
    server s 127.0.0.1:{web.port}
"""


def get(path, method=b"GET", extra=b"", body=b""):
    return method + b" " + path + b" HTTP/1.1\r\nHost: h\r\n" + extra + b"\r\n" + body


def answer(f, head_only=False):
    head = read_head_lines(f)
    assert head, "no answer"
    status = int(head[0].split()[1])
    fields = {l.split(b":", 1)[0].lower(): l.split(b":", 1)[1].strip() for l in head[1:]}
    assert len(fields) == len(head) - 1, head
    body = b""
    if b"transfer-encoding" in fields:
        assert b"content-length" not in fields
        while True:
            n = int(f.readline(), 16)
            body += f.read(n)
            assert f.readline() == b"\r\n"
            if n == 0:
                break
    elif status not in (204, 304):
        body = f.read(0 if head_only else int(fields[b"content-length"]))
    else:
        assert b"content-length" not in fields
    return status, fields, body


def dropped(usher, path):
    """Nothing is heard of the end; who goes on talking is told that there is nobody (that needs a privilege)."""
    with usher.connect("fe") as c:
        c.sendall(get(path))
        log = sink.recv(4096)
        assert b" P" in log, log
        c.setblocking(False)
        try:
            data = c.recv(1)
            assert os.geteuid() != 0, data
            return
        except BlockingIOError:
            pass
        c.settimeout(WAIT_S)
        c.sendall(b"x")
        try:
            assert c.recv(1) == b"", "an answer"
            raise AssertionError("an orderly end")
        except ConnectionResetError:
            pass


with Usher(CONFIG, ["fe"]) as usher:
    dropped(usher, b"/drop")
    dropped(usher, b"/answer/drop")

    # The log line of a client that breaks off in the tarpit comes long before the tarpit's time is over.
    with usher.connect("fe") as c:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.sendall(get(b"/tarpit"))
        assert c.recv(4096).startswith(b"HTTP/1.1 103 ")
    assert sink.recv(4096).startswith(b"/tarpit -1 CT")

    # More than any buffer holds, and the refusal arrives all the same.
    with usher.connect("fe") as c:
        size = 3 << 20
        c.sendall(get(b"/deny", b"POST", b"Content-Length: %d\r\n" % size))
        f = c.makefile("rb")
        status, fields, _ = answer(f)
        assert status == 403 and fields[b"connection"] == b"close", (status, fields)
        c.sendall(b"x" * size)
        f.close()
    assert sink.recv(4096).startswith(b"/deny 403 PR"), "log"

    # Pipelined through own and forwarded answers, bodies between them.
    with usher.connect("fe") as c:
        f = c.makefile("rb")
        c.sendall(get(b"/own1") + get(b"/own2", b"POST", b"Content-Length: 4\r\n", b"GET ") + get(b"/x") +
                  get(b"/deny", b"POST", b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n") + get(b"/loc") + get(b"/x"))
        got = [answer(f) for _ in range(6)]
        assert [(s, b) for s, _, b in got if s != 403] == [(200, b"own"), (200, b"own"), (200, b"hello"), (302, b""), (200, b"hello")], got
        assert got[3][0] == 403 and got[4][1][b"location"] == b"http://elsewhere/"
        for _ in range(6):
            sink.recv(4096)

    # An empty page is no answer.
    with usher.connect("fe") as c:
        c.sendall(get(b"/nothing"))
        assert c.recv(100) == b""
    assert sink.recv(4096).startswith(b"/nothing 503 PR")

    # Rules speak of lengths and codings; the messages end where they end.
    with usher.connect("fe") as c:
        f = c.makefile("rb")
        del seen[:]
        c.sendall(get(b"/frame", b"POST", b"Content-Length: 5\r\n", b"12345"))
        assert answer(f)[2] == b"hello"
        c.sendall(get(b"/frame", b"POST", b"Transfer-Encoding: chunked\r\n", b"5\r\n12345\r\n0\r\n\r\n"))
        assert answer(f)[2] == b"hello"
        c.sendall(get(b"/frame"))
        assert answer(f)[2] == b"hello"
        assert [b for _, b in seen] == [b"12345", b"12345", b""], seen
        names = [sorted(l.split(b":")[0].lower() for l in h[1:] if l[:1] in b"cCtT") for h, _ in seen]
        assert names == [[b"content-length"], [b"transfer-encoding"], []], names
        for path, body in ((b"/a/bare", b"hello"), (b"/a/short", b"hello"), (b"/chunked/bare", b"hello"),
                           (b"/chunked/short", b"hello"), (b"/a/to204", b""), (b"/chunked/to204", b""), (b"/204/to200", b""),
                           (b"/a/last", b"hello")):
            c.sendall(get(path))
            status, fields, got = answer(f)
            assert got == body, (path, got)
            assert status == (204 if path.endswith(b"204") else 200), (path, status)
        c.sendall(get(b"/a/to200", b"HEAD"))
        assert answer(f, True)[1][b"content-length"] == b"5"
        # A link over which more may come than was asked for is not used again, whatever a rule makes of the answer.
        c.sendall(get(b"/closing/to204", b"HEAD"))
        assert answer(f)[0] == 204
        c.sendall(get(b"/a/last"))
        assert answer(f)[2] == b"hello"
        assert closing and not again, again
        for _ in range(14):
            sink.recv(4096)

    # The address that a rule gave is the stream's, not the connection's.
    with usher.connect("fe") as c:
        f = c.makefile("rb")
        c.sendall(get(b"/moved") + get(b"/own"))
        answer(f), answer(f)
        assert sink.recv(4096).split() == [b"/moved", b"200", b"--", b"10.9.8.7"]
        assert sink.recv(4096).split() == [b"/own", b"200", b"LR", b"127.0.0.1"]
print("ok")
