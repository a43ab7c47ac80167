#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures usher beside Debian's haproxy, nginx and a bare relay, in one interleaved run.

    contrib/bench/run.py cpu       [-w new,bulk] [--rounds 5] [--secs 3]   work per CPU second of the proxy
    contrib/bench/run.py syscalls                                          system calls per connection (strace)
    contrib/bench/run.py memory    [-n 5000]                               bytes per idle tcp pair

Workloads: `new` is a new tcp connection per request with a PROXY v2 header in and out; `bulk` is four
connections that fetch 10 MiB again and again, with default settings. The proxy has core 0 and one thread,
origin and load share core 1. Needs root: everything runs in a network namespace of its own with loopback
only and the reno congestion control, so that nothing else is reached or disturbed.
"""
import argparse, ctypes, glob, json, os, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DOOR, ORIGIN = 18080, 19000
LIBC = ctypes.CDLL(None)
CLONE_NEWNET, PR_SET_PDEATHSIG = 0x40000000, 1

HAPROXY_TEXT = """
global
    nbthread 1
    maxconn 8000
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen door
    bind 127.0.0.1:{door}{accept}
    server s1 127.0.0.1:{origin}{send}
"""
NGINX_TEXT = """
{module}
daemon off; user root; worker_processes 1; master_process off; worker_rlimit_nofile 40000;
pid {tmp}/nginx.pid; error_log stderr warn;
events {{ worker_connections 30000; }}
stream {{ server {{ listen 127.0.0.1:{door} backlog=4096{accept}; proxy_pass 127.0.0.1:{origin};{send} }} }}
"""


def spawn(cmd, core, **more):
    def prepare():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setaffinity(0, {core})
    more.setdefault("stdout", subprocess.DEVNULL)
    more.setdefault("stderr", subprocess.DEVNULL)
    return subprocess.Popen(cmd, preexec_fn=prepare, stdin=more.pop("stdin", subprocess.DEVNULL), **more)


def stop(p):
    p.terminate()
    try:
        p.wait(3)
    except subprocess.TimeoutExpired:
        p.kill()
        p.wait()


def cpu_seconds(pid):
    return sum(int(open(f).read().split()[0]) for f in glob.glob("/proc/%d/task/*/schedstat" % pid)) / 1e9


def resident(pid):
    return next(int(l.split()[1]) for l in open("/proc/%d/status" % pid) if l.startswith("VmRSS")) * 1024


def wait_port(port):
    for _ in range(400):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("nothing answers on port %d" % port)


class Bench:
    def __init__(self):
        self.tmp = tempfile.mkdtemp(prefix="usher-bench.")
        for name in ("origin", "load", "relay"):
            subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", self.path(name), os.path.join(HERE, name + ".c")], check=True)

    def path(self, name):
        return os.path.join(self.tmp, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def command(self, proxy, pp):
        """The proxy's command line; None where it is not installed."""
        places = dict(door=DOOR, origin=ORIGIN, tmp=self.tmp)
        if proxy == "relay":
            return [self.path("relay"), "-l", str(DOOR), "-s", str(ORIGIN)]
        if proxy == "nginx":
            module = next(iter(glob.glob("/usr/lib/nginx/modules/ngx_stream_module.so")), None)
            if not shutil.which("nginx") or not module:
                return None
            text = NGINX_TEXT.format(module="load_module %s;" % module, accept=" proxy_protocol" if pp else "",
                                     send=" proxy_protocol on;" if pp else "", **places)
            return ["nginx", "-p", self.tmp, "-e", "stderr", "-c", self.write("nginx.conf", text)]
        binary = os.environ.get("USHER", os.path.join(ROOT, "usher")) if proxy == "usher" else shutil.which("haproxy")
        if not binary or not os.path.exists(binary):
            return None
        text = HAPROXY_TEXT.format(accept=" accept-proxy" if pp else "", send=" send-proxy-v2" if pp else "", **places)
        return [binary, "-db", "-f", self.write(proxy + ".cfg", text)]

    def load(self, *args):
        p = spawn([self.path("load"), "-p", str(DOOR)] + list(args), 1, stdout=subprocess.PIPE)
        return json.loads(p.communicate()[0])

    def start(self, proxy, pp):
        command = self.command(proxy, pp)
        if command is None:
            return None
        origin = spawn([self.path("origin"), "-p", str(ORIGIN), "-P"], 1)
        wait_port(ORIGIN)
        p = spawn(command, 0)
        wait_port(DOOR)
        return origin, p


