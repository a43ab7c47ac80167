#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a bind line lets clients speak: ssl-min-ver and its like, ciphers, ciphersuites, curves, ecdhe, sigalgs, client-sigalgs,
prefer-client-ciphers, alpn, ssl-default-bind-*, crt-base, DH parameters; and what is refused or says nothing."""
import os
import re
import subprocess
from _client import V12, V13, ask, context, shake
from _authority import Authority, openssl
from _usher import PROGRAM, Usher

IS_HAPROXY = 'haproxy' in os.path.basename(PROGRAM)
a = Authority()
site, rsa = a.server('site.example'), a.server('site.example', key='rsa')
openssl('dhparam', '-out', 'dh.pem', '-dsaparam', '2048')
AES128, AES256 = 'ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'
SHA256, SHA384 = 'TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'
LINES = {
    'default': '',
    'min13': 'ssl-min-ver TLSv1.3',
    'max12': 'ssl-max-ver TLSv1.2',
    'force12': 'force-tlsv12',
    'force13': 'force-tlsv13',
    'no12': 'no-tlsv12',
    'no13': 'no-tlsv13',
    'old': 'ssl-min-ver TLSv1.0 ciphers DEFAULT@SECLEVEL=0',
    'forced11': 'force-tlsv11 ciphers DEFAULT@SECLEVEL=0',
    'forced10': 'force-tlsv10 ciphers DEFAULT@SECLEVEL=0',
    'no10': 'no-tlsv10 no-sslv3 ciphers DEFAULT@SECLEVEL=0',
    'aes256': f'ciphers {AES256} ciphersuites {SHA384}',
    'ours': f'ciphers {AES256}:{AES128} ciphersuites {SHA384}:{SHA256}',
    'theirs': f'prefer-client-ciphers ciphers {AES256}:{AES128} ciphersuites {SHA384}:{SHA256}',
    'curves': 'curves P-384',
    'ecdhe': 'ecdhe secp384r1',
    'alpn': 'alpn http/1.1,http/1.0',
    'alpn2': 'alpn http/1.0,http/1.1',
}
CONFIG = f'''
global
    log stderr local0 info
    crt-base {site.directory}
    ssl-default-bind-options no-tls-tickets
    tune.ssl.hard-maxrecord 4096
    tune.ssl.maxrecord 1419
    tune.idletimer 500
defaults
    mode http
    log global
    timeout client 20s
frontend web
''' + ''.join(f'    bind fd@${{{name}}} ssl crt pem.pem {words}\n' for name, words in LINES.items()) + '''
    http-request return status 200 content-type text/plain string ok
'''
V10, V11 = (getattr(__import__('ssl').TLSVersion, v) for v in ('TLSv1', 'TLSv1_1'))


def version(name, least=None, most=None):
    ctx = context(a.root, least=least, most=most)
    if least in (V10, V11):
        ctx.set_ciphers('DEFAULT@SECLEVEL=0')
    s = shake(usher, name, 'site.example', ctx)
    if isinstance(s, str):
        return None
    with s:
        return s.version()


def client(name, *words):
    """What the openssl command says of a connection."""
    host, port = usher.address(name)
    return subprocess.run(['openssl', 's_client', '-connect', f'{host}:{port}', '-servername', 'site.example', *words],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout


def cipher(name, *words):
    found = re.search(r'^New, .*Cipher is (\S+)', client(name, *words), re.M)
    return found and found.group(1)


with Usher(CONFIG, sockets=LINES) as usher:
    for name, versions in (
            ('default', 'no no 1.2 1.3'), ('min13', 'no no no 1.3'), ('max12', 'no no 1.2 no'), ('force12', 'no no 1.2 no'),
            ('force13', 'no no no 1.3'), ('no12', 'no no no 1.3'), ('no13', 'no no 1.2 no'), ('old', '1 1.1 1.2 1.3'),
            ('forced11', 'no 1.1 no no'), ('forced10', '1 no no no'), ('no10', 'no no 1.2 1.3')):
        got = [version(name, v, v) for v in (V10, V11, V12, V13)]
        assert got == [None if v == 'no' else 'TLSv' + v for v in versions.split()], (name, got)
    both12, both13 = ('-tls1_2', '-cipher', f'{AES128}:{AES256}'), ('-tls1_3', '-ciphersuites', f'{SHA256}:{SHA384}')
    for name, of12, of13 in ('ours', AES256, SHA384), ('theirs', AES128, SHA256), ('aes256', AES256, SHA384):
        assert cipher(name, *both12) == of12, name
        assert cipher(name, *both13) == of13, name
    assert cipher('aes256', '-tls1_2', '-cipher', AES128) == '(NONE)'
    assert cipher('aes256', '-tls1_3', '-ciphersuites', SHA256) == '(NONE)'
    for name in 'curves', 'ecdhe':
        assert 'Server Temp Key: ECDH, secp384r1' in client(name, '-groups', 'X25519:P-384'), name
        assert cipher(name, '-groups', 'X25519') == '(NONE)', name
    for name, offered, chosen in (
            ('alpn', ['http/1.0', 'http/1.1'], 'http/1.1'), ('alpn2', ['http/1.1', 'http/1.0'], 'http/1.0'),
            ('alpn', ['other'], None), ('alpn', None, None), ('default', ['http/1.1'], None)):
        with shake(usher, name, 'site.example', context(a.root, alpn=offered)) as s:
            assert s.selected_alpn_protocol() == chosen, (name, offered, s.selected_alpn_protocol())
            assert ask(s)[0] == b'HTTP/1.1 200 OK'

GLOBALS = {
    'dh': (f'tune.ssl.default-dh-param 2048', f'crt {rsa.pem}', ('-tls1_2', '-cipher', 'DHE-RSA-AES128-GCM-SHA256'), 'DHE-RSA-AES128-GCM-SHA256'),
    'dhfile': (f'ssl-dh-param-file dh.pem', f'crt {rsa.pem}', ('-tls1_2', '-cipher', 'DHE-RSA-AES128-GCM-SHA256'), 'DHE-RSA-AES128-GCM-SHA256'),
    'nodh': ('', f'crt {rsa.pem}', ('-tls1_2', '-cipher', 'DHE-RSA-AES128-GCM-SHA256'), '(NONE)'),
    'ciphers': (f'ssl-default-bind-ciphers {AES256}', f'crt {site.pem}', both12, AES256),
    'suites': (f'ssl-default-bind-ciphersuites {SHA384}', f'crt {site.pem}', both13, SHA384),
    'curves': ('ssl-default-bind-curves P-521', f'crt {site.pem}', ('-groups', 'P-256'), '(NONE)'),
    'options': ('ssl-default-bind-options ssl-max-ver TLSv1.2 prefer-client-ciphers', f'crt {site.pem}', both12, AES128),
    'over': (f'ssl-default-bind-ciphers {AES128}', f'crt {site.pem} ciphers {AES256}', both12, AES256),
    'sigalgs': ('', f'crt {site.pem} sigalgs ECDSA+SHA384:ECDSA+SHA256 client-sigalgs ECDSA+SHA384', ('-tls1_2', '-sigalgs', 'ECDSA+SHA512'), '(NONE)'),
    'defaultsigalgs': ('ssl-default-bind-sigalgs ECDSA+SHA256\n    ssl-default-bind-client-sigalgs ECDSA+SHA256', f'crt {site.pem}', ('-tls1_2', '-sigalgs', 'ECDSA+SHA512'), '(NONE)'),
}
for word, (first, line, words, expected) in GLOBALS.items():
    if IS_HAPROXY and 'sigalgs' in word:
        continue
    with Usher(f'global\n    {first}\ndefaults\n    mode http\n    timeout client 5s\nfrontend f\n    bind fd@${{one}} ssl {line}\n',
               sockets=['one']) as usher:
        assert cipher('one', *words) == expected, (word, cipher('one', *words))


def starts(line, first=''):
    """Whether such a configuration is accepted; and what is said of it."""
    with open('some.cfg', 'w') as f:
        f.write(f'global\n    {first}\nfrontend f\n    mode http\n    timeout client 5s\n    bind 127.0.0.1:1 ssl crt {site.pem} {line}\n')
    said = [subprocess.run([PROGRAM, '-c', how, '-f', 'some.cfg'], capture_output=True, text=True) for how in ('-dW', '-dD')]
    return said[0].returncode == 0, said[1].stderr


for line, first, word in (('ciphers NONESUCH', '', 'some.cfg:6'), ('curves nonesuch', '', 'some.cfg:6'), ('ssl-min-ver TLSv1.9', '', 'some.cfg:6'),
                          ('ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2', '', 'some.cfg:6'), ('', 'ssl-default-bind-options nonesuch', 'some.cfg:2'),
                          ('', 'ssl-dh-param-file nowhere.pem', 'some.cfg:2'), ('npn http/1.1', '', "say 'alpn'"), ('force-sslv3', '', 'some.cfg:6'),
                          ('', 'ssl-engine rdrand', 'ssl-engine'), ('', 'ssl-mode-async', 'ssl-mode-async'),
                          ('generate-certificates ca-sign-file x.pem', '', 'generate-certificates'), ('allow-0rtt', '', 'allow-0rtt')):
    ok, said = starts(line, first)
    assert IS_HAPROXY or (not ok and word in said), (line, first, said)
for line, first in (('alpn h2,http/1.1', ''), ('no-sslv3 no-tlsv10 no-tlsv11', ''), ('tls-tickets no-strict-sni no-alpn', ''),
                    ('', 'tune.ssl.force-private-cache'), ('', 'ssl-load-extra-files none'), ('', 'ssl-load-extra-files key bundle'),
                    ('', 'ssl-load-extra-del-ext'), ('', 'tune.ssl.lifetime 60'), ('', 'maxsslconn 1000'), ('', 'maxsslrate 1000')):
    ok, said = starts(line, first)
    assert IS_HAPROXY or ok, (line, first, said)
    assert IS_HAPROXY or 'h2' not in line or 'h2 is not answered to' in said, said
