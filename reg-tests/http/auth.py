#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hashed passwords: every kind of rule waits for the verdict, the loop waits for none, verdicts are kept, clients may
leave meanwhile, and a flood of guesses is bounded. Origins answer with their name and the request they saw."""
import base64
import ctypes
import os
import select
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, PROGRAM, Usher, read_head

libcrypt = ctypes.CDLL("libcrypt.so.1")
libcrypt.crypt.restype = ctypes.c_char_p


def hashed(setting):
    return libcrypt.crypt(b"secret", setting.encode()).decode()


def basic(user, password="secret"):
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode() + "\r\n"


def origin(name):
    def serve(s):
        f = s.makefile("rb")
        while head := read_head(f):
            body = name + b"\n" + head
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    return Origin(serve)


one, two = origin(b"one"), origin(b"two")
KINDS = {"des": "ab", "md5": "$1$salt", "sha256": "$5$rounds=1000$salt", "sha512": "$6$rounds=1000$salt",
         "bcrypt": "$2b$04$abcdefghijklmnopqrstuu", "yescrypt": "$y$j75$abcdefgh"}

CONFIG = f"""
global
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
userlist l
    group odd users md5,sha512
""" + "".join(f"    user {name} password {hashed(setting)}\n" for name, setting in KINDS.items()) + f"""
    user slow password {hashed("$6$rounds=999999$salt")}
    user slow2 password {hashed("$6$rounds=999999$salt")}
    user slow3 password {hashed("$6$rounds=999999$salt")}
    user slow4 password {hashed("$6$rounds=999999$salt")}
    user typo password secret
frontend rules
    bind "fd@${{rules}}"
    http-request set-var(txn.who) http_auth_group(l) if {{ path_beg /var }}
    http-request set-header X-Who %[var(txn.who)]-%[http_auth_group(l)] if {{ path_beg /var }}
    http-request set-header X-Acl %[acl(known)] if {{ path_beg /acl }}
    acl known http_auth(l)
    http-request return status 204 if {{ path /free }}
    http-request allow if {{ path_beg /redirect }}
    http-request deny status 403 unless known
    redirect location /in code 303 if {{ path_beg /redirect }} known
    redirect location /out code 302 if {{ path_beg /redirect }}
    use_backend two if {{ http_auth_group(l) odd }}
    use_backend %[http_auth_group(l),regsub(sha256,three)] if {{ path_beg /name }}
    default_backend one
backend one
    server one 127.0.0.1:{one.port}
backend two
    server two 127.0.0.1:{two.port}
backend three
    use-server y if {{ http_auth(l) }}
    server x 127.0.0.1:{one.port}
    server y 127.0.0.1:{two.port} weight 0
frontend bytes
    mode tcp
    bind "fd@${{bytes}}"
    tcp-request inspect-delay 20s
    tcp-request content reject unless {{ http_auth(l) }}
    default_backend bytes
backend bytes
    mode tcp
    server one 127.0.0.1:{one.port}
frontend guesses
    bind "fd@${{guesses}}"
    http-request deny status 403 unless {{ http_auth(l) }}
    default_backend one
