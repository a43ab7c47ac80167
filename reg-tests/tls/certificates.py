#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""crt (file, several, directory, bundle, key beside it), default-crt, strict-sni, ssl-load-extra-files: who asks for a name gets
the certificate that has it, of the kind that the client can verify; files that are no good are refused at start."""
import os
import shutil
import subprocess
from _client import V12, context, serial, shake
from _authority import Authority, read
from _usher import PROGRAM, Usher

a = Authority()
first = a.server('first.example', 'also.first.example')
wild = a.server('*.wild.example')
exact = a.server('exact.wild.example')
ec, rsa = a.server('both.example'), a.server('both.example', key='rsa')
only_rsa = a.server('rsa.example', key='rsa')
apart = a.server('apart.example')

os.makedirs('all')
os.makedirs('all/below')
for path, certificate in (('all/10-first', first), ('all/20-wild.crt', wild), ('all/30-exact', exact), ('bundle.rsa', rsa),
                          ('bundle.ecdsa', ec)):
    shutil.copy(certificate.pem, path)
for path in 'all/.hidden', 'all/x.ocsp', 'all/x.sctl', 'all/x.issuer', 'all/x.key':
    open(path, 'w').write('not a certificate')
shutil.copy(apart.both, 'apart.crt')
shutil.copy(apart.key, 'apart.crt.key')

CONFIG = f'''
global
    log stderr local0 info
defaults
    mode http
    log global
    timeout client 20s
frontend web
    bind fd@${{files}} ssl crt {first.pem} crt {wild.pem} crt {exact.pem} crt {rsa.pem} crt {ec.pem} crt {only_rsa.pem}
    bind fd@${{directory}} ssl crt all crt apart.crt
    bind fd@${{bundle}} ssl crt bundle
    bind fd@${{strict}} ssl strict-sni crt {first.pem} crt {wild.pem}
    http-request return status 200 content-type text/plain string ok
'''


def presented(certificate):
    return certificate.field('serial')


RSA = 'ECDHE-RSA-AES128-GCM-SHA256'
with Usher(CONFIG, sockets=['files', 'directory', 'bundle', 'strict']) as usher:
    any_client, only_12, rsa_client = context(a.root), context(a.root, most=V12), context(a.root, RSA, most=V12)
    for ctx in any_client, only_12:
        for where, name, certificate in (
                ('files', 'first.example', first), ('files', 'also.first.example', first), ('files', 'FIRST.Example', first),
                ('files', 'www.wild.example', wild), ('files', 'WWW.wild.example', wild), ('files', 'exact.wild.example', exact),
                ('files', 'a.b.wild.example', first), ('files', 'wild.example', first), ('files', 'nobody.example', first),
                ('files', None, first), ('files', 'both.example', ec), ('files', 'rsa.example', only_rsa),
                ('directory', 'www.wild.example', wild), ('directory', 'exact.wild.example', exact),
                ('directory', 'first.example', first), ('directory', None, first), ('directory', 'apart.example', apart),
                ('bundle', 'both.example', ec), ('strict', 'first.example', first), ('strict', 'x.wild.example', wild)):
            with shake(usher, where, name, ctx) as s:
                assert serial(s) == presented(certificate), (where, name)
    for where, name in ('files', 'both.example'), ('bundle', 'both.example'):
        with shake(usher, where, name, rsa_client) as s:
            assert serial(s) == presented(rsa), where
    for name in 'nobody.example', 'a.b.wild.example', None:
        why = shake(usher, 'strict', name, any_client)
        assert 'unrecognized name' in why, (name, why)


def refused(line, *words, options=''):
    with open('bad.cfg', 'w') as f:
        f.write(f'global\n    {options}\nfrontend f\n    mode http\n    timeout client 5s\n    bind 127.0.0.1:1 ssl {line}\n')
    done = subprocess.run([PROGRAM, '-c', '-f', 'bad.cfg'], capture_output=True, text=True)
    assert done.returncode == 1, (line, done.stderr)
    for word in ('bad.cfg:6', *words):
        assert word in done.stderr, (line, word, done.stderr)


open('mismatch.pem', 'w').write(read(first.both, wild.key))
open('text.pem', 'w').write('hello')
open('torn.pem', 'w').write(read(first.pem)[:300])
open('keyless.pem', 'w').write(read(first.both))
refused('crt mismatch.pem', 'mismatch.pem')
refused('crt text.pem', 'text.pem')
refused('crt torn.pem', 'torn.pem')
refused('crt keyless.pem', 'keyless.pem', 'rivate')
refused('crt nowhere.pem', 'nowhere.pem')
refused('', 'crt')
with Usher(CONFIG.replace('crt bundle', f'crt {first.pem} default-crt {only_rsa.pem}'),
           sockets=['files', 'directory', 'bundle', 'strict']) as usher:
    for ctx, certificate in (any_client, first), (rsa_client, only_rsa):
        with shake(usher, 'bundle', 'nobody.example', ctx) as s:
            assert serial(s) == presented(certificate)
