#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Protocols looked into by rules: mqtt_is_valid, mqtt_field_value, fix_is_valid, fix_tag_value wait for what still comes; protobuf
and ungrpc of an HTTP body; what cannot be asked for is refused."""
import os
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, PROGRAM, Usher, echo, read_all


def serve(s):
    f = s.makefile("rb")
    length = 0
    while (line := f.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    f.read(length)
    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


mirror, other, web = Origin(echo), Origin(lambda s: s.sendall(b"another")), Origin(serve)
CONFIG = f"""
defaults
    mode tcp
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    timeout client-fin 5s
frontend mqtt
    bind "fd@${{mqtt}}"
    tcp-request inspect-delay 20s
    tcp-request content reject unless {{ req.payload(0,0),mqtt_is_valid }}
    use_backend other if {{ req.payload(0,0),mqtt_field_value(connect,username) bob }}
    default_backend mirror
frontend fix
    bind "fd@${{fix}}"
    tcp-request inspect-delay 20s
    tcp-request content reject unless {{ req.payload(0,0),fix_is_valid }}
    use_backend other if {{ req.payload(0,0),fix_tag_value(TargetCompID) -m str BOB }}
    default_backend mirror
frontend grpc
    mode http
    bind "fd@${{grpc}}"
    http-request wait-for-body time 20s
    http-after-response set-header X-Found "%[var(txn.int)] %[var(txn.text)]"
    http-request set-var(txn.int) req.body,ungrpc(1.2,sint32)
    http-request set-var(txn.text) req.body,ungrpc(1),protobuf(3)
    default_backend web
backend mirror
    server s 127.0.0.1:{mirror.port}
backend other
    server s 127.0.0.1:{other.port}
backend web
    mode http
    server s 127.0.0.1:{web.port}
"""


def connect(user):
    body = b"\0\4MQTT\4\x82\0\x3c\0\2id" + len(user).to_bytes(2, "big") + user
    return bytes([0x10, len(body)]) + body


def fix(target):
    body = b"35=A|49=ALICE|56=%s|" % target
    text = (b"8=FIX.4.4|9=%d|" % len(body) + body).replace(b"|", b"\1")
    return text + b"10=%03d\1" % (sum(text) % 256)


def ask(usher, name, *pieces):
    """What comes back for these pieces, each sent when the one before has been looked at."""
    with usher.connect(name) as s:
        try:
            for piece in pieces:
                s.sendall(piece)
            s.shutdown(1)
            return read_all(s)
        except (ConnectionResetError, BrokenPipeError):
            return b""


with Usher(CONFIG, sockets=["mqtt", "fix", "grpc"]) as usher:
    for name, good, switched in [("mqtt", connect(b"alice"), connect(b"bob")), ("fix", fix(b"CAROL"), fix(b"BOB"))]:
        assert ask(usher, name, good + b"more") == good + b"more"
        assert ask(usher, name, switched) == b"another"
        for at in range(1, len(switched), 5):
            with usher.connect(name) as s:
                s.sendall(switched[:at])
                s.settimeout(0.02)
                try:
                    assert s.recv(1) == "nothing yet", at
                except TimeoutError:
                    pass
                s.settimeout(10)
                s.sendall(switched[at:])
                s.shutdown(1)
                assert read_all(s) == b"another", at
        assert ask(usher, name, b"X" + good) == b""
        assert ask(usher, name, good[:-1]) == b"", name
    message = b"\x0a\x07\x10\x05\x1a\x03abc"
    body = b"\1\0\0\0\1x" + b"\0\0\0\0" + bytes([len(message)]) + message
    got = ask(usher, "grpc", b"POST /s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert b"\r\nx-found: -3 abc\r\n" in got.lower(), got
    got = ask(usher, "grpc", b"POST /s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc")
    assert b"\r\nx-found: - -\r\n" in got.lower() or b"\r\nx-found:  \r\n" in got.lower(), got

for text, said in [
    ("protobuf(1.x)", "is no field: expected up to 16 numbers from 1 to 536870911"), ("protobuf(1,string)", "'string' is no type; strings"),
    ("ungrpc(0)", "is no field"), ("fix_tag_value(Price)", "'Price' is no tag: expected its number, or BeginString, "),
    ("mqtt_field_value(publish,topic)", "'publish' is no packet that is looked at: expected connect (1) or connack (2)"),
    ("mqtt_field_value(connect,reason_code)", "'reason_code' is no field of this packet: expected the number of a property it has once, or flags,"),
    ("mqtt_field_value(2,38)", "'38' is no field of this packet"),
]:
    with open("bad.cfg", "w") as f:
        f.write(f"frontend f\n mode tcp\n tcp-request content set-var(txn.x) req.payload(0,0),{text}\n")
    out = subprocess.run([PROGRAM, "-c", "-f", "bad.cfg"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    assert said in out, (text, out)
