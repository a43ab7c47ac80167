#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fetches of connections, streams and rules: accept_date, request_date, bc_*, fc_*, cur_*_timeout, req.bytes_in and its like,
last_rule_*, last_entity, waiting_entity, txn.id32, txn.sess_term_state, cpu_usage_*, uptime, distcc_param and distcc_body."""
import os
import re
import socket
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "process"))
from _usher import Origin, Usher, WAIT_S, free_ports, read_head


def serve(s):
    f = s.makefile("rb")
    while head := read_head(f):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(head), head))


web, silent = Origin(serve), Origin(lambda s: s.recv(1 << 16) and s.recv(1))
dead = free_ports()
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("log")
log.settimeout(WAIT_S)
NAMES = """accept_date accept_date(ms) accept_date(us) request_date request_date(ms) bc_dst bc_dst_port bc_src bc_src_port bc_reused
bc_http_major bc_nb_streams bc_settings_streams_limit bc_be_queue bc_srv_queue bc_err bc_err_name bc_err_str fc_err_name
fc_http_major fc_nb_streams fc_settings_streams_limit cur_client_timeout cur_connect_timeout cur_queue_timeout
cur_server_timeout cur_tunnel_timeout cur_tarpit_timeout cur_max_retries fe_tarpit_timeout be_tarpit_timeout req.bytes_in
req.bytes_out res.bytes_in res.bytes_out last_rule_file last_rule_line last_entity waiting_entity txn.id32 txn.sess_term_state
cpu_usage_thr cpu_usage_grp cpu_usage_proc uptime fc_rtt fc_rtt(us) fc_rttvar fc_unacked fc_sacked fc_lost fc_retrans
fc_fackets fc_reordering""".split()
FORMAT = "|".join(f"%[{name}]" for name in NAMES)
CONFIG = f"""
global
    log {os.getcwd()}/log format raw local0
    nbthread 1
defaults
    mode http
    log global
    timeout connect 5s
    timeout client 20s
    timeout server 21s
    timeout queue 22s
    timeout tunnel 23s
    timeout tarpit 24s
    retries 0
frontend fe
    bind "fd@${{fe}}"
    log-format "{FORMAT}"
    http-request allow if {{ path /allowed }}
    http-request deny if {{ path /denied }}
    http-request tarpit if {{ path /waits }}
    use_backend dead if {{ path /dead }}
    use_backend silent if {{ path /silent }}
    http-response set-header X-Rtt %[bc_rtt]/%[bc_rtt(us)]/%[bc_rttvar]/%[fc_rttvar(us)]
    default_backend be
backend be
    timeout tarpit 25s
    http-request set-timeout server 1500ms
    server s 127.0.0.1:{web.port}
backend dead
    server s 127.0.0.1:{dead}
backend silent
    timeout server 100ms
    server s 127.0.0.1:{silent.port}
frontend builds
    mode tcp
    bind "fd@${{builds}}"
    log-format "%[var(txn.main)] %[var(txn.second)] %[var(txn.size)]"
    tcp-request inspect-delay 20s
    tcp-request content set-var(txn.main) distcc_body(ARGV) if {{ distcc_param(DOTI) -m found }}
    tcp-request content set-var(txn.second) distcc_body(ARGV,2)
    tcp-request content set-var(txn.size) distcc_param(DOTI)
    tcp-request content reject
