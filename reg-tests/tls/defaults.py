#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bind ssl crt: what may be spoken when the configuration says nothing about it: TLS 1.2 and 1.3, with forward secrecy and
authenticated encryption only."""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from _client import V12, V13, ask, context, shake
from _authority import Authority
from _usher import Usher

authority = Authority()
rsa, ec = authority.server('site.test', key='rsa'), authority.server('site.test')
CONFIG = f'''
defaults
    mode http
    timeout client 10s
frontend f
    bind fd@${{rsa}} ssl crt {rsa.pem}
    bind fd@${{ec}} ssl crt {ec.pem}
    http-request return status 200 content-type text/plain lf-string "%[ssl_fc_protocol]"
'''
SPOKEN = {'rsa': ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-CHACHA20-POLY1305'],
          'ec': ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305']}
REFUSED = {'rsa': ['AES128-GCM-SHA256', 'AES256-SHA', 'ECDHE-RSA-AES128-SHA', 'ECDHE-RSA-AES256-SHA384', 'aNULL'],
           'ec': ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-CCM', 'aNULL']}

with Usher(CONFIG, sockets=['rsa', 'ec']) as usher:
    for door in 'rsa', 'ec':
        for cipher in SPOKEN[door]:
            with shake(usher, door, 'site.test', context(authority.root, ciphers=cipher, most=V12)) as s:
                assert s.cipher()[0] == cipher, s.cipher()
                assert ask(s)[1] == b'TLSv1.2'
        for cipher in REFUSED[door]:
            words = shake(usher, door, 'site.test', context(authority.root, ciphers=cipher + ':@SECLEVEL=0', most=V12))
            assert isinstance(words, str) and 'handshake failure' in words.lower().replace('_', ' '), (cipher, words)
        with shake(usher, door, 'site.test', context(authority.root, least=V13)) as s:
            assert ask(s)[1] == b'TLSv1.3'
