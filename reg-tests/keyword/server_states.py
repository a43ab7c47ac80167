#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""server-state-file and its kin: what `show servers state` said of one process, or HAProxy 2.6, is what the next one begins with;
what the configuration changed since wins; bad lines and files are warnings and nothing else; a reload needs none of it."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'process'))
from _usher import Origin, Usher, ask_cli, echo  # noqa: E402

web = Origin(echo)


def config(s4='', weight=10, extra='', check_port=1):
    return f'''
global
    stats socket unix@cli.sock level admin
    server-state-base {os.getcwd()}/states
    server-state-file all
    {extra}
defaults
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    load-server-state-from-file global
frontend f
    bind "fd@${{fe}}"
    default_backend be
backend be
    server s1 127.0.0.1:{web.port} check inter 1h port {check_port} weight {weight}
    server s2 127.0.0.1:{web.port} weight {weight}
    server s3 127.0.0.1:{web.port} weight {weight}
    server s4 127.0.0.1:{web.port} weight {weight} {s4}
    server s5 127.0.0.1:{web.port} agent-check agent-inter 1h agent-port 1
backend named
    load-server-state-from-file local
    server-state-file-name other/name
    server s1 127.0.0.1:{web.port}
backend plain
    load-server-state-from-file local
    server-state-file-name use-backend-name
    server s1 127.0.0.1:{web.port}
backend none
    load-server-state-from-file none
    server s1 127.0.0.1:{web.port}
'''


def say(command):
    while True:
        try:
            return ask_cli('cli.sock', command)
        except OSError:
            assert usher.process.poll() is None, usher.log()


def states():
    """op_state, admin_state, uweight, check_status, check_state and agent_state of every server"""
    rows = [line.split() for line in say('show servers state').rstrip('\n').split('\n')[2:]]
    return {f'{r[1]}/{r[3]}': [r[5], r[6], r[7], r[10], r[13], r[14]] for r in rows}


def write(path, text):
    with open(os.path.join('states', path), 'w') as f:
        f.write(text)


def fresh():
    for path in 'usher.log', 'cli.sock':
        if os.path.exists(path):
            os.remove(path)


os.makedirs('states/other')

# No file yet: warnings, and it starts.
with Usher(config(), sockets=['fe']) as usher:
    untouched = states()
    base = os.path.join(os.getcwd(), 'states')
    log = usher.log()
    assert f"Can't open global server state file '{base}/all': No such file or directory." in log, log
    assert f"Proxy 'named': Can't open server state file '{base}/other/name': No such file" in log
    assert f"Proxy 'plain': Can't open server state file '{base}/plain': No such file" in log
    say('set server be/s1 weight 5;disable health be/s1;set server be/s2 state maint;set server be/s3 state drain')
    say('set server be/s4 health down;disable agent be/s5;set server named/s1 state drain;set server plain/s1 weight 3')
    say('set server none/s1 state maint')
    changed = states()
    assert changed['be/s4'][0] == '0' and changed['be/s2'][:2] == ['0', '1'] and changed['be/s3'][:2] == ['2', '8']
    write('all', say('show servers state'))
    write('other/name', say('show servers state named'))
    write('plain', say('show servers state'))

# The next one begins so.
fresh()
with Usher(config(), sockets=['fe']) as usher:
    now = states()
    for name in changed:
        if name != 'none/s1':
            assert now[name] == changed[name], (name, now[name], changed[name])
    assert now['none/s1'] == untouched['none/s1']
    assert 'WARNING' not in usher.log(), usher.log()

# What the configuration changed wins: the weight, and a server that is now disabled.
fresh()
with Usher(config(s4='disabled', weight=20), sockets=['fe']) as usher:
    now = states()
    assert [now[f'be/s{i}'][2] for i in (1, 2, 3, 4)] == ['20'] * 4
    assert now['be/s4'][:2] == ['0', '5']

