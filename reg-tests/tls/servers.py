#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The words of server lines about TLS, and their global defaults: whose certificate is trusted, which versions, ciphers and
groups are spoken, what is offered; and configurations that leave nothing to speak are refused."""
import os
import shutil
import ssl
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _authority import Authority
from _usher import Origin, PROGRAM, Usher, WAIT_S, ask_cli, read_head

authority = Authority()
site = authority.server('site.test', '*.site.test', '127.0.0.1')
ours = authority.client('usher')
revoked = authority.server('revoked.test')
authority.revoke(revoked)
os.mkdir('trusted')
shutil.copy(authority.root, 'trusted/root.crt')
open('trusted/notes.txt', 'w').write('no certificate')
open('trusted/notes.pem', 'w').write('none either')
os.mkdir('nothing')
shutil.copy(authority.root, 'root.pem')
shutil.copy(ours.pem, 'ours.pem')
open('garbage.pem', 'w').write('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')


def origin(certificate=site, alpn=(), **options):
    """Its answers say what was spoken."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.pem)
    if options.pop('asks', False):
        context.load_verify_locations(authority.root)
        context.verify_mode = ssl.CERT_REQUIRED
    if alpn:
        context.set_alpn_protocols(alpn)
    for name, value in options.items():
        if callable(getattr(context, name)):
            getattr(context, name)(value)
        else:
            setattr(context, name, value)

    def serve(s):
        with context.wrap_socket(s, server_side=True) as t:
            peer = dict(f[0] for f in t.getpeercert()['subject'])['commonName'] if t.getpeercert() else None
            said = f'{t.version()} {t.cipher()[0]} {t.selected_alpn_protocol()} {peer}'.encode()
            f = t.makefile('rb')
            while read_head(f):
                t.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(said) + said)
    return Origin(serve)


