#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures usher beside Debian's haproxy, nginx, hitch and a bare relay, in one interleaved run.

    contrib/bench/run.py cpu           [-w keep,fresh,...] [--rounds 5] [--secs 3]   work per CPU second of the proxy
    contrib/bench/run.py syscalls      [-w keep,fresh,new]      system calls per request or connection (strace)
    contrib/bench/run.py instructions  [-w keep,fresh,rules]    userland instructions per request (callgrind)
    contrib/bench/run.py memory        [-w tcp,http,tls] [-n 5000]  bytes per idle connection
    contrib/bench/run.py scale         [-n 10000]               so many backends of two servers: time and memory
    contrib/bench/run.py checks        [-n 10000]               so many layer-4 checks at 2 s beside a bare loop of connects
    contrib/bench/run.py stat          [-n 10000]               traffic while `show stat` tells so many servers every 100 ms
    contrib/bench/run.py beside        [-n 10000] [-r 15000]    latency of traffic at a fixed rate, with and without so many checks
    contrib/bench/run.py profile       [-w keep]                callgrind's costliest functions of usher

Workloads in mode tcp: `new` is a new connection per request with a PROXY v2 header in and out; `bulk` is four
connections that fetch 10 MiB again and again. In mode http: `keep` is 1 KiB answers on 64 kept connections; `fresh` a
new client connection per request (http-reuse always); `rules` 15 request headers, ten ACLs, twenty rules and a log line
per request; `lua` is `keep` with an action of a script (hook.lua) in a state for each thread, which reads the client and sets a
header; `bodies` four connections that fetch 10 MiB, all settings as they come.

Over TLS, with an ECDSA P-256 certificate below an intermediate, AES-128-GCM, X25519 and no certificate of the client: `tls-keep` is
`keep` with TLS toward the client, `tls-server` with TLS toward the server (nginx), `tls-full` a new connection with a full
handshake per request, `tls-resumed` the same with the session of the one before, `tls-bodies` four connections that fetch 10 MiB. That is TLS 1.3; with `tls12-` it is TLS 1.2. hitch
relays what it has decrypted. A proxy that does not take the configuration has no part in a workload. The proxy has core 0 and one
thread, origin and load share core 1. Needs root: each run has a network namespace of its own with loopback only
and the reno congestion control, so that nothing else is reached or disturbed.
"""
import argparse, contextlib, ctypes, functools, glob, json, os, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "reg-tests", "process"))
from _authority import Authority

DOOR, ORIGIN, LOG = 18080, 19000, 15140
LIBC = ctypes.CDLL(None)
CLONE_NEWNET, PR_SET_PDEATHSIG = 0x40000000, 1
HANDSHAKERS = 16 # clients that shake hands at a time

GLOBAL = """
global
    nbthread 1
    maxconn 8000
"""
DEFAULTS = """
defaults
    mode {mode}
    timeout connect 5s
    timeout client 60s
    timeout server 60s
"""
HTTP_DEFAULTS = """
    timeout http-request 10s
    timeout http-keep-alive 60s
    option forwardfor
"""
RULES = """
    acl is_api      path_beg /api /v1 /v2
    acl is_static   path_end .js .css .png .jpg .gif .svg
    acl is_admin    path_beg /admin
    acl is_health   path /healthz
    acl host_www    hdr(host) -i www.example.com
    acl host_api    hdr_beg(host) -i api.
    acl is_curl     hdr_sub(user-agent) -i curl
    acl tenant_blue hdr(x-tenant) blue
    acl local_net   src 127.0.0.0/8 10.0.0.0/8
    acl is_get      method GET HEAD
    http-request deny deny_status 403 if is_admin !local_net
    http-request deny deny_status 405 if !is_get is_static
    http-request deny deny_status 400 if is_curl host_www
    http-request return status 200 if is_health
    http-request redirect location /v1/ code 302 if host_api { path / }
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Port %[dst_port]
    http-request set-header X-Real-IP %[src]
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request add-header X-Via bench-lb
    http-request set-header X-Tenant-Class gold if tenant_blue
    http-request set-header X-Kind api if is_api
    http-request set-header X-Kind static if is_static
    http-request del-header Proxy
    http-request del-header X-Debug
    http-request del-header X-Powered-By
    http-request set-header Cache-Control no-cache if host_api
    http-request set-path /static%[path] if host_www is_static
    http-request set-var(txn.host) req.hdr(host),lower
    http-request set-header X-Canary 1 if tenant_blue is_api
