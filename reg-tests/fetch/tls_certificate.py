#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates as fetches show them: ssl_f_... of the one shown to clients, ssl_s_... of the server's. What openssl says
of the files must be what they say; with haproxy at hand it must say the same."""
import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
import _usher  # noqa: E402
from _authority import Authority  # noqa: E402
from _usher import Origin, Usher, WAIT_S, read_head  # noqa: E402

HAPROXY = shutil.which('haproxy')
authority = Authority()
site, other, old = authority.server('example.com'), authority.server('s.example', key='rsa'), authority.server('old.example', days=(-9900, 30))
# Several entries of one name, a sign that a text may not take for the next one's.
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '9', '-utf8', '-set_serial', '0x80ff00', '-subj',
                '/DC=org/DC=example/O=T\u00e9st/OU=one/OU=two/OU=three/CN=a\\/CN=b,c/emailAddress=a@b.c', '-keyout', 'odd.key', '-out',
                'odd.crt'], check=True, capture_output=True)
with open('odd.pem', 'w') as out:
    out.write(open('odd.crt').read() + open('odd.key').read())

log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(('127.0.0.1', 0))
log.settimeout(WAIT_S)
serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
serving.load_cert_chain(other.pem)
serving.num_tickets = 0  # a chain is sent in full handshakes only


def answer(s):
    with serving.wrap_socket(s, server_side=True) as t:
        f = t.makefile('rb')
        while read_head(f):
            t.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')


tls = Origin(answer)
FRONT = """ssl_f_der,sha1,hex ssl_f_sha1,hex ssl_f_serial,hex ssl_f_version ssl_f_key_alg ssl_f_sig_alg ssl_f_notbefore ssl_f_notafter
ssl_f_s_dn,hex ssl_f_i_dn,hex ssl_f_s_dn(CN) ssl_f_s_dn(cn) ssl_f_i_dn(CN) ssl_f_s_dn(OU) ssl_f_s_dn(OU,2) ssl_f_s_dn(OU,4)
ssl_f_s_dn(OU,-1) ssl_f_s_dn(OU,-3) ssl_f_s_dn(OU,-4) ssl_f_s_dn(,0,rfc2253) ssl_f_i_dn(,0,rfc2253) ssl_f_s_dn(CN,1,rfc2253)
ssl_f_s_dn(commonName) ssl_f_s_dn(emailAddress) ssl_f_s_dn(DC,-1) ssl_f_s_dn()""".split()
BACK = """ssl_s_der,sha1,hex ssl_s_sha1,hex ssl_s_serial,hex ssl_s_version ssl_s_key_alg ssl_s_sig_alg ssl_s_notbefore ssl_s_notafter
ssl_s_s_dn ssl_s_i_dn ssl_s_s_dn(CN) ssl_s_i_dn(CN) ssl_s_chain_der,sha1,hex""".split()
# No client shows one here.
CLIENT = """ssl_c_der ssl_c_chain_der ssl_c_sha1 ssl_c_serial ssl_c_version ssl_c_key_alg ssl_c_sig_alg ssl_c_notbefore ssl_c_notafter
ssl_c_s_dn ssl_c_i_dn ssl_c_s_dn(CN) ssl_c_i_dn(,0,rfc2253)""".split()
EACH = FRONT + BACK + CLIENT
SHOWN = {'site': site.pem, 'odd': 'odd.pem', 'old': old.pem}
BINDS = '\n'.join(f'''frontend {name}
    bind "fd@${{{name}}}" ssl crt {os.path.abspath(path)}
    acl odd ssl_f_serial -m bin 80ff00
    http-request set-header X-Odd 1 if odd
    http-response set-header X-Server-Name %[ssl_s_s_dn(CN)]
    http-response set-header X-Odd 1 if odd
    default_backend tls
''' for name, path in SHOWN.items())
CONFIG = f'''
global
    nbthread 1
    log 127.0.0.1:{log.getsockname()[1]} len 8192 format raw local0
defaults
    mode http
    log global
    log-format "{'|'.join(f'%[{e}]' for e in EACH)}"
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
{BINDS}
backend tls
    server s 127.0.0.1:{tls.port} ssl verify none
'''


def ask_all(program):
    _usher.PROGRAM = program
    said = {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with Usher(CONFIG, sockets=SHOWN) as usher:
        for name in SHOWN:
            with context.wrap_socket(usher.connect(name)) as s:
                s.sendall(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
                head = read_head(s.makefile('rb')).lower()
                assert b'x-server-name: s.example\r\n' in head and (b'x-odd' in head) == (name == 'odd'), head
            said[name] = dict(zip(EACH, log.recv(65536).decode().rstrip('\n').split('|')))
    return said


def der(path):
    return ssl.PEM_cert_to_DER_cert(open(path).read().split('-----END')[0] + '-----END CERTIFICATE-----\n')


ours = ask_all(os.environ['HAPROXY_PROGRAM'])
assert all(v[e] == '-' for v in ours.values() for e in CLIENT), ours
for name, certificate in (('site', site), ('old', old)):
    v = ours[name]
    digest = hashlib.sha1(der(certificate.cert)).hexdigest().upper()
    assert v['ssl_f_sha1,hex'] == v['ssl_f_der,sha1,hex'] == digest == certificate.field('fingerprint').replace(':', ''), v
    assert v['ssl_f_serial,hex'] == certificate.field('serial'), v
    assert (v['ssl_f_version'], v['ssl_f_key_alg'], v['ssl_f_sig_alg']) == ('3', 'id-ecPublicKey', 'ecdsa-with-SHA256'), v
    assert v['ssl_f_s_dn(CN)'] == ('example.com' if name == 'site' else 'old.example') and v['ssl_f_i_dn(CN)'] == 'Intermediate for tests', v
    assert bytes.fromhex(v['ssl_f_s_dn,hex']) == b'/O=Tests/CN=' + v['ssl_f_s_dn(cn)'].encode(), v
assert len(ours['site']['ssl_f_notbefore']) == 13 and ours['old']['ssl_f_notbefore'].startswith('1999')
v = ours['odd']
assert bytes.fromhex(v['ssl_f_s_dn,hex']).decode() == '/DC=org/DC=example/O=T\u00e9st/OU=one/OU=two/OU=three/CN=a/CN=b,c/emailAddress=a@b.c'
assert v['ssl_f_s_dn,hex'] == v['ssl_f_i_dn,hex'] and v['ssl_f_serial,hex'] == '80FF00', v
assert [v[f'ssl_f_s_dn({e})'] for e in ('OU', 'OU,2', 'OU,4', 'OU,-1', 'OU,-3', 'OU,-4')] == ['one', 'two', '-', 'three', 'one', '-'], v
assert [v[f'ssl_f_s_dn({e})'] for e in ('CN', 'cn', 'commonName', 'DC,-1', 'emailAddress')] == ['a/CN=b,c', 'a/CN=b,c', '-', 'example', 'a@b.c'], v
assert v['ssl_f_s_dn(,0,rfc2253)'] == r'emailAddress=a@b.c,CN=a/CN=b\,c,OU=three,OU=two,OU=one,O=T\C3\A9st,DC=example,DC=org', v
assert (v['ssl_s_sha1,hex'], v['ssl_s_serial,hex']) == (other.field('fingerprint').replace(':', ''), other.field('serial')), v
assert (v['ssl_s_s_dn'], v['ssl_s_i_dn']) == ('/O=Tests/CN=s.example', '/O=Tests/CN=Intermediate for tests'), v
assert (v['ssl_s_key_alg'], v['ssl_s_version']) == ('rsaEncryption', '3'), v
assert v['ssl_s_chain_der,sha1,hex'] == hashlib.sha1(der(other.cert) + der(authority.intermediate)).hexdigest().upper(), v

if HAPROXY:
    theirs = ask_all(HAPROXY)
    theirs['old']['ssl_f_notbefore'] = ours['old']['ssl_f_notbefore']  # it knows dates of this century only
    for name in SHOWN:
        differ = {k: (w, theirs[name][k]) for k, w in ours[name].items() if w != theirs[name][k]}
        assert not differ, (name, differ)
