# SPDX-License-Identifier: Apache-2.0
"""The command line: exit codes and what is printed."""
import os
import re
import subprocess

PROGRAM = os.environ['HAPROXY_PROGRAM']


def run(*args):
    r = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)
    return r.returncode, r.stdout


def expect(args, status, *parts):
    code, out = run(*args)
    assert code == status, f'{args}: exit {code}, expected {status}\n{out}'
    for part in parts:
        assert re.search(part, out, re.M), f'{args}: expected {part!r}\n{out}'
    return out


open('ok.cfg', 'w').write('listen l\n bind 127.0.0.1:1\n timeout client 1s\n')
open('bad.cfg', 'w').write('bogus\n')
expect(['-v'], 0, r'^usher version \S+$')
expect(['-dM', '-dI', '-dW', '-vv'], 0, r'^usher version ', r'^Compatible with: HAProxy version 3\.0$', r'^  TARGET  = linux-glibc$',
       r'^Feature list : .*\+EPOLL', r'PCRE2 version', r'^Running on PCRE2')
for args in ([], ['-h'], ['-Z'], ['word'], ['-db', 'word'], ['-f'], ['-n', 'x', '-f', 'ok.cfg'], ['-cx', '-f', 'ok.cfg'], ['-dX', '-f', 'ok.cfg']):
    expect(args, 1)
expect(['-h'], 1, '^Usage: usher')
for args in (['-c'], ['-cV'], ['-c', '-V'], ['-V', '-c', '-db'], ['-c', '-D', '-W', '-p', 'nothing.pid'], ['-c', '-n', '10', '-N', '5', '-L', 'me', '-sf', '1', '2']):
    expect([*args, '-f', 'ok.cfg'], 0, '^Configuration file is valid$')
assert not os.path.exists('nothing.pid')
expect(['-c', '-q', '-f', 'ok.cfg'], 0)
assert run('-c', '-q', '-f', 'ok.cfg')[1] == ''
assert run('-c', '-q', '-f', 'bad.cfg') == (1, '')
expect(['-c', '-f', 'bad.cfg'], 1, r'^\[ALERT\]    \(\d+\) : config : parsing \[bad\.cfg:1\] : ')
expect(['-f', 'bad.cfg'], 1, 'bogus')
expect(['-c', '-f', 'ok.cfg', '-f', 'nowhere.cfg'], 1, "cannot open 'nowhere.cfg'")
expect(['-c', '-C', 'nowhere', '-f', 'ok.cfg'], 1, 'nowhere')
expect(['-c', '--', 'ok.cfg'], 0)

# Every leaf with its place; classes by our names and by HAProxy's.
out = expect(['-dK'], 0, r'^keyword nbthread src/keyword/\S+\.c:\d+  nbthread <number>  \[global\]$',
             r'^keyword noepoll src/keyword/no_effect\.c:\d+  noepoll  \[global\]  no effect: ', r'^section global ', r'^fetch always_true src')
for line in out.splitlines():
    assert re.match(r'\w+ \S.* src/[\w/]+\.c:\d+', line), line
expect(['-dKhelp'], 0, r'keyword \(\d+\)')
assert set(l.split()[0] for l in expect(['-dKsmp,acl'], 0).splitlines()) == {'fetch', 'matcher'}
expect(['-dKnothing'], 1, "unknown class 'nothing'")
expect(['-dKsection', '-c', '-f', 'ok.cfg'], 0, '^section ', '^Configuration file is valid')
# The command line's variables reach the file.
open('env.cfg', 'w').write('.notice "$HAPROXY_LOCALPEER $HAPROXY_CFGFILES"\nlisten l\n bind 127.0.0.1:1\n timeout client 1s\n')
expect(['-c', '-L', 'me', '-f', 'ok.cfg', '-f', 'env.cfg'], 1, "'me ok.cfg;env.cfg'")
