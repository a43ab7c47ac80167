# SPDX-License-Identifier: Apache-2.0
"""Quotes, escapes, comments, variables: each line shown by .notice as HAProxy 2.6 shows it."""
from _conf import LISTENS, check, notice

for text, shown in [
    (r'"a b"', 'a b'), (r'a\ b', 'a b'), (r"'a b'", 'a b'), (r'"a b"'r"' c'\ d", 'a b c d'),
    (r'$A', '$A'), (r'"$A"', 'aval'), (r'"${A}x"', 'avalx'), (r'"$A-x"', 'aval-x'), (r"'$A'", '$A'),
    (r'"${NOPE-def}"', 'def'), (r'"${NOPE-def ault}"', 'def ault'), (r'"${EMPTY-def}"', ''), (r'"${NOPE}"', ''), (r'"$NOPE"x', 'x'),
    (r'"${.LINE}:${.FILE}:$.SECTION"', '1:t.cfg:'), (r'a#b', 'a'), (r'"a#b" #c', 'a#b'), (r'a\#b', 'a#b'),
    (r'\x41', 'A'), (r'"\x41\\"', 'A\\'), (r'a\qb', r'a\qb'), (r'"a\$b"', 'a$b'), (r'a\$b', r'a\$b'), (r"'a\nb'", r'a\nb'),
    (r'"${A}"'"'$A'"'"$A"', 'aval$Aaval'), ('', ''), ('"${NOPE-a b[*]}"', 'a b[*]'),
]:
    notice(text, shown)

for text, error in [
    ('"abc', 'quote is not closed, at position 9'), ("'abc", 'quote is not closed, at position 9'), (r'\x4', 'hexadecimal'), (r'\xzz', 'hexadecimal'),
    (r'"$1"', 'begins with a letter'), ('"${"', 'begins with a letter'), ('"${A"', 'brace is not closed'), ('"${A B}"', 'brace is not closed'),
    ('"${.FOO}"', 'variables with a dot'), ('"${LIST[0]}"', r'expected \[\*\]'), (r'\x00', 'cannot stand in a word'), ('a b', 'one word is shown'),
    ('"${LIST[*]}"', 'one word is shown'),
]:
    check(f'.notice {text}\n' + LISTENS, 1, r'parsing \[t\.cfg:1\] : .*' + error)

# An address knows variables without quotes too; elsewhere a dollar sign is one.
check('global\n setenv PORT 1\n log 127.0.0.1:${PORT} local0\nlisten l\n bind 127.0.0.1:$PORT\n bind unix@/tmp/${A}.$PORT\n'
      ' server s ${NOPE}127.0.0.1:$PORT\n server t 127.0.0.1:$NOPE\n server u $NOPE:a\n', 1, "t.cfg:9.*invalid port", '!cfg:[3-8].*:')
check('global\n node $A\n' + LISTENS, 1, "t.cfg:2")

# A list becomes words; one without members none at all; an empty word at the end is no word.
check('global\n unsetenv "${LIST[*]}"\n' + LISTENS, 0)
check('global\n setenv X "${LIST[*]}"\n' + LISTENS, 1, "'setenv' at 'two': this word is one too many")
check('global\n nbthread "${NOPE[*]}" 1 "$NOPE" "${NOPE[*]}"\n' + LISTENS, 0)
check('global\n nbthread 1 "$NOPE" 2\n' + LISTENS, 1, "at '2': this word is one too many")
# What setenv sets is seen by the next line.
check('global\n setenv X "${A}1"\n presetenv X no\n.notice "$X"\n unsetenv X\n.notice "${X-gone}"\n' + LISTENS, 0, "'aval1'", "'gone'")
# The newline of the last line, carriage returns, NUL.
check('global', 1, 'no newline')
check('global\r\n\tnbthread 1\r\n' + LISTENS, 0)
check('global\n nb\0thread 1\n' + LISTENS, 1, 'NUL')
