#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the system calls of one tcp connection that carries 100 questions and answers: one receive and one
send a direction each, and once it is warm nothing else at all but epoll_wait."""
import os, re, shutil, signal, socket, subprocess, sys, tempfile, threading

PROGRAM = os.environ["HAPROXY_PROGRAM"]
ROUNDS, WARM = 100, 2

# A sanitizer's own calls would be counted with ours.
if not shutil.which("strace") or b"__asan_init" in open(PROGRAM, "rb").read() or b"__tsan_init" in open(PROGRAM, "rb").read():
    sys.exit(77)


def answer(listener):
    s, _ = listener.accept()
    with s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            data = s.recv(100)
            if not data:
                return
            s.sendall(data.upper())


def main():
    tmp = tempfile.mkdtemp()
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=answer, args=(server,), daemon=True).start()
    door = socket.create_server(("127.0.0.1", 0))
    os.set_inheritable(door.fileno(), True)
    conf = os.path.join(tmp, "usher.cfg")
    with open(conf, "w") as f:
        f.write("global\n    nbthread 1\ndefaults\n    mode tcp\n    timeout connect 5s\n    timeout client 30s\n"
                "    timeout server 30s\nlisten door\n    bind fd@%d\n    server s 127.0.0.1:%d\n"
                % (door.fileno(), server.getsockname()[1]))
    trace = os.path.join(tmp, "trace")
    p = subprocess.Popen(["strace", "-f", "-o", trace, PROGRAM, "-f", conf], pass_fds=[door.fileno()])
    try:
        with socket.create_connection(door.getsockname()) as c:
            c.settimeout(20)
            for i in range(ROUNDS):
                question = b"question %03d" % i
                c.sendall(question)
                got = b""
                while len(got) < len(question):
                    got += c.recv(100)
                assert got == question.upper(), got
    finally:
        for child in open("/proc/%d/task/%d/children" % (p.pid, p.pid)).read().split():
            os.kill(int(child), signal.SIGTERM)
        p.wait(10)
    lines = open(trace).read().splitlines()
    shutil.rmtree(tmp)
    # From the question that warms it up to the last answer.
    marks = [i for i, l in enumerate(lines) if re.search(r"recv\w*\(.*\"question", l)]
    assert len(marks) == ROUNDS, "%d receives for %d questions" % (len(marks), ROUNDS)
    last = max(i for i, l in enumerate(lines) if re.search(r"send\w*\(.*\"QUESTION", l))
    calls = {}
    for l in lines[marks[WARM]:last + 1]:
        name = re.match(r"\d+\s+(?:<\.\.\. )?(\w+)", l).group(1)
        if "resumed" not in l:
            calls[name] = calls.get(name, 0) + 1
    print(calls)
    n = ROUNDS - WARM
    receives = sum(v for k, v in calls.items() if k.startswith("recv"))
    sends = sum(v for k, v in calls.items() if k.startswith("send"))
    others = {k for k in calls if not k.startswith(("recv", "send", "epoll_wait"))}
    assert receives == 2 * n, "%d receives for %d rounds" % (receives, n)
    assert sends == 2 * n, "%d sends for %d rounds" % (sends, n)
    assert not others, "calls that should not be: %s" % others


main()
