#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""set ssl ca-file, commit ssl ca-file, abort ssl ca-file, new ssl ca-file, del ssl ca-file, show ssl ca-file, add ssl ca-file,
set ssl crl-file, commit ssl crl-file, abort ssl crl-file, new ssl crl-file, del ssl crl-file, show ssl crl-file; show ssl providers:
who is trusted changes with the commit and not before; what is no certificate, or no list, changes nothing."""
import ssl
from _client import V12, V13, ask, context, shake
from _authority import Authority, openssl, read
from _usher import Origin, Usher, WAIT_S, ask_cli, read_head

ours, others = Authority(), Authority()
good, foreign, front = ours.server('good.example'), others.server('foreign.example'), ours.server('front.example')


def answers(certificate):
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate.pem)

    def serve(s):
        try:
            with serving.wrap_socket(s, server_side=True) as t:
                f = t.makefile('rb')
                while read_head(f):
                    t.sendall(b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
        except ssl.SSLError:
            pass
    return Origin(serve)


origins = {b'/good': answers(good), b'/foreign': answers(foreign)}
with open('ca.pem', 'w') as f:
    f.write(read(ours.root))
with open('crl.pem', 'w') as f:
    f.write(read(ours.crl))
for name, text in ('clients.pem', read(ours.root)), ('clients.crl', read(ours.crl)):
    with open(name, 'w') as f:
        f.write(text)
CONFIG = f'''
global
    log stderr local0 info
    nbthread 2
    stats socket "fd@${{cli}}" level admin
defaults
    mode http
    log global
    retries 0
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
frontend web
    bind fd@${{web}}
    bind fd@${{asks}} ssl crt {front.pem} verify required ca-file clients.pem crl-file clients.crl
    http-request return status 200 content-type text/plain string ok if {{ path / }}
    use_backend foreign if {{ path /foreign }}
    default_backend good
backend good
    server s 127.0.0.1:{origins[b'/good'].port} ssl verify required ca-file ca.pem crl-file crl.pem
backend foreign
    server s 127.0.0.1:{origins[b'/foreign'].port} ssl verify required ca-file ca.pem
'''


def cli(command, *files):
    payload = ''.join(line + '\n' for line in read(*files).split('\n') if line) if files else ''
    return ask_cli(usher.address('cli'), command + (' <<\n' + payload if files else ''))


def says(answer, *words):
    assert all(w in answer for w in words), answer


def reached():
    with usher.connect('web') as s:
        good_one = ask(s, b'/good')[0]
    with usher.connect('web') as s:
        return [b'200' in good_one, b'200' in ask(s, b'/foreign')[0]]


with Usher(CONFIG, sockets=['web', 'asks', 'cli']) as usher:
    assert reached() == [True, False]
    open('garbage.pem', 'w').write('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
    for kind, name, file, other, text in (('ca-file', 'CA', 'ca.pem', 'crl.pem', 'Certificate #1:'),
                                          ('crl-file', 'CRL', 'crl.pem', 'ca.pem', 'Certificate Revocation List #1:')):
        says(cli(f'set ssl {kind}'), 'expects a filename')
        for verb in 'commit', 'abort', 'new', 'del':
            says(cli(f'{verb} ssl {kind}'), f"'{verb} ssl {kind}' expects a")
        says(cli(f'set ssl {kind} nobody', file), f"Can't replace a {name} file which is not referenced", "Can't update nobody!")
        says(cli(f'set ssl {kind} {file}', 'garbage.pem'), 'Invalid payload: ', f"Can't update {file}!")
        says(cli(f'set ssl {kind} {file}', other), f'Invalid payload: there are no {name}s in it')
        says(cli(f'commit ssl {kind} {file}'), f"No ongoing transaction!\nCan't commit {file}!")
        says(cli(f'abort ssl {kind} {file}'), 'No ongoing transaction!')
        says(cli(f'set ssl {kind} {file}', file), f'transaction created for {name} {file}!')
        says(cli(f'set ssl {kind} {file}', file), f'transaction updated for {name} {file}!')
        says(cli(f'show ssl {kind}'), f'# transaction\n*{file}', '# filename\n', f'\n{file}')
        says(cli(f'show ssl {kind} *{file}'), f'Filename: *{file}\nStatus: Unused\n \n{text}\n')
        says(cli(f'abort ssl {kind} {file}'), 'Transaction aborted')
        says(cli(f'show ssl {kind} *{file}'), f"Can't display the {name} file : Not found!")
        says(cli(f'show ssl {kind} {file}:x'), f"wrong {name} index after colons in '{file}:x'!")
        assert cli(f'show ssl {kind} {file}:9') == f'Filename: {file}\nStatus: Used\n\n'
        says(cli(f'show ssl {kind} {file}:1'), f'Status: Used\n \n{text}\n', 'Issuer: /O=Tests/CN=')
        says(cli(f'new ssl {kind} {file}'), f"{name} file '{file}' already exists!")
        assert cli(f'new ssl {kind} kept') == f"New {name} file created 'kept'!\n\n"
        says(cli(f'show ssl {kind} kept'), 'Filename: kept\nStatus: Empty\n')
        cli(f'set ssl {kind} kept', file)
        assert cli(f'commit ssl {kind} kept') == 'Committing kept\nSuccess!\n\n'
        says(cli(f'show ssl {kind} kept'), 'Filename: kept\nStatus: Unused\n')
        assert cli(f'del ssl {kind} kept') == f"{name} file 'kept' deleted!\n\n"
        says(cli(f'del ssl {kind} kept'), f"Can't remove the {name} file: {name} file 'kept' doesn't exist!")
        says(cli(f'del ssl {kind} {file}'), "in use, can't be deleted!")
    says(cli('show ssl ca-file'), 'ca.pem - 1 certificate(s)\n')
    says(cli('show ssl ca-file ca.pem'), 'Serial: ' + openssl('x509', '-in', ours.root, '-noout', '-serial').strip().split('=')[1],
         'Subject: /O=Tests/CN=Root for tests\nIssuer: /O=Tests/CN=Root for tests\n', 'Algorithm: EC256\n')
    says(cli('show ssl crl-file crl.pem'), 'Version 2\nSignature Algorithm: ecdsa-with-SHA256\nIssuer: /O=Tests/CN=Intermediate for tests\n',
         'No Revoked Certificates.\n \nCertificate Revocation List #2:\n')
    assert reached() == [True, False]

    # Two roots, one, the other; and with the lists that name who is revoked.
    for trusted, expected in ((ours.root, others.root), [True, True]), ((others.root,), [False, True]), ((ours.root,), [True, False]):
        cli('set ssl ca-file ca.pem', *trusted)
        before = reached()
        assert cli('commit ssl ca-file ca.pem') == 'Committing ca.pem..\nSuccess!\n\n'
        assert before != expected and reached() == expected, (before, expected)
        says(cli('show ssl ca-file'), f'ca.pem - {len(trusted)} certificate(s)\n')
    cli('set ssl ca-file ca.pem', others.root)
    says(cli('add ssl ca-file ca.pem', ours.root), 'transaction updated for CA ca.pem!')
    says(cli('show ssl ca-file'), '*ca.pem - 2 certificate(s)\n', 'ca.pem - 1 certificate(s)\n')
    cli('abort ssl ca-file ca.pem')
    says(cli('add ssl ca-file ca.pem', ours.intermediate), 'transaction created for CA ca.pem!')
    says(cli('show ssl ca-file *ca.pem:2'), 'Subject: /O=Tests/CN=Intermediate for tests')
    says(cli('add ssl ca-file ca.pem', 'garbage.pem'), 'Invalid payload: ')
    says(cli('show ssl providers'), 'Loaded providers : \n\t- default\n')
    ours.revoke(good)
    cli('set ssl crl-file crl.pem', ours.crl)
    assert reached() == [True, False]
    assert cli('commit ssl crl-file crl.pem') == 'Committing crl.pem.\nSuccess!\n\n'
    assert reached() == [False, False]
    says(cli('show ssl crl-file crl.pem:1'), f"Revoked Certificates:\n    Serial Number: {good.field('serial')}\n        Revocation Date: ")

    # Clients. What was agreed on before is not resumed: neither by who is revoked nor by who is not.
    for version in V12, V13:
        alice, bob = ours.client(f'alice {version}'), ours.client(f'bob {version}')
        kept = []
        for who in alice, bob:
            c = context(ours.root, least=version, most=version, certificate=who)
            s = shake(usher, 'asks', 'front.example', c)
            assert ask(s) == (b'HTTP/1.1 200 OK', b'ok'), s
            kept.append((c, s.session))
            s.close()
        c, session = kept[0]
        with shake(usher, 'asks', 'front.example', c, session) as s:
            assert s.session_reused and ask(s) == (b'HTTP/1.1 200 OK', b'ok')
            kept[0] = c, s.session
        ours.revoke(alice)
        cli('set ssl crl-file clients.crl', ours.crl)
        says(cli('commit ssl crl-file clients.crl'), 'Success!')
        for (c, session), welcome in zip(kept, (False, True)):
            s = shake(usher, 'asks', 'front.example', c, session)
            if welcome:
                assert not s.session_reused and ask(s) == (b'HTTP/1.1 200 OK', b'ok')
            else:
                assert isinstance(s, str) or ask(s)[0] != b'HTTP/1.1 200 OK'
