#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""show tls-keys, set ssl tls-key: the keys of tickets move on while the process runs: a ticket is good as long as its key is among the
three that are known."""
import base64
import os
from _client import V12, ask, context, shake
from _authority import Authority
from _usher import Usher, ask_cli

a = Authority()
site = a.server('site.example')


def key(n):
    return base64.b64encode(os.urandom(n)).decode()


long_keys, short_keys = [key(80) for _ in range(3)], [key(48) for _ in range(3)]
for path, keys in ('long', long_keys), ('short', short_keys):
    with open(path, 'w') as f:
        f.write('\n'.join(keys) + '\n')
CONFIG = f'''
global
    nbthread 2
    stats socket "fd@${{cli}}" level admin
    stats socket "fd@${{operator}}" level operator
frontend web
    mode http
    timeout client 20s
    bind fd@${{web}} ssl crt {site.pem} tls-ticket-keys long
    bind fd@${{short}} ssl crt {site.pem} tls-ticket-keys short
    http-request return status 200 content-type text/plain string ok
'''


def cli(command, where='cli'):
    return ask_cli(usher.address(where), command)


def told(number, path, keys):
    return f'# {number} ({path})\n' + ''.join(f'{number}.{i} {k}\n' for i, k in enumerate(keys))


with Usher(CONFIG, sockets=['web', 'short', 'cli', 'operator']) as usher:
    assert cli('show tls-keys') == cli('show tls-keys', 'operator') == '# id (file)\n0 (long)\n1 (short)\n\n'
    assert cli('show tls-keys *') == '# id secret\n' + told(0, 'long', long_keys) + told(1, 'short', short_keys) + '\n'
    assert cli('show tls-keys #1') == cli('show tls-keys short') == '# id secret\n' + told(1, 'short', short_keys) + '\n'
    for command in 'show tls-keys *', f'set ssl tls-key #0 {key(80)}':
        assert 'Permission denied' in cli(command, 'operator')
    for command, word in (('show tls-keys #2', 'unable to locate'), ('show tls-keys 0', 'unable to locate'), ('show tls-keys #', 'unable'),
                          ('set ssl tls-key #0', 'expects a filename'), (f'set ssl tls-key #2 {key(80)}', 'unable to locate'),
                          ('set ssl tls-key #0 abc', 'expected the base64 of 48 or 80 bytes'),
                          (f'set ssl tls-key long {key(48)}', 'does not go with the others'),
                          (f'set ssl tls-key short {key(80)}', 'does not go with the others')):
        assert word in cli(command), (command, cli(command))
    assert cli('show tls-keys #0') == '# id secret\n' + told(0, 'long', long_keys) + '\n'

    ctx = context(a.root, most=V12)
    with shake(usher, 'web', 'site.example', ctx) as s:
        assert not s.session_reused and ask(s)[1] == b'ok'
        session = s.session
    for n, word in (0, '#0'), (1, 'long'), (2, '#0'):
        with shake(usher, 'web', 'site.example', ctx, session) as s:
            assert s.session_reused == (n < 2), n
        long_keys.append(key(80))
        assert cli(f'set ssl tls-key {word} {long_keys[-1]}') == 'TLS ticket key updated!\n\n'
        assert cli('show tls-keys #0') == '# id secret\n' + told(0, 'long', long_keys[-3:]) + '\n'