"""
HEADERS = ["Accept-Language: en-US,en;q=0.9", "Accept-Encoding: gzip, deflate, br",
           "Cookie: sid=0123456789abcdef0123456789abcdef; theme=dark; lang=en; cart=42",
           "Referer: http://bench.local/some/page.html?x=1&y=2", "Cache-Control: max-age=0",
           "X-Requested-With: XMLHttpRequest", "Origin: http://bench.local", "DNT: 1", "X-Debug: 1", "X-Tenant: blue",
           "Upgrade-Insecure-Requests: 1"]
NGINX_HEAD = """
{module}
daemon off; user root; worker_processes 1; master_process off; worker_rlimit_nofile 40000;
pid {tmp}/nginx.pid; error_log stderr warn;
events {{ worker_connections 30000; }}
"""
NGINX_TCP = """
stream {{ server {{ listen 127.0.0.1:{door} backlog=4096{accept}; proxy_pass 127.0.0.1:{origin};{send} }} }}
"""
NGINX_HTTP = """
http {{
    access_log off; keepalive_timeout 60s; keepalive_requests 100000000;
    client_body_temp_path {tmp}/body; proxy_temp_path {tmp}/proxy; fastcgi_temp_path {tmp}/fastcgi;
    uwsgi_temp_path {tmp}/uwsgi; scgi_temp_path {tmp}/scgi;
    upstream servers {{ server 127.0.0.1:{origin}; keepalive 64; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{door} backlog=4096;
        location / {{
            proxy_pass http://servers; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_max_temp_file_size 0;
        }}
    }}
}}
"""


NGINX_TLS = """ssl_certificate {both}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;"""
NGINX_ORIGIN = """
http {{
    access_log off; keepalive_timeout 60s; keepalive_requests 100000000;
    client_body_temp_path {tmp}/body; proxy_temp_path {tmp}/proxy; fastcgi_temp_path {tmp}/fastcgi;
    uwsgi_temp_path {tmp}/uwsgi; scgi_temp_path {tmp}/scgi;
    server {{
        listen 127.0.0.1:{origin} ssl backlog=4096; ssl_certificate {both}; ssl_certificate_key {key}; ssl_protocols {version};
        ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256; ssl_ecdh_curve X25519;
        location / {{ return 200 "{body}"; }}
    }}
}}
"""
HITCH = """
frontend = "[127.0.0.1]:{door}"
backend = "[127.0.0.1]:{origin}"
pem-file = "{pem}"
tls-protos = TLSv1.2 TLSv1.3
workers = 1
user = "nobody"
backlog = 4096
daemon = off
syslog = off
log-level = 0
"""


class Work:
    """A workload: its configuration and its clients."""

    client = "load"
    tls = to_server = None

    def __init__(self, args, mode="http", pp=False, settings="", rules="", log=False, unit="requests"):
        self.args, self.mode, self.pp, self.settings, self.rules, self.log, self.unit = args, mode, pp, settings, rules, log, unit

    def text(self):
        """The configuration that usher and haproxy both read."""
        text = GLOBAL + ("    lua-load-per-thread %s/hook.lua\n" % HERE if "lua." in self.rules else "") + ("    log 127.0.0.1:%d format rfc3164 local0\n" % LOG if self.log else "") + DEFAULTS.format(mode=self.mode)
        if self.mode == "http":
            text += HTTP_DEFAULTS + ("    log global\n    option httplog\n" if self.log else "")
        return text + "%sfrontend door\n    bind 127.0.0.1:%d%s%s\n    default_backend servers\nbackend servers\n    server s1 127.0.0.1:%d%s\n" % (
            self.settings, DOOR, " accept-proxy" if self.pp else "", self.rules, ORIGIN, " send-proxy-v2" if self.pp else "")

    def nginx(self, tmp):
        """nginx's, where it can do the same; None elsewhere."""
        module = glob.glob("/usr/lib/nginx/modules/ngx_stream_module.so")
        if self.rules or self.log or (self.mode == "tcp" and not module):
            return None
        text = NGINX_HEAD + (NGINX_TCP if self.mode == "tcp" else NGINX_HTTP)
        return text.format(module="load_module %s;" % module[0] if self.mode == "tcp" else "", tmp=tmp, door=DOOR, origin=ORIGIN,
                           accept=" proxy_protocol" if self.pp else "", send=" proxy_protocol on;" if self.pp else "")

    def hitch(self):
        return None

    def origin(self, bench):
        return [bench.path("origin"), "-p", str(ORIGIN), "-P"]

    def errors(self, result):
        return result["err_conn"] + result["err_io"] + result["err_short"] + result["non200"]

    def amount(self, result):
        return result["bytes"] / 2**30 if self.unit == "GiB" else result["requests"]


