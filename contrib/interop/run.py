#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real peers on loopback: haproxy, nginx, hitch and curl send their PROXY headers to usher, and usher sends
its own to nginx, varnish and haproxy. Every case asks the last in the chain who the client is, over IPv4 and
IPv6, and compares with the socket the client really used. Peers that are not installed are skipped.

    contrib/interop/run.py [name ...]        USHER=./usher
"""
import contextlib, functools, glob, os, re, shutil, signal, socket, ssl, subprocess, sys, tempfile, time, ctypes

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
USHER = os.path.abspath(os.environ.get("USHER", os.path.join(ROOT, "usher")))
TMP = tempfile.mkdtemp(prefix="usher-interop.")
os.chmod(TMP, 0o755)  # varnishd reads its VCL as a user of its own
LIBC = ctypes.CDLL(None)
HOSTS = {"ipv4": "127.0.0.1", "ipv6": "::1"}
SOURCES = {"ipv4": "127.0.0.9", "ipv6": "::1"}  # loopback has one IPv6 address; the port tells clients apart
WAIT_S = 10


def free_port(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


def at(host, port):
    return "[%s]:%d" % (host, port) if ":" in host else "%s:%d" % (host, port)


def write(name, text):
    path = os.path.join(TMP, name)
    with open(path, "w") as f:
        f.write(text)
    return path


@contextlib.contextmanager
def running(command, host, port):
    """A peer that answers on a port; killed with us, ended by pid."""
    log = open(os.path.join(TMP, "log"), "ab")
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=lambda: LIBC.prctl(1, signal.SIGKILL))
    try:
        end = time.monotonic() + WAIT_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
                break
            if p.poll() is not None or time.monotonic() > end:
                raise AssertionError("%s did not start: see %s" % (command[0], log.name))
            time.sleep(0.02)
        yield p
    finally:
        p.terminate()
        try:
            p.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
        log.close()


COMMON = "global\n    nbthread 2\ndefaults\n    mode tcp\n    timeout connect 5s\n    timeout client 10s\n    timeout server 10s\n"


def usher_whoami(host, port):
    """usher as the last: takes a header and says who the client is."""
    conf = COMMON + "frontend door\n    bind %s accept-proxy\n    tcp-request content use-service whoami\n" % at(host, port)
    return running([USHER, "-db", "-f", write("whoami.cfg", conf)], host, port)


def usher_to(host, port, target, words, accept=""):
    """usher in the middle: sends its header to a peer."""
    conf = COMMON + "listen door\n    bind %s %s\n    server s %s %s\n" % (at(host, port), accept, target, words)
    return running([USHER, "-db", "-f", write("to.cfg", conf)], host, port)


def haproxy_to(host, port, target, words):
    conf = COMMON + "listen door\n    bind %s\n    unique-id-format id-%%pid\n    server s %s %s\n" % (at(host, port), target, words)
    return running([need("haproxy"), "-db", "-f", write("haproxy.cfg", conf)], host, port)


def nginx_conf(body, module=True):
    m = glob.glob("/usr/lib/nginx/modules/ngx_stream_module.so")
    if not m:
        raise Missing("nginx stream module")
    temp = "".join("%s_temp_path %s/ngx_%s; " % (n, TMP, n) for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return ("load_module %s; daemon off; user root; worker_processes 1; master_process off; pid %s/nginx.pid; error_log stderr warn;\n"
            "events { worker_connections 64; }\n" % (m[0], TMP)) + body.replace("TEMP", temp)


class Missing(Exception):
    pass


def need(name):
    path = shutil.which(name) or (os.path.exists("/usr/sbin/" + name) and "/usr/sbin/" + name)
    if not path:
        raise Missing(name)
    return path


def nginx(host, port, body):
    return running([need("nginx"), "-p", TMP, "-e", "stderr", "-c", write("nginx.conf", nginx_conf(body))], host, port)


def varnish(host, port):
    vcl = write("v.vcl", 'vcl 4.1; backend default none; sub vcl_recv { return (synth(200, "OK")); } sub vcl_synth {'
                ' set resp.body = "client " + client.ip + "%0a"; return (deliver); }')
    return running([need("varnishd"), "-F", "-n", os.path.join(TMP, "varnish"), "-a", "%s,PROXY" % at(host, port), "-f", vcl, "-T", "none"],
                   host, port)


def hitch(host, port, target_host, target_port, how):
    pem = os.path.join(TMP, "both.pem")
    if not os.path.exists(pem):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", pem + ".k",
                        "-out", pem + ".c", "-days", "2", "-subj", "/CN=localhost"], check=True, stderr=subprocess.DEVNULL)
        with open(pem, "w") as f:
            f.write(open(pem + ".c").read() + open(pem + ".k").read())
        os.chmod(pem, 0o600)
    return running([need("hitch"), "--user=nobody", "--workers=1", "--frontend=[%s]:%d" % (host, port),
                    "--backend=[%s]:%d" % (target_host, target_port), "--" + how, pem], host, port)


def ask(host, port, source, tls=False):
    """Asks over HTTP; returns the answer's text and our own (address, port)."""
    with socket.create_connection((host, port), timeout=WAIT_S, source_address=(source, 0)) as s:
        mine = s.getsockname()[:2]
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            s = context.wrap_socket(s)
        s.sendall(b"GET / HTTP/1.1\r\nHost: interop\r\nConnection: close\r\n\r\n")
        text = b""
        while True:
            block = s.recv(65536)
            if not block:
                break
            text += block
    return text.decode(), mine


