# SPDX-License-Identifier: Apache-2.0
"""Health checks by a program: what it is told, what its end says of the server, that it ends when its time is over, what the
configuration must have. The expected words and numbers are HAProxy 2.6's unless a comment says otherwise."""
# tsan
import os
import re
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'process'))
from _usher import PROGRAM, WAIT_S, Usher, ask_cli, stat_rows  # noqa: E402

HERE = os.getcwd()


def script(name, text):
    with open(name, 'w') as f:
        f.write('#!/bin/sh\n' + text)
    os.chmod(name, 0o755)
    return f'{HERE}/{name}'


TELL = script('tell', f'''{{ echo "$@"; tr '\\0' '\\n' </proc/$$/environ; echo --; ls -l /proc/$$/fd | sed -n 's/.* \\([0-9]*\\) -> /\\1 /p'; }} >{HERE}/told.$HAPROXY_SERVER_NAME.new
mv {HERE}/told.$HAPROXY_SERVER_NAME.new {HERE}/told.$HAPROXY_SERVER_NAME
''')
FAIL = script('fail', 'echo noise; echo noise >&2; exit 3\n')
KILLED = script('killed', 'kill -9 $$\n')
# It ignores SIGTERM, and so does what it began, which would outlive it.
SLOW = script('slow', f'trap "" TERM; sleep 1000 & echo $! >{HERE}/slow.pid; wait; sleep 1000\n')
EMPTY = os.path.join(HERE, 'empty')
os.mkdir(EMPTY)
# name, command, more lines, server, how the check ends
CASES = [
    ('tells', TELL, 'mode tcp', '127.0.0.1:1234 maxconn 7 check port 99', 'External check passed, code: 0'),
    ('six', TELL, 'mode http', '[::1]:99', 'External check passed, code: 0'),
    ('unix', TELL, '', '/tmp/x.sock', 'External check passed, code: 0'),
    ('looked_up', 'true', 'external-check path "/nowhere:/usr/bin:/bin"', '127.0.0.1:1', 'External check passed, code: 0'),
    ('fails', FAIL, '', '127.0.0.1:1', 'External check error, code: 3'),
    # Why stands in the log: HAProxy says nothing.
    ('killed', KILLED, '', '127.0.0.1:1', 'External check error, code: -1, info: "ended by signal 9"'),
    ('none', '/nowhere/x', '', '127.0.0.1:1', 'External check error, code: 255, info: "No such file or directory"'),
    ('folder', '/tmp', '', '127.0.0.1:1', 'External check error, code: 255, info: "Permission denied"'),
    ('slow', SLOW, '', '127.0.0.1:1', 'External check timeout, code: 0'),
]
log_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log_socket.bind(('127.0.0.1', 0))
log_socket.settimeout(WAIT_S)
ENDED = re.compile(r'Health check for server \w+/(\w+) \w+, reason: (.*), check duration')


def config(more=''):
    text = f'''
global
    external-check
    max-spread-checks 100
    {more}
    log 127.0.0.1:{log_socket.getsockname()[1]} local0
    stats socket "fd@${{cli}}" level admin
defaults
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    option log-health-checks
    log global
    option external-check
    external-check path "/usr/bin:/bin"
listen both
    bind "fd@${{fe}}"
    external-check command {TELL}
    server both 127.0.0.1:1234 check inter 60s
'''
    for name, command, lines, server, end in CASES:
        # Who is to answer has all the time there is.
        text += f'backend {name}\n    external-check command {command}\n    {lines}\n    server {name} {server} check inter {"1s" if "timeout" in end else "60s"}\n'
    return text


def first_ends(usher, names):
    ended = {}
    while len(ended) < len(names):
        match = ENDED.search(log_socket.recv(9000).decode())
        if match and match[1] in names:
            ended.setdefault(match[1], match[2])
    return ended


def lives(pid):
    try:
        return open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


