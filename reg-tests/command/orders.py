#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Orders on the runtime socket about limits, sessions, checks and agents: HAProxy 2.6's answers to good and bad words, and
what follows from each: who waited goes on, who was told to go is gone, checks and agents go where they are sent."""
# tsan
import os
import queue
import socket
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import WAIT_S, Origin, Usher, echo, read_all  # noqa: E402

asked = queue.Queue()


def asker(name):
    def serve(s):
        said = s.recv(100) if name.startswith('agent') else b''
        asked.put((name, said))
        s.sendall(b'ready\n')
    return Origin(serve)


web = Origin(echo)
page = Origin(lambda s: s.recv(4096) and s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'))
check1, check2, agent1, agent2 = [asker(n) for n in ('check1', 'check2', 'agent1', 'agent2')]

CONFIG = f'''
global
    nbthread 2
    maxconn 100
    stats socket "fd@${{cli}}" level admin
    stats timeout 1m
defaults
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    timeout queue 20s
frontend fe
    bind "fd@${{fe}}"
    default_backend be
frontend narrow
    bind "fd@${{narrow}}"
    maxconn 1
    default_backend be
backend be
    server s1 127.0.0.1:{web.port} maxconn 1
    server s2 127.0.0.1:{web.port} disabled
frontend to-marked
    mode http
    bind "fd@${{marked}}"
    default_backend marked
backend marked
    mode http
    cookie S insert indirect
    server m 127.0.0.1:{page.port} cookie m
backend asked
    server s 127.0.0.1:{web.port} check inter 50ms addr 127.0.0.1 port {check1.port}
    server a 127.0.0.1:{web.port} agent-check agent-inter 50ms agent-port {agent1.port} agent-send "one\\n"
    server t 127.0.0.1:{web.port} track asked/s
'''


ANSWERS = '''
set maxconn server > Require 'backend/server'.
set maxconn server be/s1 > Require <maxconn>.
set maxconn server be/s1 x > maxconn string empty or preceded by garbage
set maxconn server be/s1 -3 > Value out of range.
set maxconn server be/no 3 > No such server.
set maxconn server no/no 3 > No such backend.
set maxconn frontend > A frontend name is expected.
set maxconn frontend fe > Integer value expected.
set maxconn frontend be 3 > No such frontend.
set maxconn frontend fe -1 > Value out of range.
set maxconn frontend fe x > 'x' is not a number.
set maxconn global > Expects an integer value.
set maxconn global 101 > Value out of range.
shutdown session > Session pointer expected (use 'show sess').
shutdown session x > Session pointer expected (use 'show sess').
shutdown session 0x55 > No such session (use 'show sess').
shutdown sessions server > Require 'backend/server'.
shutdown sessions server be/no > No such server.
disable agent > Require 'backend/server'.
disable agent be/s1 > 
enable agent be/s1 > Agent was not configured on this server, cannot enable.
set server asked/a agent > 'set server <srv> agent' expects 'up' or 'down'.
set server asked/s agent up > agent checks are not enabled on this server.
set server be/s2 health > 'set server <srv> health' expects 'up', 'stopping', or 'down'.
set server asked/t health stopping > cannot change health on a tracking server.
set server be/s2 addr > set server <b>/<s> addr requires an address and optionally a port.
set server be/s2 addr 127.0.0.1.1 > Invalid addr '127.0.0.1.1': expected an IP address.
set server be/s2 addr 127.0.0.1 port > usage: set server <backend>/<server> addr <addr> [port <port>]
set server be/s2 addr 127.0.0.1 port +5 > Invalid port '+5': expected a number from 1 to 65535.
set server be/s2 addr 127.0.0.1 port 65536 > Invalid port '65536': expected a number from 1 to 65535.
set server be/s2 addr 127.0.0.9 > IP changed from '127.0.0.1' to '127.0.0.9' by 'stats socket command'
set server be/s2 addr 127.0.0.9 port 7 > no need to change the addr, port changed from '{web}' to '7' by 'stats socket command'
set server be/s2 addr ::1 port 7 > IP changed from '127.0.0.9' to '::1', no need to change the port by 'stats socket command'
set server asked/t health up > cannot change health on a tracking server.
set server asked/a agent-addr > set server <b>/<s> agent-addr requires an address and optionally a port.
set server asked/s agent-addr 127.0.0.1 > agent checks are not enabled on this server
set server asked/a agent-addr foo > invalid addr 'foo'
set server asked/a agent-addr 127.0.0.1 port x > provided port is not an integer
set server asked/a agent-addr 127.0.0.1 foo > expected 'port' behind the address, not 'foo'
set server asked/a agent-port > set server <b>/<s> agent-port requires a port.
set server asked/a agent-port x > provided port is not an integer
set server asked/a agent-port 99999 > provided port is invalid
set server asked/s agent-port 9 > agent checks are not enabled on this server
set server asked/s agent-send x > agent checks are not enabled on this server
set server asked/a check-addr 127.0.0.1 > health checks are not enabled on this server
set server asked/s check-addr 127.0.0.1 port > provided port is not an integer
set server asked/a check-port 9 > health checks are not enabled on this server
set timeout > 'set timeout' only supports 'cli'.
set timeout cli > Expects an integer value.
set timeout cli x > Invalid timeout value.
set timeout cli 20 >
'''

USAGE = 'usage: set server <backend>/<server> addr | agent | '


def stopping(usher):
    """NOLB is for those who belong to a server by a cookie."""
    def status():
        return usher.say('show stat marked 4 1').split('\n')[1].split(',')[17]
    def code(cookie=b''):
        with usher.connect('marked') as c:
            c.sendall(b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' + cookie + b'\r\n')
            return read_all(c).split(b' ')[1]
    assert code() == b'200'
    assert usher.say('set server marked/m health stopping') == ''
    assert status() == 'NOLB' and ' 3 0 1 1 ' in usher.say('show servers state marked')
    assert code() == b'503' and code(b'Cookie: S=m\r\n') == b'200'
    assert 'Server marked/m is stopping, changed from CLI. ' in usher.log()
    assert usher.say('set server marked/m health up') == ''
    assert status() == 'no check' and code() == b'200'


def heard(name, said=None):
    """Waits for a round that went there."""
    while True:
        who, what = asked.get(timeout=WAIT_S)
        if who == name and said in (None, what):
            return


def limit_of_server(usher):
    first, second = usher.connect('fe'), usher.connect('fe')
    speak(first)
    second.sendall(b'hello')
    while 'be,BACKEND,1,' not in usher.say('show stat be 2 -1'):
        pass
    assert usher.say('set maxconn server be/s1 2') == ''
    assert second.recv(100) == b'hello'
    return first, second


def speak(c):
    c.sendall(b'hello')
    assert c.recv(100) == b'hello'


def sessions(usher, first, second):
    port = first.getsockname()[1]
    line, = [line for line in usher.say('show sess').split('\n') if f'src=127.0.0.1:{port} ' in line]
    assert usher.say('shutdown session ' + line.split(':')[0]) == ''
    assert first.recv(100) == b''
    speak(second)
    assert usher.say('shutdown sessions server be/s1') == ''
    assert second.recv(100) == b''


def slim(usher, name):
    return usher.say(f'show stat {name} 1 -1').split('\n')[1].split(',')[6]


def limit_of_frontend(usher):
    assert usher.say('set maxconn server be/s1 0') == ''
    first = usher.connect('narrow')
    speak(first)
    second = usher.connect('narrow')
    second.sendall(b'hello')
    while 'narrow,FRONTEND,,,1,' not in usher.say('show stat narrow 1 -1') or 'FULL' not in usher.say('show stat narrow 1 -1'):
        pass
    assert usher.say('set maxconn frontend narrow 2') == ''
    assert second.recv(100) == b'hello'
    assert slim(usher, 'narrow') == '2'
    # Nobody more, until there is a limit again; it is what HAProxy does, too, but for what follows.
    assert usher.say('set maxconn frontend narrow 0') == ''
    assert slim(usher, 'narrow') == '0'
    first.close()
    second.close()
    while 'narrow,FRONTEND,,,0,' not in usher.say('show stat narrow 1 -1'):
        pass
    assert 'FULL' in usher.say('show stat narrow 1 -1')
    third = usher.connect('narrow')
    third.sendall(b'hello')
    assert usher.say('set maxconn frontend #3 5') == ''
    assert third.recv(100) == b'hello'


def limit_of_process(usher):
    def shown():
        return [line.split(': ')[1] for line in usher.say('show info').split('\n') if line.startswith(('Maxconn:', 'Hard_maxconn:'))]
    first = usher.connect('fe')
    speak(first)
    assert usher.say('set maxconn global 1') == ''
    assert shown() == ['1', '100'] or shown() == ['100', '1'], shown()
    second = usher.connect('fe')
    second.sendall(b'hello')
    # The runtime socket is not of those that are counted.
    assert usher.say('set maxconn global 0') == ''
    assert shown() == ['100', '100']
    assert second.recv(100) == b'hello'


def places(usher):
    heard('check1')
    heard('agent1', b'one\n')
    assert usher.say(f'set server asked/s check-port {check2.port}') == ''
    heard('check2')
    assert usher.say('set server asked/s check-addr 127.0.0.1') == ''
    assert usher.say(f'set server asked/s check-addr 127.0.0.1 port {check1.port}') == ''
    while True:
        if asked.get(timeout=WAIT_S)[0] == 'check1':
            break
    assert usher.say(r'set server asked/a agent-send two\ words') == ''
    heard('agent1', b'two words')
    assert usher.say(f'set server asked/a agent-addr 127.0.0.1 port {agent2.port}') == ''
    heard('agent2', b'two words')
    assert usher.say('set server asked/a agent-send again; set server asked/a agent-port %d' % agent1.port) == ''
    heard('agent1', b'again')
    rows = {r[3]: r for r in (line.split() for line in usher.say('show servers state asked').split('\n')[2:])}
    assert rows['a'][-2:] == ['127.0.0.1', str(agent1.port)], rows['a']
    assert int(rows['a'][14]) & ~1 == 22, rows['a']
    assert rows['s'][-4:-2] == [str(check1.port), '127.0.0.1'], rows['s']
    assert usher.say('disable agent asked/a') == ''
    rows = {r[3]: r for r in (line.split() for line in usher.say('show servers state asked').split('\n')[2:])}
    assert int(rows['a'][14]) & ~1 == 18, rows['a']
    assert usher.say('set server asked/a agent down') == ''
    assert ',DOWN (agent),' in usher.say('show stat asked 4 2')
    assert usher.say('set server asked/a agent up') == ''
    assert ',DOWN' not in usher.say('show stat asked 4 2')
    assert 'Server asked/a is DOWN, changed from CLI. 2 active' in usher.log()
    assert usher.say('enable agent asked/a') == ''
    while not asked.empty():
        asked.get()
    heard('agent1')


with Usher(CONFIG, sockets=['cli', 'fe', 'narrow', 'marked']) as usher:
    for line in ANSWERS.strip('\n').split('\n'):
        command, _, answer = line.replace('{web}', str(web.port)).partition(' >')
        assert usher.say(command) == answer.strip(), (command, usher.say(command))
    assert usher.say('set server be/s1').startswith(USAGE) and usher.say('set server be/s1 nonsense').startswith(USAGE)
    sessions(usher, *limit_of_server(usher))
    limit_of_frontend(usher)
    limit_of_process(usher)
    places(usher)
    stopping(usher)
    with socket.create_connection(usher.address('cli'), timeout=WAIT_S) as c:
        c.sendall(b'prompt;set timeout cli 10ms\n')
        assert read_all(c) == b'\n> \n> ', 'it ends by itself'
