#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every example of doc/lua.md is one: the blocks in Lua that register something are loaded, in both ways, and no function that the
tables of classes name is without one in some example or test."""
import os
import re
import subprocess
from _lua import DEFAULTS, LOADS, script

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
text = open(os.path.join(ROOT, 'doc', 'lua.md')).read()
blocks = [b for b in re.findall(r'^```lua\n(.*?)^```', text, re.S | re.M) if 'core.register_' in b]
assert len(blocks) > 10
for load in LOADS:
    for i, block in enumerate(blocks):
        for name in re.findall(r'"/etc/usher/(\w+\.\w+)"', block):
            open(name, 'a').close()
        path = script(block.replace('/etc/usher/', os.getcwd() + '/'), f'block{i}.lua')
        with open('doc.cfg', 'w') as f:
            f.write(f'global\n    nbthread 2\n    {load} {path}\n' + DEFAULTS + 'frontend fe\n    bind 127.0.0.1:0\n')
        done = subprocess.run([os.environ['HAPROXY_PROGRAM'], '-c', '-f', 'doc.cfg'], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (block, done.stdout, done.stderr)

here = os.path.dirname(os.path.abspath(__file__))
used = '\n'.join(blocks) + ''.join(open(os.path.join(here, n)).read() for n in sorted(os.listdir(here)) if n.endswith('.py') and n != 'documented.py')
names = set(re.findall(r'`(?:channel|message|http|reply|txn|cert|proxy):(\w+)\(', text))
assert len(names) > 50, names
missing = sorted(n for n in names if not re.search(rf'\b{n}\b', used))
assert not missing, missing
