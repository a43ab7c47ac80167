#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/lua/limit.cfg and whoami.cfg as they are, on sockets of this test."""
import os
import re
from _lua import Usher, ask, echo

WHERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'examples', 'lua')
web = echo()


def config(name):
    text = open(os.path.join(WHERE, name)).read()
    text = re.sub(r'(lua-load\S*) ', rf'\1 {os.path.realpath(WHERE)}/', text)
    return text.replace('bind :8080', 'bind "fd@${fe}"').replace('127.0.0.1:8081', f'127.0.0.1:{web.port}')


def proxy(src):
    return f'PROXY TCP4 {src} 192.0.2.80 4711 80\r\n'.encode()


# One token in a thousand seconds: nothing hangs on how fast this test is.
with Usher(config('limit.cfg').replace('limit.lua 10 20', 'limit.lua 0.001 3'), sockets=['fe']) as usher:
    assert [ask(usher, '/', begin=proxy('192.0.2.1'))[0] for _ in range(5)] == [200, 200, 200, 429, 429], usher.log()
    status, fields, _ = ask(usher, '/', begin=proxy('192.0.2.1'))
    assert status == 429 and 900 <= int(fields['retry-after']) <= 1000, fields
    assert ask(usher, '/', begin=proxy('192.0.2.2'))[0] == 200
    usher.stop()
    assert 'too many requests of 192.0.2.1\n' in usher.log() and 'of 192.0.2.2' not in usher.log(), usher.log()
with Usher(config('whoami.cfg'), sockets=['fe']) as usher:
    status, _, body = ask(usher, '/', begin=proxy('192.0.2.7'))
    assert (status, body) == (200, 'you are 192.0.2.7 port 4711\nconnected by 127.0.0.1\nPROXY header of version 1, PROXY\n'), (body, usher.log())
