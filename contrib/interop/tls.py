#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS with real peers on loopback: curl, openssl, wrk, nginx, hitch and haproxy speak it with usher, and usher with openssl, nginx,
haproxy and varnish behind hitch; with PROXY headers before it. The last in each chain says who the client is and what was spoken.

    contrib/interop/tls.py [name ...]        USHER=./usher
"""
import contextlib, os, re, socket, subprocess, sys, threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "reg-tests", "process")]
from run import COMMON, TMP, USHER, WAIT_S, at, free_port, main, need, nginx, running, varnish, write  # noqa: E402
from _authority import Authority  # noqa: E402

HTTP = COMMON.replace("mode tcp", "mode http")
authority = Authority(os.path.join(TMP, "authority"))
site = authority.server("localhost", "127.0.0.1", "::1")
bob = authority.client("bob")
WHO = ('http-request return status 200 content-type text/plain lf-string "client %[src] %[src_port] %[ssl_fc_protocol] '
       '%[ssl_fc_is_resumed] %[ssl_fc_sni]\\n"')


def config(name, text, host, port):
    """usher with this configuration."""
    return running([USHER, "-db", "-f", write(name, text)], host, port)


def who(host, port, words=""):
    """usher as the last: says who the client is and what it speaks."""
    return config("who.cfg", HTTP + "frontend f\n    bind %s %s ssl crt %s\n    %s\n" % (at(host, port), words, site.pem, WHO), host, port)


def tell(command, text=""):
    """What a program says on both its outputs."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=2 * WAIT_S)
    return done.stdout + done.stderr


def expect(pattern, text):
    found = re.search(pattern, text)
    assert found, "wanted %r in:\n%s" % (pattern, text[-3000:])
    return found


def curl(host, port, *words):
    """The answer; the last line is what curl calls its own address."""
    return tell([need("curl"), "-sS", "--cacert", authority.root, "-w", "mine %{local_ip} %{local_port}\\n", *words, "https://%s/" % at(host, port)])


def told(text):
    """Who we were said to be is who we were."""
    told, mine = (expect(word + r" (\S+) (\d+)", text).groups() for word in ("client", "mine"))
    assert told == mine, text


def hitch(host, port, target_port, *words):
    return running([need("hitch"), "--user=nobody", "--workers=1", "--frontend=[%s]:%d" % (host, port), "--backend=[%s]:%d" % (host, target_port),
                    *words, site.pem], host, port)


# ---- clients of usher ----

def case_curl(host, source):
    port = free_port(host)
    with who(host, port):
        for words, version in ((["--tls-max", "1.2"], "TLSv1.2"), (["--tlsv1.3"], "TLSv1.3")):
            text = curl(host, port, *words)
            told(text)
            expect(version, text)
        expect(r"unknown CA|unable to get local issuer|self-signed", tell([need("curl"), "-sS", "--cacert", bob.cert, "https://%s/" % at(host, port)]))


def case_curl_resumes(host, source):
    port = free_port(host)
    with who(host, port):
        for most in "1.2", "1.3":
            url = "https://%s/" % at(host, port)
            text = tell([need("curl"), "-sS", "--cacert", authority.root, "-H", "Connection: close", "--tls-max", most, url, url, url])
            assert [line.split()[4] for line in text.splitlines()] == ["0", "1", "1"], text


def case_curl_certificate(host, source):
    """Clients prove who they are, with either version and in resumed sessions too."""
    port, url = free_port(host), "https://%s/"
    text = HTTP + "frontend f\n    bind %s ssl crt %s verify required ca-file %s\n    " % (at(host, port), site.pem, authority.root) + WHO.replace(
        "%[ssl_fc_sni]", "%[ssl_c_s_dn(CN)] %[ssl_c_verify]") + "\n"
    with config("certificate.cfg", text, host, port):
        for most in "1.2", "1.3":
            words = [need("curl"), "-sS", "--cacert", authority.root, "-H", "Connection: close", "--tls-max", most]
            both = tell(words + ["--cert", bob.pem] + 2 * [url % at(host, port)])
            assert [line.split()[4:] for line in both.splitlines()] == [["0", "bob", "0"], ["1", "bob", "0"]], both
            expect("alert handshake failure|certificate required|alert certificate required", tell(words + [url % at(host, port)]))


def case_curl_proxy_header(host, source):
    """curl's header goes before its TLS."""
    port = free_port(host)
    with who(host, port, "accept-proxy"):
        text = curl(host, port, "--haproxy-protocol")
        told(text)
        expect("TLSv1", text)