def expect_client(text, mine):
    want = "client    " + at(*mine)
    assert want in text, "wanted %r in:\n%s" % (want, text)


# ---- into usher ----

def into(host, source, peer, tls=False):
    last, door = free_port(host), free_port(host)
    with usher_whoami(host, last), peer(door, last):
        text, mine = ask(host, door, source, tls)
        expect_client(text, mine)
        return text


def case_haproxy_v1(host, source):
    text = into(host, source, lambda door, last: haproxy_to(host, door, at(host, last), "send-proxy"))
    assert "PROXY protocol v1" in text, text


def case_haproxy_v2(host, source):
    text = into(host, source, lambda door, last: haproxy_to(host, door, at(host, last), "send-proxy-v2 proxy-v2-options crc32c,unique-id"))
    assert "PROXY protocol v2 PROXY" in text and "CRC32C" in text and "UNIQUE_ID id-" in text, text


def case_nginx_stream(host, source):
    body = "stream { server { listen %s; proxy_pass %s; proxy_protocol on; } }"
    into(host, source, lambda door, last: nginx(host, door, body % (at(host, door), at(host, last))))


def case_hitch_v1(host, source):
    into(host, source, lambda door, last: hitch(host, door, host, last, "write-proxy-v1"), tls=True)


def case_hitch_v2(host, source):
    into(host, source, lambda door, last: hitch(host, door, host, last, "write-proxy-v2"), tls=True)


def case_curl(host, source):
    port = free_port(host)
    with usher_whoami(host, port):
        out = subprocess.run([need("curl"), "-s", "--haproxy-protocol", "-w", "%{local_ip} %{local_port}", "http://%s/" % at(host, port)],
                             capture_output=True, text=True, timeout=WAIT_S).stdout
        ip, local = out.rsplit("\n", 1)[1].split()
        expect_client(out, (ip, int(local)))


# ---- usher into others ----

def out_of(host, source, peer, words, accept=""):
    last, door = free_port(host), free_port(host)
    with peer(last), usher_to(host, door, at(host, last), words, accept):
        return ask(host, door, source)


def nginx_http(host):
    body = 'http { access_log off; TEMP server { listen %s proxy_protocol; location / { return 200 "client    $proxy_protocol_addr $proxy_protocol_port\\n"; } } }'
    return lambda last: nginx(host, last, body % at(host, last))


def case_to_nginx_v1(host, source):
    text, mine = out_of(host, source, nginx_http(host), "send-proxy")
    assert "client    %s %d" % mine in text, text


def case_to_nginx_v2(host, source):
    text, mine = out_of(host, source, nginx_http(host), "send-proxy-v2 proxy-v2-options crc32c")
    assert "client    %s %d" % mine in text, text


def case_to_varnish(host, source):
    for words in ("send-proxy", "send-proxy-v2"):
        text, mine = out_of(host, source, lambda last: varnish(host, last), words)
        assert "client %s" % mine[0] in text, text


def case_to_haproxy(host, source):
    conf = COMMON.replace("tcp", "http") + ("frontend f\n    bind %s accept-proxy\n    http-request return status 200 content-type text/plain lf-string "
                                            '"client %%[src] %%[src_port] %%[fc_pp_authority]"\n')
    def peer(last):
        return running([need("haproxy"), "-db", "-f", write("last.cfg", conf % at(host, last))], host, last)
    for words in ("send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority"):
        text, mine = out_of(host, source, peer, words)
        assert "client %s %d" % mine in text, text


# ---- chains ----

def case_chain(host, source):
    """haproxy -> usher -> usher -> nginx: the client is known four hops away."""
    first, second, third, last = (free_port(host) for _ in range(4))
    with contextlib.ExitStack() as stack:
        stack.enter_context(nginx_http(host)(last))
        stack.enter_context(usher_to(host, third, at(host, last), "send-proxy-v2", "accept-proxy"))
        stack.enter_context(usher_to(host, second, at(host, third), "send-proxy", "accept-proxy"))
        stack.enter_context(haproxy_to(host, first, at(host, second), "send-proxy-v2"))
        text, mine = ask(host, first, source)
        assert "client    %s %d" % mine in text, text


def cases_of(names):
    """The functions case_* among these names, by what is behind that."""
    return sorted((n[5:], f) for n, f in names.items() if n.startswith("case_"))


def run_cases(label, cases):
    """Runs what `cases` gives: names with functions, in their order; only those that the arguments name, if they name any (a name's
    first word). Tells how each ended, and counts; how many failed."""
    wanted = sys.argv[1:]
    passed = failed = skipped = 0
    for name, case in cases:
        if wanted and name.split()[0] not in wanted:
            continue
        try:
            case()
            passed += 1
            print("passed  ", name)
        except Missing as e:
            skipped += 1
            print("skipped  %s: %s is not installed" % (name, e))
        except Exception as e:
            failed += 1
            print("failed   %s: %r" % (name, e))
        sys.stdout.flush()
    if failed:
        print("logs: %s" % TMP)
    print("%s: %d passed, %d failed, %d skipped" % (label, passed, failed, skipped))
    return failed


def main(names):
    """Runs the cases among these names, over both families; what the program is to exit with."""
    failed = run_cases("interop", [("%s over %s" % (name, family), functools.partial(case, host, SOURCES[family]))
                                   for name, case in cases_of(names) for family, host in HOSTS.items()])
    if not failed:
        shutil.rmtree(TMP)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(globals()))
