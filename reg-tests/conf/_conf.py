# SPDX-License-Identifier: Apache-2.0
"""What the tests of the configuration language share: running -c on a text and looking at what is said."""
import os
import re
import subprocess

PROGRAM = os.environ['HAPROXY_PROGRAM']
ENV = dict(os.environ, A='aval', LIST='one two  three', EMPTY='')
ENV.pop('NOPE', None)
LISTENS = 'listen l\n bind 127.0.0.1:1\n timeout client 1s\n'


def run(*args, env=ENV, stdin=subprocess.DEVNULL):
    return subprocess.run([PROGRAM, *args], env=env, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=20)


def check(config, status, *parts, args=(), name='t.cfg'):
    """Runs -c on the text: the exit status, and what must be said (a regular expression each; "!..." must not be)."""
    with open(name, 'w') as f:
        f.write(config)
    result = run('-c', *args, '-f', name)
    assert result.returncode == status, f'{config}\nexit {result.returncode}, expected {status}\n{result.stdout}'
    for part in parts:
        found = re.search(part.lstrip('!'), result.stdout, re.M)
        assert bool(found) != part.startswith('!'), f'{config}\nexpected {part!r}\n{result.stdout}'
    return result.stdout


def notice(text, shown):
    """`.notice <text>` shows exactly this."""
    check(f'.notice {text}\n' + LISTENS, 0, ": '" + re.escape(shown) + "'$")
