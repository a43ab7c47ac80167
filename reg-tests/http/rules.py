#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""http-request, http-response and http-after-response rules, usher's own answers and the options of http mode. The origin
answers with the head of the request as it saw it."""
import os
import socket
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, read_head


def origin(s):
    f = s.makefile("rb")
    while head := read_head(f):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Server: here\r\nX-List: a, b\r\n\r\n%s" % (len(head), head))


web = Origin(origin)
with open("404.http", "w") as f:
    f.write("HTTP/1.1 404 Gone Fishing\r\nContent-Length: 6\r\nX-File: yes\r\n\r\nnobody")

CONFIG = f"""
http-errors site
    errorfile 403 {os.getcwd()}/404.http
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    timeout tarpit 300ms
frontend rules
    bind "fd@${{rules}}"
    monitor-uri /alive
    monitor fail if {{ path_beg /never }}
    option forwardfor
    option originalto
    http-request strict-mode on
    http-request set-header X-Set one
    http-request add-header X-Added two
    http-request del-header X-Gone
    http-request replace-header X-Old (.*)-(.*) \\2-\\1
    http-request replace-value X-Values b(.) B\\1
    http-request set-method PUT if {{ path /method }}
    http-request set-path /new%[path] if {{ path /path }}
    http-request set-pathq /pq?x=1 if {{ path /pathq }}
    http-request set-query q=%[path] if {{ path /query }}
    http-request set-uri /uri?y if {{ path /uri }}
    http-request replace-path (.*)/old(.*) \\1/young\\2
    http-request replace-pathq /rpq(.*) /done\\1
    http-request replace-uri ^/ruri(.*) /other\\1
    http-request set-src ipv4(192.0.2.9) if {{ path /src }}
    http-request set-src-port int(1234) if {{ path /src }}
    http-request set-dst ipv4(192.0.2.8) if {{ path /src }}
    http-request set-dst-port int(99) if {{ path /src }}
    http-request set-header X-Who %[src]:%[src_port]-%[dst]:%[dst_port]
    http-request set-log-level silent
    http-request early-hint Link "</a.css>; rel=preload" if {{ path /hint }}
    http-request allow if {{ path /allowed/deny }}
    http-request deny if {{ path_end /deny }}
    http-request deny deny_status 429 if {{ path /many }}
    http-request tarpit if {{ path /tarpit }}
    http-request silent-drop if {{ path /drop }}
    http-request reject if {{ path /reject }}
    http-request return status 200 content-type text/plain lf-string "you are %[src]" hdr X-Mine yes if {{ path /return }}
    http-request redirect location /elsewhere code 303 if {{ path /away }}
    http-request redirect prefix http://other code 301 if {{ path /moved }}
    http-response set-header X-Answered %[status]
    http-response del-header X-Server
    http-response set-status 202 if {{ var(txn.teapot) -m found }}
    http-after-response set-header X-After all
    http-request set-var(txn.teapot) int(1) if {{ path /status }}
    redirect scheme https if {{ path /secure }}
    default_backend web
backend web
    http-reuse always
    http-request set-timeout server 5s
    option http-keep-alive
    option http-pretend-keepalive
    option http-no-delay
    server s 127.0.0.1:{web.port} pool-max-conn 10 pool-low-conn 1 pool-purge-delay 2s max-reuse 100
frontend errors
    bind "fd@${{errors}}"
    option http-ignore-probes
    errorfile 404 {os.getcwd()}/404.http
    errorfiles site
    errorloc 500 /five
    errorloc302 502 /two
    errorloc303 503 /three
    http-error status 410 content-type text/plain string "gone for good"
    http-request deny deny_status 404 if {{ path /404 }}
    http-request deny if {{ path /403 }}
    http-request deny deny_status 410 if {{ path /410 }}
    http-request deny deny_status 500 if {{ path /500 }}
    http-request deny deny_status 502 if {{ path /502 }}
    http-request deny deny_status 503 if {{ path /503 }}
    default_backend closing
backend closing
    option http-server-close
    server s 127.0.0.1:{web.port}
listen closes
    bind "fd@${{closes}}"
    option httpclose
    server s 127.0.0.1:{web.port}
