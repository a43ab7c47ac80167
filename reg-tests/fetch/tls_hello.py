#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a TLS client says first, in tcp mode: req.ssl_hello_type, req_ssl_hello_type, req.ssl_ver, req_ssl_ver, req.ssl_sni,
req_ssl_sni, req.ssl_alpn, req.ssl_st_ext, req.ssl_ec_ext, req.ssl_cipherlist, req.ssl_sigalgs, req.ssl_supported_groups,
req.ssl_keyshare_groups, res.ssl_hello_type, rep_ssl_hello_type, and versions as patterns (-m dotted)."""
import os
import socket
import ssl
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, WAIT_S


def hello(name=None, alpn=(), most=ssl.TLSVersion.TLSv1_3):
    """What Python's TLS client sends first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = most
    if alpn:
        context.set_alpn_protocols(alpn)
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        return out.read()


def spread(whole, each):
    """The same message in records of so many bytes."""
    text = whole[5:]
    parts = [text[i:i + each] for i in range(0, len(text), each)]
    return b"".join(b"\x16\x03\x01" + len(p).to_bytes(2, "big") + p for p in parts)


def record(body, kind=1):
    text = bytes([kind]) + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(text).to_bytes(2, "big") + text


def made(extensions, suites="1301c02b"):
    """A hello of these extensions: number and bytes, in hexadecimal."""
    blocks = b"".join(bytes.fromhex(n) + (len(bytes.fromhex(x))).to_bytes(2, "big") + bytes.fromhex(x) for n, x in extensions)
    suites = bytes.fromhex(suites)
    return record(b"\x03\x03" + b"r" * 32 + b"\0" + len(suites).to_bytes(2, "big") + suites + b"\x01\0" + len(blocks).to_bytes(2, "big") + blocks)


SERVER_HELLO = record(b"\x03\x03" + b"r" * 32 + b"\x04sess\xc0\x2f\0", kind=2)
OLD = bytes.fromhex("801f0103010006000000" + "1000002f000035") + b"c" * 16


def named(name):
    """An origin that says its name, then what came."""
    def serve(s):
        s.sendall(name)
        while part := s.recv(1 << 16):
            s.sendall(part)
    return Origin(serve)