# HAProxy 2.6 wrote these: a check that failed, drain, an order about a server that was disabled; a server and a backend that are gone.
HEAD = '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight ...\n'
write('all', HEAD + '''2 be 1 s1 127.0.0.9 0 0 5 10 100 8 2 0 6 0 0 0 - 28799 - 0 0 - - 0
2 be 2 s2 127.0.0.9 2 8 5 11 100 6 3 4 6 0 0 0 - 28799 - 0 77 127.0.0.7 - 0
2 be 4 s4 127.0.0.9 2 0 5 10 100 1 0 0 0 0 0 0 - 28744 - 0 0 - - 0
2 be 9 s9 127.0.0.1 2 0 5 10 100 1 0 0 0 0 0 0 - 28744 - 0 0 - - 0
3 gone 1 s1 127.0.0.1 2 1 5 10 100 1 0 0 0 0 0 0 - 28744 - 0 0 - - 0
''')
fresh()
with Usher(config(s4='disabled'), sockets=['fe']) as usher:
    now = states()
    rows = {r[3]: r for r in (line.split() for line in say('show servers state be').rstrip('\n').split('\n')[2:])}
    assert now['be/s1'][:3] == ['0', '0', '5'], now['be/s1']
    assert 100 <= int(rows['s1'][9]) < 200 and rows['s1'][4] == '127.0.0.1', rows['s1']
    assert now['be/s2'][:3] == ['2', '8', '10'], now['be/s2']
    assert now['be/s4'][:3] == ['0', '5', '5'], now['be/s4']
    assert 'parsing [' not in usher.log(), usher.log()

# Bad lines are passed over, the good ones among them count.
GOOD = '2 be 3 s3 127.0.0.9 2 8 7 10 100 1 0 0 0 0 0 0 - 1 - 0 0 - - 0\r\n'
write('all', HEAD + '''2 be 1 s1 127.0.0.9 x 0 5 10 100 8 2 0 6 0 0 0 - 28799 - 0 0 - - 0
2 be 2 s2
2 be 2 s2 127.0.0.9 2 8 257 10 100 6 3 4 6 0 0 0 - 28799 - 0 77 127.0.0.7 - 0
2 be 2 s2 127.0.0.9 2 8 5 10 99999999999999999999 6 3 4 6 0 0 0 - 28799 - 0 77 127.0.0.7 - 0
2 be 4 s4 127.0.0.9 2 -1 5 10 100 6 3 4 6 0 0 0 - 28799 - 0 77 127.0.0.7 - 0
\0\0\377
''' + 'a ' * 5000 + '\n' + GOOD)
write('other/name', 'nonsense\n' + GOOD)
os.remove('states/plain')
os.mkdir('states/plain')
fresh()
with Usher(config(), sockets=['fe']) as usher:
    now = states()
    assert now['be/s3'][:3] == ['2', '8', '7']
    for name in untouched:
        assert now[name] == untouched[name] or name in ('be/s3', 'be/s1'), (name, now[name], untouched[name])
    log = usher.log()
    for place, text in ((3, "server 'be/s1': invalid srv_op_state value 'x'"), (4, 'a line of 4 fields'),
                        (5, "invalid srv_uweight value '257'"), (6, 'invalid srv_time_since_last_change'),
                        (7, "invalid srv_admin_state value '-1'"), (8, 'a line of 1 fields')):
        assert f'states/all:{place}] : {text}' in log or f"states/all:{place}] : server 'be/s{2 if place < 7 else 4}': {text}" in log, (place, log)
    assert 'states/other/name:1] : this is no file of server states' in log
    assert "Proxy 'plain': Can't open server state file" in log

# What a full disk leaves: nothing, or the beginning. The lines that are whole count; half a number is none.
os.rmdir('states/plain')
write('plain', '')
write('all', HEAD + GOOD + '2 be 1 s1 127.0.0.9 2 8 5 10 100 8 2 0 6 0 0 0 - 28799 - 0 0 - -')
fresh()
with Usher(config(), sockets=['fe']) as usher:
    now = states()
    assert now['be/s3'][:3] == ['2', '8', '7'] and now['be/s1'] == untouched['be/s1'], now
    assert 'states/all:4] : the file ends within this line' in usher.log() and 'states/plain:1] : the file is empty' in usher.log()

# Under a master, what the old worker says counts, not the file.
fresh()
with Usher(config(), sockets=['fe'], args=['-W', '-S', 'unix@master.sock']) as usher:
    assert states()['be/s3'][:3] == ['2', '8', '7']
    say('set server be/s3 state ready;set server be/s3 weight 9')
    while True:
        try:
            assert 'Success=1' in ask_cli('master.sock', 'reload')
            break
        except OSError:
            assert usher.process.poll() is None, usher.log()
    assert states()['be/s3'][:3] == ['2', '0', '9']