class Tls(Work):
    """TLS of one version toward the client, or toward the server."""

    def __init__(self, version, args, to_server=False, settings="", unit="requests"):
        super().__init__(args + ([] if to_server else ["-v", version]), settings=settings, unit=unit)
        self.tls, self.to_server, self.client = version, to_server, "load" if to_server else "tls"

    def text(self):
        bind, server = "bind 127.0.0.1:%d" % DOOR, "server s1 127.0.0.1:%d" % ORIGIN
        if self.to_server:
            return super().text().replace(server, server + " ssl verify none")
        return super().text().replace(bind, bind + " ssl crt " + certificate().pem)

    def nginx(self, tmp):
        text, files = super().nginx(tmp), certificate()
        if self.to_server:
            return text.replace("proxy_pass http:", "proxy_ssl_protocols TLSv1.2 TLSv1.3; proxy_pass https:")
        return text.replace("backlog=4096;", "ssl backlog=4096; " + NGINX_TLS.format(both=files.both, key=files.key))

    def errors(self, result):
        """A handshake of the wrong kind is one too; the first of each of the client's connections cannot resume anything."""
        errors = super().errors(result)
        if "-R" in self.args:
            errors += max(0, result["shakes"] - result["resumed"] - HANDSHAKERS)
        return errors + (result["shakes"] - result["x25519"] if self.client == "tls" else 0)

    def hitch(self):
        return None if self.to_server else HITCH.format(door=DOOR, origin=ORIGIN, pem=certificate().pem)

    def origin(self, bench):
        if not self.to_server:
            return super().origin(bench)
        if not shutil.which("nginx"):
            return None
        tmp, files = bench.path("tls-origin"), certificate()
        os.makedirs(tmp, exist_ok=True)
        text = (NGINX_HEAD + NGINX_ORIGIN).format(module="", tmp=tmp, origin=ORIGIN, both=files.both, key=files.key,
                                                  version="TLSv" + self.tls, body=1024 * "x")
        return ["nginx", "-p", tmp, "-e", "stderr", "-c", bench.write("tls-origin.conf", text)]


@functools.cache
def certificate():
    return Authority().server("bench.local", "127.0.0.1")


def tls_works():
    for prefix, version in (("tls", "1.3"), ("tls12", "1.2")):
        yield prefix + "-keep", Tls(version, ["-c", "64"])
        yield prefix + "-server", Tls(version, ["-c", "64"], to_server=True)
        yield prefix + "-full", Tls(version, ["-c", str(HANDSHAKERS), "-x"], settings="    http-reuse always\n")
        yield prefix + "-bodies", Tls(version, ["-c", "4", "-u", "/10m"], unit="GiB")
        yield prefix + "-resumed", Tls(version, ["-c", str(HANDSHAKERS), "-x", "-R"], settings="    http-reuse always\n")