V10, V12, V13 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ORIGINS = {
    'any': origin(alpn=['h2', 'http/1.1']), 'v12': origin(maximum_version=V12), 'v13': origin(minimum_version=V13),
    'asks': origin(asks=True), 'late': origin(authority.server('late.test', days=(-20, -10))),
    'client': origin(authority.server('client.test', purpose='client')), 'revoked': origin(revoked),
    'p384': origin(set_ecdh_curve='secp384r1'), 'rsa': origin(authority.server('site.test', key='rsa'), maximum_version=V12),
}
CA = f'ca-file {authority.root}'
CASES = [  # origin, words, what its answer holds; None: no connection comes about
    ('any', f'ssl {CA}', 'TLSv1.3'),
    ('any', f'ssl {CA} verifyhost www.site.test', 'TLSv1.3'),
    ('any', f'ssl {CA} verifyhost 127.0.0.1', 'TLSv1.3'),
    ('any', f'ssl {CA} verifyhost 127.0.0.2', None),
    ('any', f'ssl {CA} verifyhost a.b.site.test', None),
    ('any', f'ssl {CA} verifyhost other.test', None),
    ('any', 'ssl verify none verifyhost other.test', 'TLSv1.3'),
    ('any', f'ssl {CA} verifyhost other.test no-verifyhost', 'TLSv1.3'),
    ('any', 'ssl ca-file trusted', 'TLSv1.3'),
    ('any', 'ssl ca-file @system-ca', 'TLSv1.3'),
    ('any', f'ssl ca-file {revoked.cert}', None),
    ('any', f'ssl {CA} crl-file {authority.crl}', 'TLSv1.3'),
    ('any', f'ssl {CA} crl-file {authority.top.crl}', None),  # the intermediate has no list there
    ('revoked', f'ssl {CA} crl-file {authority.crl}', None),
    ('revoked', f'ssl {CA}', 'TLSv1.3'),
    ('late', f'ssl {CA}', None),
    ('late', 'ssl verify none', 'TLSv1.3'),
    ('client', f'ssl {CA}', None),
    ('any', f'ssl {CA} ssl-max-ver TLSv1.2', 'TLSv1.2'),
    ('any', f'ssl {CA} no-tlsv13', 'TLSv1.2'),
    ('any', f'ssl {CA} force-tlsv12', 'TLSv1.2'),
    ('any', f'ssl {CA} force-tlsv13 no-sslv3 no-tlsv10 no-tlsv11', 'TLSv1.3'),
    ('v12', f'ssl {CA} ssl-min-ver TLSv1.3', None),
    ('v12', f'ssl {CA} no-tlsv12', None),
    ('v13', f'ssl {CA} ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.2', None),
    ('any', f'ssl {CA} force-tlsv10', None),
    ('any', f'ssl {CA} force-tlsv11', None),
    ('any', f'ssl {CA} no-tlsv13 ciphers ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'),
    ('any', f'ssl {CA} ciphersuites TLS_CHACHA20_POLY1305_SHA256', 'TLS_CHACHA20_POLY1305_SHA256'),
    ('p384', f'ssl {CA} curves P-384:X25519', 'TLSv1.3'),
    ('p384', f'ssl {CA} curves X25519', None),
    ('rsa', f'ssl {CA} sigalgs RSA-PSS+SHA256', 'TLSv1.2'),
    ('rsa', f'ssl {CA} sigalgs ECDSA+SHA256', None),
    ('asks', f'ssl {CA} crt ours.pem', 'usher'),
    ('asks', f'ssl {CA} crt ours.pem client-sigalgs ECDSA+SHA256 sigalgs ECDSA+SHA256', 'usher'),
    ('any', f'ssl {CA} alpn h2,http/1.1', 'http/1.1'),
    ('any', f'ssl {CA} alpn h2', 'None'),
    ('any', f'ssl {CA} no-tls-tickets', 'TLSv1.3'),
    ('any', f'ssl {CA} no-tls-tickets tls-tickets', 'TLSv1.3'),
    ('any', 'no-ssl', None),
]
# Under these defaults; files begin at ca-base and crt-base.
WITH_DEFAULTS = [
    ('any', 'ssl', 'TLS_AES_128_GCM_SHA256'),
    ('late', 'ssl', 'TLSv1.3'),
    ('late', 'ssl verify required ca-file root.pem', None),
    ('any', 'ssl ca-file root.pem verify required force-tlsv12', 'ECDHE-ECDSA-CHACHA20-POLY1305'),
    ('v12', 'ssl', None),
    ('p384', 'ssl', None),
    ('p384', 'ssl curves P-384', 'TLSv1.3'),
    ('asks', 'ssl crt ours.pem', 'usher'),
    ('rsa', 'ssl no-tlsv13 ssl-min-ver TLSv1.2', None),
]
DEFAULTS = f'''
    ca-base {os.getcwd()}
    crt-base {os.getcwd()}
    ssl-server-verify none
    ssl-default-server-options ssl-min-ver TLSv1.3 no-tls-tickets
    ssl-default-server-ciphers ECDHE-ECDSA-CHACHA20-POLY1305
    ssl-default-server-ciphersuites TLS_AES_128_GCM_SHA256
    ssl-default-server-curves P-256
    ssl-default-server-sigalgs ECDSA+SHA256
    ssl-default-server-client-sigalgs ECDSA+SHA256'''


def configuration(cases, settings='', mode='http'):
    backends = ''.join(f'backend b{i}\n    server s 127.0.0.1:{ORIGINS[name].port} {words}\n'
                       for i, (name, words, _) in enumerate(cases))
    return f'''
global{settings}
defaults
    mode {mode}
    retries 0
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
frontend web
    mode http
    bind fd@${{web}}
    use_backend %[path,bytes(1)]
{backends}'''


def ask(usher, path):
    with usher.connect('web') as s:
        s.sendall(b'GET /%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n' % path.encode())
        f = s.makefile('rb')
        head = read_head(f).decode()
        return int(head.split()[1]), f.read().decode()


for cases, settings in (CASES, ''), (WITH_DEFAULTS, DEFAULTS):
    with Usher(configuration(cases, settings), sockets=['web'], env={'SSL_CERT_DIR': os.path.join(os.getcwd(), 'trusted')}) as usher:
        for i, (name, words, expected) in enumerate(cases):
            status, body = ask(usher, f'b{i}')
            assert (status == 200 and expected in body.split()) if expected else status in (502, 503), (name, words, status, body)