"""


def line():
    return dict(zip(NAMES, log.recv(65536).decode().rstrip("\n").split("|")))


def get(usher, path):
    s = usher.connect("fe")
    f = s.makefile("rb")
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    status = int(f.readline().split()[1])
    fields = {}
    while (row := f.readline()) not in (b"\r\n", b""):
        key, value = row.decode().split(":", 1)
        fields[key.lower()] = value.strip()
    return s, status, fields, f.read(int(fields.get("content-length", 0)))


def expect(got, **want):
    for name, value in want.items():
        name = name.replace("__", ".")
        assert re.fullmatch(value, got[name]), (name, got[name], value)


with Usher(CONFIG, sockets=["fe", "builds"]) as usher:
    before = time.time()
    s, status, fields, body = get(usher, "/")
    assert status == 200 and re.fullmatch(r"\d+/\d+/\d+/\d+", fields["x-rtt"]), fields
    first = line()
    expect(first, bc_dst="127.0.0.1", bc_dst_port=str(web.port), bc_src="127.0.0.1", bc_src_port=r"\d+", bc_reused="0", bc_http_major="1",
           bc_nb_streams="1", bc_settings_streams_limit="1", bc_be_queue="0", bc_srv_queue="0", bc_err="0", bc_err_name="-",
           bc_err_str="Success", fc_err_name="-", fc_http_major="1", fc_nb_streams="1", fc_settings_streams_limit="1",
           cur_client_timeout="20000", cur_connect_timeout="5000", cur_queue_timeout="22000", cur_server_timeout="1500",
           cur_tunnel_timeout="23000", cur_tarpit_timeout="25000", cur_max_retries="0", fe_tarpit_timeout="24000",
           be_tarpit_timeout="25000", req__bytes_in=str(len("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), req__bytes_out=str(len(body)),
           res__bytes_in=r"[1-9]\d*", res__bytes_out=r"[1-9]\d*", last_rule_line="-", last_entity="-", waiting_entity="-",
           txn__id32=r"\d+", txn__sess_term_state="--", cpu_usage_thr=r"\d+", cpu_usage_grp=r"\d+", cpu_usage_proc=r"\d+", uptime=r"\d+",
           fc_rtt=r"\d+", fc_rttvar=r"\d+", fc_unacked=r"\d+", fc_sacked="0", fc_lost="0", fc_retrans="0", fc_fackets="0", fc_reordering=r"\d+")
    for name, unit in (("accept_date", 1), ("accept_date(ms)", 1000), ("accept_date(us)", 1000000), ("request_date", 1), ("request_date(ms)", 1000)):
        assert before - 2 <= int(first[name]) / unit <= time.time() + 2, (name, first[name])
    assert int(first["accept_date(ms)"]) <= int(first["request_date(ms)"])

    # The second request of a connection: the link has served before, and times count from the end of the first.
    s.sendall(b"GET /allowed HTTP/1.1\r\nHost: h\r\n\r\n")
    second = line()
    expect(second, bc_reused="1", last_rule_file=r".*usher\.cfg", last_rule_line=r"\d+", last_entity=r".*usher\.cfg:\d+")
    assert int(second["accept_date(us)"]) > int(first["accept_date(us)"])
    assert second["txn.id32"] != first["txn.id32"]
    number = CONFIG.split("\n").index("    http-request allow if { path /allowed }") + 1
    assert second["last_rule_line"] == str(number) and second["last_entity"].endswith(f":{number}")
    s.close()

    assert get(usher, "/denied")[1] == 403
    expect(line(), last_rule_line=str(number + 1), txn__sess_term_state="PR", bc_err="-", bc_dst="-", bc_http_major="-", waiting_entity="-")
    # Who leaves while a rule waits.
    s = usher.connect("fe")
    s.sendall(b"GET /waits HTTP/1.1\r\nHost: h\r\n\r\n")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    s.close()
    expect(line(), last_rule_line="-", waiting_entity=rf".*usher\.cfg:{number + 2}", txn__sess_term_state="C.")
    assert get(usher, "/dead")[1] == 503
    expect(line(), bc_err="46", bc_err_name="EREFUSED", bc_err_str="ECONNREFUSED returned by OS", bc_dst="127.0.0.1", bc_dst_port=str(dead),
           txn__sess_term_state="SC")
    assert get(usher, "/silent")[1] == 504
    expect(line(), bc_err="0", txn__sess_term_state="sH")

    s = usher.connect("builds")
    s.sendall(b"DIST00000001ARGC00000002ARGV00000002ccARGV00000005")
    s.sendall(b"-c.c\nDOTI0000000a0123")
    assert s.recv(1) == b""
    assert log.recv(4096) == b"cc -c.c#0A 10\n"