"""


def request(usher, text, name="rules"):
    s = usher.connect(name)
    s.sendall(text.encode())
    return s, s.makefile("rb")


def answer(f):
    status = int(f.readline().split()[1])
    length = 0
    fields = {}
    while (line := f.readline()) not in (b"\r\n", b""):
        key, value = line.decode().split(":", 1)
        fields[key.lower()] = value.strip()
    length = int(fields.get("content-length", 0))
    return status, fields, f.read(length).decode()


def get(usher, path, fields="", name="rules"):
    s, f = request(usher, f"GET {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n", name)
    with s:
        return answer(f)


with Usher(CONFIG, sockets=["rules", "bytes", "guesses"]) as usher:
    for kind in KINDS:
        status, _, body = get(usher, "/", basic(kind))
        assert status == 200 and body.startswith("two" if kind in ("md5", "sha512") else "one"), (kind, status, body)
        assert get(usher, "/", basic(kind, "Secret"))[0] == 403, kind
    assert get(usher, "/", basic("typo"))[0] == 403
    assert get(usher, "/", basic("nobody"))[0] == 403
    # What an action or a name is made of waits too: the names are new ones each time, so that no verdict is kept.
    status, _, body = get(usher, "/var", basic("bcrypt"))
    assert "X-Who: bcrypt-bcrypt" in body, body

with Usher(CONFIG, sockets=["rules", "bytes", "guesses"]) as usher:
    status, _, body = get(usher, "/var", basic("bcrypt"))
    assert "X-Who: bcrypt-bcrypt" in body, body
    status, _, body = get(usher, "/acl", basic("des"))
    assert "X-Acl: 1" in body, body
    assert get(usher, "/redirect", basic("yescrypt"))[1]["location"] == "/in"
    assert get(usher, "/redirect", basic("yescrypt", "wrong"))[1]["location"] == "/out"
    status, _, body = get(usher, "/name", basic("sha256"))
    assert status == 200 and body.startswith("two"), body  # backend three, its server y

    # In tcp mode the head comes in pieces, then the rule waits for the verdict.
    s, f = request(usher, "GET / HTTP/1.1\r\nHo", "bytes")
    s.sendall(b"st: h\r\n" + basic("md5").encode() + b"\r\n")
    assert answer(f)[0] == 200
    s, f = request(usher, "GET / HTTP/1.1\r\nHost: h\r\n" + basic("md5", "no") + "\r\n", "bytes")
    assert f.read() == b""

    # While a hash of half a second is worked out, the only loop serves others.
    slow, slow_file = request(usher, "GET / HTTP/1.1\r\nHost: h\r\n" + basic("slow") + "\r\n")
    for _ in range(3):
        assert get(usher, "/free")[0] == 204
    assert not select.select([slow], [], [], 0)[0], "the loop waited for the hash"
    # One that leaves while it waits is nobody's concern; another with the same password has the same verdict.
    left, _ = request(usher, "GET / HTTP/1.1\r\nHost: h\r\n" + basic("slow") + "\r\n")
    left.close()
    again, again_file = request(usher, "GET / HTTP/1.1\r\nHost: h\r\n" + basic("slow") + "\r\n")
    assert answer(slow_file)[0] == 200
    assert answer(again_file)[0] == 200
    # A client that has sent its end still gets its answer; a pipelined request comes after it.
    s, f = request(usher, "GET /a HTTP/1.1\r\nHost: h\r\n" + basic("des", "x") + "\r\nGET /free HTTP/1.1\r\nHost: h\r\n\r\n")
    s.shutdown(1)
    assert [answer(f)[0], answer(f)[0]] == [403, 204]

    # Behind hashes that take long, one address may have 128 passwords under way; the next ones are told so.
    slow = [request(usher, "GET / HTTP/1.1\r\nHost: h\r\n" + basic(f"slow{i}") + "\r\n") for i in (2, 3, 4)]
    guesses = [request(usher, "GET / HTTP/1.1\r\nHost: h\r\n" + basic("des", f"guess{i}") + "\r\n", "guesses") for i in range(160)]
    statuses = [answer(f)[0] for _, f in guesses]
    assert [answer(f)[0] for _, f in slow] == [200, 200, 200]
    assert set(statuses) == {403, 503} and statuses.count(403) >= 125, statuses
    assert get(usher, "/", basic("des"), "guesses")[0] == 200

for text, said in [
    ("userlist\n", "expected a name"),
    ("userlist a\n user\n", "expected a user's name"),
    ("userlist a\n user u password\n", "expected a password"),
    ("userlist a\n user u foo x\n", "expected 'password'"),
    ("userlist a\n group g foo\n", "one too many"),
    ("userlist a\n user u insecure-password x groups g\n", "no such group 'g' specified in user 'u'"),
    ("userlist a\n group g users u\n", "no such user 'u' specified in group 'g'"),
    ("userlist a\nuserlist a\n", "ignoring duplicated userlist 'a'"),
    ("userlist a\n user u\n user u\n", "ignoring duplicated user 'u' in userlist 'a'"),
    ("userlist a\n group g\n group g\n", "ignoring duplicated group 'g' in userlist 'a'"),
    ("userlist a\nfrontend x\n mode http\n http-request auth unless { http_auth(b) }\n", "unable to find userlist 'b'"),
    ("userlist a\nfrontend x\n mode http\n acl g http_auth_group(a) none\n", "userlist 'a' has no group 'none'"),
    ("frontend x\n mode http\n http-request auth realm\n", "expected a realm"),
    ("frontend x\n mode http\n http-response auth\n", "may not stand"),
]:
    with open("bad.cfg", "w") as f:
        f.write(text)
    out = subprocess.run([PROGRAM, "-c", "-f", "bad.cfg"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    assert said in out, (text, out)
