#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""verify none, optional and required, ca-file (file, directory), ca-verify-file, crl-file, ca-ignore-err, crt-ignore-err,
no-ca-names, ca-base: whose certificates are accepted, what is logged of those that are not, and what clients are told of issuers."""
import os
import shutil
import subprocess
from _client import V12, V13, ask, context, shake
from _authority import Authority, read
from _usher import PROGRAM, Usher

a, other = Authority(), Authority()
site = a.server('site.example')
alice, mallory, late = a.client('alice'), a.client('mallory', purpose='server'), a.client('late', days=(-20, -10))
bob, stranger = a.client('bob'), other.client('stranger')
a.revoke(bob)
OK = b'HTTP/1.1 200 OK'
os.mkdir('cas')
shutil.copy(a.root, 'cas/one.pem')
open('cas/.hidden.pem', 'w').close()
with open('cas/readme.txt', 'w') as f:
    f.write('no certificate')

CONFIG = f'''
global
    log stderr local0 info
    ca-base {a.directory}
defaults
    mode http
    log global
    timeout client 20s
frontend web
    bind fd@${{none}} ssl crt {site.pem} ca-file {a.root} verify none
    bind fd@${{optional}} ssl crt {site.pem} ca-file {a.root} verify optional
    bind fd@${{required}} ssl crt {site.pem} ca-file {a.root} verify required
    bind fd@${{directory}} ssl crt {site.pem} ca-file {os.getcwd()}/cas verify required
    bind fd@${{base}} ssl crt {site.pem} ca-file {os.path.relpath(a.root, a.directory)} verify required crl-file crl.pem
    bind fd@${{expired}} ssl crt {site.pem} ca-file {a.root} verify required crt-ignore-err 10
    bind fd@${{all}} ssl crt {site.pem} ca-file {a.root} verify optional crt-ignore-err all ca-ignore-err all
    bind fd@${{quiet}} ssl crt {site.pem} ca-file {a.root} verify optional no-ca-names
    bind fd@${{apart}} ssl crt {site.pem} ca-file {a.intermediate} ca-verify-file {a.root} verify required
    http-request return status 200 content-type text/plain string ok
'''
NAMES = ['none', 'optional', 'required', 'directory', 'base', 'expired', 'all', 'quiet', 'apart']


def works(name, certificate, version):
    s = shake(usher, name, 'site.example', context(a.root, most=version, least=version, certificate=certificate))
    if isinstance(s, str):
        return False
    with s:
        return ask(s)[0] == OK


def told(name):
    """The names of issuers that a client is told."""
    host, port = usher.address(name)
    done = subprocess.run(['openssl', 's_client', '-connect', f'{host}:{port}', '-tls1_2', '-servername', 'site.example'],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    text = done.stdout
    return [n for n in ('Root for tests', 'Intermediate for tests')
            if f'CN = {n}' in text.partition('Acceptable client certificate CA names')[2].partition('Client Certificate Types')[0]]


with Usher(CONFIG, sockets=NAMES) as usher:
    for version in V12, V13:
        for name, good, bad in (
                ('none', (None, alice, mallory, stranger), ()),
                ('optional', (None, alice, bob), (late, mallory, stranger)),
                ('required', (alice, bob), (None, late, mallory, stranger)),
                ('directory', (alice,), (None, stranger)),
                ('base', (alice,), (bob, None, stranger)),
                ('expired', (alice, late), (None, mallory, stranger)),
                ('all', (None, alice, late, mallory, stranger), ()),
                ('quiet', (None, alice), (late, stranger)),
                ('apart', (alice,), (None, stranger))):
            for certificate in good:
                assert works(name, certificate, version), (version, name, certificate and certificate.field('subject'))
            for certificate in bad:
                assert not works(name, certificate, version), (version, name, certificate and certificate.field('subject'))
    assert told('required') == ['Root for tests'], told('required')
    assert told('quiet') == [] and told('none') == []
    assert told('apart') == ['Intermediate for tests'], told('apart')
    log = usher.log()
    assert 'SSL client certificate not trusted' in log, log
    assert 'SSL client CA chain cannot be verified' in log, log
    assert 'SSL handshake failure' in log, log
if 'haproxy' not in os.path.basename(PROGRAM):
    for words in ('(certificate has expired)', '(certificate revoked)', '(peer did not return a certificate)', '(unable to get local issuer',
                  '(unsuitable certificate purpose)'):
        assert words in log or words.replace('unsuitable', 'unsupported') in log, (words, log)


def refused(line, word):
    with open('bad.cfg', 'w') as f:
        f.write(f'frontend f\n    mode http\n    timeout client 5s\n    bind 127.0.0.1:1 ssl crt {site.pem} {line}\n')
    done = subprocess.run([PROGRAM, '-c', '-f', 'bad.cfg'], capture_output=True, text=True)
    assert done.returncode == 1 and word in done.stderr and 'bad.cfg:4' in done.stderr, (line, done.stderr)


refused('verify required', 'ca-file' if 'haproxy' not in PROGRAM else '')
refused('verify sometimes', 'sometimes')
refused('ca-file nowhere.pem verify required', 'nowhere.pem')
refused(f'ca-file {a.root} crl-file nowhere.pem verify required', 'nowhere.pem')
refused(f'ca-file {a.root} verify optional crt-ignore-err some', 'some')