BACKENDS = {n: named(n.encode() + b":") for n in ("site", "mapped", "acme", "old", "rest")}
answers = {"good": Origin(lambda s: [s.sendall(b) for b in (SERVER_HELLO[:20], SERVER_HELLO[20:])]),
           "bad": Origin(lambda s: s.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"))}
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("log")
log.settimeout(WAIT_S)
NAMES = """req.ssl_hello_type req_ssl_hello_type req.ssl_ver req_ssl_ver req.ssl_sni req_ssl_sni req.ssl_alpn req.ssl_st_ext
req.ssl_ec_ext req.ssl_cipherlist,hex req.ssl_sigalgs,hex req.ssl_supported_groups,hex req.ssl_keyshare_groups,hex""".split()
with open("names.map", "w") as f:
    f.write("mapped.example mapped\n")
SETS = "\n".join(f"    tcp-request content set-var(txn.v{i}) {name} if WAIT_END" for i, name in enumerate(NAMES))
FORMAT = "|".join(f"%[var(txn.v{i})]" for i in range(len(NAMES)))
CONFIG = f"""
global
    log {os.getcwd()}/log format raw local0
    nbthread 1
defaults
    mode tcp
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend route
    bind "fd@${{route}}"
    tcp-request inspect-delay 20s
    tcp-request content accept if {{ req.ssl_hello_type 1 }}
    tcp-request content reject
    use_backend acme if {{ req.ssl_alpn acme-tls/1 }}
    use_backend site if {{ req.ssl_sni -i example.com }}
    use_backend %[req.ssl_sni,lower,map_dom(names.map)] if {{ req.ssl_sni,lower,map_dom(names.map) -m found }}
    use_backend old if {{ req.ssl_ver 3.1:3.2 }}
    default_backend rest
frontend says
    bind "fd@${{says}}"
    log global
    log-format "{FORMAT}"
    tcp-request inspect-delay 20s
{SETS}
    tcp-request content reject
frontend versions
    bind "fd@${{versions}}"
    tcp-request inspect-delay 20s
    acl new req.ssl_ver ge 3.3
    acl exact req_ssl_ver 3.1
    acl same req.ssl_ver,add(0) -m dotted 3.1
    acl below req.ssl_ver lt 3.1
    tcp-request content accept if exact same !below !new
    tcp-request content reject
    default_backend old
frontend door
    bind "fd@${{door}}"
    tcp-request inspect-delay 20s
    tcp-request content accept if {{ req.len gt 0 }}
    default_backend good
    use_backend bad if {{ req.payload(0,1) -m str b }}
backend good
    tcp-response inspect-delay 20s
    tcp-response content accept if {{ res.ssl_hello_type 2 }} {{ rep_ssl_hello_type 2 }}
    tcp-response content reject
    server s 127.0.0.1:{answers["good"].port}
backend bad
    tcp-response inspect-delay 20s
    tcp-response content accept if {{ res.ssl_hello_type -m found }}
    tcp-response content reject
    server s 127.0.0.1:{answers["bad"].port}
""" + "".join(f"backend {n}\n    server s 127.0.0.1:{o.port}\n" for n, o in BACKENDS.items())


def routed(usher, where, *parts):
    """The bytes reach that backend as they are."""
    got = usher.exchange("route", *parts)
    assert got == where + b":" + b"".join(parts), (where, got[:60], parts[0][:60])


def said(usher, data):
    usher.exchange("says", data)
    return dict(zip(NAMES, log.recv(65536).decode().rstrip("\n").split("|")))


with Usher(CONFIG, sockets=["route", "says", "versions", "door"]) as usher:
    site = hello("Example.com", ["h2", "http/1.1"])
    for at in range(0, len(site), 3):
        routed(usher, b"site", site[:at], site[at:])
    routed(usher, b"mapped", hello("www.Mapped.example"))
    routed(usher, b"acme", hello("example.com", ["h2", "acme-tls/1"]))
    routed(usher, b"rest", hello("other.example"))
    routed(usher, b"rest", hello())
    for each in (1, 7, 64, 200):
        routed(usher, b"site", spread(site, each))
        routed(usher, b"site", spread(site, each)[:150], spread(site, each)[150:])
    routed(usher, b"site", site + b"\x17\x03\x03\0\x01x")
    # What is no hello is known at once, what is cut off when the client ends.
    for data in (b"GET / HTTP/1.0\r\n\r\n", b"\x15\x03\x01\0\x02\x02\x28", OLD, SERVER_HELLO, made([("0000", "0004000001")]),
                 made([("0000", "000600000361" + "0062"), ]), made([("0023", ""), ("0023", "")])):
        assert usher.exchange("route", data, end=False) == b"", data
    # One that never ends is given up when the buffer is full: long before the delay is over, and while its client waits.
    endless = b"\x16\x03\x01\x40\x00\x01\x01\xff\xff" + b"\x03\x03" + bytes(16384 - 6) + b"\x16\x03\x01\x40\x00" + bytes(16384)
    assert usher.exchange("route", endless, end=False) == b""
    assert set(said(usher, endless[:16000]).values()) == {"-"}
    for at in (0, 1, 5, 9, 100, len(site) - 1):
        assert usher.exchange("route", site[:at]) == b"", at

    new = said(usher, hello("www.example.com", ["h2", "http/1.1"]))
    assert new["req.ssl_hello_type"] == new["req_ssl_hello_type"] == "1", new
    assert new["req.ssl_ver"] == new["req_ssl_ver"] == str(0x30003), new
    assert new["req.ssl_sni"] == new["req_ssl_sni"] == "www.example.com", new
    assert new["req.ssl_alpn"] == "h2" and new["req.ssl_ec_ext"] == "1" and new["req.ssl_st_ext"] == "1", new
    assert new["req.ssl_cipherlist,hex"].startswith("1302") and "001D" in new["req.ssl_supported_groups,hex"], new
    assert new["req.ssl_keyshare_groups,hex"] == "001D" and "0403" in new["req.ssl_sigalgs,hex"], new
    for data in (made([("000d", "00020403"), ("000a", "0004001d0017"), ("0033", "000c0017000161001d0003626364"), ("0023", "7469636b6574")]),):
        for form in (data, spread(data, 11)):
            own = said(usher, form)
            assert [own[n] for n in NAMES[7:]] == ["2", "1", "1301C02B", "0403", "001D0017", "0017001D"], own
            assert own["req.ssl_sni"] == own["req.ssl_alpn"] == "-", own
    bare = said(usher, made([]))
    assert [bare[n] for n in NAMES] == ["1", "1", str(0x30003), str(0x30003), "-", "-", "-", "0", "0", "1301C02B", "-", "-", "-"], bare
    old = said(usher, OLD)
    assert [old[n] for n in NAMES[:5]] == ["-", "-", str(0x30001), str(0x30001), "-"], old
    assert set(said(usher, b"GET / HTTP/1.0\r\n\r\n").values()) == {"-"}
    assert said(usher, SERVER_HELLO)["req.ssl_hello_type"] == "2"

    assert usher.exchange("versions", OLD) == b"old:" + OLD
    assert usher.exchange("versions", site, end=False) == b""
    assert usher.exchange("door", b"g", end=False) == SERVER_HELLO
    assert usher.exchange("door", b"b", end=False) == b""
