#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What goes along with a certificate: the files .ocsp, .issuer and .sctl beside it (ssl-load-extra-files), set ssl ocsp-response, show ssl
ocsp-response, set ssl cert of .ocsp, .issuer and .sctl. A response that is not the certificate's, not good or not fresh is not sent."""
import base64
import os
import subprocess
from _authority import Authority, openssl, read
from _usher import PROGRAM, Usher, WAIT_S, ask_cli

IS_HAPROXY = 'haproxy' in os.path.basename(PROGRAM)
a = Authority()
issuer = a.middle.certificate


def respond(certificate, path, *words):
    openssl('ocsp', '-issuer', issuer.cert, '-cert', certificate.cert, '-reqout', 'request.der', '-no_nonce')
    openssl('ocsp', '-index', os.path.join(a.middle.directory, 'index'), '-rsigner', issuer.cert, '-rkey', issuer.key, '-CA', issuer.cert,
            '-reqin', 'request.der', '-respout', path, *words)


def write(path, *parts):
    with open(path, 'wb') as f:
        f.write(b''.join(p if isinstance(p, bytes) else p.encode() for p in parts))


def scts(*logs):
    """A list of SCTs of version 1, a byte each stands for the logs' numbers; nobody signed them."""
    each = b''.join((n := b'\0' + log * 32 + bytes(8) + b'\0\0' + b'\4\3' + b'\0\2no') and len(n).to_bytes(2, 'big') + n for log in logs)
    return len(each).to_bytes(2, 'big') + each


SCTS, OTHER_SCTS = scts(b'\xa1'), scts(b'\xa1', b'\xb2')
site, bare, later, plain, foreign = (a.server(n + '.example') for n in ('site', 'bare', 'later', 'plain', 'foreign'))
write('no.logs', 'enabled_logs =\n')
write('site.pem', read(site.pem))
respond(site, 'site.pem.ocsp', '-ndays', '7')
write('site.pem.sctl', SCTS)
write('bare.pem', read(bare.cert, bare.key))  # without its issuer
respond(bare, 'bare.pem.ocsp', '-ndays', '7')
write('bare.pem.issuer', read(issuer.cert))
write('later.pem', read(later.pem))
write('later.pem.ocsp')
write('plain.pem', read(plain.pem))
respond(later, 'later.der', '-ndays', '7')
respond(later, 'endless.der')
respond(foreign, 'foreign.der', '-ndays', '7')


def config(more='', bind='crt site.pem crt bare.pem crt later.pem crt plain.pem'):
    return f'''
global
    log stderr local0 info
    stats socket "fd@${{cli}}" level admin
    {more}
defaults
    mode http
    timeout client {WAIT_S}s
frontend web
    bind fd@${{web}} ssl {bind}
    http-request return status 200 content-type text/plain string ok
'''


def heard(name, *words):
    """What a client gets along: whether the issuer calls it good, and of how many logs SCTs came."""
    where = '%s:%d' % usher.address('web')
    done = subprocess.run(['openssl', 's_client', '-connect', where, '-servername', name + '.example', '-status', '-ct', '-ctlogfile', 'no.logs',
                           '-CAfile', a.root, *words], input='Q\n', capture_output=True, text=True, timeout=WAIT_S)
    good = 'Cert Status: good' in done.stdout
    assert good or 'OCSP response: no response sent' in done.stdout, done.stdout + done.stderr
    return good, int(done.stdout.partition('SCTs present (')[2].partition(')')[0])


def cli(command, payload=None):
    lines = '' if payload is None else ' <<\n' + payload.strip() + '\n'
    return ask_cli(usher.address('cli'), command + lines).strip('\n')


def b64(path):
    text = base64.b64encode(open(path, 'rb').read() if isinstance(path, str) else path).decode()
    return text


