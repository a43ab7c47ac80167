#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a client proved goes on with its session (tune.ssl.lifetime, ssl_c_err, ssl_c_ca_err, ssl_c_ca_err_depth): not beyond the end of
its certificates, not beyond the lifetime however often it is resumed, also where a line of a crt-list alone asks
for certificates, and with the faults that were let pass (ca-ignore-err, crt-ignore-err). Who shows many certificates is not remembered."""
import datetime
import ssl
import time
from _client import V12, V13, ask, context, shake
from _authority import Authority, read
from _usher import WAIT_S, Usher

a, others = Authority(), Authority()
site, stranger = a.server('site.example'), others.client('stranger')
DAY = 86400
with open('list', 'w') as f:
    f.write(f'{site.pem} [verify required ca-file {a.root}]\n')


def config(lifetime):
    return f'''
global
    log stderr local0 info
    tune.ssl.lifetime {lifetime}
defaults
    mode http
    log global
    timeout client {WAIT_S}s
frontend web
    bind fd@${{lax}} ssl crt {site.pem} verify required ca-file {a.root} ca-ignore-err all crt-ignore-err all
    bind fd@${{tickets}} ssl crt {site.pem} verify required ca-file {a.root}
    bind fd@${{kept}} ssl crt {site.pem} verify required ca-file {a.root} no-tls-tickets
    bind fd@${{listed}} ssl crt-list list
    http-request return status 200 content-type text/plain lf-string "%[ssl_c_verify] %[ssl_c_err] %[ssl_c_ca_err] %[ssl_c_ca_err_depth]"
'''


def talk(name, ctx, session=None):
    """What was said, whether it resumed, its session."""
    s = shake(usher, name, 'site.example', ctx, session)
    if isinstance(s, str):
        return s, False, None
    with s:
        status, body = ask(s)
        return body.decode() or status, s.session_reused, s.session


def seconds_left(certificate):
    end = datetime.datetime.strptime(certificate.field('enddate'), '%b %d %H:%M:%S %Y GMT')
    return (end - datetime.datetime.utcnow()).total_seconds()


with Usher(config(3600), sockets=['lax', 'tickets', 'kept', 'listed']) as usher:
    # The faults that were let pass.
    for version in V12, V13:
        ctx = context(a.root, least=version, most=version, certificate=stranger)
        first, resumed, session = talk('lax', ctx)
        assert not resumed and first.split()[1:] != ['0', '0', '0'], (version, first)
        again, resumed, _ = talk('lax', ctx, session)
        assert resumed and again == first, (version, first, again)

    # A ticket says how long it is good for: no longer than the certificate.
    for version, where in (V12, 'tickets'), (V13, 'tickets'), (V13, 'listed'):
        soon = a.client(f'soon {version} {where}', days=(-1, 1000 / DAY))
        ctx = context(a.root, least=version, most=version, certificate=soon)
        _, _, session = talk(where, ctx)
        for _ in range(3):
            assert 0 < session.ticket_lifetime_hint <= seconds_left(soon) + 2, (version, session.ticket_lifetime_hint)
            _, resumed, session = talk(where, ctx, session)
            assert resumed or version == V12
            if version == V12:
                break

    # When the certificate has run out, the session has as well.
    for long in 4, 20, 60:
        brief, sessions = a.client(f'brief {long}', days=(-1, long / DAY)), []
        for version in V12, V13:
            for where in 'tickets', 'kept':
                ctx = context(a.root, least=version, most=version, certificate=brief)
                said, _, session = talk(where, ctx)
                sessions.append(said == '0 0 0 0' and talk(where, ctx, session)[1] and (where, ctx, talk(where, ctx)[2]))
        if all(sessions) and all(s[2] for s in sessions):
            break
        assert seconds_left(brief) < 1, sessions
    while seconds_left(brief) > -2:
        time.sleep(0.2)
    for where, ctx, session in sessions:
        said, resumed, _ = talk(where, ctx, session)
        assert not resumed and said != '0 0 0 0', (version, where, said)

    # A chain that takes more room than certificates do.
    with open('many.pem', 'w') as f:
        f.write(read(a.client('many').cert) + read(a.intermediate) + read(others.root) * 40 + read(a.client('many').key))

    class Many:
        pem = 'many.pem'
    for version in V12, V13:
        ctx = context(a.root, least=version, most=version, certificate=Many)
        said, _, session = talk('kept', ctx)
        assert said == '0 0 0 0', (version, said)
        said, resumed, _ = talk('kept', ctx, session) if session else (said, False, None)
        assert said == '0 0 0 0' and not resumed, (version, said)

# Resuming it again and again does not make it longer.
with Usher(config(4), sockets=['lax', 'tickets', 'kept', 'listed']) as usher:
    ctx = context(a.root, least=V13, most=V13, certificate=a.client('alice'))
    for where in 'tickets', 'kept', 'listed':
        _, _, session = talk(where, ctx)
        began, resumed = time.monotonic(), True
        while resumed:
            assert time.monotonic() - began < WAIT_S, where
            said, resumed, session = talk(where, ctx, session)
            assert said == '0 0 0 0', (where, said)
            time.sleep(0.1)
