#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""set, commit, abort, new, del, show ssl cert: nothing changes before the commit, and nothing when it is refused; then everybody who
presents the file's certificate presents the new one, toward clients and toward servers. A handshake that has begun ends with the old
one, connections go on, and none of the handshakes that are made all the while fails."""
import ssl
import threading
from _client import V12, V13, ask, context, shake
from _authority import Authority, openssl, read
from _usher import Origin, Usher, WAIT_S, ask_cli, read_head

a = Authority()
first, second, third = a.server('first.example'), a.server('second.example'), a.server('third.example', key='rsa')
alice, bob = a.client('alice'), a.client('bob')

serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
serving.load_cert_chain(first.pem)
serving.load_verify_locations(a.root)
serving.verify_mode = ssl.CERT_REQUIRED


def tell_who(s):
    """The answer to every request is who the client is by its certificate."""
    with serving.wrap_socket(s, server_side=True) as t:
        who = dict(x[0] for x in t.getpeercert()['subject'])['commonName'].encode()
        f = t.makefile('rb')
        while read_head(f):
            t.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(who), who))


origin = Origin(tell_who)
with open('site.pem', 'w') as f:
    f.write(read(first.pem))
with open('me.pem', 'w') as f:
    f.write(read(alice.pem))
CONFIG = f'''
global
    log stderr local0 info
    nbthread 2
    stats socket "fd@${{cli}}" level admin
    stats socket "fd@${{user}}" level user
defaults
    mode http
    log global
    timeout client {WAIT_S}s
    timeout server {WAIT_S}s
    timeout connect {WAIT_S}s
frontend web
    bind fd@${{web}} ssl crt site.pem crt {third.pem}
    bind fd@${{again}} ssl crt site.pem
    http-request return status 200 content-type text/plain string ok if {{ path / }}
    default_backend app
backend app
    http-reuse never
    server s 127.0.0.1:{origin.port} ssl verify none crt me.pem
'''


def sanitized(text):
    return ''.join(line + '\n' for line in text.split('\n') if line)


def cli(command, payload=None):
    return ask_cli(usher.address('cli'), command if payload is None else command + ' <<\n' + sanitized(payload))


def says(answer, *words):
    assert all(w in answer for w in words), answer


def serial(answer):
    assert not isinstance(answer, str), answer
    return answer.getpeercert()['serialNumber']


def presented(where='web', name='first.example'):
    with shake(usher, where, name, context(a.root)) as s:
        return serial(s)


def replace(path, certificate):
    assert 'Transaction created' in cli('set ssl cert ' + path, read(certificate.pem))
    answer = cli('commit ssl cert ' + path)
    assert answer.startswith('Committing ' + path) and answer.endswith('Success!\n\n'), answer


with Usher(CONFIG, sockets=['web', 'again', 'cli', 'user']) as usher:
    one, two = first.field('serial'), second.field('serial')
    assert presented() == one

    # What is no certificate, or not all of one, changes nothing.
    says(cli('set ssl cert'), 'expects a filename')
    says(cli('set ssl cert nobody.pem', read(first.pem)), 'not referenced', "Can't update nobody.pem!")
    says(cli('set ssl cert site.pem', read(first.pem)[:400]), "unable to load certificate from file 'site.pem': ", "Can't load the payload")
    says(cli('set ssl cert site.pem', read(first.key)), "no certificate in file 'site.pem'")
    says(cli('set ssl cert site.pem.key', read(first.cert)), "unable to load private key from file 'site.pem'")
    torn = '\n'.join(read(second.key).split('\n')[:2] + ['-----END PRIVATE KEY-----\n'])
    says(cli('set ssl cert site.pem', read(second.both) + torn), "unable to load private key from file 'site.pem': ")
    openssl('pkey', '-in', second.key, '-aes256', '-passout', 'pass:x', '-out', 'locked.pem')
    says(cli('set ssl cert site.pem', read(second.both, 'locked.pem')), "unable to load private key from file 'site.pem': ")
    for other, why in ('.ocsp', 'expected base64'), ('.sctl', 'expected base64'), ('.issuer', "issuer's certificate"):
        says(cli('set ssl cert site.pem' + other, read(first.key)), why, f"Can't update site.pem{other}!")
    says(cli('commit ssl cert site.pem'), "No ongoing transaction!\nCan't commit site.pem!")
    says(cli('abort ssl cert site.pem'), 'No ongoing transaction!')
    assert cli('show ssl cert') == '# filename\n' + ''.join(sorted(p + '\n' for p in ('site.pem', 'me.pem', third.pem))) + '\n'
    says(cli('set ssl cert site.pem', read(second.both)), 'Transaction created for certificate site.pem!')
    says(cli('commit ssl cert site.pem'), 'must contain at least a certificate and a private key!', "Can't commit")
    says(cli('set ssl cert site.pem.key', read(first.key)), 'Transaction updated for certificate site.pem!')
    says(cli('commit ssl cert site.pem'), "the private key is not the certificate's in file 'site.pem'", "Can't commit")
    says(ask_cli(usher.address('user'), 'commit ssl cert site.pem'), 'Permission denied')
    assert presented() == one
    says(cli('abort ssl cert site.pem'), "Transaction aborted for certificate 'site.pem'!")
    says(cli('show ssl cert *site.pem'), "Can't display")

    # A certificate and its key, one by one, and what is told of them.
    cli('set ssl cert site.pem', read(second.both))
    cli('set ssl cert site.pem.key', read(second.key))
    assert cli('show ssl cert').startswith('# transaction\n*site.pem\n# filename\n')
    told = cli('show ssl cert *site.pem').split('\n')
    assert told[:3] == ['Filename: *site.pem', 'Status: Unused', 'Serial: ' + two], told
    assert told[5:7] == ['Subject Alternative Name: DNS:second.example', 'Algorithm: EC256']
    assert told[8:13] == ['Subject: /O=Tests/CN=second.example', 'Issuer: /O=Tests/CN=Intermediate for tests',
                          'Chain Subject: /O=Tests/CN=Intermediate for tests', 'Chain Issuer: /O=Tests/CN=Root for tests',
                          'OCSP Response Key: ']
    fingerprint = openssl('x509', '-in', second.cert, '-noout', '-fingerprint', '-sha1').strip().split('=')[1].replace(':', '')
    assert told[7] == 'SHA1 FingerPrint: ' + fingerprint
    for at, field in ((3, 'startdate'), (4, 'enddate')):
        assert told[at].partition(': ')[2] == second.field(field), told
    assert 'Algorithm: RSA2048\n' in cli('show ssl cert ' + third.pem)
    old = shake(usher, 'web', 'first.example', context(a.root))
    assert presented() == one and serial(old) == one
    assert ask(old) == (b'HTTP/1.1 200 OK', b'ok')
    says(cli('show sess all'), '\n  tls=TLSv1.3 cipher=TLS_', ' resumed=0 sni=first.example\n')
    says(cli('show fd'), ' fe=web mux=H1 xprt=SSL\n')

    # Handshakes that wait for their clients while it is committed, on both threads and of both versions.
    waiting = []
    for version in (V12, V13) * 4:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context(a.root, least=version, most=version).wrap_bio(incoming, outgoing, server_hostname='first.example')
        s = usher.connect('web')
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            s.sendall(outgoing.read())
        incoming.write(s.recv(5))
        waiting.append((s, tls, incoming, outgoing))
    assert cli('commit ssl cert site.pem') == 'Committing site.pem..\nSuccess!\n\n'
    assert presented() == two and presented('again') == two and presented(name='third.example') == third.field('serial')
    for s, tls, incoming, outgoing in waiting:
        def step(what):
            while True:
                try:
                    return what()
                except ssl.SSLWantReadError:
                    s.sendall(outgoing.read())
                    incoming.write(s.recv(65536))
        step(tls.do_handshake)
        assert serial(tls) == one
        tls.write(b'GET / HTTP/1.0\r\n\r\n')
        assert step(lambda: tls.read(65536)).startswith(b'HTTP/1.1 200 OK')
        s.close()
    assert ask(old) == (b'HTTP/1.1 200 OK', b'ok')
    old.close()
    assert cli('show ssl cert site.pem').startswith('Filename: site.pem\nStatus: Used\nSerial: ' + two)

    # Ours toward servers.
    for certificate, who in (None, b'alice'), (bob, b'bob'):
        if certificate:
            replace('me.pem', certificate)
        with shake(usher, 'web', 'first.example', context(a.root)) as s:
            assert ask(s, b'/who')[1] == who

    # A place that nobody uses.
    assert cli('new ssl cert kept') == "New empty certificate store 'kept'!\n\n"
    says(cli('new ssl cert kept'), "Certificate 'kept' already exists!")
    assert cli('show ssl cert kept') == 'Filename: kept\nStatus: Empty\nOCSP Response Key: \n\n'
    cli('set ssl cert kept.key', read(first.key))
    says(cli('commit ssl cert kept'), 'must contain at least')
    cli('set ssl cert kept', read(first.pem))
    assert cli('commit ssl cert kept') == 'Committing kept\nSuccess!\n\n'
    says(cli('show ssl cert kept'), 'Status: Unused\nSerial: ' + one)
    assert cli('del ssl cert kept') == "Certificate 'kept' deleted!\n\n"
    says(cli('del ssl cert kept'), "Can't remove the certificate: certificate 'kept' doesn't exist!")
    says(cli('del ssl cert site.pem'), "Can't remove the certificate: certificate 'site.pem' in use, can't be deleted!")

    # What a certificate says of itself cannot look like another line.
    openssl('req', '-x509', '-newkey', 'ed25519', '-nodes', '-utf8', '-subj', '/CN=x\nStatus: Used/O=Ü', '-addext',
            'subjectAltName=DNS:a,IP:192.0.2.1,email:a@b', '-keyout', 'odd.key', '-out', 'odd.pem')
    cli('new ssl cert odd')
    cli('set ssl cert odd', read('odd.pem', 'odd.key'))
    says(cli('show ssl cert *odd'), 'Subject: /CN=x\\x0AStatus: Used/O=Ü\n', 'Algorithm: ED25519\n',
            'Subject Alternative Name: DNS:a, IP Address:192.0.2.1, email:a@b\n')

    # Replaced again and again while clients come.
    known, ended, enough, seen, faults = {one, two}, threading.Event(), threading.Event(), [], []

    def come(version):
        ctx = context(a.root, least=version, most=version)
        while not ended.is_set():
            s = shake(usher, 'web', 'first.example', ctx)
            if isinstance(s, str):
                faults.append(s)
                enough.set()
                return
            with s:
                seen.append(s.getpeercert()['serialNumber'])
                answer = ask(s)
            if answer != (b'HTTP/1.1 200 OK', b'ok'):
                faults.append(answer)
            if len(seen) >= 300:
                enough.set()
    clients = [threading.Thread(target=come, args=(v,)) for v in (V12, V13) * 3]
    for t in clients:
        t.start()
    for i in range(50):
        next_one = (first, second)[i % 2]
        replace('site.pem', next_one)
        assert presented() == next_one.field('serial')
    assert enough.wait(WAIT_S)
    ended.set()
    for t in clients:
        t.join()
    assert not faults, faults
    assert set(seen) == known, set(seen)