with Usher(config(), sockets=['web', 'cli']) as usher:
    for version in '-tls1_2', '-tls1_3':
        assert heard('site', version) == (True, 1) and heard('bare', version) == (True, 0), version
        assert heard('later', version) == (False, 0) and heard('plain', version) == (False, 0), version
    # One that comes while usher runs, in a word and in lines.
    for wrong, why in (('foreign.der', 'does not match any certificate or issuer'), ('endless.der', 'missing nextupdate'),
                       ('site.pem', 'Unable to parse OCSP response'), (b'\x30\3\x0a\1\3', 'not successful')):
        assert why in cli('set ssl ocsp-response ' + b64(wrong)), wrong
    assert 'expects response in base64' in cli('set ssl ocsp-response')
    assert 'invalid base64' in cli('set ssl ocsp-response ?')
    assert heard('later') == (False, 0)
    assert cli('set ssl ocsp-response ' + b64('later.der')) == 'OCSP Response updated!'
    assert heard('later') == (True, 0)
    lines = b64('later.der')
    assert cli('set ssl ocsp-response', '\n'.join(lines[i:i + 64] for i in range(0, len(lines), 64))) == 'OCSP Response updated!'
    # Who has one, and what it says.
    listed = cli('show ssl ocsp-response')
    assert listed.startswith('# Certificate IDs\nCertificate ID key : 30') and listed.count('Serial Number: ') == 3
    assert f'   Serial Number: {later.field("serial")}' in listed
    key = cli('show ssl cert later.pem').partition('OCSP Response Key: ')[2].split()[0]
    assert f'Certificate ID key : {key}\n' in listed
    assert 'Cert Status: good' in cli('show ssl ocsp-response ' + key) and 'Cert Status: good' in cli('show ssl cert later.pem.ocsp')
    assert cli('show ssl ocsp-response 30') == 'Certificate ID does not match any certificate.'
    if not IS_HAPROXY:
        # Manual: it has to indicate a good status. HAProxy takes a revoked one here.
        a.revoke(later)
        respond(later, 'revoked.der', '-ndays', '7')
        assert 'status not good' in cli('set ssl ocsp-response ' + b64('revoked.der')) and heard('later') == (True, 0)
        # Parts of a certificate.
        assert 'Transaction created' in cli('set ssl cert plain.pem.ocsp', b64('foreign.der'))
        assert 'does not match' in cli('commit ssl cert plain.pem') and heard('plain') == (False, 0)
        respond(plain, 'plain.der', '-ndays', '7')
        assert 'Transaction updated' in cli('set ssl cert plain.pem.ocsp', b64('plain.der'))
        assert "expected base64" in cli('set ssl cert plain.pem.sctl', '?')
        assert 'no list of SCTs' in cli('set ssl cert plain.pem.sctl', b64(b'\0\3\0\0\1'))
        assert 'Transaction updated' in cli('set ssl cert plain.pem.sctl', b64(OTHER_SCTS))
        assert heard('plain') == (False, 0)
        assert 'Success!' in cli('commit ssl cert plain.pem')
        for version in '-tls1_2', '-tls1_3':
            assert heard('plain', version) == (True, 2)
        # Another key for the same: what came at run time stays. Another certificate: it was the old one's.
        assert 'created' in cli('set ssl cert later.pem.key', read(later.key)) and 'Success!' in cli('commit ssl cert later.pem')
        assert heard('later') == (True, 0)
        text = ''.join(line + '\n' for line in read(foreign.pem).split('\n') if line)
        assert 'created' in cli('set ssl cert plain.pem', text) and 'Success!' in cli('commit ssl cert plain.pem')
        assert heard('foreign') == (False, 0) and cli('set ssl ocsp-response ' + b64('foreign.der')) == 'OCSP Response updated!'
        assert heard('foreign') == (True, 0)
        # Its issuer may come later, too.
        text = ''.join(line + '\n' for line in read(site.cert, site.key).split('\n') if line)
        assert 'created' in cli('set ssl cert site.pem', text) and "needs its issuer's certificate" in cli('commit ssl cert site.pem')
        text = ''.join(line + '\n' for line in read(issuer.cert).split('\n') if line)
        assert 'updated' in cli('set ssl cert site.pem.issuer', text) and 'Success!' in cli('commit ssl cert site.pem')
        assert heard('site') == (False, 0)

# What is not wanted is not read, and what is no good is not sent.
with Usher(config('ssl-load-extra-files issuer sctl'), sockets=['web', 'cli']) as usher:
    assert heard('site') == (False, 1) and heard('bare') == (False, 0)
os.environ['HAPROXY_ARGS'] = ''  # there is a warning
write('later.pem.ocsp', open('foreign.der', 'rb').read())
with Usher(config(), sockets=['web', 'cli']) as usher:
    assert heard('site') == (True, 1) and heard('later') == (False, 0)
assert 'Certificate ID does not match certificate and issuer. Content will be ignored.' in usher.log()


def refused(*words):
    write('bad.cfg', 'frontend f\n    mode http\n    timeout client 5s\n    bind 127.0.0.1:1 ssl crt bare.pem crt site.pem\n')
    done = subprocess.run([PROGRAM, '-c', '-f', 'bad.cfg'], capture_output=True, text=True)
    assert done.returncode == 1 and all(w in done.stderr for w in words), done.stderr


os.unlink('bare.pem.issuer')
refused('bare.pem')
write('bare.pem.issuer', read(issuer.cert))
write('site.pem.sctl', b'\0\1')
refused('site.pem')
