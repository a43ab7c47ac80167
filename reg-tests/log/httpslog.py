#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is logged of TLS with clients: option httpslog of requests, and the lines of handshakes that failed, the default one and
error-log-format's: without a certificate or with one that is expired, revoked, for another purpose or of unknown issuers, with such faults
let pass (ssl_c_used, ssl_c_verify, ssl_c_err, ssl_c_ca_err, ssl_c_ca_err_depth, ssl_fc_has_crt), and with what is no TLS (ssl_fc_err,
ssl_fc_err_str). With haproxy at hand it must write the same, but for times and bytes."""
import os
import re
import shutil
import socket
import ssl
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
import _usher  # noqa: E402
from _authority import Authority  # noqa: E402
from _usher import Usher, WAIT_S, read_all  # noqa: E402

HAPROXY = shutil.which('haproxy')
authority, strangers = Authority(), Authority()
site = authority.server('example.com')
alice, gone = authority.client('alice'), authority.client('gone')
CERTIFICATES = {'alice': alice, 'expired': authority.client('expired', days=(-20, -10)), 'gone': gone, 'none': None,
                'purpose': authority.client('purpose', purpose='server'), 'stranger': strangers.client('stranger')}
authority.revoke(gone)
log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(('127.0.0.1', 0))
log.settimeout(WAIT_S)
ERROR = ('%ci:%cp [%tr] %ft %ac/%fc %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] '
         '%[ssl_fc_sni]/%sslv/%sslc')
MORE = '|%[ssl_c_used] %[ssl_fc_has_crt] %[ssl_c_verify] %[ssl_c_err] %[ssl_c_ca_err] %[ssl_c_ca_err_depth] %[ssl_fc_err_str] %[ssl_c_s_dn(CN)]'
SAME = 'ciphers ECDHE-ECDSA-AES256-GCM-SHA384 ciphersuites TLS_AES_256_GCM_SHA384'
BINDS = {
    'free': '',
    'optional': f'verify optional ca-file {authority.root}',
    'required': f'verify required ca-file {authority.root} crl-file {authority.crl}',
    'strict': 'strict-sni',
    'lenient': f'verify optional ca-file {authority.root} crl-file {authority.crl} ca-ignore-err all crt-ignore-err all',
}
FORMATS = {
    'https': 'option httpslog',
    'own': f'log-format "{ERROR}{MORE}"\n    error-log-format "{ERROR}{MORE}"',
}
NAMES = [f'{f}_{b}' for f in FORMATS for b in BINDS] + ['https_plain']
CONFIG = f'''
global
    nbthread 1
    log 127.0.0.1:{log.getsockname()[1]} len 4096 format raw local0
defaults
    mode http
    log global
    timeout client {WAIT_S}s
'''
for f, words in FORMATS.items():
    for b, how in BINDS.items():
        CONFIG += f'frontend {f}_{b}\n    {words}\n    bind "fd@${{{f}_{b}}}" name here ssl crt {site.pem} {SAME} {how}\n    http-request deny\n'
CONFIG += 'frontend https_plain\n    option httpslog\n    bind "fd@${https_plain}"\n    http-request deny\n'


def masked(line):
    line = re.sub(r'\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3}', 'DATE', line)
    line = re.sub(r'(127\.0\.0\.1:)\d+', r'\1PORT', line)
    line = re.sub(r'( \d+/-1/-1/-1/)\d+ (\d{3}) \d+ ', r' 0/-1/-1/-1/T \2 BYTES ', line)
    return re.sub(r'( ..-- |(?:_free|_strict|_optional|_required|_lenient)~ )\d+/\d+(?=[/ ])', r'\1AC/FC', line)


def request(usher, name, certificate=None, most=None, server_name='example.com', again=None):
    """Asks once; True when there was an answer."""
    context = again[0] if again else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if most and not again:
        context.maximum_version = most
    if certificate:
        context.load_cert_chain(certificate.pem)
    try:
        with context.wrap_socket(usher.connect(name), server_hostname=server_name, session=again[1] if again else None) as s:
            s.sendall(b'GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
            answer = read_all(s)
            request.last = context, s.session
            return answer.startswith(b'HTTP/1.1 403')
    except (ssl.SSLError, ConnectionError):
        return False


def raw(usher, name, data):
    with usher.connect(name) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        try:
            read_all(s)
        except ConnectionError:
            pass


V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
OLD = bytes.fromhex('16030100350100003103010000000000000000000000000000000000000000000000000000000000000000000006c009c013002f0100000200')[:58]


def lines_of(program):
    _usher.PROGRAM = program
    lines = []
    with Usher(CONFIG, sockets=NAMES) as usher:
        def note(*what):
            lines.append((what, masked(log.recv(65536).decode().rstrip('\n'))))
        for f in FORMATS:
            for most in V12, V13:
                request(usher, f'{f}_free', most=most)
                note(f, 'free', most.name)
                for b in 'optional', 'required', 'lenient':
                    for name, certificate in CERTIFICATES.items():
                        ok = request(usher, f'{f}_{b}', certificate, most)
                        note(f, b, most.name, name, ok)
            request(usher, f'{f}_free', server_name=None)
            note(f, 'no name')
            request(usher, f'{f}_strict', server_name='unknown.example')
            note(f, 'unknown name')
            request(usher, f'{f}_required', alice, V12)
            note(f, 'first')
            ok = request(usher, f'{f}_required', again=request.last)
            note(f, 'again', ok)
            for what in b'GET / HTTP/1.1\r\n\r\n', b'\x16\x03\x01\0\5\2\0\0\1\0', b'garbage that is none\r\n\r\n', OLD:
                raw(usher, f'{f}_free', what)
                note(f, what)
        raw(usher, 'https_plain', b'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
        note('plain')
    return lines


ours = lines_of(os.environ['HAPROXY_PROGRAM'])
said = dict(ours)
HTTPS, OWN = '127.0.0.1:PORT [DATE] https_', '127.0.0.1:PORT [DATE] own_'
DENIED = '/<NOSRV> 0/-1/-1/-1/T 403 BYTES - - PR-- AC/FC/0/0/0 0/0 "GET /x HTTP/1.1" '
SUITE = {'TLSv1_2': 'TLSv1.2/ECDHE-ECDSA-AES256-GCM-SHA384', 'TLSv1_3': 'TLSv1.3/TLS_AES_256_GCM_SHA384'}
for version, suite in SUITE.items():
    agreed = 'TLSv1.2/(NONE)' if version == 'TLSv1_2' else suite
    for what, line in {
        ('https', 'free', version): f'{HTTPS}free~ https_free{DENIED}0/0000000000000000/0/0/0 example.com/{suite}',
        ('https', 'required', version, 'alice', True): f'{HTTPS}required~ https_required{DENIED}0/0000000000000000/0/0/0 example.com/{suite}',
        ('https', 'lenient', version, 'stranger', True): f'{HTTPS}lenient~ https_lenient{DENIED}0/0000000000000000/8/20/0 example.com/{suite}',
        ('https', 'required', version, 'none', False): f'{HTTPS}required/here: SSL handshake failure (peer did not return a certificate)',
        ('https', 'required', version, 'gone', False): f'{HTTPS}required/here: SSL client certificate not trusted (certificate revoked)',
        ('own', 'required', version, 'none', False): f'{OWN}required~ AC/FC 34/000000000A0000C7/0/0/0 example.com/{agreed}'
        '|0 - - 0 0 0 error:0A0000C7:SSL routines::peer did not return a certificate -',
        ('own', 'required', version, 'expired', False): f'{OWN}required~ AC/FC 31/000000000A000086/10/0/0 example.com/{agreed}'
        '|1 - - 10 0 0 error:0A000086:SSL routines::certificate verify failed expired',
        ('own', 'lenient', version, 'stranger', True): f'{OWN}lenient~ AC/FC 0/0000000000000000/8/20/0 example.com/{suite}|1 1 8 8 20 1 - stranger',
    }.items():
        assert said[what] == line, (what, said[what], line)
assert said['https', 'no name'].endswith(f' 0/0000000000000000/0/0/0 -/{SUITE["TLSv1_3"]}')
assert said['https', 'unknown name'] == f'{HTTPS}strict/here: SSL handshake failure (tlsv1 unrecognized name)', said['https', 'unknown name']
unknown = said['own', 'unknown name']
assert unknown == (f'{OWN}strict~ AC/FC 34/000000000A000458/0/0/0 unknown.example/TLSv1.3/(NONE)'
                   '|0 - - 0 0 0 error:0A000458:SSL routines::tlsv1 unrecognized name -'), unknown
assert said['https', 'again', True].endswith(f' 0/0000000000000000/0/0/1 example.com/{SUITE["TLSv1_2"]}')
assert said['own', 'again', True].endswith('|1 0 0 0 0 0 - alice')
assert said[('plain',)] == f'{HTTPS}plain https_plain{DENIED.replace("/x", "/")}0/-/-/-/0 -/-/-', said[('plain',)]
if HAPROXY:
    theirs = lines_of(HAPROXY)
    wrong = 0
    for (what, a), (also, b) in zip(ours, theirs):
        b = b.replace('0A0000EA', '0A000458').replace('callback failed', 'tlsv1 unrecognized name')  # of a name that is not there
        a = re.sub(r'(/here: .*) \(.*\)$', r'\1', a)  # OpenSSL's words are ours to add
        if (what, a) != (also, b):
            print(f'{what} {also}\n    usher   {a}\n    haproxy {b}')
            wrong += 1
    assert wrong == 0, f'{wrong} differences'