FAULTS = [  # words, what the report says
    ('ssl', 'verify is enabled but no CA file is given'),
    ('ssl verify', "'none' or 'required'"),
    ('ssl verify maybe', "'none' or 'required'"),
    ('ssl ca-file /nowhere.pem', "unable to load CA file '/nowhere.pem'"),
    ('ssl ca-file garbage.pem', "unable to load CA file 'garbage.pem'"),
    ('ssl ca-file nothing', "unable to load CA files from 'nothing'"),
    (f'ssl {CA} crl-file /nowhere.pem', "unable to load CRL file '/nowhere.pem'"),
    (f'ssl {CA} crl-file {authority.root}', 'unable to load CRL file'),
    (f'ssl {CA} crt {ours.cert}', 'no private key in file'),
    (f'ssl {CA} crt /nowhere.pem', 'cannot read the certificate'),
    (f'ssl {CA} verifyhost ""', 'is no name'),
    ('ssl verify none ssl-min-ver TLSv1.4', "'TLSv1.4' is no version"),
    ('ssl verify none ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2', 'leave none'),
    ('ssl verify none no-tlsv12 no-tlsv13', 'leave none'),
    ('ssl verify none force-sslv3', 'leave none'),
    ('ssl verify none ciphers none-such', "unable to set ciphers 'none-such'"),
    ('ssl verify none ciphersuites none-such', "unable to set ciphersuites 'none-such'"),
    ('ssl verify none curves none-such', "unable to set curves 'none-such'"),
    ('ssl verify none sigalgs none-such', "unable to set sigalgs 'none-such'"),
    ('ssl verify none client-sigalgs none-such', "unable to set client-sigalgs 'none-such'"),
    ('ssl verify none alpn h2,', 'expected names of 1 to 255 bytes'),
    ('ssl verify none npn h2', "'alpn' names protocols"),
    ('ssl verify none allow-0rtt', 'usher sends no early data'),
]
ADDED = [  # words of `add server`, what the answer holds
    ('ssl', 'verify is enabled but no CA file is given'), ('check check-ssl', 'verify is enabled but no CA file is given'),
    ('ssl ca-file /nowhere.pem', 'No such file'), ('ssl verify none crt /nowhere.pem', 'No such file'),
    ('ssl verify none ciphers none-such', "unable to set ciphers 'none-such'"), ('ssl verify none sni nonsense(a)', "unknown fetch 'nonsense'"),
    ('ssl verify none sni map_str(x)', 'map_str'),
    (f'ssl ca-file {authority.root} crt ours.pem sni str(WWW.site.test),lower check check-ssl check-sni www.site.test', 'New server registered.'),
]
with Usher(configuration([]).replace('global', 'global\n    stats socket fd@${cli} level admin') + 'backend b\n    balance roundrobin\n',
           sockets=['web', 'cli']) as usher:
    for words, expected in ADDED:
        said = ask_cli(usher.address('cli'), f'add server b/s 127.0.0.1:{ORIGINS["any"].port} {words}')
        assert expected in said, (words, said)
    ask_cli(usher.address('cli'), 'enable server b/s')
    status, body = ask(usher, 'b')
    assert status == 200 and 'TLSv1.3' in body, (status, body)
    ask_cli(usher.address('cli'), 'disable server b/s')
    said = ''
    while 'Server deleted.' not in said:  # once its last connection is over
        said = ask_cli(usher.address('cli'), 'del server b/s')
        assert 'Server deleted.' in said or 'still has connections' in said, said

# On the command line the same as ssl-server-verify none; what the file says goes before it.
for settings, status in ('', 0), ('ssl-server-verify required', 1):
    with open('verify.cfg', 'w') as f:
        f.write(f'global\n    {settings}\nlisten l\n    timeout client 1s\n    timeout connect 1s\n    timeout server 1s\n    bind unix@l.sock\n    server s 127.0.0.1:1 ssl\n')
    done = subprocess.run([PROGRAM, '-dV', '-c', '-f', 'verify.cfg'], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == status, (settings, done)
GLOBAL_FAULTS = [
    ('ssl-default-server-options', 'expected options'),
    ('ssl-default-server-options verify', "'verify' is no option here"),
    ('ssl-default-server-options ssl-min-ver 1.2', "'1.2' is no version"),
    ('ssl-server-verify optional', "'none' or 'required'"),
    ('ssl-default-server-ciphers none-such', "unable to set ciphers 'none-such'"),
]


def faults(config):
    open('fault.cfg', 'w').write(config)
    done = subprocess.run([PROGRAM, '-c', '-f', 'fault.cfg'], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 1, (config, done.stderr)
    return done.stderr


for words, expected in FAULTS:
    report = faults(f'backend b\n    server s 127.0.0.1:1 {words}\n')
    assert expected in report, (words, report)
for words, expected in GLOBAL_FAULTS:
    report = faults(f'global\n    {words}\nbackend b\n    server s 127.0.0.1:1 ssl verify none\n')
    assert expected in report, (words, report)