def s_client(host, port, *words):
    return [need("openssl"), "s_client", "-connect", at(host, port), "-CAfile", authority.root, "-servername", "localhost", *words]


REQUEST = "GET / HTTP/1.1\nHost: localhost\nConnection: close\n\n"


def case_s_client(host, source):
    port = free_port(host)
    with who(host, port):
        for words, version in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            text = tell(s_client(host, port, words, "-ign_eof", "-crlf"), REQUEST)
            expect("Verify return code: 0", text)
            expect(r"client \S+ \d+ %s 0 localhost" % version, text)
        # The end is said with close_notify: no truncation.
        assert "unexpected eof" not in text, text


def case_s_client_resumes(host, source):
    port, kept = free_port(host), os.path.join(TMP, "session")
    with who(host, port):
        text = tell(s_client(host, port, "-tls1_2", "-reconnect"))
        assert text.count("\nReused, TLSv1.2") == 5, text
        tell(s_client(host, port, "-tls1_3", "-ign_eof", "-crlf", "-sess_out", kept), REQUEST)
        text = tell(s_client(host, port, "-tls1_3", "-ign_eof", "-crlf", "-sess_in", kept), REQUEST)
        expect("\nReused, TLSv1.3", text)
        expect(r"client \S+ \d+ TLSv1.3 1", text)


def case_s_client_leaves(host, source):
    """Who leaves early, in the middle of a handshake or behind it, harms nobody."""
    port = free_port(host)
    with who(host, port) as p:
        with socket.create_connection((host, port)) as s:
            s.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
        with socket.create_connection((host, port)) as s:
            s.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert s.recv(100) == b""
        for _ in range(3):
            tell(s_client(host, port))
        told(curl(host, port))
        assert p.poll() is None