WORK = {
    "new": Work(["-c", "64", "-x", "-P"], mode="tcp", pp=True, unit="connections"),
    "bulk": Work(["-c", "4", "-u", "/10m"], mode="tcp", unit="GiB"),
    "keep": Work(["-c", "64"]),
    "fresh": Work(["-c", "64", "-x"], settings="    http-reuse always\n"),
    "rules": Work(["-c", "64"] + [w for h in HEADERS for w in ("-H", h)], rules=RULES, log=True),
    "lua": Work(["-c", "64"], rules="\n    http-request lua.client"),
    "bodies": Work(["-c", "4", "-u", "/10m"], unit="GiB"),
    **dict(tls_works()),
}
IDLE = {"tcp": Work([], mode="tcp"), "http": Work([], settings="    http-reuse always\n"),
        "tls": Tls("1.3", [], settings="    http-reuse always\n"), "tls12": Tls("1.2", [], settings="    http-reuse always\n")}
IDLE_NAMES = {"tcp": "tcp pair", "http": "http connection", "tls": "TLS 1.3 connection", "tls12": "TLS 1.2 connection"}


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


def family(pid):
    """The process and those below it: hitch works in a child."""
    yield pid
    for f in glob.glob("/proc/%d/task/*/children" % pid):
        for child in open(f).read().split():
            yield from family(int(child))


def cpu_seconds(pid):
    return sum(int(open(f).read().split()[0]) for p in family(pid) for f in glob.glob("/proc/%d/task/*/schedstat" % p)) / 1e9


def resident(pid):
    return sum(int(l.split()[1]) for p in family(pid) for l in open("/proc/%d/status" % p) if l.startswith("VmRSS")) * 1024


def wait_port(port):
    for _ in range(400):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("nothing answers on port %d" % port)


def new_network():
    """A namespace with loopback only. Each run has its own: ends of connections that one leaves behind (TIME_WAIT) slow the next."""
    if LIBC.unshare(CLONE_NEWNET) != 0:
        sys.exit("no network namespace is to be had")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name, value in (("tcp_congestion_control", "reno"), ("ip_local_port_range", "20000 65000")):
        with open("/proc/sys/net/ipv4/" + name, "w") as f:
            f.write(value)