with Usher(config('insecure-fork-wanted'), sockets=['fe', 'cli']) as usher:
    def stat(name):
        return next(r for r in stat_rows(ask_cli(usher.address('cli'), 'show stat')) if r['svname'] == name)

    ended = first_ends(usher, {name for name, *_ in CASES} | {'both'})
    for name, _, _, _, end in CASES:
        assert ended[name] == end, (name, ended[name], end)
    fe = usher.address('fe')
    # Number of the proxy (the frontend comes first), what the program is told of it, and of the server.
    for name, number, proxy, server, rest in [
            ('both', 2, fe, ('127.0.0.1', 1234), ('0', 'tcp')), ('tells', 3, None, ('127.0.0.1', 1234), ('7', 'tcp')),
            ('six', 4, None, ('::1', 99), ('0', 'h1')), ('unix', 5, None, ('/tmp/x.sock', ''), ('0', 'tcp'))]:
        told, open_files = open(f'told.{name}').read().split('--\n')
        arguments, *environment = told.splitlines()
        wanted = [*(proxy or ('NOT_USED', 'NOT_USED')), server[0], server[1] or 'NOT_USED']
        assert arguments.split() == [str(w) for w in wanted], (name, arguments)
        address, port = proxy or ('', '')
        assert sorted(environment) == sorted([
            f'HAPROXY_PROXY_ADDR={address}', f'HAPROXY_PROXY_PORT={port}', f'HAPROXY_PROXY_ID={number}', f'HAPROXY_PROXY_NAME={name}',
            f'HAPROXY_SERVER_ADDR={server[0]}', f'HAPROXY_SERVER_PORT={server[1]}', 'HAPROXY_SERVER_ID=1', f'HAPROXY_SERVER_NAME={name}',
            'HAPROXY_SERVER_CURCONN=0', f'HAPROXY_SERVER_MAXCONN={rest[0]}', 'HAPROXY_SERVER_SSL=0', f'HAPROXY_SERVER_PROTO={rest[1]}',
            'PATH=/usr/bin:/bin']), (name, environment)
        assert '\n0 /dev/null\n' in '\n' + open_files and '\n2 /dev/null\n' in '\n' + open_files and 'socket' not in open_files, open_files
    assert (stat('tells')['check_status'], stat('tells')['check_code']) == ('PROCOK', '0')
    assert (stat('fails')['check_status'], stat('fails')['check_code']) == ('PROCERR', '3')
    assert (stat('killed')['check_code'], stat('killed')['last_chk']) == ('4294967295', 'ended by signal 9')
    states = {r.split()[3]: r.split() for r in ask_cli(usher.address('cli'), 'show servers state').splitlines()[2:] if r}
    assert states['tells'][10] == '20' and states['fails'][10] == '18', states
    # What did not end with SIGTERM is killed, with all that it began.
    pid = int(open('slow.pid').read())
    while lives(pid):
        pass
    # A round that is under way when the process ends leaves nothing behind.
    os.unlink('slow.pid')
    while not os.path.exists('slow.pid') or not open('slow.pid').read().endswith('\n'):
        pass
    pid = int(open('slow.pid').read())
while lives(pid):
    pass

# Without insecure-fork-wanted none is run, and that is said.
os.environ['HAPROXY_ARGS'] = ''  # -dI allows it, -dW minds the warning
with Usher(config(), sockets=['fe', 'cli']) as usher:
    assert first_ends(usher, {'tells'}) == {'tells': 'Socket error, info: "no program is run without \'insecure-fork-wanted\'"'}
    assert "has no 'insecure-fork-wanted': its checks will fail" in usher.log()
if os.geteuid() == 0:
    # Without privileges it works as well; and in a chroot there must be something to run.
    with Usher(config('insecure-fork-wanted\n    uid 65534'), sockets=['fe', 'cli']) as usher:
        assert first_ends(usher, {'looked_up'}) == {'looked_up': 'External check passed, code: 0'}
    # A leak checker needs /proc.
    no_leaks = {'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'}
    with Usher(config(f'insecure-fork-wanted\n    uid 65534\n    chroot {EMPTY}'), sockets=['fe', 'cli'], env=no_leaks) as usher:
        assert first_ends(usher, {'looked_up'}) == {'looked_up': 'External check error, code: 255, info: "No such file or directory"'}


def complaints(global_lines, lines):
    with open('c.cfg', 'w') as f:
        f.write(f'global\n {global_lines}\ndefaults\n timeout connect 5s\n timeout server 5s\n timeout client 5s\nfrontend f\n bind 127.0.0.1:1\n'
                f'backend b\n {lines}\n server s 127.0.0.1:1 check\n'.replace('; ', '\n '))
    p = subprocess.run([PROGRAM, '-c', '-f', 'c.cfg'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return p.returncode, [line for line in p.stdout.splitlines() if '[ALERT]' in line or '[WARNING]' in line]


ALL = 'external-check; insecure-fork-wanted'
for global_lines, lines, status, said in [
        (ALL, 'option external-check; external-check command /bin/true', 0, []),
        ('insecure-fork-wanted', 'option external-check; external-check command /bin/true', 1, ["the global section has no 'external-check'"]),
        ('external-check', 'option external-check; external-check command /bin/true', 0, ["no 'insecure-fork-wanted'"]),
        (ALL + '; no insecure-fork-wanted', 'option external-check; external-check command /bin/true', 0, ["no 'insecure-fork-wanted'"]),
        (ALL, 'option external-check', 1, ["no 'external-check command'"]),
        (ALL, 'option external-check; external-check command true', 1, ['does not begin with a slash']),
        (ALL, 'option external-check; external-check command true; external-check path /bin', 0, []),
        (ALL, 'option external-check; external-check command /bin/true; option tcp-check', 0, ["'external-check command' and no"]),
        ('', 'external-check path /bin', 0, ["'external-check path' and no"]), ('', 'option external-check; disabled', 0, [])]:
    got = complaints(global_lines, lines)
    assert got[0] == status and sum('Fatal' not in line for line in got[1]) == len(said) and all(any(s in line for line in got[1]) for s in said), \
        (global_lines, lines, got)
