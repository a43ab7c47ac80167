# SPDX-License-Identifier: Apache-2.0
"""Sections: that they merge, take settings from `defaults`, end with their file; files and directories."""
import os
import subprocess

from _conf import ENV, LISTENS, PROGRAM, check, run

TIMEOUTS = ' timeout client 1s\n timeout server 1s\n timeout connect 1s\n'
LISTEN = ' bind 127.0.0.1:1\n'

check('global\n nbthread 1\nglobal\n nosplice\n' + LISTENS, 0)
check('global x\n' + LISTENS, 1, "'global' at 'x': this word is one too many")
check('no global\n' + LISTENS, 1, "'no' cannot stand before a section")
check('nbthread 1\n' + LISTENS, 1, 'expected a section')
# defaults: the last one, or the one behind `from`; one may begin from another.
check('defaults\n' + TIMEOUTS + 'listen x\n' + LISTEN, 0, '!WARNING')
check('defaults a\n' + TIMEOUTS + 'defaults b\nlisten x from a\n' + LISTEN, 0, '!WARNING')
check('defaults a\n' + TIMEOUTS + 'defaults b from a\nlisten x\n' + LISTEN, 0, '!WARNING')
check('defaults a\n' + TIMEOUTS + 'defaults b\nlisten x\n' + LISTEN, 0, "WARNING.*no 'timeout client'")
check('defaults a\nlisten x from a\n' + LISTEN + TIMEOUTS + 'listen y\n bind 127.0.0.1:2\n' + TIMEOUTS, 0, "NOTICE.*without naming it")
for text, error in [
    ('listen x from a', 'no defaults section of this name'), ('defaults a from a', 'no defaults section of this name'),
    ('defaults a\ndefaults a\nlisten x from a', 'two defaults sections have this name, at t.cfg:1 and t.cfg:2'),
    ('defaults "a b"\nlisten x from "a b"', "character ' ' is not permitted"), ('listen x from', 'the line ends'),
    ('listen', 'expected a name'), ('listen a!b', "character '!' is not permitted"), ('listen x 127.0.0.1:1', 'one too many'),
    ('frontend x\nlisten x', 't.cfg:2.*stands at t.cfg:1 already'), ('backend x\nbackend x', 'stands at t.cfg:1 already'),
    ('defaults\n bind :1', "'bind' is not allowed in a 'defaults' section, it belongs in 'frontend' or 'listen'"),
]:
    check(text + '\n', 1, error, '!WARNING')
check('frontend x\n' + LISTEN + ' timeout client 1s\nbackend x\n', 0, '!WARNING')
# Two files: a section does not reach into the next one; "--" and -f give the same order.
os.mkdir('d')
for name, text in [('b.cfg', '.notice b\n' + LISTENS), ('A.cfg', 'global\n nbthread 1\n.notice A\n'), ('.c.cfg', 'bogus\n'), ('d.conf', 'bogus\n')]:
    open('d/' + name, 'w').write(text)
result = run('-c', '-f', 'd')
assert result.returncode == 0 and result.stdout.index("'A'") < result.stdout.index("'b'"), result.stdout
result = run('-c', '--', 'd/b.cfg', 'd/A.cfg')
assert result.returncode == 0 and result.stdout.index("'A'") > result.stdout.index("'b'"), result.stdout
open('d/b.cfg', 'w').write(' nbthread 1\n')
assert 'd/b.cfg:1] : \'nbthread\': expected a section' in run('-c', '-f', 'd').stdout
assert run('-c', '-f', 'nowhere').returncode == 1
open('ok.cfg', 'w').write(LISTENS)
for args in (['-f', '-'], ['-f', '/dev/stdin']):
    with open('ok.cfg') as stdin:
        assert run('-c', *args, stdin=stdin).returncode == 0
result = subprocess.run([PROGRAM, '-c', '-C', 'd', '-f', '../ok.cfg'], env=ENV, timeout=20)
assert result.returncode == 0
