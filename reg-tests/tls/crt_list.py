#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""crt-list: certificates with names and settings of their own: filters, wild and negated ones, "!*", words between brackets; what
is wrong in a list is told with its file and line."""
import os
import subprocess
from _client import V12, V13, ask, context, serial, shake
from _authority import Authority
from _usher import PROGRAM, Usher

IS_HAPROXY = 'haproxy' in os.path.basename(PROGRAM)
a = Authority()
first, wild, exact = a.server('first.example', 'second.example'), a.server('*.wild.example'), a.server('exact.example')
proved, old, star = a.server('proved.example'), a.server('old.example'), a.server('star.example')
alice = a.client('alice')


def write(name, text):
    with open(name, 'w') as f:
        f.write(text)


write('list', f"""# comment

{first.pem} !*
{wild.pem}\t *.domain.tld !secure.domain.tld
{exact.pem} [alpn http/1.0,http/1.1 curves P-384]   Exact.Example other.example
  {proved.pem} [verify required ca-file {a.root}]
{old.pem} [ssl-max-ver TLSv1.2 ciphers ECDHE-ECDSA-AES256-GCM-SHA384] old.example
{first.pem} [ alpn http/1.1 ] again.example
""")
write('minus', f'{exact.pem}\n{first.pem} !second.example\n')
write('only', f'{exact.pem}\n{first.pem} only.example !*\n')
CONFIG = f'''
global
    log stderr local0 info
defaults
    mode http
    log global
    timeout client 20s
frontend web
    bind fd@${{list}} ssl crt-list list alpn http/1.1
    bind fd@${{minus}} ssl crt-list minus
    bind fd@${{only}} ssl crt-list only
    bind fd@${{both}} ssl crt {star.pem} crt-list list strict-sni
    http-request return status 200 content-type text/plain string ok
'''


with Usher(CONFIG, sockets=['list', 'minus', 'only', 'both']) as usher:
    for version in V12, V13:
        plain = context(a.root, least=version, most=version)
        for where, name, certificate in (
                ('list', 'first.example', first), ('list', None, first), ('list', 'nobody.example', first),
                ('list', 'www.domain.tld', wild), ('list', 'secure.domain.tld', first), ('list', 'a.wild.example', first),
                ('list', 'exact.example', exact), ('list', 'OTHER.example', exact), ('list', 'again.example', first),
                ('only', 'only.example', first), ('only', 'first.example', exact), ('both', 'star.example', star),
                ('both', 'www.domain.tld', wild)):
            with shake(usher, where, name, plain) as s:
                assert serial(s) == certificate.field('serial'), (version, where, name)
        # HAProxy forgets the certificate's own names where there is a filter, even one that only takes away.
        for name, certificate in (('first.example', first), ('second.example', exact)) if not IS_HAPROXY else ():
            with shake(usher, 'minus', name, plain) as s:
                assert serial(s) == certificate.field('serial'), (version, name)
        for name in 'secure.domain.tld', 'first.example', None:
            assert 'unrecognized name' in shake(usher, 'both', name, plain), name
        # Settings of one certificate.
        s = shake(usher, 'list', 'proved.example', plain)
        assert isinstance(s, str) or ask(s)[0] != b'HTTP/1.1 200 OK'
        with shake(usher, 'list', 'proved.example', context(a.root, least=version, most=version, certificate=alice)) as s:
            assert ask(s)[0] == b'HTTP/1.1 200 OK' and serial(s) == proved.field('serial')
        protocols = context(a.root, least=version, most=version, alpn=['http/1.1', 'http/1.0'])
        for name, chosen in ('exact.example', 'http/1.0'), ('again.example', 'http/1.1'), ('first.example', 'http/1.1'):
            with shake(usher, 'list', name, protocols) as s:
                assert s.selected_alpn_protocol() == chosen, (version, name, s.selected_alpn_protocol())
        with shake(usher, 'list', 'exact.example', plain) as s:
            # Who proved nothing elsewhere proves nothing by resuming, although with HAProxy it does.
            ask(s)
            s = shake(usher, 'list', 'proved.example', plain, s.session)
            assert IS_HAPROXY or isinstance(s, str) or ask(s)[0] != b'HTTP/1.1 200 OK'
    with shake(usher, 'list', 'old.example', context(a.root)) as s:
        assert s.version() == 'TLSv1.2' and s.cipher()[0] == 'ECDHE-ECDSA-AES256-GCM-SHA384'
    host, port = usher.address('list')
    for name, group in ('exact.example', 'secp384r1'), ('first.example', 'X25519'):
        said = subprocess.run(['openssl', 's_client', '-connect', f'{host}:{port}', '-servername', name, '-groups', 'X25519:P-384'],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
        assert f'Server Temp Key: {group}' in said or f'Server Temp Key: ECDH, {group}' in said, (name, said)


def refused(text, *words):
    write('bad', f'# first\n{text}\n')
    write('bad.cfg', f'frontend f\n    mode http\n    timeout client 5s\n    bind 127.0.0.1:1 ssl crt {star.pem} crt-list bad\n')
    done = subprocess.run([PROGRAM, '-c', '-f', 'bad.cfg'], capture_output=True, text=True)
    assert done.returncode == 1, (text, done.stderr)
    for word in words if not IS_HAPROXY else ():
        assert word in done.stderr, (text, word, done.stderr)


refused('nowhere.pem', 'bad:2', 'nowhere.pem', 'bad.cfg:4')
refused(f'{first.pem} [alpn http/1.1', 'bad:2', ']')
refused(f'{first.pem} [nonesuch] first.example', 'bad:2', 'nonesuch')
refused(f'{first.pem} [verify sometimes] first.example', 'bad:2', 'sometimes')
refused(f'{first.pem} [strict-sni] first.example', 'bad:2', 'strict-sni')
refused(f'{first.pem} [verify required] first.example', 'ca-file')