WORK = {"new": (True, ["-c", "64", "-x", "-P"], "connections"), "bulk": (False, ["-c", "4", "-u", "/10m"], "GiB")}


def cpu(b, a):
    for work in a.w.split(","):
        pp, args, unit = WORK[work]
        got = {}
        for _ in range(a.rounds):
            for proxy in a.p.split(","):
                running = b.start(proxy, pp)
                if running is None:
                    continue
                b.load("-d", "0.4", *args)
                before = cpu_seconds(running[1].pid)
                r = b.load("-d", str(a.secs), *args)
                spent = cpu_seconds(running[1].pid) - before
                for p in running:
                    stop(p)
                errors = r["err_conn"] + r["err_io"] + r["err_short"] + r["non200"]
                amount = r["requests"] if work == "new" else r["bytes"] / 2**30
                got.setdefault(proxy, []).append((amount / spent, errors))
        base = statistics.median(x for x, _ in got["haproxy"]) if "haproxy" in got else None
        print("\n%s: %s per CPU second of the proxy (median of %d; ratio to haproxy; spread; errors)" % (work, unit, a.rounds))
        for proxy, rows in got.items():
            each = [x for x, _ in rows]
            m = statistics.median(each)
            print("  %-8s %10.2f   %s   %3.0f%%   %d" % (proxy, m, "%.2f" % (m / base) if base else "-",
                  100 * (max(each) - min(each)) / m, sum(e for _, e in rows)), flush=True)


def syscalls(b, a):
    print("system calls per connection (PROXY v2 in and out, one request)")
    for proxy in a.p.split(","):
        running = b.start(proxy, True)
        if running is None:
            continue
        b.load("-d", "0.4", *WORK["new"][1])
        out = b.path("strace")
        tracer = spawn(["strace", "-f", "-c", "-o", out, "-p", str(running[1].pid)], 1)
        while "TracerPid:\t0" in open("/proc/%d/status" % running[1].pid).read():
            time.sleep(0.02)
        done = b.load("-d", "20", "-n", "10000", *WORK["new"][1])["requests"]
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        for p in running:
            stop(p)
        rows = [l.split() for l in open(out) if l.split() and l.split()[-1] not in ("total", "syscall", "----------------")]
        calls = {r[-1]: int(r[3]) for r in rows if len(r) >= 5}
        print("  %-8s %6.2f   %s" % (proxy, sum(calls.values()) / done, "  ".join("%s %.2f" % (k, v / done) for k, v in
              sorted(calls.items(), key=lambda x: -x[1]) if v / done > 0.01)), flush=True)


def memory(b, a):
    print("resident bytes per idle tcp pair (%d pairs, one request done on each)" % a.n)
    for proxy in a.p.split(","):
        running = b.start(proxy, False)
        if running is None:
            continue
        rss = [resident(running[1].pid)]
        c = spawn([b.path("load"), "-p", str(DOOR), "-I", "-d", "60", "-c", str(a.n)], 1, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        ready = c.stdout.readline().decode().strip()
        time.sleep(1)
        rss.append(resident(running[1].pid))
        c.stdin.close()
        c.wait()
        for p in running:
            stop(p)
        print("  %-8s %6.0f   (%s)" % (proxy, (rss[1] - rss[0]) / a.n, ready), flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["cpu", "syscalls", "memory"])
    p.add_argument("-w", default="new,bulk")
    p.add_argument("-p", default="usher,haproxy,nginx,relay")
    p.add_argument("-n", type=int, default=5000)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--secs", type=float, default=3)
    a = p.parse_args()
    if os.geteuid() != 0 or LIBC.unshare(CLONE_NEWNET) != 0:
        sys.exit("run.py needs root: it makes a network namespace of its own")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name, value in (("tcp_congestion_control", "reno"), ("ip_local_port_range", "1024 65000")):
        with open("/proc/sys/net/ipv4/" + name, "w") as f:
            f.write(value)
    b = Bench()
    try:
        {"cpu": cpu, "syscalls": syscalls, "memory": memory}[a.what](b, a)
    finally:
        shutil.rmtree(b.tmp)


if __name__ == "__main__":
    main()
