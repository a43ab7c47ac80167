#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a client's first message said where usher ends TLS (tune.ssl.capture-buffer-size, or tune.ssl.capture-cipherlist-size), with
GREASE and without, cut to the room there is, also when the handshake fails; and its secrets (tune.ssl.keylog), which must
be those the client has. With haproxy at hand it must say the same."""
import os
import shutil
import socket
import ssl
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
import _usher  # noqa: E402
from _authority import Authority  # noqa: E402
from _usher import Usher, WAIT_S, read_all, read_head  # noqa: E402

HAPROXY = shutil.which('haproxy')
site = Authority().server('example.com')
log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(('127.0.0.1', 0))
log.settimeout(WAIT_S)
HELLO = """ssl_fc_protocol_hello_id ssl_fc_cipherlist_bin,hex ssl_fc_cipherlist_bin(1),hex ssl_fc_cipherlist_hex ssl_fc_cipherlist_hex(1)
ssl_fc_cipherlist_str ssl_fc_cipherlist_str(1) ssl_fc_cipherlist_xxh ssl_fc_extlist_bin,hex ssl_fc_extlist_bin(1),hex
ssl_fc_eclist_bin,hex ssl_fc_eclist_bin(1),hex ssl_fc_ecformats_bin,hex ssl_fc_extlist_bin(1),be2dec(-,2)""".split()
SECRETS = """ssl_fc_client_early_traffic_secret ssl_fc_client_handshake_traffic_secret ssl_fc_server_handshake_traffic_secret
ssl_fc_client_traffic_secret_0 ssl_fc_server_traffic_secret_0 ssl_fc_exporter_secret ssl_fc_early_exporter_secret""".split()
EACH = HELLO + SECRETS
FORMAT = '|'.join(f'%[{e}]' for e in EACH)


def config(settings):
    return f'''
global
    nbthread 1
    log 127.0.0.1:{log.getsockname()[1]} len 8192 format raw local0
    {settings}
defaults
    mode http
    log global
    timeout client {WAIT_S}s
frontend web
    bind "fd@${{web}}" ssl crt {site.pem}
    log-format "{FORMAT}"
    error-log-format "{FORMAT}"
    http-request deny
'''


def made(suites, extensions):
    blocks = b''.join(bytes.fromhex(n) + len(bytes.fromhex(x)).to_bytes(2, 'big') + bytes.fromhex(x) for n, x in extensions)
    suites = bytes.fromhex(suites)
    text = b'\x03\x03' + b'r' * 32 + b'\0' + len(suites).to_bytes(2, 'big') + suites + b'\x01\0' + len(blocks).to_bytes(2, 'big') + blocks
    text = b'\x01' + len(text).to_bytes(3, 'big') + text
    return b'\x16\x03\x01' + len(text).to_bytes(2, 'big') + text


# No curve that we can: the handshake fails.
GREASY = made('0a0a1301c02bc02cfafa00ff1a2a', [('2a2a', ''), ('0000', '000e00000b6578616d706c652e636f6d'), ('000a', '00060a0a001e1a1a'),
                                           ('000b', '020100'), ('000d', '000404030804'), ('0a0a', ''), ('abcd', '00')])


def ask_all(program, settings):
    _usher.PROGRAM = program
    said, secrets = [], None
    with Usher(config(settings), sockets=['web']) as usher:
        for most in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            if os.path.exists('keys'):
                os.unlink('keys')
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.maximum_version, context.keylog_filename = most, 'keys'
            with context.wrap_socket(usher.connect('web'), server_hostname='example.com') as s:
                s.sendall(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
                read_head(s.makefile('rb'))
            said.append(dict(zip(EACH, log.recv(65536).decode().rstrip('\n').split('|'))))
            secrets = {'ssl_fc_' + l.split()[0].lower(): l.split()[2] for l in open('keys') if not l.startswith('#')}
        with usher.connect('web') as s:
            s.sendall(GREASY)
            s.shutdown(socket.SHUT_WR)
            read_all(s)
        said.append(dict(zip(EACH, log.recv(65536).decode().rstrip('\n').split('|'))))
    if 'keylog on' in settings:
        for name in SECRETS[1:6]:
            assert said[1][name] == secrets[name] and len(secrets[name]) in (64, 96), (name, said, secrets)
        assert said[1][SECRETS[0]] == said[1][SECRETS[6]] == '-', said
    return [[v for k, v in values.items() if k in HELLO] for values in said]


def wanted(name, values):
    return dict(zip(HELLO, values))[name]


SETTINGS = ('tune.ssl.capture-buffer-size 1000\n    tune.ssl.keylog on', 'tune.ssl.capture-buffer-size 46', 'tune.ssl.capture-cipherlist-size 12',
            'tune.ssl.capture-buffer-size 0\n    tune.ssl.keylog off')
ours = [ask_all(os.environ['HAPROXY_PROGRAM'], s) for s in SETTINGS]
greasy = ours[0][2]
assert greasy == ['771', '0A0A1301C02BC02CFAFA00FF1A2A', '1301C02BC02C00FF1A2A', '0A0A1301C02BC02CFAFA00FF1A2A', '1301C02BC02C00FF1A2A',
                  'UNKNOWN(0a0a),TLS_AES_128_GCM_SHA256,ECDHE-ECDSA-AES128-GCM-SHA256,ECDHE-ECDSA-AES256-GCM-SHA384,UNKNOWN(fafa),'
                  'TLS_EMPTY_RENEGOTIATION_INFO_SCSV,UNKNOWN(1a2a)',
                  'TLS_AES_128_GCM_SHA256,ECDHE-ECDSA-AES128-GCM-SHA256,ECDHE-ECDSA-AES256-GCM-SHA384,TLS_EMPTY_RENEGOTIATION_INFO_SCSV,'
                  'UNKNOWN(1a2a)', '-2504931553117100554', '2A2A0000000A000B000D0A0AABCD', '0000000A000B000DABCD', '0A0A001E1A1A', '001E', '0100',
                  '0-10-11-13-43981'], greasy
assert wanted('ssl_fc_cipherlist_hex', ours[2][2]) == '0A0A1301C02BC02CFAFA00FF' and wanted('ssl_fc_extlist_bin,hex', ours[2][2]) in '-'
assert wanted('ssl_fc_cipherlist_xxh', ours[2][2]) == wanted('ssl_fc_cipherlist_xxh', greasy)
assert all(v == '-' for values in ours[3] for v in values), ours[3]
if HAPROXY:
    os.environ['HAPROXY_ARGS'] = ''  # one of the names is on its way out there, of which it warns
    for settings, said in zip(SETTINGS, ours):
        theirs = ask_all(HAPROXY, settings.replace('cipherlist-size', 'buffer-size'))  # the old name makes it warn
        for a, b in zip(said, theirs):
            differ = {k: (x, y) for k, x, y in zip(HELLO, a, b) if x != y}
            assert not differ, (settings, differ)
