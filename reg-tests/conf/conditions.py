# SPDX-License-Identifier: Apache-2.0
"""Conditions of -cc and .if, and the blocks they choose."""
from _conf import LISTENS, check, run

TRUE = ['1', '!0', '! 0', '!!1', '-1', '+1', '( 1 )', '!(0)', '0 || 1', '1||0', '1&&0||1', '(0 || 1) && 1', 'defined(A)', 'defined(EMPTY)',
        'streq(a,a)', 'streq("a,b",\'a,b\')', 'streq(a b,a b)', 'streq(,)', 'strneq(a,b)', 'strstr(abc,b)', 'version_atleast(2.6)',
        'version_atleast(2.4-dev1)', 'version_atleast(3.0)', 'version_before(9)', '!version_atleast(9.0-dev1)', 'feature(THREAD)',
        'feature(EPOLL) && !feature(KQUEUE)', 'enabled(SPLICE)', 'enabled(REUSEPORT)']
FALSE = ['', '0', '00', '1 && 0', '0 || 1 && 0', 'streq(a, a)', 'defined(NOPE)', 'defined()', 'feature(NOPE)', 'fips_mode()',
         'strstr(abc,x)', 'enabled(NOPE)']
BROKEN = ['foo', 'foo(1)', '2x', '1 1', '1 & 1', '1 &&', '!', '(1', '(1))', '(1)(1)', '1 || foo', 'streq(a)', 'streq(a,b,c)', 'streq()', 'streq',
          'defined (A)', 'streq(a,"b']
for status, conditions in enumerate((TRUE, FALSE, BROKEN)):
    for condition in conditions:
        for flags in ([], ['-dM', '-dI', '-dW']):
            result = run(*flags, '-cc', condition)
            assert result.returncode == status, f'-cc {condition!r}: {result.returncode}, expected {status}: {result.stdout}'
            assert bool(result.stdout) == (status == 2), result.stdout
assert run('-dS', '-cc', 'enabled(SPLICE)').returncode == 1


def shows(text, *wanted):
    out = check(text + LISTENS, 0)
    shown = [line.rsplit("'", 2)[1] for line in out.splitlines() if '[NOTICE]' in line]
    assert shown == list(wanted), f'{text}\n{out}'


shows('.if\n.notice a\n.endif\n')
shows('.if 0\n.notice a\n.else\n.notice b\n.endif\n', 'b')
shows('.if 1\n.notice a\n.elif 1\n.notice c\n.else\n.notice b\n.endif\n', 'a')
shows('.if 0\n.notice a\n.elif 1\n.notice c\n.elif 1\n.notice d\n.else\n.notice b\n.endif\n', 'c')
shows('.if streq("$A",aval) # why\n  .if "0 || 1"\n.notice y\n  .endif\n.endif\n', 'y')
# Nothing of a branch that is not read is looked at but its nesting and its quotes.
shows('global\n.if 0\n bogus\n .if foo(\n .else\n.notice n\n .endif\n.foo\n.elif 1\n.notice y\n.elif foo(\n.endif\n', 'y')
# Sections and keywords of a branch that is read count.
shows('.if 1\nglobal\n nbthread 2\n.else\nbogus\n.endif\n')
for text, error in [
    ('.else', "t.cfg:1.*there is no '.if'"), ('.endif', "there is no '.if'"), ('.elif 1', "there is no '.if'"),
    ('global\n.if 1', "t.cfg:2.*there is no '.endif'"), ('.if 1\n.else\n.else\n.endif', "t.cfg:3.*one '.else' already, for the '.if' of line 1"),
    ('.if 1\n.else\n.elif 1\n.endif', "t.cfg:3.*cannot stand behind"), ('.if foo\n.endif', 'expected a number or a predicate at position 1'),
    ('.if 0\n.elif foo(\n.endif', 't.cfg:2'), ('.if strqe(a,b)\n.endif', "did you mean 'streq'"), ('.foo', 'unknown directive'),
    ('.if 0\n"unterminated\n.endif', 't.cfg:2.*quote is not closed'), ('.alert "stop here"', "'stop here'"), ('.else x', 'no .\\.if'),
    ('.if 1\n.endif x', 'one too many'),
]:
    check(text + '\n' + LISTENS, 1, error)
check('.diag d\n.warning w\n' + LISTENS, 0, r"^\[WARNING\].*'w'", "!'d'")
check('.diag d\n' + LISTENS, 0, r"^\[DIAG\].*'d'", args=['-dD'])
check('.warning w\n' + LISTENS, 1, "'w'", args=['-dW'])