def case_renegotiation(host, source):
    """s_client begins anew when it reads R: it is refused, and the connection goes on as it was."""
    port = free_port(host)
    with who(host, port):
        p = subprocess.Popen(s_client(host, port, "-tls1_2", "-crlf"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        limit = threading.Timer(WAIT_S, p.kill)
        limit.start()
        try:
            text = b""
            while b"Extended master secret" not in text:
                line = p.stdout.readline()
                assert line, text
                text += line
            p.stdin.write(b"R\n")
            p.stdin.flush()
            while line := p.stdout.readline():
                text += line
        finally:
            limit.cancel()
            p.kill()
            p.wait()
        expect("RENEGOTIATING(?s:.*)no renegotiation", text.decode())
        told(curl(host, port))


def case_wrk(host, source):
    port = free_port(host)
    with who(host, port):
        text = tell([need("wrk"), "-t1", "-c20", "-d1s", "https://%s/" % at(host, port)])
        expect(r"[1-9]\d* requests in", text)
        assert "Socket errors" not in text and "Non-2xx" not in text, text


def plain(host, source, port):
    with socket.create_connection((host, port), timeout=WAIT_S, source_address=(source, 0)) as s:
        s.sendall(REQUEST.replace("\n", "\r\n").encode())
        return "mine %s %d\n" % s.getsockname()[:2] + b"".join(iter(lambda: s.recv(65536), b"")).decode()


def case_nginx_into(host, source):
    """nginx's header, then its TLS."""
    door, last = free_port(host), free_port(host)
    body = ("stream { server { listen %s; proxy_pass %s; proxy_protocol on; proxy_ssl on; proxy_ssl_protocols TLSv1.2 TLSv1.3; proxy_ssl_verify on; "
            "proxy_ssl_name localhost; proxy_ssl_server_name on; proxy_ssl_verify_depth 3; proxy_ssl_trusted_certificate %s; } }")
    with who(host, last, "accept-proxy"), nginx(host, door, body % (at(host, door), at(host, last), authority.root)):
        text = plain(host, source, door)
        told(text)
        expect(r"TLSv1.3 \d localhost", text)


def haproxy(name, text, host, port):
    return running([need("haproxy"), "-db", "-f", write(name, text)], host, port)


def case_haproxy_into(host, source):
    """haproxy ends TLS and begins it anew, and says what it knows of its client before."""
    door, last = free_port(host), free_port(host)
    text = COMMON + "listen door\n    bind %s ssl crt %s\n    server s %s %%s ssl verify required ca-file %s sni str(localhost)\n" % (
        at(host, door), site.pem, at(host, last), authority.root)
    for words in "send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn proxy-v2-options ssl-cipher,cert-sig,cert-key":
        with who(host, last, "accept-proxy"), haproxy("into.cfg", text % words, host, door):
            told(curl(host, door))


PP_WHO = ('http-request return status 200 content-type text/plain lf-string "client %[src] %[src_port] version %[fc_pp_tlv(SSL_VERSION)] '
          'cipher %[fc_pp_tlv(SSL_CIPHER)] name %[fc_pp_tlv(SSL_CN)] verified %[fc_pp_ssl_verified]\\n"')


def told_by(host, port):
    """usher takes plain HTTP behind a header, and says what the header says of TLS."""
    return config("told.cfg", HTTP + "frontend f\n    bind %s accept-proxy\n    %s\n" % (at(host, port), PP_WHO), host, port)


def case_hitch_tells(host, source):
    """hitch ends TLS, and its header says how it was spoken."""
    door, last = free_port(host), free_port(host)
    with told_by(host, last), hitch(host, door, last, "--write-proxy-v2", "--tls-protos=TLSv1.2 TLSv1.3"):
        for most, version in (("1.2", "TLSv1.2"), ("1.3", "TLSv1.3")):
            text = curl(host, door, "--tls-max", most)
            told(text)
            expect("version %s cipher \\S+ " % version, text)


def case_haproxy_tells(host, source):
    """haproxy ends TLS, and its header says whose certificate the client had."""
    door, last = free_port(host), free_port(host)
    text = COMMON + "listen door\n    bind %s ssl crt %s verify optional ca-file %s\n    server s %s send-proxy-v2-ssl-cn proxy-v2-options ssl-cipher\n" % (
        at(host, door), site.pem, authority.root, at(host, last))
    with told_by(host, last), haproxy("tells.cfg", text, host, door):
        text = curl(host, door, "--cert", bob.pem)
        told(text)
        expect(r"version TLSv1.3 cipher TLS_\S+ name bob verified 1", text)
        text = curl(host, door)
        told(text)
        expect("name -? ?verified 0", text)


def case_usher_tells(host, source):
    """usher ends TLS and says so to another, which says the same of it as haproxy does."""
    door, last = free_port(host), free_port(host)
    conf = COMMON + "listen door\n    bind %s ssl crt %s verify optional ca-file %s\n    server s %s send-proxy-v2-ssl-cn proxy-v2-options ssl-cipher\n" % (
        at(host, door), site.pem, authority.root, at(host, last))
    with told_by(host, last), config("tells.cfg", conf, host, door):
        text = curl(host, door, "--cert", bob.pem)
        told(text)
        expect(r"version TLSv1.3 cipher TLS_\S+ name bob verified 1", text)


# ---- usher with servers ----

def to(host, port, target, words):
    conf = HTTP + "frontend f\n    bind %s\n    default_backend b\nbackend b\n    server s %s ssl ca-file %s verify required %s\n"
    return config("to.cfg", conf % (at(host, port), target, authority.root, words), host, port)


def out_of(host, source, peer, words=""):
    last, door = free_port(host), free_port(host)
    with peer(last), to(host, door, at(host, last), words):
        return plain(host, source, door)


def nginx_tls(host, words="", more=""):
    body = ('http { access_log off; TEMP server { listen %s ssl %s; ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.2 TLSv1.3; %s '
            'location / { return 200 "client $proxy_protocol_addr $proxy_protocol_port $ssl_protocol $ssl_server_name $ssl_client_s_dn resumed:$ssl_session_reused\\n"; } } }')
    return lambda last: nginx(host, last, body % (at(host, last), words, site.both, site.key, more))


def case_to_nginx(host, source):
    for words, version in (("", "TLSv1.3"), ("ssl-max-ver TLSv1.2", "TLSv1.2"), ("force-tlsv13 verifyhost localhost", "TLSv1.3")):
        expect(version, out_of(host, source, nginx_tls(host), words))
    expect("^mine.*\nHTTP/1.1 503", out_of(host, source, nginx_tls(host), "verifyhost elsewhere.test"))


def case_to_nginx_header(host, source):
    for words in "send-proxy", "send-proxy-v2":
        text = out_of(host, source, nginx_tls(host, "proxy_protocol"), words)
        told(text)
        expect("TLSv1.3", text)


def case_to_nginx_resumes(host, source):
    """By name: asked as it means itself, and resumed only for the name that was asked for."""
    for version in "1.2", "1.3":
        last, door = free_port(host), free_port(host)
        with nginx_tls(host, more="ssl_session_cache shared:s:1m;")(last):
            text = HTTP.replace("nbthread 2", "nbthread 1") + ("listen f\n    bind %s\n    http-reuse never\n    server s %s ssl ca-file %s verify required "
                    "force-tlsv%s sni req.hdr(x-name) verifyhost localhost\n" % (at(host, door), at(host, last), authority.root, version.replace(".", "")))
            with config("to.cfg", text, host, door):
                ask = lambda *words: tell([need("curl"), "-sS", *words, "http://%s/" % at(host, door)])
                named = "-H", "x-name: LOCALHOST:443"
                expect("TLSv%s +resumed:\\." % version, ask())
                expect("TLSv%s +resumed:r" % version, ask())
                expect("TLSv%s localhost +resumed:\\." % version, ask(*named))
                for _ in range(5):
                    expect("TLSv%s localhost +resumed:r" % version, ask(*named))


def case_checks(host, source):
    """Health checks with a header before TLS: nginx, hitch and haproxy take them for good."""
    text = HTTP + 'frontend f\n    bind %s accept-proxy ssl crt ' + site.pem + "\n    " + WHO.replace("%", "%%") + "\n"
    cache, sock = free_port(host), os.path.join(TMP, "checks.sock")
    peers = (nginx_tls(host, "proxy_protocol"), lambda last: haproxy("last.cfg", text % at(host, last), host, last),
             lambda last: hitch(host, last, cache, "--proxy-proxy"))
    with varnish(host, cache):
        for peer in peers:
            last, door = free_port(host), free_port(host)
            conf = HTTP.replace("global", "global\n    stats socket %s" % sock) + ("listen f\n    bind %s\n    option httpchk\n    http-check expect status 200-404\n"
                    "    server s %s ssl ca-file %s send-proxy-v2 check inter 50ms init-state down check-sni localhost\n" % (at(host, door), at(host, last), authority.root))
            with peer(last), config("checks.cfg", conf, host, door):
                row = ""
                for _ in range(200):
                    with socket.socket(socket.AF_UNIX) as s:
                        s.connect(sock)
                        s.sendall(b"show stat\n")
                        row = next(l for l in s.makefile().read().splitlines() if l.startswith("f,s,"))
                    if ",UP," in row:
                        break
                expect(",UP,.*,L7OK,", row)


def case_to_nginx_client_certificate(host, source):
    more = "ssl_verify_client on; ssl_verify_depth 3; ssl_client_certificate %s;" % authority.root
    expect("CN=bob", out_of(host, source, nginx_tls(host, more=more), "crt " + bob.pem))
    expect("HTTP/1.1 400", out_of(host, source, nginx_tls(host, more=more)))


def case_to_haproxy(host, source):
    """Header, then TLS, as a server of haproxy's kind takes them."""
    text = HTTP + 'frontend f\n    bind %s accept-proxy ssl crt ' + site.pem + "\n    " + WHO.replace("%", "%%") + "\n"
    for words in "send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority":
        answer = out_of(host, source, lambda last: haproxy("last.cfg", text % at(host, last), host, last), words)
        told(answer)
        expect("TLSv1.3", answer)


def case_to_s_server(host, source):
    for version in "-tls1_2", "-tls1_3":
        for more in [], ["-no_ticket"], ["-serverpref", "-no_cache"]:
            def peer(last):
                return running([need("openssl"), "s_server", "-accept", at(host, last), "-cert", site.cert, "-key", site.key, "-cert_chain", site.both,
                                "-www", "-quiet", version, *more], host, last)
            expect(r"HTTP/1.[01] 200(?s:.*)Ciphers supported", out_of(host, source, peer))


def case_to_varnish_by_hitch(host, source):
    """Our header before TLS, which hitch ends, goes on to varnish."""
    cache = free_port(host)
    with varnish(host, cache):
        for words in "send-proxy", "send-proxy-v2":
            text = out_of(host, source, lambda last: hitch(host, last, cache, "--proxy-proxy"), words)
            expect("client %s%%" % re.escape(source), text)


def case_chain(host, source):
    """curl -> usher -> usher -> nginx, with TLS and a header at each step."""
    first, second, last = (free_port(host) for _ in range(3))
    hop = HTTP + "listen f\n    bind %s %s ssl crt %s\n    server s %s %s ssl verify required ca-file %s\n"
    with contextlib.ExitStack() as stack:
        stack.enter_context(nginx_tls(host, "proxy_protocol")(last))
        stack.enter_context(config("second.cfg", hop % (at(host, second), "accept-proxy", site.pem, at(host, last), "send-proxy", authority.root),
                                   host, second))
        stack.enter_context(config("first.cfg", hop % (at(host, first), "", site.pem, at(host, second), "send-proxy-v2", authority.root), host, first))
        told(curl(host, first))


if __name__ == "__main__":
    sys.exit(main(globals()))
