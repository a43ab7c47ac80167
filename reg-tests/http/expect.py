#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An interim answer reaches a client that waits for it before it sends its body."""
# tsan
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, read_all


def read_until(s, end, text=b""):
    while end not in text:
        part = s.recv(1000)
        assert part, text
        text += part
    return text


def invites(client):
    head, _, body = read_until(client, b"\r\n\r\n").partition(b"\r\n\r\n")
    client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    read_until(client, b"hello", body)
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


origin = Origin(invites)
CONFIG = f"""
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen fe
    bind "fd@${{fe}}"
    server s 127.0.0.1:{origin.port}
"""
with Usher(CONFIG, sockets=["fe"]) as usher:
    with usher.connect("fe") as c:
        c.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
        text = read_until(c, b"\r\n\r\n")
        assert text.startswith(b"HTTP/1.1 100 Continue\r\n"), text
        c.sendall(b"hello")
        text = text.partition(b"\r\n\r\n")[2] + read_all(c)
        assert text.startswith(b"HTTP/1.1 200 OK\r\n") and text.endswith(b"\r\n\r\nok"), text