class Bench:
    def __init__(self):
        self.tmp = tempfile.mkdtemp(prefix="usher-bench.")
        for name in ("origin", "load", "relay", "checks", "tls"):
            libs = ["-lssl", "-lcrypto"] if name == "tls" else []
            subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", self.path(name), os.path.join(HERE, name + ".c"), *libs], check=True)

    def path(self, name):
        return os.path.join(self.tmp, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def command(self, proxy, work):
        """The proxy's command line; None where it is not installed, or cannot do this work."""
        if proxy == "relay":
            return None if work.rules or work.tls else [self.path("relay"), "-l", str(DOOR), "-s", str(ORIGIN), "-m", work.mode]
        if proxy == "nginx":
            text = work.nginx(self.tmp) if shutil.which("nginx") else None
            return text and ["nginx", "-p", self.tmp, "-e", "stderr", "-c", self.write("nginx.conf", text)]
        if proxy == "hitch":
            text = work.hitch() if shutil.which("hitch") else None
            return text and ["hitch", "--config=" + self.write("hitch.conf", text)]
        binary = os.environ.get("USHER", os.path.join(ROOT, "usher")) if proxy == "usher" else shutil.which("haproxy")
        if not binary or not os.path.exists(binary):
            return None
        path = self.write(proxy + ".cfg", work.text())
        if work.tls and subprocess.run([binary, "-c", "-f", path], capture_output=True).returncode:
            return None
        return [binary, "-db", "-f", path]

    def load(self, work, *args):
        p = spawn([self.path(work.client), "-p", str(DOOR), *args, *work.args], 1, stdout=subprocess.PIPE)
        return json.loads(p.communicate()[0])

    @contextlib.contextmanager
    def running(self, proxy, work, under=()):
        """The proxy's process between origin, log sink and door; None where it has no part in this work."""
        command, origin = self.command(proxy, work), work.origin(self)
        if command is None or origin is None:
            yield None
            return
        new_network()
        processes = [spawn(origin, 1)]
        wait_port(ORIGIN)
        if work.log:
            processes.append(spawn([self.path("origin"), "-S", str(LOG)], 1))
        p = spawn(list(under) + command, 0)
        processes.append(p)
        try:
            wait_port(DOOR)
            yield p
            if p.poll() is not None:
                sys.exit("%s ended with status %d" % (proxy, p.returncode))
        finally:
            for each in reversed(processes):
                stop(each)


def cpu(b, a):
    for name in (a.w or ",".join(WORK)).split(","):
        work, got = WORK[name], {}
        for _ in range(a.rounds):
            for proxy in a.p.split(","):
                with b.running(proxy, work) as p:
                    if p is None:
                        continue
                    b.load(work, "-d", "0.4")
                    before = cpu_seconds(p.pid)
                    r = b.load(work, "-d", str(a.secs))
                    spent = cpu_seconds(p.pid) - before
                got.setdefault(proxy, []).append((work.amount(r) / spent, work.errors(r)))
        base = [x for x, _ in got.get("haproxy", [])]
        print("\n%s: %s per CPU second of the proxy (median of %d; median of each round's ratio to haproxy; spread; errors)" % (
              name, work.unit, a.rounds))
        for proxy, rows in got.items():
            each = [x for x, _ in rows]
            m = statistics.median(each)
            print("  %-8s %10.2f   %s   %3.0f%%   %d" % (proxy, m, "%.2f" % statistics.median(x / y for x, y in zip(each, base)) if base else "-",
                  100 * (max(each) - min(each)) / m if m else 0, sum(e for _, e in rows)), flush=True)


def syscalls(b, a):
    for name in (a.w or "keep,fresh,new,tls-full,tls12-full").split(","):
        work = WORK[name]
        print("\n%s: system calls per request" % name)
        for proxy in a.p.split(","):
            with b.running(proxy, work) as p:
                if p is None:
                    continue
                b.load(work, "-d", "0.4")
                out = b.path("strace")
                tracer = spawn(["strace", "-f", "-c", "-o", out] + ["-p%d" % each for each in family(p.pid)], 1)
                while any("TracerPid:\t0" in open("/proc/%d/status" % each).read() for each in family(p.pid)):
                    time.sleep(0.02)
                done = b.load(work, "-d", "20", "-n", str(a.n))["requests"]
                tracer.send_signal(signal.SIGINT)
                tracer.wait()
            rows = [l.split() for l in open(out) if l.split() and l.split()[-1] not in ("total", "syscall", "----------------")]
            calls = {r[-1]: int(r[3]) for r in rows if len(r) >= 5}
            print("  %-8s %6.2f   %s" % (proxy, sum(calls.values()) / done, "  ".join("%s %.2f" % (k, v / done) for k, v in
                  sorted(calls.items(), key=lambda x: -x[1]) if v / done > 0.01)), flush=True)


FEW, MANY = 2000, 8000


def counted(b, proxy, work):
    """Instructions per request, in all and by function: what MANY requests cost more than FEW. None: no part in this."""
    cost, done = {}, {}
    for n in (FEW, MANY):
        out = b.path("callgrind")
        with b.running(proxy, work, under=["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out]) as p:
            if p is None:
                return None
            done[n] = b.load(work, "-d", "60", "-n", str(n))["requests"]
        text = subprocess.run(["callgrind_annotate", "--auto=no", "--threshold=100", out], capture_output=True, text=True).stdout
        for line in text.splitlines():
            m = re.match(r"\s*([\d,]+) \(\s*[\d.]+%\)\s+(\S.*)$", line)
            if m:
                function = "total" if "PROGRAM TOTALS" in line else re.sub(r"\s*\[[^\]]*\]$", "", m.group(2)).split(":")[-1]
                cost.setdefault(function, {FEW: 0, MANY: 0})[n] += int(m.group(1).replace(",", ""))
    return {f: (c[MANY] - c[FEW]) / (done[MANY] - done[FEW]) for f, c in cost.items()}


def instructions(b, a):
    for name in (a.w or "keep,fresh,rules").split(","):
        print("\n%s: userland instructions per request" % name)
        for proxy in a.p.split(","):
            costs = counted(b, proxy, WORK[name])
            if costs:
                print("  %-8s %8.0f" % (proxy, costs["total"]), flush=True)


def profile(b, a):
    for name in (a.w or "keep").split(","):
        costs = counted(b, "usher", WORK[name])
        print("\n%s: userland instructions per request, usher" % name)
        for function, n in sorted(costs.items(), key=lambda c: -c[1])[:a.top]:
            print("  %8.0f  %s" % (n, function))


def memory(b, a):
    for name in (a.w or "http,tcp,tls,tls12").split(","):
        print("\nresident bytes per idle %s (%d, one request done on each)" % (IDLE_NAMES[name], a.n))
        for proxy in a.p.split(","):
            with b.running(proxy, IDLE[name]) as p:
                if p is None:
                    continue
                b.load(IDLE[name], "-d", "0.2", "-c", "64")
                time.sleep(0.5)
                rss = [resident(p.pid)]
                c = spawn([b.path(IDLE[name].client), "-p", str(DOOR), "-I", "-d", "60", "-c", str(a.n), *IDLE[name].args], 1, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE)
                ready = c.stdout.readline().decode().strip()
                time.sleep(1)
                rss.append(resident(p.pid))
                c.stdin.close()
                c.wait()
            print("  %-8s %6.0f   (%s)" % (proxy, (rss[1] - rss[0]) / a.n, ready), flush=True)


def timed(command):
    """Wall seconds, CPU seconds and highest memory of a command that ends by itself."""
    begin = time.monotonic()
    p = spawn(command, 0)
    _, status, used = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode != 0:
        sys.exit("%s: %d" % (" ".join(command), p.returncode))
    return time.monotonic() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def scale(b, a):
    text = {1: "", a.n: ""}
    for n in text:
        text[n] = GLOBAL + DEFAULTS.format(mode="http") + "frontend door\n    bind 127.0.0.1:%d\n    default_backend b0\n" % DOOR + "".join(
            "backend b%d\n    balance roundrobin\n    server a 127.0.0.1:%d\n    server b 127.0.0.1:%d\n" % (i, 20000 + i % 9999, 20000 + i % 9999)
            for i in range(n))
    print("%d backends of two servers, no checks (median of %d)" % (a.n, a.rounds))
    print("  %-8s %9s %9s %9s %12s %14s" % ("", "-c, s", "-c, CPU s", "start, s", "memory, MiB", "KiB a backend"))
    for proxy in ("usher", "haproxy"):
        rows = []
        for _ in range(a.rounds):
            command = b.command(proxy, IDLE["http"])
            checked, rss = [], {}
            for n in text:
                b.write(proxy + ".cfg", text[n])
                checked = timed([command[0], "-c", "-f", b.path(proxy + ".cfg")])
                begin = time.monotonic()
                p = spawn(command, 0)
                wait_port(DOOR)
                started = time.monotonic() - begin
                time.sleep(0.3)
                rss[n] = resident(p.pid)
                stop(p)
            rows.append((checked[0], checked[1], started, rss[a.n] / 2**20, (rss[a.n] - rss[1]) / a.n / 1024))
        print("  %-8s %9.3f %9.3f %9.3f %12.1f %14.2f" % ((proxy,) + tuple(statistics.median(r[i] for r in rows) for i in range(5))), flush=True)


CHECK_INTER_S = 2


def address(i):
    return "127.%d.%d.%d" % tuple((0x010001 + i) >> shift & 255 for shift in (16, 8, 0))


def checks(b, a):
    """Asked for: at most 1.3 times the CPU of the bare loop, and no 10 ms with more than twice the mean."""
    rate = a.n / CHECK_INTER_S
    print("%d layer-4 checks every %d s (%d a second), CPU seconds of %g s" % (a.n, CHECK_INTER_S, rate, a.secs))
    print("  %-8s %8s %8s %8s %22s" % ("", "CPU s", "us each", "bare x", "in 10 ms: mean, p99, most"))
    for _ in range(a.rounds):
        cost = {}
        for who in ["bare"] + [p for p in a.p.split(",") if p in ("usher", "haproxy")]:
            target = spawn([b.path("checks"), "-t", "-p", str(ORIGIN)], 1, stdout=subprocess.PIPE)
            wait_port(ORIGIN)
            if who == "bare":
                p = spawn([b.path("checks"), "-p", str(ORIGIN), "-r", str(rate), "-d", str(a.secs), "-n", str(a.n)], 0, stdout=subprocess.PIPE)
                target.send_signal(signal.SIGUSR1)
                used = json.loads(p.communicate()[0])["cpu"]
            else:
                text = GLOBAL.replace("8000", "1000") + DEFAULTS.format(mode="tcp") + "    default-server check inter %ds\nlisten l\n    bind 127.0.0.1:%d\n" % (
                    CHECK_INTER_S, DOOR) + "".join("    server s%d %s:%d\n" % (i, address(i), ORIGIN) for i in range(a.n))
                command = b.command(who, IDLE["tcp"])
                b.write(who + ".cfg", text)
                p = spawn(command, 0)
                wait_port(DOOR)
                time.sleep(2 * CHECK_INTER_S)
                target.send_signal(signal.SIGUSR1)
                begin, used = time.monotonic(), cpu_seconds(p.pid)
                time.sleep(a.secs)
                used = (cpu_seconds(p.pid) - used) * a.secs / (time.monotonic() - begin)
            target.terminate()
            came = json.loads(target.communicate()[0])
            if who != "bare":
                stop(p)
            if not came["came"]:
                print("  %-8s checked nothing" % who)
                continue
            cost[who] = used / came["came"]
            print("  %-8s %8.3f %8.1f %8.2f %8.1f %5d %5d" % (who, used, cost[who] * 1e6, cost[who] / cost["bare"], came["mean"], came["p99"],
                                                          came["most"]), flush=True)


def beside(b, a):
    """Asked for: p99 unchanged. `bare` tells what the machine makes of it: the bare loop, in a process of its own on the proxy's core,
    connects as often, and the proxy checks nothing."""
    rate, spare = a.n / CHECK_INTER_S, ORIGIN + 1
    arms = {"without": "", "beside": " check inter %ds" % CHECK_INTER_S, "bare": ""}
    print("%d requests a second on 64 kept connections, beside %d layer-4 checks every %d s; microseconds, median of %d" % (a.r, a.n, CHECK_INTER_S, a.rounds))
    print("  %-8s %-8s %8s %8s %8s %8s %18s" % ("", "", "rps", "p50", "p99", "p99.9", "p99, times without"))
    for proxy in [p for p in a.p.split(",") if p in ("usher", "haproxy")]:
        command, rows = b.command(proxy, IDLE["http"]), {arm: [] for arm in arms}
        for _ in range(a.rounds):
            for arm, words in arms.items():
                b.write(proxy + ".cfg", GLOBAL.replace("8000", "1000") + DEFAULTS.format(mode="http") + HTTP_DEFAULTS +
                        "frontend door\n    bind 127.0.0.1:%d\n    default_backend servers\nbackend servers\n    server s1 127.0.0.1:%d\nbackend many\n" % (DOOR, ORIGIN) +
                        "".join("    server s%d %s:%d%s\n" % (i, address(i), spare, words) for i in range(a.n)))
                others = [spawn([b.path("origin"), "-p", str(ORIGIN)], 1), spawn([b.path("checks"), "-t", "-p", str(spare)], 1)]
                wait_port(ORIGIN)
                wait_port(spare)
                p = spawn(command, 0)
                wait_port(DOOR)
                time.sleep(2 * CHECK_INTER_S)  # the first rounds of all checks
                if arm == "bare":
                    others.append(spawn([b.path("checks"), "-p", str(spare), "-r", str(rate), "-d", str(a.secs + 1), "-n", str(a.n)], 0))
                load = spawn([b.path("load"), "-p", str(DOOR), "-c", "64", "-d", str(a.secs), "-r", str(a.r)], 1, stdout=subprocess.PIPE)
                rows[arm].append(json.loads(load.communicate()[0]))
                for each in [p] + others:
                    stop(each)
        for arm in arms:
            median = [statistics.median(row[key] for row in rows[arm]) for key in ("rps", "p50_us", "p99_us", "p999_us")]
            times = statistics.median(row["p99_us"] / without["p99_us"] for row, without in zip(rows[arm], rows["without"]))
            print("  %-8s %-8s %8.0f %8.0f %8.0f %8.0f %18.2f" % (proxy, arm, *median, times), flush=True)


def ask_stat(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b"show stat\n")
        n = 0
        while True:
            block = s.recv(1 << 20)
            if not block:
                return n
            n += len(block)


def stat(b, a):
    """Asked for: at most 5 % of the traffic."""
    servers = "".join("    server s%d 127.0.0.1:%d\n" % (i, ORIGIN) for i in range(a.n))
    text = (GLOBAL.replace("8000", "1000") + "    stats socket unix@%s level admin\n" % b.path("sock") + DEFAULTS.format(mode="http") + HTTP_DEFAULTS +
            "frontend door\n    bind 127.0.0.1:%d\n    default_backend servers\nbackend servers\n    server s1 127.0.0.1:%d\nbackend many\n" % (DOOR, ORIGIN) + servers)
    print("`show stat` of %d servers every 100 ms beside kept connections: requests per CPU second" % a.n)
    for proxy in [p for p in a.p.split(",") if p in ("usher", "haproxy")]:
        command = b.command(proxy, IDLE["http"])
        b.write(proxy + ".cfg", text.replace("unix@", "") if proxy == "haproxy" else text)
        origin = spawn([b.path("origin"), "-p", str(ORIGIN)], 1)
        wait_port(ORIGIN)
        p = spawn(command, 0)
        wait_port(DOOR)
        rows = {False: [], True: []}
        for i in range(2 * a.rounds):
            asking, answers = i % 2 == 1, 0
            load = spawn([b.path("load"), "-p", str(DOOR), "-c", "64", "-d", str(a.secs)], 1, stdout=subprocess.PIPE)
            begin, used = time.monotonic(), cpu_seconds(p.pid)
            while load.poll() is None:
                time.sleep(0.1 - (time.monotonic() - begin) % 0.1)
                if asking:
                    ask_stat(b.path("sock"))
                    answers += 1
            used, r = cpu_seconds(p.pid) - used, json.loads(load.stdout.read())
            rows[asking].append((r["rps"], r["requests"] / used, r["p99_us"], answers, used, r["requests"]))
        stop(p)
        stop(origin)
        # From what an answer costs, how much of the traffic ten a second take where the proxy has the core to itself.
        each = statistics.median((used - n / statistics.median(row[1] for row in rows[False])) / answers
                                 for _, _, _, answers, used, n in rows[True])
        without, beside = ([statistics.median(row[i] for row in rows[asking]) for i in range(4)] for asking in (False, True))
        print("  %-8s %8.0f without, %8.0f beside: %+.1f %%; requests a second %+.1f %%; p99 %.0f us and %.0f us; %d answers of %.1f ms: %.1f %% at ten a second" % (
            proxy, without[1], beside[1], 100 * (beside[1] / without[1] - 1), 100 * (beside[0] / without[0] - 1), without[2], beside[2],
            beside[3], each * 1e3, each * 1e3), flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["cpu", "syscalls", "instructions", "memory", "scale", "checks", "stat", "beside", "profile"])
    p.add_argument("-w", help="workloads, by commas")
    p.add_argument("-p", default="usher,haproxy,nginx,hitch,relay", help="proxies, by commas")
    p.add_argument("-n", type=int, help="connections of memory (5000), requests of syscalls, backends of scale, servers of checks, stat and beside (10000)")
    p.add_argument("-r", type=int, default=15000, help="requests a second of beside, which must not be all that the proxy can")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--secs", type=float, default=3)
    p.add_argument("--top", type=int, default=50)
    a = p.parse_args()
    if os.geteuid() != 0:
        sys.exit("run.py needs root: it makes network namespaces of its own")
    new_network()
    a.n = a.n or (5000 if a.what == "memory" else 10000)
    b = Bench()
    try:
        globals()[a.what](b, a)
    finally:
        shutil.rmtree(b.tmp)


if __name__ == "__main__":
    main()