"""


class Answer:
    def __init__(self, f):
        self.start = f.readline().decode().rstrip()
        self.fields = {}
        while True:
            line = f.readline().decode()
            if line in ("\r\n", ""):
                break
            k, v = line.split(":", 1)
            self.fields[k.lower()] = v.strip()
        self.status = int(self.start.split()[1]) if self.start else None
        self.body = f.read(int(self.fields.get("content-length", 0))).decode() if self.status and self.status >= 200 else ""


def ask(usher, name, path, extra="", answers=1):
    with usher.connect(name) as c:
        c.sendall(("GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n" % (path, extra)).encode())
        f = c.makefile("rb")
        got = [Answer(f) for _ in range(answers)]
        return got[-1] if answers == 1 else got


def seen(usher, path, extra=""):
    """The request line and the fields as the origin saw them."""
    lines = ask(usher, "rules", path, extra).body.split("\r\n")
    return lines[0], {l.split(":", 1)[0].lower(): l.split(":", 1)[1].strip() for l in lines[1:] if ":" in l}


with Usher(CONFIG, sockets=["rules", "errors", "closes"]) as usher:
    line, fields = seen(usher, "/x", "X-Gone: 1\r\nX-Old: a-b\r\nX-Values: b1, b2\r\nX-Set: zero\r\nX-Added: one\r\n")
    assert line == "GET /x HTTP/1.1" and fields["x-set"] == "one" and "x-gone" not in fields, fields
    assert fields["x-old"] == "b-a" and fields["x-values"].replace(" ", "") == "B1,B2" and fields["x-added"] == "two", fields
    assert fields["x-forwarded-for"] == "127.0.0.1" and fields["x-original-to"] == "127.0.0.1", fields
    for path, want in (("/method", "PUT /method"), ("/path", "GET /new/path"), ("/pathq", "GET /pq?x=1"), ("/query?a", "GET /query?q=/query"),
                       ("/uri", "GET /uri?y"), ("/an/oldman", "GET /an/youngman"), ("/rpq?z", "GET /done?z"), ("/ruri/1", "GET /other/1")):
        assert seen(usher, path)[0] == want + " HTTP/1.1", (path, seen(usher, path)[0])
    assert seen(usher, "/src")[1]["x-who"] == "192.0.2.9:1234-192.0.2.8:99"

    a = ask(usher, "rules", "/x")
    assert a.fields["x-answered"] == "200" and "x-server" not in a.fields and a.fields["x-after"] == "all", a.fields
    assert ask(usher, "rules", "/status").status == 202
    hint, final = ask(usher, "rules", "/hint", answers=2)
    assert hint.status == 103 and "a.css" in hint.fields["link"] and final.status == 200
    a = ask(usher, "rules", "/x/deny")
    assert a.status == 403 and a.fields["x-after"] == "all"
    assert ask(usher, "rules", "/allowed/deny").status == 200
    assert ask(usher, "rules", "/many").status == 429
    begin = time.monotonic()
    assert ask(usher, "rules", "/tarpit").status == 500 and time.monotonic() - begin >= 0.29
    assert ask(usher, "rules", "/reject").status is None
    a = ask(usher, "rules", "/return")
    assert a.status == 200 and a.body == "you are 127.0.0.1" and a.fields["x-mine"] == "yes" and a.fields["content-type"] == "text/plain"
    a = ask(usher, "rules", "/away")
    assert a.status == 303 and a.fields["location"] == "/elsewhere"
    a = ask(usher, "rules", "/moved")
    assert a.status == 301 and a.fields["location"] == "http://other/moved"
    assert ask(usher, "rules", "/secure").fields["location"] == "https://h/secure"
    assert ask(usher, "rules", "/alive").status == 200
    with usher.connect("rules") as c:
        c.sendall(b"GET /drop HTTP/1.1\r\nHost: h\r\n\r\n")
        c.settimeout(0.2)
        try:
            assert c.recv(10) in (b"",)
        except (socket.timeout, ConnectionResetError):
            pass

    a = ask(usher, "errors", "/404")
    assert a.start == "HTTP/1.1 404 Gone Fishing" and a.body == "nobody" and a.fields["x-file"] == "yes"
    assert ask(usher, "errors", "/403").body == "nobody"
    assert ask(usher, "errors", "/410").body == "gone for good"
    for path, status, place in (("/500", 302, "/five"), ("/502", 302, "/two"), ("/503", 303, "/three")):
        a = ask(usher, "errors", path)
        assert a.status == status and a.fields["location"] == place, (path, a.status, a.fields)
    assert "connection: close" in ask(usher, "errors", "/x").body.lower()
    a = ask(usher, "closes", "/x")
    assert a.fields["connection"] == "close" and "connection: close" in a.body.lower()
