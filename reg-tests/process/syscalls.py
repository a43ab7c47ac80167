#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the system calls of one connection that carries 100 questions and answers, in mode tcp and in mode http (with
rules and a log): one receive and one send a direction each, and once it is warm nothing else at all but epoll_wait; in
http mode and with a log, the log's own sends."""
import os, re, shutil, signal, socket, subprocess, sys, tempfile, threading

PROGRAM = os.environ["HAPROXY_PROGRAM"]
ROUNDS, WARM = 100, 2

# A sanitizer's own calls would be counted with ours.
if not shutil.which("strace") or b"__asan_init" in open(PROGRAM, "rb").read() or b"__tsan_init" in open(PROGRAM, "rb").read():
    sys.exit(77)


TCP = """
listen door
    mode tcp
    bind fd@{door}
    server s 127.0.0.1:{server}
"""
HTTP = """
frontend door
    mode http
    bind fd@{door}
    option forwardfor
    http-request set-header X-Kind %[path] if {{ method GET }}
    default_backend servers
backend servers
    mode http
    server s 127.0.0.1:{server}
"""
LOGGED = """
frontend door
    mode http
    bind fd@{door}
    log 127.0.0.1:{sink} local0
    option httplog
    default_backend servers
backend servers
    mode http
    server s 127.0.0.1:{server}
"""
FRESH = HTTP + "    http-reuse always\n"


def tcp_question(i):
    return b"question %03d" % i, b"QUESTION %03d" % i


def fresh_question(i):
    return b"GET /question-%03d HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n" % i, b"ANSWER-%03d" % i


def http_question(i):
    return b"GET /question-%03d HTTP/1.1\r\nHost: here\r\n\r\n" % i, b"ANSWER-%03d" % i


def serve(listener, respond):
    while True:
        s, _ = listener.accept()
        with s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := s.recv(4096):
                s.sendall(respond(data))


def http_respond(data):
    return b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nANSWER-" + re.search(rb"/question-(\d+)", data).group(1)


def ask(c, asked, wanted):
    c.settimeout(20)
    c.sendall(asked)
    got = b""
    while not got.endswith(wanted):
        got += c.recv(4096)


def trace(config, question, respond, close=False):
    """The system calls from the question that warms it up to the last answer, counted."""
    tmp = tempfile.mkdtemp()
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(server, respond), daemon=True).start()
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind(("127.0.0.1", 0))
    door = socket.create_server(("127.0.0.1", 0))
    os.set_inheritable(door.fileno(), True)
    # Nothing is accepted before its question is there, or it would have to be awaited.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 10)
    conf = os.path.join(tmp, "usher.cfg")
    with open(conf, "w") as f:
        f.write("global\n    nbthread 1\ndefaults\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n" +
                config.format(door=door.fileno(), server=server.getsockname()[1], sink=sink.getsockname()[1]))
    out = os.path.join(tmp, "trace")
    p = subprocess.Popen(["strace", "-f", "-s", "64", "-o", out, PROGRAM, "-f", conf], pass_fds=[door.fileno()])
    try:
        if close:
            for i in range(ROUNDS):
                with socket.create_connection(door.getsockname()) as c:
                    ask(c, *question(i))
        else:
            with socket.create_connection(door.getsockname()) as c:
                for i in range(ROUNDS):
                    ask(c, *question(i))
    finally:
        for child in open("/proc/%d/task/%d/children" % (p.pid, p.pid)).read().split():
            os.kill(int(child), signal.SIGTERM)
        p.wait(10)
    lines = open(out).read().splitlines()
    shutil.rmtree(tmp)
    marks = [i for i, l in enumerate(lines) if re.search(r"recv\w*\(.*question", l)]
    assert len(marks) == ROUNDS, "%d receives for %d questions" % (len(marks), ROUNDS)
    last = max(i for i, l in enumerate(lines) if re.search(r"(send|write)\w*\(.*(ANSWER|QUESTION)", l))
    calls = {}
    for l in lines[marks[WARM]:last + 1]:
        name = re.match(r"\d+\s+(?:<\.\.\. )?(\w+)", l).group(1)
        if "resumed" not in l:
            if "sendmmsg" in l:
                name = "log"
            calls[name] = calls.get(name, 0) + 1
    return calls


def judge(what, calls, logged):
    print(what, calls)
    n = ROUNDS - WARM
    receives = sum(v for k, v in calls.items() if k.startswith("recv"))
    sends = sum(v for k, v in calls.items() if k.startswith("send"))
    others = {k for k in calls if not k.startswith(("recv", "send", "epoll_wait")) and not (logged and k == "log")}
    assert receives == 2 * n, "%s: %d receives for %d rounds" % (what, receives, n)
    assert sends == 2 * n, "%s: %d sends for %d rounds" % (what, sends, n)
    assert not others, "%s: calls that should not be: %s" % (what, others)
    if logged:
        assert 0 < calls["log"] <= n, "%s: %d sends for the log" % (what, calls["log"])


def count_fresh():
    """Clients that ask once and go are never registered, nor is the link that serves them anew."""
    calls = trace(FRESH, fresh_question, http_respond, close=True)
    print("fresh", calls)
    n = ROUNDS - WARM
    assert calls.get("epoll_ctl", 0) == 0, "%d calls of epoll_ctl for %d connections" % (calls["epoll_ctl"], n)
    assert sum(calls.values()) - calls["epoll_wait"] <= 8 * n, "%d calls for %d connections" % (sum(calls.values()), n)


judge("tcp", trace(TCP, tcp_question, bytes.upper), False)
judge("http", trace(HTTP, http_question, http_respond), False)
judge("http with a log", trace(LOGGED, http_question, http_respond), True)
count_fresh()
