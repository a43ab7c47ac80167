#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Converters that look at more than the value: fe_exists, nbsrv, srv_is_up, srv_queue, capture-req, capture-res, when,
debug."""
import os
import socket
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, PROGRAM, Usher, WAIT_S, read_head


def serve(s):
    f = s.makefile("rb")
    while head := read_head(f):
        s.sendall(b"HTTP/1.1 200 OK\r\nX-Answer: answered\r\nContent-Length: %d\r\n\r\n%s" % (len(head), head))


web = Origin(serve)
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("log")
log.settimeout(WAIT_S)
CONFIG = f"""
global
    log {os.getcwd()}/log format raw local0
defaults
    mode http
    log global
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend fe
    bind "fd@${{fe}}"
    declare capture request len 4
    declare capture response len 5
    log-format "%[capture.req.hdr(0)] %[capture.res.hdr(0)] %[str(x),when(error)] %[str(x),when(normal)] %[str(x),when(!normal)] %[str(x),when(forwarded)] %[str(x),when(processed)] %[str(x),when(toapplet)] %[str(x),when(stopping)] %[str(x),when(acl,denied)] %[str(x),when(!acl,denied)]"
    acl denied txn.status 403
    http-request set-header X-Path %[path,capture-req(0)]
    http-request set-header X-None %[path,capture-req(9)]
    http-request set-header X-Fe %[str(fe),fe_exists]-%[str(be),fe_exists]-%[str(none),fe_exists]
    http-request set-header X-Count %[str(be),nbsrv]-%[str(none),nbsrv]-%[str(fe),nbsrv]
    http-request set-header X-Up %[str(be/up),srv_is_up]-%[str(be/down),srv_is_up]-%[str(be/none),srv_is_up]-%[str(up),srv_is_up]
    http-request set-header X-Queue %[str(be/up),srv_queue]-%[str(none/up),srv_queue]
    http-request set-header X-Debug %[path,debug(seen,stderr)]%[src,debug(,stderr)]%[int(-5),debug(n,stderr)]%[bin(00ff),debug(b,stderr),length]%[bool(1),debug(t,stderr)]%[method,debug(m,stderr)]
    http-request set-var(txn.ctl) "str(a\\nb),debug(ctl,stderr)"
    http-request deny if {{ path /denied }}
    http-response set-var(txn.a) res.hdr(x-answer),capture-res(0)
    default_backend be
backend be
    http-request set-header X-Here %[str(up),srv_is_up]-%[str(up),srv_queue]-%[str(other),srv_is_up]
    server up 127.0.0.1:{web.port}
    server down 127.0.0.1:1 disabled
"""


def get(usher, path):
    with usher.connect("fe") as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        return s.makefile("rb").read().decode()


with Usher(CONFIG, sockets=["fe"]) as usher:
    answer = get(usher, "/path")
    for line in ("X-Path: /path", "X-None: ", "X-Fe: 1-0-0", "X-Count: 1--", "X-Up: 1-0--", "X-Queue: 0-", "X-Here: 1-0-", "X-Debug: /path127.0.0.1-521GET"):
        assert f"\r\n{line}\r\n" in answer, (line, answer)
    assert log.recv(4096).decode() == "/pat answe - x - x x - - - x\n"
    assert get(usher, "/denied").startswith("HTTP/1.1 403")
    assert log.recv(4096).decode() == "/den - x - x - - - - x -\n"
    usher.stop()
    for line in ("[debug] seen: type=str </path>", "[debug]: type=ipv4 <127.0.0.1>", "[debug] n: type=sint <-5>", "[debug] b: type=bin <00ff>",
                 "[debug] t: type=bool <1>", "[debug] m: type=meth <GET>", "[debug] ctl: type=str <a.b>"):
        assert line + "\n" in usher.log(), (line, usher.log())

with open("bad.cfg", "w") as f:
    f.write("frontend f\n log-format %[src,when(acl,nobody)]\n bind 127.0.0.1:1\n")
out = subprocess.run([PROGRAM, "-c", "-f", "bad.cfg"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
assert "converter 'when': no ACL is called 'nobody'" in out, out
